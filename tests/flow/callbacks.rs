//! What Meta's callbacks order: a deletion, or the end of access. Only the login that is named is
//! reached, only what Meta signed is believed, and the public page says how far it is.

mod grace;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use domain::Channel;
use engine::Phase;
use engine::read::Trouble;
use serde_json::{Value, json};
use tests::files;
use tests::shop::Shop;
use tests::world::World;

const OWNER: &str = "10229384756102938";

/// What the status page says of a deletion, for programs.
async fn status(world: &World, code: &str) -> Result<Value> {
    let url = world.relay_url().join(&format!("/deletion/{code}"))?;
    let request = tests::phones::http()
        .get(url)
        .header("accept", "application/json");
    Ok(request.send().await?.error_for_status()?.json().await?)
}

/// Waits until the status page says so.
async fn becomes(world: &World, code: &str, state: &str) -> Result<Value> {
    tests::wait::until(&format!("the status page to say {state}"), async || {
        let status = status(world, code).await?;
        let now = status.get("state").and_then(Value::as_str);
        Ok((now == Some(state)).then_some(status))
    })
    .await
}

/// Nothing of any connection is on this computer, nor in its keychain, and the one receipt has the
/// relay's signature. `before` is what the keychain held while it was connected.
async fn nothing_is_left(shop: &Shop, before: &[String]) -> Result<()> {
    assert!(files::under(&shop.data.join("vaults"))?.is_empty());
    // What is left is the shop's own: its file's key and who this computer is.
    let own = |name: &String| {
        let mut endings = ["/shop/db-share", "/device/identity", "/device/seal"].iter();
        endings.any(|ending| name.ends_with(ending))
    };
    let left = shop.secrets.names();
    assert!(left.iter().all(own), "{left:?}");
    // The control: there was more.
    assert!(before.iter().any(|name| name.ends_with("/token")));
    assert!(before.len() >= left.len() + 3, "{before:?}");
    shop.until("one receipt, complete", async |engine| {
        let receipts = engine.receipts().await?;
        Ok(matches!(receipts.as_slice(), [one] if one.complete).then_some(()))
    })
    .await
}

fn code(answer: &Value) -> Result<String> {
    let code = answer["confirmation_code"].as_str().context("a code")?;
    assert_eq!(code.len(), 24, "{code}");
    let letters = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    assert!(code.chars().all(letters), "{code}");
    assert!(
        answer["url"]
            .as_str()
            .is_some_and(|url| url.ends_with(code)),
        "{answer}"
    );
    Ok(code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_s_deletion_callback_erases_the_login_and_says_so_in_public() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    world
        .phones
        .say("whatsapp", "misaki", "忘れてください")
        .await?;
    shop.hears("忘れてください").await?;
    let before = shop.secrets.names();
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    shop.until("the first run", async |engine| {
        Ok((engine.phase() == Phase::FirstRun).then_some(()))
    })
    .await?;
    let status = becomes(&world, &code, "completed").await?;
    assert_eq!(status["devices"][0]["state"], "erased", "{status}");
    assert!(status["relay_erased_at"].is_number() || status["relay_erased_at"].is_string());
    nothing_is_left(&shop, &before).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_reaches_a_sleeping_computer_when_it_wakes() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    let before = becomes(&world, &code, "relay_erased").await?;
    assert_eq!(before["devices"][0]["state"], "waiting", "{before}");
    world.pass(Duration::from_secs(3 * 24 * 3600)).await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    let after = becomes(&world, &code, "completed").await?;
    assert_eq!(after["devices"][0]["state"], "erased", "{after}");
    assert!(shop.engine.connections().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_unseen_for_180_days_is_named_as_not_reached() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    shop.close().await;
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    becomes(&world, &code, "relay_erased").await?;
    // The control: after 170 days it is still waited for.
    world.pass(Duration::from_secs(170 * 24 * 3600)).await?;
    world.restart_relay().await?;
    let waiting = status(&world, &code).await?;
    assert_eq!(waiting["devices"][0]["state"], "waiting", "{waiting}");
    world.pass(Duration::from_secs(11 * 24 * 3600)).await?;
    world.restart_relay().await?;
    let state = tests::wait::until("the page to give it up", async || {
        let status = status(&world, &code).await?;
        let device = status["devices"][0]["state"].as_str();
        Ok((device == Some("not_reached")).then_some(status))
    });
    assert_ne!(state.await?["state"], "received");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_callback_gives_the_same_code_and_an_old_one_reaches_no_newer_login()
-> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    // She asks at Facebook, which removes the app; the callback is ours to repeat.
    world
        .phones
        .fault_with(json!({"kind": "token_revoked", "where": "owner", "value": 458}))
        .await?;
    world.pass(Duration::from_secs(2)).await?;
    let request = world.signed_request(OWNER, world.clock.now() / 1_000);
    let first = world.callback("/meta/deletion", &request).await?;
    let first = code(&first)?;
    shop.until("the first run", async |engine| {
        Ok((engine.phase() == Phase::FirstRun).then_some(()))
    })
    .await?;
    world.pass(Duration::from_secs(60)).await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world
        .phones
        .say("messenger", "clara", "After the new login")
        .await?;
    shop.hears("After the new login").await?;
    // The old order once more: the same code, and nothing is erased.
    assert_eq!(
        code(&world.callback("/meta/deletion", &request).await?)?,
        first
    );
    world
        .phones
        .say("messenger", "clara", "Still connected")
        .await?;
    shop.hears("Still connected").await?;
    assert_eq!(shop.engine.connections().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_of_one_login_leaves_the_other_login_on_the_same_page() -> Result<()> {
    let world = World::start().await?;
    world.phones.fault("task_given", "employee").await?;
    let owners = Shop::open(&world, "owners").await?;
    owners.connect(&world, &[Channel::Messenger]).await?;
    let employees = Shop::open(&world, "employees").await?;
    employees.browser.answers(json!({"user": "employee"}));
    employees.connect(&world, &[Channel::Messenger]).await?;
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    becomes(&world, &code, "completed").await?;
    assert!(owners.engine.connections().await?.is_empty());
    assert_eq!(employees.engine.connections().await?.len(), 1);
    world
        .phones
        .say("messenger", "clara", "Who is there?")
        .await?;
    employees.hears("Who is there?").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_another_live_login_covers_stays() -> Result<()> {
    let world = World::start().await?;
    world.phones.fault("task_given", "employee").await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    shop.browser.answers(json!({"user": "employee"}));
    shop.log_in().await?;
    shop.choose(&[Channel::Messenger]).await?;
    assert_eq!(shop.engine.connections().await?.len(), 1);
    let code = code(&world.phones.ask_for_deletion("owner").await?)?;
    becomes(&world, &code, "completed").await?;
    assert_eq!(
        shop.engine.connections().await?.len(),
        1,
        "the employee's login covers it"
    );
    world.phones.say("messenger", "clara", "Anybody?").await?;
    shop.hears("Anybody?").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_person_s_deletion_is_completed_at_once() -> Result<()> {
    let world = World::start().await?;
    let request = world.signed_request("99999999999", world.clock.now() / 1_000);
    let code = code(&world.callback("/meta/deletion", &request).await?)?;
    let status = status(&world, &code).await?;
    assert_eq!(status["state"], "completed");
    assert_eq!(status["devices"], json!([]));
    let unknown = world
        .relay_url()
        .join("/deletion/AAAAAAAAAAAAAAAAAAAAAAAA")?;
    assert_eq!(
        tests::phones::http()
            .get(unknown)
            .send()
            .await?
            .status()
            .as_u16(),
        404
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_meta_did_not_sign_does_nothing() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    let now = world.clock.now() / 1_000;
    let good = world.signed_request(OWNER, now);
    let (signature, payload) = good.split_once('.').context("two parts")?;
    let forged = [
        world.signed_with("another secret", OWNER, now),
        world.signed_as(OWNER, now, "HMAC-SHA1"),
        world.signed_as(OWNER, now, "none"),
        format!("{signature}."),
        format!(".{payload}"),
        format!("{signature}.{payload}x"),
        payload.to_owned(),
        String::new(),
        // Ten minutes ahead of its time.
        world.signed_request(OWNER, now + 600),
    ];
    for request in forged {
        for path in ["/meta/deletion", "/meta/deauthorize"] {
            let answer = world.callback(path, &request).await;
            assert!(answer.is_err(), "{path} took {request}");
        }
    }
    world
        .phones
        .say("messenger", "clara", "All is as it was")
        .await?;
    shop.hears("All is as it was").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_meta_does_not_confirm_asks_the_owner() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Mine").await?;
    let (conversation, _) = shop.hears("Mine").await?;
    let order = json!({"user": "owner", "keep_token": true});
    let code = code(&world.phones.post("deletion", &order).await?)?;
    shop.until("the question", async |engine| {
        Ok(matches!(engine.phase(), Phase::DeletionAsked { .. }).then_some(()))
    })
    .await?;
    shop.engine.answer_deletion(false).await?;
    shop.until("the inbox", async |engine| {
        Ok((engine.phase() == Phase::Ready).then_some(()))
    })
    .await?;
    assert_eq!(shop.words(conversation.id).await?, ["Mine"]);
    let status = becomes(&world, &code, "refused").await?;
    assert!(
        status["reason"].is_string() || status.to_string().contains("reason"),
        "{status}"
    );
    // The relay had carried it out and knows this login no more. That is said at once, and signing
    // in again brings the road back and what was written meanwhile.
    let trouble = shop.until("the trouble", async |engine| {
        Ok(engine
            .connections()
            .await?
            .first()
            .and_then(|one| one.trouble))
    });
    let trouble = trouble.await?;
    assert!(
        matches!(trouble, Trouble::RouteStopped | Trouble::SignInEnded),
        "{trouble:?}"
    );
    // The history tells whole seconds only.
    world.pass(Duration::from_secs(2)).await?;
    world
        .phones
        .say("messenger", "clara", "Still there?")
        .await?;
    let connection = shop.connection(Channel::Messenger).await?.id;
    shop.engine.start_login(Some(connection)).await?;
    shop.hears("Still there?").await?;
    assert_eq!(shop.words(conversation.id).await?, ["Mine", "Still there?"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_order_without_an_answer_is_carried_out_after_72_hours() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world
        .phones
        .post("deletion", &json!({"user": "owner", "keep_token": true}))
        .await?;
    shop.until("the question", async |engine| {
        Ok(matches!(engine.phase(), Phase::DeletionAsked { .. }).then_some(()))
    })
    .await?;
    world.pass(Duration::from_secs(71 * 3600)).await?;
    let shop = shop.restart(&world).await?;
    assert!(
        matches!(shop.engine.phase(), Phase::DeletionAsked { .. }),
        "{:?}",
        shop.engine.phase()
    );
    world.pass(Duration::from_secs(2 * 3600)).await?;
    let shop = shop.restart(&world).await?;
    shop.until("the first run", async |engine| {
        Ok((engine.phase() == Phase::FirstRun).then_some(()))
    })
    .await
}
