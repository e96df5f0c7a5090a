//! What may or may not have arrived: looked for, and never sent twice by the program itself.

use std::time::Duration;

use anyhow::Result;
use domain::{Channel, Delivery};
use engine::read::Message;
use serde_json::json;
use tests::shop::{is, messages};

use super::{asked, taken, with_question};

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
