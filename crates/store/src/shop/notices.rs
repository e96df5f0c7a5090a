//! Things the owner should know, shown until they are put away.

use domain::{ConnectionId, Timestamp};
use rusqlite::{Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::Result;
use crate::sql;

/// Something the owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its row.
    pub id: i64,
    /// What kind of thing, in one word of the engine's.
    pub kind: String,
    /// The connection it is about.
    pub connection: Option<ConnectionId>,
    /// Its particulars, in the engine's form.
    pub body: String,
    /// Since when.
    pub at: Timestamp,
}

impl ShopRead<'_> {
    /// Notices that are not put away, the newest first.
    pub fn notices(&self) -> Result<Vec<Notice>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT id, kind, connection, body, at FROM notices
             WHERE put_away_at IS NULL ORDER BY at DESC, id DESC",
        )?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ShopWrite<'_> {
    /// Shows a notice. One of the same kind and connection that still stands is replaced.
    pub fn notify(
        &self,
        kind: &str,
        connection: Option<ConnectionId>,
        body: &str,
        now: Timestamp,
    ) -> Result<i64> {
        self.withdraw_notice(kind, connection)?;
        self.sql
            .prepare_cached(
                "INSERT INTO notices (kind, connection, body, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                kind,
                connection.as_ref().map(ConnectionId::as_bytes),
                body,
                now.0
            ])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// What a notice was about is over.
    pub fn withdraw_notice(&self, kind: &str, connection: Option<ConnectionId>) -> Result<()> {
        self.sql
            .prepare_cached(
                "DELETE FROM notices
                 WHERE kind = ?1 AND connection IS ?2 AND put_away_at IS NULL",
            )?
            .execute(params![
                kind,
                connection.as_ref().map(ConnectionId::as_bytes)
            ])?;
        Ok(())
    }

    /// The owner has put a notice away.
    pub fn put_away_notice(&self, id: i64, now: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE notices SET put_away_at = ?2 WHERE id = ?1")?
            .execute(params![id, now.0])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Notice> {
    Ok(Notice {
        id: row.get("id")?,
        kind: row.get("kind")?,
        connection: row
            .get::<_, Option<[u8; 16]>>("connection")?
            .map(ConnectionId::from_bytes),
        body: row.get("body")?,
        at: sql::time(row, "at")?,
    })
}
