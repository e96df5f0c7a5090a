//! The shapes of `messaging` entries: Messenger's, and Instagram's where they differ.

#![expect(
    clippy::indexing_slicing,
    reason = "a key of an object made here cannot panic"
)]

use serde_json::{Value, json};

use super::update::{PictureLink, Update};
use crate::world::AppIdentity;
use crate::world::shop::Channel;
use crate::world::threads::{Message, Thread};

/// The app id of what is written in the Page's own inbox.
const PAGE_INBOX: i64 = 263_902_037_430_900;

/// What an update is: its kind in the words of faults, its subscription field, who it is from.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    field: &'static str,
    from_shop: bool,
}

const fn by_customer(name: &'static str, field: &'static str) -> Kind {
    Kind {
        name,
        field,
        from_shop: false,
    }
}

fn update(thread: &Thread, kind: Kind, at: i64, (key, value): (&str, Value)) -> Update {
    let customer = json!({"id": thread.customer_id()});
    let account = json!({"id": thread.account});
    let (sender, recipient) = if kind.from_shop {
        (account, customer)
    } else {
        (customer, account)
    };
    Update {
        lane: thread.channel.into(),
        account: thread.account.to_owned(),
        entry: thread.account.to_owned(),
        field: kind.field,
        kind: kind.name,
        at,
        part: json!({"sender": sender, "recipient": recipient, "timestamp": at, key: value}),
    }
}

pub(super) fn message(thread: &Thread, said: &Message, picture: Option<&PictureLink>) -> Update {
    let kind = by_customer("message", "messages");
    update(thread, kind, said.at, ("message", body(said, picture)))
}

fn body(said: &Message, picture: Option<&PictureLink>) -> Value {
    let mut body = json!({"mid": said.id});
    if let Some(text) = &said.text {
        body["text"] = json!(text);
    }
    if let Some(picture) = picture {
        body["attachments"] = json!([{"type": "image", "payload": {"url": picture.url}}]);
    }
    if let Some(reply_to) = &said.reply_to {
        body["reply_to"] = json!({"mid": reply_to});
    }
    body
}

/// The shop's own message, told to every app of the account.
pub(super) fn echo(
    thread: &Thread,
    said: &Message,
    picture: Option<&PictureLink>,
    app: &AppIdentity,
) -> Update {
    let mut body = body(said, picture);
    body["is_echo"] = json!(true);
    // Instagram's echoes name neither the app nor what it sent along.
    if thread.channel == Channel::Messenger {
        let ours = app.id.parse().unwrap_or(0);
        body["app_id"] = json!(if said.by_api { ours } else { PAGE_INBOX });
        if let Some(metadata) = &said.opaque {
            body["metadata"] = json!(metadata);
        }
    }
    let kind = Kind {
        from_shop: true,
        ..by_customer("echo", "message_echoes")
    };
    update(thread, kind, said.at, ("message", body))
}

pub(super) fn reaction(thread: &Thread, mid: &str, emoji: Option<&str>, at: i64) -> Update {
    let body = match emoji {
        Some(emoji) => {
            let name = if emoji.starts_with('❤') {
                "love"
            } else {
                "other"
            };
            json!({"mid": mid, "action": "react", "reaction": name, "emoji": emoji})
        }
        None => json!({"mid": mid, "action": "unreact"}),
    };
    update(
        thread,
        by_customer("reaction", "message_reactions"),
        at,
        ("reaction", body),
    )
}

pub(super) fn unsend(thread: &Thread, mid: &str, at: i64) -> Update {
    let body = json!({"mid": mid, "is_deleted": true});
    update(
        thread,
        by_customer("unsend", "messages"),
        at,
        ("message", body),
    )
}

/// Instagram names the last message read, Messenger its moment.
pub(super) fn read(thread: &Thread, last: &Message, at: i64) -> Update {
    let (body, field) = match thread.channel {
        Channel::Instagram => (json!({"mid": last.id}), "messaging_seen"),
        _ => (json!({"watermark": last.at}), "message_reads"),
    };
    update(thread, by_customer("read", field), at, ("read", body))
}

pub(super) fn delivered(thread: &Thread, said: &Message, at: i64) -> Update {
    let body = json!({"mids": [said.id], "watermark": said.at});
    update(
        thread,
        by_customer("delivery", "message_deliveries"),
        at,
        ("delivery", body),
    )
}
