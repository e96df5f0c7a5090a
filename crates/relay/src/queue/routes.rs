//! Routes: which events go to which device, resting on proofs the relay took from Meta itself.
//!
//! A stream is live while one of its routes is: not stopped, proven within the last 45 days, by a
//! login that has neither ended nor been deauthorized.

use rusqlite::{Connection, params};
use wire::api::Route;
use wire::event::StopReason;
use wire::{LoginId, StreamId};

use super::streams::{Stream, columns};
use crate::clock::DAY;
use crate::pseudonym::Pseudonym;

/// How long a proof is good.
pub(crate) const PROOF_LIFE: i64 = 45 * DAY;

/// That a stream `s` is live; the parameter of this number is the oldest good proof.
macro_rules! live {
    ($oldest:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM routes r JOIN logins l ON l.row = r.login
                     WHERE r.stream = s.row AND r.stopped IS NULL AND r.proven_at > ?",
            $oldest,
            " AND l.ended_at IS NULL AND l.deauthorized_at IS NULL)"
        )
    };
}

/// A proof is kept, or renewed.
pub(crate) fn prove(
    connection: &Connection,
    stream: i64,
    login: i64,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO routes (stream, login, proven_at, stopped) VALUES (?1, ?2, ?3, NULL)
             ON CONFLICT (stream, login) DO UPDATE SET proven_at = ?3, stopped = NULL",
        )?
        .execute([stream, login, now])?;
    Ok(())
}

/// Stops the route of one login on a stream.
pub(crate) fn stop(
    connection: &Connection,
    stream: i64,
    login: i64,
    reason: StopReason,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE routes SET stopped = ?3 WHERE stream = ?1 AND login = ?2 AND stopped IS NULL",
        )?
        .execute(params![stream, login, name_of(reason)])?;
    Ok(())
}

/// Stops all routes of a stream.
pub(crate) fn stop_all(
    connection: &Connection,
    stream: i64,
    reason: StopReason,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE routes SET stopped = ?2 WHERE stream = ?1 AND stopped IS NULL")?
        .execute(params![stream, name_of(reason)])?;
    Ok(())
}

/// The streams a login has routes on, stopped or not, unless they were dropped.
pub(crate) fn streams_of_login(
    connection: &Connection,
    login: i64,
) -> rusqlite::Result<Vec<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM routes r JOIN streams s ON s.row = r.stream
              WHERE r.login = ?1 AND s.dropped_at IS NULL ORDER BY s.row"
        ))?
        .query_map([login], Stream::from_row)?
        .collect()
}

/// The live streams for an account: whom to seal its events to.
pub(crate) fn live_for_account(
    connection: &Connection,
    account: Pseudonym,
    now: i64,
) -> rusqlite::Result<Vec<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.account = ?1 AND s.ended_at IS NULL AND ",
            live!(2)
        ))?
        .query_map(
            params![account.as_bytes(), now - PROOF_LIFE],
            Stream::from_row,
        )?
        .collect()
}

/// The live streams of all numbers of a WhatsApp account.
pub(crate) fn live_for_subscription(
    connection: &Connection,
    subscription: Pseudonym,
    now: i64,
) -> rusqlite::Result<Vec<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.subscription = ?1 AND s.ended_at IS NULL AND ",
            live!(2)
        ))?
        .query_map(
            params![subscription.as_bytes(), now - PROOF_LIFE],
            Stream::from_row,
        )?
        .collect()
}

/// Whether a login that has not ended still covers a stream, be its proof good or to be renewed.
pub(crate) fn is_covered(connection: &Connection, stream: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM routes r JOIN logins l ON l.row = r.login
                            WHERE r.stream = ?1 AND l.ended_at IS NULL
                              AND l.deauthorized_at IS NULL
                              AND coalesce(r.stopped, 'proof_expired') = 'proof_expired')",
        )?
        .query_row([stream], |row| row.get(0))
}

/// Whether what waits in a stream is held back: the person removed the app, and no other login
/// covers it.
pub(crate) fn is_held_back(connection: &Connection, stream: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT count(*) > 0 AND count(*) = count(l.deauthorized_at)
             FROM routes r JOIN logins l ON l.row = r.login
             WHERE r.stream = ?1 AND l.ended_at IS NULL",
        )?
        .query_row([stream], |row| row.get(0))
}

/// How many routes a stream has.
pub(crate) fn count(connection: &Connection, stream: i64) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM routes WHERE stream = ?1")?
        .query_row([stream], |row| row.get::<_, i64>(0).map(i64::unsigned_abs))
}

/// On how many other devices an account is live.
pub(crate) fn elsewhere(
    connection: &Connection,
    account: Pseudonym,
    device: i64,
    now: i64,
) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(concat!(
            "SELECT count(DISTINCT s.device) FROM streams s
             WHERE s.account = ?1 AND s.device <> ?2 AND s.ended_at IS NULL AND ",
            live!(3)
        ))?
        .query_row(
            params![account.as_bytes(), device, now - PROOF_LIFE],
            |row| row.get(0),
        )
}

/// Whether another live stream than this one still needs its subscription.
pub(crate) fn subscription_is_shared(
    connection: &Connection,
    stream: &Stream,
    now: i64,
) -> rusqlite::Result<bool> {
    let subscription = stream.subscription.map(|name| *name.as_bytes());
    connection
        .prepare_cached(concat!(
            "SELECT EXISTS (SELECT 1 FROM streams s WHERE s.subscription = ?1 AND s.row <> ?2
                            AND s.ended_at IS NULL AND ",
            live!(3),
            ")"
        ))?
        .query_row(params![subscription, stream.row, now - PROOF_LIFE], |row| {
            row.get(0)
        })
}

/// Whether a person of this stream's logins has another connection, on any device.
pub(crate) fn person_has_another(
    connection: &Connection,
    stream: &Stream,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (
                 SELECT 1 FROM routes mine JOIN logins l ON l.row = mine.login
                     JOIN logins same ON same.person = l.person AND same.ended_at IS NULL
                     JOIN routes other ON other.login = same.row AND other.stream <> ?1
                     JOIN streams s ON s.row = other.stream AND s.ended_at IS NULL
                 WHERE mine.stream = ?1 AND l.ended_at IS NULL)",
        )?
        .query_row([stream.row], |row| row.get(0))
}

/// The routes of a device, one per stream, as it is told.
pub(crate) fn of_device(
    connection: &Connection,
    device: i64,
    now: i64,
) -> rusqlite::Result<Vec<Route>> {
    let found: Vec<(i64, Option<Vec<u8>>, Route)> = connection
        .prepare_cached(concat!(
            "SELECT s.row, s.account, s.id, l.id AS login, max(r.proven_at) AS proven_at, ",
            live!(2),
            " AS live
              FROM streams s JOIN routes r ON r.stream = s.row JOIN logins l ON l.row = r.login
              WHERE s.device = ?1 AND s.ended_at IS NULL AND s.account IS NOT NULL
              GROUP BY s.row ORDER BY s.row"
        ))?
        .query_map([device, now - PROOF_LIFE], |row| {
            let route = Route {
                stream: StreamId::from_bytes(row.get("id")?),
                login: LoginId::from_bytes(row.get("login")?),
                live: row.get("live")?,
                good_until: row.get::<_, i64>("proven_at")? + PROOF_LIFE,
                elsewhere: 0,
            };
            Ok((row.get("row")?, row.get("account")?, route))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut routes = Vec::with_capacity(found.len());
    for (_, account, mut route) in found {
        if let Some(account) = account.as_deref().and_then(Pseudonym::from_slice) {
            route.elsewhere = elsewhere(connection, account, device, now)?;
        }
        routes.push(route);
    }
    Ok(routes)
}

/// Routes whose proof has run out and which nobody has stopped yet: stream and device.
pub(crate) fn expired(
    connection: &Connection,
    now: i64,
) -> rusqlite::Result<Vec<(i64, i64, StreamId)>> {
    connection
        .prepare_cached(
            "SELECT r.stream, s.device, s.id, max(r.proven_at) AS newest
             FROM routes r JOIN streams s ON s.row = r.stream
             WHERE r.stopped IS NULL AND s.ended_at IS NULL
             GROUP BY r.stream HAVING newest <= ?1",
        )?
        .query_map([now - PROOF_LIFE], |row| {
            Ok((row.get(0)?, row.get(1)?, StreamId::from_bytes(row.get(2)?)))
        })?
        .collect()
}

const fn name_of(reason: StopReason) -> &'static str {
    match reason {
        StopReason::ProofExpired => "proof_expired",
        StopReason::RightLost => "right_lost",
        StopReason::Deauthorized => "deauthorized",
        StopReason::Deleted => "deleted",
        StopReason::Unknown => "unknown",
    }
}
