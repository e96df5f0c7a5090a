//! Deletion orders: what Meta's data-deletion callback becomes on its way to a device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::LoginId;
use crate::ids::BadId;

/// The public name of a deletion request: 24 characters out of `A`–`Z` and `2`–`7`, 120 random
/// bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DeletionCode([u8; 24]);

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl DeletionCode {
    /// From 15 random bytes.
    pub fn from_entropy(bytes: [u8; 15]) -> Self {
        let mut code = [0; 24];
        for (group, five) in code.chunks_exact_mut(8).zip(bytes.chunks_exact(5)) {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (at, letter) in group.iter_mut().rev().enumerate() {
                let five_bits = usize::try_from(bits >> (5 * at) & 31).unwrap_or_default();
                *letter = ALPHABET.get(five_bits).copied().unwrap_or(b'A');
            }
        }
        Self(code)
    }

    /// As it is written down.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }

    /// In groups of four, for people.
    pub fn grouped(&self) -> String {
        let groups: Vec<_> = self
            .0
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        groups.join("-")
    }
}

impl fmt::Display for DeletionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DeletionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeletionCode({self})")
    }
}

impl FromStr for DeletionCode {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let code: [u8; 24] = text
            .as_bytes()
            .try_into()
            .map_err(|_| BadId("deletion code"))?;
        let known = code.iter().all(|letter| ALPHABET.contains(letter));
        known.then_some(Self(code)).ok_or(BadId("deletion code"))
    }
}

impl From<DeletionCode> for String {
    fn from(code: DeletionCode) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for DeletionCode {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

/// A deletion asked for by way of Meta.
///
/// It reaches logins, not accounts: a device carries it out for those of the named logins that
/// were made before `issued_at`, and erases a connection only if no other live login on that device
/// covers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionOrder {
    /// The code the person was given.
    pub code: DeletionCode,
    /// The logins it reaches on this device.
    pub logins: Vec<LoginId>,
    /// When Meta issued it, in seconds.
    pub issued_at: i64,
    /// When the relay received it.
    pub received_at: i64,
    /// The callback as Meta signed it, for the record.
    pub signed_request: String,
}

impl DeletionOrder {
    /// Whether a login made at this moment is older than the order. Meta's moment is a whole
    /// second, which is taken to its end.
    pub const fn reaches(issued_at: i64, login_made_at: i64) -> bool {
        login_made_at < issued_at.saturating_add(1).saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_24_letters_and_reads_back() {
        assert_eq!(DeletionCode::from_entropy([0; 15]).as_str(), "A".repeat(24));
        assert_eq!(
            DeletionCode::from_entropy([255; 15]).as_str(),
            "7".repeat(24)
        );
        let code = DeletionCode::from_entropy(*b"fifteen letters");
        assert_eq!(code.as_str(), "MZUWM5DFMVXCA3DFOR2GK4TT");
        assert_eq!(code.as_str().parse(), Ok(code));
        assert_eq!(code.grouped(), "MZUW-M5DF-MVXC-A3DF-OR2G-K4TT");
        for bad in [
            "",
            "MZUW",
            &"a".repeat(24),
            &"1".repeat(24),
            &"A".repeat(25),
        ] {
            assert!(bad.parse::<DeletionCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_order_reaches_what_was_made_before_it() {
        assert!(DeletionOrder::reaches(10, 9_000));
        assert!(DeletionOrder::reaches(10, 10_999));
        assert!(!DeletionOrder::reaches(10, 11_000));
    }
}
