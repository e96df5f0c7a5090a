//! Streams: one per device × connection, and one control stream per device.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wire::order::DeletionCode;
use wire::{KeyId, SealKey, StreamId, envelope};

use super::{devices, envelopes};
use crate::pseudonym::Pseudonym;
use crate::random;

/// A stream, as those who seal, send and report see it.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) row: i64,
    pub(crate) id: StreamId,
    pub(crate) device: i64,
    /// `None` for a control stream.
    pub(crate) account: Option<Pseudonym>,
    pub(crate) subscription: Option<Pseudonym>,
    pub(crate) key_id: KeyId,
    pub(crate) seal_key: SealKey,
    pub(crate) sequence: u64,
    pub(crate) durable: u64,
    pub(crate) ended_at: Option<i64>,
    /// How it was dropped, if it was.
    pub(crate) dropped: Option<Dropped>,
}

/// What is remembered of a stream that was dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped {
    pub(crate) at: i64,
    /// How many envelopes went with it.
    pub(crate) envelopes: u64,
    /// The request it was dropped for, if it was one from outside.
    pub(crate) code: Option<DeletionCode>,
}

macro_rules! columns {
    () => {
        "s.row, s.id, s.device, s.account, s.subscription, s.key_id, s.seal_key, s.sequence,
         s.durable, s.ended_at, s.dropped_at, s.erased, s.dropped_for"
    };
}
pub(crate) use columns;

impl Stream {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let name = |column: &str| -> rusqlite::Result<Option<Pseudonym>> {
            let bytes: Option<Vec<u8>> = row.get(column)?;
            Ok(bytes.as_deref().and_then(Pseudonym::from_slice))
        };
        let dropped_for: Option<String> = row.get("dropped_for")?;
        let dropped = match row.get::<_, Option<i64>>("dropped_at")? {
            None => None,
            Some(at) => Some(Dropped {
                at,
                envelopes: row.get::<_, i64>("erased")?.unsigned_abs(),
                code: dropped_for.and_then(|code| code.parse().ok()),
            }),
        };
        let place = |column: &str| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(Self {
            row: row.get("row")?,
            id: StreamId::from_bytes(row.get("id")?),
            device: row.get("device")?,
            account: name("account")?,
            subscription: name("subscription")?,
            key_id: KeyId::from_bytes(row.get("key_id")?),
            seal_key: SealKey::from_bytes(row.get("seal_key")?),
            sequence: place("sequence")?,
            durable: place("durable")?,
            ended_at: row.get("ended_at")?,
            dropped,
        })
    }
}

/// A key to seal to, and its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealTo {
    pub(crate) key_id: KeyId,
    pub(crate) key: SealKey,
}

/// What a connection's stream is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) account: Pseudonym,
    /// The Page or WhatsApp account whose subscription brings the events.
    pub(crate) subscription: Pseudonym,
}

impl About {
    /// What a stream is for; `None` for a control stream.
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        Some(Self {
            account: stream.account?,
            subscription: stream.subscription?,
        })
    }
}

/// Makes a stream; without `about`, a control stream.
pub(crate) fn make(
    connection: &Connection,
    device: i64,
    about: Option<About>,
    seal_to: SealTo,
    now: i64,
) -> rusqlite::Result<Stream> {
    let id = StreamId::from_bytes(random::bytes());
    connection
        .prepare_cached(
            "INSERT INTO streams
                 (id, device, account, subscription, key_id, seal_key, sequence, link, stored,
                  durable, full_since, refused, made_at, ended_at, dropped_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, 0, NULL, 0, ?8, NULL, NULL)",
        )?
        .execute(params![
            id.as_bytes(),
            device,
            about.map(|about| *about.account.as_bytes()),
            about.map(|about| *about.subscription.as_bytes()),
            seal_to.key_id.as_bytes(),
            seal_to.key.as_bytes(),
            envelope::first_link(id).as_bytes(),
            now
        ])?;
    Ok(Stream {
        row: connection.last_insert_rowid(),
        id,
        device,
        account: about.map(|about| about.account),
        subscription: about.map(|about| about.subscription),
        key_id: seal_to.key_id,
        seal_key: seal_to.key,
        sequence: 0,
        durable: 0,
        ended_at: None,
        dropped: None,
    })
}

/// From here on a stream is sealed to another key.
pub(crate) fn reseal(
    connection: &Connection,
    stream: i64,
    seal_to: SealTo,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE streams SET key_id = ?2, seal_key = ?3 WHERE row = ?1")?
        .execute(params![
            stream,
            seal_to.key_id.as_bytes(),
            seal_to.key.as_bytes()
        ])?;
    Ok(())
}

pub(crate) fn control_of(connection: &Connection, device: i64) -> rusqlite::Result<Option<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.device = ?1 AND s.account IS NULL AND s.ended_at IS NULL"
        ))?
        .query_row([device], Stream::from_row)
        .optional()
}

/// The stream a device has for an account, if it takes envelopes.
pub(crate) fn of_account(
    connection: &Connection,
    device: i64,
    account: Pseudonym,
) -> rusqlite::Result<Option<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.device = ?1 AND s.account = ?2 AND s.ended_at IS NULL"
        ))?
        .query_row(params![device, account.as_bytes()], Stream::from_row)
        .optional()
}

/// A stream of a device by its id, whatever its state.
pub(crate) fn of_device(
    connection: &Connection,
    device: i64,
    id: StreamId,
) -> rusqlite::Result<Option<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.device = ?1 AND s.id = ?2"
        ))?
        .query_row(params![device, id.as_bytes()], Stream::from_row)
        .optional()
}

/// A stream by its row.
pub(crate) fn by_row(connection: &Connection, row: i64) -> rusqlite::Result<Option<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.row = ?1"
        ))?
        .query_row([row], Stream::from_row)
        .optional()
}

/// All streams of a device that have not been dropped.
pub(crate) fn all_of_device(connection: &Connection, device: i64) -> rusqlite::Result<Vec<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.device = ?1 AND s.dropped_at IS NULL ORDER BY s.row"
        ))?
        .query_map([device], Stream::from_row)?
        .collect()
}

/// All streams of a device, those that were dropped too.
pub(crate) fn ever_of_device(
    connection: &Connection,
    device: i64,
) -> rusqlite::Result<Vec<Stream>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM streams s WHERE s.device = ?1 ORDER BY s.row"
        ))?
        .query_map([device], Stream::from_row)?
        .collect()
}

/// Drops a stream whole: its envelopes, its heads, its key. The row stays a while, so that asking
/// again gets the same answer. Returns how many envelopes went.
pub(crate) fn discard(
    connection: &Connection,
    stream: &Stream,
    code: Option<DeletionCode>,
    now: i64,
) -> rusqlite::Result<u64> {
    if stream.account.is_some() {
        let behind = envelopes::behind(connection, stream.row, stream.durable)?;
        devices::change_waiting(connection, stream.device, -behind.count, -behind.bytes)?;
    }
    let erased = connection
        .prepare_cached("DELETE FROM envelopes WHERE stream = ?1")?
        .execute([stream.row])?;
    connection
        .prepare_cached("DELETE FROM heads WHERE stream = ?1")?
        .execute([stream.row])?;
    connection
        .prepare_cached(
            "UPDATE streams SET ended_at = coalesce(ended_at, ?2), dropped_at = ?2, erased = ?3,
                                dropped_for = ?4, seal_key = zeroblob(32), full_since = NULL
             WHERE row = ?1 AND dropped_at IS NULL",
        )?
        .execute(params![
            stream.row,
            now,
            i64::try_from(erased).unwrap_or(i64::MAX),
            code.map(|code| code.to_string())
        ])?;
    Ok(u64::try_from(erased).unwrap_or_default())
}

/// Forgets a stream that was dropped, and the proofs it rested on.
pub(crate) fn forget(connection: &Connection, row: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM routes WHERE stream = ?1")?
        .execute([row])?;
    connection
        .prepare_cached("DELETE FROM streams WHERE row = ?1")?
        .execute([row])?;
    Ok(())
}
