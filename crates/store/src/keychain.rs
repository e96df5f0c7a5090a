//! The keychain of the operating system. Entries are made through a store we build ourselves and can
//! build again: a keychain that was not there at start, or restarted, works from the next call on.
//! Missing, locked, denied and absent are four different answers. Nothing here ever falls back to
//! keeping a secret anywhere else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::secrets::{Secret, Secrets, SecretsError};
use keyring::Error as KeyringError;
use keyring_core::{CredentialStore, Entry};
use zeroize::Zeroizing;

/// The name all our items have in common.
const SERVICE: &str = "app.shopbell.desktop";

/// The longest secret: in base64 it is just below what Windows keeps in one item.
const LONGEST: usize = 1_900;

type Build = fn() -> keyring_core::Result<Arc<CredentialStore>>;

/// The keychain of this computer.
pub struct Keychain {
    build: Build,
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl std::fmt::Debug for Keychain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keychain")
    }
}

impl Default for Keychain {
    fn default() -> Self {
        Self::new()
    }
}

impl Keychain {
    /// The keychain of this operating system. Nothing is asked of it yet.
    pub fn new() -> Self {
        Self {
            build,
            store: Mutex::default(),
        }
    }

    /// Whether a keychain answers at all: what first run asks before it offers a passphrase.
    pub fn answers(&self) -> bool {
        self.store().is_ok()
    }

    /// Runs one call. A store that fails may belong to a service that is gone: it is built again and
    /// the call made once more.
    fn with<T>(
        &self,
        name: &str,
        call: impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> Result<T, KeyringError> {
        let kept = lock(&self.store).is_some();
        let store = self.store()?;
        match call(&entry(&store, name)?) {
            Err(KeyringError::PlatformFailure(error)) => {
                *lock(&self.store) = None;
                if !kept {
                    return Err(KeyringError::PlatformFailure(error));
                }
                let store = self.store()?;
                call(&entry(&store, name)?)
            }
            other => other,
        }
    }

    fn store(&self) -> Result<Arc<CredentialStore>, KeyringError> {
        let mut kept = lock(&self.store);
        if let Some(store) = kept.as_ref() {
            return Ok(Arc::clone(store));
        }
        let store = (self.build)()?;
        *kept = Some(Arc::clone(&store));
        Ok(store)
    }
}

impl Secrets for Keychain {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        let text = match self.with(name, Entry::get_secret) {
            Ok(text) => Zeroizing::new(text),
            Err(KeyringError::NoEntry) => return Ok(None),
            Err(error) => return Err(outcome(&error)),
        };
        let bytes = STANDARD_NO_PAD
            .decode(text.as_slice())
            .map_err(|_| SecretsError::Failed)?;
        Ok(Some(Secret::new(bytes)))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        let bytes = secret.expose_secret_bytes();
        if bytes.len() > LONGEST {
            return Err(SecretsError::Failed);
        }
        // ASCII: KDE keeps only UTF-8, and as bytes Windows does not double it to UTF-16.
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(bytes));
        self.with(name, |entry| entry.set_secret(text.as_bytes()))
            .map_err(|error| outcome(&error))
    }

    fn remove(&self, name: &str) -> Result<(), SecretsError> {
        match self.with(name, Entry::delete_credential) {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(error) => Err(outcome(&error)),
        }
    }
}

/// Which of the four it is. The platforms' own errors differ by type and by system; what tells them
/// apart is in their debug form, which holds codes and names, never a secret.
fn outcome(error: &KeyringError) -> SecretsError {
    let (KeyringError::PlatformFailure(cause) | KeyringError::NoStorageAccess(cause)) = error
    else {
        return SecretsError::Failed;
    };
    let cause = format!("{cause:?}");
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    // A service that is there and has no collection to keep anything in counts as absent too.
    if says(&[
        "ServiceUnknown",
        "Unavailable",
        "Connection(",
        "InputOutput",
        "NoResult",
        "NotFound",
    ]) || says(&["-25291", "-25294", "-25295", "1312"])
    {
        SecretsError::Absent
    } else if says(&["AccessDenied", "-25293", "-25244", "-34018", "-61", "-128"]) {
        SecretsError::Denied
    } else if says(&["Locked", "Prompt", "-25308"]) {
        SecretsError::Locked
    } else {
        SecretsError::Failed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The Secret Service of Linux and the BSDs.
#[cfg(all(unix, not(target_os = "macos")))]
fn build() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// The login keychain of macOS. Never synchronised.
#[cfg(target_os = "macos")]
fn build() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// The Credential Manager of Windows.
#[cfg(target_os = "windows")]
fn build() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

fn entry(store: &Arc<CredentialStore>, name: &str) -> keyring_core::Result<Entry> {
    // Windows would let items roam to other machines of the same user; ours stay on this one.
    let stay = HashMap::from([("persistence", "Local")]);
    store.build(SERVICE, name, cfg!(target_os = "windows").then_some(&stay))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn failing(text: &'static str) -> KeyringError {
        KeyringError::PlatformFailure(text.into())
    }

    #[test]
    fn a_keychain_that_starts_late_is_found() {
        static TRIES: AtomicU32 = AtomicU32::new(0);
        fn build() -> keyring_core::Result<Arc<CredentialStore>> {
            if TRIES.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(failing(
                    "MethodError(org.freedesktop.DBus.Error.ServiceUnknown)",
                ));
            }
            Ok(keyring_core::mock::Store::new()?)
        }
        let keychain = Keychain {
            build,
            store: Mutex::default(),
        };
        assert_eq!(keychain.get("a").unwrap_err(), SecretsError::Absent);
        assert_eq!(keychain.get("a"), Ok(None));
        let secret = Secret::new(vec![0, 255, 7]);
        keychain.set("a", &secret).unwrap();
        assert_eq!(keychain.get("a").unwrap(), Some(secret));
        keychain.remove("a").unwrap();
        keychain.remove("a").unwrap();
        assert_eq!(keychain.get("a"), Ok(None));
        assert_eq!(TRIES.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn the_four_outcomes_are_told_apart() {
        #[derive(Debug, thiserror::Error)]
        #[error("")]
        enum Cause {
            Locked,
            Prompt,
            NoResult,
            Zbus(&'static str),
            Code(i32),
        }
        for (cause, expected) in [
            (Cause::Locked, SecretsError::Locked),
            (Cause::Prompt, SecretsError::Locked),
            (Cause::Code(-25308), SecretsError::Locked),
            (Cause::NoResult, SecretsError::Absent),
            (
                Cause::Zbus("org.freedesktop.DBus.Error.ServiceUnknown"),
                SecretsError::Absent,
            ),
            (
                Cause::Zbus("org.freedesktop.DBus.Error.AccessDenied"),
                SecretsError::Denied,
            ),
            (Cause::Code(-128), SecretsError::Denied),
            (Cause::Code(-1), SecretsError::Failed),
        ] {
            let shown = format!("{cause:?}");
            let error = KeyringError::NoStorageAccess(Box::new(cause));
            assert_eq!(outcome(&error), expected, "{shown}");
        }
        assert_eq!(outcome(&KeyringError::NoDefaultStore), SecretsError::Failed);
    }

    #[test]
    fn what_is_too_long_for_any_keychain_is_refused_everywhere() {
        fn build() -> keyring_core::Result<Arc<CredentialStore>> {
            Ok(keyring_core::mock::Store::new()?)
        }
        let keychain = Keychain {
            build,
            store: Mutex::default(),
        };
        assert!(keychain.set("a", &Secret::new(vec![1; LONGEST])).is_ok());
        assert!(
            keychain
                .set("a", &Secret::new(vec![1; LONGEST + 1]))
                .is_err()
        );
    }
}
