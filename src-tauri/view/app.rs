//! The window as a whole: its phase, its settings, its news.

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
    /// A relay address given from outside, to begin with.
    pub relay_suggested: Option<String>,
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
    /// Another copy of Shopbell has the folder.
    InUse,
    /// The system does not let Shopbell write in its folder.
    FolderRefused { folder: String },
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
    /// A wiped connection: whatever shows it forgets it now.
    Forgotten {
        connection_id: String,
    },
    /// An erased person's conversation: whatever shows it forgets it now.
    Erased {
        conversation_id: String,
    },
    /// A notification was pressed.
    Open {
        conversation_id: String,
    },
    /// A `shopbell://relay?…` link was opened.
    RelayLink {
        url: String,
    },
}
