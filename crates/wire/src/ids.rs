//! Names and keys of a fixed size, written as lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text;

/// A name or key that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a {0}")]
pub struct BadId(pub &'static str);

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name([u8; $size]);

        impl $name {
            /// How many bytes it has.
            pub const SIZE: usize = $size;

            /// From its bytes.
            pub const fn from_bytes(bytes: [u8; $size]) -> Self {
                Self(bytes)
            }

            /// From a slice, if that has exactly the right length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                text::write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text::read_hex(text).map(Self).ok_or(BadId(stringify!($name)))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }
    };
}

fixed_bytes! {
    /// A relay. Random, made by `shopbell-relay init`, the same for all its nodes.
    RelayId, 16
}
fixed_bytes! {
    /// One installation of the desktop program: the beginning of the hash of its identity key, so
    /// that whoever shows the key has shown the id.
    DeviceId, 16
}
fixed_bytes! {
    /// One device × one connection, or the control stream of a device. Random, made by the relay;
    /// a connection that is made again gets a new one.
    StreamId, 16
}
fixed_bytes! {
    /// One grant at a platform. Random, made by the relay when the login starts.
    LoginId, 16
}
fixed_bytes! {
    /// One wipe on one device. Random, made by the device.
    DeletionId, 16
}
fixed_bytes! {
    /// One account found at a login. Random, made by the relay for this login, and meaningless
    /// outside of it.
    AccountRef, 16
}
fixed_bytes! {
    /// One of a device's seal keys. Random, made by the device.
    KeyId, 8
}
fixed_bytes! {
    /// An Ed25519 public key: a device's identity, a wipe's key, a relay's signing key.
    VerifyKey, 32
}
fixed_bytes! {
    /// An X25519 public key: what is sealed to it only its owner opens.
    SealKey, 32
}
fixed_bytes! {
    /// A link of a stream's chain.
    Link, 32
}
fixed_bytes! {
    /// A SHA-256.
    Digest, 32
}
fixed_bytes! {
    /// A random value whose hash was shown before it.
    Verifier, 32
}
fixed_bytes! {
    /// An Ed25519 signature.
    Signature, 64
}
fixed_bytes! {
    /// A random value that is used once.
    Nonce, 16
}

impl Digest {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl Verifier {
    /// The hash that is shown first.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl DeviceId {
    /// The id of the device with this identity key.
    pub fn of(identity: &VerifyKey) -> Self {
        let bytes = [b"shopbell/device/v1\n".as_slice(), identity.as_bytes()].concat();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(Digest::of(&bytes).0) {
            *to = from;
        }
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself() {
        let id = StreamId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<StreamId>(&json).unwrap(), id);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "ab", "AB".repeat(16).as_str(), "zz".repeat(16).as_str()] {
            assert_eq!(text.parse::<StreamId>(), Err(BadId("StreamId")), "{text}");
        }
        assert_eq!(StreamId::from_slice(&[0; 15]), None);
    }

    #[test]
    fn another_identity_is_another_device() {
        let one = DeviceId::of(&VerifyKey::from_bytes([1; 32]));
        assert_ne!(one, DeviceId::of(&VerifyKey::from_bytes([2; 32])));
        assert_eq!(one.to_string(), "85d3cab36621d5b4951d707ea57512cf");
    }
}
