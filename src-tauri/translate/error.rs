//! Errors.

use engine::Error;

use crate::view::error::{ErrorCode, ErrorView};

impl From<Error> for ErrorView {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let code = match error {
            Error::Gone => ErrorCode::Gone,
            Error::NotOpen => ErrorCode::NotOpen,
            Error::RelayUnreachable => ErrorCode::RelayUnreachable,
            Error::NotAnAddress => ErrorCode::NotAnAddress,
            Error::NeedsHttps => ErrorCode::NeedsHttps,
            Error::NotARelay => ErrorCode::NotARelay,
            Error::RelayKeyChanged => ErrorCode::RelayKeyChanged,
            Error::EnrolCode => ErrorCode::EnrolCode,
            Error::LoginCancelled => ErrorCode::LoginCancelled,
            Error::LoginExpired => ErrorCode::LoginExpired,
            Error::LoginRefused => ErrorCode::LoginRefused,
            Error::Crowded => ErrorCode::Crowded,
            Error::NoBrowser => ErrorCode::NoBrowser,
            Error::WindowClosed => ErrorCode::WindowClosed,
            Error::TooLong => ErrorCode::TooLong,
            Error::NotAPicture => ErrorCode::NotAPicture,
            Error::PictureTooLarge => ErrorCode::PictureTooLarge,
            Error::NameDiffers => ErrorCode::NameDiffers,
            Error::DiskFull => ErrorCode::DiskFull,
            Error::KeychainLocked => ErrorCode::KeychainLocked,
            Error::WrongPassphrase => ErrorCode::WrongPassphrase,
            Error::BadLink => ErrorCode::BadLink,
            Error::Unexpected(_) => ErrorCode::Unexpected,
        };
        Self { code, detail }
    }
}

impl ErrorView {
    /// An error the shell itself found.
    pub fn of(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}
