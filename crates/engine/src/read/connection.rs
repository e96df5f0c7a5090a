//! Connections, logins, wipes and their receipts.

use domain::{Channel, ConnectionId, Timestamp};

/// A connection and how it fares.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Which one.
    pub id: ConnectionId,
    /// Its channel.
    pub channel: Channel,
    /// The account's name.
    pub name: String,
    /// Its handle or number.
    pub handle: Option<String>,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// When something last came in.
    pub last_event_at: Option<Timestamp>,
    /// When something last went out.
    pub last_sent_at: Option<Timestamp>,
    /// When it was last looked at to the end: its subscription, and what may be missing.
    pub looked_at: Option<Timestamp>,
    /// When it is looked at again.
    pub next_look_at: Option<Timestamp>,
    /// When the sign-in ends; `None` if it has no end.
    pub sign_in_ends_at: Option<Timestamp>,
    /// Messages kept.
    pub messages: u32,
    /// Pictures kept.
    pub pictures: u32,
    /// Kept raw, not understood yet.
    pub unsupported: u32,
    /// Also connected on this many other computers.
    pub elsewhere: u32,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
    /// No other live connection uses the same login: a wipe also takes the permissions back.
    pub last_of_login: bool,
}

impl Connection {
    /// What the owner types to disconnect it: its handle or number, which no other connection has,
    /// and the name only where there is neither.
    pub fn typed_as(&self) -> &str {
        self.handle.as_deref().unwrap_or(&self.name)
    }
}

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The sign-in ended: reconnect. Nothing is lost.
    SignInEnded,
    /// The sign-in ends soon.
    SignInEndsSoon {
        /// When.
        at: Timestamp,
    },
    /// A permission is missing.
    PermissionMissing,
    /// Meta stopped telling about new messages; being turned on again.
    Unsubscribed {
        /// Since when, as far as it is known.
        since: Timestamp,
    },
    /// The relay stopped the route until it is proved again.
    RouteStopped,
    /// Access was removed at Facebook.
    AccessRemoved {
        /// Wiped then, unless reconnected.
        wipes_at: Timestamp,
    },
    /// The vault is damaged; nothing was changed.
    Damaged,
    /// The key found does not open the vault.
    WrongKey,
    /// A share of the vault's key is missing.
    KeyMissing,
    /// No room to write what comes in.
    DiskFull,
    /// Envelopes that could not be opened; kept sealed.
    Unopened {
        /// How many.
        count: u32,
    },
}

/// A receipt that says what was erased, when.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The deletion's id.
    pub id: String,
    /// When it was erased here.
    pub at: Timestamp,
    /// `connection`, `everything`.
    pub scope: String,
    /// False while the relay has not signed yet.
    pub complete: bool,
    /// What was erased here: names of things and their number.
    pub erased: Vec<(String, u64)>,
    /// How many sealed messages the relay erased; `None` until it has said so.
    pub envelopes: Option<u64>,
    /// What became of the permissions at Meta.
    pub permissions: Permissions,
    /// The whole signed text; names nobody.
    pub text: String,
}

/// What became of the permissions at Meta when a connection was wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permissions {
    /// Taken back; Meta confirmed it.
    TakenBack,
    /// Another connection needs them.
    StillNeeded,
    /// They had ended before.
    EndedBefore,
    /// Meta did not confirm it: to be ended in its own settings.
    NotConfirmed,
}

/// How far a wipe is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WipeProgress {
    /// None is running.
    Idle,
    /// Erasing on this computer.
    Running {
        /// The step being done.
        step: u32,
        /// Of so many.
        of: u32,
    },
    /// Erased here; the relay has not answered yet.
    WaitingForRelay,
    /// Finished.
    Done {
        /// Its receipt.
        receipt: String,
    },
}

/// A relay, before it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its address, normalised.
    pub url: String,
    /// Who says to run it.
    pub operator: Option<String>,
    /// Its key as words to compare.
    pub words: Vec<String>,
}

/// Where the login stands.
#[derive(Debug, Clone)]
pub enum Login {
    /// None is going on.
    None,
    /// The browser is open.
    Waiting {
        /// Since when.
        since: Timestamp,
    },
    /// The owner chooses.
    Choose {
        /// What was found.
        accounts: Vec<FoundAccount>,
        /// Permissions that were declined.
        declined: Vec<String>,
    },
    /// Vaults are made and routes confirmed.
    Connecting,
    /// It did not work.
    Failed(LoginFailure),
}

/// Why a login did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFailure {
    /// Cancelled at Facebook.
    Cancelled,
    /// Nobody came back in time.
    Expired,
    /// Refused by Facebook or by the relay.
    Refused,
    /// One of the accounts is connected on eight other computers.
    Crowded,
    /// The browser could not be opened.
    NoBrowser,
    /// The relay does not answer.
    RelayUnreachable,
    /// No room for a new vault.
    DiskFull,
    /// The keychain did not take the secrets.
    KeychainLocked,
    /// Something else.
    Unexpected,
}

/// An account found after a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAccount {
    /// A name for it, good for this login only.
    pub id: String,
    /// Its channel.
    pub channel: Channel,
    /// Its name.
    pub name: String,
    /// Handle or number.
    pub handle: Option<String>,
    /// Whether it can be connected.
    pub state: FoundState,
    /// Also connected on this many other computers.
    pub elsewhere: u32,
}

/// Whether an account can be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundState {
    /// It can.
    Ready,
    /// Already connected here: connecting again renews the sign-in.
    Connected,
    /// The person has no messaging task on the Page.
    NoMessagingTask,
    /// The Page has no professional Instagram account.
    NoProfessionalAccount,
    /// A permission was declined.
    PermissionDeclined {
        /// Which one.
        permission: String,
    },
}

/// A link, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// The host in its punycode form, an address or a number.
    pub host: String,
    /// What will be opened.
    pub url: String,
    /// The host is punycode or mixes scripts.
    pub suspicious: bool,
}
