//! One conversation: messages, what is attached, what is being written.

use serde::Serialize;
use specta::Type;

use super::connections::TroubleView;
use super::inbox::{AuthorView, ConversationView, DeliveryView};

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ThreadView {
    pub conversation: ConversationView,
    /// Oldest first.
    pub items: Vec<ThreadItemView>,
    /// Pass it on to get what came before; `None` at the beginning.
    pub older: Option<String>,
    /// True if the last item is not the newest: the window stands somewhere in the past.
    pub newer: bool,
    /// When the connection was made; said at the beginning of the thread.
    pub connected_at: i64,
    pub draft: DraftView,
    /// The connection's own trouble, said above the composer.
    pub trouble: Option<TroubleView>,
    /// Characters or bytes a text may have on this channel.
    pub limit: TextLimitView,
}

#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TextLimitView {
    pub most: u32,
    /// True if UTF-8 bytes are counted, else characters.
    pub bytes: bool,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ThreadItemView {
    Message {
        message: Box<MessageView>,
    },
    /// Messages that could not be recovered.
    Gap {
        at: i64,
        count: u32,
    },
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    pub id: String,
    pub author: AuthorView,
    /// The platform's time.
    pub at: i64,
    pub text: Option<String>,
    pub attachments: Vec<AttachmentView>,
    pub reply_to: Option<QuoteView>,
    pub story: Option<StoryView>,
    pub reactions: Vec<ReactionView>,
    /// Only for the shop's own.
    pub delivery: Option<DeliveryView>,
    /// While held: when it leaves.
    pub leaves_at: Option<i64>,
    pub failure: Option<FailureView>,
    /// Written in the platform's own app.
    pub from_phone: bool,
    /// Came late, by repair.
    pub recovered: bool,
    pub edited: bool,
    /// Taken back; nothing of it is kept.
    pub unsent: bool,
    /// The platform's word for what cannot be shown.
    pub unsupported: Option<String>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentView {
    pub id: String,
    pub kind: AttachmentKindView,
    pub state: AttachmentStateView,
    /// `shopmedia` addresses; present when the state is `ready`.
    pub thumb: Option<String>,
    pub full: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub file_name: Option<String>,
    pub bytes: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum AttachmentKindView {
    Picture,
    Sticker,
    Video,
    Audio,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum AttachmentStateView {
    Loading,
    Ready,
    /// Not loaded; can be asked for again.
    Failed,
    /// The platform does not have it any more.
    Gone,
    /// Fetched, but not a kind this version can show.
    Kept,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    pub message_id: Option<String>,
    pub author: AuthorView,
    pub text: Option<String>,
    pub thumb: Option<String>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StoryView {
    pub mention: bool,
    /// Stories live a day; nothing of them is kept here.
    pub until: i64,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReactionView {
    pub by: AuthorView,
    pub emoji: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// One of `domain::outbound::Reason`'s names; the window has a sentence for each.
    pub reason: String,
    /// Meta's own code, for the "Details" line.
    pub code: Option<String>,
    /// Whether "Try again" makes sense.
    pub again: bool,
}

#[derive(Debug, Clone, Default, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DraftView {
    pub text: String,
    /// A `shopmedia` address of an attached picture.
    pub picture: Option<String>,
    /// Why a reply became a draft again, if it did.
    pub returned: Option<ReturnedView>,
}

/// Why words that were on their way are a draft again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ReturnedView {
    /// The reply window closed before they left.
    WindowClosed,
    /// The program ended while they were held.
    Restart,
    /// The owner took them back.
    Undone,
}

/// A link somebody wrote, taken apart so that the owner sees where it leads.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LinkTargetView {
    /// The host in its real (punycode) form, an address or a number.
    pub host: String,
    /// What will be opened.
    pub url: String,
    /// The host mixes scripts or is punycode.
    pub suspicious: bool,
}
