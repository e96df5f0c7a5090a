//! A part of a webhook cut into what happened, one by one. What cannot be understood is kept raw
//! as its own slice, so that nothing another person said lies beside it and outlives their erasure.

use std::iter;

use serde_json::{Map, Value};
use store::vault::messages::Road;
use wire::event::{PartKind, WebhookPart};

/// The lists of a WhatsApp change in which each element happened by itself.
const LISTS: [&str; 5] = [
    "messages",
    "message_echoes",
    "statuses",
    "user_id_update",
    "state_sync",
];
/// What the shop's phone had before it was connected.
const HISTORY: &str = "history";
/// The most bytes a part is cut into. Each slice repeats what stands around its element: a part of a
/// million elements beside a megabyte of something else, which no platform sends, stays whole.
const MOST: usize = 64 * 1024 * 1024;

/// One thing that happened, as a part of its own, and by which road it came.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) part: WebhookPart,
    pub(crate) road: Road,
}

/// Cuts a part. At least one slice; what is no JSON, or has no known shape, is a slice by itself.
pub(crate) fn slices(part: &WebhookPart) -> Vec<Slice> {
    within(MOST, part)
}

fn within(most: usize, part: &WebhookPart) -> Vec<Slice> {
    let whole = |road| {
        vec![Slice {
            part: part.clone(),
            road,
        }]
    };
    let Ok(Value::Object(json)) = serde_json::from_slice(&part.body) else {
        return whole(Road::Live);
    };
    let cut: Box<dyn Iterator<Item = Slice>> = match part.kind {
        PartKind::Entry => Box::new(of_entry(part, &json)),
        PartKind::Change => Box::new(of_change(part, &json)),
        PartKind::Messaging | PartKind::Standby | PartKind::Unknown => Box::new(iter::empty()),
    };
    let (mut slices, mut bytes) = (Vec::new(), 0);
    for slice in cut {
        bytes += slice.part.body.len();
        if bytes > most {
            return whole(Road::Live);
        }
        slices.push(slice);
    }
    if slices.is_empty() {
        return whole(Road::Live);
    }
    slices
}

fn of_entry<'a>(
    part: &'a WebhookPart,
    entry: &'a Map<String, Value>,
) -> impl Iterator<Item = Slice> + 'a {
    let one = |kind, element: &Value| slice(part, kind, element, Road::Live);
    let named = [
        ("messaging", PartKind::Messaging),
        ("standby", PartKind::Standby),
    ];
    let said = named.into_iter().flat_map(move |(name, kind)| {
        let elements = list(entry, name).iter();
        elements.map(move |element| one(kind, element))
    });
    let changed = list(entry, "changes").iter().flat_map(move |change| {
        let cut = change.as_object().into_iter();
        let mut cut = cut.flat_map(|change| of_change(part, change)).peekable();
        let whole = cut.peek().is_none().then(|| one(PartKind::Change, change));
        cut.chain(whole)
    });
    said.chain(changed)
}

/// Cuts a change of WhatsApp's; those of the others say one thing each.
fn of_change<'a>(
    part: &'a WebhookPart,
    change: &'a Map<String, Value>,
) -> impl Iterator<Item = Slice> + 'a {
    let value = change.get("value").and_then(Value::as_object);
    let value = value.filter(|_| part.object == "whatsapp_business_account");
    value.into_iter().flat_map(move |value| {
        let cut = move |name: &str, element: Value, road| {
            let value = with_only(value, name, element);
            slice(part, PartKind::Change, &with(change, "value", value), road)
        };
        let now = LISTS.into_iter().flat_map(move |name| {
            let elements = list(value, name).iter().cloned();
            elements.map(move |element| cut(name, element, Road::Live))
        });
        let before = list(value, HISTORY).iter().flat_map(said_before);
        now.chain(before.map(move |chunk| cut(HISTORY, chunk, Road::History)))
    })
}

/// A chunk of the history as one chunk for each message in it.
fn said_before(chunk: &Value) -> impl Iterator<Item = Value> {
    let threads = chunk.as_object().map(|chunk| list(chunk, "threads"));
    let said = threads.unwrap_or_default().iter().flat_map(move |thread| {
        let messages = thread.as_object().map(|thread| list(thread, "messages"));
        let messages = messages.unwrap_or_default().iter().cloned();
        messages.map(move |message| around(chunk, "threads", around(thread, "messages", message)))
    });
    let mut said = said.peekable();
    let whole = said.peek().is_none().then(|| chunk.clone());
    said.chain(whole)
}

/// An object with this as the only element of one of its lists.
fn around(of: &Value, name: &str, element: Value) -> Value {
    let only = Value::Array(vec![element]);
    of.as_object()
        .map_or(Value::Null, |of| with(of, name, only))
}

/// An object with another value under one name, in its place. What was there before is not copied:
/// it may be a thousand messages, and this is done for each of them.
fn with(of: &Map<String, Value>, name: &str, other: Value) -> Value {
    let mut made: Map<String, Value> = Map::new();
    for (known, value) in of {
        let value = if known == name { &Value::Null } else { value };
        made.insert(known.clone(), value.clone());
    }
    made.insert(name.to_owned(), other);
    Value::Object(made)
}

/// A value with one element of one list, and of the people it names only those the element is about.
fn with_only(value: &Map<String, Value>, name: &str, element: Value) -> Value {
    let mut made = Map::new();
    for (known, value) in value {
        let is_list = LISTS.contains(&known.as_str()) || known == HISTORY;
        let kept = match value {
            _ if known == name => Value::Null,
            _ if is_list => continue,
            Value::Array(people) if known == "contacts" && people.len() > 1 => people
                .iter()
                .filter(|person| is_named(person, &element))
                .cloned()
                .collect(),
            other => other.clone(),
        };
        made.insert(known.clone(), kept);
    }
    made.insert(name.to_owned(), Value::Array(vec![element]));
    Value::Object(made)
}

/// Whether an element says one of the ids of a person.
fn is_named(person: &Value, element: &Value) -> bool {
    let ids = ["wa_id", "user_id", "parent_user_id"];
    let ids = ids.iter().filter_map(|name| person.get(name));
    ids.filter_map(Value::as_str).any(|id| says(element, id))
}

fn says(json: &Value, id: &str) -> bool {
    match json {
        Value::String(text) => text.trim_start_matches('+') == id,
        Value::Array(all) => all.iter().any(|one| says(one, id)),
        Value::Object(all) => all.values().any(|one| says(one, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn list<'a>(of: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    of.get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn slice(part: &WebhookPart, kind: PartKind, json: &Value, road: Road) -> Slice {
    let body = serde_json::to_vec(json).expect("what was read as JSON can be written");
    let part = WebhookPart {
        object: part.object.clone(),
        entry_id: part.entry_id.clone(),
        time: part.time,
        received_at: part.received_at,
        kind,
        body,
    };
    Slice { part, road }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(object: &str, kind: PartKind, body: &Value) -> WebhookPart {
        WebhookPart {
            object: object.to_owned(),
            entry_id: "1".to_owned(),
            time: Some(7),
            received_at: 9,
            kind,
            body: serde_json::to_vec(body).unwrap(),
        }
    }

    fn texts(part: &WebhookPart) -> Vec<String> {
        let slices = slices(part).into_iter();
        slices
            .map(|slice| String::from_utf8(slice.part.body).unwrap())
            .collect()
    }

    const WHATSAPP: &str = "whatsapp_business_account";

    #[test]
    fn each_thing_that_happened_stands_alone() {
        let entry = json!({"id": "1", "messaging": [{"a": "CANARY-1"}, {"a": "CANARY-2"}]});
        let cut = texts(&part("page", PartKind::Entry, &entry));
        assert_eq!(cut, [r#"{"a":"CANARY-1"}"#, r#"{"a":"CANARY-2"}"#]);
        let value = json!({
            "metadata": {"phone_number_id": "2"},
            "contacts": [{"wa_id": "11", "profile": {"name": "CANARY-A"}},
                         {"wa_id": "22", "profile": {"name": "CANARY-B"}}],
            "messages": [{"from": "11", "id": "w1"}, {"from": "22", "id": "w2"}],
            "statuses": [{"id": "w3", "recipient_id": "22"}]
        });
        let change = json!({"field": "messages", "value": value});
        let cut = texts(&part(WHATSAPP, PartKind::Change, &change));
        assert_eq!(cut.len(), 3);
        for (slice, own, other) in [
            (&cut[0], "CANARY-A", "CANARY-B"),
            (&cut[1], "CANARY-B", "CANARY-A"),
            (&cut[2], "CANARY-B", "w1"),
        ] {
            assert!(slice.contains(own) && !slice.contains(other), "{slice}");
            assert!(slice.contains("phone_number_id"), "{slice}");
        }
    }

    #[test]
    fn what_was_before_the_connection_is_history_and_cut_by_message() {
        let thread = json!({"id": "11", "messages": [{"id": "w1"}, {"id": "w2"}]});
        let change = json!({"field": "history", "value": {
            "metadata": {"phone_number_id": "2"},
            "history": [{"metadata": {"phase": 1}, "threads": [thread]}],
        }});
        let entry = json!({"id": "1", "changes": [change]});
        let cut = slices(&part(WHATSAPP, PartKind::Entry, &entry));
        assert_eq!(cut.len(), 2);
        assert!(cut.iter().all(|slice| slice.road == Road::History));
    }

    #[test]
    fn a_part_that_would_grow_beyond_measure_stays_whole() {
        let value = json!({"messages": [1, 2, 3], "beside": "x".repeat(100)});
        let change = part(WHATSAPP, PartKind::Change, &json!({"value": value}));
        assert_eq!(within(1_000, &change).len(), 3);
        let whole = within(300, &change);
        assert!(whole.len() == 1 && whole[0].part == change);
    }

    #[test]
    fn what_has_no_known_shape_stays_whole() {
        let odd = part("page", PartKind::Entry, &json!({"id": "1", "hologram": 3}));
        assert_eq!(texts(&odd), [r#"{"id":"1","hologram":3}"#]);
        let broken = WebhookPart {
            body: b"{\"id\":".to_vec(),
            ..odd
        };
        assert_eq!(slices(&broken).len(), 1);
    }
}
