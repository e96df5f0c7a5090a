//! The Big List of Naughty Strings and the texts of JSONTestSuite on the whole road: as what people
//! write and as what they are called, from the webhook through the relay into the encrypted store,
//! and out of the search.

use anyhow::{Context, Result};
use domain::Channel;
use engine::read::{Conversation, Filter};
use naughty_strings::BLNS;
use serde_json::{Value, json};
use tests::shop::{Shop, messages};
use tests::world::World;

/// A word that is in none of them.
const LAST: &str = "Schlusswort";
/// As many as the engine gives at once.
const PAGE: u32 = 200;

/// Each of them says its string, and is called by it.
fn webhook(people: &[(usize, &str)], at: i64) -> Value {
    let number = |of: usize| format!("4477009{of:05}");
    let contact =
        |(of, words): &(usize, &str)| json!({"profile": {"name": words}, "wa_id": number(*of)});
    let message = |(of, words): &(usize, &str)| {
        json!({"from": number(*of), "id": format!("wamid.{of}"), "type": "text",
               "timestamp": (at / 1_000 + i64::try_from(*of).unwrap_or_default()).to_string(),
               "text": {"body": words}})
    };
    json!({"object": "whatsapp_business_account", "entry": [{
        "id": "382910475561204",
        "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": people.iter().map(contact).collect::<Vec<_>>(),
            "messages": people.iter().map(message).collect::<Vec<_>>(),
        }}],
    }]})
}

/// The same JSON as Meta writes it: everything beyond ASCII as `\u` and four digits.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for sign in json.chars() {
        if sign.is_ascii() {
            out.push(sign);
        } else {
            let mut units = [0; 2];
            for unit in sign.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

async fn all(shop: &Shop) -> Result<Vec<Conversation>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = shop.engine.conversations(Filter::All, after, PAGE).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// What each of many people says and is called by goes in at the webhook; what is kept of it, and as
/// whose, once search has found it.
async fn kept(said: &[&str]) -> Result<Vec<(String, String)>> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let said = said.iter().copied().chain([LAST]);
    let people: Vec<(usize, &str)> = said.enumerate().collect();
    for (turn, people) in people.chunks(50).enumerate() {
        let json = webhook(people, world.clock.now()).to_string();
        let body = if turn % 2 == 0 { json } else { escaped(&json) };
        assert_eq!(world.phones.webhook(body.into_bytes(), "").await?.0, 200);
    }
    shop.until("the last of them", async |engine| {
        let found = engine.search(LAST.to_owned(), 1).await?;
        Ok((!found.messages.is_empty()).then_some(()))
    })
    .await?;
    let conversations = all(&shop).await?;
    assert_eq!(conversations.len(), people.len());
    let mut kept = Vec::new();
    for conversation in conversations {
        let thread = shop.thread(conversation.id).await?;
        let [message] = messages(&thread).collect::<Vec<_>>()[..] else {
            anyhow::bail!("one message each");
        };
        let words = message.text.clone().context("it says something")?;
        let found = shop.engine.search(words.clone(), PAGE).await?;
        let itself = found.messages.iter().any(|hit| hit.message == message.id);
        let searchable = store::Query::parse(&words).is_some();
        assert!(
            itself || found.more || !searchable,
            "{words:?} is not found"
        );
        kept.push((conversation.name, words));
    }
    kept.retain(|(_, words)| words != LAST);
    Ok(kept)
}

/// The words alone, in an order of their own.
fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn every_naughty_string_is_kept_and_found_as_it_was_written() -> Result<()> {
    let said = BLNS.iter().copied().filter(|words| !words.is_empty());
    let said: Vec<&str> = said.collect();
    assert!(said.len() > 500, "{}", said.len());
    let kept = kept(&said).await?;
    for (name, words) in &kept {
        // Who is called by nothing that can be seen is called by the number.
        if words.chars().any(char::is_alphanumeric) {
            assert_eq!(name.trim(), words.trim());
        }
    }
    let kept = sorted(kept.iter().map(|(_, words)| words.as_str()));
    assert_eq!(kept, sorted(said.into_iter()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_json_is_kept_and_found_as_it_was_written() -> Result<()> {
    let suite = include_str!("../corpora/json-test-suite/parsing.json");
    let suite: Vec<Value> = serde_json::from_str(suite)?;
    let text = |one: &Value| {
        let times = usize::try_from(one["times"].as_u64().unwrap_or(1)).expect("a short number");
        one["input"].as_str().expect("a text").repeat(times)
    };
    let mut said: Vec<String> = suite.iter().map(text).collect();
    said.retain(|text| !text.is_empty());
    assert!(said.len() > 310, "{} of {}", said.len(), suite.len());
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let kept = kept(&said).await?;
    let kept = sorted(kept.iter().map(|(_, words)| words.as_str()));
    // Not by `assert_eq`: the longest has 250,000 signs.
    let pairs = kept.iter().zip(sorted(said.into_iter()));
    let mut other = pairs.filter(|(kept, said)| *kept != said);
    let first = other.next().map(|(kept, said)| (kept.len(), said.len()));
    assert_eq!(first, None, "bytes kept and said");
    Ok(())
}
