//! What is asked of Meta beside the messages, with a proof of the secret that was given up: a name, and
//! that the shop has read.

use anyhow::Result;
use domain::Channel;
use serde_json::Value;
use tests::shop::Shop;
use tests::world::World;

use super::{NEXT, rotated};

/// Somebody writes for the first time after the secret was changed.
async fn writes(world: &World, shop: &Shop) -> Result<domain::ConversationId> {
    world
        .phones
        .say("messenger", "clara", "Hello there")
        .await?;
    Ok(shop.hears("Hello there").await?.0.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_secrets_live_somebody_new_has_a_name_at_once() -> Result<()> {
    let (world, shop) = rotated(Channel::Messenger, &[sandbox::APP_SECRET, NEXT]).await?;
    let id = writes(&world, &shop).await?;
    shop.until("the name", async |engine| {
        let name = engine.conversation(id).await?.name;
        Ok(name.starts_with("Clara").then_some(()))
    })
    .await
}

/// What the person's telephone shows of the shop's having read.
fn is_seen(state: &Value) -> Option<()> {
    let threads = state.get("conversations")?.as_array()?;
    let mut seen = threads.iter().map(|thread| thread.get("seen_by_shop_at"));
    seen.any(|at| at.is_some_and(Value::is_i64)).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_secrets_live_a_reading_is_told_at_once() -> Result<()> {
    for channel in [Channel::Messenger, Channel::Whatsapp] {
        let mut world = World::start().await?;
        let shop = Shop::open(&world, "shop").await?;
        shop.connect(&world, &[channel]).await?;
        world.phones.say(channel.name(), "clara", "Read me").await?;
        let (conversation, _) = shop.hears("Read me").await?;
        world
            .restart_relay_with(&[sandbox::APP_SECRET, NEXT])
            .await?;
        let change = serde_json::json!({"kind": "secret_changed", "value": NEXT});
        world.phones.fault_with(change).await?;
        shop.engine.mark_read(conversation.id).await?;
        let shown = "the telephone to show it";
        world.phones.until(shown, is_seen).await?;
    }
    Ok(())
}
