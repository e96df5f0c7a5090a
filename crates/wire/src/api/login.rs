//! Logging in: what starts it, what the browser brings back, and the sealed hand-off.

use serde::{Deserialize, Serialize};

use crate::{AccountRef, Blob, Digest, KeyId, LoginId, SealKey, Verifier};

/// The platform a login is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Facebook login: Pages, their Instagram accounts, WhatsApp numbers.
    Facebook,
}

/// Starts a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Where.
    pub platform: Platform,
    /// SHA-256 of a random value that the device shows at the claim.
    pub verifier_hash: Digest,
    /// The port on 127.0.0.1 where the device waits for the browser.
    pub loopback_port: u16,
    /// The name of a seal key made for this login.
    pub key_id: KeyId,
    /// That key.
    pub seal_key: SealKey,
    /// Whether to ask again for permissions the person declined before.
    #[serde(default)]
    pub ask_again: bool,
}

/// Where the browser is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginAnswer {
    /// The login that has started.
    pub login: LoginId,
    /// The platform's address for the browser.
    pub authorize_url: String,
    /// After this moment it has to be started again.
    pub expires_at: i64,
}

/// Names of the loopback's query parameters.
pub mod loopback {
    /// The path on the loopback.
    pub const PATH: &str = "/h";
    /// The parameter that carries the one-time code.
    pub const CODE: &str = "c";
    /// The parameter that carries, instead of a code, why there is none; see
    /// [`super::LoginFailure`].
    pub const FAILURE: &str = "e";
}

/// Why a login brought nothing. Travels in the loopback's address, by its snake-case name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginFailure {
    /// The person cancelled.
    Cancelled,
    /// The platform's answer made no sense, or it refused the exchange.
    Failed,
    /// The platform could not be reached.
    Unreachable,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

impl LoginFailure {
    /// Its name in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }

    /// The failure of a name.
    pub fn from_name(name: &str) -> Self {
        [Self::Cancelled, Self::Failed, Self::Unreachable]
            .into_iter()
            .find(|failure| failure.name() == name)
            .unwrap_or(Self::Unknown)
    }
}

/// Asks for what a login brought, with the one-time code that arrived on the device's own machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// The login.
    pub login: LoginId,
    /// The one-time code.
    pub handoff: String,
    /// The value whose hash started the login, in hexadecimal.
    pub verifier: Verifier,
}

/// What a login brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// A [`HandOff`] as JSON, sealed ([`crate::seal::Use::HandOff`], about the login).
    pub sealed: Blob,
    /// After this moment it is forgotten.
    pub expires_at: i64,
}

/// What a login brought, sealed to the device that started it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    /// The login.
    pub login: LoginId,
    /// When it was made, by the relay's time: a deletion order reaches it if it is older than the
    /// order.
    pub made_at: i64,
    /// Who logged in.
    pub user: HandOffUser,
    /// The permissions that were granted.
    pub granted: Vec<String>,
    /// The permissions that were asked for and not granted.
    pub declined: Vec<String>,
    /// The accounts that were found, also those that cannot be connected.
    pub accounts: Vec<FoundAccount>,
}

/// Who logged in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOffUser {
    /// Meta's id of this person for this app.
    pub app_scoped_id: String,
    /// Their name.
    pub name: String,
    /// The user token.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When it ends, in milliseconds; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// One account that could be, or cannot be, connected.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccount {
    /// Its name in this login.
    pub account_ref: AccountRef,
    /// `instagram`, `messenger` or `whatsapp`.
    pub channel: String,
    /// The platform's id: Page id, Instagram account id, phone number id. Empty where there is
    /// none, as for a Page without an Instagram account.
    pub platform_id: String,
    /// Its name.
    pub name: String,
    /// Its handle or number, as people know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Where its picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// The Page it is or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_id: Option<String>,
    /// The WhatsApp Business account a number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waba_id: Option<String>,
    /// The token to use for it: the Page's, or the user's for WhatsApp.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When the token ends, in milliseconds; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Whether it can be connected.
    pub state: FoundState,
    /// On how many other computers it is connected.
    pub elsewhere: u32,
}

/// Whether an account can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FoundState {
    /// It can.
    Ready,
    /// The person may not answer messages for this Page.
    NoMessagingTask,
    /// The Page has no professional Instagram account.
    NoProfessionalAccount,
    /// A permission it needs was not granted, or not for this account.
    PermissionDeclined {
        /// Which.
        permission: String,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

redacted! {
    HandOff { login, granted, declined },
    HandOffUser { expires_at },
    FoundAccount { account_ref, channel, state },
}
