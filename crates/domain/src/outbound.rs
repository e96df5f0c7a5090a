//! What the shop wants to send, and what came of it.

use serde::{Deserialize, Serialize};

use crate::reply_window::Means;
use crate::{ContactKey, OurId, Timestamp};

/// One message on its way out. One call to the platform each: text and picture are two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Our own id; goes along and comes back in the echo or the status.
    pub our_id: OurId,
    /// Whom it is for.
    pub to: ContactKey,
    /// What it says.
    pub body: Body,
    /// Which permission to answer it uses.
    pub means: Means,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Words.
    Text(String),
    /// A picture, already re-encoded and within the channel's limit.
    Picture {
        /// The bytes of the file.
        bytes: Vec<u8>,
        /// `image/jpeg` or `image/png`.
        mime: String,
    },
}

/// What came of one attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform took it.
    Sent {
        /// The platform's id for it.
        platform_id: String,
        /// Another key the platform now knows the person by (WhatsApp's `wa_id`).
        contact: Option<ContactKey>,
    },
    /// Surely not sent; may be tried again.
    Retry {
        /// Not before this moment.
        at: Timestamp,
        /// Why it was not sent.
        failure: Failure,
        /// How much has to wait.
        holds: Holds,
    },
    /// Surely not sent, and trying again would not help.
    Failed(Failure),
    /// It may have been sent: the answer was lost. Never resent by the program.
    Unconfirmed,
}

/// How much a rate limit holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Only this person.
    Person,
    /// The whole connection.
    Connection,
}

/// Why something was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The reason, one for each thing the owner can do about it.
    pub reason: Reason,
    /// Meta's code and subcode as `190/463`, for the "Details" line only.
    pub code: Option<String>,
}

/// Reasons a message was not sent. Each has its own sentence and next step in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The reply window has closed.
    WindowClosed,
    /// The person cannot be written to: blocked, left, deactivated, or not on WhatsApp.
    PersonUnavailable,
    /// The recipient is not known to this account.
    UnknownRecipient,
    /// The sign-in has ended, expired or was removed.
    SignInEnded,
    /// A permission is missing.
    PermissionMissing,
    /// The words are too long for this channel.
    TooLong,
    /// The picture is too large for this channel.
    PictureTooLarge,
    /// The platform did not take the picture.
    PictureRefused,
    /// Too many messages in a short time.
    TooFast,
    /// The platform blocked the shop for its rules.
    Blocked,
    /// WhatsApp chose not to deliver it (per-person marketing limit, experiment).
    NotDelivered,
    /// The person opted out.
    OptedOut,
    /// The platform does not answer, or says it is down.
    PlatformDown,
    /// This computer has no way to the internet.
    Offline,
    /// Anything else the platform refused.
    Refused,
}

impl Reason {
    /// The name kept in the vault and given to the window.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::PersonUnavailable => "person_unavailable",
            Self::UnknownRecipient => "unknown_recipient",
            Self::SignInEnded => "sign_in_ended",
            Self::PermissionMissing => "permission_missing",
            Self::TooLong => "too_long",
            Self::PictureTooLarge => "picture_too_large",
            Self::PictureRefused => "picture_refused",
            Self::TooFast => "too_fast",
            Self::Blocked => "blocked",
            Self::NotDelivered => "not_delivered",
            Self::OptedOut => "opted_out",
            Self::PlatformDown => "platform_down",
            Self::Offline => "offline",
            Self::Refused => "refused",
        }
    }

    /// Every reason, in the order above.
    pub const ALL: [Self; 15] = [
        Self::WindowClosed,
        Self::PersonUnavailable,
        Self::UnknownRecipient,
        Self::SignInEnded,
        Self::PermissionMissing,
        Self::TooLong,
        Self::PictureTooLarge,
        Self::PictureRefused,
        Self::TooFast,
        Self::Blocked,
        Self::NotDelivered,
        Self::OptedOut,
        Self::PlatformDown,
        Self::Offline,
        Self::Refused,
    ];

    /// The reason of a name, as [`Reason::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_reason_is_written_as_it_is_read() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
            assert_eq!(
                serde_json::to_string(&reason).unwrap(),
                format!("\"{}\"", reason.name())
            );
        }
        let names: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
