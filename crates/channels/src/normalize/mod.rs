//! What a platform sent, turned into the shop's words. Never fails and never panics: what cannot
//! be understood becomes [`What::Unsupported`], and the caller keeps the bytes.
//!
//! Every event has a key that is the same whenever the same event arrives again:
//!
//! | event | key |
//! |---|---|
//! | message, echo, message that cannot be shown | `m:mid` |
//! | taken back | `del:mid` |
//! | reaction | `r:mid:sender:react\|unreact:time`, WhatsApp `r:wamid` of the reaction itself |
//! | edit | `e:mid:number`, WhatsApp `e:wamid` of the edit itself |
//! | read | `rd:sender:watermark` or `rd:mid` |
//! | delivered | `dl:mid`, `dl:sender:watermark` |
//! | WhatsApp status | `s:wamid:status`, in a group `s:wamid:status:participant` |
//! | anything else | `x:` and a hash of its JSON |

mod attachments;
mod messaging;
mod whatsapp;
mod whatsapp_history;
mod whatsapp_people;
mod whatsapp_status;

use domain::inbound::{Author, Event, What};
use domain::{Channel, ContactRef, Timestamp};
use serde_json::{Value, json};

use crate::json::{
    as_word, fingerprint, fingerprint_of_bytes, kind, list, moment, moment_of_number, word,
};

/// One part of a webhook as it lay in its envelope: a whole entry, one of its `changes`, or one
/// element of its `messaging` or `standby`. Which of them it is shows in its members.
#[derive(Clone, Copy)]
pub struct RawPart<'a> {
    /// The batch's `object`: `page`, `instagram`, `whatsapp_business_account`, `permissions`.
    pub object: &'a str,
    /// The entry's `id` as text.
    pub entry_id: &'a str,
    /// The entry's `time` as Meta wrote it, seconds or milliseconds, where there is one.
    pub entry_time: Option<i64>,
    /// When the relay took it: the time of last resort.
    pub received_at: Timestamp,
    /// The platform's id of the connected account (Page, Instagram account, phone number id),
    /// empty if unknown: it tells the shop's side from the person's.
    pub account: &'a str,
    /// The untouched bytes of the part.
    pub part: &'a [u8],
}

impl std::fmt::Debug for RawPart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawPart")
            .field("object", &self.object)
            .field("entry_time", &self.entry_time)
            .field("bytes", &self.part.len())
            .finish_non_exhaustive()
    }
}

/// Everything that happened in one part, in its order; at least one event for every part.
pub fn normalize(channel: Channel, part: &RawPart<'_>) -> Vec<Event> {
    let Ok(json) = serde_json::from_slice::<Value>(part.part) else {
        return vec![unreadable(part)];
    };
    let mut events = match (part.object, channel) {
        ("permissions" | "user", _) | (_, Channel::Sms) => Vec::new(),
        (_, Channel::Whatsapp) => changes(&json)
            .flat_map(|change| whatsapp::change(part, change))
            .collect(),
        (_, Channel::Instagram | Channel::Messenger) => messaging::entry(channel, part, &json),
    };
    if events.is_empty() {
        events = changes(&json)
            .map(|change| unsupported_change(part, change))
            .collect();
    }
    if events.is_empty() {
        events.push(unsupported(part, part.object, &json));
    }
    events
}

/// A permission a person gave the app or took away, from a part whose object is `permissions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionChange {
    /// Meta's name of it, such as `pages_messaging`, or `connected` for the app as a whole.
    pub permission: String,
    /// Whether it is now granted; `None` for a word this version does not know.
    pub granted: Option<bool>,
    /// The accounts it is about; empty means all.
    pub accounts: Vec<String>,
}

/// What a `permissions` part says; empty for any other part.
pub fn permissions(part: &RawPart<'_>) -> Vec<PermissionChange> {
    if part.object != "permissions" {
        return Vec::new();
    }
    let json = serde_json::from_slice::<Value>(part.part).unwrap_or_default();
    changes(&json)
        .filter_map(|change| {
            let value = change.get("value").unwrap_or(change);
            let granted = match word(value, "verb").as_deref() {
                Some("granted") => Some(true),
                Some("revoked") => Some(false),
                _ => None,
            };
            let accounts = list(value, "target_ids")
                .iter()
                .filter_map(as_word)
                .collect();
            Some(PermissionChange {
                permission: word(change, "field")?,
                granted,
                accounts,
            })
        })
        .collect()
}

/// The changes in an entry, the flat form Instagram's pages show, or the lone change itself.
fn changes(json: &Value) -> impl Iterator<Item = &Value> {
    let flat = json.get("field").is_some();
    list(json, "changes").iter().chain(flat.then_some(json))
}

fn unsupported_change(part: &RawPart<'_>, change: &Value) -> Event {
    let field = word(change, "field").unwrap_or_else(|| part.object.to_owned());
    unsupported(part, &field, change)
}

/// An event for something kept raw that belongs to no conversation.
fn unsupported(part: &RawPart<'_>, word: &str, json: &Value) -> Event {
    let key = format!(
        "x:{}",
        fingerprint(&json!([part.entry_id, part.entry_time, json]))
    );
    let at = json
        .get("value")
        .and_then(|value| moment(value, "created_time"))
        .unwrap_or_else(|| entry_time(part));
    Event {
        key,
        at,
        what: What::Unsupported {
            kind: kind(word),
            contact: None,
            author: None,
            platform_id: None,
        },
    }
}

/// A message that is kept raw, in the conversation with `contact`.
fn unsupported_from(
    (contact, author): (ContactRef, Author),
    word: &str,
    platform_id: Option<String>,
) -> What {
    What::Unsupported {
        kind: kind(word),
        contact: Some(contact),
        author: Some(author),
        platform_id,
    }
}

fn unreadable(part: &RawPart<'_>) -> Event {
    Event {
        key: format!("x:{}", fingerprint_of_bytes(part.part)),
        at: entry_time(part),
        what: What::Unsupported {
            kind: "unreadable".to_owned(),
            contact: None,
            author: None,
            platform_id: None,
        },
    }
}

fn entry_time(part: &RawPart<'_>) -> Timestamp {
    part.entry_time
        .and_then(moment_of_number)
        .unwrap_or(part.received_at)
}
