//! Whose something is that cannot be shown. What the shop did must never look as if the person had
//! written: it would be unread, and would hold a reply window open that is shut.

use std::path::Path;

use channels::{RawPart, normalize};
use domain::inbound::{Author, Event, What};
use serde_json::Value;

use crate::support::{RECEIVED, channel_of, events, files};

fn fixture(folder: &str, name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let found = files(&path).into_iter().find(|(file, _)| file == name);
    found.expect("the fixture is there").1
}

/// The author, the person and the id of its own of each event that is kept raw.
fn kept_raw(webhook: &Value) -> Vec<(Option<Author>, Option<String>, Option<String>)> {
    let raw = |event: Event| match event.what {
        What::Unsupported {
            contact,
            author,
            platform_id,
            ..
        } => {
            let person = contact.and_then(|contact| contact.keys.into_iter().next());
            Some((author, person.map(|key| key.value), platform_id))
        }
        _ => None,
    };
    events(webhook).into_iter().filter_map(raw).collect()
}

fn is(
    author: Option<Author>,
    person: Option<&str>,
    id: Option<&str>,
) -> Vec<(Option<Author>, Option<String>, Option<String>)> {
    vec![(author, person.map(str::to_owned), id.map(str::to_owned))]
}

#[test]
fn an_echo_that_cannot_be_shown_is_the_shops() {
    assert_eq!(
        kept_raw(&fixture("messenger", "echo_that_cannot_be_shown")),
        is(Some(Author::Shop), Some("7000000000000001"), Some("m_reel"))
    );
    assert_eq!(
        kept_raw(&fixture("whatsapp", "echo_that_cannot_be_shown")),
        is(Some(Author::Shop), Some("46701740605"), Some("wamid.PLACE"))
    );
}

#[test]
fn what_a_person_sent_and_cannot_be_shown_is_the_persons() {
    assert_eq!(
        kept_raw(&fixture("whatsapp", "location"))
            .into_iter()
            .map(|(author, ..)| author)
            .collect::<Vec<_>>(),
        [Some(Author::Person)]
    );
    assert_eq!(
        kept_raw(&fixture("messenger", "something_new"))
            .into_iter()
            .map(|(author, ..)| author)
            .collect::<Vec<_>>(),
        [Some(Author::Person)]
    );
}

#[test]
fn what_speaks_of_a_message_never_takes_its_id() {
    assert_eq!(
        kept_raw(&fixture("whatsapp", "status_never_seen")),
        is(None, None, None)
    );
    for name in ["reaction_that_cannot_be_read", "edit_that_cannot_be_read"] {
        assert_eq!(
            kept_raw(&fixture("messenger", name)),
            is(None, Some("7000000000000001"), None),
            "{name}"
        );
    }
}

#[test]
fn the_platforms_own_notices_are_nobodys_words() {
    for (folder, name, about) in [
        ("messenger", "policy", None),
        ("messenger", "handover", None),
        ("whatsapp", "new_number", Some("46700000001")),
        ("whatsapp", "new_user_id", Some("46701740605")),
    ] {
        for (author, person, _) in kept_raw(&fixture(folder, name)) {
            assert_eq!(author, None, "{folder}/{name}");
            assert_eq!(person.as_deref(), about, "{folder}/{name}");
        }
    }
}

#[test]
fn a_known_account_changes_nothing_where_the_entry_names_it() {
    for folder in ["instagram", "messenger"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(folder);
        for (name, webhook) in files(&path) {
            if name == "entry_named_after_the_person" {
                continue;
            }
            let guessed = events(&webhook);
            let object = webhook["object"].as_str().unwrap();
            let entries = webhook["entry"].as_array().unwrap();
            let known: Vec<Event> = entries
                .iter()
                .flat_map(|entry| {
                    let id = entry["id"]
                        .as_str()
                        .map_or_else(|| entry["id"].to_string(), str::to_owned);
                    normalize(
                        channel_of(object),
                        &RawPart {
                            object,
                            entry_id: &id,
                            entry_time: entry["time"].as_i64(),
                            received_at: RECEIVED,
                            account: &id,
                            part: &serde_json::to_vec(entry).unwrap(),
                        },
                    )
                })
                .collect();
            assert_eq!(guessed, known, "{folder}/{name}");
        }
    }
}
