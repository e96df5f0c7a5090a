//! Connections, logins, wipes and receipts.

use serde::Serialize;
use specta::Type;

use super::error::ErrorView;
use super::inbox::ChannelView;

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
    /// When it was last looked at to the end, and when that is done again.
    pub looked_at: Option<i64>,
    pub next_look_at: Option<i64>,
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
    /// How many of each were erased here; `None` where the receipt does not say it.
    pub connections: Option<u32>,
    pub conversations: Option<u32>,
    pub messages: Option<u32>,
    pub pictures: Option<u32>,
    /// Sealed messages the relay erased; `None` until it has said so.
    pub envelopes: Option<u32>,
    pub permissions: PermissionsView,
    /// The whole signed text; names nobody.
    pub text: String,
}

/// What became of the permissions at Meta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum PermissionsView {
    TakenBack,
    /// Another connection needs them.
    StillNeeded,
    EndedBefore,
    /// To be ended in Meta's own settings.
    NotConfirmed,
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
