//! Codes from the operator that let one device in. Kept as HMACs, used once.

use rusqlite::{Connection, params};

use crate::pseudonym::Pseudonym;

pub(crate) fn add(
    connection: &Connection,
    code: Pseudonym,
    expires_at: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO enrol_codes (code, expires_at) VALUES (?1, ?2)")?
        .execute(params![code.as_bytes(), expires_at])?;
    Ok(())
}

/// Uses a code up. False if it is not good.
pub(crate) fn redeem(connection: &Connection, code: Pseudonym, now: i64) -> rusqlite::Result<bool> {
    let used = connection
        .prepare_cached("DELETE FROM enrol_codes WHERE code = ?1 AND expires_at > ?2")?
        .execute(params![code.as_bytes(), now])?;
    Ok(used == 1)
}
