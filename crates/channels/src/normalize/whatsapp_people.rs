//! Who a WhatsApp payload is about. A person has any of a phone number, a business-scoped user id
//! and its parent; a payload that names two of them says that they are one person.

use domain::{ContactKey, ContactKind, ContactRef};
use serde_json::Value;

use crate::json::{list, word};

/// The keys of a person in one object; each list holds the names META has used for one key.
pub(super) struct Names {
    pub(super) phone: &'static [&'static str],
    pub(super) user: &'static [&'static str],
    pub(super) parent: &'static [&'static str],
}

/// Of an inbound message.
pub(super) const FROM: Names = Names {
    phone: &["from"],
    user: &["from_user_id"],
    parent: &["from_parent_user_id"],
};

/// Of an echo of something the shop sent from a phone.
pub(super) const TO: Names = Names {
    phone: &["to"],
    user: &["to_user_id"],
    parent: &["to_parent_user_id"],
};

/// Of a status.
pub(super) const RECIPIENT: Names = Names {
    phone: &["recipient_id"],
    user: &["recipient_user_id"],
    parent: &["recipient_parent_user_id", "parent_recipient_user_id"],
};

/// Of one participant in a group's status.
pub(super) const PARTICIPANT: Names = Names {
    phone: &["recipient_participant_id"],
    user: &["recipient_participant_user_id"],
    parent: &["recipient_participant_parent_user_id"],
};

/// Of an entry of `contacts`, and of the thread of a history.
pub(super) const CONTACT: Names = Names {
    phone: &["wa_id"],
    user: &["user_id"],
    parent: &["parent_user_id"],
};

/// The person named by `names` in `json`, completed from the payload's `contacts`. Where `json`
/// names nobody, the only contact of the payload is meant.
pub(super) fn person(value: &Value, json: &Value, names: &Names) -> Option<ContactRef> {
    let contacts = list(value, "contacts");
    let mut keys = keys(json, names);
    let entry = if keys.is_empty() {
        let [only] = contacts else { return None };
        Some(only)
    } else {
        contacts.iter().find(|contact| {
            self::keys(contact, &CONTACT)
                .iter()
                .any(|k| keys.contains(k))
        })
    };
    for key in entry
        .into_iter()
        .flat_map(|contact| self::keys(contact, &CONTACT))
    {
        if !keys.iter().any(|known| known.kind == key.kind) {
            keys.push(key);
        }
    }
    keys.sort_by_key(|key| key.kind);
    let profile = entry.and_then(|contact| contact.get("profile"));
    (!keys.is_empty()).then(|| ContactRef {
        keys,
        name: profile.and_then(|profile| word(profile, "name")),
        handle: profile
            .and_then(|profile| word(profile, "username"))
            .map(|handle| bare(&handle)),
    })
}

/// The keys in `json`, phone number first: it is what WhatsApp prefers where both are given.
pub(super) fn keys(json: &Value, names: &Names) -> Vec<ContactKey> {
    let find = |candidates: &[&str]| candidates.iter().find_map(|name| word(json, name));
    [
        find(names.phone).map(|phone| (ContactKind::Phone, digits(&phone))),
        find(names.user).map(|user| (ContactKind::Bsuid, user)),
        find(names.parent).map(|parent| (ContactKind::ParentBsuid, parent)),
    ]
    .into_iter()
    .flatten()
    .map(|(kind, value)| ContactKey { kind, value })
    .collect()
}

/// A phone number as `wa_id` writes it: digits only. What is no number stays as it is.
pub(super) fn digits(phone: &str) -> String {
    let bare: String = phone
        .chars()
        .filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')'))
        .collect();
    if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        bare
    } else {
        phone.to_owned()
    }
}

fn bare(handle: &str) -> String {
    handle.strip_prefix('@').unwrap_or(handle).to_owned()
}
