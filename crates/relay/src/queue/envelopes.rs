//! Sealed envelopes: reading them out, moving the cursors, erasing what is behind them.

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::chain::{Cursor, Head};
use wire::envelope::{self, Envelope};
use wire::{Link, Signature, StreamId};

use super::devices;
use super::streams::Stream;

/// Envelopes in order, each with the head that closes over it, if one does.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) envelopes: Vec<(Envelope, Option<Head>)>,
    /// Where the held envelopes begin, if the asked place is before that.
    pub(crate) skipped_to: Option<Cursor>,
}

/// Reads at most `limit` envelopes or about `bytes` bytes behind a place.
pub(crate) fn page(
    connection: &Connection,
    (stream, id): (i64, StreamId),
    after: u64,
    (limit, bytes): (usize, usize),
) -> rusqlite::Result<Page> {
    let mut page = Page {
        skipped_to: gap(connection, (stream, id), after)?,
        ..Page::default()
    };
    let after = page.skipped_to.map_or(after, |cursor| cursor.sequence);
    let mut statement = connection.prepare_cached(
        "SELECT e.sequence, e.previous, e.sealed, h.link, h.at, h.signature
         FROM envelopes e LEFT JOIN heads h ON h.stream = e.stream AND h.sequence = e.sequence
         WHERE e.stream = ?1 AND e.sequence > ?2 ORDER BY e.sequence LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![stream, after.cast_signed(), limit])?;
    let mut size = 0;
    while let Some(row) = rows.next()? {
        let sequence = row.get::<_, i64>("sequence")?.unsigned_abs();
        let envelope = Envelope {
            stream: id,
            sequence,
            previous: Link::from_bytes(row.get("previous")?),
            sealed: row.get("sealed")?,
        };
        let head = match row.get::<_, Option<[u8; 32]>>("link")? {
            None => None,
            Some(link) => Some(Head {
                stream: id,
                sequence,
                link: Link::from_bytes(link),
                at: row.get("at")?,
                signature: Signature::from_bytes(row.get("signature")?),
            }),
        };
        size += envelope.sealed.len();
        page.envelopes.push((envelope, head));
        if size >= bytes {
            break;
        }
    }
    Ok(page)
}

/// Where what is held behind `after` begins, if that is not the next envelope: what lay between was
/// kept as long as it may be.
fn gap(
    connection: &Connection,
    (stream, id): (i64, StreamId),
    after: u64,
) -> rusqlite::Result<Option<Cursor>> {
    let first = connection
        .prepare_cached(
            "SELECT sequence, previous FROM envelopes
             WHERE stream = ?1 AND sequence > ?2 ORDER BY sequence LIMIT 1",
        )?
        .query_row(params![stream, after.cast_signed()], |row| {
            Ok((
                row.get::<_, i64>(0)?.unsigned_abs(),
                Link::from_bytes(row.get(1)?),
            ))
        })
        .optional()?;
    let (sequence, link) = match first {
        Some((first, previous)) => (first - 1, previous),
        None => {
            let end = connection
                .prepare_cached("SELECT sequence, link FROM streams WHERE row = ?1")?
                .query_row([stream], |row| {
                    Ok((
                        row.get::<_, i64>(0)?.unsigned_abs(),
                        Link::from_bytes(row.get(1)?),
                    ))
                })
                .optional()?;
            // A stream that was forgotten a moment ago has nothing more to say.
            let Some(end) = end else { return Ok(None) };
            end
        }
    };
    let link = if sequence == 0 {
        envelope::first_link(id)
    } else {
        link
    };
    Ok((sequence > after).then_some(Cursor {
        stream: id,
        sequence,
        link,
    }))
}

/// How much lies behind a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    pub(crate) count: i64,
    pub(crate) bytes: i64,
}

pub(crate) fn behind(connection: &Connection, stream: i64, after: u64) -> rusqlite::Result<Behind> {
    connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM envelopes
             WHERE stream = ?1 AND sequence > ?2",
        )?
        .query_row(params![stream, after.cast_signed()], |row| {
            Ok(Behind {
                count: row.get(0)?,
                bytes: row.get(1)?,
            })
        })
}

/// The device has committed up to here.
pub(crate) fn stored(
    connection: &Connection,
    stream: &Stream,
    sequence: u64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE streams SET stored = max(stored, min(?2, sequence)) WHERE row = ?1",
        )?
        .execute(params![stream.row, sequence.cast_signed()])?;
    Ok(())
}

/// The device has checkpointed up to here: a day later it may go.
pub(crate) fn durable(
    connection: &Connection,
    stream: &Stream,
    sequence: u64,
    now: i64,
) -> rusqlite::Result<()> {
    let sequence = sequence.min(stream.sequence);
    if sequence <= stream.durable {
        return Ok(());
    }
    if stream.account.is_some() {
        let before = behind(connection, stream.row, stream.durable)?;
        let after = behind(connection, stream.row, sequence)?;
        let (count, bytes) = (after.count - before.count, after.bytes - before.bytes);
        devices::change_waiting(connection, stream.device, count, bytes)?;
    }
    connection
        .prepare_cached(
            "UPDATE envelopes SET passed_at = ?3
             WHERE stream = ?1 AND sequence <= ?2 AND passed_at IS NULL",
        )?
        .execute(params![stream.row, sequence.cast_signed(), now])?;
    connection
        .prepare_cached("UPDATE streams SET durable = ?2, stored = max(stored, ?2) WHERE row = ?1")?
        .execute(params![stream.row, sequence.cast_signed()])?;
    Ok(())
}
