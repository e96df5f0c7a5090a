//! The keys folder: what makes this relay this relay.
//!
//! The relay's id, its signing key in two slots, the pepper, and the newest boot record. Made by
//! `init`, readable by its owner alone, never in the store, shared by all nodes. Whoever has a copy
//! of the store and not of this folder can read nothing and sign nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wire::keys::Purpose;
use wire::{RelayId, RelayKeys, Signature, SigningSecret};
use zeroize::Zeroizing;

use crate::pseudonym::Pepper;
use crate::random;

const RELAY_ID: &str = "relay-id";
const CURRENT: &str = "signing.current";
const NEXT: &str = "signing.next";
const PEPPER: &str = "pepper";
const BOOT: &str = "boot";

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There are none.
    #[error("there are no keys in {}; make them with `shopbell-relay init`", .0.display())]
    Missing(PathBuf),
    /// There are some already.
    #[error(
        "{} has keys already; they are not replaced. `shopbell-relay doctor` tells their words",
        .0.display()
    )]
    Present(PathBuf),
    /// A file is not what it should be.
    #[error("{} does not hold what it should", .0.display())]
    Damaged(PathBuf),
    /// Others may read a file.
    #[error("{} may be read by others; set its mode to 0600", .0.display())]
    Exposed(PathBuf),
    /// The system refuses.
    #[error("{} cannot be used", .0.display())]
    System(PathBuf, #[source] io::Error),
}

/// The record of a start, signed into the store and into the keys folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BootRecord {
    pub(crate) number: u64,
    /// Random, so that two starts with one number differ.
    pub(crate) id: wire::Nonce,
    pub(crate) at: i64,
    pub(crate) signature: Signature,
}

/// What is in the keys folder.
#[derive(Debug)]
pub struct Keys {
    folder: PathBuf,
    relay: RelayId,
    current: SigningSecret,
    next: SigningSecret,
    pepper: Pepper,
}

impl Keys {
    /// Makes new keys in a folder that has none.
    pub fn init(folder: &Path) -> Result<Self, KeysError> {
        make_folder(folder)?;
        if folder.join(RELAY_ID).exists() || folder.join(CURRENT).exists() {
            return Err(KeysError::Present(folder.to_owned()));
        }
        for name in [CURRENT, NEXT, PEPPER] {
            write(
                &folder.join(name),
                &Zeroizing::new(hex::encode(random::bytes::<32>())),
            )?;
        }
        write(&folder.join(RELAY_ID), &hex::encode(random::bytes::<16>()))?;
        let keys = Self::open(folder)?;
        keys.write_boot(&keys.sign_boot(0, 0))?;
        Ok(keys)
    }

    /// Opens a folder that `init` made.
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        let seed = |name: &str| -> Result<Zeroizing<[u8; 32]>, KeysError> {
            let path = folder.join(name);
            let text = read(&path)?;
            let mut bytes = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text.trim(), bytes.as_mut_slice())
                .map_err(|_| KeysError::Damaged(path))?;
            Ok(bytes)
        };
        let id = folder.join(RELAY_ID);
        let relay = read(&id)?
            .trim()
            .parse()
            .map_err(|_| KeysError::Damaged(id))?;
        Ok(Self {
            folder: folder.to_owned(),
            relay,
            current: SigningSecret::from_seed(&*seed(CURRENT)?),
            next: SigningSecret::from_seed(&*seed(NEXT)?),
            pepper: Pepper::from_bytes(*seed(PEPPER)?),
        })
    }

    /// Which relay this is.
    pub const fn relay(&self) -> RelayId {
        self.relay
    }

    /// The public halves.
    pub fn public(&self) -> RelayKeys {
        RelayKeys::of(self.relay, &self.current, &self.next)
    }

    pub(crate) const fn signing(&self) -> &SigningSecret {
        &self.current
    }

    pub(crate) const fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// The newest boot record this folder knows.
    pub(crate) fn newest_boot(&self) -> Result<Option<BootRecord>, KeysError> {
        let path = self.folder.join(BOOT);
        if !path.exists() {
            return Ok(None);
        }
        let record = serde_json::from_str(&read(&path)?);
        record.map(Some).map_err(|_| KeysError::Damaged(path))
    }

    pub(crate) fn write_boot(&self, record: &BootRecord) -> Result<(), KeysError> {
        let path = self.folder.join(BOOT);
        let text = serde_json::to_string(record).expect("text and numbers are JSON");
        let fresh = self.folder.join("boot.new");
        let _ = fs::remove_file(&fresh);
        write(&fresh, &text)?;
        fs::rename(&fresh, &path).map_err(|why| KeysError::System(path, why))?;
        sync_folder(&self.folder)
    }

    pub(crate) fn sign_boot(&self, number: u64, at: i64) -> BootRecord {
        let id = wire::Nonce::from_bytes(random::bytes());
        let signature = self
            .current
            .sign(Purpose::Boot, &boot_bytes(number, id, at));
        BootRecord {
            number,
            id,
            at,
            signature,
        }
    }

    pub(crate) fn signed(&self, record: &BootRecord) -> bool {
        let bytes = boot_bytes(record.number, record.id, record.at);
        self.public()
            .signer_of(Purpose::Boot, &bytes, &record.signature)
            .is_some()
    }
}

fn boot_bytes(number: u64, id: wire::Nonce, at: i64) -> Vec<u8> {
    [
        number.to_be_bytes().as_slice(),
        id.as_bytes(),
        &at.to_be_bytes(),
    ]
    .concat()
}

fn make_folder(folder: &Path) -> Result<(), KeysError> {
    let failed = |why| KeysError::System(folder.to_owned(), why);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)
}

fn write(path: &Path, text: &str) -> Result<(), KeysError> {
    let failed = |why| KeysError::System(path.to_owned(), why);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

fn sync_folder(folder: &Path) -> Result<(), KeysError> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|why| KeysError::System(folder.to_owned(), why))
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    #[cfg(unix)]
    if let Ok(about) = fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0
    {
        return Err(KeysError::Exposed(path.to_owned()));
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            Err(KeysError::Missing(path.parent().unwrap_or(path).to_owned()))
        }
        Err(why) => Err(KeysError::System(path.to_owned(), why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_open_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keys");
        assert!(matches!(Keys::open(&folder), Err(KeysError::Missing(_))));
        let made = Keys::init(&folder).unwrap().public();
        assert_eq!(Keys::open(&folder).unwrap().public(), made);
        assert!(matches!(Keys::init(&folder), Err(KeysError::Present(_))));
        assert_eq!(Keys::open(&folder).unwrap().public(), made);
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_others_may_read_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Keys::init(folder.path()).unwrap();
        let pepper = folder.path().join(PEPPER);
        let mode = fs::metadata(&pepper).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&pepper, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            Keys::open(folder.path()),
            Err(KeysError::Exposed(_))
        ));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        Keys::init(folder.path()).unwrap();
        fs::write(folder.path().join(CURRENT), "short").unwrap();
        let Err(KeysError::Damaged(path)) = Keys::open(folder.path()) else {
            panic!()
        };
        assert!(path.ends_with(CURRENT));
    }
}
