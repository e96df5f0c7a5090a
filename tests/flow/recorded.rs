//! Every webhook of our own, and every recorded one that lies beside the repository, on the real
//! road: signed, delivered, sealed, opened and written down. Nothing is an error, nothing is
//! dropped, and what cannot be shown is kept.

#[path = "../../crates/channels/tests/beside/folder.rs"]
mod beside;

use std::path::Path;

use anyhow::Result;
use channels::RawPart;
use domain::{Channel, ConnectionId, Timestamp};
use serde_json::Value;
use store::{Paths, Profile, Vault};
use tests::shop::Shop;
use tests::world::World;

const PAGE: &str = "104729583016472";
const INSTAGRAM: &str = "17841405822304914";
const NUMBER: &str = "270914356118873";
const BUSINESS: &str = "382910475561204";
const OWNER: &str = "10229384756102938";
const FOLDERS: [&str; 5] = ["instagram", "messenger", "page", "permissions", "whatsapp"];

/// The webhooks, as the test's shop would get them.
fn webhooks() -> Result<Vec<(String, Value)>> {
    let ours = tests::programs::repository().join("crates/channels/fixtures");
    let mut all = Vec::new();
    for fixtures in [Some(ours), beside::folder()] {
        for folder in fixtures
            .iter()
            .flat_map(|all| FOLDERS.map(|one| all.join(one)))
        {
            all.extend(files(&folder)?);
        }
    }
    Ok(all)
}

fn files(folder: &Path) -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let mut webhook = serde_json::from_slice(&std::fs::read(&path)?)?;
            adapt(&mut webhook);
            found.push((path.display().to_string(), webhook));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// The same webhook for the test's own accounts. Links lead nowhere.
fn adapt(webhook: &mut Value) {
    let object = webhook["object"].as_str().unwrap_or_default().to_owned();
    let ours = match object.as_str() {
        "page" => PAGE,
        "instagram" => INSTAGRAM,
        "whatsapp_business_account" => BUSINESS,
        _ => OWNER,
    };
    let Some(entries) = webhook["entry"].as_array_mut() else {
        return;
    };
    for entry in entries {
        let id = text(&entry["id"]);
        replace(entry, &|word| (word == id).then(|| ours.to_owned()));
        replace(entry, &|word| {
            word.starts_with("http")
                .then(|| "https://media.invalid/x".to_owned())
        });
        let numbers: Vec<String> = entry["changes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|change| change.pointer("/value/metadata/phone_number_id").map(text))
            .filter(|id| !id.is_empty())
            .collect();
        replace(entry, &|word| {
            numbers
                .iter()
                .any(|number| number == word)
                .then(|| NUMBER.to_owned())
        });
    }
}

fn text(id: &Value) -> String {
    match id {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn replace(json: &mut Value, with: &impl Fn(&str) -> Option<String>) {
    match json {
        Value::String(word) => {
            if let Some(other) = with(word) {
                *word = other;
            }
        }
        Value::Number(number) => {
            if let Some(other) = with(&number.to_string()) {
                *json = Value::String(other);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, with)),
        Value::Object(all) => all.values_mut().for_each(|one| replace(one, with)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The keys of the events in a webhook, by the channel of the connection they belong to.
fn keys(webhook: &Value) -> Vec<(Channel, String)> {
    let object = webhook["object"].as_str().unwrap_or_default();
    let (channel, account) = match object {
        "page" => (Channel::Messenger, PAGE),
        "instagram" => (Channel::Instagram, INSTAGRAM),
        "whatsapp_business_account" => (Channel::Whatsapp, NUMBER),
        // What is about a login belongs to no connection.
        _ => return Vec::new(),
    };
    let mut keys = Vec::new();
    for entry in webhook["entry"].as_array().into_iter().flatten() {
        let parts: Vec<&Value> = match channel {
            Channel::Whatsapp => entry["changes"].as_array().into_iter().flatten().collect(),
            _ => vec![entry],
        };
        for part in parts {
            let bytes = part.to_string();
            let raw = RawPart {
                object,
                entry_id: if channel == Channel::Whatsapp {
                    BUSINESS
                } else {
                    account
                },
                entry_time: entry["time"].as_i64(),
                received_at: Timestamp(0),
                account,
                part: bytes.as_bytes(),
            };
            let events = channels::normalize(channel, &raw);
            keys.extend(events.into_iter().map(|event| (channel, event.key)));
        }
    }
    keys
}

/// What a vault has written down, after its shop was closed.
fn open_vault(shop: &Path, secrets: &store::MemorySecrets, id: ConnectionId) -> Result<Vault> {
    let paths = Paths::create(shop.to_path_buf())?;
    let profile = Profile::open_or_create(&paths)?;
    Ok(Vault::open(&paths, &profile, secrets, id)?)
}

/// Whether an event is known: a message by its row, anything else by its key.
fn was_written_down(read: &store::VaultRead<'_>, key: &str) -> store::Result<bool> {
    if let Some(id) = key.strip_prefix("m:")
        && read.message_with_platform_id(id)?.is_some()
    {
        return Ok(true);
    }
    read.has_seen(key)
}

/// Why envelopes did not open, if any did not.
fn unopened(shop: &Path, secrets: &store::MemorySecrets) -> Result<Vec<String>> {
    let paths = Paths::create(shop.to_path_buf())?;
    let profile = Profile::open_or_create(&paths)?;
    let db = store::ShopDb::open(&paths, &profile, secrets)?;
    let kept = db.read(|read| read.unopened(100))?;
    Ok(kept.into_iter().map(|one| one.reason).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_webhook_travels_the_whole_road_and_none_is_dropped() -> Result<()> {
    let webhooks = webhooks()?;
    let all = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &all).await?;
    for (name, webhook) in &webhooks {
        let (status, said) = world
            .phones
            .webhook(serde_json::to_vec(webhook)?, "")
            .await?;
        assert_eq!(status, 200, "{name}: {said}");
    }
    // Whatever came before these has been written down when they are shown.
    for channel in all {
        let words = format!("The last one ({})", channel.name());
        world.phones.say(channel.name(), "mia", &words).await?;
        let (_, message) = shop.hears(&words).await?;
        assert!(
            !message.recovered,
            "it came by another road than the others"
        );
    }
    let connections = shop.engine.connections().await?;
    for connection in &connections {
        assert_eq!(connection.trouble, None, "{:?}", connection.channel);
    }
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    let (mut counted, mut dropped) = (0, Vec::new());
    let sealed = unopened(&data, &secrets)?;
    assert!(sealed.is_empty(), "they did not open: {sealed:?}");
    for connection in connections {
        let vault = open_vault(&data, &secrets, connection.id)?;
        let kept = vault.read(|read| read.quarantined("another version", 10_000))?;
        for row in kept {
            assert_ne!(row.reason, "could not be written", "{}", row.event_key);
            assert_ne!(row.reason, "unknown envelope", "{}", row.event_key);
        }
        for (name, webhook) in &webhooks {
            for (channel, key) in keys(webhook) {
                if channel == connection.channel {
                    if !vault.read(|read| was_written_down(read, &key))? {
                        dropped.push(format!("{name}: {key}"));
                    }
                    counted += 1;
                }
            }
        }
        let lost = vault.read(|read| read.lost())?;
        assert_eq!(lost, 0, "a gap in {:?}", connection.channel);
        // The control: what never came was not written down.
        assert!(!vault.read(|read| was_written_down(read, "m:never"))?);
    }
    assert!(dropped.is_empty(), "of {counted}: {dropped:#?}");
    assert!(counted >= 80, "only {counted} events");
    Ok(())
}
