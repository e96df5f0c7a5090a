//! What may be done inside a commit: any row, and envelopes at the end of a stream.
//!
//! Sequence and chain are given here, inside the commit, and nowhere else. The heads of all streams
//! that grew are signed at its end, once per stream (and on the way, where very much came at once).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};
use wire::chain::{HEAD_EVERY, HEAD_EVERY_BYTES};
use wire::event::{Control, GapReason};
use wire::seal::{Sealer, Target, Use};
use wire::{DeviceId, envelope};

use super::ends::{End, Ends};
use super::{Result, counters, heads, streams};
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
    counted: Vec<(&'static str, u64)>,
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
            counted: Vec::new(),
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
        let Some(mut end) = self.grown.ends.take(self.connection, stream)? else {
            return Ok(Appended::Ended);
        };
        let (waiting, limits) = (self.grown.ends.waiting(&end), self.rules.limits);
        if waiting.envelopes >= limits.envelopes || waiting.bytes >= limits.bytes {
            self.refuse(&mut end)?;
            self.grown.ends.put(end);
            return Ok(Appended::Full);
        }
        if let Some(since) = end.full_since {
            self.close_gap(&mut end, since)?;
        }
        let (device, bytes) = (end.device_row, sealed.len());
        self.grown.ends.wait(self.connection, device, bytes)?;
        self.place(end, minute, sealed)?;
        Ok(Appended::Stored)
    }

    /// Tells a device something on its control stream. A device without one has been removed and
    /// is told nothing.
    pub(crate) fn tell(&mut self, device_row: i64, control: &Control) -> Result<()> {
        let Some(stream) = streams::control_of(self.connection, device_row)? else {
            return Ok(());
        };
        let Some(end) = self.grown.ends.take(self.connection, stream.row)? else {
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
        self.place(end, minute, &sealed)
    }

    /// Adds to a count that `doctor` names, with everybody's at the end of the commit.
    pub(crate) fn count(&mut self, name: &'static str, by: u64) {
        self.counted.push((name, by));
    }

    /// Something was erased: the log of earlier writes is to be emptied after the commit too, so
    /// that nothing of it is left there.
    pub(crate) fn erased(&mut self) {
        self.grown.erased = true;
    }

    fn place(&mut self, mut end: End, minute: u32, sealed: &[u8]) -> Result<()> {
        let before = end.cursor;
        let sequence = before.sequence + 1;
        end.cursor.sequence = sequence;
        end.cursor.link = envelope::link(before.stream, sequence, &before.link, sealed);
        self.connection
            .prepare_cached(
                "INSERT INTO envelopes (stream, sequence, previous, sealed, minute, passed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            )?
            .execute(params![
                end.row,
                sequence.cast_signed(),
                before.link.as_bytes(),
                sealed,
                minute
            ])?;
        self.grown.ends.moved(self.connection, &end)?;
        self.grown.devices.insert(end.device);
        let since = self.grown.streams.entry(end.row).or_default();
        since.0 += 1;
        since.1 += sealed.len();
        if since.0 >= HEAD_EVERY || since.1 >= HEAD_EVERY_BYTES {
            *since = (0, 0);
            let head = heads::head(&self.rules.keys, end.cursor, self.now);
            heads::keep(self.connection, end.row, &head)?;
        }
        self.grown.ends.put(end);
        Ok(())
    }

    fn refuse(&mut self, end: &mut End) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE streams SET refused = refused + 1, full_since = coalesce(full_since, ?2)
                 WHERE row = ?1",
            )?
            .execute(params![end.row, self.now])?;
        end.refused += 1;
        if end.full_since.is_some() {
            return Ok(());
        }
        end.full_since = Some(self.now);
        self.tell_gap(end, (self.now, None))
    }

    fn close_gap(&mut self, end: &mut End, since: i64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE streams SET refused = 0, full_since = NULL WHERE row = ?1")?
            .execute([end.row])?;
        self.tell_gap(end, (since, Some(self.now)))?;
        (end.refused, end.full_since) = (0, None);
        Ok(())
    }

    fn tell_gap(&mut self, end: &End, (since, until): (i64, Option<i64>)) -> Result<()> {
        let gap = Control::Gap {
            stream: end.cursor.stream,
            since,
            until,
            refused: end.refused,
            reason: GapReason::Full,
        };
        self.tell(end.device_row, &gap)
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) const fn is_closing(&self) -> bool {
        self.closing
    }

    /// The job was done: what it counted counts.
    pub(super) fn done(self) {
        for (name, by) in self.counted {
            *self.grown.counts.entry(name).or_default() += by;
        }
    }
}

impl Deref for Commit<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// The streams that grew in a commit, the devices to wake after it, and what was counted.
#[derive(Default)]
pub(super) struct Grown {
    /// Envelopes and bytes since the last signed head.
    streams: BTreeMap<i64, (usize, usize)>,
    devices: BTreeSet<DeviceId>,
    counts: BTreeMap<&'static str, u64>,
    ends: Ends,
    pub(super) erased: bool,
}

impl Grown {
    /// For webhooks that are written together.
    pub(super) fn holding() -> Self {
        Self {
            ends: Ends::holding(),
            ..Self::default()
        }
    }

    /// Signs the heads and writes the counts.
    pub(super) fn settle(
        self,
        tx: &Transaction<'_>,
        rules: &Rules,
        now: i64,
    ) -> rusqlite::Result<BTreeSet<DeviceId>> {
        self.ends.write(tx)?;
        let grown = self.streams.into_iter().filter(|(_, since)| since.0 > 0);
        heads::sign(tx, &rules.keys, grown.map(|(stream, _)| stream), now)?;
        for (name, by) in self.counts {
            counters::add(tx, name, by, now)?;
        }
        Ok(self.devices)
    }
}
