//! What the shop's phone had before it was connected.

use domain::inbound::{Author, Event, Messages, Progress, What};
use domain::{ContactKey, ContactRef};
use serde_json::Value;

use super::whatsapp::Said;
use super::whatsapp_people::{CONTACT, FROM, Names, keys};
use super::whatsapp_status::delivery;
use super::{RawPart, unsupported};
use crate::json::{list, word};

/// One chunk of it: threads with messages and how far those had come.
pub(super) fn history(part: &RawPart<'_>, value: &Value, chunk: &Value) -> Vec<Event> {
    let mut events = Vec::new();
    for thread in list(chunk, "threads") {
        let peer = thread_keys(thread);
        for message in list(thread, "messages") {
            let by_person = keys(message, &FROM).iter().any(|key| peer.contains(key));
            let said = Said {
                contact: (!peer.is_empty()).then(|| ContactRef {
                    keys: peer.clone(),
                    name: None,
                    handle: None,
                }),
                author: if by_person {
                    Author::Person
                } else {
                    Author::Shop
                },
                ..Said::read(part, value, message, &FROM)
            };
            events.push(said.event());
            events.extend((!by_person).then(|| past_state(&said)).flatten());
        }
    }
    if events.is_empty() {
        let code = list(chunk, "errors")
            .iter()
            .find_map(|error| word(error, "code"));
        let kind = code.map_or_else(|| "history".to_owned(), |code| format!("history.{code}"));
        events.push(unsupported(part, &kind, chunk));
    }
    events
}

/// Whom a thread of the history is with: its id is the phone number, newer ones have a context.
fn thread_keys(thread: &Value) -> Vec<ContactKey> {
    let id = keys(
        thread,
        &Names {
            phone: &["id"],
            user: &[],
            parent: &[],
        },
    );
    let context = thread.get("context").map(|context| keys(context, &CONTACT));
    let mut keys = context.unwrap_or_default();
    for key in id {
        if !keys.iter().any(|known| known.kind == key.kind) {
            keys.push(key);
        }
    }
    keys
}

/// How far a message of the shop's had come when the history was taken.
fn past_state(said: &Said<'_>) -> Option<Event> {
    let name = word(said.json.get("history_context")?, "status")?;
    let state = delivery(&name)?;
    let id = word(said.json, "id")?;
    let key = format!("s:{id}:{}", name.to_ascii_lowercase());
    let what = What::Progress(Progress {
        messages: Messages::Ids(vec![id]),
        contact: said.contact.clone(),
        state,
        our_id: None,
        failure: None,
    });
    Some(Event {
        key,
        at: said.at,
        what,
    })
}
