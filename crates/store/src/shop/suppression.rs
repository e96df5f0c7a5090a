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
            .query_row([hash(&key, contact)], |row| row.get(0))
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
            .execute(params![hash(&key, contact), reason, now.0])?;
        Ok(())
    }

    /// Lifts a suppression.
    pub fn lift_suppression(&self, contact: &ContactKey) -> Result<()> {
        if let Some(key) = self.suppression_key()? {
            self.sql
                .prepare_cached("DELETE FROM suppression WHERE hash = ?1")?
                .execute([hash(&key, contact)])?;
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

fn hash(key: &[u8; 32], contact: &ContactKey) -> [u8; 32] {
    let hkdf = Hkdf::<Sha256>::new(Some(b"shopbell/suppression/v1"), key);
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
