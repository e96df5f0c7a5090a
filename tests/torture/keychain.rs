//! A keychain kept in a folder, for a shop that is killed: like the system's own, it lives on when
//! the program does not. One file for each secret; what breaks off leaves the old or the new one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use domain::secrets::{Secret, Secrets, SecretsError};

/// The keychain in this folder.
#[derive(Debug, Clone)]
pub(crate) struct FileSecrets {
    folder: PathBuf,
}

/// While a file of this name lies in the folder, the keychain is locked.
pub(crate) const LOCKED: &str = "LOCKED";

impl FileSecrets {
    /// Opens it, making the folder if it is not there.
    pub(crate) fn at(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    fn file(&self, name: &str) -> Result<PathBuf, SecretsError> {
        if self.folder.join(LOCKED).exists() {
            return Err(SecretsError::Locked);
        }
        Ok(self.folder.join(hex::encode(name)))
    }
}

impl Secrets for FileSecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        match std::fs::read(self.file(name)?) {
            Ok(bytes) => Ok(Some(Secret::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(SecretsError::Failed),
        }
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        let file = self.file(name)?;
        let new = file.with_extension("new");
        let written = std::fs::write(&new, secret.expose_secret_bytes());
        let kept = written.and_then(|()| std::fs::rename(&new, &file));
        kept.map_err(|_| SecretsError::Failed)
    }

    fn remove(&self, name: &str) -> Result<(), SecretsError> {
        match std::fs::remove_file(self.file(name)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(SecretsError::Failed),
            _ => Ok(()),
        }
    }
}
