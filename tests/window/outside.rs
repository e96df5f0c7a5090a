//! What passes between the window and the desktop around it: notifications, the browser, a second
//! start, and the look of the first frame.

use std::path::Path;

use anyhow::{Context, Result};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests::axe;
use tests::counter::Counter;
use tests::notices::Notices;
use tests::page::{Find, Page};

use crate::looks;

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_says_who_wrote_and_opens_the_conversation() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    let notices = Notices::at(&counter.seat).await?;
    looks_away(page).await?;
    phones.say("whatsapp", "jonas", "Guten Tag").await?;
    notices.saying("Guten Tag").await?;
    let words = "Do you have \u{202e}peonies?";
    phones.say("instagram", "clara", words).await?;
    let notice = notices.saying("Do you have peonies?").await?;
    assert_eq!(notice.title, "Clara Whitfield");
    assert_eq!(page.count(&Find::named("log", "Messages")).await?, 0);
    notices.press(&notice).await?;
    owner.reads("Do you have peonies?").await?;
    page.find(&Find::named("textbox", "Reply")).await.map(drop)
}

/// Whoever looks at the window is told nothing. Where no window manager says who has the focus the
/// pointer does, and that rests in the middle of the screen: beside a window of less than half of it.
pub(crate) async fn looks_away(page: &Page) -> Result<()> {
    page.client().set_window_size(700, 800).await?;
    let gone = "!document.hasFocus()";
    page.answer(gone, "the window to be left").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_off_when_the_owner_says_so() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    let notices = Notices::at(&counter.seat).await?;
    looks_away(page).await?;
    owner.settings("General").await?;
    let switch = Find::with("switch", "Notifications");
    let set = |on: bool| {
        format!(
            "p.all(document, {{role: 'switch', is: null, has: 'Notifications'}})[0]?.checked === {on}"
        )
    };
    page.click(&switch).await?;
    page.answer(&set(false), "the switch to be off").await?;
    phones.say("whatsapp", "jonas", "Unheard").await?;
    owner.inbox().await?;
    owner.sees_row("Unheard").await?;
    owner.settings("General").await?;
    page.click(&switch).await?;
    page.answer(&set(true), "the switch to be on").await?;
    phones.say("whatsapp", "jonas", "Heard").await?;
    notices.saying("Heard").await?;
    let all: Vec<String> = notices
        .all()
        .into_iter()
        .map(|notice| notice.body)
        .collect();
    assert_eq!(all, ["Heard"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_its_host_and_opens_only_when_that_is_wanted() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    let opened = counter.browser_writes_down()?;
    let words = "See https://shop.example@xn--e1afmkfd.com/menu please";
    phones.say("instagram", "omar", words).await?;
    owner.opens("Omar").await?;
    let (link, dialog) = (
        Find::with("link", "xn--e1afmkfd.com"),
        Find::named("dialog", "Open this link?"),
    );
    page.click(&link).await?;
    let said = page.says(&dialog, "xn--e1afmkfd.com").await?;
    assert!(!said.contains("shop.example"), "{said}");
    page.says(&dialog, "mixes letters").await?;
    owner.presses(Key::Escape).await?;
    page.gone(&dialog).await?;
    page.click(&link).await?;
    page.says(&dialog, "xn--e1afmkfd.com").await?;
    page.press("Open in the browser").await?;
    page.gone(&dialog).await?;
    assert_eq!(asked_for(&opened).await?, "https://xn--e1afmkfd.com/menu\n");
    Ok(())
}

/// What the browser was asked to open.
async fn asked_for(opened: &Path) -> Result<String> {
    tests::wait::until("the browser", async || {
        Ok(std::fs::read_to_string(opened)
            .ok()
            .filter(|text| text.ends_with('\n')))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_stand_in_the_platform_s_own_page_is_the_customers_phones() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    let opened = counter.browser_writes_down()?;
    counter.world.phones.say("messenger", "jonas", "Hi").await?;
    owner.opens("Jonas").await?;
    page.press("Open in Messenger").await?;
    let address = asked_for(&opened).await?;
    let address = address.trim_end();
    assert_eq!(address, counter.world.sandbox().url.join("/")?.as_str());
    let answer = tests::phones::http().get(address).send().await?;
    assert!(answer.status().is_success(), "{}", answer.status());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_hands_its_link_to_the_first_and_ends() -> Result<()> {
    let counter = Counter::open().await?;
    let page = counter.page()?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    let link = "shopbell://relay?url=https%3A%2F%2Frelay.example.com%2F";
    let ended = counter.starts_again(&[link]).await?;
    assert!(ended.success(), "{ended}");
    let address = "p.all(document, {role: 'textbox', is: 'Relay address', has: null})[0]?.value";
    let address = page.answer(address, "the address of the link").await?;
    assert!(
        address
            .as_str()
            .is_some_and(|text| text.contains("relay.example.com")),
        "{address}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_has_the_look_that_was_chosen() -> Result<()> {
    let mut counter = Counter::open().await?;
    let page = counter.page()?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    assert_eq!(page.now("location.search").await?, "");
    // It was opened unseen, until its page was there.
    let seen = page.now("document.visibilityState").await?;
    assert_eq!(seen, "visible");
    looks::wear(page, "dark", "arabic").await?;
    // Locked, so that nothing but the small plain file can know.
    counter.close().await?;
    counter.seat.unlock("not the password").await?;
    counter.reopen().await?;
    let page = counter.page()?;
    page.find(&Find::any("button")).await?;
    assert_eq!(page.now("location.search").await?, "?theme=dark&lang=ar");
    let look = "[document.documentElement.dataset.theme, document.documentElement.lang, \
                document.documentElement.dir]";
    assert_eq!(page.now(look).await?, json!(["dark", "ar", "rtl"]));
    let words = page.now("document.querySelector('h1').textContent").await?;
    assert!(
        words.as_str().context("a heading")?.contains('م'),
        "{words}"
    );
    looks::keep(page, "keychain-locked-arabic").await?;
    axe::check(page, "locked keychain (dark, Arabic)").await?;
    counter.seat.unlock("test").await?;
    counter.page()?.click(&Find::any("button")).await?;
    let open = "p.all(document, {role: 'button', is: null, has: 'محلي'}).length > 0 || \
                p.all(document, {role: 'button', is: null, has: 'متجر'}).length > 0";
    assert_eq!(
        counter.page()?.answer(open, "the first run again").await?,
        Value::Bool(true)
    );
    Ok(())
}
