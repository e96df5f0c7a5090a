//! Deletion receipts: signed text that names nobody. Kept here and as files, so that they outlive
//! `shop.db`.

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::Result;
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

    /// One receipt.
    pub fn receipt(&self, deletion_id: &str) -> Result<Option<Receipt>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM receipts WHERE deletion_id = ?1")?;
        Ok(statement.query_row([deletion_id], from_row).optional()?)
    }
}

impl ShopWrite<'_> {
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
