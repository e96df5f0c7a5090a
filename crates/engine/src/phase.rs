//! Where the shop stands before anything can be shown, and how the road to the relay is.

use domain::Timestamp;

/// Where the shop stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the keychain or opening files.
    Opening,
    /// The keychain is there and locked.
    KeychainLocked,
    /// The keychain refused this program.
    KeychainDenied,
    /// There is no keychain: a passphrase is asked for.
    Passphrase {
        /// One has to be chosen; else it is entered.
        first: bool,
        /// The one entered was wrong.
        wrong: bool,
    },
    /// Files are there, their key is not.
    KeyMissing,
    /// The key found does not belong to these files.
    WrongKey,
    /// `shop.db` is damaged. Nothing was changed.
    Damaged,
    /// The files were written by a newer program.
    Newer,
    /// No room to open anything for writing.
    DiskFull,
    /// Another copy of the program has the folder.
    InUse,
    /// The system does not let the program write in the folder.
    FolderRefused,
    /// An erasure begun earlier is being finished, or one of everything is running.
    Erasing,
    /// A deletion order came that Meta does not confirm: the owner is asked.
    DeletionAsked {
        /// When it came.
        asked_at: Timestamp,
        /// Carried out then without an answer.
        wipes_at: Timestamp,
    },
    /// No connection yet.
    FirstRun,
    /// The inbox.
    Ready,
}

/// How the road to the relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// No relay is known yet.
    None,
    /// On the way.
    Connecting,
    /// Messages come as they are written.
    Online,
    /// Not reachable.
    Offline {
        /// Since when.
        since: Timestamp,
    },
}
