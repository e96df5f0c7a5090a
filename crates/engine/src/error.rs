//! What the engine answers when it cannot do what was asked: one variant for each thing somebody
//! does differently. "Not there" is not an error inside the engine; `Gone` is said only to those
//! who asked for a thing by its name.

use crate::link::client::RelayError;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing asked for is gone.
    #[error("it is gone")]
    Gone,
    /// The shop is locked or still opening.
    #[error("the shop is not open")]
    NotOpen,
    /// The relay does not answer.
    #[error("the relay does not answer")]
    RelayUnreachable,
    /// What was typed is no address.
    #[error("that is no address")]
    NotAnAddress,
    /// Plain http to another computer.
    #[error("a relay is asked over https only")]
    NeedsHttps,
    /// That address is no relay.
    #[error("that address is not a Shopbell relay")]
    NotARelay,
    /// The relay answers with another key than the pinned one.
    #[error("the relay's key is not the one this computer knows")]
    RelayKeyChanged,
    /// The relay wants an enrolment code, or the one given is wrong.
    #[error("the relay asks for an enrolment code")]
    EnrolCode,
    /// The owner cancelled at Facebook.
    #[error("the login was cancelled")]
    LoginCancelled,
    /// Nobody came back from the browser in time.
    #[error("nobody came back from the browser in time")]
    LoginExpired,
    /// Facebook, or the relay, refused the login.
    #[error("the login was refused")]
    LoginRefused,
    /// The account is connected on eight other computers.
    #[error("the account is connected on as many computers as may be")]
    Crowded,
    /// The browser could not be opened.
    #[error("the browser could not be opened")]
    NoBrowser,
    /// The reply window does not allow it.
    #[error("the reply window does not allow it")]
    WindowClosed,
    /// Longer than the channel takes.
    #[error("longer than the channel takes")]
    TooLong,
    /// Not a picture this program can read.
    #[error("not a picture this program can read")]
    NotAPicture,
    /// The picture is larger than the channel takes.
    #[error("the picture is too large")]
    PictureTooLarge,
    /// The name typed is not the connection's.
    #[error("the name typed is another one")]
    NameDiffers,
    /// No room left on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// The keychain is locked.
    #[error("the keychain is locked")]
    KeychainLocked,
    /// The passphrase is not the one chosen.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The link is not one that may be opened.
    #[error("this link is not opened")]
    BadLink,
    /// Something this program did not expect; the text carries no content and no secret.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

/// What the engine's methods answer.
pub type Result<T> = std::result::Result<T, Error>;

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        use store::Error as Store;
        match error {
            Store::DiskFull => Self::DiskFull,
            Store::KeychainLocked => Self::KeychainLocked,
            Store::WrongPassphrase => Self::WrongPassphrase,
            Store::Closed => Self::NotOpen,
            Store::NotThere | Store::Invalid(_) => Self::Gone,
            other => Self::Unexpected(other.to_string()),
        }
    }
}

impl From<RelayError> for Error {
    fn from(error: RelayError) -> Self {
        use wire::api::RefusalCode;
        match error {
            RelayError::Unreachable => Self::RelayUnreachable,
            RelayError::NotARelay => Self::NotARelay,
            RelayError::Refused(RefusalCode::EnrolCode) => Self::EnrolCode,
            RelayError::Refused(RefusalCode::Gone | RefusalCode::WrongCode) => Self::LoginExpired,
            RelayError::Refused(
                RefusalCode::PlatformUnreachable | RefusalCode::TooMany | RefusalCode::Unavailable,
            ) => Self::RelayUnreachable,
            RelayError::Refused(RefusalCode::Crowded) => Self::Crowded,
            RelayError::Refused(RefusalCode::TokenRefused) => Self::LoginRefused,
            RelayError::Refused(code) => Self::Unexpected(format!("the relay refused: {code:?}")),
        }
    }
}
