//! Somebody removed the app at Meta: nothing comes any more, and what is here stays for seven days,
//! for the person to come back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use domain::{Channel, Timestamp};
use engine::Phase;
use engine::read::Trouble;
use serde_json::json;
use tests::files;
use tests::shop::Shop;
use tests::world::World;

use super::{becomes, code, nothing_is_left};

/// Waits until the shop says that its access was removed.
async fn noticed(shop: &Shop) -> Result<()> {
    shop.until("the notice", async |engine| {
        let trouble = engine.connections().await?.remove(0).trouble;
        Ok(matches!(trouble, Some(Trouble::AccessRemoved { .. })).then_some(()))
    })
    .await
}

/// Waits until the shop has looked for what it missed after this moment.
async fn looked(shop: &Shop, since: Timestamp) -> Result<()> {
    shop.until("a look at what was missed", async |engine| {
        let looked_at = engine
            .connections()
            .await?
            .first()
            .and_then(|one| one.looked_at);
        Ok((looked_at > Some(since)).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_app_stops_forwarding_and_erases_after_seven_days() -> Result<()> {
    let mut world = World::start().await?;
    world.phones.fault("task_given", "employee").await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    // The same Page at another computer, by somebody who keeps the app: the relay is told of all.
    let other = Shop::open(&world, "other").await?;
    other.browser.answers(json!({"user": "employee"}));
    other.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    world.phones.remove_app("owner").await?;
    noticed(&shop).await?;
    let after = "After the removal";
    world.phones.say("messenger", "clara", after).await?;
    other.hears(after).await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    let before = secrets.names();
    shop.close().await;
    world.pass(Duration::from_secs(6 * 24 * 3600)).await?;
    let shop = Shop::open_with(&world, data.clone(), Arc::clone(&secrets)).await?;
    shop.listens().await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["Before"],
        "six days: nothing is erased yet, and nothing came"
    );
    shop.close().await;
    world.pass(Duration::from_secs(26 * 3600)).await?;
    world.restart_relay().await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.until("the first run", async |engine| {
        Ok((engine.phase() == Phase::FirstRun).then_some(()))
    })
    .await?;
    nothing_is_left(&shop, &before).await?;
    for words in ["Before", after] {
        assert!(files::holding(&shop.data, words)?.is_empty(), "{words}");
    }
    // The control: what the employee may read goes on, and was there all the time.
    other.hears(after).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_within_the_grace_cancels_it() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    world.phones.remove_app("owner").await?;
    noticed(&shop).await?;
    shop.log_in().await?;
    shop.choose(&[Channel::Messenger]).await?;
    assert_eq!(shop.connection(Channel::Messenger).await?.trouble, None);
    let shop = shop.restart(&world).await?;
    world.pass(Duration::from_secs(9 * 24 * 3600)).await?;
    world.restart_relay().await?;
    let begun = Timestamp(world.clock.now());
    let shop = shop.restart(&world).await?;
    // Only the relay says that nine days have passed, and it was heard here. What was missed in that
    // time is looked for first, so that the next message comes by no other road than the relay's.
    shop.listens().await?;
    looked(&shop, begun).await?;
    let words = "Nine days later";
    world.phones.say("messenger", "clara", words).await?;
    let (_, message) = shop.hears(words).await?;
    assert!(!message.recovered, "the relay did not bring it");
    // What is due is looked at again, beside what was missed; one message later it would be gone.
    let before = Timestamp(world.clock.now());
    shop.engine.wake();
    looked(&shop, before).await?;
    world
        .phones
        .say("messenger", "clara", "And once more")
        .await?;
    shop.hears("And once more").await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["Before", "Nine days later", "And once more"]
    );
    assert_eq!(shop.engine.connections().await?.len(), 1);
    assert_eq!(shop.connection(Channel::Messenger).await?.trouble, None);
    assert_eq!(shop.engine.phase(), Phase::Ready);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_callback_ends_the_grace_at_once() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.remove_app("owner").await?;
    noticed(&shop).await?;
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    becomes(&world, &code, "completed").await?;
    // The relay is told before the window is.
    shop.until("the first run", async |engine| {
        Ok((engine.phase() == Phase::FirstRun).then_some(()))
    })
    .await
}
