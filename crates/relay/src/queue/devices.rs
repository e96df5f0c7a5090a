//! Devices: who may ask, and how much waits for them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wire::{DeviceId, VerifyKey};

/// One installation of the desktop program.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) row: i64,
    pub(crate) id: DeviceId,
    pub(crate) identity: VerifyKey,
    pub(crate) seen_at: i64,
}

impl Device {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            row: row.get("row")?,
            id: DeviceId::from_bytes(row.get("id")?),
            identity: VerifyKey::from_bytes(row.get("identity")?),
            seen_at: row.get("seen_at")?,
        })
    }
}

/// What waits for a device, over its connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) envelopes: u64,
    pub(crate) bytes: u64,
}

impl Waiting {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            envelopes: row.get::<_, i64>("waiting")?.unsigned_abs(),
            bytes: row.get::<_, i64>("waiting_bytes")?.unsigned_abs(),
        })
    }
}

pub(crate) fn find(connection: &Connection, id: DeviceId) -> rusqlite::Result<Option<Device>> {
    connection
        .prepare_cached(
            "SELECT row, id, identity, seen_at FROM devices WHERE id = ?1 AND removed_at IS NULL",
        )?
        .query_row([id.as_bytes()], Device::from_row)
        .optional()
}

/// A device by its row, removed or not.
pub(crate) fn by_row(connection: &Connection, row: i64) -> rusqlite::Result<Option<Device>> {
    connection
        .prepare_cached("SELECT row, id, identity, seen_at FROM devices WHERE row = ?1")?
        .query_row([row], Device::from_row)
        .optional()
}

/// Whether a device is enrolled, or once was.
pub(crate) fn was_known(connection: &Connection, id: DeviceId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM devices WHERE id = ?1)")?
        .query_row([id.as_bytes()], |row| row.get(0))
}

/// Makes a device known, or known again.
pub(crate) fn enrol(
    connection: &Connection,
    identity: &VerifyKey,
    now: i64,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO devices
                 (id, identity, enrolled_at, seen_at, removed_at, waiting, waiting_bytes)
             VALUES (?1, ?2, ?3, ?3, NULL, 0, 0)
             ON CONFLICT (id) DO UPDATE SET seen_at = ?3, removed_at = NULL
             RETURNING row",
        )?
        .query_row(
            params![DeviceId::of(identity).as_bytes(), identity.as_bytes(), now],
            |row| row.get(0),
        )
}

pub(crate) fn seen(connection: &Connection, row: i64, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE devices SET seen_at = max(seen_at, ?2) WHERE row = ?1")?
        .execute([row, now])?;
    Ok(())
}

pub(crate) fn remove(connection: &Connection, row: i64, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE devices SET removed_at = ?2 WHERE row = ?1")?
        .execute([row, now])?;
    Ok(())
}

pub(crate) fn add_waiting(
    connection: &Connection,
    row: i64,
    envelopes: i64,
    bytes: usize,
) -> rusqlite::Result<()> {
    change_waiting(
        connection,
        row,
        envelopes,
        i64::try_from(bytes).unwrap_or(i64::MAX),
    )
}

pub(crate) fn change_waiting(
    connection: &Connection,
    row: i64,
    envelopes: i64,
    bytes: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE devices SET waiting = max(0, waiting + ?2),
                                waiting_bytes = max(0, waiting_bytes + ?3)
             WHERE row = ?1",
        )?
        .execute([row, envelopes, bytes])?;
    Ok(())
}
