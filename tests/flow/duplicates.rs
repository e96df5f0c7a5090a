//! The platforms promise neither once nor in order. Everything is shown once, in their own order.

use std::time::Duration;

use anyhow::Result;
use domain::{Channel, Delivery};
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_sent_twice_is_one_message() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    for channel in ["instagram", "messenger", "whatsapp"] {
        world.phones.fault("duplicate", channel).await?;
        world
            .phones
            .say(channel, "clara", &format!("Once ({channel})"))
            .await?;
        world
            .phones
            .say(channel, "clara", &format!("After ({channel})"))
            .await?;
        let (conversation, _) = shop.hears(&format!("After ({channel})")).await?;
        let expected = [format!("Once ({channel})"), format!("After ({channel})")];
        assert_eq!(shop.words(conversation.id).await?, expected);
        let row = shop.engine.conversation(conversation.id).await?;
        assert_eq!(row.unread, 2);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_repeated_days_later_changes_nothing() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "sofia", "Olá!").await?;
    let (conversation, _) = shop.hears("Olá!").await?;
    let delivery = world
        .phones
        .until("the delivery", |state| last_delivery(state, "message"))
        .await?;
    world.pass_days(9).await?;
    assert_eq!(world.phones.redeliver(delivery).await?, 200);
    world
        .phones
        .say("whatsapp", "sofia", "Ainda está aí?")
        .await?;
    shop.hears("Ainda está aí?").await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["Olá!", "Ainda está aí?"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_overtake_each_other_stand_in_the_platform_s_order() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world
        .phones
        .fault_with(json!({"kind": "reorder", "count": 3, "where": "messenger"}))
        .await?;
    for words in ["first", "second", "third"] {
        world.phones.say("messenger", "jonas", words).await?;
        // Two messages of one millisecond have no order.
        world.clock.pass(Duration::from_millis(1));
    }
    for words in ["first", "second", "third"] {
        shop.hears(words).await?;
    }
    let (conversation, _) = shop.hears("first").await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["first", "second", "third"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_mark_before_the_delivered_mark_is_not_taken_back() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "lucia", "¡Hola!").await?;
    let (conversation, _) = shop.hears("¡Hola!").await?;
    world
        .phones
        .fault_with(json!({"kind": "webhook_hold", "where": "whatsapp"}))
        .await?;
    shop.answer(conversation.id, "Buenos días").await?;
    shop.told("Buenos días", Delivery::Sent).await?;
    // Read first, then everything that had waited: sent, delivered.
    let (id, to) = world
        .phones
        .until("the answer", |state| sent(state, "Buenos días"))
        .await?;
    let status = |status: &str| {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "382910475561204",
            "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
                "statuses": [{"id": id, "status": status, "timestamp": (world.clock.now() / 1_000).to_string(),
                              "recipient_id": to}]}}]}]})
    };
    for word in ["read", "delivered", "sent"] {
        let (code, _) = world
            .phones
            .webhook(serde_json::to_vec(&status(word))?, "")
            .await?;
        assert_eq!(code, 200);
        shop.told("Buenos días", Delivery::Read).await?;
    }
    world.phones.fault("webhook_release", "").await?;
    world.phones.say("whatsapp", "lucia", "¿Abren hoy?").await?;
    shop.hears("¿Abren hoy?").await?;
    shop.told("Buenos días", Delivery::Read).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_of_our_own_answer_is_not_a_second_message() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    for channel in ["instagram", "messenger"] {
        let (question, answer) = (format!("Open? ({channel})"), format!("Yes ({channel})"));
        world.phones.say(channel, "omar", &question).await?;
        let (conversation, _) = shop.hears(&question).await?;
        world.phones.fault("duplicate", channel).await?;
        shop.answer(conversation.id, &answer).await?;
        world
            .phones
            .until("the echo", |state| last_delivery(state, "echo"))
            .await?;
        world
            .phones
            .say(channel, "omar", &format!("Good ({channel})"))
            .await?;
        shop.hears(&format!("Good ({channel})")).await?;
        let thread = shop.thread(conversation.id).await?;
        let ours = messages(&thread)
            .filter(|one| one.text.as_deref() == Some(&answer))
            .count();
        assert_eq!(ours, 1, "{channel}");
    }
    Ok(())
}

/// The number of the last batch that held such a thing and arrived.
fn last_delivery(state: &Value, kind: &str) -> Option<u64> {
    let deliveries = state["deliveries"].as_array()?;
    let holds = |delivery: &&Value| {
        delivery["state"] == "delivered"
            && delivery["kinds"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|k| k == kind))
    };
    deliveries.iter().rev().find(holds)?["id"].as_u64()
}

/// The platform's id of an answer of the shop's, and whom it went to.
fn sent(state: &Value, words: &str) -> Option<(String, String)> {
    let sent = state["sent"]
        .as_array()?
        .iter()
        .find(|sent| sent["text"] == words)?;
    Some((
        sent["id"].as_str()?.to_owned(),
        sent["to"].as_str()?.to_owned(),
    ))
}
