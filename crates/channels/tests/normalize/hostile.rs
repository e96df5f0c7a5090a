//! Input nobody promised: whatever the bytes, there is an event, no panic, and the same event
//! again the next time.

use channels::{RawPart, normalize, permissions};
use domain::inbound::{Author, Event, What};
use domain::{Channel, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::RECEIVED;

const CHANNELS: [Channel; 4] = [
    Channel::Instagram,
    Channel::Messenger,
    Channel::Whatsapp,
    Channel::Sms,
];

const OBJECTS: [&str; 6] = [
    "page",
    "instagram",
    "whatsapp_business_account",
    "permissions",
    "user",
    "",
];

fn read(channel: Channel, object: &str, account: &str, bytes: &[u8]) -> Vec<Event> {
    let part = RawPart {
        object,
        entry_id: "104200000000001",
        entry_time: Some(1_790_000_000),
        received_at: RECEIVED,
        account,
        part: bytes,
    };
    let events = normalize(channel, &part);
    assert_eq!(
        events,
        normalize(channel, &part),
        "the same bytes, another event"
    );
    let _ = permissions(&part);
    events
}

/// Words the platforms use, so that random JSON reaches deep.
const WORDS: [&str; 60] = [
    "id",
    "field",
    "value",
    "changes",
    "messaging",
    "standby",
    "sender",
    "recipient",
    "timestamp",
    "message",
    "mid",
    "text",
    "attachments",
    "type",
    "payload",
    "url",
    "image",
    "is_echo",
    "is_deleted",
    "metadata",
    "app_id",
    "reply_to",
    "story",
    "reaction",
    "action",
    "react",
    "unreact",
    "emoji",
    "read",
    "watermark",
    "delivery",
    "mids",
    "message_edit",
    "postback",
    "title",
    "messages",
    "statuses",
    "contacts",
    "profile",
    "name",
    "wa_id",
    "from",
    "to",
    "body",
    "status",
    "failed",
    "errors",
    "code",
    "history",
    "threads",
    "message_echoes",
    "revoke",
    "edit",
    "original_message_id",
    "message_id",
    "context",
    "user_id_update",
    "user_id",
    "sticker_id",
    "104200000000001",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 160, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_bytes_come_to_an_event(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for channel in CHANNELS {
            for object in OBJECTS {
                prop_assert!(!read(channel, object, "", &bytes).is_empty());
            }
        }
    }

    #[test]
    fn any_json_comes_to_an_event(json in any_json()) {
        let bytes = serde_json::to_vec(&json).unwrap();
        for channel in CHANNELS {
            for object in OBJECTS {
                prop_assert!(!read(channel, object, "104200000000001", &bytes).is_empty());
            }
        }
    }

    #[test]
    fn any_element_of_a_known_list_comes_to_an_event_each(
        elements in prop::collection::vec(any_json(), 1..5)
    ) {
        let entry = serde_json::to_vec(&json!({ "messaging": elements })).unwrap();
        let events = read(Channel::Messenger, "page", "", &entry);
        prop_assert!(events.len() >= elements.len());
        let change = json!({ "field": "messages", "value": { "messages": elements } });
        let bytes = serde_json::to_vec(&change).unwrap();
        let events = read(Channel::Whatsapp, "whatsapp_business_account", "", &bytes);
        prop_assert!(events.len() >= elements.len());
    }

    #[test]
    fn members_in_another_order_are_the_same_event(json in any_json()) {
        let bytes = serde_json::to_vec(&json).unwrap();
        let turned = serde_json::to_vec(&reversed(&json)).unwrap();
        for channel in CHANNELS {
            let (straight, turned) =
                (read(channel, "page", "", &bytes), read(channel, "page", "", &turned));
            let keys = |events: &[Event]| -> Vec<String> {
                let mut keys: Vec<_> = events.iter().map(|event| event.key.clone()).collect();
                keys.sort();
                keys
            };
            prop_assert_eq!(keys(&straight), keys(&turned));
        }
    }
}

fn reversed(json: &Value) -> Value {
    match json {
        Value::Object(members) => members
            .iter()
            .rev()
            .map(|(name, member)| (name.clone(), reversed(member)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(reversed).collect(),
        leaf => leaf.clone(),
    }
}

#[test]
fn deep_nesting_is_unreadable_and_nothing_worse() {
    let deep = "[".repeat(100_000);
    let events = read(Channel::Messenger, "page", "", deep.as_bytes());
    assert!(matches!(&events[0].what, What::Unsupported { kind, .. } if kind == "unreadable"));
}

fn text(account: &str, sender: &str, recipient: &str, echo: bool) -> (Author, String) {
    let entry = json!({"messaging": [{
        "sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": 1_790_000_000_000_i64,
        "message": {"mid": "m", "text": "t", "is_echo": echo},
    }]});
    let bytes = serde_json::to_vec(&entry).unwrap();
    let [event] = &read(Channel::Instagram, "instagram", account, &bytes)[..] else {
        panic!("one event");
    };
    let What::Message(message) = &event.what else {
        panic!("a message")
    };
    (message.author, message.contact.keys[0].value.clone())
}

#[test]
fn the_two_sides_are_told_apart_by_the_account_then_by_the_echo_mark() {
    let (entry, other) = ("104200000000001", "9");
    let person = |id: &str| (Author::Person, id.to_owned());
    let shop = |id: &str| (Author::Shop, id.to_owned());
    // As documented.
    assert_eq!(text("", other, entry, false), person(other));
    assert_eq!(text("", entry, other, true), shop(other));
    assert_eq!(text(entry, other, entry, false), person(other));
    assert_eq!(text(entry, entry, other, true), shop(other));
    // An echo with its sides swapped, as in Meta's own examples.
    assert_eq!(text("", other, entry, true), shop(other));
    // An entry named after the person.
    assert_eq!(text("", entry, other, false), person(entry));
    assert_eq!(text("shop", entry, "shop", false), person(entry));
    // Our own message without the mark.
    assert_eq!(text("shop", "shop", other, false), shop(other));
}

#[test]
fn an_element_alone_is_the_same_event_as_in_its_entry() {
    let elements = [
        json!({"sender": {"id": "9"}, "recipient": {"id": "104200000000001"},
               "timestamp": 1_790_000_000_000_i64, "message": {"mid": "m", "text": "t"}}),
        json!({"sender": {"id": "9"}, "recipient": {"id": "104200000000001"},
               "timestamp": 1_790_000_000_000_i64, "hologram": {"depth": 3}}),
        json!({"field": "feed", "value": {"item": "like"}}),
    ];
    for (element, list) in elements.iter().zip(["messaging", "standby", "changes"]) {
        let bytes = |json: &Value| serde_json::to_vec(json).unwrap();
        let alone = read(Channel::Messenger, "page", "", &bytes(element));
        let within = read(
            Channel::Messenger,
            "page",
            "",
            &bytes(&json!({ list: [element] })),
        );
        assert_eq!(alone, within, "{list}");
    }
}

#[test]
fn a_time_before_1970_or_in_words_is_the_relays_time() {
    for time in [json!(-1), json!(0), json!("soon"), json!({}), json!(null)] {
        let entry = json!({"time": 0, "messaging": [{
            "sender": {"id": "9"}, "timestamp": time, "message": {"mid": "m", "text": "t"},
        }]});
        let part = RawPart {
            object: "page",
            entry_id: "1",
            entry_time: Some(0),
            received_at: RECEIVED,
            account: "1",
            part: &serde_json::to_vec(&entry).unwrap(),
        };
        let at: Vec<Timestamp> = normalize(Channel::Messenger, &part)
            .iter()
            .map(|event| event.at)
            .collect();
        assert_eq!(at, [RECEIVED]);
    }
}

#[test]
fn a_number_in_someone_elses_card_never_becomes_the_writer() {
    let change = json!({"field": "messages", "value": {
        "contacts": [{"wa_id": "15550001111", "profile": {"name": "Other"}},
                     {"wa_id": "15550002222", "profile": {"name": "Another"}}],
        "messages": [{"id": "wamid.1", "timestamp": "1790000000", "type": "text",
                      "text": {"body": "who am I"}}],
    }});
    let bytes = serde_json::to_vec(&change).unwrap();
    let events = read(Channel::Whatsapp, "whatsapp_business_account", "", &bytes);
    // Nobody is named and two could be meant: kept raw, in nobody's conversation.
    assert!(matches!(
        &events[0].what,
        What::Unsupported { contact: None, .. }
    ));
}
