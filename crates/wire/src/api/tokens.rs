//! What only the app secret can make for a token.

use serde::{Deserialize, Serialize};

use crate::{Blob, KeyId, SealKey};

/// Asks for what only the app secret can make.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// The token.
    pub token: String,
    /// Whether to ask for a token that lasts longer.
    pub extend: bool,
    /// The name of a seal key made for this request.
    pub key_id: KeyId,
    /// That key.
    pub seal_key: SealKey,
}

/// A token with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// A [`FreshToken`] as JSON, sealed ([`crate::seal::Use::Token`], about the device).
    pub sealed: Blob,
}

/// A token with its proof.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshToken {
    /// The token: the one that was sent, or one that lasts longer.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When it ends, in milliseconds; `None` if it does not, or the platform did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

redacted! {
    TokenRequest { extend, key_id },
    FreshToken { expires_at },
}
