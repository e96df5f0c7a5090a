//! Lists: conversations, counts, people, what a search found.

use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum ChannelView {
    Instagram,
    Messenger,
    Whatsapp,
    Sms,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FilterView {
    All,
    Unread,
    /// The person wrote last.
    Unanswered,
    /// Under four hours left to reply, soonest first.
    ClosingSoon,
    Connection {
        id: String,
    },
}

/// The numbers beside the views.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// Conversations in all.
    pub all: u32,
    /// Conversations with something unread.
    pub unread: u32,
    pub unanswered: u32,
    pub closing_soon: u32,
    pub connections: Vec<ConnectionCountView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionCountView {
    pub id: String,
    pub channel: ChannelView,
    pub name: String,
    pub conversations: u32,
    pub unread: u32,
    /// Something at this connection needs the owner.
    pub trouble: bool,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConversationPageView {
    pub rows: Vec<ConversationView>,
    /// Pass it on to get the next page; `None` at the end.
    pub next: Option<String>,
}

/// One row of the list, and the head of a thread.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConversationView {
    pub id: String,
    pub connection_id: String,
    pub connection_name: String,
    pub channel: ChannelView,
    pub name: String,
    /// Without `@`; a phone number in international form for WhatsApp.
    pub handle: Option<String>,
    /// A `shopmedia` address.
    pub picture: Option<String>,
    pub last_at: i64,
    pub last: Option<LastView>,
    pub unread: u32,
    pub window: WindowView,
    /// The first words of a draft.
    pub draft: Option<String>,
    /// Messages of the shop's that were not sent.
    pub not_sent: u32,
    /// Messages of the shop's that nobody confirmed.
    pub unconfirmed: u32,
}

/// The last thing said.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LastView {
    pub author: AuthorView,
    pub text: Option<String>,
    /// What stands in for words: a picture, a sound, …
    pub kind: LastKindView,
    pub delivery: Option<DeliveryView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum LastKindView {
    Text,
    Picture,
    Sticker,
    Video,
    Audio,
    File,
    Story,
    Unsent,
    Unsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum AuthorView {
    Person,
    Shop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryView {
    /// Held; may still be undone.
    Held,
    Queued,
    Sending,
    Unconfirmed,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// Until when, and by what means, an answer is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum WindowView {
    Open {
        until: i64,
        opened_at: i64,
        then_human_until: Option<i64>,
    },
    /// Only what a person typed. `refused`: the platform said so, before our own count did.
    HumanOnly {
        until: i64,
        opened_at: i64,
        refused: bool,
    },
    /// Until the person writes again. `templates`: on WhatsApp only approved templates may go.
    /// `refused`: the platform said so, before our own count did.
    Closed {
        since: Option<i64>,
        templates: bool,
        refused: bool,
    },
    Unlimited,
}

/// The person beside the thread.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PersonView {
    pub name: String,
    pub picture: Option<String>,
    pub first_seen_at: i64,
    pub messages: u32,
    pub addresses: Vec<AddressView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AddressView {
    pub conversation_id: String,
    pub channel: ChannelView,
    pub handle: Option<String>,
    pub connection_name: String,
    pub last_at: i64,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SearchView {
    pub people: Vec<ConversationView>,
    pub messages: Vec<SearchHitView>,
    pub more: bool,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SearchHitView {
    pub message_id: String,
    pub conversation_id: String,
    pub channel: ChannelView,
    pub name: String,
    /// A `shopmedia` address.
    pub picture: Option<String>,
    pub author: AuthorView,
    pub at: i64,
    /// Plain text around the hit, cut into what matches and what does not.
    pub parts: Vec<SearchPartView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SearchPartView {
    pub text: String,
    pub hit: bool,
}
