//! The shapes of WhatsApp's `messages` field: what customers write, and reports on what they get.

#![expect(
    clippy::indexing_slicing,
    reason = "a key of an object made here cannot panic"
)]

use serde_json::{Value, json};

use super::update::{Lane, PictureLink, Update};
use crate::world::shop::{self, Waba};
use crate::world::threads::{Message, Thread};

fn number_of(thread: &Thread) -> &'static Waba {
    shop::phone(thread.account).unwrap_or(&shop::WABAS[0])
}

fn head(waba: &Waba) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": waba.digits, "phone_number_id": waba.phone},
    })
}

fn update(waba: &Waba, kind: &'static str, at: i64, value: &Value) -> Update {
    Update {
        lane: Lane::Whatsapp,
        account: waba.phone.to_owned(),
        entry: waba.id.to_owned(),
        field: "messages",
        kind,
        at,
        part: json!({"value": value, "field": "messages"}),
    }
}

fn about(thread: &Thread, kind: &'static str, at: i64, (key, item): (&str, Value)) -> Update {
    let waba = number_of(thread);
    let mut value = head(waba);
    value["contacts"] = json!([contact(thread)]);
    value[key] = json!([item]);
    update(waba, kind, at, &value)
}

/// The customer. Whoever hides the number has a username and only scoped ids.
fn contact(thread: &Thread) -> Value {
    let person = thread.person();
    let mut contact = json!({"profile": {"name": person.name}});
    match person.phone {
        Some(phone) => contact["wa_id"] = json!(phone),
        None => contact["profile"]["username"] = json!(format!("@{}", person.username)),
    }
    contact["user_id"] = json!(person.bsuid());
    contact["parent_user_id"] = json!(person.bsuid_parent());
    contact
}

/// What every message of a customer begins with.
fn from_customer(thread: &Thread, said: &Message) -> Value {
    let person = thread.person();
    let mut item = json!({});
    if let Some(reply_to) = &said.reply_to {
        let by_shop = thread
            .message(reply_to)
            .is_some_and(|other| other.from_shop);
        let from = if by_shop {
            number_of(thread).digits.to_owned()
        } else {
            thread.customer_id()
        };
        item["context"] = json!({"from": from, "id": reply_to});
    }
    if let Some(phone) = person.phone {
        item["from"] = json!(phone);
    }
    item["from_user_id"] = json!(person.bsuid());
    item["from_parent_user_id"] = json!(person.bsuid_parent());
    item["id"] = json!(said.id);
    item["timestamp"] = json!((said.at / 1000).to_string());
    item
}

pub(super) fn message(thread: &Thread, said: &Message, picture: Option<&PictureLink>) -> Update {
    let mut item = from_customer(thread, said);
    match picture {
        Some(picture) => {
            let mut image = json!({
                "mime_type": picture.mime,
                "sha256": picture.sha256,
                "id": picture.media,
                "url": picture.url,
            });
            if let Some(caption) = &said.text {
                image["caption"] = json!(caption);
            }
            item["type"] = json!("image");
            item["image"] = image;
        }
        None => {
            item["type"] = json!("text");
            item["text"] = json!({"body": said.text});
        }
    }
    about(thread, "message", said.at, ("messages", item))
}

pub(super) fn reaction(thread: &Thread, mid: &str, emoji: Option<&str>, event: &Message) -> Update {
    let mut item = from_customer(thread, event);
    item["type"] = json!("reaction");
    item["reaction"] = json!({"message_id": mid, "emoji": emoji.unwrap_or("")});
    about(thread, "reaction", event.at, ("messages", item))
}

pub(super) fn revoke(thread: &Thread, mid: &str, event: &Message) -> Update {
    let mut item = from_customer(thread, event);
    item["type"] = json!("revoke");
    item["revoke"] = json!({"original_message_id": mid});
    about(thread, "unsend", event.at, ("messages", item))
}

/// The report on one message of the shop: `sent`, `delivered` or `read`.
pub(super) fn status(thread: &Thread, said: &Message, status: &str, at: i64) -> Update {
    let kind = match status {
        "sent" => "sent",
        "delivered" => "delivery",
        _ => "read",
    };
    let mut item = report(thread, said, status, at);
    // The price is told once it is sent and once it has arrived.
    if status != "read" {
        item["pricing"] = json!({
            "billable": false,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        });
    }
    about(thread, kind, at, ("statuses", item))
}

fn report(thread: &Thread, said: &Message, status: &str, at: i64) -> Value {
    let person = thread.person();
    let mut item = json!({
        "id": said.id,
        "status": status,
        "timestamp": (at / 1000).to_string(),
    });
    if let Some(phone) = person.phone {
        item["recipient_id"] = json!(phone);
    }
    item["recipient_user_id"] = json!(person.bsuid());
    item["recipient_parent_user_id"] = json!(person.bsuid_parent());
    if let Some(opaque) = &said.opaque {
        item["biz_opaque_callback_data"] = json!(opaque);
    }
    item
}

pub(super) fn failed(thread: &Thread, said: &Message, error: &Value, at: i64) -> Update {
    let mut item = report(thread, said, "failed", at);
    item["errors"] = json!([error]);
    about(thread, "failed", at, ("statuses", item))
}

/// A message to a number nobody has: there is no contact to name.
pub(super) fn undeliverable(
    waba: &Waba,
    (id, digits): (&str, &str),
    error: &Value,
    at: i64,
) -> Update {
    let mut value = head(waba);
    value["statuses"] = json!([{
        "id": id,
        "status": "failed",
        "timestamp": (at / 1000).to_string(),
        "recipient_id": digits,
        "errors": [error],
    }]);
    update(waba, "failed", at, &value)
}
