//! Logins: which person, by pseudonym, granted something to which device, and when.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wire::LoginId;

use crate::pseudonym::Pseudonym;

/// One grant at a platform.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) row: i64,
    pub(crate) id: LoginId,
    pub(crate) person: Pseudonym,
    pub(crate) device: i64,
    pub(crate) made_at: i64,
    /// When the person last let the app in, by this login or a later one.
    pub(crate) let_in_at: i64,
    pub(crate) deauthorized_at: Option<i64>,
}

impl Login {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let person: [u8; 32] = row.get("person")?;
        Ok(Self {
            row: row.get("row")?,
            id: LoginId::from_bytes(row.get("id")?),
            person: Pseudonym::from_slice(&person).ok_or(rusqlite::Error::InvalidQuery)?,
            device: row.get("device")?,
            made_at: row.get("made_at")?,
            let_in_at: row.get("let_in_at")?,
            deauthorized_at: row.get("deauthorized_at")?,
        })
    }
}

/// Makes a login; making it again changes nothing.
pub(crate) fn make(
    connection: &Connection,
    (id, person): (LoginId, Pseudonym),
    device: i64,
    made_at: i64,
) -> rusqlite::Result<Option<Login>> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO logins
                 (id, person, device, made_at, let_in_at, deauthorized_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?4, NULL, NULL)",
        )?
        .execute(params![id.as_bytes(), person.as_bytes(), device, made_at])?;
    of_device(connection, device, id)
}

/// A login of a device that has not ended.
pub(crate) fn of_device(
    connection: &Connection,
    device: i64,
    id: LoginId,
) -> rusqlite::Result<Option<Login>> {
    connection
        .prepare_cached(
            "SELECT row, id, person, device, made_at, let_in_at, deauthorized_at FROM logins
             WHERE device = ?1 AND id = ?2 AND ended_at IS NULL",
        )?
        .query_row(params![device, id.as_bytes()], Login::from_row)
        .optional()
}

/// The logins a stream rests on that have not ended.
pub(crate) fn of_stream(connection: &Connection, stream: i64) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "SELECT l.row FROM routes r JOIN logins l ON l.row = r.login
             WHERE r.stream = ?1 AND l.ended_at IS NULL ORDER BY l.row",
        )?
        .query_map([stream], |row| row.get(0))?
        .collect()
}

/// All logins of a person that have not ended, on whatever device.
pub(crate) fn of_person(
    connection: &Connection,
    person: Pseudonym,
) -> rusqlite::Result<Vec<Login>> {
    connection
        .prepare_cached(
            "SELECT row, id, person, device, made_at, let_in_at, deauthorized_at FROM logins
             WHERE person = ?1 AND ended_at IS NULL ORDER BY row",
        )?
        .query_map([person.as_bytes()], Login::from_row)?
        .collect()
}

/// Logins whose grace has ended: deauthorized before `before`.
pub(crate) fn deauthorized_before(
    connection: &Connection,
    before: i64,
) -> rusqlite::Result<Vec<Login>> {
    connection
        .prepare_cached(
            "SELECT row, id, person, device, made_at, let_in_at, deauthorized_at FROM logins
             WHERE deauthorized_at <= ?1 AND ended_at IS NULL ORDER BY device, row",
        )?
        .query_map([before], Login::from_row)?
        .collect()
}

/// The grace of a login begins; its routes are not live meanwhile.
pub(crate) fn deauthorize(connection: &Connection, row: i64, at: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE logins SET deauthorized_at = ?2 WHERE row = ?1")?
        .execute([row, at])?;
    Ok(())
}

/// The person has let the app in at a moment: no grace runs any more, and what Meta said before
/// that moment no longer reaches any of their logins.
pub(crate) fn let_in(connection: &Connection, person: Pseudonym, at: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE logins SET let_in_at = max(let_in_at, ?2), deauthorized_at = NULL
             WHERE person = ?1 AND ended_at IS NULL",
        )?
        .execute(params![person.as_bytes(), at])?;
    Ok(())
}

/// Ends a login and forgets whose it was.
pub(crate) fn end(connection: &Connection, row: i64, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE logins SET ended_at = ?2, person = zeroblob(32) WHERE row = ?1")?
        .execute([row, now])?;
    Ok(())
}

/// Ends all logins of a device.
pub(crate) fn end_all(connection: &Connection, device: i64, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE logins SET ended_at = ?2, person = zeroblob(32)
             WHERE device = ?1 AND ended_at IS NULL",
        )?
        .execute([device, now])?;
    Ok(())
}
