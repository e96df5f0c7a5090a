//! Wipes the relay has answered. The same wipe told again gets the same answer.

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::DeletionId;
use wire::order::DeletionCode;

/// What was told and what was answered.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) notice: String,
    pub(crate) completion: String,
    pub(crate) statement: String,
}

pub(crate) fn find(
    connection: &Connection,
    deletion: DeletionId,
) -> rusqlite::Result<Option<Receipt>> {
    connection
        .prepare_cached("SELECT notice, completion, statement FROM receipts WHERE deletion = ?1")?
        .query_row([deletion.as_bytes()], from_row)
        .optional()
}

pub(crate) fn keep(
    connection: &Connection,
    (deletion, code): (DeletionId, Option<DeletionCode>),
    receipt: &Receipt,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO receipts (deletion, code, notice, completion, statement, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            deletion.as_bytes(),
            code.map(|code| code.to_string()),
            receipt.notice,
            receipt.completion,
            receipt.statement,
            now
        ])?;
    Ok(())
}

/// The receipts of a request, one per device that carried it out.
pub(crate) fn of_code(
    connection: &Connection,
    code: DeletionCode,
) -> rusqlite::Result<Vec<Receipt>> {
    connection
        .prepare_cached(
            "SELECT notice, completion, statement FROM receipts WHERE code = ?1 ORDER BY at",
        )?
        .query_map([code.as_str()], from_row)?
        .collect()
}

pub(crate) fn forget(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM receipts WHERE at <= ?1")?
        .execute([before])?;
    Ok(())
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        notice: row.get("notice")?,
        completion: row.get("completion")?,
        statement: row.get("statement")?,
    })
}
