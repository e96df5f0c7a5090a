//! Hundreds of hostile and merely odd texts in the real window: each is shown as it was written, none
//! is run, and none breaks out of its place.

use anyhow::{Result, bail, ensure};
use naughty_strings::BLNS;
use serde_json::{Value, json};
use tests::counter::Counter;
use tests::page::{Find, Page};

/// How many texts each person writes: a thread shows as many at once.
const EACH: usize = 50;

/// Markup that would run if it were markup.
fn scripts() -> Vec<String> {
    let mut all = Vec::new();
    for tag in [
        "img", "svg", "body", "video", "audio", "iframe", "input", "details", "marquee", "math",
        "object", "a",
    ] {
        for event in [
            "onerror",
            "onload",
            "onfocus",
            "ontoggle",
            "onstart",
            "onclick",
            "onmouseover",
            "onanimationstart",
            "onpointerenter",
            "onloadstart",
        ] {
            all.push(format!(
                "<{tag} src=x open autofocus {event}=\"window.pwned=1\">"
            ));
        }
    }
    all
}

/// Everything that is said: a person for each fifty, and who is called by something odd.
fn webhook(people: &[(String, Vec<String>)], at: i64) -> Value {
    let number = |of: usize| format!("4477009{of:05}");
    let contacts: Vec<Value> = (people.iter().enumerate())
        .map(|(of, (name, _))| json!({"profile": {"name": name}, "wa_id": number(of)}))
        .collect();
    let said = people.iter().enumerate().flat_map(|(of, (_, texts))| {
        texts.iter().enumerate().map(move |(nth, text)| {
            json!({"from": number(of), "id": format!("wamid.{of}.{nth}"), "type": "text",
                   "timestamp": (at / 1_000).to_string(), "text": {"body": text}})
        })
    });
    json!({"object": "whatsapp_business_account", "entry": [{
        "id": "382910475561204",
        "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": contacts,
            "messages": said.collect::<Vec<_>>(),
        }}],
    }]})
}

/// What turns its neighbours is not shown, and everything else is. What keeps words on their line has
/// no width and says nothing.
fn shown(text: &str) -> String {
    let turns = |sign: char| matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = |sign: &char| !turns(*sign) && *sign != '\u{200c}';
    text.chars().filter(plain).collect()
}

/// The texts of the open thread.
async fn texts(page: &Page) -> Result<Vec<String>> {
    let look = "[...document.querySelectorAll('[role=log] [data-message] .text')]\
        .map((text) => text.textContent)";
    let said: Vec<String> = serde_json::from_value(page.now(look).await?)?;
    Ok(said.iter().map(|text| shown(text)).collect())
}

/// Nothing was run, nothing became an element, and nothing is wider than its place.
async fn holds(page: &Page) -> Result<()> {
    let run = page.now("typeof window.pwned").await?;
    ensure!(run == "undefined", "a customer's script ran");
    let elements = "document.querySelectorAll('[role=log] :is(script, iframe, object, video, audio, \
        input, details, marquee, math, form, style, link, meta, [onerror], [onload])').length";
    ensure!(page.now(elements).await? == 0, "markup became elements");
    let wide = "[...document.querySelectorAll('body, [role=log], [role=log] [data-message], \
        [role=option]')].filter((place) => place.scrollWidth > place.clientWidth + 1)\
        .map((place) => place.textContent.slice(0, 200))";
    let wide = page.now(wide).await?;
    ensure!(wide == json!([]), "too wide: {wide}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_hostile_texts_are_shown_as_written_and_none_is_run() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    // Who gets a script to run will most likely ask for one of these.
    page.now("(window.alert = window.prompt = window.confirm = () => { window.pwned = 1 }, 0)")
        .await?;
    let odd = BLNS.iter().filter(|text| !text.trim().is_empty());
    let odd: Vec<String> = odd.map(|text| (*text).to_owned()).collect();
    let mut all = scripts();
    all.extend(odd.iter().cloned());
    let hostile = all
        .iter()
        .filter(|text| text.contains(['<', '(', '{', '\'']));
    assert!(all.len() >= 600 && hostile.count() >= 300);
    let writers = all.chunks(EACH).enumerate();
    let mut people: Vec<(String, Vec<String>)> = writers
        .map(|(of, texts)| (format!("Writer {of:02}"), texts.to_vec()))
        .collect();
    let writers = people.len();
    let called = odd
        .iter()
        .step_by(9)
        .map(|name| (name.clone(), vec!["Hello".to_owned()]));
    people.extend(called);
    people.push(("Last".to_owned(), vec!["That was all".to_owned()]));
    let body = serde_json::to_vec(&webhook(&people, counter.world.clock.now()))?;
    assert_eq!(counter.world.phones.webhook(body, "").await?.0, 200);
    owner.sees_row("That was all").await?;
    holds(page).await?;
    for (name, said) in people.iter().take(writers) {
        owner.searches(name).await?;
        // What is found changes with every letter: pressed in one stroke, it is this one.
        page.click_at_once(&Find::with("option", name)).await?;
        page.find(&Find::named("heading", name)).await?;
        let count = "document.querySelectorAll('[role=log] [data-message] .text').length";
        let all = page
            .answer(
                &format!("{count} === {}", said.len()),
                "all that was written",
            )
            .await;
        if let Err(error) = all {
            let (count, texts) = (page.now(count).await?, texts(page).await?);
            bail!("{name}: {count} of {}: {texts:?}: {error}", said.len());
        }
        let written: Vec<String> = said.iter().map(|text| shown(text)).collect();
        assert_eq!(texts(page).await?, written);
        holds(page).await?;
    }
    // The controls: the same look sees what is too wide, what became an element and what ran.
    for harm in [
        "document.querySelector('[data-message]').append(Object.assign(\
            document.createElement('pre'), {textContent: 'x'.repeat(9999)}))",
        "document.querySelector('[data-message]').append(document.createElement('details'))",
        "window.pwned = 1",
    ] {
        page.now(harm).await?;
        ensure!(holds(page).await.is_err(), "not noticed: {harm}");
        page.now("document.querySelector('[data-message]').replaceChildren()")
            .await?;
    }
    Ok(())
}
