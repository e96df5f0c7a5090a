//! What must not outlive a forgetting, kind by kind: words, names, ids, pictures, keys and tokens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use domain::{Channel, ConnectionId};
use serde_json::Value;
use tests::counter::Counter;
use tests::files;
use tests::kinds::Kinds;

use crate::image::{Image, keychain};
use crate::memory::secrets;

/// What it is, and its bytes.
pub(crate) type Canary = (String, Vec<u8>);

/// How a whole shop is told apart from others: three accounts.
const ACCOUNTS: [&str; 3] = ["messenger", "instagram", "whatsapp"];

/// What lies of a conversation: who it is with, its ids, and what was sent.
pub(crate) async fn of_conversation(
    counter: &Counter,
    channel: &str,
    person: &str,
) -> Result<Vec<Canary>> {
    let state = counter.world.phones.state().await?;
    let who = entry(&state, "people", &[("key", person)])?;
    let thread = entry(
        &state,
        "conversations",
        &[("channel", channel), ("person", person)],
    )?;
    let mut canaries = Vec::new();
    for (of, field) in [
        (who, "name"),
        (who, "username"),
        (thread, "customer_id"),
        (thread, "id"),
    ] {
        canaries.push(canary(&format!("{person}'s {field}"), text(of, field)?));
    }
    let portrait = bytes(counter, text(who, "picture")?).await?;
    canaries.push((format!("{person}'s portrait"), midst(&portrait)?));
    let said = thread.get("messages").and_then(Value::as_array);
    for (nth, message) in said.context("messages")?.iter().enumerate() {
        canaries.push(canary(
            &format!("{person}'s message {nth}"),
            text(message, "id")?,
        ));
        if let Some(words) = message.get("text").and_then(Value::as_str) {
            canaries.push(canary(&format!("{person}'s words {nth}"), words));
        }
        if let Some(picture) = message.get("picture").and_then(Value::as_str) {
            let picture = bytes(counter, picture).await?;
            canaries.push((format!("{person}'s picture {nth}"), midst(&picture)?));
        }
    }
    // What is kept was drawn again, and has no bytes in common with what was sent.
    let channel = Channel::from_name(channel).context("a channel")?;
    let kept =
        Image::of(counter)?.pictures(&keychain(counter).await?, (channel, text(who, "name")?));
    for (kind, picture) in kept? {
        let some = midst(&picture)?;
        ensure!(
            canaries.iter().all(|(_, bytes)| *bytes != some),
            "{kind} is what was sent"
        );
        canaries.push((kind, some));
    }
    Ok(canaries)
}

/// What opens one connection: its key in both its halves and as it is made of them, its seal key,
/// its token.
pub(crate) async fn of_connection(counter: &Counter, id: ConnectionId) -> Result<Vec<Canary>> {
    let own = format!("{id}/");
    let mut canaries = secrets(counter).await?;
    canaries.retain(|(name, _)| name.starts_with(&own));
    let share = counter.data().join("vaults").join(&own).join("share.b");
    canaries.push((format!("{own}share.b"), std::fs::read(share)?));
    for kind in [
        "db-share",
        "db-share made a key",
        "seal",
        "token",
        "share.b",
    ] {
        let name = format!("{own}{kind}");
        let there = canaries.iter().any(|(of, _)| *of == name);
        ensure!(there, "no {kind} among the canaries");
    }
    Ok(canaries)
}

/// What lies of the shop itself: its accounts, its keys in both their halves, its tokens.
pub(crate) async fn of_shop(counter: &Counter) -> Result<Vec<Canary>> {
    let state = counter.world.phones.state().await?;
    let mut canaries = Vec::new();
    for channel in ACCOUNTS {
        let account = entry(&state, "accounts", &[("channel", channel)])?;
        for field in ["id", "name"] {
            let kind = format!("{channel}'s {field}");
            canaries.push(canary(&kind, text(account, field)?));
        }
    }
    canaries.extend(secrets(counter).await?);
    for file in files::under(counter.data())? {
        if file.to_string_lossy().ends_with("share.b") {
            let kind = file.strip_prefix(counter.data())?.display().to_string();
            canaries.push((kind, std::fs::read(&file)?));
        }
    }
    Ok(canaries)
}

/// Everything that is stored, column by column, but for words of the program's own.
pub(crate) async fn of_each_kind(counter: &Counter) -> Result<Kinds> {
    let mut kinds = Image::of(counter)?.kinds(&keychain(counter).await?)?;
    let own = |word: &[u8]| {
        word.iter()
            .all(|sign| matches!(sign, b'a'..=b'z' | b'_' | b'/'))
    };
    for examples in kinds.values_mut() {
        examples.retain(|word| !own(word));
    }
    kinds.retain(|_, examples| !examples.is_empty());
    Ok(kinds)
}

/// In how many of its folders the web view keeps something of it.
pub(crate) fn folders(found: &[PathBuf], webview: &Path) -> usize {
    let folders: BTreeSet<_> = found
        .iter()
        .filter_map(|file| file.strip_prefix(webview).ok()?.parent())
        .collect();
    folders.len()
}

fn canary(kind: &str, words: &str) -> Canary {
    (kind.to_owned(), words.as_bytes().to_vec())
}

/// The first of a list whose fields say this.
fn entry<'a>(state: &'a Value, list: &str, wanted: &[(&str, &str)]) -> Result<&'a Value> {
    let all = state.get(list).and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .find(|one| {
            let says = |(field, words): &(&str, &str)| one.get(*field) == Some(&(*words).into());
            wanted.iter().all(says)
        })
        .with_context(|| format!("{wanted:?} among {list}"))
}

fn text<'a>(of: &'a Value, field: &str) -> Result<&'a str> {
    let text = of.get(field).and_then(Value::as_str);
    text.with_context(|| format!("{field} of {of}"))
}

async fn bytes(counter: &Counter, path: &str) -> Result<Vec<u8>> {
    let url = counter.world.sandbox().url.join(path)?;
    let answer = tests::phones::http().get(url).send().await?;
    Ok(answer.error_for_status()?.bytes().await?.to_vec())
}

/// Some bytes from the midst of a picture, which no other has.
fn midst(picture: &[u8]) -> Result<Vec<u8>> {
    let from = picture.len() / 2;
    let some = picture.get(from..from + 32);
    let some = some.context("a picture of some size")?;
    let first = some.first();
    ensure!(
        some.iter().any(|byte| Some(byte) != first),
        "an empty picture"
    );
    Ok(some.to_vec())
}
