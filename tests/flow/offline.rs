//! Something is away for a while: the relay, the computer, Meta's word. Nothing is lost.

use std::time::Duration;

use anyhow::Result;
use domain::Channel;
use engine::LinkState;
use engine::read::{AttachmentState, Filter, Trouble};
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_computer_was_off_is_there_in_the_morning() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Whatsapp])
        .await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    for number in 1..=5 {
        world
            .phones
            .say("whatsapp", "jonas", &format!("Night {number}"))
            .await?;
        world
            .phones
            .say("instagram", "lucia", &format!("Noche {number}"))
            .await?;
    }
    delivered(&world, 10).await?;
    world.pass(Duration::from_secs(24 * 3600)).await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    for (last, word) in [("Night 5", "Night"), ("Noche 5", "Noche")] {
        let (conversation, _) = shop.hears(last).await?;
        let expected: Vec<String> = (1..=5).map(|number| format!("{word} {number}")).collect();
        assert_eq!(shop.words(conversation.id).await?, expected);
        assert_eq!(shop.engine.conversation(conversation.id).await?.unread, 5);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_relay_is_down_meta_repeats_and_nothing_is_lost() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    world.stop_relay().await;
    for channel in ["instagram", "messenger", "whatsapp"] {
        world
            .phones
            .say(channel, "omar", &format!("Into the dark ({channel})"))
            .await?;
    }
    shop.until("the window to say so", async |engine| {
        Ok(matches!(engine.link(), LinkState::Offline { .. }).then_some(()))
    })
    .await?;
    world.start_relay().await?;
    for channel in ["instagram", "messenger", "whatsapp"] {
        shop.hears(&format!("Into the dark ({channel})")).await?;
    }
    shop.listens().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_answers_200_only_for_what_survives_it() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world.phones.say("whatsapp", "ken", "助かります").await?;
    delivered(&world, 1).await?;
    world.stop_relay().await;
    world.start_relay().await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.hears("助かります").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_never_told_is_read_after_a_long_sleep() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Instagram])
        .await?;
    for channel in ["messenger", "instagram"] {
        world
            .phones
            .say(channel, "clara", &format!("Before ({channel})"))
            .await?;
        shop.hears(&format!("Before ({channel})")).await?;
    }
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world
        .phones
        .fault_with(json!({"kind": "webhook_never", "count": 50}))
        .await?;
    for channel in ["messenger", "instagram"] {
        for number in 1..=3 {
            world
                .phones
                .say(channel, "clara", &format!("Unheard {number} ({channel})"))
                .await?;
        }
    }
    world.phones.heal().await?;
    world.pass(Duration::from_secs(2 * 3600)).await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    for channel in ["messenger", "instagram"] {
        let (conversation, message) = shop.hears(&format!("Unheard 3 ({channel})")).await?;
        assert!(message.recovered, "it came late and says so");
        let words = shop.words(conversation.id).await?;
        assert_eq!(words.len(), 4, "{words:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_any_more_is_a_visible_gap_and_no_deletion() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "clara", "Kept").await?;
    let (conversation, _) = shop.hears("Kept").await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world
        .phones
        .fault_with(json!({"kind": "webhook_never", "count": 50}))
        .await?;
    // The history tells whole seconds only.
    world.pass(Duration::from_secs(2)).await?;
    for number in 1..=25 {
        world
            .phones
            .say("messenger", "clara", &format!("Unheard {number}"))
            .await?;
    }
    world.phones.heal().await?;
    world.pass(Duration::from_secs(2 * 3600)).await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.hears("Unheard 25").await?;
    shop.until("the gap", async |engine| {
        let thread = engine.thread(conversation.id, None, None, 99).await?;
        let gap = thread.items.iter().find_map(|item| match item {
            engine::read::Item::Gap { count, .. } => Some(*count),
            engine::read::Item::Message(_) => None,
        });
        Ok((gap == Some(5)).then_some(()))
    })
    .await?;
    assert_eq!(
        shop.words(conversation.id)
            .await?
            .first()
            .map(String::as_str),
        Some("Kept")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_subscription_is_noticed_made_again_and_what_was_missed_is_read() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world.phones.say("messenger", "sofia", "Olá").await?;
    let (conversation, _) = shop.hears("Olá").await?;
    world.phones.fault("unsubscribe", "").await?;
    world
        .phones
        .say("messenger", "sofia", "Nobody was told of this")
        .await?;
    shop.engine.check_connections().await?;
    let (_, message) = shop.hears("Nobody was told of this").await?;
    assert!(message.recovered);
    world
        .phones
        .until("the subscription", |state| {
            let accounts = state["accounts"].as_array()?;
            let page = accounts.iter().find(|of| of["id"] == "104729583016472")?;
            (page["subscribed"] == true).then_some(())
        })
        .await?;
    world.phones.say("messenger", "sofia", "And now?").await?;
    shop.hears("And now?").await?;
    assert_eq!(shop.words(conversation.id).await?.len(), 3);
    let trouble = shop.connection(Channel::Messenger).await?.trouble;
    assert!(
        !matches!(trouble, Some(Trouble::Unsubscribed { .. })),
        "{trouble:?}"
    );
    Ok(())
}

/// How many messages a row of the thread says are missing, where one does.
async fn gap(shop: &Shop, conversation: domain::ConversationId) -> Result<Option<u32>> {
    let thread = shop.thread(conversation).await?;
    Ok(thread.items.iter().find_map(|item| match item {
        engine::read::Item::Gap { count, .. } => Some(*count),
        engine::read::Item::Message(_) => None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_lost_while_closed_is_noticed_at_start_also_after_minutes() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    for channel in ["messenger", "whatsapp"] {
        let words = format!("Kept ({channel})");
        world.phones.say(channel, "clara", &words).await?;
    }
    let (messenger, _) = shop.hears("Kept (messenger)").await?;
    let (whatsapp, _) = shop.hears("Kept (whatsapp)").await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world
        .phones
        .fault("unsubscribe", "messenger whatsapp")
        .await?;
    // The history tells whole seconds only.
    world.pass(Duration::from_secs(2)).await?;
    for channel in ["messenger", "whatsapp"] {
        for number in 1..=25 {
            let words = format!("Unheard {number} ({channel})");
            world.phones.say(channel, "clara", &words).await?;
        }
    }
    // Less than the hour after which everything is looked through anyway.
    world.pass(Duration::from_secs(20 * 60)).await?;
    assert_eq!(subscribed(&world.phones.state().await?), Some(false));

    let shop = Shop::open_with(&world, data, secrets).await?;
    let (_, newest) = shop.hears("Unheard 25 (messenger)").await?;
    assert!(newest.recovered, "it came late and says so");
    // Twenty are told; where the five before them stood is a row.
    let told = (6..=25).map(|number| format!("Unheard {number} (messenger)"));
    let expected: Vec<String> = std::iter::once("Kept (messenger)".to_owned())
        .chain(told)
        .collect();
    assert_eq!(shop.words(messenger.id).await?, expected);
    shop.until("the gap", async |_| {
        Ok((gap(&shop, messenger.id).await? == Some(5)).then_some(()))
    })
    .await?;
    // WhatsApp lets nobody look back: that something is missing is said, and that nobody counted.
    shop.until("the uncounted gap", async |_| {
        Ok((gap(&shop, whatsapp.id).await? == Some(0)).then_some(()))
    })
    .await?;
    assert_eq!(shop.words(whatsapp.id).await?, ["Kept (whatsapp)"]);
    world
        .phones
        .until("the subscriptions", |state| {
            let accounts = state["accounts"].as_array()?;
            let on = |of: &&Value| of["subscribed"] == true;
            (accounts.iter().filter(on).count() >= 2).then_some(())
        })
        .await?;
    for channel in ["messenger", "whatsapp"] {
        let words = format!("And now? ({channel})");
        world.phones.say(channel, "clara", &words).await?;
        assert!(!shop.hears(&words).await?.1.recovered, "{channel}: live");
    }
    Ok(())
}

/// A shop that was away while a picture came whose link has expired since.
async fn with_an_expired_link(world: &World, and: &str) -> Result<Shop> {
    let shop = Shop::open(world, "shop").await?;
    shop.connect(world, &[Channel::Instagram]).await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world
        .phones
        .send_picture("instagram", "mia", "bouquet")
        .await?;
    delivered(world, 1).await?;
    world.phones.fault("link_expired", "").await?;
    if !and.is_empty() {
        world.phones.fault(and, "").await?;
    }
    Shop::open_with(world, data, secrets).await
}

/// Waits until the one attachment has come to this.
async fn comes_to(shop: &Shop, fits: impl Fn(AttachmentState) -> bool) -> Result<()> {
    shop.until("what becomes of the picture", async |engine| {
        let rows = engine.conversations(Filter::All, None, 9).await?.rows;
        for row in rows {
            let thread = engine.thread(row.id, None, None, 9).await?;
            let mut all = messages(&thread).flat_map(|one| &one.attachments);
            if all.any(|one| fits(one.state)) {
                return Ok(Some(()));
            }
        }
        Ok(None)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_link_expired_is_fetched_by_a_fresh_link() -> Result<()> {
    let world = World::start().await?;
    let shop = with_an_expired_link(&world, "").await?;
    comes_to(&shop, |state| state == AttachmentState::Ready).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_link_expired_and_that_is_lost_is_said_to_be_gone() -> Result<()> {
    let world = World::start().await?;
    let shop = with_an_expired_link(&world, "media_lost").await?;
    comes_to(&shop, |state| {
        matches!(state, AttachmentState::Gone | AttachmentState::Failed)
    })
    .await
}

/// Whether Meta tells the Page's messages to anybody.
fn subscribed(state: &Value) -> Option<bool> {
    let accounts = state["accounts"].as_array()?;
    let page = accounts.iter().find(|of| of["channel"] == "messenger")?;
    page["subscribed"].as_bool()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quarter_of_an_hour_the_subscription_is_looked_at_by_itself() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    world.phones.say("messenger", "sofia", "Olá").await?;
    shop.hears("Olá").await?;
    world.phones.fault("unsubscribe", "messenger").await?;
    world
        .phones
        .say("messenger", "sofia", "Nobody was told of this")
        .await?;
    // The control: nothing but time brings it back.
    world.phones.say("whatsapp", "clara", "Meanwhile").await?;
    shop.hears("Meanwhile").await?;
    assert_eq!(subscribed(&world.phones.state().await?), Some(false));
    world.pass(Duration::from_secs(15 * 60 + 1)).await?;
    let (_, message) = shop.hears("Nobody was told of this").await?;
    assert!(message.recovered);
    world
        .phones
        .until("the subscription", |state| {
            (subscribed(state) == Some(true)).then_some(())
        })
        .await
}

/// Waits until this many webhooks with messages arrived at the relay.
async fn delivered(world: &World, count: usize) -> Result<()> {
    let count_of = |state: &Value| {
        let deliveries = state["deliveries"].as_array()?;
        let arrived = deliveries.iter().filter(|of| of["state"] == "delivered");
        let messages: usize = arrived
            .filter_map(|of| of["kinds"].as_array())
            .map(|kinds| kinds.iter().filter(|kind| *kind == "message").count())
            .sum();
        (messages >= count).then_some(())
    };
    world
        .phones
        .until(&format!("{count} webhooks to be delivered"), count_of)
        .await
}
