//! Ids, tokens and codes in the shapes the platforms really use.
//!
//! They come from a keyed counter, so that a seeded sandbox says the same in every run.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::signing::hmac_sha256;

#[derive(Debug)]
pub(crate) struct Ids {
    key: [u8; 32],
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let mut key = [0; 32];
        match seed {
            Some(seed) => {
                for (slot, byte) in key.iter_mut().zip(seed.to_be_bytes()) {
                    *slot = byte;
                }
            }
            None => getrandom::fill(&mut key).expect("the system gives random bytes"),
        }
        Self { key, counter: 0 }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 32);
        while out.len() < length {
            self.counter += 1;
            out.extend(hmac_sha256(&self.key, &self.counter.to_be_bytes()));
        }
        out.truncate(length);
        out
    }

    fn text(&mut self, length: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let pick = |byte: u8| {
            letters
                .get(usize::from(byte) % letters.len().max(1))
                .copied()
        };
        self.bytes(length).into_iter().filter_map(pick).collect()
    }

    /// A decimal id that does not begin with zero.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        let first = self.text(1, "123456789");
        first + &self.text(length.saturating_sub(1), "0123456789")
    }

    /// An access token: `EAA` (Facebook) or `IGAA` (Instagram login) and a long tail.
    pub(crate) fn token(&mut self, prefix: &str) -> String {
        const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        format!("{prefix}{}ZDZD", self.text(188, BASE62))
    }

    /// An authorisation code of the login dialog.
    pub(crate) fn code(&mut self) -> String {
        format!("AQ{}", URL_SAFE_NO_PAD.encode(self.bytes(180)))
    }

    pub(crate) fn trace(&mut self) -> String {
        format!("A{}", URL_SAFE_NO_PAD.encode(self.bytes(16)))
    }

    /// Messenger's message id: `m_` and some hundred characters.
    pub(crate) fn messenger_message(&mut self) -> String {
        format!("m_{}", URL_SAFE_NO_PAD.encode(self.bytes(81)))
    }

    /// Instagram's message id: account, thread and item in Meta's own base64.
    pub(crate) fn instagram_message(&mut self, account: &str, thread: &str) -> String {
        let item = self.digits(35);
        instagram_base64(&format!(
            "ig_dm_item:1:IGMessageID:{account}:{thread}:{item}"
        ))
    }

    /// WhatsApp's message id. It holds the peer's number, as the real one does.
    pub(crate) fn wamid(&mut self, peer: &str, incoming: bool) -> String {
        let digits: Vec<u8> = peer.bytes().filter(u8::is_ascii_digit).take(30).collect();
        let (mark, prefix, length) = if incoming {
            (0x12, "3A", 18)
        } else {
            (0x11, "", 18)
        };
        let tail = prefix.to_owned() + &self.text(length, "0123456789ABCDEF");
        let mut bytes = vec![0x1c, 0x18, u8::try_from(digits.len()).unwrap_or(0)];
        bytes.extend(digits);
        bytes.extend([
            0x15,
            0x02,
            0x00,
            mark,
            0x18,
            u8::try_from(tail.len()).unwrap_or(0),
        ]);
        bytes.extend(tail.bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }
}

/// Base64 in which Meta writes `Z` as an escape, so that ids stay letters and digits.
pub(crate) fn instagram_base64(text: &str) -> String {
    let mut out = String::new();
    for character in STANDARD.encode(text).chars() {
        match character {
            'Z' => out.push_str("ZA"),
            '+' => out.push_str("ZB"),
            '/' => out.push_str("ZC"),
            '=' => out.push_str("ZD"),
            other => out.push(other),
        }
    }
    out
}

/// A decimal id that is the same in every run, for what the shop is made of.
pub(crate) fn stable_digits(label: &str, length: usize) -> String {
    let bytes = hmac_sha256(b"fern & ribbon", label.as_bytes());
    let digit = |(place, byte): (usize, &u8)| {
        let digit = if place == 0 { 1 + byte % 9 } else { byte % 10 };
        char::from(b'0' + digit)
    };
    bytes.iter().take(length).enumerate().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_platforms_shapes() {
        let mut ids = Ids::new(Some(1));
        let wamid = ids.wamid("16503879439", true);
        assert!(
            wamid.starts_with("wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQz"),
            "{wamid}"
        );
        let echo = ids.wamid("16503879439", false);
        assert!(
            echo.starts_with("wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI"),
            "{echo}"
        );
        let instagram = ids.instagram_message("17841405822304914", "340282366841710301");
        assert!(instagram.starts_with("aWdfZAG1faXRlbTox"), "{instagram}");
        assert!(ids.messenger_message().starts_with("m_"));
        assert_eq!(ids.digits(17).len(), 17);
        assert!(ids.token("EAA").len() > 180);
    }

    #[test]
    fn a_seed_gives_the_same_ids_and_none_gives_others() {
        assert_eq!(Ids::new(Some(7)).code(), Ids::new(Some(7)).code());
        assert_ne!(Ids::new(None).code(), Ids::new(None).code());
    }
}
