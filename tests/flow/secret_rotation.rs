//! The app's secret is changed at Meta while the relay holds the old one and the new: proofs made
//! with the old one are worth nothing, and neither answering nor forgetting may fail for it.

mod asides;

use anyhow::{Context, Result};
use domain::{Channel, Delivery};
use engine::Phase;
use serde_json::{Value, json};
use tests::shop::Shop;
use tests::world::World;
use wire::receipt::{AtMeta, VerifiedReceipt, WipeCompletion};

/// The secret Meta gives the app while the shop is connected.
const NEXT: &str = "the app's next secret, for tests";

/// A connected shop, whose proofs are all of a secret that Meta has given up since.
async fn rotated(channel: Channel, held: &[&str]) -> Result<(World, Shop)> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[channel]).await?;
    world.restart_relay_with(held).await?;
    let change = json!({"kind": "secret_changed", "value": NEXT});
    world.phones.fault_with(change).await?;
    Ok((world, shop))
}

/// What a receipt says of the permissions and of the subscription.
fn at_meta(receipt: &str) -> Result<(AtMeta, AtMeta)> {
    let verified = VerifiedReceipt::verify(receipt, None).context("the receipt holds")?;
    let WipeCompletion {
        revoked,
        unsubscribed,
        ..
    } = verified.completion;
    Ok((revoked, unsubscribed))
}

/// Whether the app may still do anything for the owner, by Meta's own word.
async fn installed(world: &World) -> Result<bool> {
    let state = world.phones.state().await?;
    let users = state.get("users").and_then(Value::as_array);
    let owner = users.and_then(|users| {
        let is_owner = |of: &&Value| of.get("key").and_then(Value::as_str) == Some("owner");
        users.iter().find(is_owner)
    });
    let installed = owner.and_then(|owner| owner.get("app_installed")?.as_bool());
    installed.context("whether the app is installed")
}

/// Meta's callback, which leaves her token in force: the computer has to ask its owner.
async fn order(world: &World) -> Result<Value> {
    let order = json!({"user": "owner", "keep_token": true});
    world.phones.post("deletion", &order).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_secrets_live_a_shop_answers_and_disconnects_as_ever() -> Result<()> {
    let (world, shop) = rotated(Channel::Messenger, &[sandbox::APP_SECRET, NEXT]).await?;
    world
        .phones
        .say("messenger", "clara", "Still there?")
        .await?;
    let (conversation, _) = shop.hears("Still there?").await?;
    shop.answer(conversation.id, "As ever").await?;
    shop.told("As ever", Delivery::Delivered).await?;
    let receipt = shop.disconnect(Channel::Messenger).await?;
    let both = (AtMeta::Confirmed, AtMeta::Confirmed);
    assert_eq!(at_meta(&receipt)?, both, "{receipt}");
    assert!(!installed(&world).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_secrets_live_a_shop_that_said_nothing_since_disconnects() -> Result<()> {
    // WhatsApp: the connection's token is the login's own, kept twice.
    let (world, shop) = rotated(Channel::Whatsapp, &[sandbox::APP_SECRET, NEXT]).await?;
    let receipt = shop.disconnect(Channel::Whatsapp).await?;
    let both = (AtMeta::Confirmed, AtMeta::Confirmed);
    assert_eq!(at_meta(&receipt)?, both, "{receipt}");
    assert!(!installed(&world).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_secrets_live_a_deletion_order_is_judged_and_carried_out() -> Result<()> {
    let (world, shop) = rotated(Channel::Messenger, &[sandbox::APP_SECRET, NEXT]).await?;
    order(&world).await?;
    shop.until("the question", async |engine| {
        Ok(matches!(engine.phase(), Phase::DeletionAsked { .. }).then_some(()))
    })
    .await?;
    shop.engine.answer_deletion(true).await?;
    let receipt = shop.wiped().await?;
    let both = (AtMeta::Confirmed, AtMeta::Confirmed);
    assert_eq!(at_meta(&receipt)?, both, "{receipt}");
    assert!(!installed(&world).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_relay_without_the_new_secret_makes_no_proof_and_the_receipt_says_so()
-> Result<()> {
    let (world, shop) = rotated(Channel::Messenger, &[sandbox::APP_SECRET]).await?;
    let receipt = shop.disconnect(Channel::Messenger).await?;
    let neither = (AtMeta::NotConfirmed, AtMeta::NotConfirmed);
    assert_eq!(at_meta(&receipt)?, neither, "{receipt}");
    assert!(installed(&world).await?, "Meta took the old proof");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_judged_without_the_new_secret_waits_for_it() -> Result<()> {
    let (mut world, shop) = rotated(Channel::Messenger, &[sandbox::APP_SECRET]).await?;
    // Signed with the old secret: this relay believes it, and Meta cannot be asked about it.
    let request = world.signed_request("10229384756102938", world.clock.now() / 1_000);
    world.callback("/meta/deletion", &request).await?;
    world
        .restart_relay_with(&[sandbox::APP_SECRET, NEXT])
        .await?;
    let shop = shop.restart(&world).await?;
    shop.until("the question", async |engine| {
        Ok(matches!(engine.phase(), Phase::DeletionAsked { .. }).then_some(()))
    })
    .await?;
    assert_eq!(shop.engine.connections().await?.len(), 1);
    Ok(())
}
