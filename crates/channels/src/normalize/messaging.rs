//! Messenger's and Instagram's entries: `messaging` and `standby` with one event each, and
//! `changes`, which are all kept raw for now.

use domain::inbound::{
    Author, Event, InboundMessage, Messages, Progress, StoryRef, What, message_key,
};
use domain::{Channel, ContactKind, ContactRef, Delivery, OurId, Timestamp};
use serde_json::{Value, json};

use super::attachments::{self, Attachments};
use super::{RawPart, changes, entry_time, unsupported_change, unsupported_from};
use crate::json::{as_word, fingerprint, id_of, kind, list, moment, word, yes};

/// Keys of a messaging element that say who and when, not what.
const FRAME: [&str; 5] = [
    "sender",
    "recipient",
    "timestamp",
    "prior_message",
    "hop_context",
];

/// News between apps about who answers: no word of the person's, so not in their conversation.
const BETWEEN_APPS: [&str; 4] = [
    "app_roles",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
];

/// News about a message, or from the platform itself: nobody said anything, so it has no place in
/// the thread, whoever it is about.
const NOT_SAID: [&str; 6] = [
    "message_edit",
    "reaction",
    "read",
    "delivery",
    "policy-enforcement",
    "policy_enforcement",
];

/// Everything in an entry, in one of its changes, or in one of its `messaging` elements.
pub(super) fn entry(channel: Channel, part: &RawPart<'_>, json: &Value) -> Vec<Event> {
    let lone = ["sender", "recipient"]
        .iter()
        .any(|name| json.get(name).is_some());
    let mut events: Vec<Event> = list(json, "messaging")
        .iter()
        .chain(list(json, "standby"))
        .chain(lone.then_some(json))
        .flat_map(|element| Element::read(channel, part, element).events())
        .collect();
    events.extend(changes(json).map(|change| unsupported_change(part, change)));
    events
}

/// One element of `messaging`, with the two sides told apart.
struct Element<'a> {
    json: &'a Value,
    /// The person's id, whoever acted.
    person: Option<String>,
    contact: Option<ContactRef>,
    /// Who acted.
    author: Author,
    at: Timestamp,
    /// For keys: what tells two equal-looking elements of different entries apart.
    seed: Value,
}

impl<'a> Element<'a> {
    fn read(channel: Channel, part: &RawPart<'_>, json: &'a Value) -> Self {
        let (sender, recipient) = (id_of(json, "sender"), id_of(json, "recipient"));
        let message = json.get("message");
        let echo = message.is_some_and(|message| yes(message, "is_echo"));
        // The entry's id is ours as a rule; where the account is known, it decides.
        let known = !part.account.is_empty();
        let own = if known { part.account } else { part.entry_id };
        let alone = sender.is_none() || recipient.is_none();
        let ours = |id: &Option<String>| id.as_deref() == Some(own);
        let by_us = ours(&sender) && !ours(&recipient) && (known || echo || message.is_none());
        let author = if echo || by_us {
            Author::Shop
        } else {
            Author::Person
        };
        // Meta's own examples write the person as sender of an echo, so the ids decide first.
        let person = match author {
            Author::Shop if ours(&recipient) && !ours(&sender) => sender,
            Author::Shop => recipient.or(sender),
            Author::Person => sender.or(recipient),
        };
        // A notice to the shop names the shop alone, which is nobody's customer.
        let person = person.filter(|id| !(id == own && (known || alone)));
        let kind = match channel {
            Channel::Instagram => ContactKind::Igsid,
            Channel::Messenger => ContactKind::Psid,
            Channel::Whatsapp | Channel::Sms => ContactKind::Phone,
        };
        let at = moment(json, "timestamp")
            .or_else(|| {
                ["delivery", "read"]
                    .iter()
                    .find_map(|n| moment(json.get(n)?, "watermark"))
            })
            .unwrap_or_else(|| entry_time(part));
        let contact = person.as_deref().map(|person| ContactRef::of(kind, person));
        let seed = json!([part.entry_id, part.entry_time]);
        Self {
            json,
            person,
            contact,
            author,
            at,
            seed,
        }
    }

    fn events(&self) -> Vec<Event> {
        let Some(contact) = &self.contact else {
            return vec![self.unsupported()];
        };
        for (name, read) in [
            (
                "message",
                Self::message as fn(&Self, &ContactRef, &Value) -> Option<Vec<Event>>,
            ),
            ("message_edit", Self::edit),
            ("reaction", Self::reaction),
            ("read", Self::read_mark),
            ("delivery", Self::delivery),
            ("postback", Self::postback),
        ] {
            if let Some(value) = self.json.get(name) {
                return read(self, contact, value).unwrap_or_else(|| vec![self.unsupported()]);
            }
        }
        vec![self.unsupported()]
    }

    fn message(&self, contact: &ContactRef, message: &Value) -> Option<Vec<Event>> {
        let mid = word(message, "mid")?;
        if yes(message, "is_deleted") {
            return Some(vec![
                self.event(format!("del:{mid}"), What::Unsent { platform_id: mid }),
            ]);
        }
        let reply_to = message.get("reply_to");
        let replied = reply_to
            .and_then(|reply| reply.get("story"))
            .map(|story| StoryRef {
                id: word(story, "id"),
                mention: false,
            });
        let text = word(message, "text");
        let Attachments {
            media,
            story,
            text: heart,
            unsupported,
        } = attachments::read(list(message, "attachments"), text.is_some());
        let unsupported = unsupported
            .or_else(|| yes(message, "is_unsupported").then(|| "unsupported".to_owned()));
        let text = text.or(heart);
        let story = replied.or(story);
        let key = message_key(&mid);
        if text.is_none() && media.is_empty() && story.is_none() {
            let kind = unsupported.unwrap_or_else(|| "message".to_owned());
            return Some(vec![self.event(
                key,
                unsupported_from((contact.clone(), self.author), &kind, Some(mid)),
            )]);
        }
        let message = InboundMessage {
            platform_id: mid,
            contact: contact.clone(),
            author: self.author,
            text,
            attachments: media,
            reply_to: reply_to.and_then(|reply| word(reply, "mid")),
            story,
            our_id: word(message, "metadata").and_then(|metadata| metadata.parse::<OurId>().ok()),
            app_id: word(message, "app_id").filter(|id| id != "0"),
            unsupported,
        };
        Some(vec![self.event(key, What::Message(message))])
    }

    fn edit(&self, contact: &ContactRef, edit: &Value) -> Option<Vec<Event>> {
        let (mid, text) = (word(edit, "mid")?, word(edit, "text")?);
        let number = word(edit, "num_edit").unwrap_or_else(|| self.at.0.to_string());
        let key = format!("e:{mid}:{number}");
        Some(vec![self.event(
            key,
            What::Edited {
                platform_id: mid,
                text,
                contact: Some(contact.clone()),
            },
        )])
    }

    fn reaction(&self, _: &ContactRef, reaction: &Value) -> Option<Vec<Event>> {
        let mid = word(reaction, "mid")?;
        let action = word(reaction, "action")?;
        let emoji = match action.as_str() {
            "react" => Some(word(reaction, "emoji").or_else(|| emoji_of_name(reaction))?),
            "unreact" => None,
            _ => return None,
        };
        let sender = id_of(self.json, "sender").unwrap_or_default();
        let key = format!("r:{mid}:{sender}:{action}:{}", self.at.0);
        Some(vec![self.event(
            key,
            What::Reaction {
                platform_id: mid,
                by: self.author,
                emoji,
            },
        )])
    }

    fn read_mark(&self, contact: &ContactRef, read: &Value) -> Option<Vec<Event>> {
        if self.author == Author::Shop {
            return None;
        }
        let (key, messages) = match (word(read, "mid"), moment(read, "watermark")) {
            (Some(mid), _) => (format!("rd:{mid}"), Messages::UpToMessage(mid)),
            (None, Some(mark)) => (self.watermark_key("rd", mark), Messages::UpTo(mark)),
            (None, None) => return None,
        };
        Some(vec![
            self.event(key, progress(contact, messages, Delivery::Read)),
        ])
    }

    /// The named messages and everything before the watermark: the ids are exact, the watermark
    /// covers what an earlier report left out.
    fn delivery(&self, contact: &ContactRef, delivery: &Value) -> Option<Vec<Event>> {
        let named = list(delivery, "mids")
            .iter()
            .filter_map(as_word)
            .map(|mid| {
                let key = format!("dl:{mid}");
                self.event(
                    key,
                    progress(contact, Messages::Ids(vec![mid]), Delivery::Delivered),
                )
            });
        let watermark = moment(delivery, "watermark").map(|mark| {
            let what = progress(contact, Messages::UpTo(mark), Delivery::Delivered);
            self.event(self.watermark_key("dl", mark), what)
        });
        let events: Vec<Event> = named.chain(watermark).collect();
        (!events.is_empty()).then_some(events)
    }

    /// A tapped button is what the person said, if it has words and an id of its own.
    fn postback(&self, contact: &ContactRef, postback: &Value) -> Option<Vec<Event>> {
        let (mid, title) = (word(postback, "mid")?, word(postback, "title")?);
        let key = message_key(&mid);
        let message = InboundMessage {
            platform_id: mid,
            contact: contact.clone(),
            author: self.author,
            text: Some(title),
            attachments: Vec::new(),
            reply_to: None,
            story: None,
            our_id: None,
            app_id: None,
            unsupported: None,
        };
        Some(vec![self.event(key, What::Message(message))])
    }

    fn unsupported(&self) -> Event {
        let name = self
            .json
            .as_object()
            .and_then(|members| members.keys().find(|name| !FRAME.contains(&name.as_str())))
            .map_or("messaging", String::as_str);
        let contact = self
            .contact
            .clone()
            .filter(|_| !BETWEEN_APPS.contains(&name));
        let said = contact.is_some() && !NOT_SAID.contains(&name);
        let what = What::Unsupported {
            kind: kind(name),
            contact,
            author: said.then_some(self.author),
            platform_id: self.own_id_of(name),
        };
        self.event(
            format!("x:{}", fingerprint(&json!([self.seed, self.json]))),
            what,
        )
    }

    /// The platform's id of an element that is a message itself. In any other, a `mid` is that of
    /// the message it speaks of.
    fn own_id_of(&self, name: &str) -> Option<String> {
        ["message", "postback"]
            .contains(&name)
            .then(|| self.json.get(name).and_then(|said| word(said, "mid")))
            .flatten()
    }

    fn watermark_key(&self, what: &str, mark: Timestamp) -> String {
        format!(
            "{what}:{}:{}",
            self.person.as_deref().unwrap_or_default(),
            mark.0
        )
    }

    fn event(&self, key: String, what: What) -> Event {
        Event {
            key,
            at: self.at,
            what,
        }
    }
}

fn progress(contact: &ContactRef, messages: Messages, state: Delivery) -> What {
    What::Progress(Progress {
        messages,
        contact: Some(contact.clone()),
        state,
        our_id: None,
        failure: None,
    })
}

/// Meta's names of the reactions it offers, for the events that carry no emoji.
fn emoji_of_name(reaction: &Value) -> Option<String> {
    let emoji = match word(reaction, "reaction")?.as_str() {
        "love" => "❤️",
        "smile" | "haha" => "😆",
        "wow" => "😮",
        "sad" => "😢",
        "angry" => "😠",
        "like" => "👍",
        "dislike" => "👎",
        _ => return None,
    };
    Some(emoji.to_owned())
}
