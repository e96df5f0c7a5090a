//! The cursor of this connection's stream, moved in the transaction that writes the rows, and the
//! earlier seal keys that may still be needed behind it.

use domain::secrets::Secret;
use rusqlite::params;

use super::{VaultRead, VaultWrite};
use crate::cursor::{self, Cursor};
use crate::error::Result;

/// A seal key that was replaced, with the id envelopes name it by.
#[derive(Debug)]
pub struct EarlierSealKey {
    /// The id.
    pub key_id: Vec<u8>,
    /// The private key.
    pub secret: Secret,
}

impl VaultRead<'_> {
    /// How far the stream is; `None` before the first envelope.
    pub fn cursor(&self) -> Result<Option<Cursor>> {
        cursor::read(self.sql)
    }

    /// Keys that were replaced and may still be needed.
    pub fn earlier_seal_keys(&self) -> Result<Vec<EarlierSealKey>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT key_id, secret FROM seal_keys")?;
        let rows = statement.query_map([], |row| {
            Ok(EarlierSealKey {
                key_id: row.get("key_id")?,
                secret: Secret::new(row.get("secret")?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl VaultWrite<'_> {
    /// Moves the cursor. In the transaction that wrote what the envelopes brought, never alone.
    pub fn move_cursor(&self, cursor: &Cursor) -> Result<()> {
        cursor::write(self.sql, cursor)
    }

    /// Keeps a replaced seal key until `durable` has passed `until_seq`.
    pub fn keep_seal_key(&self, key: &EarlierSealKey, until_seq: u64) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO seal_keys (key_id, secret, until_seq) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                key.key_id,
                key.secret.expose_secret_bytes(),
                cursor::number(until_seq)?
            ])?;
        Ok(())
    }

    /// From this sequence on everything is sealed to the present key: earlier ones are needed until
    /// `durable` has passed it.
    pub fn bound_seal_keys(&self, seq: u64) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE seal_keys SET until_seq = ?1 WHERE until_seq > ?1")?
            .execute([cursor::number(seq)?])?;
        Ok(())
    }

    /// Forgets seal keys that nothing behind `durable` needs any more.
    pub fn forget_seal_keys(&self, durable: u64) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM seal_keys WHERE until_seq <= ?1")?
            .execute([cursor::number(durable)?])?;
        Ok(())
    }
}
