//! The second journey: what the owner writes reaches the person once, or says why not.

mod doubt;
mod refusals;

use std::time::Duration;

use anyhow::{Context, Result};
use domain::{Channel, ConversationId, Delivery};
use engine::read::Progress;
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

pub(super) const ALL: [Channel; 3] = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];

/// A shop with one connected channel, and somebody who wrote on it.
pub(super) async fn with_question(channel: Channel) -> Result<(World, Shop, ConversationId)> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[channel]).await?;
    world
        .phones
        .say(channel.name(), "clara", "Question")
        .await?;
    let (conversation, _) = shop.hears("Question").await?;
    Ok((world, shop, conversation.id))
}

/// As far as the platform tells that an answer came: Instagram tells only when it was read.
pub(super) const fn arrived(channel: Channel) -> Delivery {
    match channel {
        Channel::Instagram => Delivery::Sent,
        _ => Delivery::Delivered,
    }
}

/// What the platform took from the shop with these words.
pub(super) fn taken<'a>(state: &'a Value, words: &str) -> Vec<&'a Value> {
    let sent = state["sent"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    sent.iter().filter(|sent| sent["text"] == words).collect()
}

/// The sends the platform was asked for, taken or not.
pub(super) fn asked(state: &Value) -> Vec<&Value> {
    let calls = state["calls"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_send = |call: &&Value| {
        let path = call["path"].as_str().unwrap_or_default();
        let action = ["/params/sender_action", "/params/status"]
            .iter()
            .any(|place| call.pointer(place).is_some());
        call["method"] == "POST" && path.ends_with("/messages") && !action
    };
    calls.iter().filter(is_send).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_on_each_channel_arrives_once_and_its_ticks_come_back() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &ALL).await?;
    for channel in ALL {
        let (question, answer) = (
            format!("Question {channel:?}"),
            format!("Answer {channel:?} 🌷"),
        );
        world.phones.say(channel.name(), "clara", &question).await?;
        let (conversation, _) = shop.hears(&question).await?;
        shop.answer(conversation.id, &answer).await?;
        shop.told(&answer, arrived(channel)).await?;
        world.phones.read(channel.name(), "clara").await?;
        shop.told(&answer, Delivery::Read).await?;
        let state = world.phones.state().await?;
        assert_eq!(taken(&state, &answer).len(), 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_send_carries_our_own_id_and_the_token_only_in_its_header() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    for channel in [Channel::Messenger, Channel::Whatsapp] {
        let words = format!("For {channel:?}");
        world.phones.say(channel.name(), "sofia", "Olá").await?;
        let row = shop.until("the conversation", async |engine| {
            let rows = engine
                .conversations(engine::read::Filter::All, None, 9)
                .await?
                .rows;
            Ok(rows.into_iter().find(|row| row.channel == channel))
        });
        shop.answer(row.await?.id, &words).await?;
        // Not merely sent: that state may be over before anybody looks.
        shop.told(&words, arrived(channel)).await?;
        let state = world.phones.state().await?;
        let sent = taken(&state, &words);
        let id = sent[0]["metadata"].as_str().context("our id went along")?;
        assert!(id.len() >= 32, "{id}");
    }
    let state = world.phones.state().await?;
    let calls = state["calls"].as_array().context("calls")?;
    for call in calls.iter().filter(|call| call["host"] == "graph") {
        let path = call["path"].as_str().unwrap_or_default();
        let by_relay = path.contains("oauth") || path.contains("debug_token");
        assert!(
            by_relay || call["token_in"] == "header" || call["token_in"].is_null(),
            "a token in {}: {path}",
            call["token_in"]
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_answer_can_be_taken_back_and_never_leaves() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Instagram).await?;
    let mut settings = shop.engine.settings().await;
    settings.hold_seconds = 30;
    shop.engine.set_settings(settings).await?;
    shop.answer(conversation, "Too hasty").await?;
    let held = shop
        .until("the hold", async |engine| {
            let thread = engine.thread(conversation, None, None, 9).await?;
            let held =
                messages(&thread).find(|one| matches!(one.delivery, Some(Progress::Held(_))));
            Ok(held.map(|one| one.id))
        })
        .await?;
    shop.engine.undo_send(held).await?;
    let thread = shop.thread(conversation).await?;
    assert_eq!(thread.draft.text, "Too hasty");
    assert_eq!(
        messages(&thread).count(),
        1,
        "the answer is a draft again, not a message"
    );
    assert!(taken(&world.phones.state().await?, "Too hasty").is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_within_the_hold_makes_a_draft_of_the_answer() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    let mut settings = shop.engine.settings().await;
    settings.hold_seconds = 30;
    shop.engine.set_settings(settings).await?;
    shop.answer(conversation, "Not yet").await?;
    let shop = shop.restart(&world).await?;
    let thread = shop.thread(conversation).await?;
    assert_eq!(thread.draft.text, "Not yet");
    assert!(taken(&world.phones.state().await?, "Not yet").is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_out_on_each_channel_without_what_the_camera_wrote() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &ALL).await?;
    let picture = tests::pictures::with_camera_data();
    for channel in ALL {
        let words = format!("A picture, please ({})", channel.name());
        world.phones.say(channel.name(), "mia", &words).await?;
        let (conversation, _) = shop.hears(&words).await?;
        shop.engine
            .attach_picture(conversation.id, picture.clone())
            .await?;
        shop.answer(conversation.id, "").await?;
        let id = world
            .phones
            .until("the picture", |state| {
                let sent = state["sent"].as_array()?;
                let ours = |sent: &&Value| {
                    sent["channel"] == channel.name() && sent["picture"].is_string()
                };
                Some(sent.iter().find(ours)?["picture"].as_str()?.to_owned())
            })
            .await?;
        let bytes = world.get(&format!("/sandbox/media/{id}")).await?;
        assert!(bytes.len() > 500);
        let camera = tests::pictures::CAMERA.as_bytes();
        assert!(
            !bytes.windows(camera.len()).any(|part| part == camera),
            "{channel:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_wait_for_the_road_and_leave_in_their_order() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    world
        .phones
        .fault_with(json!({"kind": "rate_limit", "count": 1, "where": "POST /messages"}))
        .await?;
    for words in ["one", "two", "three"] {
        shop.answer(conversation, words).await?;
    }
    world
        .phones
        .until("the first try", |state| {
            (!asked(state).is_empty()).then_some(())
        })
        .await?;
    world.clock.pass(Duration::from_secs(3600));
    shop.told("three", Delivery::Delivered).await?;
    let state = world.phones.state().await?;
    let sent = state["sent"].as_array().context("what was sent")?;
    let order: Vec<_> = sent
        .iter()
        .filter_map(|sent| sent["text"].as_str())
        .collect();
    assert_eq!(order, ["one", "two", "three"]);
    Ok(())
}
