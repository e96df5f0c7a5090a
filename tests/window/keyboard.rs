//! The whole job without a mouse, and signing in again in place.

use anyhow::{Context, Result};
use fantoccini::key::Key;
use tests::counter::Counter;
use tests::page::Find;

use crate::journey::{log, taken};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_run_to_the_wipe_no_mouse_is_needed() -> Result<()> {
    let counter = Counter::open().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    connects(&counter).await?;
    phones.say("instagram", "clara", "Without a mouse?").await?;
    owner.sees_row("Without a mouse?").await?;
    page.keys("j").await?;
    owner.reads("Without a mouse?").await?;
    page.keys("r").await?;
    let writing = "document.activeElement?.tagName === 'TEXTAREA'";
    page.answer(writing, "the composer").await?;
    page.keys("Without one.").await?;
    owner.presses(Key::Enter).await?;
    owner.reads("Without one.").await?;
    phones
        .until("the answer", |state| {
            (taken(state, "Without one.") == 1).then_some(())
        })
        .await?;

    owner.presses(Key::Escape).await?;
    page.keys(&format!("{},", char::from(Key::Control))).await?;
    page.find(&Find::named("region", "Connections")).await?;
    page.find(&Find::any("article")).await?;
    let cards = page.count(&Find::any("article")).await?;
    page.enters("Disconnect and wipe").await?;
    page.find(&Find::named("dialog", "Disconnect and wipe"))
        .await?;
    let name = "document.querySelector('label[for=typed] b')?.textContent";
    let name = page.answer(name, "the name to type").await?;
    page.tabs_to(&Find::named("textbox", "Type the name to confirm"))
        .await?;
    page.keys(name.as_str().context("a name")?).await?;
    page.enters("Wipe now").await?;
    page.find(&Find::named("dialog", "Deletion receipt"))
        .await?;
    page.enters("Back to the inbox").await?;
    page.find(&Find::named("region", "Inbox")).await?;
    page.keys(&format!("{},", char::from(Key::Control))).await?;
    page.find(&Find::any("article")).await?;
    tests::wait::until("one card less", async || {
        let left = page.count(&Find::any("article")).await?;
        Ok((left + 1 == cards).then_some(()))
    })
    .await
}

/// From the first run to the inbox.
async fn connects(counter: &Counter) -> Result<()> {
    let (owner, page) = (counter.owner()?, counter.page()?);
    page.enters("Connect my shop").await?;
    page.tabs_to(&Find::named("textbox", "Relay address"))
        .await?;
    // What was suggested is overwritten.
    page.keys(&format!("{}a", char::from(Key::Control))).await?;
    page.keys(counter.world.relay_url().as_str()).await?;
    owner.presses(Key::Enter).await?;
    page.find(&Find::named("list", "The relay’s words")).await?;
    page.enters("They match").await?;
    page.enters("Continue in the browser").await?;
    // One account is unticked and ticked again, where the focus is.
    let first = "p.all(document, {role: 'option', is: null, has: null})\
                 .filter((o) => o === document.activeElement)\
                 .map((o) => o.getAttribute('aria-selected'))[0]";
    for ticked in ["false", "true"] {
        page.find(&Find::named("listbox", "Accounts found")).await?;
        page.keys(" ").await?;
        page.answer(&format!("({first}) === '{ticked}'"), "the tick to change")
            .await?;
    }
    page.enters("Connect").await?;
    page.find(&Find::named("region", "Inbox")).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_happens_in_place_and_leaves_every_word() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.say("messenger", "sofia", "Before it ended").await?;
    owner.opens("Sofia").await?;
    owner.answers("Answered before").await?;
    owner.reads("Delivered").await?;
    phones.fault("token_expired", "owner").await?;
    owner.answers("Not yet").await?;
    page.says(&log(), "The sign-in at Facebook has ended")
        .await?;
    phones.say("messenger", "sofia", "Still coming in").await?;
    owner.reads("Still coming in").await?;

    owner.settings("Connections").await?;
    let cards = page.count(&Find::any("article")).await?;
    let card = Find::with("article", "Messenger");
    let again = Find::named("button", "Sign in again");
    page.find_inside(&card, &again).await?.click().await?;
    // Nothing is chosen a second time: everything is well again by itself, and where it was.
    page.find(&Find::with("heading", "All connections work"))
        .await?;
    owner.settings("Connections").await?;
    assert_eq!(page.count(&Find::any("article")).await?, cards);
    assert_eq!(page.count(&again).await?, 0);
    owner.inbox().await?;
    owner.opens("Sofia").await?;
    for words in ["Before it ended", "Answered before", "Still coming in"] {
        owner.reads(words).await?;
    }
    page.press("Try again").await?;
    phones
        .until("the answer that failed", |state| {
            (taken(state, "Not yet") == 1).then_some(())
        })
        .await
}
