//! A message as the Graph API gives it, as the event its webhook would have been.

use domain::inbound::{
    AttachmentKind, Author, Event, InboundAttachment, InboundMessage, MediaSource, StoryRef, What,
    message_key,
};
use domain::{ContactKind, ContactRef, Timestamp};
use serde_json::Value;

use super::Account;
use super::history::Thread;
use crate::json::{kind, list, word, yes};

/// Whether a participant is the shop itself.
fn is_shop(account: &Account, participant: &Value) -> bool {
    ["id", "user_id"]
        .iter()
        .filter_map(|name| word(participant, name))
        .any(|id| id == account.own_id() || id == account.sending_node())
}

/// A participant as a contact; `None` for the shop itself.
pub(super) fn person(account: &Account, participant: &Value) -> Option<ContactRef> {
    if is_shop(account, participant) {
        return None;
    }
    let kind = match account {
        Account::Instagram { .. } => ContactKind::Igsid,
        Account::Messenger { .. } => ContactKind::Psid,
        Account::Whatsapp { .. } => ContactKind::Phone,
    };
    let mut contact = ContactRef::of(kind, word(participant, "id")?);
    contact.name = word(participant, "name");
    contact.handle =
        word(participant, "username").map(|handle| handle.trim_start_matches('@').to_owned());
    Some(contact)
}

/// A message of the Graph API as the event its webhook would have been; `None` without details.
pub(crate) fn event(
    account: &Account,
    thread: &Thread,
    node: &Value,
    at: Timestamp,
) -> Option<Event> {
    let platform_id = word(node, "id")?;
    let from = node.get("from")?;
    let author = if is_shop(account, from) {
        Author::Shop
    } else {
        Author::Person
    };
    let to = node.get("to").map_or(&[][..], |to| list(to, "data"));
    let contact = person(account, from)
        .or_else(|| to.iter().find_map(|one| person(account, one)))
        .or_else(|| thread.contact.clone())?;
    let story = node.get("story");
    let part = |name: &str| story.and_then(|story| story.get(name));
    let story = part("reply_to")
        .map(|of| StoryRef {
            id: word(of, "id"),
            mention: false,
        })
        .or_else(|| {
            part("mention").map(|of| StoryRef {
                id: word(of, "id"),
                mention: true,
            })
        });
    // A mentioned story's picture is also given as an attachment; it must not be kept.
    let attachments = match &story {
        Some(StoryRef { mention: true, .. }) => Vec::new(),
        _ => attachments(node),
    };
    let text = word(node, "message");
    let shared = node
        .get("shares")
        .is_some_and(|shares| !list(shares, "data").is_empty());
    let unsupported = match () {
        () if yes(node, "is_unsupported") => Some("unsupported"),
        () if shared && text.is_none() => Some("share"),
        () => None,
    };
    let key = message_key(&platform_id);
    if text.is_none() && attachments.is_empty() && story.is_none() {
        let what = What::Unsupported {
            kind: kind(unsupported.unwrap_or("message")),
            contact: Some(contact),
            author: Some(author),
            platform_id: Some(platform_id),
        };
        return Some(Event { key, at, what });
    }
    let what = What::Message(InboundMessage {
        platform_id,
        contact,
        author,
        text,
        attachments,
        reply_to: node.get("reply_to").and_then(|reply| word(reply, "mid")),
        story,
        our_id: None,
        app_id: None,
        unsupported: unsupported.map(str::to_owned),
    });
    Some(Event { key, at, what })
}

/// What is attached to a message, with links that have just been made.
pub(crate) fn attachments(node: &Value) -> Vec<InboundAttachment> {
    let one = |kind, link, node: &Value| InboundAttachment {
        kind,
        source: MediaSource::Link(link),
        mime: word(node, "mime_type"),
        file_name: word(node, "name"),
    };
    let all = node
        .get("attachments")
        .map_or(&[][..], |all| list(all, "data"));
    let mut read: Vec<InboundAttachment> = all
        .iter()
        .filter_map(|attachment| {
            let data = |name: &str| attachment.get(name).and_then(|data| word(data, "url"));
            if let Some(link) = data("image_data") {
                let sticker = attachment
                    .get("image_data")
                    .is_some_and(|data| yes(data, "render_as_sticker"));
                let kind = if sticker {
                    AttachmentKind::Sticker
                } else {
                    AttachmentKind::Picture
                };
                return Some(one(kind, link, attachment));
            }
            if let Some(link) = data("video_data") {
                return Some(one(AttachmentKind::Video, link, attachment));
            }
            let sound =
                word(attachment, "mime_type").is_some_and(|mime| mime.starts_with("audio/"));
            let kind = if sound {
                AttachmentKind::Audio
            } else {
                AttachmentKind::File
            };
            word(attachment, "file_url").map(|link| one(kind, link, attachment))
        })
        .collect();
    read.extend(word(node, "sticker").map(|link| one(AttachmentKind::Sticker, link, &Value::Null)));
    read
}
