//! Webhook bodies that came before, by HMAC, for eight days: longer than Meta repeats one.

use rusqlite::{Connection, params};

use crate::clock::DAY;
use crate::pseudonym::Pseudonym;

/// How long a body is remembered.
pub(crate) const MEMORY: i64 = 8 * DAY;

pub(crate) fn is_known(connection: &Connection, body: Pseudonym) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM seen WHERE body = ?1)")?
        .query_row([body.as_bytes()], |row| row.get(0))
}

/// Remembers a body. False if it was remembered before: the index decides, not an earlier look.
pub(crate) fn remember(
    connection: &Connection,
    body: Pseudonym,
    now: i64,
) -> rusqlite::Result<bool> {
    let new = connection
        .prepare_cached("INSERT OR IGNORE INTO seen (body, at) VALUES (?1, ?2)")?
        .execute(params![body.as_bytes(), now])?;
    Ok(new == 1)
}

pub(crate) fn forget(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM seen WHERE at <= ?1")?
        .execute([now - MEMORY])?;
    Ok(())
}
