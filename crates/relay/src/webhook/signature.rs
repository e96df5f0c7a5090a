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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use sha2::Digest as _;

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

    const BODY: &[u8] = br#"{"object":"page","text":"\u00e9"}"#;

    /// What a stranger may write into one header, where `good` would be right.
    fn headers(good: &str) -> Vec<String> {
        let digits = good.strip_prefix("sha256=").unwrap();
        let (first, last) = digits.split_at(32);
        let (most, end) = digits.split_at(63);
        let turned: String = digits.chars().rev().collect();
        let mac = hex::decode(digits).unwrap();
        let mut all: Vec<String> = ["", "sha256=", "sha256", digits]
            .map(str::to_owned)
            .to_vec();
        for digits in [
            &format!("{digits}0"),
            &format!("{digits}00"),
            &format!("{digits} "),
            &format!(" {digits}"),
            &format!("={digits}"),
            &format!("0x{digits}"),
            &format!("{digits}, {good}"),
            &format!("{last}{first}"),
            good,
            first,
            last,
            most,
            end,
            &turned,
            &"0".repeat(64),
            &"f".repeat(64),
            &"z".repeat(64),
            &BASE64.encode(&mac),
            &hex::encode(sha2::Sha256::digest(BODY)),
        ] {
            all.push(format!("sha256={digits}"));
        }
        for name in [
            "sha1=", "sha512=", "SHA256=", "Sha256=", "sha256:", "sha256 ", " sha256=",
        ] {
            all.push(format!("{name}{digits}"));
        }
        all.extend([format!("{good};"), format!("\"{good}\"")]);
        // With nothing, with another app's or an old secret, and with what only looks like ours.
        for secret in ["", "another app's", "previous", "Current", "current "] {
            all.push(signed(BODY, secret));
        }
        for body in [b"".as_slice(), digits.as_bytes(), good.as_bytes()] {
            all.push(signed(body, "current"));
        }
        all
    }

    #[test]
    fn a_forged_webhook_comes_in_many_shapes_and_none_gets_in() {
        let good = signed(BODY, "current");
        let good = good.as_str();
        let headers = headers(good);
        let other = headers.last().unwrap().as_str();
        let mut shapes: Vec<Vec<&str>> = headers.iter().map(|one| vec![one.as_str()]).collect();
        shapes.extend([
            vec![],
            vec![good, good],
            vec![good, other],
            vec![other, good],
        ]);
        assert!(shapes.len() >= 40, "{}", shapes.len());
        for shape in shapes {
            assert_eq!(check(BODY, &shape), Err(Forged), "{shape:?}");
        }
        assert_eq!(check(BODY, &[good]), Ok(1), "the genuine one does");
    }

    #[test]
    fn what_meta_signed_is_believed_however_its_letters_are_written() {
        for body in [
            br#"{"text":"\u00e9 \ud83c\udf37 \u0645\u0631\u062d\u0628\u0627"}"#.as_slice(),
            "{\"text\":\"é 🌷 مرحبا 花束 \u{202e}\"}".as_bytes(),
            br#"{ "text" : "a\/b" , "text" : "again" }"#,
            b"\xef\xbb\xbf{}\r\n",
            b"\xff\xfe no text at all \0",
            b"",
        ] {
            assert_eq!(check(body, &[&signed(body, "current")]), Ok(1), "{body:?}");
        }
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
