//! Conversations, threads, people and what a search finds.

use domain::inbound::{AttachmentKind, Author};
use domain::limits::TextLimit;
use domain::outbound::Failure;
use domain::reply_window::ReplyWindow;
use domain::{Channel, ConnectionId, ConversationId, Delivery, MessageId, Timestamp};

use super::{MediaId, Trouble};

/// Which conversations a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// With something unread.
    Unread,
    /// The person wrote last.
    Unanswered,
    /// Under four hours left to reply, soonest first.
    ClosingSoon,
    /// Of one connection.
    Connection(ConnectionId),
}

/// The numbers beside the views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Conversations in all.
    pub all: u32,
    /// Conversations with something unread.
    pub unread: u32,
    /// Conversations in which the person wrote last.
    pub unanswered: u32,
    /// Conversations with under four hours left.
    pub closing_soon: u32,
    /// The same by connection.
    pub connections: Vec<ConnectionCount>,
}

/// One connection's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionCount {
    /// Which one.
    pub id: ConnectionId,
    /// Its channel.
    pub channel: Channel,
    /// The account's name.
    pub name: String,
    /// Conversations in all.
    pub conversations: u32,
    /// Conversations with something unread.
    pub unread: u32,
    /// Something at this connection needs the owner.
    pub trouble: bool,
}

/// A page of conversations.
#[derive(Debug, Clone, Default)]
pub struct ConversationPage {
    /// The rows, in the filter's order.
    pub rows: Vec<Conversation>,
    /// Pass it on to get the next page; `None` at the end.
    pub next: Option<String>,
}

/// One row of the list, and the head of a thread.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Which one; its connection is in it.
    pub id: ConversationId,
    /// The connection's name.
    pub connection_name: String,
    /// The channel.
    pub channel: Channel,
    /// The person's name, else handle, else number; empty if nothing is known.
    pub name: String,
    /// Without `@`; a phone number in international form for WhatsApp and SMS.
    pub handle: Option<String>,
    /// The person's picture.
    pub picture: Option<MediaId>,
    /// When something last happened.
    pub last_at: Timestamp,
    /// The last thing said.
    pub last: Option<Last>,
    /// Messages of the person's not seen yet.
    pub unread: u32,
    /// What may be answered now.
    pub window: Window,
    /// The first words of a draft.
    pub draft: Option<String>,
    /// Messages of the shop's that were not sent.
    pub not_sent: u32,
    /// Messages of the shop's that nobody confirmed.
    pub unconfirmed: u32,
}

/// Until when, and by what means, an answer is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What is allowed.
    pub now: ReplyWindow,
    /// When the person last wrote: the window opened then.
    pub opened_at: Option<Timestamp>,
    /// Closed, but approved templates may go (WhatsApp).
    pub templates: bool,
    /// It is less than our own count allows: the platform refused an answer as too late.
    pub refused: bool,
}

/// The last thing said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// Who said it.
    pub author: Author,
    /// The words, if any.
    pub text: Option<String>,
    /// What stands in for words.
    pub kind: LastKind,
    /// Only for the shop's own.
    pub delivery: Option<Progress>,
}

/// What stands in for words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastKind {
    /// Words.
    Text,
    /// A still picture.
    Picture,
    /// A sticker.
    Sticker,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A file.
    File,
    /// A story, by reference.
    Story,
    /// Taken back.
    Unsent,
    /// Kept raw.
    Unsupported,
}

/// How far a message of the shop's has come, with the hold told apart from the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Held; may still be undone until this moment.
    Held(Timestamp),
    /// As the vault says.
    At(Delivery),
}

/// A thread, or a page of it.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Its row.
    pub conversation: Conversation,
    /// Oldest first.
    pub items: Vec<Item>,
    /// Pass it on to get what came before; `None` at the beginning.
    pub older: Option<String>,
    /// Whether something newer than the last item is not among them.
    pub newer: bool,
    /// When the connection was made; what came before that is not here.
    pub connected_at: Timestamp,
    /// What is being written.
    pub draft: Draft,
    /// The connection's own trouble.
    pub trouble: Option<Trouble>,
    /// How much text the channel takes.
    pub limit: TextLimit,
}

/// One line of a thread.
#[derive(Debug, Clone)]
pub enum Item {
    /// A message.
    Message(Box<Message>),
    /// Messages that could not be recovered.
    Gap {
        /// Where they are missing.
        at: Timestamp,
        /// How many; 0 if nobody knows.
        count: u32,
    },
}

/// A message as it is shown.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// The platform's time.
    pub at: Timestamp,
    /// The words.
    pub text: Option<String>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// The message it answers.
    pub reply_to: Option<Quote>,
    /// The story it answers or mentions.
    pub story: Option<Story>,
    /// Reactions on it.
    pub reactions: Vec<Reaction>,
    /// Only for the shop's own.
    pub delivery: Option<Progress>,
    /// Why it was not sent.
    pub failure: Option<Failure>,
    /// Whether "Try again" makes sense for the failure.
    pub again: bool,
    /// Written in the platform's own app.
    pub from_phone: bool,
    /// Came late, by repair.
    pub recovered: bool,
    /// Its text was changed after it was sent.
    pub edited: bool,
    /// Taken back; nothing of it is kept.
    pub unsent: bool,
    /// The platform's word for what cannot be shown.
    pub unsupported: Option<String>,
}

/// Something attached.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name outside the engine.
    pub id: String,
    /// What kind of thing it is.
    pub kind: AttachmentKind,
    /// Where its bytes stand.
    pub state: AttachmentState,
    /// The small picture.
    pub thumb: Option<MediaId>,
    /// The whole.
    pub full: Option<MediaId>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// The sender's name for the file.
    pub file_name: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
}

/// Where the bytes of an attachment stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentState {
    /// Being fetched, or waiting for it.
    Loading,
    /// Here, and can be shown.
    Ready,
    /// Not loaded; can be asked for again.
    Failed,
    /// The platform does not have it any more.
    Gone,
    /// Here, but not a kind this version shows.
    Kept,
}

/// The message another one answers.
#[derive(Debug, Clone)]
pub struct Quote {
    /// Which one, if it is here.
    pub message: Option<MessageId>,
    /// Who wrote it.
    pub author: Author,
    /// Its words.
    pub text: Option<String>,
    /// Its first picture.
    pub thumb: Option<MediaId>,
}

/// A story: never kept, only referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Story {
    /// The shop was mentioned in it; else it was answered.
    pub mention: bool,
    /// Stories live a day.
    pub until: Timestamp,
}

/// A reaction on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Who reacted.
    pub by: Author,
    /// With what.
    pub emoji: String,
}

/// What is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The words.
    pub text: String,
    /// The attached picture.
    pub picture: Option<MediaId>,
    /// Why a reply became a draft again.
    pub returned: Option<Returned>,
}

/// Why words that were on their way are a draft again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The reply window closed before they left.
    WindowClosed,
    /// The program ended while they were held.
    Restart,
    /// The owner took them back.
    Undone,
}

impl Returned {
    const ALL: [Self; 3] = [Self::WindowClosed, Self::Restart, Self::Undone];

    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::Restart => "restart",
            Self::Undone => "undone",
        }
    }

    /// Reads a name. One that an older version kept is none of these.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The person beside the thread.
#[derive(Debug, Clone)]
pub struct Person {
    /// As in [`Conversation::name`].
    pub name: String,
    /// Their picture.
    pub picture: Option<MediaId>,
    /// When they first wrote.
    pub first_seen_at: Timestamp,
    /// Messages exchanged.
    pub messages: u32,
    /// How they can be reached.
    pub addresses: Vec<Address>,
}

/// One way a person can be reached.
#[derive(Debug, Clone)]
pub struct Address {
    /// The conversation there.
    pub conversation: ConversationId,
    /// The channel.
    pub channel: Channel,
    /// Handle or number.
    pub handle: Option<String>,
    /// The shop's account there.
    pub connection_name: String,
    /// When something last happened there.
    pub last_at: Timestamp,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// People, by name, handle or number.
    pub people: Vec<Conversation>,
    /// Messages, newest first.
    pub messages: Vec<Hit>,
    /// There are more than the limit.
    pub more: bool,
}

/// A message that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Which one.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// On which channel.
    pub channel: Channel,
    /// The person's name.
    pub name: String,
    /// The person's picture.
    pub picture: Option<MediaId>,
    /// Who wrote it.
    pub author: Author,
    /// When.
    pub at: Timestamp,
    /// Plain text around the hit: what matches (true) and what does not.
    pub parts: Vec<(String, bool)>,
}
