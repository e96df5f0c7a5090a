//! Names for things. Every id is opaque outside this program and carries no personal data.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An id that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id of Shopbell's")]
pub struct BadId;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// From sixteen random bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
                bytes_of_hex(text).map(Self).ok_or(BadId)
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

random_id! {
    /// One connected channel account: the unit that has a vault and can be disconnected.
    ConnectionId
}
random_id! {
    /// A human the shop talks to, whatever the channels.
    PersonId
}
random_id! {
    /// The id Shopbell gives a message it sends. It travels in `metadata` (Messenger) or
    /// `biz_opaque_callback_data` (WhatsApp) and comes back in echoes and statuses.
    OurId
}

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name {
            /// The connection whose vault holds the row.
            pub connection: ConnectionId,
            /// The row in that vault; never used again after it is deleted.
            pub row: i64,
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.connection, self.row)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let (connection, row) = text.split_once('.').ok_or(BadId)?;
                Ok(Self { connection: connection.parse()?, row: row.parse().map_err(|_| BadId)? })
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

row_id! {
    /// One contact on one connection.
    ConversationId
}
row_id! {
    /// One message in one conversation.
    MessageId
}

fn bytes_of_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself() {
        let id = ConnectionId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        let row = MessageId {
            connection: id,
            row: 42,
        };
        assert_eq!(row.to_string().parse(), Ok(row));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "ab", "AB".repeat(16).as_str(), "zz".repeat(16).as_str()] {
            assert_eq!(text.parse::<ConnectionId>(), Err(BadId), "{text}");
        }
        assert_eq!(
            format!("{}.x", "ab".repeat(16)).parse::<MessageId>(),
            Err(BadId)
        );
    }
}
