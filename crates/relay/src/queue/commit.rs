//! What may be done inside a commit: any row, and envelopes at the end of a stream.
//!
//! Sequence and chain are given here, inside the commit, and nowhere else. The heads of all streams
//! that grew are signed at its end, once per stream (and on the way, where very much came at once).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use wire::chain::{Cursor, HEAD_EVERY, HEAD_EVERY_BYTES, Head};
use wire::event::{Control, GapReason};
use wire::seal::{Sealer, Target, Use};
use wire::{DeviceId, Link, StreamId, envelope};

use super::{Result, devices, streams};
use crate::clock::minute_of;
use crate::config::QueueLimits;
use crate::keys::Keys;
use crate::random;

/// What a commit goes by.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) keys: Arc<Keys>,
    pub(crate) limits: QueueLimits,
}

/// One job's share of a commit.
pub(crate) struct Commit<'a> {
    connection: &'a Connection,
    rules: &'a Rules,
    grown: &'a mut Grown,
    now: i64,
    kept: bool,
    closing: bool,
}

/// What came of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It has its place.
    Stored,
    /// The device has been away for too much; a gap is marked.
    Full,
    /// The stream has ended.
    Ended,
}

impl<'a> Commit<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        rules: &'a Rules,
        grown: &'a mut Grown,
        now: i64,
    ) -> Self {
        Self {
            connection,
            rules,
            grown,
            now,
            kept: false,
            closing: false,
        }
    }

    pub(crate) const fn now(&self) -> i64 {
        self.now
    }

    pub(crate) const fn keys(&self) -> &Arc<Keys> {
        &self.rules.keys
    }

    /// Puts a sealed event at the end of a connection's stream, if the device has room.
    pub(crate) fn append(&mut self, stream: i64, minute: u32, sealed: &[u8]) -> Result<Appended> {
        let Some(end) = End::of(self.connection, stream)? else {
            return Ok(Appended::Ended);
        };
        let waiting = devices::waiting(self.connection, end.device_row)?;
        let limits = self.rules.limits;
        if waiting.envelopes >= limits.envelopes || waiting.bytes >= limits.bytes {
            self.refuse(&end)?;
            return Ok(Appended::Full);
        }
        if let Some(since) = end.full_since {
            self.close_gap(&end, since)?;
        }
        devices::add_waiting(self.connection, end.device_row, 1, sealed.len())?;
        self.place(&end, minute, sealed)?;
        Ok(Appended::Stored)
    }

    /// Tells a device something on its control stream. A device without one has been removed and
    /// is told nothing.
    pub(crate) fn tell(&mut self, device_row: i64, control: &Control) -> Result<()> {
        let Some(stream) = streams::control_of(self.connection, device_row)? else {
            return Ok(());
        };
        let Some(end) = End::of(self.connection, stream.row)? else {
            return Ok(());
        };
        let target = Target {
            what: Use::Envelope,
            relay: self.rules.keys.relay(),
            about: *stream.id.as_bytes(),
            key_id: stream.key_id,
            key: stream.seal_key,
        };
        let minute = minute_of(self.now);
        let Some(mut sealer) = Sealer::new(&target, random::bytes()) else {
            return Ok(());
        };
        let sealed = sealer.seal(minute, &control.to_bytes());
        self.place(&end, minute, &sealed)
    }

    /// Something was erased: the log of earlier writes is to be emptied after the commit too, so
    /// that nothing of it is left there.
    pub(crate) fn erased(&mut self) {
        self.grown.erased = true;
    }

    fn place(&mut self, end: &End, minute: u32, sealed: &[u8]) -> Result<()> {
        let sequence = end.sequence + 1;
        let place = u64::try_from(sequence).unwrap_or_default();
        let link = envelope::link(end.id, place, &end.link, sealed);
        self.connection
            .prepare_cached(
                "INSERT INTO envelopes (stream, sequence, previous, sealed, minute, passed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            )?
            .execute(params![
                end.row,
                sequence,
                end.link.as_bytes(),
                sealed,
                minute
            ])?;
        self.connection
            .prepare_cached("UPDATE streams SET sequence = ?2, link = ?3 WHERE row = ?1")?
            .execute(params![end.row, sequence, link.as_bytes()])?;
        self.grown.devices.insert(end.device);
        let since = self.grown.streams.entry(end.row).or_default();
        since.0 += 1;
        since.1 += sealed.len();
        if since.0 >= HEAD_EVERY || since.1 >= HEAD_EVERY_BYTES {
            *since = (0, 0);
            sign_head(self.connection, &self.rules.keys, end.row, self.now)?;
        }
        Ok(())
    }

    fn refuse(&mut self, end: &End) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE streams SET refused = refused + 1, full_since = coalesce(full_since, ?2)
                 WHERE row = ?1",
            )?
            .execute(params![end.row, self.now])?;
        if end.full_since.is_some() {
            return Ok(());
        }
        let (stream, since, refused) = (end.id, self.now, end.refused + 1);
        let gap = Control::Gap {
            stream,
            since,
            until: None,
            refused,
            reason: GapReason::Full,
        };
        self.tell(end.device_row, &gap)
    }

    fn close_gap(&mut self, end: &End, since: i64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE streams SET refused = 0, full_since = NULL WHERE row = ?1")?
            .execute([end.row])?;
        let (stream, until, refused) = (end.id, Some(self.now), end.refused);
        let gap = Control::Gap {
            stream,
            since,
            until,
            refused,
            reason: GapReason::Full,
        };
        self.tell(end.device_row, &gap)
    }

    pub(super) fn keep(&mut self, kept: bool) {
        self.kept = kept;
    }

    pub(super) const fn is_kept(&self) -> bool {
        self.kept
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) const fn is_closing(&self) -> bool {
        self.closing
    }
}

impl Deref for Commit<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// The end of a stream that takes envelopes.
struct End {
    row: i64,
    id: StreamId,
    device_row: i64,
    device: DeviceId,
    sequence: i64,
    link: Link,
    full_since: Option<i64>,
    refused: u64,
}

impl End {
    fn of(connection: &Connection, stream: i64) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(
                "SELECT s.row, s.id, s.device, d.id AS device_id, s.sequence, s.link, s.full_since,
                        s.refused
                 FROM streams s JOIN devices d ON d.row = s.device
                 WHERE s.row = ?1 AND s.ended_at IS NULL",
            )?
            .query_row([stream], |row| {
                Ok(Self {
                    row: row.get("row")?,
                    id: StreamId::from_bytes(row.get("id")?),
                    device_row: row.get("device")?,
                    device: DeviceId::from_bytes(row.get("device_id")?),
                    sequence: row.get("sequence")?,
                    link: Link::from_bytes(row.get("link")?),
                    full_since: row.get("full_since")?,
                    refused: row.get::<_, i64>("refused")?.unsigned_abs(),
                })
            })
            .optional()
    }
}

/// The streams that grew in a commit, and the devices to wake after it.
#[derive(Default)]
pub(super) struct Grown {
    /// Envelopes and bytes since the last signed head.
    streams: BTreeMap<i64, (usize, usize)>,
    devices: BTreeSet<DeviceId>,
    pub(super) erased: bool,
}

impl Grown {
    pub(super) fn sign_heads(
        self,
        tx: &Transaction<'_>,
        rules: &Rules,
        now: i64,
    ) -> rusqlite::Result<BTreeSet<DeviceId>> {
        for (stream, since) in self.streams {
            if since.0 > 0 {
                sign_head(tx, &rules.keys, stream, now)?;
            }
        }
        Ok(self.devices)
    }
}

fn sign_head(connection: &Connection, keys: &Keys, stream: i64, now: i64) -> rusqlite::Result<()> {
    let cursor = connection
        .prepare_cached("SELECT id, sequence, link FROM streams WHERE row = ?1")?
        .query_row([stream], |row| {
            Ok(Cursor {
                stream: StreamId::from_bytes(row.get("id")?),
                sequence: row.get::<_, i64>("sequence")?.unsigned_abs(),
                link: Link::from_bytes(row.get("link")?),
            })
        })?;
    if cursor.sequence == 0 {
        return Ok(());
    }
    let head = Head::sign(keys.relay(), keys.signing(), cursor, now);
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
