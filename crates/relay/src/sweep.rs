//! What time does: every minute the relay erases what has lived long enough, stops what was not
//! proven again, and ends what a grace has ended.
//!
//! A device that sleeps is not forgotten: what an order asks of it waits on its control stream for
//! as long as it takes. Much to erase is erased in several commits, so that webhooks find room
//! between them.

use std::time::Duration;

use rusqlite::Connection;
use wire::event::{Control, GapReason, StopReason};

use crate::clock::{DAY, MINUTE};
use crate::deletion::{self, CODE_LIFE};
use crate::queue::{
    Commit, Result, aged, counters, deletions, devices, pending, receipts, routes, seen,
};
use crate::relay::Relay;

/// How long lies between two sweeps, by the relay's clock.
const EVERY: i64 = MINUTE;
/// How often that clock is looked at. It goes on while the machine sleeps; the system's timers do
/// not.
const LOOK: Duration = Duration::from_millis(500);
/// The most envelopes that are erased in one commit.
const AT_ONCE: usize = 5_000;
/// How long an envelope stays after the device has it for good.
const AFTER_DURABLE: i64 = DAY;
/// How long a dropped stream is remembered, so that dropping it again gets the same answer.
const DROPPED_AGE: i64 = 30 * DAY;

/// Sweeps until the relay stops, and once more then.
pub(crate) async fn run(relay: Relay) {
    loop {
        once(&relay).await;
        tokio::select! {
            () = relay.stop().cancelled() => break,
            () = until_due(&relay) => {}
        }
    }
    once(&relay).await;
}

/// Waits until the next sweep is due, also if the clock was set back.
async fn until_due(relay: &Relay) {
    let since = relay.clock().now();
    while (relay.clock().now() - since).abs() < EVERY {
        tokio::time::sleep(LOOK).await;
    }
}

/// One sweep.
pub(crate) async fn once(relay: &Relay) {
    let now = relay.clock().now();
    relay.limits().forget(now);
    let forged = relay.take_forged();
    let age = relay.config().limits.age;
    let swept = relay.queue().write(now, move |commit| {
        commit.count(counters::FORGED, forged);
        sweep(commit)
    });
    let swept = match swept.await {
        Ok(()) => erase(relay, (now, age)).await,
        failed => failed,
    };
    if let Err(why) = swept {
        tracing::error!(%why, "a sweep failed");
    }
}

/// Erases what is too old, in as many commits as that takes; then what a grace has ended.
async fn erase(relay: &Relay, (now, age): (i64, i64)) -> Result<()> {
    let write = |job: fn(&mut Commit<'_>, i64) -> Result<usize>| {
        relay.queue().write(now, move |commit| job(commit, age))
    };
    while write(erase_some).await? >= AT_ONCE {}
    relay.queue().write(now, deletion::end_grace).await?;
    Ok(())
}

fn sweep(commit: &mut Commit<'_>) -> Result<()> {
    let now = commit.now();
    stop_unproven(commit, now)?;
    pending::burn_expired(commit, now)?;
    seen::forget(commit, now)?;
    deletions::forget(commit, now - CODE_LIFE)?;
    receipts::forget(commit, now - CODE_LIFE)?;
    commit.execute("DELETE FROM enrol_codes WHERE expires_at <= ?1", [now])?;
    forget_dropped(commit, now)?;
    Ok(())
}

/// Erases at most [`AT_ONCE`] envelopes; how many.
fn erase_some(commit: &mut Commit<'_>, age: i64) -> Result<usize> {
    let now = commit.now();
    let mut erased = aged::erase_passed(commit, now - AFTER_DURABLE, AT_ONCE)?;
    let before = (now - age).div_euclid(MINUTE);
    for end in aged::expired(commit, before)? {
        let room = AT_ONCE.saturating_sub(erased);
        let Some(gone) = aged::erase_expired(commit, end, room)? else {
            break;
        };
        erased += usize::try_from(gone.count).unwrap_or(usize::MAX);
        devices::change_waiting(commit, end.device, -gone.count.cast_signed(), -gone.bytes)?;
        let gap = Control::Gap {
            stream: end.id,
            since: gone.since,
            until: Some(gone.until),
            refused: gone.count,
            reason: GapReason::Expired,
        };
        commit.tell(end.device, &gap)?;
    }
    for doomed in deletion::doomed(commit)? {
        let room = AT_ONCE.saturating_sub(erased);
        erased += aged::thin(commit, &doomed, room)?;
    }
    if erased > 0 {
        commit.erased();
    }
    Ok(erased)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::QueueLimits;
    use crate::keys::Keys;
    use crate::queue::{self, Rules};

    const NOW: i64 = 1_795_341_600_000;

    /// A store with so many envelopes of one stream, all of them passed or not at a moment.
    fn store_of(count: i64, passed_at: Option<i64>) -> (tempfile::TempDir, Connection, Rules) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::init(&folder.path().join("keys")).unwrap();
        let connection = queue::open(&folder.path().join("relay.db")).unwrap();
        connection
            .execute_batch(&format!(
                "INSERT INTO devices VALUES (1, x'01', zeroblob(32), 0, 0, NULL, {count}, {count});
                 INSERT INTO streams (row, id, device, account, subscription, key_id, seal_key,
                     sequence, link, stored, durable, refused, made_at)
                 VALUES (1, zeroblob(16), 1, zeroblob(32), zeroblob(32), zeroblob(8), zeroblob(32),
                     {count}, zeroblob(32), 0, 0, 0, 0);"
            ))
            .unwrap();
        connection
            .execute(
                "INSERT INTO envelopes (stream, sequence, previous, sealed, minute, passed_at)
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                 SELECT 1, n, zeroblob(32), x'00', 0, ?2 FROM n",
                rusqlite::params![count, passed_at],
            )
            .unwrap();
        let rules = Rules {
            keys: Arc::new(keys),
            limits: QueueLimits::default(),
        };
        (folder, connection, rules)
    }

    fn commits(connection: &mut Connection, rules: &Rules) -> Vec<usize> {
        let mut commits = Vec::new();
        loop {
            let tx = connection.transaction().unwrap();
            let erase = |commit: &mut Commit<'_>| erase_some(commit, 30 * DAY);
            commits.push(queue::write_at_once(&tx, rules, NOW, erase).unwrap());
            tx.commit().unwrap();
            if commits.last() < Some(&AT_ONCE) {
                return commits;
            }
        }
    }

    #[test]
    fn no_commit_of_a_sweep_erases_more_than_five_thousand() {
        for passed_at in [Some(NOW - 2 * DAY), None] {
            let (_folder, mut connection, rules) = store_of(12_000, passed_at);
            assert_eq!(commits(&mut connection, &rules), [5_000, 5_000, 2_000]);
            let left = "SELECT count(*) FROM envelopes";
            let left: i64 = connection.query_row(left, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0);
        }
    }

    #[test]
    fn what_expired_no_longer_counts_as_waiting() {
        let (_folder, mut connection, rules) = store_of(10, None);
        commits(&mut connection, &rules);
        let waiting = "SELECT waiting + waiting_bytes FROM devices";
        let waiting: i64 = connection.query_row(waiting, [], |row| row.get(0)).unwrap();
        assert_eq!(waiting, 0);
    }
}
