//! What can go wrong in the store, sorted by what the caller does next. Not found is `Ok(None)`.

use domain::secrets::SecretsError;

/// Every result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be opened, read or written. No variant ever deletes or makes anything:
/// whoever sees one still has every file there was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Key share A is not in the keychain though the file is there: recovery, never a new key.
    #[error("the key share in the keychain is missing")]
    MissingShareA,
    /// Key share B is not beside the file though the file is there.
    #[error("the key share beside the file is missing")]
    MissingShareB,
    /// The keychain is there and locked: wait for its owner.
    #[error("the keychain is locked")]
    KeychainLocked,
    /// The keychain refused this program.
    #[error("the keychain refused access")]
    KeychainDenied,
    /// There is no keychain that answers: passphrase, or the service is not running yet.
    #[error("there is no keychain that answers")]
    KeychainAbsent,
    /// The keychain failed in another way.
    #[error("the keychain failed")]
    KeychainFailed,
    /// Both shares are there and do not fit this file. The file itself may be perfectly good.
    #[error("the keys do not fit this file")]
    WrongKey,
    /// The keys fit and the file does not open, or cannot be read further.
    #[error("the file is damaged")]
    Damaged(#[source] Option<rusqlite::Error>),
    /// A newer version of the program wrote this file.
    #[error("this file was written by a newer version: {found}, this one knows {known}")]
    Newer {
        /// The version of the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The file that should be opened is not there.
    #[error("there is no such file")]
    NotThere,
    /// Something that should be made is there already.
    #[error("it is there already")]
    AlreadyThere,
    /// The disk is full. Reading goes on.
    #[error("the disk is full")]
    DiskFull,
    /// The files cannot be written.
    #[error("the files are read-only")]
    ReadOnly,
    /// Another connection or another program holds the file.
    #[error("the file is busy")]
    Busy,
    /// Another copy of the program uses this data folder.
    #[error("another copy of the program uses this folder")]
    InUse,
    /// The vault was closed, to be erased or locked.
    #[error("it is closed")]
    Closed,
    /// The passphrase is not the right one.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The sealed file asks for a weaker key derivation than this program accepts.
    #[error("the sealed file has weakened parameters")]
    WeakParameters,
    /// A row, id or argument that cannot be: a bug, or a conversation of another vault.
    #[error("not a valid {0}")]
    Invalid(&'static str),
    /// The operating system.
    #[error("a file could not be read or written")]
    Io(#[source] std::io::Error),
    /// The database, in a way nobody handles differently.
    #[error("the database refused")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(Some(error))
            }
            _ => Self::Database(error),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Io(error),
        }
    }
}

impl From<SecretsError> for Error {
    fn from(error: SecretsError) -> Self {
        match error {
            SecretsError::Absent => Self::KeychainAbsent,
            SecretsError::Locked => Self::KeychainLocked,
            SecretsError::Denied => Self::KeychainDenied,
            SecretsError::Failed => Self::KeychainFailed,
        }
    }
}
