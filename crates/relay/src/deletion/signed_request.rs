//! Meta's `signed_request`: a signature over the *encoded* payload, and what it says.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::Mac as _;
use serde::Deserialize;
use serde_json::Value;

use crate::secret::Secret;

/// With padding or without: Meta sends it without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a good one says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedRequest {
    /// Meta's id of the person for this app.
    pub(crate) user_id: String,
    /// Seconds; when Meta issued it, where it says so.
    pub(crate) issued_at: Option<i64>,
}

/// Why one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadRequest {
    /// Not of its shape.
    Malformed,
    /// Not Meta's.
    Signature,
    /// It names another algorithm.
    Algorithm,
    /// It names nobody.
    Nobody,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    algorithm: String,
    user_id: Option<Value>,
    issued_at: Option<Value>,
}

/// Checks one under the live secrets. Its age is not looked at: a callback is never too old.
pub(crate) fn verify(text: &str, secrets: &[Secret]) -> Result<SignedRequest, BadRequest> {
    let (signature, payload) = text.split_once('.').ok_or(BadRequest::Malformed)?;
    let decode = |part: &str| BASE64.decode(part).map_err(|_| BadRequest::Malformed);
    let signature = decode(signature)?;
    let decoded = decode(payload)?;
    let fits = |secret: &Secret| {
        secret
            .hmac()
            .chain_update(payload)
            .verify_slice(&signature)
            .is_ok()
    };
    if !secrets.iter().any(fits) {
        return Err(BadRequest::Signature);
    }
    let payload: Payload = serde_json::from_slice(&decoded).map_err(|_| BadRequest::Malformed)?;
    if !payload.algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(BadRequest::Algorithm);
    }
    let user_id = match payload.user_id {
        Some(Value::String(id)) if !id.is_empty() => id,
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(BadRequest::Nobody),
    };
    let issued_at = payload.issued_at.and_then(|at| match at {
        Value::Number(at) => at.as_i64(),
        Value::String(at) => at.parse().ok(),
        _ => None,
    });
    Ok(SignedRequest { user_id, issued_at })
}
