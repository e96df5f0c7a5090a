//! Connections, logins, wipes, receipts.

use domain::time::DAY;
use domain::{ConnectionId, Timestamp};
use engine::read::{self, LoginFailure};

use super::{all, moment, plain};
use crate::view::connections::{
    ConnectionView, FoundAccountView, FoundStateView, LoginView, PermissionsView, ReceiptView,
    RelayView, TroubleView, WipeProgressView,
};
use crate::view::error::{ErrorCode, ErrorView};

/// A connection as Settings shows it at `now`.
pub fn connection(connection: &read::Connection, now: Timestamp) -> ConnectionView {
    ConnectionView {
        id: connection.id.to_string(),
        channel: connection.channel.into(),
        name: plain::name(&connection.name),
        handle: connection.handle.as_deref().map(plain::name),
        connected_at: moment(connection.connected_at),
        last_event_at: connection.last_event_at.map(moment),
        last_sent_at: connection.last_sent_at.map(moment),
        looked_at: connection.looked_at.map(moment),
        next_look_at: connection.next_look_at.map(moment),
        sign_in_days: connection
            .sign_in_ends_at
            .map(|end| whole_days(end.since(now))),
        messages: connection.messages,
        pictures: connection.pictures,
        unsupported: connection.unsupported,
        elsewhere: connection.elsewhere,
        trouble: connection.trouble.map(Into::into),
        last_of_login: connection.last_of_login,
    }
}

/// What was typed, as the engine knows it: if it is what is shown, what is behind that.
pub fn whole_name(all: &[read::Connection], id: ConnectionId, typed: &str) -> String {
    let shown = plain::name(typed);
    all.iter()
        .find(|one| {
            one.id == id && plain::name(one.typed_as()).to_lowercase() == shown.to_lowercase()
        })
        .map_or_else(|| typed.to_owned(), |one| one.typed_as().to_owned())
}

fn whole_days(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds.max(0) / DAY).unwrap_or(u32::MAX)
}

impl From<read::Trouble> for TroubleView {
    fn from(trouble: read::Trouble) -> Self {
        match trouble {
            read::Trouble::SignInEnded => Self::SignInEnded,
            read::Trouble::SignInEndsSoon { at } => Self::SignInEndsSoon { at: moment(at) },
            read::Trouble::PermissionMissing => Self::PermissionMissing,
            read::Trouble::Unsubscribed { since } => Self::Unsubscribed {
                since: moment(since),
            },
            read::Trouble::RouteStopped => Self::RouteStopped,
            read::Trouble::AccessRemoved { wipes_at } => Self::AccessRemoved {
                wipes_at: moment(wipes_at),
            },
            read::Trouble::Damaged => Self::Damaged,
            read::Trouble::WrongKey => Self::WrongKey,
            read::Trouble::KeyMissing => Self::KeyMissing,
            read::Trouble::DiskFull => Self::DiskFull,
            read::Trouble::Unopened { count } => Self::Unopened { count },
        }
    }
}

impl From<read::Receipt> for ReceiptView {
    fn from(receipt: read::Receipt) -> Self {
        let number = |name: &str| {
            let found = receipt.erased.iter().find(|(named, _)| named == name);
            found.map(|(_, number)| u32::try_from(*number).unwrap_or(u32::MAX))
        };
        Self {
            connections: number("connections"),
            conversations: number("conversations"),
            envelopes: receipt
                .envelopes
                .map(|number| u32::try_from(number).unwrap_or(u32::MAX)),
            messages: number("messages"),
            pictures: number("pictures"),
            id: receipt.id,
            at: moment(receipt.at),
            scope: receipt.scope,
            complete: receipt.complete,
            permissions: receipt.permissions.into(),
            text: receipt.text,
        }
    }
}

impl From<read::Permissions> for PermissionsView {
    fn from(permissions: read::Permissions) -> Self {
        match permissions {
            read::Permissions::TakenBack => Self::TakenBack,
            read::Permissions::StillNeeded => Self::StillNeeded,
            read::Permissions::EndedBefore => Self::EndedBefore,
            read::Permissions::NotConfirmed => Self::NotConfirmed,
        }
    }
}

impl From<read::WipeProgress> for WipeProgressView {
    fn from(progress: read::WipeProgress) -> Self {
        match progress {
            read::WipeProgress::Idle => Self::Idle,
            read::WipeProgress::Running { step, of } => Self::Running { step, of },
            read::WipeProgress::WaitingForRelay => Self::WaitingForRelay,
            read::WipeProgress::Done { receipt } => Self::Done {
                receipt_id: receipt,
            },
        }
    }
}

impl From<read::Relay> for RelayView {
    fn from(relay: read::Relay) -> Self {
        Self {
            url: relay.url,
            operator: relay.operator.as_deref().map(plain::name),
            words: relay.words,
        }
    }
}

impl From<read::Login> for LoginView {
    fn from(login: read::Login) -> Self {
        match login {
            read::Login::None => Self::None,
            read::Login::Waiting { since } => Self::Waiting {
                since: moment(since),
            },
            read::Login::Choose { accounts, declined } => Self::Choose {
                accounts: all(accounts, Into::into),
                declined,
            },
            read::Login::Connecting => Self::Connecting,
            read::Login::Failed(failure) => Self::Failed {
                error: ErrorView::of(code(failure), ""),
            },
        }
    }
}

const fn code(failure: LoginFailure) -> ErrorCode {
    match failure {
        LoginFailure::Cancelled => ErrorCode::LoginCancelled,
        LoginFailure::Expired => ErrorCode::LoginExpired,
        LoginFailure::Refused => ErrorCode::LoginRefused,
        LoginFailure::Crowded => ErrorCode::Crowded,
        LoginFailure::NoBrowser => ErrorCode::NoBrowser,
        LoginFailure::RelayUnreachable => ErrorCode::RelayUnreachable,
        LoginFailure::DiskFull => ErrorCode::DiskFull,
        LoginFailure::KeychainLocked => ErrorCode::KeychainLocked,
        LoginFailure::Unexpected => ErrorCode::Unexpected,
    }
}

impl From<read::FoundAccount> for FoundAccountView {
    fn from(account: read::FoundAccount) -> Self {
        Self {
            id: account.id,
            channel: account.channel.into(),
            name: plain::name(&account.name),
            handle: account.handle.as_deref().map(plain::name),
            state: match account.state {
                read::FoundState::Ready => FoundStateView::Ready,
                read::FoundState::Connected => FoundStateView::Connected,
                read::FoundState::NoMessagingTask => FoundStateView::NoMessagingTask,
                read::FoundState::NoProfessionalAccount => FoundStateView::NoProfessionalAccount,
                read::FoundState::PermissionDeclined { permission } => {
                    FoundStateView::PermissionDeclined { permission }
                }
            },
            elsewhere: account.elsewhere,
        }
    }
}
