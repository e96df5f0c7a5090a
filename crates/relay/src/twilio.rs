//! Whether a request comes from Twilio: HMAC-SHA1 over the address it was sent to and what it says.
//!
//! After Twilio's own description and the tests of its Python library (MIT), whose vectors are among
//! those in `tests/vectors.json`. No route calls this: SMS is not built, and its paths answer 404.
//!
//! The signed text is the whole address, and for a form its parameters, decoded, in the order of
//! their bytes, each once, names and values without anything between them. That is Twilio's design:
//! where a name ends and its value begins is not signed, nor how often a parameter came.

use std::collections::BTreeSet;
use std::fmt;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

const HEADER: &str = "x-twilio-signature";

/// The parameter of an address that names the SHA-256 of a body which is no form.
const BODY_HASH: &str = "bodySHA256";

/// What a request says, as it came.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// `application/x-www-form-urlencoded`: every parameter is signed. Nothing at all is an empty
    /// form.
    Form(&'a [u8]),
    /// Anything else, as JSON: the address names its SHA-256, and the address is signed.
    Raw(&'a [u8]),
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Form(bytes) | Self::Raw(bytes)) = self;
        write!(f, "Body({} bytes)", bytes.len())
    }
}

/// What Twilio signed. [`verify`] is the only way to one.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    body: Body<'a>,
}

impl<'a> Verified<'a> {
    /// What the request says.
    pub const fn body(&self) -> Body<'a> {
        self.body
    }
}

/// A request that Twilio did not send, or not to this address, or not with these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Twilio did not sign this request")]
pub struct Forged;

/// Checks the signature: exactly one header, base64 of 20 bytes, under the account's primary token.
///
/// `url` is the public address as Twilio was given it, with the query as it arrived and nothing
/// decoded; behind a proxy it is not the address the proxy passes on. The port that the scheme
/// stands for may be written in it or not: Twilio does the one or the other, and both are tried.
///
/// # Errors
///
/// [`Forged`], and nothing about why: a missing, doubled or malformed header, another token, another
/// address, other parameters, a body that is not the one the address names, a raw body where the
/// address names none.
pub fn verify<'a>(
    headers: &HeaderMap,
    url: &str,
    body: Body<'a>,
    token: &Secret,
) -> Result<Verified<'a>, Forged> {
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Forged);
    };
    let signature = BASE64.decode(value.as_bytes()).map_err(|_| Forged)?;
    let named = is_named(url, body)?;
    let parameters = parameters(body);
    let signed = |url: &str| {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(url.as_bytes());
        for (name, value) in &parameters {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        // Takes the same time for every signature of this length, and refuses all others.
        mac.verify_slice(&signature).is_ok()
    };
    let fits = signed(url) || other_spelling(url).is_some_and(|url| signed(&url));
    if fits && named {
        Ok(Verified { body })
    } else {
        Err(Forged)
    }
}

/// Whether the body is the one the address names. A form need not be named, but one that is must fit
/// too: else an empty form would pass with the signature of somebody's raw body.
fn is_named(url: &str, body: Body<'_>) -> Result<bool, Forged> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut named = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == BODY_HASH)
        .map(|(_, value)| value);
    let (bytes, hash) = match (body, named.next(), named.next()) {
        (Body::Form(_), None, _) => return Ok(true),
        (Body::Form(bytes) | Body::Raw(bytes), Some(hash), None) => (bytes, hash),
        _ => return Err(Forged),
    };
    let mut expected = [0; 32];
    hex::decode_to_slice(hash.as_bytes(), &mut expected).map_err(|_| Forged)?;
    Ok(Sha256::digest(bytes).as_slice().ct_eq(&expected).into())
}

/// In the order of their bytes, and each pair once.
fn parameters(body: Body<'_>) -> BTreeSet<(String, String)> {
    match body {
        Body::Form(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
        Body::Raw(_) => BTreeSet::new(),
    }
}

/// The same address with the port its scheme stands for, or without it. Done in the letters as they
/// are: to read an address and write it again may change more than the port.
fn other_spelling(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let port = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end)?;
    // A port follows the last colon, unless that colon is part of an address in brackets.
    match host
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'))
    {
        Some((bare, written)) if written == port => Some([scheme, "://", bare, path].concat()),
        Some(_) => None,
        None => Some([scheme, "://", host, ":", port, path].concat()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// As Twilio signs.
    fn signature(text: &str) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(b"a token").unwrap();
        BASE64.encode(mac.chain_update(text).finalize().into_bytes())
    }

    fn judge(values: &[&str], url: &str, body: Body<'_>) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        verify(&headers, url, body, &Secret::new("a token")).is_ok()
    }

    const URL: &str = "https://relay.example/sms";

    #[test]
    fn one_header_in_one_spelling_is_believed() {
        let good = signature(&format!("{URL}A1"));
        let believed = |values: &[&str]| judge(values, URL, Body::Form(b"A=1"));
        assert!(believed(&[&good]));
        let bare = good.trim_end_matches('=');
        let hex = hex::encode(BASE64.decode(&good).unwrap());
        let half = BASE64.encode(&BASE64.decode(&good).unwrap()[..10]);
        let twice = format!("{good},{good}");
        let turned = good.to_ascii_uppercase();
        let padded = format!("{good} ");
        for other in ["", bare, &hex, &half, &twice, &turned, &padded] {
            assert!(!believed(&[other]), "{other:?}");
        }
        assert!(!believed(&[]) && !believed(&[&good, &good]));
    }

    #[test]
    fn the_port_a_scheme_stands_for_may_be_written_or_not_and_no_other() {
        for (signed, asked, fits) in [
            (
                "https://a.example/x?y=1",
                "https://a.example:443/x?y=1",
                true,
            ),
            (
                "https://a.example:443/x?y=1",
                "https://a.example/x?y=1",
                true,
            ),
            ("http://a.example:80", "http://a.example", true),
            ("https://[::1]:443/x", "https://[::1]/x", true),
            (
                "https://a.example/x:443",
                "https://a.example:443/x:443",
                true,
            ),
            ("https://a.example:80/x", "https://a.example/x", false),
            ("https://a.example/x", "https://a.example:8443/x", false),
            ("https://a.example:8443/x", "https://a.example/x", false),
            ("http://a.example/x", "https://a.example/x", false),
            ("https://A.example/x", "https://a.example/x", false),
        ] {
            let judged = judge(&[&signature(signed)], asked, Body::Form(b""));
            assert_eq!(judged, fits, "signed {signed}, asked {asked}");
        }
    }

    #[test]
    fn a_body_is_the_one_its_address_names() {
        let body = br#"{"a":1}"#;
        let hash = hex::encode(Sha256::digest(body));
        let named = format!("{URL}?{BODY_HASH}={hash}");
        let judged = |url: &str, body| judge(&[&signature(url)], url, body);
        assert!(judged(&named, Body::Raw(body)));
        assert!(!judged(&named, Body::Raw(br#"{"a":2}"#)), "another body");
        assert!(!judged(&named, Body::Form(b"")), "an empty form instead");
        assert!(!judged(URL, Body::Raw(body)), "no hash");
        assert!(!judged(
            &format!("{named}&{BODY_HASH}={hash}"),
            Body::Raw(body)
        ));
        assert!(!judged(&format!("{URL}?{BODY_HASH}=00"), Body::Raw(body)));
    }

    #[test]
    fn a_flipped_bit_anywhere_in_a_form_is_forged() {
        let form = b"Body=Hello&From=1";
        let good = signature(&format!("{URL}BodyHelloFrom1"));
        assert!(judge(&[&good], URL, Body::Form(form)));
        for at in 0..form.len() {
            let mut changed = form.to_vec();
            changed[at] ^= 1;
            assert!(!judge(&[&good], URL, Body::Form(&changed)), "{at}");
        }
    }

    #[test]
    fn nothing_of_a_body_is_printed() {
        let said = format!("{:?}", Body::Form(b"Body=Hello"));
        assert_eq!(said, "Body(10 bytes)");
    }
}
