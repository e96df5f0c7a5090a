//! Why a command did not do what was asked.

use serde::Serialize;
use specta::Type;

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
    /// What was typed is no address.
    NotAnAddress,
    /// Plain http to another computer.
    NeedsHttps,
    /// That address is not a Shopbell relay.
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
    /// The account is connected on eight other computers.
    Crowded,
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
