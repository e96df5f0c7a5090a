//! What is JSON and what only looks like it, as JSONTestSuite has it, where a person's message should
//! be: whatever it is, something is shown, and the same the next time.

use channels::{RawPart, normalize};
use domain::Channel;
use serde_json::Value;

use crate::support::RECEIVED;

/// Where a text may stand in for what a platform would say.
const PLACES: [(Channel, &str, &str); 6] = [
    (Channel::Messenger, "page", "TEXT"),
    (
        Channel::Messenger,
        "page",
        r#"{"id":"17","time":1,"messaging":TEXT}"#,
    ),
    (
        Channel::Messenger,
        "page",
        r#"{"id":"17","time":1,"messaging":[{"sender":{"id":"5"},"recipient":{"id":"17"},"timestamp":1,"message":TEXT}]}"#,
    ),
    (
        Channel::Instagram,
        "instagram",
        r#"{"id":"17","time":1,"messaging":[{"sender":{"id":"5"},"recipient":{"id":"17"},"timestamp":1,"message":{"mid":"m","text":TEXT}}]}"#,
    ),
    (
        Channel::Whatsapp,
        "whatsapp_business_account",
        r#"{"field":"messages","value":TEXT}"#,
    ),
    (
        Channel::Whatsapp,
        "whatsapp_business_account",
        r#"{"field":"messages","value":{"metadata":{"phone_number_id":"17"},"messages":[TEXT]}}"#,
    ),
];

#[test]
fn whatever_stands_where_a_message_should_be_something_is_shown() {
    let suite = include_str!("../../../../tests/corpora/json-test-suite/parsing.json");
    let suite: Vec<Value> = serde_json::from_str(suite).unwrap();
    let mut read = 0;
    for text in &suite {
        let times = text["times"].as_u64().unwrap_or(1);
        let input = text["input"].as_str().unwrap();
        let input = input.repeat(usize::try_from(times).unwrap());
        for (channel, object, place) in PLACES {
            let (before, after) = place.split_once("TEXT").unwrap();
            // The bytes that the package has lost are bytes that are no UTF-8.
            for lost in ["\u{fffd}".as_bytes(), b"\xe5", b"\xff", b"\xed\xa0\x80"] {
                let pieces: Vec<_> = input.split('\u{fffd}').map(str::as_bytes).collect();
                let middle = pieces.join(lost);
                let part = RawPart {
                    object,
                    entry_id: "17",
                    entry_time: Some(1_790_000_000),
                    received_at: RECEIVED,
                    account: "17",
                    part: &[before.as_bytes(), &middle, after.as_bytes()].concat(),
                };
                let events = normalize(channel, &part);
                assert!(!events.is_empty(), "{} at {place}", text["name"]);
                assert_eq!(events, normalize(channel, &part), "{}", text["name"]);
                read += 1;
            }
        }
    }
    assert_eq!((suite.len(), read), (318, 318 * 6 * 4));
}
