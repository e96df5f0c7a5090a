//! The control stream's cursor, and envelopes that do not open: sealed bytes with a good signature,
//! acknowledged, counted in Settings.

use domain::{ConnectionId, Timestamp};
use rusqlite::params;

use super::{ShopRead, ShopWrite};
use crate::cursor::{self, Cursor};
use crate::error::Result;
use crate::sql;

/// An envelope that does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// Its stream.
    pub stream: [u8; 16],
    /// Its sequence.
    pub seq: u64,
    /// Whose it was; `None` for the control stream.
    pub connection: Option<ConnectionId>,
    /// The sealed bytes.
    pub envelope: Vec<u8>,
    /// Why, in one word.
    pub reason: String,
    /// When it came.
    pub at: Timestamp,
}

impl ShopRead<'_> {
    /// How far the control stream is.
    pub fn control_cursor(&self) -> Result<Option<Cursor>> {
        cursor::read(self.sql)
    }

    /// How many envelopes did not open.
    pub fn unopened_count(&self) -> Result<u32> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT count(*) AS n FROM unopened")?;
        Ok(statement.query_row([], |row| sql::count(row, "n"))?)
    }

    /// Envelopes that did not open, to be tried with another key.
    pub fn unopened(&self, limit: u32) -> Result<Vec<Unopened>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM unopened ORDER BY id LIMIT ?1")?;
        let rows = statement.query_map([limit], |row| {
            let seq: i64 = row.get("seq")?;
            let connection: Option<[u8; 16]> = row.get("connection")?;
            Ok(Unopened {
                stream: row.get("stream")?,
                seq: u64::try_from(seq).map_err(|_| sql::unreadable("seq"))?,
                connection: connection.map(ConnectionId::from_bytes),
                envelope: row.get("envelope")?,
                reason: row.get("reason")?,
                at: sql::time(row, "at")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ShopWrite<'_> {
    /// Moves the control stream's cursor.
    pub fn move_control_cursor(&self, cursor: &Cursor) -> Result<()> {
        cursor::write(self.sql, cursor)
    }

    /// Keeps an envelope that does not open. Before the cursor passes it.
    pub fn keep_unopened(&self, unopened: &Unopened) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT OR IGNORE INTO unopened (stream, seq, connection, envelope, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                unopened.stream,
                cursor::number(unopened.seq)?,
                unopened.connection.as_ref().map(ConnectionId::as_bytes),
                unopened.envelope,
                unopened.reason,
                unopened.at.0
            ])?;
        Ok(())
    }

    /// Removes an envelope that has been opened after all.
    pub fn forget_unopened(&self, stream: &[u8; 16], seq: u64) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM unopened WHERE stream = ?1 AND seq = ?2")?
            .execute(params![stream, cursor::number(seq)?])?;
        Ok(())
    }
}
