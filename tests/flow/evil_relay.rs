//! A relay in wrong hands: it can hold messages back, and it can neither read them, change them,
//! repeat them, nor leave one out unnoticed.

use anyhow::Result;
use domain::{Channel, ConversationId};
use engine::read::Item;
use tests::evil::{Deed, EvilRelay};
use tests::shop::Shop;
use tests::world::World;

/// A shop whose relay is in wrong hands.
async fn betrayed(channels: &[Channel]) -> Result<(World, EvilRelay, Shop)> {
    let mut world = World::start().await?;
    let evil = EvilRelay::before(world.relay_url()).await?;
    world.talk_through(evil.url());
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, channels).await?;
    Ok((world, evil, shop))
}

/// Everything that is shown, after a true message has passed honestly.
async fn shown(world: &World, evil: &EvilRelay, shop: &Shop) -> Result<Vec<String>> {
    evil.does(Deed::Honest);
    world
        .phones
        .say("whatsapp", "clara", "The last one")
        .await?;
    let (conversation, _) = shop.hears("The last one").await?;
    shop.words(conversation.id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn control_an_honest_proxy_changes_nothing() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "clara", "Honest").await?;
    shop.hears("Honest").await?;
    assert!(
        evil.seen() > 0,
        "the envelopes do not pass through these hands"
    );
    assert_eq!(
        shown(&world, &evil, &shop).await?,
        ["Honest", "The last one"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_envelope_is_one_message() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    evil.does(Deed::RepeatOnce);
    world.phones.say("whatsapp", "clara", "Twice").await?;
    shop.hears("Twice").await?;
    assert_eq!(
        shown(&world, &evil, &shop).await?,
        ["Twice", "The last one"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_envelope_is_asked_for_again_and_not_shown() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    evil.does(Deed::AlterOnce);
    world
        .phones
        .say("whatsapp", "clara", "Untouched in the end")
        .await?;
    shop.hears("Untouched in the end").await?;
    assert_eq!(
        shown(&world, &evil, &shop).await?,
        ["Untouched in the end", "The last one"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_omitted_envelope_is_noticed_and_asked_for_again() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    evil.does(Deed::OmitOnce);
    world.phones.say("whatsapp", "clara", "Left out").await?;
    world
        .phones
        .say("whatsapp", "clara", "And the next")
        .await?;
    shop.hears("Left out").await?;
    let words = shown(&world, &evil, &shop).await?;
    assert_eq!(words, ["Left out", "And the next", "The last one"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_envelopes_are_put_right() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    world.phones.say("whatsapp", "clara", "One").await?;
    world.phones.say("whatsapp", "clara", "Two").await?;
    let both = |state: &serde_json::Value| {
        let deliveries = state["deliveries"].as_array()?;
        let arrived = deliveries.iter().filter(|of| of["state"] == "delivered");
        (arrived.count() >= 2).then_some(())
    };
    world
        .phones
        .until("both to wait at the relay", both)
        .await?;
    evil.does(Deed::Swap);
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.hears("One").await?;
    shop.hears("Two").await?;
    assert_eq!(
        shown(&world, &evil, &shop).await?,
        ["One", "Two", "The last one"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_envelope_is_never_shown() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    evil.does(Deed::Forge);
    world.phones.say("whatsapp", "clara", "True").await?;
    let words = shown(&world, &evil, &shop).await?;
    assert!(
        words
            .iter()
            .all(|words| ["True", "The last one"].contains(&words.as_str())),
        "{words:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_altered_every_time_is_a_gap_and_holds_up_nothing() -> Result<()> {
    let (world, evil, shop) = betrayed(&[Channel::Messenger]).await?;
    evil.does(Deed::AlterAll);
    world
        .phones
        .say("messenger", "clara", "Read from Meta in the end")
        .await?;
    // No envelope passes unharmed: the desktop gives it up, and reads the gap from Messenger's
    // history by itself.
    let (_, message) = shop.hears("Read from Meta in the end").await?;
    assert!(
        message.recovered,
        "it came by the road it cannot have come by"
    );
    assert!(evil.seen() >= 2, "it was asked for once more");
    evil.does(Deed::Honest);
    world.phones.say("messenger", "clara", "Afterwards").await?;
    let (conversation, _) = shop.hears("Afterwards").await?;
    assert_eq!(
        shop.words(conversation.id).await?,
        ["Read from Meta in the end", "Afterwards"]
    );
    Ok(())
}

/// The gaps a thread shows, each with how many messages it speaks of; 0 where nobody counted.
async fn gaps(shop: &Shop, conversation: ConversationId) -> Result<Vec<u32>> {
    let thread = shop.thread(conversation).await?;
    let counts = thread.items.iter().filter_map(|item| match item {
        Item::Gap { count, .. } => Some(*count),
        Item::Message(_) => None,
    });
    Ok(counts.collect())
}

/// A connected shop with a thread, to which the relay now has a word of its own to say.
async fn told_of_a_permission(deed: Deed) -> Result<(World, EvilRelay, Shop, ConversationId)> {
    let (world, evil, shop) = betrayed(&[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    shop.engine.check_connections().await?;
    assert_eq!(gaps(&shop, conversation.id).await?, [] as [u32; 0]);
    let already = evil.seen();
    evil.does(deed);
    let lost = ("permission_lost", "owner pages_read_engagement");
    world.phones.fault(lost.0, lost.1).await?;
    tests::wait::until("the relay's word to pass by", async || {
        Ok((evil.seen() > already).then_some(()))
    })
    .await?;
    Ok((world, evil, shop, conversation.id))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_the_relay_s_own_that_is_altered_every_time_is_a_gap_in_what_it_may_be_about()
-> Result<()> {
    let (world, evil, shop, conversation) = told_of_a_permission(Deed::AlterAll).await?;
    // What it was can be known no more, nor which connection it spoke of: that something may be
    // missing is said, once.
    shop.until("the gap", async |_| {
        Ok((gaps(&shop, conversation).await? == [0]).then_some(()))
    })
    .await?;
    evil.does(Deed::Honest);
    shop.engine.check_connections().await?;
    assert_eq!(
        shown(&world, &evil, &shop).await?,
        ["Before", "The last one"]
    );
    assert_eq!(gaps(&shop, conversation).await?, [0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_word_of_the_relay_s_own_that_arrives_is_no_gap() -> Result<()> {
    for deed in [Deed::Honest, Deed::AlterOnce] {
        let (world, evil, shop, conversation) = told_of_a_permission(deed).await?;
        let words = shown(&world, &evil, &shop).await?;
        assert_eq!(words, ["Before", "The last one"], "{deed:?}");
        shop.engine.check_connections().await?;
        assert_eq!(gaps(&shop, conversation).await?, [] as [u32; 0], "{deed:?}");
    }
    Ok(())
}
