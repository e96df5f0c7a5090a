//! Reading Meta's JSON without trusting its types: ids come as text or numbers, times as seconds,
//! milliseconds or ISO text, flags as booleans or words. Nothing here can fail, only be absent.

use domain::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Numbers below this are seconds, from it on milliseconds: it is the year 5138 in the one and
/// March 1973 in the other.
const SECONDS_END: i64 = 100_000_000_000;

/// The longest kind kept; Meta's own words are shorter, anything longer is not one of them.
const KIND_LENGTH: usize = 64;

/// The text of a member, be it a string or a number; `None` if absent or empty.
pub(crate) fn word(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(as_word)
}

/// A value as text, be it a string or a number; `None` if it is neither or empty.
pub(crate) fn as_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// The id in `{name: {"id": …}}`.
pub(crate) fn id_of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(|inner| word(inner, "id"))
}

/// Whether a member says yes; Meta writes `true`, `"true"` and `1`.
pub(crate) fn yes(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true" || text == "1",
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

/// The elements of a member; a lone object counts as a list of one.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    match value.get(name) {
        Some(Value::Array(items)) => items,
        Some(lone @ Value::Object(_)) => std::slice::from_ref(lone),
        _ => &[],
    }
}

/// A member as a moment; see [`as_moment`].
pub(crate) fn moment(value: &Value, name: &str) -> Option<Timestamp> {
    value.get(name).and_then(as_moment)
}

/// A moment from seconds, milliseconds (as number or digits) or ISO text. Nothing before 1970.
pub(crate) fn as_moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => number.as_i64().and_then(moment_of_number),
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => moment_of_number(number),
            Err(_) => moment_of_text(text.trim()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Seconds or milliseconds since 1970, told apart by size.
pub(crate) fn moment_of_number(number: i64) -> Option<Timestamp> {
    match number {
        ..=0 => None,
        1..SECONDS_END => Some(Timestamp::from_seconds(number)),
        _ => Some(Timestamp(number)),
    }
}

/// The Graph API's `2021-07-23T09:28:50+0000`, and RFC 3339.
pub(crate) fn moment_of_text(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>()
        .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text))
        .ok()
        .map(|at| Timestamp(at.as_millisecond()))
        .filter(|at| at.0 > 0)
}

/// An object with one more member.
pub(crate) fn with(mut object: Value, name: &str, member: impl Into<Value>) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member.into());
    }
    object
}

/// A platform's word for something, made safe to store and to compare: letters, digits and `_-.`.
pub(crate) fn kind(word: &str) -> String {
    let clean: String = word
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .take(KIND_LENGTH)
        .collect();
    if clean.is_empty() {
        "unknown".to_owned()
    } else {
        clean
    }
}

/// Thirty-two hex digits that are equal for equal JSON, whatever the order of its members.
pub(crate) fn fingerprint(value: &Value) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, value);
    hex_prefix(&hash.finalize())
}

/// Thirty-two hex digits of some bytes.
pub(crate) fn fingerprint_of_bytes(bytes: &[u8]) -> String {
    hex_prefix(&Sha256::digest(bytes))
}

fn hex_prefix(digest: &[u8]) -> String {
    hex::encode(digest.get(..16).unwrap_or(digest))
}

/// Members in the order of their names; every part is closed by a byte that JSON text cannot
/// hold unescaped, so that two different values never feed the same bytes.
fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            hash.update(b"{");
            for (name, member) in names {
                hash.update(name.as_bytes());
                hash.update([0]);
                feed(hash, member);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| feed(hash, item));
            hash.update(b"]");
        }
        leaf => {
            hash.update(leaf.to_string().as_bytes());
            hash.update([0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_moment_is_read_from_every_form_meta_writes() {
        let at = Some(Timestamp(1_627_032_530_000));
        for form in [
            json!(1_627_032_530),
            json!(1_627_032_530_000_i64),
            json!("1627032530"),
            json!("1627032530000"),
            json!("2021-07-23T09:28:50+0000"),
            json!("2021-07-23T09:28:50Z"),
            json!("2021-07-23T11:28:50+02:00"),
        ] {
            assert_eq!(as_moment(&form), at, "{form}");
        }
        for none in [
            json!(0),
            json!(-5),
            json!("soon"),
            json!(null),
            json!([1]),
            json!("<TIME>"),
        ] {
            assert_eq!(as_moment(&none), None, "{none}");
        }
    }

    #[test]
    fn an_id_keeps_every_digit() {
        let value = json!({"text": "17841405726653026", "number": 9_223_372_036_854_775_807_u64});
        assert_eq!(word(&value, "text").as_deref(), Some("17841405726653026"));
        assert_eq!(
            word(&value, "number").as_deref(),
            Some("9223372036854775807")
        );
        assert_eq!(word(&value, "absent"), None);
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_order_of_members() {
        assert_eq!(
            fingerprint(&json!({"a": 1, "b": [1, {"x": "y", "z": null}]})),
            fingerprint(&json!({"b": [1, {"z": null, "x": "y"}], "a": 1})),
        );
        assert_ne!(
            fingerprint(&json!(["ab", "c"])),
            fingerprint(&json!(["a", "bc"]))
        );
        assert_ne!(fingerprint(&json!([1, 2])), fingerprint(&json!([2, 1])));
        assert_ne!(
            fingerprint(&json!({"a": "1"})),
            fingerprint(&json!({"a": 1}))
        );
    }

    #[test]
    fn a_kind_is_short_and_plain() {
        assert_eq!(kind("policy-enforcement"), "policy-enforcement");
        assert_eq!(kind("<b>\u{202e}x"), "bx");
        assert_eq!(kind("\u{0}"), "unknown");
        assert_eq!(kind(&"k".repeat(500)).len(), KIND_LENGTH);
    }
}
