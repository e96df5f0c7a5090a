//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::Mac as _;

use crate::deletion::signed_request;
use crate::platform;
use crate::secret::Secret;
use crate::webhook::signature::verify;
use crate::webhook::split::split;

const HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// A webhook: never believed with these bytes as its signature, and split when it is signed.
pub fn webhook(bytes: &[u8]) {
    let secret = Secret::new("a secret");
    let secrets = [secret.clone()];
    let body = Bytes::copy_from_slice(bytes);
    let mac = secret.hmac().chain_update(bytes).finalize().into_bytes();
    let genuine = format!("sha256={}", hex::encode(mac));
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        // No text holds its own signature.
        let headers = HeaderMap::from_iter([(HEADER, value)]);
        assert!(verify(&headers, body.clone(), &secrets).is_err(), "forged");
    }
    let value = HeaderValue::from_str(&genuine).expect("digits");
    let headers = HeaderMap::from_iter([(HEADER, value)]);
    let Ok(verified) = verify(&headers, body, &secrets) else {
        panic!("what is signed is believed");
    };
    let _ = split(&verified, 1_795_341_600_000);
}

/// A callback that nobody signed with our secret is refused; the same payload is read if it is.
pub fn callback(text: &str) {
    let secret = Secret::new("a secret");
    let secrets = [secret.clone()];
    assert!(signed_request::verify(text, &secrets).is_err(), "forged");
    let payload = URL_SAFE_NO_PAD.encode(text);
    let mac = secret.hmac().chain_update(&payload).finalize().into_bytes();
    let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac));
    if let Ok(request) = signed_request::verify(&signed, &secrets) {
        assert!(
            !request.user_id.is_empty(),
            "nobody is asked to be forgotten"
        );
    }
}

/// What Meta answers the relay about a token and about accounts: whatever it says, nobody who was
/// granted nothing gets a connection by it.
pub fn platform_answer(bytes: &[u8]) {
    let _ = platform::refusal_in(bytes);
    if let Ok(debugged) = serde_json::from_slice::<platform::Debugged>(bytes) {
        let rights = platform::Rights::of(&debugged);
        for scope in debugged.granular_scopes.iter().map(|one| &one.scope) {
            // Longer than each id of the list, so none of them.
            let other = rights.ids(scope).map(|ids| ids.concat() + "0");
            let for_other = other.is_some_and(|other| rights.allows(scope, &other));
            assert!(!for_other, "{scope} for an id outside its list");
            let granted = debugged.scopes.contains(scope);
            assert!(
                granted || !rights.allows(scope, "1"),
                "{scope} was never granted"
            );
        }
    }
    let ready = platform::ready_without_rights(bytes);
    assert!(
        ready.is_empty(),
        "connected without a right: {}",
        ready.len()
    );
}
