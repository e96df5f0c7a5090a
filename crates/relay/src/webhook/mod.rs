//! Meta's webhooks: verified, split, sealed, committed, and only then answered.
//!
//! What is plain here lives in memory for as long as the request does, and nowhere else.

mod receive;
pub(crate) mod signature;
pub(crate) mod split;
mod subscribe;

pub(crate) use receive::meta as receive_meta;
#[cfg(fuzzing)]
pub(crate) use subscribe::challenge;
pub(crate) use subscribe::meta as verify_meta;

#[cfg(test)]
pub(crate) mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use bytes::Bytes;
    use hmac::Mac as _;

    use super::signature::{Verified, verify};
    use crate::secret::Secret;

    /// Bytes as Meta would have signed them.
    pub(crate) fn verified(body: &[u8]) -> Verified {
        let secret = Secret::new("a secret");
        let mac = secret.hmac().chain_update(body).finalize().into_bytes();
        let value = HeaderValue::from_str(&format!("sha256={}", hex::encode(mac))).unwrap();
        let headers = HeaderMap::from_iter([("x-hub-signature-256".parse().unwrap(), value)]);
        verify(&headers, Bytes::copy_from_slice(body), &[secret]).unwrap()
    }
}
