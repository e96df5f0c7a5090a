//! What could not be understood: raw, kept, shown as "unsupported", tried again after an update. It
//! never blocks what comes after it.

use domain::{ConversationId, Timestamp};
use rusqlite::{Row, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// An event to be kept raw.
#[derive(Clone, Debug)]
pub struct NewQuarantine<'a> {
    /// Its event key.
    pub event_key: &'a str,
    /// The bytes as they came out of the envelope.
    pub raw: &'a [u8],
    /// Why, as a word: the platform's kind, or what failed.
    pub reason: &'a str,
    /// Whose conversation it belongs to, where that could be told.
    pub conversation: Option<ConversationId>,
    /// When it came.
    pub at: Timestamp,
    /// The version of the program that could not understand it.
    pub tried_with: &'a str,
}

/// A raw event to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its row.
    pub id: i64,
    /// Its event key.
    pub event_key: String,
    /// The bytes.
    pub raw: Vec<u8>,
    /// Why it is here.
    pub reason: String,
    /// When it came.
    pub at: Timestamp,
}

impl VaultRead<'_> {
    /// Events that this version of the program has not tried yet, oldest first.
    pub fn quarantined(&self, version: &str, limit: u32) -> Result<Vec<Quarantined>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT id, event_key, raw, reason, at FROM quarantine
             WHERE tried_with < ?1 OR tried_with > ?1 ORDER BY tried_with, id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![version, limit], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many events are kept raw.
    pub fn quarantine_count(&self) -> Result<u32> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT count(*) AS n FROM quarantine")?;
        Ok(statement.query_row([], |row| sql::count(row, "n"))?)
    }
}

impl VaultWrite<'_> {
    /// Keeps an event raw. The row may be linked from the message that is shown for it.
    pub fn quarantine(&self, new: &NewQuarantine<'_>) -> Result<i64> {
        let conversation = new.conversation.map(|id| self.expect_row(id)).transpose()?;
        self.sql
            .prepare_cached(
                "INSERT INTO quarantine (event_key, raw, reason, conversation, at, tried_with)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                new.event_key,
                new.raw,
                new.reason,
                conversation,
                new.at.0,
                new.tried_with
            ])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// It is known now whose it is: what is raw goes with the rest when that person is erased.
    pub(crate) fn claim_quarantine(&self, id: i64, conversation: i64) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE quarantine SET conversation = ?2 WHERE id = ?1")?
            .execute([id, conversation])?;
        Ok(())
    }

    /// Notes that this version could not understand it either.
    pub fn tried_again(&self, id: i64, version: &str) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE quarantine SET tried_with = ?2 WHERE id = ?1")?
            .execute(params![id, version])?;
        Ok(())
    }

    /// Removes an event that is understood now, in the transaction that applies it.
    pub fn leave_quarantine(&self, id: i64) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM quarantine WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        id: row.get("id")?,
        event_key: row.get("event_key")?,
        raw: row.get("raw")?,
        reason: row.get("reason")?,
        at: sql::time(row, "at")?,
    })
}
