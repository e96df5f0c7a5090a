//! What an owner does every day, through the window.

use anyhow::{Context, Result};
use fantoccini::key::Key;
use serde_json::Value;
use tests::counter::Counter;
use tests::page::Find;

pub(crate) fn log() -> Find {
    Find::named("log", "Messages")
}

/// How often the shop's answer reached the platform.
pub(crate) fn taken(state: &Value, words: &str) -> usize {
    let sent = state["sent"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    sent.iter().filter(|sent| sent["text"] == words).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_channels_are_connected_written_on_and_answered() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    for (channel, from, name, question, answer) in [
        (
            "instagram",
            "clara",
            "Clara Whitfield",
            "Do you have peonies?",
            "Yes, pink ones.",
        ),
        (
            "messenger",
            "layla",
            "ليلى حدّاد",
            "كم سعر باقة الورد؟",
            "من ٢٠ ديناراً",
        ),
        (
            "whatsapp",
            "misaki",
            "田中 美咲",
            "花束をお願いします。🌷",
            "かしこまりました。",
        ),
    ] {
        counter.world.phones.say(channel, from, question).await?;
        owner.sees_row(name).await?;
        owner.opens(name).await?;
        owner.reads(question).await?;
        page.says(
            &Find::named("group", "Messages"),
            "Messages from before you connected are not here",
        )
        .await?;
        owner.answers(answer).await?;
        let phones = &counter.world.phones;
        phones
            .until("the answer on the phone", |state| {
                (taken(state, answer) == 1).then_some(())
            })
            .await?;
        // Instagram tells only when an answer was read.
        owner
            .reads(if channel == "instagram" {
                "Sent"
            } else {
                "Delivered"
            })
            .await?;
        phones.read(channel, from).await?;
        owner.reads("Read").await?;
        page.find(&Find::named("region", "Person")).await?;
    }
    assert_eq!(page.count(&Find::any("option")).await?, 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_accounts_that_were_ticked_are_connected() -> Result<()> {
    let counter = Counter::open().await?;
    let owner = counter.owner()?;
    owner.logs_in(counter.world.relay_url().as_str()).await?;
    owner.chooses(&["WhatsApp"]).await?;
    counter
        .world
        .phones
        .say("instagram", "clara", "Is anybody there?")
        .await?;
    counter
        .world
        .phones
        .say("whatsapp", "jonas", "Guten Tag")
        .await?;
    owner.sees_row("Guten Tag").await?;
    assert_eq!(counter.page()?.count(&Find::any("option")).await?, 1);
    owner.settings("Connections").await?;
    let page = counter.page()?;
    assert_eq!(page.count(&Find::any("article")).await?, 1);
    // What arrived is its last event; nothing was ever sent.
    for (fact, fits) in [
        ("Last event", " !== 'None yet'"),
        ("Last sent", " === 'None yet'"),
        ("Sign-in lasts", ".endsWith('more days')"),
    ] {
        let told = format!(
            "[...document.querySelectorAll('article dt')].some((dt) => dt.textContent === '{fact}'
                && dt.nextElementSibling.textContent.trim(){fits})"
        );
        page.answer(&told, fact).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_permission_and_a_page_without_rights_are_explained() -> Result<()> {
    let counter = Counter::open().await?;
    let grants = "pages_show_list,pages_manage_metadata,pages_messaging,pages_read_engagement,\
                  business_management";
    counter.logs_in_with(&[("SHOPBELL_WALK_GRANT", grants)])?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    owner.logs_in(counter.world.relay_url().as_str()).await?;
    page.find(&Find::with("option", "One permission was left unticked"))
        .await?;
    counter.logs_in_with(&[("SHOPBELL_WALK_USER", "employee")])?;
    page.press("Go back and tick it").await?;
    page.find(&Find::with(
        "option",
        "may not answer messages on this Page",
    ))
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_answer_stays_with_its_reason_and_can_be_tried_again() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones
        .say("messenger", "sofia", "Olá! Vocês têm girassóis?")
        .await?;
    owner.opens("Sofia").await?;
    phones.fault("blocked", "messenger sofia").await?;
    owner.answers("Temos, sim.").await?;
    page.says(&log(), "cannot be written to on this account")
        .await?;
    phones.heal().await?;
    page.press("Try again").await?;
    phones
        .until("the answer", |state| {
            (taken(state, "Temos, sim.") == 1).then_some(())
        })
        .await?;
    owner.reads("Delivered").await?;
    let said = page.said(&log()).await?.context("the log")?;
    assert!(!said.contains("Not sent"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_can_be_taken_back_while_it_is_held() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    counter
        .world
        .phones
        .say("whatsapp", "omar", "What does delivery cost?")
        .await?;
    owner.opens("Omar").await?;
    page.write(&Find::named("textbox", "Reply"), "A fortune")
        .await?;
    page.press("Send").await?;
    page.click(&Find::with("button", "Undo")).await?;
    let field = "document.querySelector('textarea')?.value === 'A fortune'";
    page.answer(field, "the words to be a draft again").await?;
    assert_eq!(taken(&counter.world.phones.state().await?, "A fortune"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_people_and_words_and_leads_to_them() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones
        .say("instagram", "clara", "The peonies were lovely")
        .await?;
    phones
        .say("whatsapp", "jonas", "Ist der Kranz fertig?")
        .await?;
    owner.sees_row("Kranz").await?;
    owner.sees_row("peonies").await?;
    owner.searches("peon").await?;
    page.click(&Find::with("option", "peonies")).await?;
    owner.reads("The peonies were lovely").await?;
    owner.searches("Brandt").await?;
    page.find(&Find::with("option", "Jonas Brandt")).await?;
    owner.searches("nothing of the kind").await?;
    page.answer(
        "document.body.innerText.includes('Nothing found')",
        "that it is said",
    )
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_messages_drafts_and_unread_counts() -> Result<()> {
    let mut counter = Counter::connected().await?;
    let owner = counter.owner()?;
    counter
        .world
        .phones
        .say("messenger", "lucia", "¿Hacéis envíos hoy?")
        .await?;
    counter
        .world
        .phones
        .say("whatsapp", "ken", "配達の時間は?")
        .await?;
    owner.opens("Lucía").await?;
    owner.sees_row("1 unread").await?;
    counter
        .page()?
        .write(&Find::named("textbox", "Reply"), "Sí, hasta las")
        .await?;
    owner.sees_row("Draft").await?;
    counter.reopen().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    owner.sees_row("1 unread").await?;
    owner.opens("Lucía").await?;
    owner.reads("¿Hacéis envíos hoy?").await?;
    let field = "document.querySelector('textarea')?.value === 'Sí, hasta las'";
    page.answer(field, "the draft").await?;
    // What came while it was closed is there as well, and messages go on arriving.
    counter.close().await?;
    counter
        .world
        .phones
        .say("whatsapp", "ken", "午後三時以降で")
        .await?;
    counter.reopen().await?;
    counter.owner()?.sees_row("午後三時以降で").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_seen_is_read_here_and_at_the_platform() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    counter
        .world
        .phones
        .say("messenger", "jonas", "Guten Tag")
        .await?;
    owner.sees_row("1 unread").await?;
    owner.opens("Jonas").await?;
    page.gone(&Find::with("option", "unread")).await?;
    counter
        .world
        .phones
        .until("the platform to know", |state| {
            let threads = state["conversations"].as_array()?;
            threads
                .iter()
                .any(|of| of["seen_by_shop_at"].is_number())
                .then_some(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_day_goes_by_keyboard() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.say("instagram", "clara", "First").await?;
    phones.say("whatsapp", "jonas", "Second").await?;
    owner.sees_row("First").await?;
    owner.sees_row("Second").await?;
    page.keys("j").await?;
    page.find(&log()).await?;
    page.keys("r").await?;
    page.answer(
        "document.activeElement?.tagName === 'TEXTAREA'",
        "the composer",
    )
    .await?;
    page.keys("Typed by hand").await?;
    owner.presses(Key::Enter).await?;
    page.says(&log(), "Typed by hand").await?;
    phones
        .until("the answer", |state| {
            (taken(state, "Typed by hand") == 1).then_some(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_one_leaves_its_sibling_and_a_callback_erases_the_rest() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.say("instagram", "clara", "Soon forgotten").await?;
    phones.say("messenger", "jonas", "Kept").await?;
    owner.sees_row("Soon forgotten").await?;
    owner.sees_row("Kept").await?;
    owner.asks_to_wipe("Instagram").await?;
    let field = Find::named("textbox", "Type the name to confirm");
    page.write(&field, "not its name").await?;
    let asleep = "p.all(document, {role: 'button', is: 'Wipe now', has: null})[0]?.disabled";
    assert_eq!(page.now(asleep).await?, Value::Bool(true));
    let receipt = owner.confirms().await?;
    for name in ["Clara", "fern.and.ribbon", "Fern & Ribbon"] {
        assert!(!receipt.contains(name), "{receipt}");
    }
    page.press("Back to the inbox").await?;
    phones.say("messenger", "jonas", "Are you there?").await?;
    owner.sees_row("Are you there?").await?;
    owner.opens("Jonas").await?;
    owner.reads("Are you there?").await?;
    assert_eq!(page.count(&Find::with("option", "Clara")).await?, 0);
    owner.answers("We are").await?;
    phones
        .until("the answer", |state| {
            (taken(state, "We are") == 1).then_some(())
        })
        .await?;
    owner.settings("Privacy and account").await?;
    page.find(&Find::named("list", "Deletion receipts")).await?;
    phones.ask_for_deletion("owner").await?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    let vaults = tests::files::under(&counter.data().join("vaults"))?;
    assert!(vaults.is_empty(), "{vaults:?}");
    Ok(())
}
