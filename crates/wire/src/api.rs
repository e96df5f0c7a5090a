//! Requests and answers of the `/v1` routes.
//!
//! All but [`RelayAbout`] are signed by the device, see [`crate::auth`]. A refusal is a [`Refusal`]
//! with a code the device acts upon.
//!
//! | Route | Request | Answer |
//! |---|---|---|
//! | `GET /v1/relay` | | [`RelayAbout`] |
//! | `POST /v1/enrol` | [`EnrolRequest`] | [`EnrolAnswer`] |
//! | `POST /v1/logins` | [`LoginRequest`] | [`LoginAnswer`] |
//! | `POST /v1/claim` | [`ClaimRequest`] | [`ClaimAnswer`], in it a sealed [`HandOff`] |
//! | `POST /v1/connections` | [`ConnectRequest`] | [`ConnectAnswer`] |
//! | `POST /v1/connections/prove` | [`ProveRequest`] | [`ProveAnswer`] |
//! | `DELETE /v1/connections/{stream}` | | [`DisconnectAnswer`] |
//! | `POST /v1/tokens` | [`TokenRequest`] | [`TokenAnswer`], in it a sealed [`FreshToken`] |
//! | `GET /v1/stream` | WebSocket, see [`crate::frame`] | |
//! | `POST /v1/deletions` | [`DeletionNotice`] | [`DeletionAnswer`] |
//! | `POST /v1/deletions/refused` | [`OrderRefused`] | empty |

/// Shows some fields of a type and none of the others, which hold secrets or names.
macro_rules! redacted {
    ($($name:ident { $($shown:ident),* }),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), &self.$shown))*
                    .finish_non_exhaustive()
            }
        }
    )*};
}

mod connections;
mod deletion;
mod enrol;
mod login;
mod refusal;
mod tokens;

pub use connections::{
    ConnectAccount, ConnectAnswer, ConnectRequest, ConnectedStream, DisconnectAnswer, ProveAccount,
    ProveAnswer, ProveRequest, Proven, Route,
};
pub use deletion::{
    DeletionAnswer, DeletionDevice, DeletionNotice, DeletionState, DeletionStatus, DeviceState,
    OrderRefused,
};
pub use enrol::{EnrolAnswer, EnrolMode, EnrolRequest, RelayAbout};
pub use login::{
    ClaimAnswer, ClaimRequest, FoundAccount, FoundState, HandOff, HandOffUser, LoginAnswer,
    LoginFailure, LoginRequest, Platform, loopback,
};
pub use refusal::{Refusal, RefusalCode};
pub use tokens::{FreshToken, TokenAnswer, TokenRequest};
