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
