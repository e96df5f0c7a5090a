//! What the tests of this crate share: splitting a webhook as the relay does, and naming what it
//! was turned into.

use std::path::Path;

use channels::{RawPart, normalize};
use domain::inbound::{Author, Event, Messages, What};
use domain::{Channel, Timestamp};
use serde_json::Value;

/// When the relay took every part of these tests.
pub(crate) const RECEIVED: Timestamp = Timestamp(1_795_000_000_000);

/// The channel a webhook of this `object` belongs to.
pub(crate) fn channel_of(object: &str) -> Channel {
    match object {
        "instagram" => Channel::Instagram,
        "whatsapp_business_account" => Channel::Whatsapp,
        _ => Channel::Messenger,
    }
}

/// The events of a whole webhook, split as the relay splits it: by entry, for WhatsApp by change.
pub(crate) fn events(webhook: &Value) -> Vec<Event> {
    let object = webhook["object"].as_str().unwrap();
    let channel = channel_of(object);
    let mut events = Vec::new();
    for entry in webhook["entry"].as_array().unwrap() {
        let id = match &entry["id"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        };
        let parts: Vec<&Value> = match (&entry["changes"], channel) {
            (Value::Array(changes), Channel::Whatsapp) => changes.iter().collect(),
            _ => vec![entry],
        };
        for part in parts {
            let bytes = serde_json::to_vec(part).unwrap();
            let part = RawPart {
                object,
                entry_id: &id,
                entry_time: entry["time"].as_i64(),
                received_at: RECEIVED,
                account: "",
                part: &bytes,
            };
            events.extend(normalize(channel, &part));
        }
    }
    events
}

/// A short name of what an event is.
pub(crate) fn kind_of(event: &Event) -> String {
    match &event.what {
        What::Message(message) => {
            let mut words = vec!["message".to_owned(), author(message.author).to_owned()];
            words.extend(message.text.as_ref().map(|_| "text".to_owned()));
            words.extend(
                message
                    .attachments
                    .iter()
                    .map(|one| one.kind.name().to_owned()),
            );
            words.extend(message.story.as_ref().map(|story| {
                if story.mention {
                    "story-mention"
                } else {
                    "story-reply"
                }
                .to_owned()
            }));
            words.extend(message.reply_to.as_ref().map(|_| "reply".to_owned()));
            words.extend(
                message
                    .unsupported
                    .as_ref()
                    .map(|part| format!("without({part})")),
            );
            words.join(" ")
        }
        What::Progress(progress) => {
            let which = match &progress.messages {
                Messages::Ids(_) => "",
                Messages::UpTo(_) => " up-to",
                Messages::UpToMessage(_) => " up-to-message",
            };
            let failure = progress
                .failure
                .as_ref()
                .map(|failure| format!(" {}", failure.reason.name()))
                .unwrap_or_default();
            format!("progress {}{which}{failure}", progress.state.name())
        }
        What::Unsent { .. } => "unsent".to_owned(),
        What::Reaction {
            emoji: Some(emoji),
            by,
            ..
        } => format!("reaction {} {emoji}", author(*by)),
        What::Reaction {
            emoji: None, by, ..
        } => format!("reaction {} off", author(*by)),
        What::Edited { .. } => "edited".to_owned(),
        What::Unsupported {
            kind,
            contact,
            author,
            ..
        } => format!("unsupported {kind}{}", whose(contact.is_some(), *author)),
    }
}

fn whose(of_a_person: bool, by: Option<Author>) -> String {
    match by {
        Some(by) => format!(" by the {}", author(by)),
        None if of_a_person => " about a person".to_owned(),
        None => String::new(),
    }
}

fn author(author: Author) -> &'static str {
    match author {
        Author::Person => "person",
        Author::Shop => "shop",
    }
}

/// The JSON files of a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}
