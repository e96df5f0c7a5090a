//! Splitting a webhook by whom its parts belong to.
//!
//! Of what Meta says only the outside is read: `object`, and of each entry the ids that say where
//! it belongs. Each part is cut out of the bytes as they came. The rules are:
//!
//! - Page and Instagram: by `entry.id`; for messaging, if nobody has that account, each item by its
//!   `recipient.id`, then by its `sender.id`.
//! - WhatsApp: each change by its `metadata.phone_number_id`; a change without one goes to every
//!   number of that WhatsApp account.
//! - `permissions`: to the person's logins.
//! - Any other object belongs to nobody.

use serde::Deserialize;
use serde_json::value::RawValue;
use wire::event::{PartKind, WebhookPart};

use super::signature::Verified;
use crate::pseudonym::Kind;

/// The bytes under a good signature are no JSON of Meta's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

/// Where a part may belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// To the first of these accounts that somebody has connected.
    Account(Vec<(Kind, String)>),
    /// To every account under this subscription.
    Subscription(Kind, String),
    /// To the logins of this person.
    Person(String),
}

/// A part and its address. The parts of an entry whose id may be unknown come in two forms, whole
/// and by item; `otherwise` are the items, used when nobody has the account of the whole.
#[derive(Debug, Clone)]
pub(crate) struct Addressed {
    pub(crate) to: Address,
    pub(crate) part: WebhookPart,
    pub(crate) otherwise: Vec<Addressed>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    object: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    entry: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    id: Id<'a>,
    #[serde(borrow, default)]
    uid: Id<'a>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    changes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messaging: Option<&'a RawValue>,
    #[serde(borrow, default)]
    standby: Option<&'a RawValue>,
}

/// An id, which may be a text or a number.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(transparent)]
struct Id<'a>(#[serde(borrow)] Option<&'a RawValue>);

impl Id<'_> {
    fn text(self) -> Option<String> {
        let raw = self.0?.get();
        match serde_json::from_str(raw).ok()? {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(_) => Some(raw.to_owned()),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChangeValue<'a> {
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    phone_number_id: Id<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    recipient: Option<Party<'a>>,
    #[serde(borrow)]
    sender: Option<Party<'a>>,
}

#[derive(Deserialize)]
struct Party<'a> {
    #[serde(borrow, default)]
    id: Id<'a>,
}

/// What a webhook falls into.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) parts: Vec<Addressed>,
    /// How many entries say neither what they are about nor whose they are: they go to nobody.
    pub(crate) nameless: u64,
}

/// Splits a webhook.
pub(crate) fn split(webhook: &Verified, received_at: i64) -> Result<Split, NotJson> {
    let text = std::str::from_utf8(webhook.body()).map_err(|_| NotJson)?;
    let body: Body<'_> = serde_json::from_str(text).map_err(|_| NotJson)?;
    let object = body.object.unwrap_or_default();
    let mut split = Split::default();
    for raw in body.entry.unwrap_or_default() {
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(raw.get()) else {
            split.nameless += 1;
            continue;
        };
        let before = split.parts.len();
        let parts = &mut split.parts;
        let about = About {
            object: &object,
            raw,
            time: time_of(entry.time),
            received_at,
        };
        match object.as_ref() {
            "page" => parts.extend(about.account(Kind::Page, &entry)),
            "instagram" => parts.extend(about.account(Kind::Instagram, &entry)),
            "whatsapp_business_account" => about.numbers(&entry, parts),
            "permissions" => parts.extend(about.person(&entry)),
            _ => {}
        }
        split.nameless += u64::from(split.parts.len() == before);
    }
    Ok(split)
}

/// What the parts of one entry have in common.
struct About<'a> {
    object: &'a str,
    raw: &'a RawValue,
    time: Option<i64>,
    received_at: i64,
}

impl About<'_> {
    fn part(&self, kind: PartKind, entry_id: &str, slice: &RawValue) -> WebhookPart {
        WebhookPart {
            object: self.object.to_owned(),
            entry_id: entry_id.to_owned(),
            time: self.time,
            received_at: self.received_at,
            kind,
            body: slice.get().as_bytes().to_vec(),
        }
    }

    fn account(&self, kind: Kind, entry: &Entry<'_>) -> Option<Addressed> {
        let id = entry.id.text()?;
        let mut otherwise = Vec::new();
        for (part_kind, items) in [
            (PartKind::Messaging, entry.messaging),
            (PartKind::Standby, entry.standby),
        ] {
            for slice in list(items) {
                let accounts = parties(slice).into_iter().map(|id| (kind, id)).collect();
                let part = self.part(part_kind, &id, slice);
                let to = Address::Account(accounts);
                otherwise.push(Addressed {
                    to,
                    part,
                    otherwise: Vec::new(),
                });
            }
        }
        let part = self.part(PartKind::Entry, &id, self.raw);
        Some(Addressed {
            to: Address::Account(vec![(kind, id)]),
            part,
            otherwise,
        })
    }

    fn numbers(&self, entry: &Entry<'_>, parts: &mut Vec<Addressed>) {
        let Some(account) = entry.id.text() else {
            return;
        };
        for slice in list(entry.changes) {
            let to = match number_of(slice) {
                Some(number) => Address::Account(vec![(Kind::Number, number)]),
                None => Address::Subscription(Kind::WhatsappAccount, account.clone()),
            };
            let part = self.part(PartKind::Change, &account, slice);
            parts.push(Addressed {
                to,
                part,
                otherwise: Vec::new(),
            });
        }
    }

    fn person(&self, entry: &Entry<'_>) -> Option<Addressed> {
        let id = entry.uid.text().or_else(|| entry.id.text())?;
        let part = self.part(PartKind::Entry, &id, self.raw);
        Some(Addressed {
            to: Address::Person(id),
            part,
            otherwise: Vec::new(),
        })
    }
}

/// The elements of a list, as they are written; what is no list has none.
fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// Recipient, then sender.
fn parties(slice: &RawValue) -> Vec<String> {
    let Ok(item) = serde_json::from_str::<Item<'_>>(slice.get()) else {
        return Vec::new();
    };
    [item.recipient, item.sender]
        .into_iter()
        .flatten()
        .filter_map(|one| one.id.text())
        .collect()
}

fn number_of(slice: &RawValue) -> Option<String> {
    let change: Change<'_> = serde_json::from_str(slice.get()).ok()?;
    let value: ChangeValue<'_> = serde_json::from_str(change.value?.get()).ok()?;
    value.metadata?.phone_number_id.text()
}

/// Meta's time: a number, or a number in a text; anything else is left to the device to read.
fn time_of(raw: Option<&RawValue>) -> Option<i64> {
    match serde_json::from_str(raw?.get()).ok()? {
        serde_json::Value::Number(number) => number.as_i64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::tests::verified;

    fn parts(body: &str) -> Vec<Addressed> {
        split(&verified(body.as_bytes()), 7).unwrap().parts
    }

    fn account(kind: Kind, id: &str) -> Address {
        Address::Account(vec![(kind, id.to_owned())])
    }

    #[test]
    fn a_batch_is_split_by_account_and_each_slice_is_untouched() {
        let body = r#"{"object":"page","entry":[
            {"id":"11","time":1700000000001, "messaging":[{"x":"\u00e9\/"}]},
            {"time":1700000000,"changes":[], "id":22}]}"#;
        let parts = parts(body);
        assert_eq!(parts[0].to, account(Kind::Page, "11"));
        let slice = r#"{"id":"11","time":1700000000001, "messaging":[{"x":"\u00e9\/"}]}"#;
        assert_eq!(parts[0].part.body, slice.as_bytes());
        assert_eq!(parts[0].part.time, Some(1_700_000_000_001));
        assert_eq!(
            parts[1].to,
            account(Kind::Page, "22"),
            "an id may be a number"
        );
        assert_eq!(
            (parts[1].part.entry_id.as_str(), parts[1].part.received_at),
            ("22", 7)
        );
    }

    #[test]
    fn a_large_number_keeps_its_digits() {
        let parts = parts(r#"{"object":"instagram","entry":[{"id":17841400000000000123}]}"#);
        assert_eq!(
            parts[0].to,
            account(Kind::Instagram, "17841400000000000123")
        );
    }

    #[test]
    fn where_the_entry_is_unknown_each_item_names_its_parties() {
        let body = r#"{"object":"instagram","entry":[{"id":"0","messaging":[
            {"sender":{"id":"9"},"recipient":{"id":"17841"}},
            {"recipient":{"id":8},"sender":{"id":"17842"}}]}]}"#;
        let whole = parts(body).remove(0);
        let items: Vec<_> = whole.otherwise.iter().map(|item| item.to.clone()).collect();
        let both = |first: &str, second: &str| {
            Address::Account(vec![
                (Kind::Instagram, first.to_owned()),
                (Kind::Instagram, second.to_owned()),
            ])
        };
        assert_eq!(items, [both("17841", "9"), both("8", "17842")]);
        assert_eq!(whole.otherwise[0].part.kind, PartKind::Messaging);
    }

    #[test]
    fn whatsapp_goes_by_number_and_what_has_none_to_all_of_the_account() {
        let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"500","changes":[
            {"field":"messages","value":{"metadata":{"phone_number_id":"61"}}},
            {"field":"messages","value":{"metadata":{"phone_number_id":62}}},
            {"field":"account_update","value":{"event":"X"}},
            {"field":"odd"}]}]}"#;
        let to: Vec<_> = parts(body).into_iter().map(|part| part.to).collect();
        let all = Address::Subscription(Kind::WhatsappAccount, "500".into());
        let (first, second) = (account(Kind::Number, "61"), account(Kind::Number, "62"));
        assert_eq!(to, [first, second, all.clone(), all]);
    }

    #[test]
    fn permissions_go_to_the_person() {
        let body =
            r#"{"object":"permissions","entry":[{"id":"1","uid":"77","time":5,"changes":[]}]}"#;
        assert_eq!(parts(body)[0].to, Address::Person("77".into()));
    }

    #[test]
    fn what_belongs_to_nobody_is_left_out_and_counted() {
        for (body, nameless) in [
            (r#"{"object":"user","entry":[{"id":"1"}]}"#, 1),
            (r#"{"object":"page"}"#, 0),
            (r#"{"object":"page","entry":[]}"#, 0),
            (r#"{"object":"page","entry":[{"time":1}]}"#, 1),
            (r#"{"object":"page","entry":[7,"x",null,[]]}"#, 4),
            (
                r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":7}]}"#,
                1,
            ),
            (r#"{"entry":[{"id":"1"}]}"#, 1),
            ("{}", 0),
        ] {
            let split = split(&verified(body.as_bytes()), 7).unwrap();
            assert!(split.parts.is_empty(), "{body}");
            assert_eq!(split.nameless, nameless, "{body}");
        }
        let good = br#"{"object":"page","entry":[{"id":"1","messaging":[]}]}"#;
        assert_eq!(
            split(&verified(good), 7).unwrap().nameless,
            0,
            "the control"
        );
    }

    #[test]
    fn what_is_no_json_is_told_apart() {
        for body in [
            b"".as_slice(),
            b"x",
            b"{",
            b"[]",
            b"\"text\"",
            b"{\"a\":\"\xff\"}",
            b"{} {}",
        ] {
            let verdict = split(&verified(body), 0);
            assert!(
                matches!(verdict, Err(NotJson)),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
