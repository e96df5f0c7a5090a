//! The second journey: what the owner writes reaches the person once, or says why not.

use std::time::Duration;

use anyhow::{Context, Result};
use domain::outbound::Reason;
use domain::reply_window::ReplyWindow;
use domain::{Channel, ConversationId, Delivery};
use engine::read::{Message, Progress, Trouble};
use serde_json::{Value, json};
use tests::shop::{Shop, is, messages};
use tests::world::World;

const ALL: [Channel; 3] = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];

/// A shop with one connected channel, and somebody who wrote on it.
async fn with_question(channel: Channel) -> Result<(World, Shop, ConversationId)> {
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
const fn arrived(channel: Channel) -> Delivery {
    match channel {
        Channel::Instagram => Delivery::Sent,
        _ => Delivery::Delivered,
    }
}

/// What the platform took from the shop with these words.
fn taken<'a>(state: &'a Value, words: &str) -> Vec<&'a Value> {
    let sent = state["sent"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    sent.iter().filter(|sent| sent["text"] == words).collect()
}

/// The sends the platform was asked for, taken or not.
fn asked(state: &Value) -> Vec<&Value> {
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

async fn reason(shop: &Shop, words: &str) -> Result<(Reason, Message)> {
    let message = shop.told(words, Delivery::Failed).await?;
    let failure = message.failure.clone().context("a failure has a reason")?;
    Ok((failure.reason, message))
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
        shop.told(&words, Delivery::Sent).await?;
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
async fn an_answer_whose_confirmation_is_lost_is_found_by_its_echo_and_not_sent_again() -> Result<()>
{
    for channel in [Channel::Messenger, Channel::Whatsapp] {
        let (world, shop, conversation) = with_question(channel).await?;
        world
            .phones
            .fault("drop_after_accept", channel.name())
            .await?;
        shop.answer(conversation, "Did this arrive?").await?;
        let words = "Did this arrive?";
        shop.until("the echo to settle it", async |engine| {
            let thread = engine.thread(conversation, None, None, 9).await?;
            let ours: Vec<_> = messages(&thread)
                .filter(|one| one.text.as_deref() == Some(words))
                .collect();
            let settled = |one: &Message| is(one, Delivery::Sent) || is(one, Delivery::Delivered);
            Ok((ours.len() == 1 && settled(ours[0])).then_some(()))
        })
        .await?;
        assert_eq!(
            taken(&world.phones.state().await?, words).len(),
            1,
            "{channel:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_nobody_confirms_stays_unconfirmed_until_the_owner_decides() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Whatsapp).await?;
    world.phones.fault("echo_never", "whatsapp").await?;
    world
        .phones
        .fault_with(json!({"kind": "webhook_never", "count": 9, "where": "whatsapp delivery"}))
        .await?;
    world.phones.fault("drop_after_accept", "whatsapp").await?;
    shop.answer(conversation, "Lost in between").await?;
    let message = shop.told("Lost in between", Delivery::Unconfirmed).await?;
    let shop = shop.restart(&world).await?;
    shop.listens().await?;
    shop.told("Lost in between", Delivery::Unconfirmed).await?;
    assert_eq!(
        asked(&world.phones.state().await?).len(),
        1,
        "the program asked again by itself"
    );
    shop.engine.send_again(message.id).await?;
    world
        .phones
        .until("the second send", |state| {
            (asked(state).len() == 2).then_some(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_while_sending_does_not_send_twice() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    // Accepted, and then nothing: the program ends while it waits for the answer.
    world
        .phones
        .fault_with(json!({"kind": "silence", "where": "messenger", "value": 30}))
        .await?;
    world.phones.fault("echo_never", "messenger").await?;
    shop.answer(conversation, "In the middle").await?;
    world
        .phones
        .until("the send", |state| {
            (taken(state, "In the middle").len() == 1).then_some(())
        })
        .await?;
    let shop = shop.restart(&world).await?;
    shop.listens().await?;
    shop.until("it to be looked for", async |engine| {
        let thread = engine.thread(conversation, None, None, 9).await?;
        let ours = messages(&thread).find(|one| one.text.as_deref() == Some("In the middle"));
        let known = ours.is_some_and(|one| {
            is(one, Delivery::Unconfirmed)
                || is(one, Delivery::Sent)
                || is(one, Delivery::Delivered)
        });
        Ok(known.then_some(()))
    })
    .await?;
    assert_eq!(asked(&world.phones.state().await?).len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surely_did_not_leave_is_tried_again_by_itself() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Instagram).await?;
    world
        .phones
        .fault("rate_limit", "POST /messages instagram")
        .await?;
    shop.answer(conversation, "Second try").await?;
    world
        .phones
        .until("the first try", |state| {
            (!asked(state).is_empty()).then_some(())
        })
        .await?;
    world.clock.pass(Duration::from_secs(3600));
    shop.told("Second try", Delivery::Sent).await?;
    assert_eq!(taken(&world.phones.state().await?, "Second try").len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_blocked_the_shop_is_named_as_the_reason() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    world.phones.fault("blocked", "messenger clara").await?;
    shop.answer(conversation, "Hello?").await?;
    assert_eq!(reason(&shop, "Hello?").await?.0, Reason::PersonUnavailable);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_may_refuse_after_it_accepted() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Whatsapp).await?;
    world.phones.fault("whatsapp_failed", "whatsapp").await?;
    shop.answer(conversation, "Accepted at first").await?;
    assert_eq!(
        reason(&shop, "Accepted at first").await?.0,
        Reason::PersonUnavailable
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_answer_can_be_tried_again() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Instagram).await?;
    world
        .phones
        .fault("permission_lost", "instagram_manage_messages")
        .await?;
    shop.answer(conversation, "Try me").await?;
    let (why, message) = reason(&shop, "Try me").await?;
    assert_eq!(why, Reason::PermissionMissing);
    shop.engine
        .start_login(Some(shop.connection(Channel::Instagram).await?.id))
        .await?;
    shop.until("the choice", async |engine| {
        Ok(matches!(engine.login(), engine::read::Login::Choose { .. }).then_some(()))
    })
    .await?;
    shop.choose(&[Channel::Instagram]).await?;
    shop.engine.try_again(message.id).await?;
    shop.told("Try me", Delivery::Sent).await?;
    assert_eq!(taken(&world.phones.state().await?, "Try me").len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_ends_in_the_middle_keeps_everything_and_says_so() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    world.phones.fault("token_expired", "owner").await?;
    shop.answer(conversation, "After the end").await?;
    assert_eq!(reason(&shop, "After the end").await?.0, Reason::SignInEnded);
    shop.until("the trouble", async |engine| {
        let trouble = engine.connections().await?.remove(0).trouble;
        Ok((trouble == Some(Trouble::SignInEnded)).then_some(()))
    })
    .await?;
    // Messages keep arriving, nothing is erased, and signing in again heals it in place.
    world
        .phones
        .say("messenger", "clara", "Still there?")
        .await?;
    shop.hears("Still there?").await?;
    let before = shop.connection(Channel::Messenger).await?;
    shop.engine.start_login(Some(before.id)).await?;
    shop.until("the choice", async |engine| {
        Ok(matches!(engine.login(), engine::read::Login::Choose { .. }).then_some(()))
    })
    .await?;
    shop.choose(&[Channel::Messenger]).await?;
    let after = shop.connection(Channel::Messenger).await?;
    assert_eq!((before.id, after.trouble), (after.id, None));
    assert_eq!(shop.words(conversation).await?.len(), 3);
    shop.answer(conversation, "Here again").await?;
    shop.told("Here again", Delivery::Delivered).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_is_known_before_the_platform_is_asked() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Whatsapp).await?;
    world.clock.pass(Duration::from_secs(25 * 3600));
    let row = shop.engine.conversation(conversation).await?;
    assert!(
        matches!(row.window.now, ReplyWindow::Closed { .. }),
        "{:?}",
        row.window
    );
    assert!(row.window.templates);
    let calls = asked(&world.phones.state().await?).len();
    assert!(
        shop.engine
            .send(conversation, "Too late".to_owned())
            .await
            .is_err()
    );
    assert_eq!(asked(&world.phones.state().await?).len(), calls);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_a_person_may_still_answer_on_messenger_and_instagram() -> Result<()> {
    for channel in [Channel::Messenger, Channel::Instagram] {
        let (world, shop, conversation) = with_question(channel).await?;
        world.clock.pass(Duration::from_secs(25 * 3600));
        let row = shop.engine.conversation(conversation).await?;
        assert!(
            matches!(row.window.now, ReplyWindow::HumanOnly { .. }),
            "{:?}",
            row.window
        );
        shop.answer(conversation, "By hand").await?;
        shop.told("By hand", arrived(channel)).await?;
        world.clock.pass(Duration::from_secs(7 * 24 * 3600));
        let row = shop.engine.conversation(conversation).await?;
        assert!(
            matches!(row.window.now, ReplyWindow::Closed { .. }),
            "{:?}",
            row.window
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_too_long_for_the_channel_is_refused_here() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Instagram).await?;
    let refused = shop.engine.send(conversation, "é".repeat(501)).await;
    assert!(refused.is_err(), "Instagram takes 1,000 bytes");
    shop.answer(conversation, &"é".repeat(500)).await?;
    shop.told(&"é".repeat(500), Delivery::Sent).await?;
    assert_eq!(asked(&world.phones.state().await?).len(), 1);
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
