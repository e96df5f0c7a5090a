//! Whether a webhook is Meta's: HMAC-SHA256 over the raw bytes, before anything parses them.
//!
//! [`Verified`] is the proof, and [`verify`] the only way to one.

use axum::http::HeaderMap;
use bytes::Bytes;
use hmac::Mac as _;

use crate::secret::Secret;

const HEADER: &str = "x-hub-signature-256";

/// The bytes of a webhook that Meta signed.
#[derive(Clone)]
pub(crate) struct Verified {
    body: Bytes,
    slot: usize,
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verified({} bytes)", self.body.len())
    }
}

impl Verified {
    /// The bytes as they came.
    pub(crate) const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Which of the live secrets it was signed with: 1, or during a rotation 2.
    pub(crate) const fn slot(&self) -> usize {
        self.slot
    }
}

/// A webhook nobody at Meta signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forged;

/// Checks the signature: exactly one header, exactly `sha256=` and 64 digits, under a live secret.
pub(crate) fn verify(
    headers: &HeaderMap,
    body: Bytes,
    secrets: &[Secret],
) -> Result<Verified, Forged> {
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Forged);
    };
    let digits = value.as_bytes().strip_prefix(b"sha256=").ok_or(Forged)?;
    let mut signature = [0; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| Forged)?;
    let fits = |secret: &Secret| {
        secret
            .hmac()
            .chain_update(&body)
            .verify_slice(&signature)
            .is_ok()
    };
    let slot = secrets.iter().position(fits).ok_or(Forged)? + 1;
    Ok(Verified { body, slot })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn secrets() -> Vec<Secret> {
        vec![Secret::new("current"), Secret::new("next")]
    }

    fn signed(body: &[u8], secret: &str) -> String {
        let mac = Secret::new(secret)
            .hmac()
            .chain_update(body)
            .finalize()
            .into_bytes();
        format!("sha256={}", hex::encode(mac))
    }

    fn check(body: &[u8], values: &[&str]) -> Result<usize, Forged> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        verify(&headers, Bytes::copy_from_slice(body), &secrets()).map(|proof| proof.slot())
    }

    #[test]
    fn both_live_secrets_are_good_and_told_apart() {
        let body = br#"{"object":"page"}"#;
        assert_eq!(check(body, &[&signed(body, "current")]), Ok(1));
        assert_eq!(check(body, &[&signed(body, "next")]), Ok(2));
        assert_eq!(check(body, &[&signed(body, "previous")]), Err(Forged));
    }

    #[test]
    fn a_forged_webhook_comes_in_many_shapes_and_none_gets_in() {
        let body = br#"{"object":"page","text":"\u00e9"}"#.as_slice();
        let good = signed(body, "current");
        let digits = good.strip_prefix("sha256=").unwrap();
        let mut once = true;
        let sha1 = format!("sha1={digits}");
        let cut = good.trim_end_matches(|_: char| std::mem::take(&mut once));
        let long = format!("{good}0");
        let spaced = format!("sha256= {digits}");
        let upper_prefix = format!("SHA256={digits}");
        let listed = format!("{good}, {good}");
        let zeros = format!("sha256={}", "0".repeat(64));
        let no_hex = format!("sha256={}", "z".repeat(64));
        let shapes: [&[&str]; 14] = [
            &[],
            &[""],
            &["sha256="],
            &[digits],
            &[&sha1],
            &[cut],
            &[&long],
            &[&spaced],
            &[&upper_prefix],
            &[&listed],
            &[&zeros],
            &[&no_hex],
            &[&good, &good],
            &[&good, &zeros],
        ];
        for shape in shapes {
            assert_eq!(check(body, shape), Err(Forged), "{shape:?}");
        }
        assert_eq!(check(body, &[&good]), Ok(1), "the genuine one does");
    }

    #[test]
    fn every_other_spelling_of_the_body_is_forged() {
        let body = br#"{"object":"page","text":"\u00e9 \/"}"#.as_slice();
        let good = signed(body, "current");
        let others: [&[u8]; 8] = [
            "{\"object\":\"page\",\"text\":\"é /\"}".as_bytes(),
            br#"{"object":"page","text":"\u00E9 \/"}"#,
            br#"{"text":"\u00e9 \/","object":"page"}"#,
            br#"{"object": "page","text":"\u00e9 \/"}"#,
            b"{\"object\":\"page\",\"text\":\"\\u00e9 \\/\"}\n",
            br#"{"object":"page","text":"\u00e9 \/""#,
            b"",
            b"\xef\xbb\xbf{\"object\":\"page\",\"text\":\"\\u00e9 \\/\"}",
        ];
        for other in others {
            assert_eq!(
                check(other, &[&good]),
                Err(Forged),
                "{}",
                String::from_utf8_lossy(other)
            );
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_forged() {
        let body = br#"{"object":"instagram","entry":[]}"#;
        let good = signed(body, "current");
        for at in 0..body.len() {
            let mut changed = body.to_vec();
            changed[at] ^= 1;
            assert_eq!(check(&changed, &[&good]), Err(Forged));
        }
    }
}
