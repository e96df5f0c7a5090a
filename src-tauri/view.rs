//! What the window sees: plain text, enums and opaque ids. Never a token, a path, SQL or HTML.
//!
//! These types are the border between Rust and the window. They are separate from `domain`, and
//! `ui/src/backend/bindings.ts` is generated from them. Times are milliseconds since 1970.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What the window shows as a whole.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AppView {
    pub phase: PhaseView,
    /// True while any platform address is not the real one.
    pub sandbox: bool,
    pub settings: SettingsView,
    pub link: LinkView,
    pub version: String,
    /// The moment this was read.
    pub now: i64,
}

/// Where the shop stands before anything can be shown.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PhaseView {
    /// Waiting for the keychain or opening files.
    Opening,
    /// The keychain is there and locked.
    KeychainLocked,
    /// The keychain refused this program.
    KeychainDenied,
    /// There is no keychain: a passphrase is asked for. `first` = choose one.
    Passphrase { first: bool, wrong: bool },
    /// Files are there, their key is not.
    KeyMissing,
    /// The key found does not belong to these files.
    WrongKey,
    /// The shop's own file is damaged. Nothing was changed.
    Damaged,
    /// The files were written by a newer Shopbell.
    Newer,
    /// The disk is full, so nothing can be opened for writing.
    DiskFull,
    /// An erasure begun earlier is being finished.
    Erasing,
    /// A deletion order came that Meta does not confirm: the owner is asked (DESIGN 10.11).
    DeletionAsked { asked_at: i64, wipes_at: i64 },
    /// No connection yet.
    FirstRun,
    /// The inbox.
    Ready,
}

/// The road to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum LinkView {
    /// No relay is known yet.
    None,
    Connecting,
    Online,
    /// Not reachable since this moment; replies wait.
    Offline {
        since: i64,
        waiting: u32,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    pub language: Language,
    pub theme: Theme,
    pub notifications: bool,
    /// Seconds a reply is held before it leaves, 0 to 30.
    pub hold_seconds: u32,
    /// Text size in percent of the normal one: 80 to 200.
    pub text_size: u32,
    /// The name the owner gave the shop; may be empty.
    pub shop_name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Language {
    /// As the computer says.
    System,
    English,
    Arabic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    System,
    Light,
    Dark,
}

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
    /// Only what a person typed.
    HumanOnly {
        until: i64,
        opened_at: i64,
    },
    /// Until the person writes again. `templates`: on WhatsApp only approved templates may go.
    Closed {
        since: Option<i64>,
        templates: bool,
    },
    Unlimited,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ThreadView {
    pub conversation: ConversationView,
    /// Oldest first.
    pub items: Vec<ThreadItemView>,
    /// Pass it on to get what came before; `None` at the beginning.
    pub older: Option<String>,
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
    pub returned: Option<String>,
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

// ── Connections ─────────────────────────────────────────────────────────────

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    pub id: String,
    pub channel: ChannelView,
    pub name: String,
    pub handle: Option<String>,
    pub connected_at: i64,
    pub last_event_at: Option<i64>,
    pub last_sent_at: Option<i64>,
    /// Days the sign-in still lasts; `None` if it has no end.
    pub sign_in_days: Option<u32>,
    pub messages: u32,
    pub pictures: u32,
    /// Kept raw, not understood yet.
    pub unsupported: u32,
    /// Also connected on this many other computers.
    pub elsewhere: u32,
    pub trouble: Option<TroubleView>,
    /// True if the login has no other live connection: a wipe also takes the permissions back.
    pub last_of_login: bool,
}

/// What is wrong with a connection. Each has its own sentence and button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum TroubleView {
    /// The sign-in ended: reconnect. Nothing is lost.
    SignInEnded,
    SignInEndsSoon {
        at: i64,
    },
    PermissionMissing,
    /// Meta stopped telling us about new messages; being turned on again.
    Unsubscribed {
        since: i64,
    },
    /// The relay stopped the route until it is proved again.
    RouteStopped,
    /// Access was removed at Facebook; wiped at this moment unless reconnected.
    AccessRemoved {
        wipes_at: i64,
    },
    /// The vault is damaged; nothing was changed.
    Damaged,
    WrongKey,
    KeyMissing,
    DiskFull,
    /// Messages that came while something was wrong.
    Unopened {
        count: u32,
    },
}

/// A receipt that says what was erased, when.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    pub id: String,
    pub at: i64,
    pub scope: String,
    /// False while the relay has not signed yet.
    pub complete: bool,
    /// The whole signed text; names nobody.
    pub text: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum WipeProgressView {
    Idle,
    Running {
        step: u32,
        of: u32,
    },
    /// Erased here; the relay has not answered yet.
    WaitingForRelay,
    Done {
        receipt_id: String,
    },
}

// ── Connecting ──────────────────────────────────────────────────────────────

/// A relay, before it is trusted.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RelayView {
    pub url: String,
    pub operator: Option<String>,
    /// The relay's key as words to compare.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum LoginView {
    None,
    /// The browser is open; waiting for it to come back.
    Waiting {
        since: i64,
    },
    /// The owner chooses.
    Choose {
        accounts: Vec<FoundAccountView>,
        declined: Vec<String>,
    },
    Connecting,
    /// Cancelled or refused at Facebook, or something went wrong: a code of `ErrorView`.
    Failed {
        error: ErrorView,
    },
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FoundAccountView {
    pub id: String,
    pub channel: ChannelView,
    pub name: String,
    pub handle: Option<String>,
    pub state: FoundStateView,
    pub elsewhere: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FoundStateView {
    Ready,
    /// Already connected here: connecting again renews the sign-in.
    Connected,
    NoMessagingTask,
    NoProfessionalAccount,
    PermissionDeclined {
        permission: String,
    },
}

// ── Search ──────────────────────────────────────────────────────────────────

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

// ── Links, errors, news ─────────────────────────────────────────────────────

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

/// Why a command did not do what was asked. A code exists only while the window reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ErrorView {
    pub code: ErrorCode,
    /// For "Details" and for people who help; never shown by itself.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The thing asked for is gone.
    Gone,
    /// The shop is locked or still opening.
    NotOpen,
    /// The relay does not answer.
    RelayUnreachable,
    /// That address is not a Shopbell relay, or plain http to somewhere else.
    NotARelay,
    /// The relay answers with another key than the one pinned.
    RelayKeyChanged,
    /// The relay wants an enrolment code, or the one typed is wrong.
    EnrolCode,
    /// The owner cancelled at Facebook.
    LoginCancelled,
    /// Nobody came back from the browser in time.
    LoginExpired,
    /// Facebook refused the login.
    LoginRefused,
    /// The browser could not be opened.
    NoBrowser,
    /// The reply window does not allow it.
    WindowClosed,
    TooLong,
    /// Not a picture this program can read.
    NotAPicture,
    PictureTooLarge,
    /// The name typed is not the connection's.
    NameDiffers,
    DiskFull,
    KeychainLocked,
    WrongPassphrase,
    /// The link is not one that may be opened.
    BadLink,
    /// Something this program did not expect.
    Unexpected,
}

/// Something changed; whoever shows it reads again. Carries ids, never content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type, tauri_specta::Event)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum News {
    /// The phase, the link or a setting.
    App,
    /// These conversations' rows; empty means any.
    Conversations {
        ids: Vec<String>,
    },
    /// The messages of one conversation. `arrived`: something new from the person.
    Messages {
        conversation_id: String,
        arrived: bool,
    },
    Connections,
    Login,
    Wipe,
    /// A notification was pressed.
    Open {
        conversation_id: String,
    },
    /// A `shopbell://relay?…` link was opened.
    RelayLink {
        url: String,
    },
}

impl ErrorView {
    /// The shop is not open yet.
    pub fn not_open() -> Self {
        Self {
            code: ErrorCode::NotOpen,
            detail: String::new(),
        }
    }
}
