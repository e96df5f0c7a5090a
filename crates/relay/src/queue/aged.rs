//! Erasing what has lived long enough, a bounded number at a time and always from the front of a
//! stream: what is left of a chain is its end, never a chain with a hole.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use wire::StreamId;

use super::devices;
use super::streams::Stream;
use crate::clock::MINUTE;

/// Erases at most `most` envelopes that their device's durable cursor passed before a moment.
pub(crate) fn erase_passed(
    connection: &Connection,
    before: i64,
    most: usize,
) -> rusqlite::Result<usize> {
    let erased: Vec<(i64, i64)> = connection
        .prepare_cached(
            "DELETE FROM envelopes WHERE rowid IN (
                 SELECT rowid FROM envelopes WHERE passed_at <= ?1
                 ORDER BY passed_at, stream, sequence LIMIT ?2)
             RETURNING stream, sequence",
        )?
        .query_map(params![before, limit(most)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut ranges: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (stream, sequence) in &erased {
        let range = ranges.entry(*stream).or_insert((*sequence, *sequence));
        *range = (range.0.min(*sequence), range.1.max(*sequence));
    }
    for (stream, range) in ranges {
        forget_heads(connection, stream, range)?;
    }
    Ok(erased.len())
}

/// A stream whose first envelopes were kept as long as they may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expired {
    pub(crate) row: i64,
    pub(crate) id: StreamId,
    pub(crate) device: i64,
    /// The last envelope that is too old.
    last: i64,
}

/// What went of such a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    pub(crate) count: u64,
    pub(crate) bytes: i64,
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// The connections' streams that hold envelopes from before a minute which their device does not
/// have. What waits on a control stream never becomes too old.
pub(crate) fn expired(connection: &Connection, before: i64) -> rusqlite::Result<Vec<Expired>> {
    connection
        .prepare_cached(
            "SELECT s.row, s.id, s.device, max(e.sequence) AS last
             FROM envelopes e JOIN streams s ON s.row = e.stream
             WHERE e.minute <= ?1 AND e.passed_at IS NULL AND s.account IS NOT NULL
             GROUP BY s.row",
        )?
        .query_map([before], |row| {
            Ok(Expired {
                row: row.get("row")?,
                id: StreamId::from_bytes(row.get("id")?),
                device: row.get("device")?,
                last: row.get("last")?,
            })
        })?
        .collect()
}

/// Erases at most `most` of them. `None` if there is nothing to erase, or no room for it.
pub(crate) fn erase_expired(
    connection: &Connection,
    end: Expired,
    most: usize,
) -> rusqlite::Result<Option<Gone>> {
    let found = connection
        .prepare_cached(
            "SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes, min(minute) AS since,
                    max(minute) AS until, min(sequence) AS first, max(sequence) AS last
             FROM (SELECT sequence, length(sealed) AS size, minute FROM envelopes
                   WHERE stream = ?1 AND sequence <= ?2 AND passed_at IS NULL
                   ORDER BY sequence LIMIT ?3)",
        )?
        .query_row(params![end.row, end.last, limit(most)], |row| {
            let count: i64 = row.get("count")?;
            if count == 0 {
                return Ok(None);
            }
            let gone = Gone {
                count: count.unsigned_abs(),
                bytes: row.get("bytes")?,
                since: row.get::<_, i64>("since")? * MINUTE,
                until: (row.get::<_, i64>("until")? + 1) * MINUTE,
            };
            let range: (i64, i64) = (row.get("first")?, row.get("last")?);
            Ok(Some((gone, range)))
        })?;
    let Some((gone, range)) = found else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "DELETE FROM envelopes
             WHERE stream = ?1 AND sequence BETWEEN ?2 AND ?3 AND passed_at IS NULL",
        )?
        .execute(params![end.row, range.0, range.1])?;
    forget_heads(connection, end.row, range)?;
    Ok(Some(gone))
}

/// Erases at most `most` envelopes of a stream that is about to be dropped.
pub(crate) fn thin(
    connection: &Connection,
    stream: &Stream,
    most: usize,
) -> rusqlite::Result<usize> {
    let erased: Vec<(u64, i64)> = connection
        .prepare_cached(
            "DELETE FROM envelopes WHERE rowid IN (
                 SELECT rowid FROM envelopes WHERE stream = ?1 ORDER BY sequence LIMIT ?2)
             RETURNING sequence, length(sealed)",
        )?
        .query_map(params![stream.row, limit(most)], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (sequence, bytes) in &erased {
        if *sequence > stream.durable {
            devices::change_waiting(connection, stream.device, -1, -bytes)?;
        }
    }
    Ok(erased.len())
}

/// A head over an envelope that is gone proves nothing to anybody.
fn forget_heads(
    connection: &Connection,
    stream: i64,
    (first, last): (i64, i64),
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM heads WHERE stream = ?1 AND sequence BETWEEN ?2 AND ?3")?
        .execute([stream, first, last])?;
    Ok(())
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
