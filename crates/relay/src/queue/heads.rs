//! Signed heads: what the relay vouches for of the streams that grew in a commit.

use rusqlite::{Connection, params};
use wire::chain::{Cursor, Head};
use wire::{Link, StreamId};

use crate::keys::Keys;

/// From so many on, half of them are signed on a second thread: a signature takes longer than all
/// that is written for an envelope.
const MANY: usize = 16;

/// Signs and keeps the heads of these streams as they are in the store.
pub(super) fn sign(
    connection: &Connection,
    keys: &Keys,
    streams: impl Iterator<Item = i64>,
    now: i64,
) -> rusqlite::Result<()> {
    let mut ends = Vec::new();
    for stream in streams {
        let cursor = cursor(connection, stream)?;
        if cursor.sequence > 0 {
            ends.push((stream, cursor));
        }
    }
    let heads = |ends: &[(i64, Cursor)]| -> Vec<(i64, Head)> {
        let signed = ends.iter().map(|(row, end)| (*row, head(keys, *end, now)));
        signed.collect()
    };
    let alone = if ends.len() < MANY { 0 } else { ends.len() / 2 };
    let (others, own) = ends.split_at(alone);
    let signed = std::thread::scope(|scope| {
        let others = (!others.is_empty()).then(|| scope.spawn(|| heads(others)));
        let mut signed = heads(own);
        if let Some(others) = others {
            signed.extend(others.join().expect("signing does not panic"));
        }
        signed
    });
    for (stream, head) in &signed {
        keep(connection, *stream, head)?;
    }
    Ok(())
}

/// Where a stream ends. What a job appended may have been undone with it: the row knows.
fn cursor(connection: &Connection, stream: i64) -> rusqlite::Result<Cursor> {
    connection
        .prepare_cached("SELECT id, sequence, link FROM streams WHERE row = ?1")?
        .query_row([stream], |row| {
            Ok(Cursor {
                stream: StreamId::from_bytes(row.get("id")?),
                sequence: row.get::<_, i64>("sequence")?.unsigned_abs(),
                link: Link::from_bytes(row.get("link")?),
            })
        })
}

pub(super) fn head(keys: &Keys, end: Cursor, now: i64) -> Head {
    Head::sign(keys.relay(), keys.signing(), end, now)
}

pub(super) fn keep(connection: &Connection, stream: i64, head: &Head) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO heads (stream, sequence, link, at, signature)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            stream,
            head.sequence.cast_signed(),
            head.link.as_bytes(),
            head.at,
            head.signature.as_bytes()
        ])?;
    Ok(())
}
