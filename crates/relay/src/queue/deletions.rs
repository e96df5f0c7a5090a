//! Deletion requests by their public code, and how far each device is with them.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::api::{DeletionState, DeviceState};
use wire::order::DeletionCode;
use wire::{DeviceId, LoginId};

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
        let done = |state: &DeviceState| *state == DeviceState::Erased;
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

/// What the relay erased of its own.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) streams: u64,
    pub(crate) envelopes: u64,
    pub(crate) routes: u64,
    /// When the last of it went.
    pub(crate) at: Option<i64>,
}

impl Erased {
    pub(crate) fn add(&mut self, other: Self) {
        self.streams += other.streams;
        self.envelopes += other.envelopes;
        self.routes += other.routes;
        self.at = self.at.max(other.at);
    }
}

/// What a request asks of one device.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) device: DeviceId,
    pub(crate) seen_at: i64,
    pub(crate) logins: &'a [LoginId],
    /// What the relay has erased for it.
    pub(crate) erased: Erased,
}

/// From here on a request waits for a device.
pub(crate) fn wait_for(
    connection: &Connection,
    code: DeletionCode,
    asked: &Asked<'_>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO deletion_devices
                 (code, device, state, at, streams, envelopes, routes)
             VALUES (?1, ?2, 'waiting', ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            code.as_str(),
            asked.device.as_bytes(),
            asked.seen_at,
            asked.erased.streams.cast_signed(),
            asked.erased.envelopes.cast_signed(),
            asked.erased.routes.cast_signed()
        ])?;
    for login in asked.logins {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO deletion_logins (code, device, login) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                code.as_str(),
                asked.device.as_bytes(),
                login.as_bytes()
            ])?;
    }
    Ok(())
}

/// The requests whose last login on a device is among these: a wipe that names them has done what
/// they ask, whoever asked for that wipe.
pub(crate) fn covered_by(
    connection: &Connection,
    device: DeviceId,
    logins: &[LoginId],
) -> rusqlite::Result<Vec<DeletionCode>> {
    let mut touched = BTreeSet::new();
    for login in logins {
        let codes: Vec<String> = connection
            .prepare_cached(
                "DELETE FROM deletion_logins WHERE device = ?1 AND login = ?2 RETURNING code",
            )?
            .query_map(params![device.as_bytes(), login.as_bytes()], |row| {
                row.get(0)
            })?
            .collect::<rusqlite::Result<_>>()?;
        touched.extend(codes);
    }
    let mut covered = Vec::new();
    for code in touched {
        let more: bool = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM deletion_logins WHERE code = ?1 AND device = ?2)",
            )?
            .query_row(params![code, device.as_bytes()], |row| row.get(0))?;
        if !more {
            covered.extend(code.parse::<DeletionCode>());
        }
    }
    Ok(covered)
}

/// The requests that still wait for a device.
pub(crate) fn waiting_for(
    connection: &Connection,
    device: DeviceId,
) -> rusqlite::Result<Vec<DeletionCode>> {
    let codes: Vec<String> = connection
        .prepare_cached(
            "SELECT code FROM deletion_devices WHERE device = ?1 AND state <> 'erased'",
        )?
        .query_map([device.as_bytes()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(codes
        .into_iter()
        .filter_map(|code| code.parse().ok())
        .collect())
}

/// A device has done what a request asks of it. What the relay had erased for that is told once;
/// `None` if the request never was for this device.
pub(crate) fn done(
    connection: &Connection,
    device: DeviceId,
    code: DeletionCode,
    now: i64,
) -> rusqlite::Result<Option<Erased>> {
    let erased = connection
        .prepare_cached(
            "SELECT r.streams, r.envelopes, r.routes, d.relay_erased_at
             FROM deletion_devices r JOIN deletions d ON d.code = r.code
             WHERE r.device = ?1 AND r.code = ?2",
        )?
        .query_row(params![device.as_bytes(), code.as_str()], |row| {
            let count = |column: &str| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(Erased {
                streams: count("streams")?,
                envelopes: count("envelopes")?,
                routes: count("routes")?,
                at: row.get("relay_erased_at")?,
            })
        })
        .optional()?;
    connection
        .prepare_cached(
            "UPDATE deletion_devices SET streams = 0, envelopes = 0, routes = 0,
                 at = CASE state WHEN 'erased' THEN at ELSE ?3 END, state = 'erased'
             WHERE device = ?1 AND code = ?2",
        )?
        .execute(params![device.as_bytes(), code.as_str(), now])?;
    connection
        .prepare_cached("DELETE FROM deletion_logins WHERE device = ?1 AND code = ?2")?
        .execute(params![device.as_bytes(), code.as_str()])?;
    Ok(erased)
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
                            WHERE device = ?1 AND code = ?2 AND state IN ('waiting', 'not_reached'))",
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
    for part in ["deletion_devices", "deletion_logins"] {
        let sql = format!(
            "DELETE FROM {part}
             WHERE code IN (SELECT code FROM deletions WHERE received_at <= ?1)"
        );
        connection.prepare_cached(&sql)?.execute([before])?;
    }
    connection
        .prepare_cached("DELETE FROM deletions WHERE received_at <= ?1")?
        .execute([before])?;
    Ok(())
}

fn state_of(name: &str) -> DeviceState {
    match name {
        "erased" => DeviceState::Erased,
        "not_reached" => DeviceState::NotReached,
        _ => DeviceState::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(devices: &[DeviceState]) -> DeletionState {
        let request = Deletion {
            code: DeletionCode::from_entropy([1; 15]),
            received_at: 0,
            relay_erased_at: Some(0),
            envelopes: 0,
            refused: None,
            devices: devices.iter().map(|state| (*state, 0)).collect(),
        };
        request.state()
    }

    #[test]
    fn only_what_devices_confirmed_completes_a_request() {
        assert_eq!(state(&[]), DeletionState::Completed, "nothing is held");
        assert_eq!(state(&[DeviceState::Erased]), DeletionState::Completed);
        for unconfirmed in [DeviceState::Waiting, DeviceState::NotReached] {
            let both = [DeviceState::Erased, unconfirmed];
            assert_eq!(state(&both), DeletionState::RelayErased, "{unconfirmed:?}");
        }
    }
}
