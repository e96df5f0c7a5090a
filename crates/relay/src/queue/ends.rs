//! The ends of the streams. While webhooks are written together they are held in memory: many go to
//! the same stream and the same device, whose rows are then written once.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::chain::Cursor;
use wire::{DeviceId, Link, StreamId};

use super::devices::{self, Waiting};

/// The end of a stream that takes envelopes.
pub(super) struct End {
    pub(super) row: i64,
    pub(super) device_row: i64,
    pub(super) device: DeviceId,
    pub(super) cursor: Cursor,
    pub(super) full_since: Option<i64>,
    pub(super) refused: u64,
    /// As it is written; what is held comes on top.
    waiting: Waiting,
}

impl End {
    fn read(connection: &Connection, stream: i64) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(
                "SELECT s.row, s.id, s.device, d.id AS device_id, d.waiting, d.waiting_bytes,
                        s.sequence, s.link, s.full_since, s.refused
                 FROM streams s JOIN devices d ON d.row = s.device
                 WHERE s.row = ?1 AND s.ended_at IS NULL",
            )?
            .query_row([stream], |row| {
                Ok(Self {
                    row: row.get("row")?,
                    device_row: row.get("device")?,
                    device: DeviceId::from_bytes(row.get("device_id")?),
                    cursor: Cursor {
                        stream: StreamId::from_bytes(row.get("id")?),
                        sequence: row.get::<_, i64>("sequence")?.unsigned_abs(),
                        link: Link::from_bytes(row.get("link")?),
                    },
                    full_since: row.get("full_since")?,
                    refused: row.get::<_, i64>("refused")?.unsigned_abs(),
                    waiting: Waiting::from_row(row)?,
                })
            })
            .optional()
    }

    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached("UPDATE streams SET sequence = ?2, link = ?3 WHERE row = ?1")?
            .execute(params![
                self.row,
                self.cursor.sequence.cast_signed(),
                self.cursor.link.as_bytes()
            ])?;
        Ok(())
    }
}

/// The ends that are held, if any are.
#[derive(Default)]
pub(super) struct Ends {
    /// Nothing else reads or writes these rows before [`Ends::write`], and what is undone is undone
    /// for all.
    hold: bool,
    held: BTreeMap<i64, End>,
    /// Envelopes and bytes that came for a device.
    came: BTreeMap<i64, (i64, usize)>,
}

impl Ends {
    pub(super) fn holding() -> Self {
        Self {
            hold: true,
            ..Self::default()
        }
    }

    /// Takes out the end of a stream; to be given back with [`Ends::put`].
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        stream: i64,
    ) -> rusqlite::Result<Option<End>> {
        match self.held.remove(&stream) {
            Some(end) => Ok(Some(end)),
            None => End::read(connection, stream),
        }
    }

    pub(super) fn put(&mut self, end: End) {
        if self.hold {
            self.held.insert(end.row, end);
        }
    }

    /// The cursor of an end has moved.
    pub(super) fn moved(&self, connection: &Connection, end: &End) -> rusqlite::Result<()> {
        match self.hold {
            true => Ok(()),
            false => end.write(connection),
        }
    }

    /// What waits for the device that an end belongs to.
    pub(super) fn waiting(&self, end: &End) -> Waiting {
        let (envelopes, bytes) = self.came.get(&end.device_row).copied().unwrap_or_default();
        Waiting {
            envelopes: end.waiting.envelopes + envelopes.unsigned_abs(),
            bytes: end.waiting.bytes + bytes as u64,
        }
    }

    /// One envelope more waits for a device.
    pub(super) fn wait(
        &mut self,
        connection: &Connection,
        device: i64,
        bytes: usize,
    ) -> rusqlite::Result<()> {
        if !self.hold {
            return devices::add_waiting(connection, device, 1, bytes);
        }
        let came = self.came.entry(device).or_default();
        *came = (came.0 + 1, came.1 + bytes);
        Ok(())
    }

    /// Writes what is held.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        for end in self.held.values() {
            end.write(connection)?;
        }
        for (device, (envelopes, bytes)) in self.came {
            devices::add_waiting(connection, device, envelopes, bytes)?;
        }
        Ok(())
    }
}
