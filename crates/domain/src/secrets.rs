//! The one port: where secrets live. The keychain of the operating system in real life, memory in
//! tests. Four outcomes are four different things and are never merged.

use std::fmt;

use zeroize::Zeroizing;

/// Why a secret could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// There is no keychain on this computer (or none that answers).
    #[error("this computer has no keychain that answers")]
    Absent,
    /// The keychain is there and locked.
    #[error("the keychain is locked")]
    Locked,
    /// The keychain refused this program.
    #[error("the keychain refused access")]
    Denied,
    /// Anything else the keychain said.
    #[error("the keychain failed")]
    Failed,
}

/// A bag of bytes that is wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Do not copy them anywhere that is not wiped.
    pub fn expose_secret_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Where secrets live. Calls may block (a locked keychain asks its owner): never from an async
/// task, never from the main thread.
pub trait Secrets: Send + Sync + fmt::Debug {
    /// The secret of this name; `Ok(None)` if there is none.
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError>;
    /// Keeps a secret, replacing the one of the same name. At most 1,900 bytes.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError>;
    /// Removes a secret; removing one that is not there is fine.
    fn remove(&self, name: &str) -> Result<(), SecretsError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new(b"EAAtoken".to_vec());
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(secret.expose_secret_bytes(), b"EAAtoken");
    }
}
