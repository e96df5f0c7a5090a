//! Visible rows "N messages could not be recovered". A gap is shown, never hidden, and never taken
//! for a deletion.

use domain::{ConversationId, Timestamp};
use rusqlite::{Row, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// Messages that are known to have existed and could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where they were; `None` if only the connection is known.
    pub conversation: Option<ConversationId>,
    /// Their place in the thread.
    pub at: Timestamp,
    /// How many.
    pub lost: u32,
    /// Why, as a word of the engine's.
    pub reason: String,
}

impl VaultRead<'_> {
    /// The gaps of a conversation between two moments, and those of the whole connection.
    pub fn gaps(
        &self,
        conversation: ConversationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Gap>> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(Vec::new());
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT conversation, at, lost, reason FROM gaps
             WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3
             UNION ALL
             SELECT conversation, at, lost, reason FROM gaps
             WHERE conversation IS NULL AND at BETWEEN ?2 AND ?3
             ORDER BY at",
        )?;
        let rows = statement.query_map([row, from.0, to.0], |row| self.gap(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many messages of this connection are known to be lost.
    pub fn lost(&self) -> Result<u64> {
        let lost: i64 = self
            .sql
            .prepare_cached("SELECT coalesce(sum(lost), 0) FROM gaps")?
            .query_row([], |row| row.get(0))?;
        Ok(u64::try_from(lost).unwrap_or(0))
    }

    fn gap(&self, row: &Row<'_>) -> rusqlite::Result<Gap> {
        let conversation: Option<i64> = row.get("conversation")?;
        Ok(Gap {
            conversation: conversation.map(|row| self.conversation_id(row)),
            at: sql::time(row, "at")?,
            lost: sql::count(row, "lost")?,
            reason: row.get("reason")?,
        })
    }
}

impl VaultWrite<'_> {
    /// Writes a gap down. The same gap found again (same place, same moment) keeps the larger count.
    pub fn note_gap(&self, gap: &Gap) -> Result<()> {
        self.write_gap(
            gap,
            "UPDATE gaps SET lost = max(lost, ?3)
             WHERE conversation IS ?1 AND at = ?2 AND reason = ?4",
        )
    }

    /// Writes down what is lost besides what was written down of this place and moment before. What
    /// nobody counted stands beside what was counted.
    pub fn add_gap(&self, gap: &Gap) -> Result<()> {
        self.write_gap(
            gap,
            "UPDATE gaps SET lost = lost + ?3
             WHERE conversation IS ?1 AND at = ?2 AND reason = ?4 AND (lost = 0) = (?3 = 0)",
        )
    }

    fn write_gap(&self, gap: &Gap, known: &str) -> Result<()> {
        let conversation = gap.conversation.map(|id| self.expect_row(id)).transpose()?;
        let updated = self.sql.prepare_cached(known)?.execute(params![
            conversation,
            gap.at.0,
            gap.lost,
            gap.reason
        ])?;
        if updated == 0 {
            self.sql
                .prepare_cached(
                    "INSERT INTO gaps (conversation, at, lost, reason) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![conversation, gap.at.0, gap.lost, gap.reason])?;
        }
        Ok(())
    }
}
