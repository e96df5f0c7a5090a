//! Secrets where there is no keychain: one file sealed by a passphrase. Argon2id makes the key,
//! XChaCha20-Poly1305 seals, and everything needed to open it, parameters included, is authenticated:
//! a file whose parameters were weakened is refused before anything is computed with it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::secrets::{Secret, Secrets, SecretsError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::{disk, keys};

/// The least this program accepts, and what it writes: 64 MiB, three passes, four lanes.
const FLOOR: Cost = Cost {
    memory_kib: 65_536,
    passes: 3,
    lanes: 4,
};
/// The most it is willing to spend on a file somebody may have made up.
const CEILING: Cost = Cost {
    memory_kib: 1_048_576,
    passes: 16,
    lanes: 16,
};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// What stands before the sealed bytes. All of it is authenticated with them.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    version: u32,
    cost: Cost,
    salt: String,
    nonce: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    header: Header,
    sealed: String,
}

/// Secrets in a file sealed by a passphrase. Locked until [`PassphraseSecrets::unlock`].
pub struct PassphraseSecrets {
    path: PathBuf,
    floor: Cost,
    open: Mutex<Option<Opened>>,
}

struct Opened {
    key: Zeroizing<[u8; 32]>,
    cost: Cost,
    salt: String,
    secrets: BTreeMap<String, Secret>,
}

impl std::fmt::Debug for PassphraseSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassphraseSecrets")
    }
}

impl PassphraseSecrets {
    /// The sealed secrets at this place, locked; there may be none yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            floor: FLOOR,
            open: Mutex::default(),
        }
    }

    /// Whether there is a sealed file: then the passphrase is asked for, and never a new one chosen.
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// Makes the file, sealed by a new passphrase, and leaves it unlocked.
    pub fn create(&self, passphrase: &str) -> Result<()> {
        if self.path.exists() {
            return Err(Error::AlreadyThere);
        }
        let opened = Opened::new(passphrase, self.floor, BTreeMap::new())?;
        let sealed = opened.seal()?;
        disk::write_new(&self.path, &sealed)?;
        *self.lock_open() = Some(opened);
        Ok(())
    }

    /// Opens the file: [`Error::WrongPassphrase`], [`Error::WeakParameters`] and
    /// [`Error::Damaged`] are different things. Takes a third of a second or more, on purpose.
    pub fn unlock(&self, passphrase: &str) -> Result<()> {
        let text = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NotThere),
            other => other?,
        };
        let sealed: Sealed = serde_json::from_slice(&text).map_err(|_| Error::Damaged(None))?;
        *self.lock_open() = Some(sealed.open(passphrase, self.floor)?);
        Ok(())
    }

    /// Forgets the key and every secret until the next [`PassphraseSecrets::unlock`].
    pub fn lock(&self) {
        *self.lock_open() = None;
    }

    /// Seals everything under another passphrase.
    pub fn change_passphrase(&self, passphrase: &str) -> Result<()> {
        let mut open = self.lock_open();
        let secrets = open.as_ref().ok_or(Error::KeychainLocked)?.secrets.clone();
        let changed = Opened::new(passphrase, self.floor, secrets)?;
        disk::replace(&self.path, &changed.seal()?)?;
        *open = Some(changed);
        Ok(())
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Secret>),
    ) -> std::result::Result<(), SecretsError> {
        let mut open = self.lock_open();
        let opened = open.as_mut().ok_or(SecretsError::Locked)?;
        let before = opened.secrets.clone();
        change(&mut opened.secrets);
        let written = opened
            .seal()
            .and_then(|sealed| Ok(disk::replace(&self.path, &sealed)?));
        written.map_err(|error| {
            // What is not on the disk was not kept.
            opened.secrets = before;
            tracing::warn!(%error, "the sealed secrets could not be written");
            SecretsError::Failed
        })
    }

    fn lock_open(&self) -> MutexGuard<'_, Option<Opened>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for PassphraseSecrets {
    fn get(&self, name: &str) -> std::result::Result<Option<Secret>, SecretsError> {
        let open = self.lock_open();
        Ok(open
            .as_ref()
            .ok_or(SecretsError::Locked)?
            .secrets
            .get(name)
            .cloned())
    }

    fn set(&self, name: &str, secret: &Secret) -> std::result::Result<(), SecretsError> {
        self.change(|secrets| {
            secrets.insert(name.to_owned(), secret.clone());
        })
    }

    fn remove(&self, name: &str) -> std::result::Result<(), SecretsError> {
        self.change(|secrets| {
            secrets.remove(name);
        })
    }
}

impl Opened {
    fn new(passphrase: &str, cost: Cost, secrets: BTreeMap<String, Secret>) -> Result<Self> {
        let salt = keys::random::<16>();
        let key = derive(passphrase, &salt, cost)?;
        Ok(Self {
            key,
            cost,
            salt: STANDARD.encode(salt),
            secrets,
        })
    }

    fn seal(&self) -> Result<Vec<u8>> {
        let nonce = keys::random::<24>();
        let header = Header {
            version: 1,
            cost: self.cost,
            salt: self.salt.clone(),
            nonce: STANDARD.encode(nonce),
        };
        let plain = Zeroizing::new(write_secrets(&self.secrets));
        let payload = Payload {
            msg: &plain,
            aad: &header.bytes(),
        };
        let sealed = XChaCha20Poly1305::new(&Key::from(*self.key))
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Invalid("secrets"))?;
        let sealed = Sealed {
            header,
            sealed: STANDARD.encode(sealed),
        };
        Ok(serde_json::to_vec_pretty(&sealed).expect("plain strings serialise"))
    }
}

impl Sealed {
    fn open(&self, passphrase: &str, floor: Cost) -> Result<Opened> {
        let header = &self.header;
        if header.version > 1 {
            return Err(Error::Newer {
                found: header.version,
                known: 1,
            });
        }
        let cost = header.cost;
        let weaker = cost.memory_kib < floor.memory_kib
            || cost.passes < floor.passes
            || cost.lanes < floor.lanes;
        if weaker {
            return Err(Error::WeakParameters);
        }
        let absurd = cost.memory_kib > CEILING.memory_kib
            || cost.passes > CEILING.passes
            || cost.lanes > CEILING.lanes;
        if absurd {
            return Err(Error::Damaged(None));
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| Error::Damaged(None));
        let nonce: [u8; 24] = decode(&header.nonce)?
            .try_into()
            .map_err(|_| Error::Damaged(None))?;
        let key = derive(passphrase, &decode(&header.salt)?, cost)?;
        let sealed = decode(&self.sealed)?;
        let payload = Payload {
            msg: &sealed,
            aad: &header.bytes(),
        };
        let plain = XChaCha20Poly1305::new(&Key::from(*key))
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Error::WrongPassphrase)?;
        let secrets = read_secrets(&plain).ok_or(Error::Damaged(None))?;
        Ok(Opened {
            key,
            cost,
            salt: header.salt.clone(),
            secrets,
        })
    }
}

/// The sealed file as somebody may have made it up, opened where that costs next to nothing.
#[cfg(fuzzing)]
pub(crate) fn open_cheap(bytes: &[u8]) {
    const CHEAP: Cost = Cost {
        memory_kib: 32,
        passes: 1,
        lanes: 4,
    };
    let Ok(sealed) = serde_json::from_slice::<Sealed>(bytes) else {
        return;
    };
    let cost = sealed.header.cost;
    if cost.memory_kib < FLOOR.memory_kib {
        let refused = sealed.open("a passphrase", FLOOR);
        assert!(refused.is_err(), "it was opened though it is weak");
    }
    if cost.memory_kib <= CHEAP.memory_kib && cost.passes <= 1 && cost.lanes <= CHEAP.lanes {
        let _ = sealed.open("a passphrase", CHEAP);
    }
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain fields serialise")
    }
}

fn derive(passphrase: &str, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| Error::Damaged(None))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| Error::Damaged(None))?;
    Ok(key)
}

/// Names and secrets, each with its length before it. Not JSON: nothing here may pass through
/// buffers that are not wiped.
fn write_secrets(secrets: &BTreeMap<String, Secret>) -> Vec<u8> {
    let parts = || {
        secrets
            .iter()
            .flat_map(|(name, secret)| [name.as_bytes(), secret.expose_secret_bytes()])
    };
    let mut plain = Vec::with_capacity(parts().map(|part| part.len() + 4).sum());
    for part in parts() {
        let length = u32::try_from(part.len()).expect("no secret is that long");
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(part);
    }
    plain
}

pub(crate) fn read_secrets(mut plain: &[u8]) -> Option<BTreeMap<String, Secret>> {
    let mut next = || {
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        plain = rest;
        Some(part)
    };
    let mut secrets = BTreeMap::new();
    while let Some(name) = next() {
        let name = std::str::from_utf8(name).ok()?.to_owned();
        secrets.insert(name, Secret::new(next()?.to_vec()));
    }
    plain.is_empty().then_some(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cheap as it gets, for what does not depend on the cost.
    fn cheap(path: &Path) -> PassphraseSecrets {
        let floor = Cost {
            memory_kib: 32,
            passes: 1,
            lanes: 4,
        };
        PassphraseSecrets {
            floor,
            ..PassphraseSecrets::at(path)
        }
    }

    fn secret(byte: u8) -> Secret {
        Secret::new(vec![byte; 32])
    }

    #[test]
    fn secrets_come_back_with_the_passphrase_and_only_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.sealed");
        let sealed = cheap(&path);
        assert!(matches!(sealed.unlock("x"), Err(Error::NotThere)));
        sealed.create("correct horse").unwrap();
        assert!(matches!(sealed.create("other"), Err(Error::AlreadyThere)));
        sealed.set("v1/a", &secret(0xca)).unwrap();
        sealed.set("v1/b", &secret(2)).unwrap();
        sealed.remove("v1/b").unwrap();

        let again = cheap(&path);
        assert_eq!(again.get("v1/a"), Err(SecretsError::Locked));
        assert!(matches!(
            again.unlock("correct house"),
            Err(Error::WrongPassphrase)
        ));
        assert_eq!(again.set("v1/c", &secret(3)), Err(SecretsError::Locked));
        again.unlock("correct horse").unwrap();
        assert_eq!(again.get("v1/a"), Ok(Some(secret(0xca))));
        assert_eq!(again.get("v1/b"), Ok(None));
        again.change_passphrase("battery staple").unwrap();
        again.lock();
        assert!(matches!(
            again.unlock("correct horse"),
            Err(Error::WrongPassphrase)
        ));
        again.unlock("battery staple").unwrap();
        assert_eq!(again.get("v1/a"), Ok(Some(secret(0xca))));

        let on_disk = fs::read(&path).unwrap();
        assert!(
            !on_disk
                .windows(4)
                .any(|part| part == [0xca; 4] || part == b"v1/a")
        );
    }

    #[test]
    fn weakened_parameters_are_refused_before_anything_is_computed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.sealed");
        PassphraseSecrets::at(&path)
            .create("correct horse")
            .unwrap();
        let good = fs::read_to_string(&path).unwrap();
        let unlock = |text: String| {
            fs::write(&path, text).unwrap();
            PassphraseSecrets::at(&path).unlock("correct horse")
        };
        for (strong, weak) in [
            ("\"memory_kib\": 65536", "\"memory_kib\": 65535"),
            ("\"passes\": 3", "\"passes\": 2"),
            ("\"lanes\": 4", "\"lanes\": 3"),
        ] {
            let result = unlock(good.replace(strong, weak));
            assert!(
                matches!(result, Err(Error::WeakParameters)),
                "{weak}: {result:?}"
            );
        }
        let absurd = unlock(good.replace("65536", "4294967295"));
        assert!(matches!(absurd, Err(Error::Damaged(_))), "{absurd:?}");
        assert!(matches!(unlock("{}".to_owned()), Err(Error::Damaged(_))));
        assert!(matches!(
            unlock(good.replace("\"version\": 1", "\"version\": 2")),
            Err(Error::Newer { .. })
        ));
        unlock(good).unwrap();
    }

    #[test]
    fn a_changed_header_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.sealed");
        cheap(&path).create("correct horse").unwrap();
        let good = fs::read_to_string(&path).unwrap();
        fs::write(&path, good.replace("\"passes\": 1", "\"passes\": 2")).unwrap();
        assert!(matches!(
            cheap(&path).unlock("correct horse"),
            Err(Error::WrongPassphrase)
        ));
        fs::write(&path, good).unwrap();
        cheap(&path).unlock("correct horse").unwrap();
    }
}
