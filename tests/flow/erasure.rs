//! Forgetting by the owner's own hand: one connection, or everything.

mod left;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::{Channel, Delivery};
use engine::Phase;
use engine::read::Receipt;
use serde_json::{Value, json};
use tests::desktop::run;
use tests::files;
use tests::shop::Shop;
use tests::world::World;
use wire::receipt::{AtMeta, VerifiedReceipt};

use self::left::{no_words_are_left, nothing_is_left};

/// How long a connection that is forgotten may still be readable, at most.
const PROMISED: Duration = Duration::from_secs(2);

fn subscribed(state: &Value, channel: &str) -> Option<bool> {
    let accounts = state["accounts"].as_array()?;
    accounts.iter().find(|of| of["channel"] == channel)?["subscribed"].as_bool()
}

/// What became of the permissions and of the subscription, as a verified receipt says.
fn at_meta(receipt: &str) -> Result<(AtMeta, AtMeta)> {
    let completion = VerifiedReceipt::verify(receipt, None)?.completion;
    Ok((completion.revoked, completion.unsubscribed))
}

/// The only receipt there is.
async fn the_receipt(shop: &Shop) -> Result<Receipt> {
    let receipts = shop.engine.receipts().await?;
    let [receipt] = receipts.as_slice() else {
        bail!("not one receipt: {receipts:?}")
    };
    Ok(receipt.clone())
}

/// Waits until the only receipt there is has the relay's signature.
async fn is_signed(shop: &Shop) -> Result<Receipt> {
    shop.until("the relay's signature", async |_| {
        let receipt = the_receipt(shop).await?;
        Ok(receipt.complete.then_some(receipt))
    })
    .await
}

fn installed(state: &Value) -> Option<bool> {
    state["users"]
        .as_array()?
        .iter()
        .find(|of| of["key"] == "owner")?["app_installed"]
        .as_bool()
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_one_leaves_nothing_of_it_and_its_sibling_alone() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    world
        .phones
        .say("instagram", "clara", "To be forgotten")
        .await?;
    world.phones.say("messenger", "jonas", "To be kept").await?;
    shop.hears("To be forgotten").await?;
    let (kept, _) = shop.hears("To be kept").await?;
    let gone = shop.connection(Channel::Instagram).await?.id.to_string();

    let receipt = shop.disconnect(Channel::Instagram).await?;
    let verified = VerifiedReceipt::verify(&receipt, None);
    let stated = verified.ok().and_then(|receipt| receipt.statement);
    let stated = stated.context("the relay's part")?;
    assert_eq!((stated.streams, stated.routes), (1, 1), "{receipt}");
    assert!(stated.envelopes >= 1, "{receipt}");
    for name in ["Clara", "clara", "fern", "Fern", &gone] {
        assert!(
            !receipt.contains(name),
            "the receipt names {name}:\n{receipt}"
        );
    }
    assert!(!shop.secrets.names().iter().any(|name| name.contains(&gone)));
    let left = files::under(shop.folder())?;
    let of_it = left
        .iter()
        .filter(|file| file.to_string_lossy().contains(&gone));
    assert_eq!(of_it.count(), 0, "{left:?}");
    assert!(
        shop.engine
            .search("forgotten".to_owned(), 9)
            .await?
            .messages
            .is_empty()
    );

    // Nothing of the person's permissions or of the Page's subscription was taken away.
    let state = world.phones.state().await?;
    assert_eq!(
        (installed(&state), subscribed(&state, "messenger")),
        (Some(true), Some(true))
    );
    world
        .phones
        .say("instagram", "clara", "Into the void")
        .await?;
    world
        .phones
        .say("messenger", "jonas", "Still here?")
        .await?;
    shop.hears("Still here?").await?;
    shop.answer(kept.id, "Of course").await?;
    shop.told("Of course", Delivery::Delivered).await?;
    assert_eq!(shop.conversations().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_connection_takes_permissions_and_subscription_along() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    assert!(!shop.connection(Channel::Messenger).await?.last_of_login);
    // The control: as long as a sibling needs them, they are kept, and the receipt says so.
    let receipt = shop.disconnect(Channel::Instagram).await?;
    assert_eq!(
        at_meta(&receipt)?,
        (AtMeta::StillNeeded, AtMeta::StillNeeded),
        "{receipt}"
    );
    assert!(shop.connection(Channel::Messenger).await?.last_of_login);
    let receipt = shop.disconnect(Channel::Messenger).await?;
    assert_eq!(
        at_meta(&receipt)?,
        (AtMeta::Confirmed, AtMeta::Confirmed),
        "{receipt}"
    );
    let state = world.phones.state().await?;
    assert_eq!(
        (installed(&state), subscribed(&state, "messenger")),
        (Some(false), Some(false))
    );
    assert_eq!(shop.engine.phase(), Phase::FirstRun);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_what_meta_does_not_confirm_is_not_said_to_be_confirmed() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    let fault = json!({"kind": "http_500", "where": "DELETE /permissions", "count": 50});
    world.phones.fault_with(fault).await?;
    let receipt = shop.disconnect(Channel::Messenger).await?;
    assert_eq!(
        at_meta(&receipt)?,
        (AtMeta::NotConfirmed, AtMeta::Confirmed),
        "{receipt}"
    );
    let state = world.phones.state().await?;
    assert_eq!(installed(&state), Some(true));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_has_to_be_typed() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let connections = shop.connect(&world, &[Channel::Whatsapp]).await?;
    let [one] = connections.as_slice() else {
        panic!("one connection: {connections:?}")
    };
    // Its name is its siblings' name too: its number is asked for, and says which one is meant.
    assert_ne!(one.typed_as(), one.name);
    for typed in ["something else", "", one.name.get(1..).unwrap_or_default()] {
        let refused = shop.engine.disconnect(one.id, typed.to_owned()).await;
        assert!(refused.is_err(), "{typed}");
    }
    assert_eq!(shop.engine.connections().await?.len(), 1);
    let spaceless: String = one.typed_as().split_whitespace().collect();
    shop.engine.disconnect(one.id, spaceless).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_without_the_relay_is_complete_here_and_told_eight_days_later() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Instagram])
        .await?;
    let gone = shop.connection(Channel::Messenger).await?;
    world.phones.say("instagram", "clara", "Stays").await?;
    shop.hears("Stays").await?;
    world.stop_relay().await;
    let began = Instant::now();
    shop.engine
        .disconnect(gone.id, gone.typed_as().to_owned())
        .await?;
    let vault = shop.data.join("vaults").join(gone.id.to_string());
    assert!(!vault.join("share.b").exists(), "its key is still there");
    assert!(began.elapsed() < PROMISED, "{:?}", began.elapsed());
    shop.until("the data to be dead", async |engine| {
        Ok((engine.wipe_progress() == engine::read::WipeProgress::WaitingForRelay).then_some(()))
    })
    .await?;
    assert!(!vault.exists(), "something of it is left");
    let written = the_receipt(&shop).await?;
    assert!(!written.complete, "{written:?}");
    shop.hears("Stays").await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    world.pass(Duration::from_secs(8 * 24 * 3600)).await?;
    world.start_relay().await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    let signed = is_signed(&shop).await?;
    assert_eq!(signed.id, written.id);
    let shop = shop.restart(&world).await?;
    let after = the_receipt(&shop).await?;
    assert!(after.complete && after.text == signed.text, "{after:?}");
    // The other connection has lost nothing and goes on.
    shop.hears("Stays").await?;
    world.phones.say("instagram", "clara", "Goes on").await?;
    shop.hears("Goes on").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_without_the_relay_and_it_is_told_eight_days_later() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    let canary = "CANARY without the relay 4711";
    world.phones.say("messenger", "clara", canary).await?;
    shop.hears(canary).await?;
    let mut settings = shop.engine.settings().await;
    settings.shop_name = "CANARY name".to_owned();
    shop.engine.set_settings(settings).await?;
    let secrets = shop.secrets.names();
    assert!(!secrets.is_empty());
    world.stop_relay().await;
    shop.engine
        .delete_everything("CANARY name".to_owned())
        .await?;
    shop.until("the data to be dead", async |engine| {
        Ok((engine.wipe_progress() == engine::read::WipeProgress::WaitingForRelay).then_some(()))
    })
    .await?;
    // Before the relay has heard of it, nothing is left here but the receipt it is to sign.
    nothing_is_left(&shop, &[canary, "CANARY name"])?;
    assert!(!the_receipt(&shop).await?.complete);
    world.pass(Duration::from_secs(8 * 24 * 3600)).await?;
    let shop = shop.restart(&world).await?;
    let waits = the_receipt(&shop).await?;
    assert!(!waits.complete, "{waits:?}");
    world.start_relay().await?;
    shop.engine.wake();
    let signed = is_signed(&shop).await?;
    assert_eq!(signed.id, waits.id);
    VerifiedReceipt::verify(&signed.text, None)?;
    let shop = shop.restart(&world).await?;
    let after = the_receipt(&shop).await?;
    assert!(after.complete && after.text == signed.text, "{after:?}");
    // The program has begun anew beside it, with nothing of the old.
    assert_eq!(shop.engine.phase(), Phase::FirstRun);
    let again = shop.secrets.names();
    assert!(!again.iter().any(|name| secrets.contains(name)));
    let vaults = shop.data.join("vaults");
    let files = files::under(shop.folder())?;
    assert!(!files.iter().any(|file| file.starts_with(&vaults)));
    no_words_are_left(&shop, &[canary, "CANARY name"])
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_everything_leaves_the_receipts_and_nothing_else() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    let canary = "CANARY everything 4711";
    for channel in ["instagram", "messenger", "whatsapp"] {
        world.phones.say(channel, "clara", canary).await?;
    }
    shop.hears(canary).await?;
    let mut settings = shop.engine.settings().await;
    settings.shop_name = "CANARY name".to_owned();
    shop.engine.set_settings(settings).await?;
    shop.engine
        .delete_everything("CANARY name".to_owned())
        .await?;
    shop.wiped().await?;
    nothing_is_left(&shop, &[canary, "CANARY name"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_checked_offline_and_fails_on_any_changed_byte() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let receipt = shop.disconnect(Channel::Whatsapp).await?;
    let file = world.folder().join("receipt.txt");
    std::fs::write(&file, &receipt)?;
    engine::receipt::verify_file(&file, None).context("the true one")?;
    for index in 0..receipt.len() {
        let mut changed = receipt.clone().into_bytes();
        changed[index] ^= 1;
        std::fs::write(&file, &changed)?;
        assert!(
            engine::receipt::verify_file(&file, None).is_err(),
            "byte {index} was changed"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_fails_on_a_changed_receipt_and_on_another_relay_s_key() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let receipt = shop.disconnect(Channel::Whatsapp).await?;
    let verified = VerifiedReceipt::verify(&receipt, None)?;
    let stated = verified.statement.context("the relay's part")?;
    let right = stated.relay_key.to_string();
    // A key like any other, and somebody's: the computer's own.
    let wrong = verified.notice.identity.to_string();
    let (good, changed) = ("good.txt", "changed.txt");
    let path = |name: &str| world.folder().join(name).to_string_lossy().into_owned();
    std::fs::write(path(good), &receipt)?;
    let count = format!("streams={}", stated.streams);
    assert!(receipt.contains(&count), "{receipt}");
    std::fs::write(path(changed), receipt.replace(&count, "streams=7"))?;
    // The controls: with the relay's key, and with none, the true one is good.
    for key in [Some(&right), None] {
        let (fine, said) = verify(&path(good), key).await?;
        assert!(fine && said.contains("Good: nothing in"), "{key:?}: {said}");
    }
    for (name, key, sentence) in [
        (changed, None, "a signature of this receipt is not good"),
        (
            changed,
            Some(&right),
            "a signature of this receipt is not good",
        ),
        (
            good,
            Some(&wrong),
            "signed by another relay key than the one given",
        ),
        (
            good,
            Some(&"abc".to_owned()),
            "the relay key is 64 hex digits",
        ),
        ("nowhere.txt", None, "cannot be read (No such file"),
    ] {
        let (fine, said) = verify(&path(name), key).await?;
        assert!(!fine, "{name} with {key:?} was taken: {said}");
        assert!(said.contains(sentence), "{name} with {key:?}: {said}");
        assert!(!said.contains("Good"), "{name} with {key:?}: {said}");
    }
    Ok(())
}

/// What `shopbell verify-receipt` makes of a file.
async fn verify(file: &str, relay_key: Option<&String>) -> Result<(bool, String)> {
    let mut arguments = vec!["verify-receipt", file];
    if let Some(key) = relay_key {
        arguments.extend(["--relay-key", key]);
    }
    run("shopbell", &arguments).await
}
