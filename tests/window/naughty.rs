//! Hundreds of hostile and merely odd texts in the real window: each is shown as it was written, none
//! is run, and none breaks out of its place.

use std::io::Write as _;

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

/// What a parser of JSON may stumble over, but for the endless ones.
fn like_json() -> Result<Vec<String>> {
    let suite = include_str!("../corpora/json-test-suite/parsing.json");
    let suite: Vec<Value> = serde_json::from_str(suite)?;
    let texts = suite.iter().filter(|case| case["times"].is_null());
    let texts = texts.filter_map(|case| case["input"].as_str());
    let texts = texts.filter(|text| !text.trim().is_empty());
    Ok(texts.map(str::to_owned).collect())
}

/// Whether somebody's careless program might run this: markup, a script's address, or a template.
fn could_run(text: &str) -> bool {
    ["<", "javascript:", "{{", "${", "alert("]
        .iter()
        .any(|sign| text.contains(sign))
}

/// What somebody sends: words, or a picture that has them below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Text,
    Caption,
}

/// Somebody's name, and all they send.
type Writer = (String, As, Vec<String>);

/// Everybody who writes: a person for each fifty texts and for each fifty captions, and whoever is
/// called by something odd.
fn writers(all: &[String], odd: &[String]) -> (Vec<Writer>, Vec<Writer>) {
    let dangerous: Vec<String> = all.iter().filter(|text| could_run(text)).cloned().collect();
    let texts = all.chunks(EACH).map(|texts| (As::Text, texts));
    let captions = dangerous.chunks(EACH).map(|texts| (As::Caption, texts));
    let writers = texts.chain(captions).enumerate();
    let writers =
        writers.map(|(of, (how, texts))| (format!("Writer {of:02}"), how, texts.to_vec()));
    let names = dangerous.iter().chain(odd.iter().step_by(9)).enumerate();
    let called = names.map(|(of, name)| (name.clone(), As::Text, vec![format!("Hello{of:03}")]));
    (writers.collect(), called.collect())
}

/// Everything that is said, as the platform tells it.
fn webhook(batch: usize, people: &[Writer], at: i64) -> Value {
    let number = move |of: usize| format!("447700{batch:03}{of:03}");
    let contacts: Vec<Value> = (people.iter().enumerate())
        .map(|(of, (name, ..))| json!({"profile": {"name": name}, "wa_id": number(of)}))
        .collect();
    let said = people.iter().enumerate().flat_map(|(of, (_, how, texts))| {
        texts.iter().enumerate().map(move |(nth, text)| {
            let (kind, body) = match how {
                As::Text => ("text", json!({"body": text})),
                As::Caption => {
                    let picture = format!("9{batch:03}{of:03}{nth:03}");
                    let kind = "image/jpeg";
                    (
                        "image",
                        json!({"id": picture, "mime_type": kind, "caption": text}),
                    )
                }
            };
            json!({"from": number(of), "id": format!("wamid.{batch}.{of}.{nth}"),
                   "timestamp": (at / 1_000).to_string(), "type": kind, kind: body})
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
    let elements = "document.querySelectorAll(':is([role=log], [role=option], h1, h2, h3, aside) \
        :is(script, iframe, object, video, audio, input, details, marquee, math, form, style, link, \
        meta)').length";
    ensure!(page.now(elements).await? == 0, "markup became elements");
    // Nothing of ours has a script in an attribute, and no picture of ours is at `x`.
    let foreign = "[...document.body.querySelectorAll('*')].filter((one) => \
        one.getAttribute('src') === 'x' || [...one.attributes].some(({name}) => \
        name.startsWith('on'))).map((one) => one.outerHTML.slice(0, 200))";
    let foreign = page.now(foreign).await?;
    ensure!(foreign == json!([]), "markup became elements: {foreign}");
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
    let json = like_json()?;
    assert!(json.len() >= 280, "{}", json.len());
    all.extend(json);
    let (writers, called) = writers(&all, &odd);
    let captions = writers.iter().filter(|(_, how, _)| *how == As::Caption);
    let captions: usize = captions.map(|(.., texts)| texts.len()).sum();
    let hostile = all.iter().filter(|text| could_run(text)).count();
    assert!(all.len() >= 600 && hostile >= 300, "{hostile}");
    assert!(captions >= 300 && called.len() >= 300, "{captions}");
    writeln!(
        std::io::stdout(),
        "{} texts, {hostile} could run, {captions} captions, {} names",
        all.len(),
        called.len()
    )?;
    let last = ("Last".to_owned(), As::Text, vec!["That was all".to_owned()]);
    let people = [writers.clone(), called.clone(), vec![last]].concat();
    for (batch, people) in people.chunks(10).enumerate() {
        let body = serde_json::to_vec(&webhook(batch, people, counter.world.clock.now()))?;
        assert_eq!(counter.world.phones.webhook(body, "").await?.0, 200);
    }
    owner.sees_row("That was all").await?;
    holds(page).await?;
    for (name, _, said) in &writers {
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
    meets(&counter, &called).await?;
    notices(page).await
}

/// Opens every eleventh of those who are called by something that could run, so that each element
/// and each event has its turn: what is said of them there is their name, as they wrote it.
async fn meets(counter: &Counter, called: &[Writer]) -> Result<()> {
    let (owner, page) = (counter.owner()?, counter.page()?);
    for (name, _, said) in called.iter().step_by(11) {
        let hello = said.first().map_or("", String::as_str);
        owner.searches(hello).await?;
        holds(page).await?;
        page.click_at_once(&Find::with("option", hello)).await?;
        owner.reads(hello).await?;
        holds(page).await?;
        let heading = "[...document.querySelectorAll('h2')].map((one) => one.textContent)";
        let headings: Vec<String> = serde_json::from_value(page.now(heading).await?)?;
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = plain(&shown(name));
        let of_it = headings.iter().filter(|one| plain(&shown(one)) == wanted);
        ensure!(of_it.count() >= 1, "{name:?} is not in {headings:?}");
    }
    Ok(())
}

/// The controls: the same look sees what is too wide, what became an element wherever it stands, and
/// what ran.
async fn notices(page: &Page) -> Result<()> {
    for harm in [
        "document.querySelector('[data-message]').append(Object.assign(\
            document.createElement('pre'), {className: 'harm', textContent: 'x'.repeat(9999)}))",
        "document.querySelector('[data-message]').append(Object.assign(\
            document.createElement('details'), {className: 'harm'}))",
        "document.querySelector('[role=option]').insertAdjacentHTML('beforeend', \
            '<b class=harm onclick=\"window.pwned=1\"></b>')",
        "document.querySelector('h2').insertAdjacentHTML('beforeend', '<math class=harm></math>')",
        "document.body.insertAdjacentHTML('beforeend', '<img class=harm src=x>')",
        "window.pwned = 1",
    ] {
        holds(page).await?;
        page.now(harm).await?;
        ensure!(holds(page).await.is_err(), "not noticed: {harm}");
        page.now("document.querySelectorAll('.harm').forEach((one) => one.remove())")
            .await?;
    }
    Ok(())
}
