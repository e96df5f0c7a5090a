//! One thing Meta tells the app, in the shape of its platform, and the body a batch of them makes.

use serde_json::{Value, json};

use crate::world::AppIdentity;
use crate::world::shop::{self, Channel, Waba};
use crate::world::threads::{Message, Thread};

/// Updates of one kind of object travel together, apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Instagram,
    Messenger,
    Whatsapp,
    Permissions,
}

impl Lane {
    pub(crate) const ALL: [Self; 4] = [
        Self::Instagram,
        Self::Messenger,
        Self::Whatsapp,
        Self::Permissions,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
            Self::Whatsapp => "whatsapp",
            Self::Permissions => "permissions",
        }
    }

    fn object(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "page",
            Self::Whatsapp => "whatsapp_business_account",
            Self::Permissions => "permissions",
        }
    }
}

impl From<Channel> for Lane {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Instagram => Self::Instagram,
            Channel::Messenger => Self::Messenger,
            Channel::Whatsapp => Self::Whatsapp,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) lane: Lane,
    /// The Page, Instagram account or number it is about.
    pub(crate) account: String,
    /// The id its entry carries.
    entry: String,
    /// The subscription field it belongs to.
    pub(crate) field: &'static str,
    /// What it is, in the words faults use.
    pub(crate) kind: &'static str,
    at: i64,
    /// The element of `messaging`, or the `changes` element.
    part: Value,
}

impl Update {
    /// The words a fault's `where` can name it by.
    pub(crate) fn subject(&self) -> String {
        format!("{} {} {}", self.lane.name(), self.kind, self.account)
    }

    fn messaging(thread: &Thread, kind: Kind, at: i64, (key, value): (&str, Value)) -> Self {
        let customer = json!({"id": thread.customer_id()});
        let account = json!({"id": thread.account});
        let (sender, recipient) = if kind.from_shop {
            (account, customer)
        } else {
            (customer, account)
        };
        let mut part = json!({"sender": sender, "recipient": recipient, "timestamp": at});
        if let Some(part) = part.as_object_mut() {
            part.insert(key.to_owned(), value);
        }
        Self {
            lane: thread.channel.into(),
            account: thread.account.to_owned(),
            entry: thread.account.to_owned(),
            field: kind.field,
            kind: kind.name,
            at,
            part,
        }
    }

    fn whatsapp(thread: &Thread, kind: &'static str, at: i64, (key, item): (&str, Value)) -> Self {
        let waba = whatsapp_of(thread);
        let person = thread.person();
        let mut profile = json!({"name": person.name});
        let mut contact = json!({});
        if let (Some(profile), None) = (profile.as_object_mut(), person.phone) {
            profile.insert("username".into(), json!(format!("@{}", person.username)));
        }
        if let Some(contact) = contact.as_object_mut() {
            contact.insert("profile".into(), profile);
            if let Some(phone) = person.phone {
                contact.insert("wa_id".into(), json!(phone));
            }
            contact.insert("user_id".into(), json!(person.bsuid()));
            contact.insert("parent_user_id".into(), json!(person.bsuid_parent()));
        }
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": waba.digits, "phone_number_id": waba.phone},
            "contacts": [contact],
        });
        if let Some(value) = value.as_object_mut() {
            value.insert(key.to_owned(), json!([item]));
        }
        Self {
            lane: Lane::Whatsapp,
            account: waba.phone.to_owned(),
            entry: waba.id.to_owned(),
            field: "messages",
            kind,
            at,
            part: json!({"value": value, "field": "messages"}),
        }
    }
}

#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    field: &'static str,
    from_shop: bool,
}

const fn kind(name: &'static str, field: &'static str) -> Kind {
    Kind {
        name,
        field,
        from_shop: false,
    }
}

fn whatsapp_of(thread: &Thread) -> &'static Waba {
    shop::phone(thread.account).unwrap_or(&shop::WABAS[0])
}

/// A picture as the webhook of its platform shows it.
#[derive(Clone, Debug)]
pub(crate) struct PictureLink {
    pub(crate) media: String,
    pub(crate) url: String,
    pub(crate) mime: String,
    /// Base64, as WhatsApp has it.
    pub(crate) sha256: String,
}

/// What a customer does.
impl Update {
    pub(crate) fn message(thread: &Thread, said: &Message, picture: Option<&PictureLink>) -> Self {
        if thread.channel == Channel::Whatsapp {
            return Self::whatsapp_message(thread, said, picture);
        }
        let body = message_body(said, picture);
        Self::messaging(
            thread,
            kind("message", "messages"),
            said.at,
            ("message", body),
        )
    }

    fn whatsapp_message(thread: &Thread, said: &Message, picture: Option<&PictureLink>) -> Self {
        let mut item = whatsapp_head(thread, said);
        if let Some(item) = item.as_object_mut() {
            match picture {
                Some(picture) => {
                    let mut image = json!({
                        "mime_type": picture.mime,
                        "sha256": picture.sha256,
                        "id": picture.media,
                        "url": picture.url,
                    });
                    if let (Some(image), Some(caption)) = (image.as_object_mut(), &said.text) {
                        image.insert("caption".into(), json!(caption));
                    }
                    item.insert("type".into(), json!("image"));
                    item.insert("image".into(), image);
                }
                None => {
                    item.insert("type".into(), json!("text"));
                    item.insert("text".into(), json!({"body": said.text}));
                }
            }
        }
        Self::whatsapp(thread, "message", said.at, ("messages", item))
    }

    /// The customer's reaction to a message; `None` takes it back.
    pub(crate) fn reaction(
        thread: &Thread,
        mid: &str,
        emoji: Option<&str>,
        event: &Message,
    ) -> Self {
        if thread.channel == Channel::Whatsapp {
            let mut item = whatsapp_head(thread, event);
            if let Some(item) = item.as_object_mut() {
                item.insert("type".into(), json!("reaction"));
                let reaction = json!({"message_id": mid, "emoji": emoji.unwrap_or("")});
                item.insert("reaction".into(), reaction);
            }
            return Self::whatsapp(thread, "reaction", event.at, ("messages", item));
        }
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
        let of = kind("reaction", "message_reactions");
        Self::messaging(thread, of, event.at, ("reaction", body))
    }

    /// The customer takes a message back.
    pub(crate) fn unsend(thread: &Thread, mid: &str, event: &Message) -> Self {
        if thread.channel == Channel::Whatsapp {
            let mut item = whatsapp_head(thread, event);
            if let Some(item) = item.as_object_mut() {
                item.insert("type".into(), json!("revoke"));
                item.insert("revoke".into(), json!({"original_message_id": mid}));
            }
            return Self::whatsapp(thread, "unsend", event.at, ("messages", item));
        }
        let body = json!({"mid": mid, "is_deleted": true});
        Self::messaging(
            thread,
            kind("unsend", "messages"),
            event.at,
            ("message", body),
        )
    }

    /// The customer has read everything up to this message of the shop.
    pub(crate) fn read(thread: &Thread, last: &Message, at: i64) -> Self {
        match thread.channel {
            Channel::Whatsapp => Self::status(thread, last, "read", at),
            Channel::Instagram => {
                let body = json!({"mid": last.id});
                Self::messaging(thread, kind("read", "messaging_seen"), at, ("read", body))
            }
            Channel::Messenger => {
                let body = json!({"watermark": last.at});
                Self::messaging(thread, kind("read", "message_reads"), at, ("read", body))
            }
        }
    }
}

fn message_body(said: &Message, picture: Option<&PictureLink>) -> Value {
    let mut body = json!({"mid": said.id});
    if let Some(body) = body.as_object_mut() {
        if let Some(text) = &said.text {
            body.insert("text".into(), json!(text));
        }
        if let Some(picture) = picture {
            let attachment = json!({"type": "image", "payload": {"url": picture.url}});
            body.insert("attachments".into(), json!([attachment]));
        }
        if let Some(reply_to) = &said.reply_to {
            body.insert("reply_to".into(), json!({"mid": reply_to}));
        }
    }
    body
}

/// What every message of a customer on WhatsApp begins with.
fn whatsapp_head(thread: &Thread, said: &Message) -> Value {
    let person = thread.person();
    let mut item = json!({});
    if let Some(item) = item.as_object_mut() {
        if let Some(reply_to) = &said.reply_to {
            let from = thread.message(reply_to).map_or_else(
                || thread.customer_id(),
                |message| {
                    if message.from_shop {
                        whatsapp_of(thread).digits.to_owned()
                    } else {
                        thread.customer_id()
                    }
                },
            );
            item.insert("context".into(), json!({"from": from, "id": reply_to}));
        }
        if let Some(phone) = person.phone {
            item.insert("from".into(), json!(phone));
        }
        item.insert("from_user_id".into(), json!(person.bsuid()));
        item.insert("from_parent_user_id".into(), json!(person.bsuid_parent()));
        item.insert("id".into(), json!(said.id));
        item.insert("timestamp".into(), json!((said.at / 1000).to_string()));
    }
    item
}

/// What becomes of the shop's messages.
impl Update {
    /// The shop's own message, told to every app of the account.
    pub(crate) fn echo(
        thread: &Thread,
        said: &Message,
        picture: Option<&PictureLink>,
        app: &AppIdentity,
    ) -> Self {
        let mut body = message_body(said, picture);
        if let Some(body) = body.as_object_mut() {
            body.insert("is_echo".into(), json!(true));
            // Instagram's echoes name neither the app nor what it sent along.
            if thread.channel == Channel::Messenger {
                const PAGE_INBOX: i64 = 263_902_037_430_900;
                let ours = app.id.parse().unwrap_or(0);
                body.insert(
                    "app_id".into(),
                    json!(if said.by_api { ours } else { PAGE_INBOX }),
                );
                if let Some(metadata) = &said.opaque {
                    body.insert("metadata".into(), json!(metadata));
                }
            }
        }
        let of = Kind {
            from_shop: true,
            ..kind("echo", "message_echoes")
        };
        Self::messaging(thread, of, said.at, ("message", body))
    }

    /// Messenger's receipt for messages that reached the phone.
    pub(crate) fn delivered(thread: &Thread, said: &Message, at: i64) -> Self {
        if thread.channel == Channel::Whatsapp {
            return Self::status(thread, said, "delivered", at);
        }
        let body = json!({"mids": [said.id], "watermark": said.at});
        Self::messaging(
            thread,
            kind("delivery", "message_deliveries"),
            at,
            ("delivery", body),
        )
    }

    /// WhatsApp's report on one message of the shop.
    pub(crate) fn status(thread: &Thread, said: &Message, status: &'static str, at: i64) -> Self {
        Self::whatsapp(
            thread,
            status_kind(status),
            at,
            ("statuses", status_item(thread, said, status, at)),
        )
    }

    /// A message that was accepted and then not delivered.
    pub(crate) fn failed(thread: &Thread, said: &Message, error: &Value, at: i64) -> Self {
        let mut item = status_item(thread, said, "failed", at);
        if let Some(item) = item.as_object_mut() {
            item.remove("pricing");
            item.insert("errors".into(), json!([error]));
        }
        Self::whatsapp(thread, "failed", at, ("statuses", item))
    }

    /// A message to a number nobody has.
    pub(crate) fn undeliverable(
        waba: &Waba,
        (id, digits): (&str, &str),
        error: &Value,
        at: i64,
    ) -> Self {
        let status = json!({
            "id": id,
            "status": "failed",
            "timestamp": (at / 1000).to_string(),
            "recipient_id": digits,
            "errors": [error],
        });
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": waba.digits, "phone_number_id": waba.phone},
            "statuses": [status],
        });
        Self {
            lane: Lane::Whatsapp,
            account: waba.phone.to_owned(),
            entry: waba.id.to_owned(),
            field: "messages",
            kind: "failed",
            at,
            part: json!({"value": value, "field": "messages"}),
        }
    }

    /// A permission that came or went.
    pub(crate) fn permission(
        user: &str,
        scope: &str,
        verb: &str,
        targets: &[String],
        at: i64,
    ) -> Self {
        let change = json!({"field": scope, "value": {"verb": verb, "target_ids": targets}});
        Self {
            lane: Lane::Permissions,
            account: user.to_owned(),
            entry: user.to_owned(),
            field: "permissions",
            kind: "permission",
            at,
            part: change,
        }
    }
}

fn status_kind(status: &str) -> &'static str {
    match status {
        "sent" => "sent",
        "delivered" => "delivery",
        "read" => "read",
        _ => "failed",
    }
}

fn status_item(thread: &Thread, said: &Message, status: &str, at: i64) -> Value {
    let person = thread.person();
    let mut item = json!({
        "id": said.id,
        "status": status,
        "timestamp": (at / 1000).to_string(),
    });
    if let Some(item) = item.as_object_mut() {
        if let Some(phone) = person.phone {
            item.insert("recipient_id".into(), json!(phone));
        }
        item.insert("recipient_user_id".into(), json!(person.bsuid()));
        item.insert(
            "recipient_parent_user_id".into(),
            json!(person.bsuid_parent()),
        );
        if let Some(opaque) = &said.opaque {
            item.insert("biz_opaque_callback_data".into(), json!(opaque));
        }
        if status != "read" {
            let pricing = json!({
                "billable": false,
                "pricing_model": "PMP",
                "type": "free_customer_service",
                "category": "service",
            });
            item.insert("pricing".into(), pricing);
        }
    }
    item
}

/// The body Meta posts for a batch of one lane.
pub(crate) fn body(lane: Lane, updates: &[Update]) -> Value {
    let mut entries: Vec<(String, i64, Vec<Value>)> = Vec::new();
    for update in updates {
        match entries.iter_mut().find(|(id, _, _)| *id == update.entry) {
            Some((_, time, parts)) => {
                *time = (*time).max(update.at);
                parts.push(update.part.clone());
            }
            None => entries.push((update.entry.clone(), update.at, vec![update.part.clone()])),
        }
    }
    let entry = |(id, time, parts): (String, i64, Vec<Value>)| match lane {
        Lane::Instagram | Lane::Messenger => json!({"time": time, "id": id, "messaging": parts}),
        Lane::Whatsapp => json!({"id": id, "changes": parts}),
        Lane::Permissions => json!({"id": id, "uid": id, "time": time / 1000, "changes": parts}),
    };
    let entries: Vec<Value> = entries.into_iter().map(entry).collect();
    json!({"object": lane.object(), "entry": entries})
}
