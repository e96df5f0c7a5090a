//! What is refused, by the platform or before it is asked: with the reason, and mended in place.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::outbound::Reason;
use domain::reply_window::ReplyWindow;
use domain::{Channel, ConversationId, Delivery};
use engine::read::{Connection, Login, Message, Trouble, Window};
use serde_json::json;
use tests::shop::Shop;
use tests::world::World;

use super::{arrived, asked, taken, with_question};

async fn reason(shop: &Shop, words: &str) -> Result<(Reason, Message)> {
    let message = shop.told(words, Delivery::Failed).await?;
    let failure = message.failure.clone().context("a failure has a reason")?;
    Ok((failure.reason, message))
}

/// Signs in again for a connection. There is nothing to choose: what the login covers goes on in
/// place.
async fn sign_in_again(shop: &Shop, channel: Channel) -> Result<()> {
    let id = shop.connection(channel).await?.id;
    shop.engine.start_login(Some(id)).await?;
    shop.until("the sign-in", async |engine| match engine.login() {
        Login::None => Ok(Some(())),
        Login::Waiting { .. } | Login::Connecting => Ok(None),
        other => bail!("{other:?}"),
    })
    .await
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
    sign_in_again(&shop, Channel::Instagram).await?;
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
    sign_in_again(&shop, Channel::Messenger).await?;
    let after = shop.connection(Channel::Messenger).await?;
    assert_eq!((before.id, after.trouble), (after.id, None));
    assert_eq!(shop.words(conversation).await?.len(), 3);
    shop.answer(conversation, "Here again").await?;
    shop.told("Here again", Delivery::Delivered).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_sign_in_is_noticed_on_all_that_came_by_it() -> Result<()> {
    let all = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &all).await?;
    world.phones.say("instagram", "clara", "Hello?").await?;
    let (conversation, _) = shop.hears("Hello?").await?;
    world.phones.fault("password_changed", "owner").await?;
    // No time passes: nobody waits for the quarter of an hour.
    shop.answer(conversation.id, "After the change").await?;
    shop.until("the trouble of all three", async |engine| {
        let connections = engine.connections().await?;
        let ended = |one: &Connection| one.trouble == Some(Trouble::SignInEnded);
        Ok(connections.iter().all(ended).then_some(()))
    })
    .await
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

async fn window(shop: &Shop, of: ConversationId) -> Result<Window> {
    Ok(shop.engine.conversation(of).await?.window)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_s_word_on_the_window_wins_outlives_a_restart_and_ends_with_a_message()
-> Result<()> {
    let (world, mut shop, conversation) = with_question(Channel::Whatsapp).await?;
    let counted = window(&shop, conversation).await?;
    assert!(matches!(counted.now, ReplyWindow::Open { .. }) && !counted.refused);
    world.phones.fault("message_too_old", "whatsapp").await?;
    shop.answer(conversation, "In good time").await?;
    assert_eq!(reason(&shop, "In good time").await?.0, Reason::WindowClosed);
    for restart in [false, true] {
        if restart {
            shop = shop.restart(&world).await?;
            shop.listens().await?;
        }
        let said = window(&shop, conversation).await?;
        assert_eq!(said.now, ReplyWindow::Closed { since: None });
        assert!(said.refused && said.templates);
        let again = shop.engine.send(conversation, "Once more".to_owned());
        assert!(again.await.is_err());
    }
    assert_eq!(asked(&world.phones.state().await?).len(), 1);
    // WhatsApp tells seconds: what comes in the second of the question is not newer than it.
    world.phones.ahead(Duration::from_secs(2)).await?;
    world.phones.say("whatsapp", "clara", "Me again").await?;
    shop.hears("Me again").await?;
    let open = window(&shop, conversation).await?;
    assert!(matches!(open.now, ReplyWindow::Open { .. }) && !open.refused);
    shop.answer(conversation, "Here we are").await?;
    shop.told("Here we are", Delivery::Delivered)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_usual_window_refuses_a_person_may_still_answer_for_their_days() -> Result<()> {
    let (world, shop, conversation) = with_question(Channel::Messenger).await?;
    world.phones.fault("message_too_old", "messenger").await?;
    shop.answer(conversation, "As usual").await?;
    assert_eq!(reason(&shop, "As usual").await?.0, Reason::WindowClosed);
    let said = window(&shop, conversation).await?;
    assert!(matches!(said.now, ReplyWindow::HumanOnly { .. }) && said.refused);
    shop.answer(conversation, "By hand").await?;
    shop.told("By hand", Delivery::Delivered).await?;
    // A week older at the platform, no day older here.
    let week = json!({"kind": "message_too_old", "where": "messenger", "value": 24 * 8});
    world.phones.fault_with(week).await?;
    shop.answer(conversation, "By hand again").await?;
    assert_eq!(
        reason(&shop, "By hand again").await?.0,
        Reason::WindowClosed
    );
    let over = window(&shop, conversation).await?;
    assert_eq!(over.now, ReplyWindow::Closed { since: None });
    assert!(over.refused);
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
