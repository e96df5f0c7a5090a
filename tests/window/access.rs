//! axe finds nothing on any screen, in light, dark and Arabic.

use anyhow::{Result, ensure};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests::counter::Counter;
use tests::page::Find;
use tests::phones::Phones;

use crate::looks;

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_run_to_the_empty_inbox() -> Result<()> {
    let counter = Counter::open().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    page.find(&Find::named("button", "Connect my shop")).await?;
    looks::check(page, "first-run").await?;
    page.press("Connect my shop").await?;
    page.find(&Find::named("textbox", "Relay address")).await?;
    looks::check(page, "relay").await?;
    owner.meets(counter.world.relay_url().as_str()).await?;
    page.find(&Find::named("button", "Continue in the browser"))
        .await?;
    looks::check(page, "sign-in").await?;
    page.press("Continue in the browser").await?;
    page.find(&Find::named("listbox", "Accounts found")).await?;
    looks::check(page, "account-choice").await?;
    owner
        .chooses(&["Instagram", "Fern & Ribbon Messenger", "WhatsApp"])
        .await?;
    looks::check(page, "inbox-empty").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_full_and_a_thread_with_each_kind_of_trouble() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    for (channel, from, words) in [
        (
            "instagram",
            "clara",
            "Hi! Do you still have the peonies from your story?",
        ),
        ("messenger", "layla", "مرحباً، هل لديكم باقات لحفل زفاف؟"),
        ("whatsapp", "misaki", "こんにちは。花束をお願いしたいです。"),
        ("messenger", "sofia", "Olá! Vocês têm girassóis?"),
        ("whatsapp", "mia", "🌷🌷🌷 bitte!!"),
        ("instagram", "omar", "See https://example.com/menu please"),
    ] {
        phones.say(channel, from, words).await?;
        owner
            .sees_row(words.split(' ').next().unwrap_or(words))
            .await?;
    }
    looks::check(page, "inbox-full").await?;

    // Delivered; not sent; not confirmed, and it stays so: Messenger does not say what it has. The
    // other reasons differ in their words alone, and stand in the pages' tests.
    phones.send_picture("messenger", "sofia", "bouquet").await?;
    owner.opens("Sofia").await?;
    owner.answers("Temos vinte.").await?;
    owner.reads("Delivered").await?;
    phones.fault("blocked", "messenger sofia").await?;
    owner.answers("Ainda está aí?").await?;
    owner.reads("Not sent").await?;
    phones
        .fault_with(json!({"kind": "blocked", "where": "messenger sofia", "count": 0}))
        .await?;
    phones
        .fault_with(json!({"kind": "unavailable", "where": "conversations", "count": 1_000}))
        .await?;
    phones.fault("drop_after_accept", "messenger").await?;
    phones.fault("echo_never", "messenger").await?;
    owner.answers("Chegou?").await?;
    owner.reads("Not confirmed").await?;
    looks::check(page, "thread-trouble").await?;
    owner.reads("Not confirmed").await?;
    phones.heal().await?;

    phones.fault("message_too_old", "whatsapp misaki").await?;
    owner.opens("田中").await?;
    owner.answers("遅くなりました").await?;
    owner.reads("The reply window had closed").await?;
    let closed = "['Closed until', 'WhatsApp says that it is over', 'Its word decides'].every(         (words) => document.body.innerText.includes(words))";
    page.answer(closed, "the counter says what WhatsApp says")
        .await?;
    looks::check(page, "thread-window-closed").await?;
    phones
        .say("whatsapp", "misaki", "まだ間に合いますか")
        .await?;
    page.find(&Find::named("textbox", "Reply")).await?;

    owner.opens("Omar").await?;
    page.click(&Find::with("link", "example.com")).await?;
    page.find(&Find::any("dialog")).await?;
    looks::check(page, "link").await?;
    owner.presses(Key::Escape).await?;
    page.gone(&Find::any("dialog")).await
}

/// A message of a kind that nobody knows yet, signed as Meta signs.
async fn hologram(phones: &Phones) -> Result<()> {
    let unknown = json!({"object": "whatsapp_business_account", "entry": [{
        "id": "382910475561204",
        "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": [{"profile": {"name": "健"}, "wa_id": "818098765432"}],
            "messages": [{"from": "818098765432", "id": "wamid.STRANGE", "timestamp": "1763900000",
                          "type": "hologram", "hologram": {"depth": 3}}],
        }}],
    }]});
    let (status, _) = phones.webhook(serde_json::to_vec(&unknown)?, "").await?;
    ensure!(status == 200, "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_with_what_is_not_there_or_not_understood() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    hologram(phones).await?;
    let taken_back = phones.say("whatsapp", "ken", "Forget this").await?;
    phones.say("whatsapp", "ken", "Still there?").await?;
    owner.opens("Still there?").await?;
    owner.reads("This cannot be shown yet").await?;
    phones.unsend("whatsapp", "ken", &taken_back).await?;
    owner.reads("took this message back").await?;
    phones.fault("unsubscribe", "whatsapp").await?;
    phones.say("whatsapp", "ken", "Never delivered").await?;
    owner.settings("Connections").await?;
    page.press("Look now").await?;
    owner.inbox().await?;
    owner.opens("Still there?").await?;
    owner.reads("Some messages may be missing here").await?;
    looks::check(page, "thread-missing").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_settings_the_wipe_and_its_receipt() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.send_picture("instagram", "clara", "bouquet").await?;
    owner.opens("Clara").await?;
    owner.sees_a_picture().await?;
    looks::check(page, "thread-picture").await?;
    owner.opens_the_picture().await?;
    looks::check(page, "picture-large").await?;
    owner.presses(Key::Escape).await?;
    phones
        .say("instagram", "clara", "The peonies were lovely")
        .await?;
    owner.reads("The peonies were lovely").await?;
    owner.searches("peon").await?;
    page.find(&Find::with("option", "peonies")).await?;
    looks::check(page, "search").await?;
    owner
        .fills(&Find::named("searchbox", "Search"), "nothing of the kind")
        .await?;
    page.gone(&Find::any("option")).await?;
    looks::check(page, "search-nothing").await?;
    owner.inbox().await?;
    for (section, name) in [
        ("Connections", "settings-connections"),
        ("General", "settings-general"),
        ("Privacy and account", "settings-privacy"),
    ] {
        owner.settings(section).await?;
        if section == "Connections" {
            page.press("Look now").await?;
            let looked = "document.body.innerText.includes('Last looked at everything less than')";
            page.answer(looked, "when it was looked at").await?;
        }
        looks::check(page, name).await?;
    }
    owner.asks_to_wipe("Instagram").await?;
    looks::check(page, "wipe").await?;
    owner.confirms().await?;
    // Short, it lies inside the window; whole, it scrolls inside.
    let fits = "(() => { const box = document.querySelector('dialog article');\
        const { top, bottom } = box.getBoundingClientRect();\
        const whole = box.querySelector('details').open;\
        return top >= 0 && bottom <= innerHeight\
          && box.scrollHeight > box.clientHeight === whole; })()";
    let opens = "(document.querySelector('dialog article details').open =";
    for whole in ["true", "false"] {
        page.now(&format!("{opens} {whole})")).await?;
        let shown = page.now(fits).await?;
        assert_eq!(shown, Value::Bool(true), "the receipt, whole: {whole}");
    }
    looks::check(page, "receipt").await?;
    page.press("Back to the inbox").await?;
    owner.settings("Privacy and account").await?;
    page.find(&Find::named("list", "Deletion receipts")).await?;
    looks::check(page, "receipts").await
}
