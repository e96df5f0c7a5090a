//! Which events were written down already. The platform delivers some twice, hours apart and in any
//! order; the unique index decides, not a read before. Messages are not among them: each has a row
//! under the platform's id, until the owner lets a reply go that failed.

use domain::Timestamp;
use rusqlite::params;
use sha2::{Digest as _, Sha256};

use super::{VaultRead, VaultWrite};
use crate::error::Result;

impl VaultRead<'_> {
    /// Whether an event of this key was written down.
    pub fn has_seen(&self, key: &str) -> Result<bool> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT 1 FROM events_seen WHERE hash = ?1")?;
        Ok(statement.exists([hash(key)])?)
    }
}

impl VaultWrite<'_> {
    /// Notes an event. True the first time: only then is it to be applied, in this transaction.
    pub fn first_time(&self, key: &str, now: Timestamp) -> Result<bool> {
        let rows = self
            .sql
            .prepare_cached("INSERT OR IGNORE INTO events_seen (hash, at) VALUES (?1, ?2)")?
            .execute(params![hash(key), now.0])?;
        Ok(rows == 1)
    }

    /// Forgets events noted before a moment. What repeats them later is still caught by the ids of
    /// the messages themselves.
    pub fn forget_events(&self, before: Timestamp) -> Result<usize> {
        let mut statement = self
            .sql
            .prepare_cached("DELETE FROM events_seen WHERE at < ?1")?;
        Ok(statement.execute([before.0])?)
    }
}

/// Sixteen bytes of SHA-256: a key can carry a person's id, and nothing needs it back.
fn hash(key: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let (half, _) = digest.split_at(16);
    half.try_into().expect("split at sixteen")
}
