//! Every recorded webhook and what it is turned into: `golden.txt` names both. A quirk of the
//! platform is a new line there first. They lie beside the repository; `fixtures.rs` holds our own
//! webhooks to the same rules, always.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::beside::recorded;
use crate::support::{events, files, kind_of};
use domain::inbound::What;

const FOLDERS: [&str; 5] = ["instagram", "messenger", "page", "permissions", "whatsapp"];

/// What the inbox lives on: files whose name says that they are one of these, in the channels'
/// own folders, are never unsupported.
const LIFE: [&str; 22] = [
    "text",
    "image",
    "sticker",
    "echo",
    "smb_message_echoes",
    "delivery",
    "read",
    "seen",
    "is_deleted",
    "revoke",
    "reaction",
    "statuses",
    "inline_reply",
    "story_reply",
    "story_mention",
    "reply_to",
    "quick_reply",
    "button_reply",
    "list_reply",
    "prior_message",
    "referral_ad",
    "referral_product",
];

#[test]
fn every_recorded_webhook_is_what_the_table_says() {
    let Some(fixtures) = recorded("") else { return };
    let mut table = String::new();
    for folder in FOLDERS {
        for (name, webhook) in files(&fixtures.join(folder)) {
            let kinds: Vec<String> = events(&webhook).iter().map(kind_of).collect();
            assert!(!kinds.is_empty(), "{folder}/{name} was dropped");
            writeln!(table, "{folder}/{name}: {}", kinds.join("; ")).unwrap();
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/normalize/golden.txt");
    if std::env::var_os("SHOPBELL_BLESS").is_some() {
        std::fs::write(golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    let lines = |text: &str| -> BTreeMap<String, String> {
        text.lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, kinds)| (name.to_owned(), kinds.to_owned()))
            .collect()
    };
    assert_eq!(
        lines(&table),
        lines(&expected),
        "set SHOPBELL_BLESS=1 to accept"
    );
}

#[test]
fn what_the_inbox_lives_on_is_never_unsupported() {
    let Some(fixtures) = recorded("") else { return };
    let mut seen = 0;
    for folder in ["instagram", "messenger", "whatsapp"] {
        for (name, webhook) in files(&fixtures.join(folder)) {
            if !name.split('.').any(|word| LIFE.contains(&word)) {
                continue;
            }
            seen += 1;
            for event in events(&webhook) {
                assert!(
                    !matches!(event.what, What::Unsupported { .. }),
                    "{folder}/{name}: {}",
                    kind_of(&event)
                );
            }
        }
    }
    assert!(seen >= 30, "only {seen} files");
}

#[test]
fn every_recorded_event_has_a_key_of_its_own_that_stays() {
    let Some(fixtures) = recorded("") else { return };
    for folder in FOLDERS {
        for (name, webhook) in files(&fixtures.join(folder)) {
            let (first, again) = (events(&webhook), events(&webhook));
            assert_eq!(first, again, "{folder}/{name}");
            let mut keys: Vec<_> = first.iter().map(|event| &event.key).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), first.len(), "{folder}/{name}");
        }
    }
}
