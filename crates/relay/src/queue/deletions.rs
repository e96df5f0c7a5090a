//! Deletion requests by their public code, and how far each device is with them.

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::DeviceId;
use wire::api::{DeletionState, DeviceState};
use wire::order::DeletionCode;

use crate::deletion::NOT_SEEN;
use crate::pseudonym::Pseudonym;

/// A request as its page shows it.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) code: DeletionCode,
    pub(crate) received_at: i64,
    pub(crate) relay_erased_at: Option<i64>,
    pub(crate) envelopes: u64,
    pub(crate) refused: Option<(i64, String)>,
    pub(crate) devices: Vec<(DeviceState, i64)>,
}

impl Deletion {
    /// How far it is, told from its parts.
    pub(crate) fn state(&self) -> DeletionState {
        let done =
            |state: &DeviceState| matches!(state, DeviceState::Erased | DeviceState::Removed);
        if self.refused.is_some() {
            DeletionState::Refused
        } else if self.relay_erased_at.is_none() {
            DeletionState::Received
        } else if self.devices.iter().all(|(state, _)| done(state)) {
            DeletionState::Completed
        } else {
            DeletionState::RelayErased
        }
    }
}

pub(crate) fn code_of(
    connection: &Connection,
    request: Pseudonym,
) -> rusqlite::Result<Option<DeletionCode>> {
    let code: Option<String> = connection
        .prepare_cached("SELECT code FROM deletions WHERE request = ?1")?
        .query_row([request.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(code.and_then(|code| code.parse().ok()))
}

pub(crate) fn make(
    connection: &Connection,
    (code, request): (DeletionCode, Pseudonym),
    envelopes: u64,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO deletions
                 (code, request, received_at, relay_erased_at, envelopes, refused_at, reason)
             VALUES (?1, ?2, ?3, ?3, ?4, NULL, NULL)",
        )?
        .execute(params![
            code.as_str(),
            request.as_bytes(),
            now,
            envelopes.cast_signed()
        ])?;
    Ok(())
}

pub(crate) fn wait_for(
    connection: &Connection,
    code: DeletionCode,
    device: DeviceId,
    seen_at: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO deletion_devices (code, device, state, at)
             VALUES (?1, ?2, 'waiting', ?3)",
        )?
        .execute(params![code.as_str(), device.as_bytes(), seen_at])?;
    Ok(())
}

/// A device is done with one request, or with all of its requests.
pub(crate) fn mark(
    connection: &Connection,
    device: DeviceId,
    code: Option<DeletionCode>,
    (state, at): (DeviceState, i64),
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE deletion_devices SET state = ?3, at = ?4
             WHERE device = ?1 AND (?2 IS NULL OR code = ?2)
               AND state IN ('waiting', 'not_reached')",
        )?
        .execute(params![
            device.as_bytes(),
            code.map(|code| code.to_string()),
            name_of(state),
            at
        ])
}

/// Whether a request waits for this device.
pub(crate) fn reaches(
    connection: &Connection,
    device: DeviceId,
    code: DeletionCode,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM deletion_devices
                            WHERE device = ?1 AND code = ?2 AND state = 'waiting')",
        )?
        .query_row(params![device.as_bytes(), code.as_str()], |row| row.get(0))
}

pub(crate) fn refuse(
    connection: &Connection,
    code: DeletionCode,
    reason: &str,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE deletions SET refused_at = ?2, reason = ?3
             WHERE code = ?1 AND refused_at IS NULL",
        )?
        .execute(params![code.as_str(), now, reason])?;
    Ok(())
}

/// A request and its devices, as they are at this moment. A device that waits and has not been seen
/// for long counts as not reached; its order waits for it all the same.
pub(crate) fn find(
    connection: &Connection,
    code: DeletionCode,
    now: i64,
) -> rusqlite::Result<Option<Deletion>> {
    let found = connection
        .prepare_cached(
            "SELECT received_at, relay_erased_at, envelopes, refused_at, reason
             FROM deletions WHERE code = ?1",
        )?
        .query_row([code.as_str()], |row| {
            let refused_at: Option<i64> = row.get("refused_at")?;
            let reason: Option<String> = row.get("reason")?;
            Ok(Deletion {
                code,
                received_at: row.get("received_at")?,
                relay_erased_at: row.get("relay_erased_at")?,
                envelopes: row.get::<_, i64>("envelopes")?.unsigned_abs(),
                refused: refused_at.map(|at| (at, reason.unwrap_or_default())),
                devices: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut deletion) = found else {
        return Ok(None);
    };
    // A device that waits is shown with the moment it was last seen, which moves on.
    let mut statement = connection.prepare_cached(
        "SELECT r.state, CASE r.state WHEN 'waiting' THEN max(r.at, coalesce(d.seen_at, 0))
                                      ELSE r.at END AS at
         FROM deletion_devices r LEFT JOIN devices d ON d.id = r.device
         WHERE r.code = ?1 ORDER BY at",
    )?;
    let devices = statement.query_map([code.as_str()], |row| {
        let (state, at): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok(match state_of(&state) {
            DeviceState::Waiting if at <= now - NOT_SEEN => (DeviceState::NotReached, at),
            state => (state, at),
        })
    })?;
    deletion.devices = devices.collect::<rusqlite::Result<_>>()?;
    Ok(Some(deletion))
}

/// Forgets requests received before a moment.
pub(crate) fn forget(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM deletion_devices
             WHERE code IN (SELECT code FROM deletions WHERE received_at <= ?1)",
        )?
        .execute([before])?;
    connection
        .prepare_cached("DELETE FROM deletions WHERE received_at <= ?1")?
        .execute([before])?;
    Ok(())
}

const fn name_of(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Waiting => "waiting",
        DeviceState::Erased => "erased",
        DeviceState::Removed => "removed",
        DeviceState::NotReached => "not_reached",
    }
}

fn state_of(name: &str) -> DeviceState {
    [
        DeviceState::Erased,
        DeviceState::Removed,
        DeviceState::NotReached,
    ]
    .into_iter()
    .find(|state| name_of(*state) == name)
    .unwrap_or(DeviceState::Waiting)
}
