//! Where things lie in the data folder. Only names and folders: nothing is opened here but the
//! lock, and nothing is ever removed.
//!
//! ```text
//! CACHEDIR.TAG                tells backups to leave the folder alone
//! profile                     the random profile id
//! lock                        held while the program runs
//! shop.db  shop.share.b  shop.head.json
//! vaults/<connection>/vault.db  share.b  head.json
//! media/<connection>/<2 hex>/<32 hex>
//! wipe.a  wipe.b              the two slots of the wipe journal
//! secrets.sealed              only where there is no keychain
//! receipts/<deletion id>.txt
//! appearance  webview/  logs/  temp/      the shell's
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use domain::ConnectionId;

use crate::disk;
use crate::error::{Error, Result};

/// The signature every program that honours the Cache Directory Tagging Standard looks for.
const CACHEDIR_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
    # Shopbell's files lie outside system backups: one key share is among them.\n";

/// The data folder and the names in it.
#[derive(Clone, Debug)]
pub struct Paths {
    root: PathBuf,
}

/// The three files of one encrypted database.
#[derive(Clone, Debug)]
pub struct DatabasePaths {
    /// The SQLCipher file.
    pub database: PathBuf,
    /// Key share B.
    pub share: PathBuf,
    /// The key check value and what else is needed before opening.
    pub head: PathBuf,
}

impl Paths {
    /// Makes the data folder, private to its owner, where it is missing.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self> {
        let paths = Self { root: root.into() };
        disk::private_folder(&paths.root)?;
        disk::make_private(&paths.root)?;
        for folder in [paths.vaults(), paths.all_media(), paths.receipts()] {
            disk::private_folder(&folder)?;
        }
        let tag = paths.tag();
        if !tag.exists() {
            disk::write_new(&tag, CACHEDIR_TAG)?;
        }
        Ok(paths)
    }

    /// The data folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files of `shop.db`.
    pub fn shop(&self) -> DatabasePaths {
        DatabasePaths {
            database: self.root.join("shop.db"),
            share: self.root.join("shop.share.b"),
            head: self.root.join("shop.head.json"),
        }
    }

    /// The folder of all vaults.
    pub fn vaults(&self) -> PathBuf {
        self.root.join("vaults")
    }

    /// The folder of one vault.
    pub fn vault_folder(&self, connection: ConnectionId) -> PathBuf {
        self.vaults().join(connection.to_string())
    }

    /// The files of one vault.
    pub fn vault(&self, connection: ConnectionId) -> DatabasePaths {
        let folder = self.vault_folder(connection);
        DatabasePaths {
            database: folder.join("vault.db"),
            share: folder.join("share.b"),
            head: folder.join("head.json"),
        }
    }

    /// The connections that have a folder among the vaults, whatever its state.
    pub fn vaults_on_disk(&self) -> Result<Vec<ConnectionId>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.vaults())? {
            if let Some(id) = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                found.push(id);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The folder of all media files.
    pub fn all_media(&self) -> PathBuf {
        self.root.join("media")
    }

    /// The folder of one connection's media files.
    pub fn media(&self, connection: ConnectionId) -> PathBuf {
        self.all_media().join(connection.to_string())
    }

    /// The two slots of the wipe journal.
    pub fn wipe_slots(&self) -> [PathBuf; 2] {
        [self.root.join("wipe.a"), self.root.join("wipe.b")]
    }

    /// The folder of deletion receipts.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Where secrets are sealed by a passphrase if there is no keychain.
    pub fn sealed_secrets(&self) -> PathBuf {
        self.root.join("secrets.sealed")
    }

    /// Where the random profile id lies.
    pub fn profile(&self) -> PathBuf {
        self.root.join("profile")
    }

    /// The mark that keeps backups away.
    pub(crate) fn tag(&self) -> PathBuf {
        self.root.join("CACHEDIR.TAG")
    }

    /// The file whose lock says that the folder is in use.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// What the shell may keep in the data folder: emptied by every wipe.
    pub fn surroundings(&self) -> [PathBuf; 3] {
        ["webview", "logs", "temp"].map(|name| self.root.join(name))
    }

    /// Takes the folder for this process until the lock is dropped; [`Error::InUse`] if another
    /// copy of the program has it.
    pub fn lock(&self) -> Result<FolderLock> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = disk::private(&mut options).open(self.lock_file())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(FolderLock { _file: file })
    }
}

/// Holds the data folder while it lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_tagged() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path().join("shop")).unwrap();
        let tag = fs::read(paths.root().join("CACHEDIR.TAG")).unwrap();
        assert!(tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            for folder in [paths.root().to_owned(), paths.vaults(), paths.all_media()] {
                assert_eq!(
                    fs::metadata(folder).unwrap().permissions().mode() & 0o777,
                    0o700
                );
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_open_to_others_is_closed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Paths::create(folder.path()).unwrap();
        assert_eq!(
            fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn a_second_copy_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path()).unwrap();
        let first = paths.lock().unwrap();
        assert!(matches!(paths.lock(), Err(Error::InUse)));
        drop(first);
        paths.lock().unwrap();
    }
}
