//! The secrets of made-up shops, in files: what a generated shop was sealed with has to be there
//! when a later run opens it again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use domain::secrets::{Secret, Secrets, SecretsError};

/// The secrets in a folder.
#[derive(Debug, Clone)]
pub(crate) struct SecretFiles {
    folder: PathBuf,
}

impl SecretFiles {
    /// Opens them, making the folder if it is not there.
    pub(crate) fn at(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(hex::encode(name))
    }
}

impl Secrets for SecretFiles {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        match std::fs::read(self.file(name)) {
            Ok(bytes) => Ok(Some(Secret::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(SecretsError::Failed),
        }
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        let written = std::fs::write(self.file(name), secret.expose_secret_bytes());
        written.map_err(|_| SecretsError::Failed)
    }

    fn remove(&self, name: &str) -> Result<(), SecretsError> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(SecretsError::Failed),
            _ => Ok(()),
        }
    }
}
