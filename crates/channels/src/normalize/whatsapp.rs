//! One WhatsApp change: messages, statuses, echoes of the shop's own phone, and history. Account
//! and template news are kept raw.

use domain::inbound::{
    AttachmentKind, Author, Event, InboundAttachment, InboundMessage, MediaSource, What,
    message_key,
};
use domain::{ContactRef, Timestamp};
use serde_json::{Value, json};

use super::whatsapp_history::history;
use super::whatsapp_people::{CONTACT, FROM, Names, TO, digits, keys, person};
use super::whatsapp_status::status;
use super::{RawPart, entry_time, unsupported};
use crate::json::{fingerprint, kind, list, moment, word};

/// Types that are no words of anybody: WhatsApp's own notices, and news about another message.
const NOT_SAID: [&str; 4] = ["system", "reaction", "revoke", "edit"];

/// Everything one change says; empty if nothing in it is understood.
pub(super) fn change(part: &RawPart<'_>, change: &Value) -> Vec<Event> {
    let value = change.get("value").unwrap_or(&Value::Null);
    let said = |message| Said::read(part, value, message, &FROM).event();
    let echoed = |message| Said::echo(part, value, message).event();
    let mut events: Vec<Event> = list(value, "messages").iter().map(said).collect();
    events.extend(list(value, "message_echoes").iter().map(echoed));
    events.extend(
        list(value, "statuses").iter().map(|one| {
            status(part, value, one).unwrap_or_else(|| unsupported(part, "status", one))
        }),
    );
    events.extend(
        list(value, "history")
            .iter()
            .flat_map(|chunk| history(part, value, chunk)),
    );
    events.extend(identities(part, value));
    if list(value, "messages").is_empty() {
        events.extend(list(value, "errors").iter().map(|error| {
            let code = word(error, "code").unwrap_or_default();
            unsupported(part, &format!("errors.{code}"), error)
        }));
    }
    events
}

/// A message, by whomever, with the people told apart.
pub(super) struct Said<'a> {
    pub(super) part: &'a RawPart<'a>,
    pub(super) json: &'a Value,
    pub(super) contact: Option<ContactRef>,
    pub(super) author: Author,
    pub(super) at: Timestamp,
}

impl<'a> Said<'a> {
    pub(super) fn read(
        part: &'a RawPart<'a>,
        value: &Value,
        json: &'a Value,
        names: &Names,
    ) -> Self {
        let contact = person(value, json, names);
        let at = moment(json, "timestamp").unwrap_or_else(|| entry_time(part));
        Self {
            part,
            json,
            contact,
            author: Author::Person,
            at,
        }
    }

    /// Written by the shop on its phone. Some payloads name the two sides the wrong way round.
    fn echo(part: &'a RawPart<'a>, value: &Value, json: &'a Value) -> Self {
        let own = value
            .get("metadata")
            .and_then(|metadata| word(metadata, "display_phone_number"));
        let own = own.as_deref().map(digits);
        let swapped = own.is_some() && word(json, "to").as_deref().map(digits) == own;
        let names = if swapped { &FROM } else { &TO };
        Self {
            author: Author::Shop,
            ..Self::read(part, value, json, names)
        }
    }

    pub(super) fn event(&self) -> Event {
        self.understood().unwrap_or_else(|| self.raw())
    }

    fn understood(&self) -> Option<Event> {
        let id = word(self.json, "id")?;
        let name = word(self.json, "type")?;
        let body = self.json.get(&name).unwrap_or(&Value::Null);
        let (key, what) = match name.as_str() {
            "reaction" => {
                let emoji = word(body, "emoji");
                let platform_id = word(body, "message_id")?;
                (
                    format!("r:{id}"),
                    What::Reaction {
                        platform_id,
                        by: self.author,
                        emoji,
                    },
                )
            }
            "revoke" => {
                let platform_id = word(body, "original_message_id")?;
                (format!("del:{platform_id}"), What::Unsent { platform_id })
            }
            "edit" => {
                let platform_id = word(body, "original_message_id")?;
                let text = edited_text(body.get("message")?)?;
                let what = What::Edited {
                    platform_id,
                    text,
                    contact: self.contact.clone(),
                };
                (format!("e:{id}"), what)
            }
            _ => (
                message_key(&id),
                What::Message(self.message(&id, &name, body)?),
            ),
        };
        Some(Event {
            key,
            at: self.at,
            what,
        })
    }

    fn message(&self, id: &str, name: &str, body: &Value) -> Option<InboundMessage> {
        let contact = self.contact.clone()?;
        let (text, attachments) = match name {
            "text" => (Some(word(body, "body")?), Vec::new()),
            "button" => (Some(word(body, "text")?), Vec::new()),
            "interactive" => (Some(chosen(body)?), Vec::new()),
            _ => (word(body, "caption"), vec![media(name, body)?]),
        };
        let context = self.json.get("context");
        Some(InboundMessage {
            platform_id: id.to_owned(),
            contact,
            author: self.author,
            text,
            attachments,
            reply_to: context.and_then(|context| word(context, "id")),
            story: None,
            our_id: None,
            app_id: None,
            // A group's words stand in the writer's own conversation, so they say where they are from.
            unsupported: self.json.get("group_id").map(|_| "group".to_owned()),
        })
    }

    /// Kept raw: with its own name for what it is, and in its conversation where that is known.
    fn raw(&self) -> Event {
        let of_type = word(self.json, "type").unwrap_or_else(|| "message".to_owned());
        let body = self.json.get(&of_type).unwrap_or(&Value::Null);
        let name = match word(body, "type").filter(|_| of_type != "interactive") {
            Some(inner) => format!("{of_type}.{inner}"),
            None => of_type.clone(),
        };
        let id = word(self.json, "id");
        let key = match &id {
            Some(id) => message_key(id),
            None => format!("x:{}", fingerprint(&json!([self.part.entry_id, self.json]))),
        };
        let contact = match self.contact.clone() {
            Some(contact) => Some(moved(contact, body)),
            None => contact_of_keys(body),
        };
        let said = contact.is_some() && !NOT_SAID.contains(&of_type.as_str());
        let what = What::Unsupported {
            kind: kind(&name),
            contact,
            author: said.then_some(self.author),
            platform_id: id,
        };
        Event {
            key,
            at: self.at,
            what,
        }
    }
}

/// The words a person chose by tapping.
fn chosen(interactive: &Value) -> Option<String> {
    ["button_reply", "list_reply"]
        .iter()
        .find_map(|name| interactive.get(name))
        .and_then(|reply| word(reply, "title"))
}

fn media(name: &str, body: &Value) -> Option<InboundAttachment> {
    let kind = match name {
        "image" => AttachmentKind::Picture,
        "sticker" => AttachmentKind::Sticker,
        "video" => AttachmentKind::Video,
        "audio" => AttachmentKind::Audio,
        "document" => AttachmentKind::File,
        _ => return None,
    };
    let source = MediaSource::Id {
        id: word(body, "id")?,
        sha256: word(body, "sha256"),
    };
    Some(InboundAttachment {
        kind,
        source,
        mime: word(body, "mime_type"),
        file_name: word(body, "filename"),
    })
}

/// The new words of an edited message: its body, or the caption of its picture.
fn edited_text(message: &Value) -> Option<String> {
    let body = message.get(word(message, "type")?)?;
    word(body, "body").or_else(|| word(body, "caption"))
}

/// A person who changed their number or id: the new keys first, the old ones beside them, so
/// that the conversation goes on.
fn moved(mut contact: ContactRef, system: &Value) -> ContactRef {
    let mut now = keys(system, &CONTACT);
    now.extend(keys(
        system,
        &Names {
            phone: &["new_wa_id"],
            user: &[],
            parent: &[],
        },
    ));
    now.append(&mut contact.keys);
    now.dedup();
    contact.keys = now;
    contact
}

fn contact_of_keys(json: &Value) -> Option<ContactRef> {
    let keys = keys(json, &CONTACT);
    (!keys.is_empty()).then_some(ContactRef {
        keys,
        name: None,
        handle: None,
    })
}

/// `user_id_update`: the same person under a new id.
fn identities<'a>(part: &'a RawPart<'a>, value: &'a Value) -> impl Iterator<Item = Event> + 'a {
    list(value, "user_id_update").iter().map(move |update| {
        let side = |name: &str| {
            let of = |key: &str| update.get(key).and_then(|ids| word(ids, name));
            let flat = json!({
                "wa_id": word(update, "wa_id"), "user_id": of("user_id"),
                "parent_user_id": of("parent_user_id"),
            });
            keys(&flat, &CONTACT)
        };
        let mut keys = side("current");
        keys.extend(
            side("previous")
                .into_iter()
                .filter(|key| !key.value.is_empty()),
        );
        let mut seen = Vec::new();
        keys.retain(|key| {
            !seen.contains(key) && {
                seen.push(key.clone());
                true
            }
        });
        let contact = (!keys.is_empty()).then_some(ContactRef {
            keys,
            name: None,
            handle: None,
        });
        let event = unsupported(part, "user_id_update", update);
        let at = moment(update, "timestamp").unwrap_or(event.at);
        let kind = "user_id_update".to_owned();
        Event {
            at,
            what: What::Unsupported {
                kind,
                contact,
                author: None,
                platform_id: None,
            },
            ..event
        }
    })
}
