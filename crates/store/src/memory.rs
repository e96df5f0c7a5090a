//! Secrets in memory, for tests: with switches for everything a real keychain can do to us.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::secrets::{Secret, Secrets, SecretsError};

/// The longest secret a keychain has to take (Windows keeps 2,560 bytes, ours are base64).
const LONGEST: usize = 1_900;

/// Secrets that are gone with the process.
#[derive(Debug, Default)]
pub struct MemorySecrets {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    secrets: BTreeMap<String, Secret>,
    trouble: Option<SecretsError>,
    delay: Option<Duration>,
}

impl MemorySecrets {
    /// An empty, unlocked keychain.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call ends like this; `None` makes it work again.
    pub fn set_trouble(&self, trouble: Option<SecretsError>) {
        self.lock().trouble = trouble;
    }

    /// From now on every call takes this long.
    pub fn set_delay(&self, delay: Option<Duration>) {
        self.lock().delay = delay;
    }

    /// The names that have a secret, for tests that look for left-overs.
    pub fn names(&self) -> Vec<String> {
        self.lock().secrets.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self) -> Result<MutexGuard<'_, Inner>, SecretsError> {
        let delay = self.lock().delay;
        if let Some(delay) = delay {
            std::thread::sleep(delay);
        }
        let inner = self.lock();
        match &inner.trouble {
            Some(trouble) => Err(trouble.clone()),
            None => Ok(inner),
        }
    }
}

impl Secrets for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        Ok(self.answer()?.secrets.get(name).cloned())
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        if secret.expose_secret_bytes().len() > LONGEST {
            return Err(SecretsError::Failed);
        }
        self.answer()?
            .secrets
            .insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), SecretsError> {
        self.answer()?.secrets.remove(name);
        Ok(())
    }
}
