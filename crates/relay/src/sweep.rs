//! What time does: every minute the relay erases what has lived long enough, stops what was not
//! proven again, and ends what a grace has ended.

use std::time::Duration;

use rusqlite::{Connection, params};
use wire::StreamId;
use wire::api::DeviceState;
use wire::event::{Control, GapReason, StopReason};

use crate::clock::{DAY, MINUTE};
use crate::deletion::{self, CODE_LIFE, NOT_SEEN};
use crate::queue::{Commit, Result, counters, deletions, devices, pending, receipts, routes, seen};
use crate::relay::Relay;

const EVERY: Duration = Duration::from_secs(60);
/// How long an envelope stays after the device has it for good.
const AFTER_DURABLE: i64 = DAY;
/// How long the control stream keeps what a sleeping device has to hear.
const CONTROL_AGE: i64 = NOT_SEEN;
/// How long a dropped stream is remembered, so that dropping it again gets the same answer.
const DROPPED_AGE: i64 = 30 * DAY;

/// Sweeps until the relay stops, and once more then.
pub(crate) async fn run(relay: Relay) {
    loop {
        once(&relay).await;
        tokio::select! {
            () = relay.stop().cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    once(&relay).await;
}

/// One sweep.
pub(crate) async fn once(relay: &Relay) {
    let now = relay.clock().now();
    relay.limits().forget(now);
    let forged = relay.take_forged();
    let age = relay.config().limits.age;
    let swept = relay.queue().write(now, move |commit| {
        if forged > 0 {
            counters::add(commit, counters::FORGED, forged, now)?;
        }
        sweep(commit, age)
    });
    if let Err(why) = swept.await {
        tracing::error!(%why, "a sweep failed");
    }
}

fn sweep(commit: &mut Commit<'_>, age: i64) -> Result<()> {
    let now = commit.now();
    erase_passed(commit, now)?;
    erase_expired(commit, now, age)?;
    stop_unproven(commit, now)?;
    deletion::end_grace(commit)?;
    for device in devices::unseen_since(commit, now - NOT_SEEN)? {
        deletion::remove_device(commit, &device, DeviceState::NotReached)?;
        tracing::info!(device = %device.id, "a device was not seen for 180 days");
    }
    pending::burn_expired(commit, now)?;
    seen::forget(commit, now)?;
    deletions::forget(commit, now - CODE_LIFE)?;
    receipts::forget(commit, now - CODE_LIFE)?;
    commit.execute("DELETE FROM enrol_codes WHERE expires_at <= ?1", [now])?;
    forget_dropped(commit, now)?;
    Ok(())
}

fn erase_passed(commit: &mut Commit<'_>, now: i64) -> Result<()> {
    let erased = commit.execute(
        "DELETE FROM envelopes WHERE passed_at <= ?1",
        [now - AFTER_DURABLE],
    )?;
    if erased > 0 {
        commit.erased();
    }
    forget_heads(commit)
}

/// A head over an envelope that is gone proves nothing to anybody.
fn forget_heads(connection: &Connection) -> Result<()> {
    connection.execute(
        "DELETE FROM heads WHERE NOT EXISTS (
             SELECT 1 FROM envelopes e
             WHERE e.stream = heads.stream AND e.sequence = heads.sequence)",
        [],
    )?;
    Ok(())
}

/// A stream with envelopes that were kept as long as they may be.
struct Expired {
    stream: i64,
    id: StreamId,
    device: i64,
    count: u64,
    bytes: i64,
    since: i64,
    until: i64,
}

fn erase_expired(commit: &mut Commit<'_>, now: i64, age: i64) -> Result<()> {
    let before = (now - age).div_euclid(MINUTE);
    let control_before = (now - CONTROL_AGE).div_euclid(MINUTE);
    for expired in expired(commit, before)? {
        commit.execute(
            "DELETE FROM envelopes WHERE stream = ?1 AND minute <= ?2 AND passed_at IS NULL",
            params![expired.stream, before],
        )?;
        commit.erased();
        let count = expired.count.cast_signed();
        devices::change_waiting(commit, expired.device, -count, -expired.bytes)?;
        let gap = Control::Gap {
            stream: expired.id,
            since: expired.since,
            until: Some(expired.until),
            refused: expired.count,
            reason: GapReason::Expired,
        };
        commit.tell(expired.device, &gap)?;
    }
    commit.execute(
        "DELETE FROM envelopes WHERE minute <= ?1
         AND stream IN (SELECT row FROM streams WHERE account IS NULL)",
        [control_before],
    )?;
    forget_heads(commit)
}

fn expired(connection: &Connection, before: i64) -> Result<Vec<Expired>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.row, s.id, s.device, count(*) AS count, sum(length(e.sealed)) AS bytes,
                min(e.minute) AS since, max(e.minute) AS until
         FROM envelopes e JOIN streams s ON s.row = e.stream
         WHERE e.minute <= ?1 AND e.passed_at IS NULL AND s.account IS NOT NULL
         GROUP BY s.row",
    )?;
    let found = statement.query_map([before], |row| {
        Ok(Expired {
            stream: row.get("row")?,
            id: StreamId::from_bytes(row.get("id")?),
            device: row.get("device")?,
            count: row.get::<_, i64>("count")?.unsigned_abs(),
            bytes: row.get("bytes")?,
            since: row.get::<_, i64>("since")? * MINUTE,
            until: (row.get::<_, i64>("until")? + 1) * MINUTE,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn stop_unproven(commit: &mut Commit<'_>, now: i64) -> Result<()> {
    for (stream, device, id) in routes::expired(commit, now)? {
        let reason = StopReason::ProofExpired;
        routes::stop_all(commit, stream, reason)?;
        commit.tell(
            device,
            &Control::RouteStopped {
                stream: id,
                at: now,
                reason,
            },
        )?;
    }
    Ok(())
}

fn forget_dropped(connection: &Connection, now: i64) -> Result<()> {
    let before = now - DROPPED_AGE;
    connection.execute(
        "DELETE FROM routes WHERE stream IN (SELECT row FROM streams WHERE dropped_at <= ?1)",
        [before],
    )?;
    connection.execute("DELETE FROM streams WHERE dropped_at <= ?1", [before])?;
    connection.execute(
        "DELETE FROM logins WHERE ended_at <= ?1
         AND NOT EXISTS (SELECT 1 FROM routes WHERE routes.login = logins.row)",
        [before],
    )?;
    Ok(())
}
