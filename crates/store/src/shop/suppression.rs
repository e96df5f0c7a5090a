//! Who must not be written to, or not be brought back: kept as keyed hashes. It can be asked whether
//! somebody is among them; nobody can be listed.

use domain::{ContactKey, Timestamp};
use hkdf::Hkdf;
use rusqlite::{OptionalExtension as _, params};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{ShopRead, ShopWrite};
use crate::error::Result;
use crate::keys;

impl ShopRead<'_> {
    /// Why somebody is suppressed; `None` if they are not.
    pub fn suppressed(&self, contact: &ContactKey) -> Result<Option<String>> {
        let Some(key) = self.suppression_key()? else {
            return Ok(None);
        };
        let mut statement = self
            .sql
            .prepare_cached("SELECT reason FROM suppression WHERE hash = ?1")?;
        Ok(statement
            .query_row([hash((&key, NOT_WRITTEN_TO), contact)], |row| row.get(0))
            .optional()?)
    }

    fn suppression_key(&self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT key FROM shop_keys WHERE name = 'suppression'")?;
        let key = statement
            .query_row([], |row| row.get(0).map(Zeroizing::new))
            .optional()?;
        Ok(key)
    }
}

impl ShopRead<'_> {
    /// Whether anybody was ever erased.
    pub fn erased_anybody(&self) -> Result<bool> {
        Ok(self
            .sql
            .prepare_cached("SELECT 1 FROM suppression WHERE reason = 'erased'")?
            .exists([])?)
    }

    /// Until when what somebody said was erased and must not come back; `None` if it was not.
    pub fn erased_until(&self, contact: &ContactKey) -> Result<Option<Timestamp>> {
        let Some(key) = self.suppression_key()? else {
            return Ok(None);
        };
        let mut statement = self
            .sql
            .prepare_cached("SELECT at FROM suppression WHERE hash = ?1")?;
        let at = statement
            .query_row([hash((&key, ERASED), contact)], |row| row.get(0))
            .optional()?;
        Ok(at.map(Timestamp))
    }
}

/// Who must not be written to, and who was erased, are two things: one never takes the other's
/// place.
const NOT_WRITTEN_TO: &[u8] = b"shopbell/suppression/v1";
const ERASED: &[u8] = b"shopbell/erased/v1";

impl ShopWrite<'_> {
    /// Suppresses somebody, for a reason in one word.
    pub fn suppress(&self, contact: &ContactKey, reason: &str, now: Timestamp) -> Result<()> {
        let key = match self.suppression_key()? {
            Some(key) => key,
            None => self.make_suppression_key()?,
        };
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO suppression (hash, reason, at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                hash((&key, NOT_WRITTEN_TO), contact),
                reason,
                now.0
            ])?;
        Ok(())
    }

    /// Notes that what somebody said until a moment was erased. Before it is: what is on its way
    /// again meanwhile must not come back.
    pub fn note_erased(&self, contact: &ContactKey, until: Timestamp) -> Result<()> {
        let key = match self.suppression_key()? {
            Some(key) => key,
            None => self.make_suppression_key()?,
        };
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO suppression (hash, reason, at) VALUES (?1, 'erased', ?2)",
            )?
            .execute(params![hash((&key, ERASED), contact), until.0])?;
        Ok(())
    }

    /// Lifts a suppression.
    pub fn lift_suppression(&self, contact: &ContactKey) -> Result<()> {
        if let Some(key) = self.suppression_key()? {
            self.sql
                .prepare_cached("DELETE FROM suppression WHERE hash = ?1")?
                .execute([hash((&key, NOT_WRITTEN_TO), contact)])?;
        }
        Ok(())
    }

    fn make_suppression_key(&self) -> Result<Zeroizing<[u8; 32]>> {
        let key = Zeroizing::new(keys::random::<32>());
        self.sql
            .prepare_cached("INSERT INTO shop_keys (name, key) VALUES ('suppression', ?1)")?
            .execute([key.as_slice()])?;
        Ok(key)
    }
}

fn hash((key, what): (&[u8; 32], &[u8]), contact: &ContactKey) -> [u8; 32] {
    let hkdf = Hkdf::<Sha256>::new(Some(what), key);
    let info = [
        contact.kind.name().as_bytes(),
        b"\0",
        contact.value.as_bytes(),
    ];
    let mut hash = [0; 32];
    hkdf.expand_multi_info(&info, &mut hash)
        .expect("32 bytes are within HKDF's reach");
    hash
}
