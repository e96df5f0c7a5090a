//! The first journey: what a customer does on a phone arrives in the encrypted inbox.

use anyhow::Result;
use domain::Channel;
use domain::inbound::{AttachmentKind, Author};
use engine::read::{AttachmentState, LastKind};
use serde_json::json;
use tests::shop::{Shop, messages};
use tests::world::World;

const ALL: [Channel; 3] = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];

#[tokio::test(flavor = "multi_thread")]
async fn a_text_on_each_channel_arrives_letter_for_letter() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &ALL).await?;
    let said = [
        ("instagram", "clara", "Hi! Do you still have the peonies?"),
        ("messenger", "layla", "مرحباً، هل لديكم باقات لحفل زفاف؟"),
        (
            "whatsapp",
            "misaki",
            "こんにちは。花束をお願いしたいです。🌷👨‍👩‍👧",
        ),
    ];
    for (channel, from, words) in said {
        world.phones.say(channel, from, words).await?;
    }
    for (channel, _, words) in said {
        let (conversation, message) = shop.hears(words).await?;
        assert_eq!(conversation.channel.name(), channel);
        assert_eq!(message.author, Author::Person);
        assert_eq!(conversation.unread, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_has_a_name_and_a_picture() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &ALL).await?;
    world
        .phones
        .say("instagram", "clara", "Hello from Instagram")
        .await?;
    world
        .phones
        .say("messenger", "layla", "Hello from Messenger")
        .await?;
    world
        .phones
        .say("whatsapp", "misaki", "Hello from WhatsApp")
        .await?;
    for (words, name, has_picture) in [
        ("Hello from Instagram", "Clara Whitfield", true),
        ("Hello from Messenger", "ليلى حدّاد", true),
        // WhatsApp tells a name with the message and never a picture.
        ("Hello from WhatsApp", "田中 美咲", false),
    ] {
        let (conversation, _) = shop.hears(words).await?;
        let row = shop
            .until(&format!("{name}'s name"), async |engine| {
                let row = engine.conversation(conversation.id).await?;
                Ok((row.name == name && row.picture.is_some() == has_picture).then_some(row))
            })
            .await?;
        if let Some(picture) = row.picture {
            let media = shop.engine.media(picture, None).await?;
            assert!(
                media.content_type.starts_with("image/"),
                "{}",
                media.content_type
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_arrives_on_each_channel_and_is_kept_encrypted() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &ALL).await?;
    for channel in ["instagram", "messenger", "whatsapp"] {
        world
            .phones
            .send_picture(channel, "sofia", "bouquet")
            .await?;
    }
    for channel in ALL {
        let picture = shop
            .until(
                &format!("the picture on {}", channel.name()),
                async |engine| {
                    for row in engine
                        .conversations(engine::read::Filter::All, None, 50)
                        .await?
                        .rows
                    {
                        let thread = engine.thread(row.id, None, None, 50).await?;
                        let found = messages(&thread)
                            .flat_map(|message| &message.attachments)
                            .find(|one| one.state == AttachmentState::Ready)
                            .cloned();
                        if row.channel == channel && found.is_some() {
                            return Ok(found);
                        }
                    }
                    Ok(None)
                },
            )
            .await?;
        assert_eq!(picture.kind, AttachmentKind::Picture);
        let media = shop
            .engine
            .media(picture.full.expect("it is ready"), None)
            .await?;
        assert!(media.total > 1_000, "{} bytes", media.total);
        assert!(media.content_type == "image/jpeg" || media.content_type == "image/png");
        // A part of it, as the window asks for one.
        let part = shop
            .engine
            .media(picture.full.expect("it is ready"), Some(10..20))
            .await?;
        assert_eq!(part.bytes, media.bytes[10..20]);
    }
    let jpeg: &[u8] = &[0xff, 0xd8, 0xff];
    for file in tests::files::under(shop.folder())? {
        let bytes = std::fs::read(&file)?;
        assert!(
            !bytes.starts_with(jpeg),
            "{} lies there readable",
            file.display()
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_wrote_by_phone_is_shown_as_such() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    for channel in ["instagram", "messenger"] {
        let question = format!("Are you open? ({channel})");
        let answer = format!("Until six! ({channel})");
        world.phones.say(channel, "jonas", &question).await?;
        shop.hears(&question).await?;
        world
            .phones
            .answer_by_phone(channel, "jonas", &answer)
            .await?;
        let (conversation, message) = shop.hears(&answer).await?;
        assert!(message.from_phone);
        assert_eq!(message.author, Author::Shop);
        assert_eq!(shop.words(conversation.id).await?, [question, answer]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_taken_back_leaves_nothing_of_itself() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram]).await?;
    let words = "A secret that slipped out";
    let id = world.phones.say("instagram", "omar", words).await?;
    let (conversation, message) = shop.hears(words).await?;
    world.phones.unsend("instagram", "omar", &id).await?;
    shop.until("the message to be taken back", async |engine| {
        let thread = engine.thread(conversation.id, None, None, 50).await?;
        let now = messages(&thread).find(|one| one.id == message.id).cloned();
        Ok(now.filter(|now| now.unsent && now.text.is_none()).map(drop))
    })
    .await?;
    let found = shop.engine.search("slipped".to_owned(), 10).await?;
    assert!(found.messages.is_empty(), "search still knows it");
    assert_eq!(
        shop.conversations().await?[0].last.as_ref().map(|l| l.kind),
        Some(LastKind::Unsent)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_and_read_marks_are_seen() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    let id = world
        .phones
        .say("messenger", "lucia", "¡Mil gracias!")
        .await?;
    let (conversation, _) = shop.hears("¡Mil gracias!").await?;
    shop.answer(conversation.id, "De nada").await?;
    shop.told("De nada", domain::Delivery::Delivered).await?;
    world.phones.read("messenger", "lucia").await?;
    shop.told("De nada", domain::Delivery::Read).await?;
    world.phones.react("messenger", "lucia", &id, "❤").await?;
    shop.until("the heart", async |engine| {
        let thread = engine.thread(conversation.id, None, None, 50).await?;
        let heart =
            messages(&thread).any(|one| one.reactions.iter().any(|r| r.emoji.contains('❤')));
        Ok(heart.then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_kept_and_shown_and_blocks_nothing() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let connections = shop.connect(&world, &[Channel::Whatsapp]).await?;
    let now = world.clock.now() / 1_000;
    let strange = json!({"object": "whatsapp_business_account", "entry": [{
        "id": "382910475561204",
        "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": [{"profile": {"name": "健"}, "wa_id": "818098765432"}],
            "messages": [{"from": "818098765432", "id": "wamid.STRANGE", "timestamp": now.to_string(),
                          "type": "hologram", "hologram": {"depth": 3}}],
        }}],
    }]});
    let (status, _) = world
        .phones
        .webhook(serde_json::to_vec(&strange)?, "")
        .await?;
    assert_eq!(status, 200);
    world
        .phones
        .say("whatsapp", "ken", "Did you get my hologram?")
        .await?;
    let (conversation, _) = shop.hears("Did you get my hologram?").await?;
    let thread = shop.thread(conversation.id).await?;
    assert!(
        messages(&thread).any(|one| one.unsupported.is_some()),
        "{:?}",
        thread.items
    );
    let connection = shop.engine.connections().await?.remove(0);
    assert_eq!(
        (connection.id, connection.unsupported),
        (connections[0].id, 1)
    );
    Ok(())
}
