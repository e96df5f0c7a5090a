//! Deletion receipts: signed text that names nobody. Also what is still owed for wipes of connections:
//! the relay's answer, and keychain items that a locked keychain kept.

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::{Error, Result};
use crate::journal::Wipe;
use crate::sql;

/// A deletion receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The deletion it proves.
    pub deletion_id: String,
    /// What was erased, in the words of the list: a channel and a date, never a name.
    pub scope: String,
    /// The signed text.
    pub text: String,
    /// When it was complete.
    pub at: Timestamp,
}

impl ShopRead<'_> {
    /// Every receipt, the newest first.
    pub fn receipts(&self) -> Result<Vec<Receipt>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM receipts ORDER BY at DESC, deletion_id")?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Wipes of connections that are complete here and not yet everywhere.
    pub fn owed(&self) -> Result<Vec<Wipe>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT wipe FROM owed ORDER BY deletion_id")?;
        let rows = statement.query_map([], |row| {
            let wipe: String = row.get("wipe")?;
            serde_json::from_str(&wipe).map_err(|_| sql::unreadable("wipe"))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One receipt.
    pub fn receipt(&self, deletion_id: &str) -> Result<Option<Receipt>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM receipts WHERE deletion_id = ?1")?;
        Ok(statement.query_row([deletion_id], from_row).optional()?)
    }
}

impl ShopWrite<'_> {
    /// Takes a wipe over from the journal, or notes what is still owed for it. Before
    /// [`crate::WipeJournal::finish`].
    pub fn owe(&self, wipe: &Wipe) -> Result<()> {
        let text = serde_json::to_string(wipe).map_err(|_| Error::Invalid("wipe"))?;
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO owed (deletion_id, wipe) VALUES (?1, ?2)")?
            .execute([&wipe.deletion_id, &text])?;
        Ok(())
    }

    /// Nothing is owed any more for a wipe.
    pub fn settle_wipe(&self, deletion_id: &str) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM owed WHERE deletion_id = ?1")?
            .execute([deletion_id])?;
        Ok(())
    }

    /// Keeps a receipt.
    pub fn keep_receipt(&self, receipt: &Receipt) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO receipts (deletion_id, scope, text, at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                receipt.deletion_id,
                receipt.scope,
                receipt.text,
                receipt.at.0
            ])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        deletion_id: row.get("deletion_id")?,
        scope: row.get("scope")?,
        text: row.get("text")?,
        at: sql::time(row, "at")?,
    })
}
