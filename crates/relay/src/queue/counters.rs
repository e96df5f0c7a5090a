//! Counts that survive a restart and that `doctor` names. Names are ours, never content.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

/// A webhook whose signature was good and whose bytes were no JSON.
pub(crate) const NOT_JSON: &str = "webhooks_not_json";
/// A part of a webhook for an account nobody here has connected.
pub(crate) const UNKNOWN_ACCOUNT: &str = "parts_unknown_account";
/// A part of a webhook that says neither what it is about nor whose it is.
pub(crate) const NAMELESS: &str = "parts_nameless";
/// A webhook that was accepted.
pub(crate) const ACCEPTED: &str = "webhooks_accepted";
/// A webhook whose signature was not good.
pub(crate) const FORGED: &str = "webhooks_forged";
/// A webhook that had come before.
pub(crate) const REPEATED: &str = "webhooks_repeated";
/// A webhook, new or repeated, that the first of the live app secrets signed.
pub(crate) const SLOT_1: &str = "webhooks_slot_1";
/// A webhook, new or repeated, that during a rotation the second one signed.
pub(crate) const SLOT_2: &str = "webhooks_slot_2";
/// A look whether the store can be written.
pub(crate) const READY_CHECKS: &str = "ready_checks";

/// A count and when it last grew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) value: u64,
    pub(crate) at: i64,
}

/// Adds to a count. Nothing to add leaves it as it is, also when it last grew.
pub(crate) fn add(connection: &Connection, name: &str, by: u64, now: i64) -> rusqlite::Result<()> {
    if by == 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO counters (name, value, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET value = value + ?2, at = ?3",
        )?
        .execute(params![name, by.cast_signed(), now])?;
    Ok(())
}

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Count>> {
    connection
        .prepare_cached("SELECT name, value, at FROM counters")?
        .query_map([], |row| {
            let count = Count {
                value: row.get::<_, i64>(1)?.unsigned_abs(),
                at: row.get(2)?,
            };
            Ok((row.get(0)?, count))
        })?
        .collect()
}
