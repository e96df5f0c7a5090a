//! One thing Meta tells the app, and the body a batch of them makes.
//!
//! The shapes themselves stand in `messaging` (Pages and Instagram) and `cloud` (WhatsApp).

use serde_json::{Value, json};

use super::{cloud, messaging};
use crate::world::AppIdentity;
use crate::world::shop::{Channel, Waba};
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
    pub(super) entry: String,
    /// The subscription field it belongs to.
    pub(crate) field: &'static str,
    /// What it is, in the words faults use.
    pub(crate) kind: &'static str,
    pub(super) at: i64,
    /// The element of `messaging`, or the `changes` element.
    pub(super) part: Value,
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

impl Update {
    /// The words a fault's `where` can name it by.
    pub(crate) fn subject(&self) -> String {
        format!("{} {} {}", self.lane.name(), self.kind, self.account)
    }

    /// A customer wrote.
    pub(crate) fn message(thread: &Thread, said: &Message, picture: Option<&PictureLink>) -> Self {
        match thread.channel {
            Channel::Whatsapp => cloud::message(thread, said, picture),
            _ => messaging::message(thread, said, picture),
        }
    }

    /// The customer's reaction to a message; `None` takes it back.
    pub(crate) fn reaction(
        thread: &Thread,
        mid: &str,
        emoji: Option<&str>,
        event: &Message,
    ) -> Self {
        match thread.channel {
            Channel::Whatsapp => cloud::reaction(thread, mid, emoji, event),
            _ => messaging::reaction(thread, mid, emoji, event.at),
        }
    }

    /// The customer takes a message back.
    pub(crate) fn unsend(thread: &Thread, mid: &str, event: &Message) -> Self {
        match thread.channel {
            Channel::Whatsapp => cloud::revoke(thread, mid, event),
            _ => messaging::unsend(thread, mid, event.at),
        }
    }

    /// The customer has read everything up to this message of the shop.
    pub(crate) fn read(thread: &Thread, last: &Message, at: i64) -> Self {
        match thread.channel {
            Channel::Whatsapp => cloud::status(thread, last, "read", at),
            _ => messaging::read(thread, last, at),
        }
    }

    /// A message of the shop reached the phone. Instagram does not tell.
    pub(crate) fn delivered(thread: &Thread, said: &Message, at: i64) -> Option<Self> {
        match thread.channel {
            Channel::Whatsapp => Some(cloud::status(thread, said, "delivered", at)),
            Channel::Messenger => Some(messaging::delivered(thread, said, at)),
            Channel::Instagram => None,
        }
    }

    /// The shop's own message is told to the app: as an echo, or as WhatsApp's `sent`. What is
    /// written in WhatsApp's own app is not told, as the number does not share both.
    pub(crate) fn sent(
        thread: &Thread,
        said: &Message,
        picture: Option<&PictureLink>,
        app: &AppIdentity,
    ) -> Option<Self> {
        match thread.channel {
            Channel::Whatsapp if said.by_api => Some(cloud::status(thread, said, "sent", said.at)),
            Channel::Whatsapp => None,
            _ => Some(messaging::echo(thread, said, picture, app)),
        }
    }

    /// A WhatsApp message that was accepted and then not delivered.
    pub(crate) fn failed(thread: &Thread, said: &Message, error: &Value, at: i64) -> Self {
        cloud::failed(thread, said, error, at)
    }

    /// A WhatsApp message to a number nobody has.
    pub(crate) fn undeliverable(waba: &Waba, to: (&str, &str), error: &Value, at: i64) -> Self {
        cloud::undeliverable(waba, to, error, at)
    }

    /// A permission that came or went.
    pub(crate) fn permission(
        user: &str,
        scope: &str,
        (verb, targets): (&str, &[String]),
        at: i64,
    ) -> Self {
        Self {
            lane: Lane::Permissions,
            account: user.to_owned(),
            entry: user.to_owned(),
            field: "permissions",
            kind: "permission",
            at,
            part: json!({"field": scope, "value": {"verb": verb, "target_ids": targets}}),
        }
    }
}

/// The body Meta posts for a batch of one lane.
pub(crate) fn body(lane: Lane, updates: &[Update]) -> Value {
    let mut entries: Vec<(&str, i64, Vec<&Value>)> = Vec::new();
    for update in updates {
        match entries.iter_mut().find(|(id, _, _)| *id == update.entry) {
            Some((_, time, parts)) => {
                *time = (*time).max(update.at);
                parts.push(&update.part);
            }
            None => entries.push((&update.entry, update.at, vec![&update.part])),
        }
    }
    let entry = |(id, time, parts): (&str, i64, Vec<&Value>)| match lane {
        Lane::Instagram | Lane::Messenger => json!({"time": time, "id": id, "messaging": parts}),
        Lane::Whatsapp => json!({"id": id, "changes": parts}),
        Lane::Permissions => json!({"id": id, "uid": id, "time": time / 1000, "changes": parts}),
    };
    let entries: Vec<Value> = entries.into_iter().map(entry).collect();
    json!({"object": lane.object(), "entry": entries})
}
