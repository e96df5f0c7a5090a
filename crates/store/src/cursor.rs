//! How far a stream from the relay has been written down. The same table in every database that has
//! a stream: each vault its own, `shop.db` the control stream.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Error, Result};

/// A place in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The stream. A relay that was restored gives it a new id.
    pub stream: [u8; 16],
    /// The last sequence that was written down; the relay stops sending it.
    pub seq: u64,
    /// The chain hash after that envelope.
    pub chain: [u8; 32],
    /// The last sequence that survives anything; the relay may erase it.
    pub durable: u64,
}

pub(crate) fn read(sql: &Connection) -> Result<Option<Cursor>> {
    let mut statement =
        sql.prepare_cached("SELECT stream, seq, chain, durable FROM cursor WHERE one = 1")?;
    let found = statement
        .query_row([], |row| {
            let numbers: (i64, i64) = (row.get("seq")?, row.get("durable")?);
            Ok((row.get("stream")?, row.get("chain")?, numbers))
        })
        .optional()?;
    let Some((stream, chain, (seq, durable))) = found else {
        return Ok(None);
    };
    let number = |value: i64| u64::try_from(value).map_err(|_| Error::Damaged(None));
    Ok(Some(Cursor {
        stream,
        seq: number(seq)?,
        chain,
        durable: number(durable)?,
    }))
}

pub(crate) fn write(sql: &Connection, cursor: &Cursor) -> Result<()> {
    sql.prepare_cached(
        "INSERT OR REPLACE INTO cursor (one, stream, seq, chain, durable)
         VALUES (1, ?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        cursor.stream,
        number(cursor.seq)?,
        cursor.chain,
        number(cursor.durable)?
    ])?;
    Ok(())
}

/// A sequence as SQLite keeps it.
pub(crate) fn number(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::Invalid("sequence"))
}
