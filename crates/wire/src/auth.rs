//! How a device shows who it is: a signature per request, and one per socket.
//!
//! A request carries four headers. The signature is over method, path, query, the hash of the body,
//! the moment, a random value and the relay's id, so that a request is good once, for two minutes,
//! at one relay. Whether the random value was seen before is the relay's to remember.

use sha2::{Digest, Sha256};

use crate::keys::{Purpose, SigningSecret};
use crate::{DeviceId, Nonce, RelayId, Signature, VerifyKey};

/// The header that names the device.
pub const DEVICE_HEADER: &str = "shopbell-device";
/// The header with the moment of the request, in milliseconds.
pub const TIME_HEADER: &str = "shopbell-time";
/// The header with the value used once.
pub const NONCE_HEADER: &str = "shopbell-nonce";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "shopbell-signature";

/// How far the clocks of device and relay may be apart, in milliseconds.
pub const MAX_SKEW: i64 = 120_000;

/// The parts of a request that are signed.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'a str,
    /// The path, beginning with a slash.
    pub path: &'a str,
    /// The query without its question mark; empty if there is none.
    pub query: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// The four headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeaders {
    /// Who asks.
    pub device: DeviceId,
    /// When, by the device's idea of the relay's clock.
    pub at: i64,
    /// A random value, used once.
    pub nonce: Nonce,
    /// The signature.
    pub signature: Signature,
}

/// Why a request was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is missing, doubled or malformed.
    #[error("the request is not signed as it should be")]
    Unsigned,
    /// The clocks are too far apart. The relay answers with its own time; the device keeps the
    /// offset and tries again.
    #[error("the request's clock is too far from the relay's")]
    Clock,
    /// The signature does not fit.
    #[error("the signature of the request does not fit")]
    Signature,
}

impl RequestHeaders {
    /// Signs a request. `nonce` is 16 fresh random bytes.
    pub fn sign(
        identity: &SigningSecret,
        relay: RelayId,
        (at, nonce): (i64, Nonce),
        request: RequestParts<'_>,
    ) -> Self {
        let device = DeviceId::of(&identity.public());
        let bytes = request_bytes(relay, device, (at, nonce), request);
        Self {
            device,
            at,
            nonce,
            signature: identity.sign(Purpose::Request, &bytes),
        }
    }

    /// Names and values, to be put on a request.
    pub fn to_pairs(&self) -> [(&'static str, String); 4] {
        [
            (DEVICE_HEADER, self.device.to_string()),
            (TIME_HEADER, self.at.to_string()),
            (NONCE_HEADER, self.nonce.to_string()),
            (SIGNATURE_HEADER, self.signature.to_string()),
        ]
    }

    /// Reads the headers; `header` gives the value of a header that is there exactly once.
    pub fn read<'a>(header: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, Refused> {
        let read = || {
            Some(Self {
                device: header(DEVICE_HEADER)?.parse().ok()?,
                at: header(TIME_HEADER)?.parse().ok()?,
                nonce: header(NONCE_HEADER)?.parse().ok()?,
                signature: header(SIGNATURE_HEADER)?.parse().ok()?,
            })
        };
        read().ok_or(Refused::Unsigned)
    }

    /// Whether the device with this identity signed this request for this relay, about now.
    pub fn check(
        &self,
        (relay, identity): (RelayId, &VerifyKey),
        now: i64,
        request: RequestParts<'_>,
    ) -> Result<(), Refused> {
        let bytes = request_bytes(relay, self.device, (self.at, self.nonce), request);
        if self.device != DeviceId::of(identity)
            || !identity.verifies(Purpose::Request, &bytes, &self.signature)
        {
            return Err(Refused::Signature);
        }
        if now.abs_diff(self.at) > MAX_SKEW.unsigned_abs() {
            return Err(Refused::Clock);
        }
        Ok(())
    }
}

fn request_bytes(
    relay: RelayId,
    device: DeviceId,
    (at, nonce): (i64, Nonce),
    request: RequestParts<'_>,
) -> Vec<u8> {
    let RequestParts {
        method,
        path,
        query,
        body,
    } = request;
    let body: String = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{method}\n{path}\n{query}\n{body}\n{at}\n{nonce}\n{relay}\n{device}\n").into_bytes()
}

/// Answers the challenge the relay puts on a new socket.
pub fn answer_challenge(identity: &SigningSecret, relay: RelayId, challenge: &Nonce) -> Signature {
    identity.sign(
        Purpose::Socket,
        &challenge_bytes(relay, challenge, &identity.public()),
    )
}

/// Whether the device with this identity answered this challenge.
pub fn check_challenge(
    identity: &VerifyKey,
    relay: RelayId,
    challenge: &Nonce,
    signature: &Signature,
) -> bool {
    let bytes = challenge_bytes(relay, challenge, identity);
    identity.verifies(Purpose::Socket, &bytes, signature)
}

fn challenge_bytes(relay: RelayId, challenge: &Nonce, identity: &VerifyKey) -> Vec<u8> {
    let device = DeviceId::of(identity);
    [
        challenge.as_bytes(),
        relay.as_bytes().as_slice(),
        device.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAY: RelayId = RelayId::from_bytes([2; 16]);
    const NOW: i64 = 1_795_341_600_000;

    fn identity() -> SigningSecret {
        SigningSecret::from_seed(&[1; 32])
    }

    fn request() -> RequestParts<'static> {
        RequestParts {
            method: "POST",
            path: "/v1/logins",
            query: "",
            body: b"{}",
        }
    }

    fn signed() -> RequestHeaders {
        RequestHeaders::sign(
            &identity(),
            RELAY,
            (NOW, Nonce::from_bytes([3; 16])),
            request(),
        )
    }

    fn check(request: RequestParts<'_>, now: i64) -> Result<(), Refused> {
        signed().check((RELAY, &identity().public()), now, request)
    }

    #[test]
    fn the_canonical_request_is_frozen() {
        let device = DeviceId::of(&identity().public());
        let nonce = Nonce::from_bytes([3; 16]);
        let request = RequestParts {
            query: "a=1",
            ..request()
        };
        let bytes = request_bytes(RELAY, device, (NOW, nonce), request);
        insta::assert_snapshot!("canonical_request", String::from_utf8(bytes).unwrap());
    }

    #[test]
    fn a_signed_request_is_good_for_two_minutes() {
        assert_eq!(check(request(), NOW), Ok(()));
        assert_eq!(check(request(), NOW + MAX_SKEW), Ok(()));
        assert_eq!(check(request(), NOW - MAX_SKEW), Ok(()));
        assert_eq!(check(request(), NOW + MAX_SKEW + 1), Err(Refused::Clock));
        assert_eq!(check(request(), i64::MIN), Err(Refused::Clock));
    }

    #[test]
    fn nothing_of_a_request_may_be_changed() {
        let refused = Err(Refused::Signature);
        assert_eq!(
            check(
                RequestParts {
                    method: "DELETE",
                    ..request()
                },
                NOW
            ),
            refused
        );
        assert_eq!(
            check(
                RequestParts {
                    path: "/v1/claim",
                    ..request()
                },
                NOW
            ),
            refused
        );
        assert_eq!(
            check(
                RequestParts {
                    query: "x",
                    ..request()
                },
                NOW
            ),
            refused
        );
        assert_eq!(
            check(
                RequestParts {
                    body: b"{ }",
                    ..request()
                },
                NOW
            ),
            refused
        );
        let other = RelayId::from_bytes([9; 16]);
        let key = identity().public();
        assert_eq!(signed().check((other, &key), NOW, request()), refused);
        let stranger = SigningSecret::from_seed(&[8; 32]).public();
        assert_eq!(signed().check((RELAY, &stranger), NOW, request()), refused);
        let later = RequestHeaders {
            at: NOW + 1,
            ..signed()
        };
        assert_eq!(later.check((RELAY, &key), NOW, request()), refused);
    }

    #[test]
    fn headers_read_back_and_none_may_be_missing() {
        let pairs = signed().to_pairs();
        let read = |skip: &str| {
            RequestHeaders::read(|name| {
                let pair = pairs.iter().find(|pair| pair.0 == name && name != skip)?;
                Some(pair.1.as_str())
            })
        };
        assert_eq!(read(""), Ok(signed()));
        for (name, _) in &pairs {
            assert_eq!(read(name), Err(Refused::Unsigned), "{name}");
        }
    }

    #[test]
    fn a_challenge_is_answered_for_one_relay_and_one_socket() {
        let challenge = Nonce::from_bytes([5; 16]);
        let answer = answer_challenge(&identity(), RELAY, &challenge);
        let key = identity().public();
        assert!(check_challenge(&key, RELAY, &challenge, &answer));
        assert!(!check_challenge(
            &key,
            RELAY,
            &Nonce::from_bytes([6; 16]),
            &answer
        ));
        assert!(!check_challenge(
            &key,
            RelayId::from_bytes([9; 16]),
            &challenge,
            &answer
        ));
    }
}
