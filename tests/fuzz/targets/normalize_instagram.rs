//! A part of a webhook of `instagram`: it never fails, and something always comes of it.
#![no_main]

use channels::{RawPart, normalize};
use domain::{Channel, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let part = RawPart {
        object: "instagram",
        entry_id: "17841400000000001",
        entry_time: Some(1_795_341_600),
        received_at: Timestamp::from_seconds(1_795_341_600),
        account: "17841400000000001",
        part: bytes,
    };
    let events = normalize(Channel::Instagram, &part);
    let again = normalize(Channel::Instagram, &part);
    assert!(!events.is_empty(), "a part vanished");
    assert_eq!(events.len(), again.len(), "the same part, other events");
    assert!(
        events
            .iter()
            .zip(&again)
            .all(|(one, other)| one.key == other.key)
    );
});
