//! Keys in two shares. The key of a database is made from share A, in the keychain, and share B, in
//! a file beside it: destroying either kills the data. A key check value tells "these keys do not
//! fit" from "this file is damaged", which look alike to SQLCipher.

use std::fs;
use std::io;

use domain::secrets::{Secret, Secrets};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::disk;
use crate::error::{Error, Result};
use crate::paths::DatabasePaths;
use crate::profile::{Profile, VaultName};

/// The key of one database. Wiped when dropped, never printed.
pub(crate) struct DatabaseKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseKey(***)")
    }
}

impl DatabaseKey {
    /// The statement that gives SQLCipher the raw key, without its own key derivation.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        let mut hex = Zeroizing::new([0; 64]);
        hex::encode_to_slice(self.0.as_slice(), hex.as_mut_slice())
            .expect("64 digits hold 32 bytes");
        let digits = std::str::from_utf8(hex.as_slice()).expect("hex digits are ASCII");
        let mut pragma = Zeroizing::new(String::with_capacity(96));
        pragma.push_str("PRAGMA key = \"x'");
        pragma.push_str(digits);
        pragma.push_str("'\";");
        pragma
    }
}

/// What has to be known before a database is opened. Holds no secret.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
    vault: String,
    /// Key check value, hex.
    kcv: String,
}

/// Whether a database was ever made at this place.
pub(crate) fn exists(paths: &DatabasePaths) -> bool {
    paths.head.exists() || paths.database.exists()
}

/// Makes both shares of a new database. Nothing that is complete is ever replaced: left-overs of an
/// attempt that was cut off before `head.json` protected nothing and are.
pub(crate) fn create(
    paths: &DatabasePaths,
    profile: &Profile,
    secrets: &dyn Secrets,
    vault: &VaultName,
) -> Result<DatabaseKey> {
    if exists(paths) {
        return Err(Error::AlreadyThere);
    }
    let share_a = Zeroizing::new(random::<32>());
    let share_b = Zeroizing::new(random::<32>());
    disk::replace(&paths.share, share_b.as_slice())?;
    let name = profile.share_name(vault);
    secrets.set(&name, &Secret::new(share_a.to_vec()))?;
    let kept = secrets.get(&name)?.ok_or(Error::KeychainFailed)?;
    if kept.expose_secret_bytes() != share_a.as_slice() {
        return Err(Error::KeychainFailed);
    }
    Ok(derive(share_a.as_slice(), share_b.as_slice(), vault).0)
}

/// Writes `head.json`: from now on the database is complete and its keys are never made again.
pub(crate) fn complete(
    paths: &DatabasePaths,
    profile: &Profile,
    secrets: &dyn Secrets,
    vault: &VaultName,
) -> Result<()> {
    let (share_a, share_b) = shares(paths, profile, secrets, vault)?;
    let (_, kcv) = derive(share_a.expose_secret_bytes(), &share_b, vault);
    let head = Head {
        version: 1,
        vault: vault.to_string(),
        kcv: hex::encode(kcv),
    };
    let text = serde_json::to_vec_pretty(&head).expect("three plain fields serialise");
    Ok(disk::replace(&paths.head, &text)?)
}

/// The key of an existing database.
pub(crate) fn load(
    paths: &DatabasePaths,
    profile: &Profile,
    secrets: &dyn Secrets,
    vault: &VaultName,
) -> Result<DatabaseKey> {
    if !exists(paths) {
        return Err(Error::NotThere);
    }
    let (share_a, share_b) = shares(paths, profile, secrets, vault)?;
    let (key, kcv) = derive(share_a.expose_secret_bytes(), &share_b, vault);
    // A lost head.json costs only the distinction between wrong key and damage.
    match fs::read(&paths.head) {
        Ok(text) => {
            let head: Head = serde_json::from_slice(&text).map_err(|_| Error::Damaged(None))?;
            if head.version > 1 {
                return Err(Error::Newer {
                    found: head.version,
                    known: 1,
                });
            }
            if head.vault != vault.to_string() || head.kcv != hex::encode(kcv) {
                return Err(Error::WrongKey);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(key)
}

/// Share B is looked at first: without it there is no reason to wake the keychain's owner.
fn shares(
    paths: &DatabasePaths,
    profile: &Profile,
    secrets: &dyn Secrets,
    vault: &VaultName,
) -> Result<(Secret, Zeroizing<Vec<u8>>)> {
    let share_b = match fs::read(&paths.share) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::MissingShareB),
        Err(error) => return Err(error.into()),
    };
    let share_a = secrets
        .get(&profile.share_name(vault))?
        .ok_or(Error::MissingShareA)?;
    Ok((share_a, share_b))
}

/// Key and key check value of two shares.
fn derive(share_a: &[u8], share_b: &[u8], vault: &VaultName) -> (DatabaseKey, [u8; 16]) {
    let both = Zeroizing::new([share_a, share_b].concat());
    let salt = vault.to_string();
    let hkdf = Hkdf::<Sha256>::new(Some(salt.as_bytes()), &both);
    let mut key = Zeroizing::new([0; 32]);
    hkdf.expand(b"shopbell/db/v1", key.as_mut_slice())
        .expect("32 bytes are within HKDF's reach");
    let mut kcv = [0; 16];
    hkdf.expand(b"shopbell/kcv/v1", &mut kcv)
        .expect("16 bytes are within HKDF's reach");
    (DatabaseKey(key), kcv)
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
impl DatabaseKey {
    /// A key for tests that look at the bytes of a file.
    pub(crate) fn of(byte: u8) -> Self {
        Self(Zeroizing::new([byte; 32]))
    }
}
