//! Everything that is made with the app secret, and the form of JSON it is made over.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn hub_signature(secret: &str, body: &[u8]) -> String {
    format!(
        "sha256={}",
        hex::encode(hmac_sha256(secret.as_bytes(), body))
    )
}

/// The value of the older `X-Hub-Signature`, which Meta still sends beside the newer one.
pub(crate) fn legacy_hub_signature(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Whether `proof` belongs to `token`; with `time`, the dated form of the proof.
pub(crate) fn proof_holds(secret: &str, token: &str, time: Option<&str>, proof: &str) -> bool {
    let message = match time {
        Some(time) => format!("{token}|{time}"),
        None => token.to_owned(),
    };
    let expected = hex::encode(hmac_sha256(secret.as_bytes(), message.as_bytes()));
    bool::from(expected.as_bytes().ct_eq(proof.as_bytes()))
}

/// A `signed_request` about `user`, as Meta posts it to the callbacks.
pub(crate) fn signed_request(secret: &str, user: &str, issued_at: i64) -> String {
    let payload = json!({
        "algorithm": "HMAC-SHA256",
        "expires": issued_at + 3600,
        "issued_at": issued_at,
        "user_id": user,
    });
    let encoded = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(secret.as_bytes(), encoded.as_bytes()));
    format!("{signature}.{encoded}")
}

/// The bytes Meta sends: everything beyond ASCII as `\uXXXX`, and `/` as `\/`.
///
/// Only strings can hold such characters, so the whole text may be walked without a parser.
pub(crate) fn escaped(body: &Value) -> Vec<u8> {
    let plain = body.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 4);
    for character in plain.chars() {
        match character {
            '/' => out.push_str("\\/"),
            ascii if ascii.is_ascii() => out.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_written_in_metas_escaped_form() {
        let body = json!({"message": "Café 😀 ❤️", "url": "https://www.facebook.com/1"});
        let text = String::from_utf8(escaped(&body)).unwrap();
        assert_eq!(
            text,
            r#"{"message":"Caf\u00e9 \ud83d\ude00 \u2764\ufe0f","url":"https:\/\/www.facebook.com\/1"}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body);
    }

    #[test]
    fn a_proof_for_another_token_does_not_hold() {
        let secret = "shopbell_test_app_secret_0001";
        let proof = "8d99827338952e9dd3a00ddfb95de8342306151df531f38b0971987ee545aef8";
        assert!(proof_holds(secret, "EAAB_sample_token_1", None, proof));
        assert!(!proof_holds(secret, "EAAB_sample_token_2", None, proof));
        assert!(!proof_holds(
            secret,
            "EAAB_sample_token_1",
            Some("1"),
            proof
        ));
    }

    #[test]
    fn a_signed_request_is_signed_over_its_encoded_payload() {
        let request = signed_request("secret", "218471", 1_291_836_800);
        let (signature, payload) = request.split_once('.').unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.decode(signature).unwrap(),
            hmac_sha256(b"secret", payload.as_bytes())
        );
        let payload: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(payload["user_id"], "218471");
        assert_eq!(payload["algorithm"], "HMAC-SHA256");
    }
}
