//! The customers' phones, in an ordinary browser: what is done there reaches the shop, and what the
//! shop does is seen there.

use anyhow::{Context, Result};
use domain::{Channel, Delivery};
use engine::read::AttachmentState;
use serde_json::Value;
use tests::page::{Find, Page};
use tests::phones::http;
use tests::seat::{Keyring, Seat};
use tests::shop::{Shop, messages};
use tests::visitor::Visitor;
use tests::world::World;

const CHANNELS: [(Channel, &str); 3] = [
    (Channel::Instagram, "Instagram"),
    (Channel::Messenger, "Messenger"),
    (Channel::Whatsapp, "WhatsApp"),
];

struct Open {
    world: World,
    shop: Shop,
    browser: Visitor,
    _seat: Seat,
}

/// A connected shop, and the phones' page in front of somebody.
async fn open() -> Result<Open> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &CHANNELS.map(|(channel, _)| channel))
        .await?;
    let seat = Seat::take(world.folder(), Keyring::None).await?;
    let browser = Visitor::opens(&seat, world.sandbox().url.as_str()).await?;
    Ok(Open {
        world,
        shop,
        browser,
        _seat: seat,
    })
}

async fn press(page: &Page, around: &Find, name: &str) -> Result<()> {
    let button = Find::named("button", name);
    let pressed = page.find_inside(around, &button).await?.click().await;
    pressed.with_context(|| format!("{name} cannot be pressed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_writes_sends_a_picture_reads_the_answer_and_takes_a_message_back() -> Result<()>
{
    let Open {
        shop,
        browser,
        world,
        _seat,
    } = open().await?;
    let page = browser.page();
    for (_, name) in CHANNELS {
        let phone = Find::named("region", &format!("{name} phone"));
        let list = Find::named("list", &format!("{name} messages"));
        let words = format!("From the {name} phone");
        let field = Find::named("textbox", &format!("Message on {name}"));
        page.write(&field, &words).await.context("writing")?;
        press(page, &phone, "Send").await?;
        let (conversation, _) = shop.hears(&words).await?;
        page.says(&list, &words).await?;

        press(page, &phone, "Send a sample picture").await?;
        shop.until("the picture", async |engine| {
            let thread = engine.thread(conversation.id, None, None, 20).await?;
            let ready = messages(&thread)
                .flat_map(|one| &one.attachments)
                .any(|one| one.state == AttachmentState::Ready);
            Ok(ready.then_some(()))
        })
        .await?;

        let answer = format!("To the {name} phone");
        shop.answer(conversation.id, &answer).await?;
        page.says(&list, &answer).await?;
        page.says(&list, "✓✓ delivered").await?;
        press(page, &phone, "1 new message. Tap to read").await?;
        page.says(&list, "✓✓ read").await?;
        shop.told(&answer, Delivery::Read).await?;

        press(page, &list, "Delete").await?;
        page.says(&list, "You took this message back").await?;
        shop.until("the message to be taken back", async |engine| {
            let thread = engine.thread(conversation.id, None, None, 20).await?;
            let unsent = messages(&thread).any(|one| one.unsent);
            Ok(unsent.then_some(()))
        })
        .await?;
    }
    drop(world);
    browser.leaves().await
}

/// Another than the first in each channel, as the page names them. Mia hides her number.
const OTHERS: [(&str, &str, &str); 3] = [
    ("Instagram", "jonas", "Jonas Brandt"),
    ("Messenger", "layla", "ليلى حدّاد"),
    ("WhatsApp", "mia", "Mia Keller 🌷"),
];

/// Who has said these words, by the sandbox's own book.
async fn said_by(world: &World, words: &str) -> Result<(String, String)> {
    let state = world.phones.state().await?;
    let threads = state.get("conversations").and_then(Value::as_array);
    let threads = threads.context("conversations")?;
    let says = |thread: &&Value| {
        let said = thread.get("messages").and_then(Value::as_array);
        let mut texts = said.into_iter().flatten().map(|one| one.get("text"));
        texts.any(|text| text == Some(&Value::from(words)))
    };
    let saying: Vec<_> = threads.iter().filter(says).collect();
    let [thread] = saying.as_slice() else {
        anyhow::bail!("{words} was not said in one thread: {threads:?}");
    };
    let word = |name: &str| Some(thread.get(name)?.as_str()?.to_owned());
    Ok((
        word("channel").context("a channel")?,
        word("person").context("a person")?,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_is_chosen_on_each_phone_and_writes_and_is_answered() -> Result<()> {
    let Open {
        shop,
        browser,
        world,
        _seat,
    } = open().await?;
    let page = browser.page();
    for (channel, key, person) in OTHERS {
        let phone = Find::named("region", &format!("{channel} phone"));
        let list = Find::named("list", &format!("{channel} messages"));
        page.says(&list, "Clara Whitfield has not written").await?;
        press(page, &phone, person).await?;
        page.says(&list, &format!("{person} has not written"))
            .await?;
        let words = format!("From {key} by {channel}");
        let field = Find::named("textbox", &format!("Message on {channel}"));
        page.write(&field, &words).await.context("writing")?;
        press(page, &phone, "Send").await?;
        page.says(&list, &words).await?;
        let (conversation, message) = shop.hears(&words).await?;
        assert!(message.delivery.is_none(), "not the shop: {message:?}");
        let (on, by) = said_by(&world, &words).await?;
        assert_eq!((on, by.as_str()), (channel.to_lowercase(), key));
        shop.until("the name", async |engine| {
            let name = engine.conversation(conversation.id).await?.name;
            Ok((name == person).then_some(()))
        })
        .await?;

        // The answer is on this one's phone, and on nobody else's.
        let answer = format!("To {key} by {channel}");
        shop.answer(conversation.id, &answer).await?;
        page.says(&list, &answer).await?;
        press(page, &phone, "Clara Whitfield").await?;
        page.says(&list, "Clara Whitfield has not written").await?;
        press(page, &phone, person).await?;
        page.says(&list, &answer).await?;
    }
    // Each phone has stayed with whom it was given to.
    for (channel, key, _) in OTHERS {
        let list = Find::named("list", &format!("{channel} messages"));
        page.says(&list, &format!("From {key} by {channel}"))
            .await?;
    }
    browser.leaves().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_removes_the_app_at_facebook_and_asks_for_deletion() -> Result<()> {
    let Open {
        shop,
        browser,
        world,
        _seat,
    } = open().await?;
    let page = browser.page();
    world.phones.say("messenger", "mia", "Soon gone").await?;
    shop.hears("Soon gone").await?;
    let settings = Find::named("region", "The shop's Facebook settings");
    press(page, &settings, "Remove Shopbell").await?;
    page.says(&settings, "Removed. The relay was told.").await?;
    shop.until("the removal", async |engine| {
        let all = engine.connections().await?;
        Ok(all.iter().all(|one| one.trouble.is_some()).then_some(()))
    })
    .await?;
    press(page, &settings, "Ask for deletion of my data").await?;
    page.says(&settings, "See how far it is").await?;
    shop.until("everything to be erased", async |engine| {
        Ok(engine.connections().await?.is_empty().then_some(()))
    })
    .await?;
    let link = "p.all(document, {role: 'link', is: 'See how far it is', has: null})[0]?.href";
    let link = page.answer(link, "the link to the status page").await?;
    let status = http().get(link.as_str().unwrap_or_default()).send().await?;
    assert_eq!(status.status(), 200);
    browser.leaves().await
}
