//! What a platform told us, in the shop's words. `channels::normalize` makes these; `engine::ingest`
//! writes them down.

use serde::{Deserialize, Serialize};

use crate::{ContactRef, Delivery, OurId, Timestamp};

/// One thing that happened on one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique per connection: the same event delivered twice has the same key. Its shapes are in
    /// `channels::normalize`.
    pub key: String,
    /// The platform's time; the order of a conversation comes from it.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A message, from the person or (as an echo) from the shop.
    Message(InboundMessage),
    /// A message of the shop's got somewhere, or did not.
    Progress(Progress),
    /// The person (or the shop, in the app) took a message back.
    Unsent {
        /// The platform's id of the message that is gone.
        platform_id: String,
    },
    /// A reaction was put on a message, or taken off it.
    Reaction {
        /// The platform's id of the message it is on.
        platform_id: String,
        /// Who reacted.
        by: Author,
        /// The emoji; `None` takes the reaction off.
        emoji: Option<String>,
    },
    /// The text of a message was changed.
    Edited {
        /// The platform's id of the changed message.
        platform_id: String,
        /// The new text.
        text: String,
        /// Whose conversation it is in, where that can be told.
        contact: Option<ContactRef>,
    },
    /// Something this version does not understand. Kept raw, shown, tried again after an update.
    Unsupported {
        /// The platform's own word for it, such as `feed` or `order`.
        kind: String,
        /// Whose conversation it belongs to, where that can be told.
        contact: Option<ContactRef>,
        /// Who said it. `None` if neither side did: a notice of the platform's, or news about
        /// another message. Such a thing has no place in a thread: it is not unread and opens no
        /// reply window.
        author: Option<Author>,
        /// Its own id at the platform, never that of a message it only speaks of.
        platform_id: Option<String>,
    },
}

/// What the keys of messages begin with.
const MESSAGE: &str = "m:";

/// The key of a message's event, whoever tells of the message.
pub fn message_key(platform_id: &str) -> String {
    format!("{MESSAGE}{platform_id}")
}

/// The key under which it is noted that a message was let go: it must not come back.
pub fn let_go_key(platform_id: &str) -> String {
    format!("gone:{platform_id}")
}

impl Event {
    /// The platform's id of the message that the key names, if it names one.
    pub fn message_id(&self) -> Option<&str> {
        self.key.strip_prefix(MESSAGE)
    }
}

/// Which side of the counter something came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person.
    Person,
    /// The shop: from this program, another computer or the phone.
    Shop,
}

/// A message as the platform sent it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The platform's id: `mid` or `wamid`.
    pub platform_id: String,
    /// The person on the other side, whoever wrote.
    pub contact: ContactRef,
    /// Who wrote it.
    pub author: Author,
    /// The words, if any.
    pub text: Option<String>,
    /// Pictures and the like, in the platform's order.
    pub attachments: Vec<InboundAttachment>,
    /// The message it answers, by the platform's id.
    pub reply_to: Option<String>,
    /// The story it answers or mentions; never kept, only referred to.
    pub story: Option<StoryRef>,
    /// For an echo of our own sending: the id we gave it.
    pub our_id: Option<OurId>,
    /// For an echo: the app that sent it; absent when it came from a phone or Meta's own inbox.
    pub app_id: Option<String>,
    /// The platform's own word for a part that cannot be shown; the rest still is.
    pub unsupported: Option<String>,
}

/// A story: a reference and a placeholder, never a picture on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryRef {
    /// Meta's id of the story, where given.
    pub id: Option<String>,
    /// True if the person mentioned the shop in a story; false if they answered one.
    pub mention: bool,
}

/// What kind of thing is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A still picture.
    Picture,
    /// A sticker.
    Sticker,
    /// A film.
    Video,
    /// A voice note or other sound.
    Audio,
    /// Any other file.
    File,
}

impl AttachmentKind {
    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Sticker => "sticker",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }

    /// The kind of a name, as [`AttachmentKind::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Picture,
            Self::Sticker,
            Self::Video,
            Self::Audio,
            Self::File,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// Something attached, not yet fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundAttachment {
    /// What kind of thing it is.
    pub kind: AttachmentKind,
    /// Where its bytes are.
    pub source: MediaSource,
    /// The type the platform claims; the bytes decide.
    pub mime: Option<String>,
    /// The name the sender gave the file.
    pub file_name: Option<String>,
}

/// Where the bytes of an attachment are, at the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// A link that expires; needs no token (Messenger, Instagram).
    Link(String),
    /// WhatsApp's media id; the link behind it lives five minutes and needs the token. Kept by
    /// Meta for 7 days.
    Id {
        /// The media id.
        id: String,
        /// SHA-256 in base64, to be checked after fetching.
        sha256: Option<String>,
    },
}

/// How far messages of the shop's have come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Which messages it is about.
    pub messages: Messages,
    /// The person, where the payload names them; watermarks need them.
    pub contact: Option<ContactRef>,
    /// How far.
    pub state: Delivery,
    /// Our own id, where the platform gives it back.
    pub our_id: Option<OurId>,
    /// Why it failed, when `state` is [`Delivery::Failed`].
    pub failure: Option<crate::outbound::Failure>,
}

/// Which messages a report is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Messages {
    /// Exactly these, by the platform's ids.
    Ids(Vec<String>),
    /// All of the shop's to this person up to this moment (Messenger).
    UpTo(Timestamp),
    /// All of the shop's to this person up to and with this one (Instagram).
    UpToMessage(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_kind_is_written_as_it_is_read() {
        use AttachmentKind::{Audio, File, Picture, Sticker, Video};
        for kind in [Picture, Sticker, Video, Audio, File] {
            assert_eq!(AttachmentKind::from_name(kind.name()), Some(kind));
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.name())
            );
        }
        assert_eq!(AttachmentKind::from_name("hologram"), None);
    }
}
