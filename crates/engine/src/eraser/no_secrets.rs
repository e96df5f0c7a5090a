//! A keychain that cannot be asked: for an erasure that goes on without one.

use domain::secrets::{Secret, Secrets, SecretsError};

/// A keychain that cannot be asked.
#[derive(Debug)]
pub(super) struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, _: &str) -> Result<Option<Secret>, SecretsError> {
        Err(SecretsError::Absent)
    }

    fn set(&self, _: &str, _: &Secret) -> Result<(), SecretsError> {
        Err(SecretsError::Absent)
    }

    fn remove(&self, _: &str) -> Result<(), SecretsError> {
        Err(SecretsError::Absent)
    }
}
