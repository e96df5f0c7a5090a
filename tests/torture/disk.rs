//! The disk as a power cut may leave it: everything that was synced, and of what was not a random
//! part, some of it torn. Built from the record the shim kept of a program's writes and syncs.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::counts::Dice;

/// What a disk can tear is a sector.
const SECTOR: usize = 512;

/// One thing the program did.
#[derive(Debug, Clone)]
enum Deed {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
    Sync,
}

/// An entry of the record.
#[derive(Debug, Clone)]
enum Entry {
    /// Something done to the database (0) or its log (1).
    Done(usize, Deed),
    /// It said that something is safe: to whom, and in which words.
    Acknowledged(u16, Vec<u8>),
}

/// What the sync of a log is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// As recorded: the program asks for `synchronous=FULL`.
    All,
    /// The log's syncs are left out but for those before it is moved into the database, as
    /// `synchronous=NORMAL` leaves them out; the program ran with FULL. For controls.
    BeforeCheckpoints,
}

/// What a program did to its database, in order.
#[derive(Debug)]
pub(crate) struct Record {
    base: [Vec<u8>; 2],
    entries: Vec<Entry>,
}

impl Record {
    /// Reads a record. `base` is the database as it was before; its log lies beside it.
    pub(crate) fn read(record: &Path, base: &Path) -> Result<Self> {
        let bytes = std::fs::read(record).context("the shim kept no record")?;
        let mut rest = bytes.as_slice();
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (head, after) = rest.split_at_checked(16).context("a torn record")?;
            let port = u16::from_le_bytes(head[2..4].try_into()?);
            let place = usize::try_from(i64::from_le_bytes(head[4..12].try_into()?))?;
            let length = usize::try_from(u32::from_le_bytes(head[12..16].try_into()?))?;
            let (data, after) = after.split_at_checked(length).context("a torn record")?;
            rest = after;
            let file = usize::from(head[1] == 4);
            let bytes = data.to_vec();
            entries.push(match head[0] {
                1 => Entry::Done(
                    file,
                    Deed::Write {
                        offset: place,
                        bytes,
                    },
                ),
                2 => Entry::Done(file, Deed::Sync),
                3 => Entry::Done(file, Deed::Truncate { length: place }),
                _ => Entry::Acknowledged(port, bytes),
            });
        }
        let log = std::fs::read(log_of(base)).unwrap_or_default();
        Ok(Self {
            base: [std::fs::read(base)?, log],
            entries,
        })
    }

    /// How many syncs and acknowledgements it has, and writes to the database itself.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let count = |what: fn(&Entry) -> bool| self.entries.iter().filter(|of| what(of)).count();
        (
            count(|of| matches!(of, Entry::Done(_, Deed::Sync))),
            count(|of| matches!(of, Entry::Acknowledged(..))),
            count(|of| matches!(of, Entry::Done(0, Deed::Write { .. }))),
        )
    }

    /// How often it told this port that something is safe.
    pub(crate) fn answers_to(&self, port: u16) -> usize {
        let is_it = |of: &&Entry| matches!(of, Entry::Acknowledged(to, _) if *to == port);
        self.entries.iter().filter(is_it).count()
    }

    /// Disks after so many cuts at random places, never before the first acknowledgement.
    pub(crate) fn cuts(&self, count: usize, syncs: Syncs, dice: Dice) -> Result<Cuts<'_>> {
        let first = self
            .entries
            .iter()
            .position(|of| matches!(of, Entry::Acknowledged(..)));
        let first = first.context("nothing was acknowledged")? + 1;
        ensure!(
            self.entries.len() > first + count,
            "the record is too short"
        );
        let mut dice = dice;
        let span = self.entries.len() - first;
        let mut at: Vec<usize> = (0..count).map(|_| first + dice.below(span)).collect();
        at.sort_unstable();
        at.reverse();
        Ok(Cuts {
            record: self,
            syncs,
            dice,
            at,
            done: 0,
            safe: self.base.clone(),
            pending: [Vec::new(), Vec::new()],
            acknowledged: Vec::new(),
        })
    }

    /// Whether the sync at this place comes before the log is moved into the database.
    fn begins_checkpoint(&self, at: usize) -> bool {
        let later = self.entries.get(at + 1..).unwrap_or_default();
        let next = later.iter().find_map(|of| match of {
            Entry::Done(file, Deed::Write { .. }) => Some(*file),
            _ => None,
        });
        next == Some(0)
    }
}

/// A disk after a cut.
#[derive(Debug)]
pub(crate) struct Image {
    files: [Vec<u8>; 2],
    /// Whom it had told that something is safe, and in which words, until then.
    pub(crate) acknowledged: Vec<(u16, Vec<u8>)>,
}

impl Image {
    /// Lays it down as a database and its log.
    pub(crate) fn write(&self, database: &Path) -> Result<()> {
        let [main, log] = &self.files;
        std::fs::write(database, main)?;
        std::fs::write(log_of(database), log)?;
        Ok(())
    }
}

/// Disks, one after the other.
#[derive(Debug)]
pub(crate) struct Cuts<'a> {
    record: &'a Record,
    syncs: Syncs,
    dice: Dice,
    /// The places, the last one first.
    at: Vec<usize>,
    done: usize,
    safe: [Vec<u8>; 2],
    pending: [Vec<Deed>; 2],
    acknowledged: Vec<(u16, Vec<u8>)>,
}

impl Iterator for Cuts<'_> {
    type Item = Image;

    fn next(&mut self) -> Option<Image> {
        let cut = self.at.pop()?;
        while self.done < cut {
            self.replay(self.done);
            self.done += 1;
        }
        let mut files = self.safe.clone();
        for (file, pending) in files.iter_mut().zip(&self.pending) {
            for deed in pending {
                match self.dice.below(10) {
                    0..5 => apply(file, deed),
                    5 => tear(file, deed, &mut self.dice),
                    _ => {}
                }
            }
        }
        Some(Image {
            files,
            acknowledged: self.acknowledged.clone(),
        })
    }
}

impl Cuts<'_> {
    fn replay(&mut self, at: usize) {
        match &self.record.entries[at] {
            Entry::Acknowledged(port, words) => self.acknowledged.push((*port, words.clone())),
            Entry::Done(file, Deed::Sync) => {
                let counts = self.syncs == Syncs::All || *file == 0;
                if counts || self.record.begins_checkpoint(at) {
                    for deed in std::mem::take(&mut self.pending[*file]) {
                        apply(&mut self.safe[*file], &deed);
                    }
                }
            }
            Entry::Done(file, deed) => self.pending[*file].push(deed.clone()),
        }
    }
}

fn apply(file: &mut Vec<u8>, deed: &Deed) {
    match deed {
        Deed::Write { offset, bytes } => {
            if file.len() < offset + bytes.len() {
                file.resize(offset + bytes.len(), 0);
            }
            file[*offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        Deed::Truncate { length } => file.resize(*length, 0),
        Deed::Sync => {}
    }
}

/// Only the first sectors of a write reached the disk.
fn tear(file: &mut Vec<u8>, deed: &Deed, dice: &mut Dice) {
    if let Deed::Write { offset, bytes } = deed {
        let sectors = bytes.len() / SECTOR;
        let kept = SECTOR * dice.below(sectors + 1);
        let bytes = bytes[..kept].to_vec();
        apply(
            file,
            &Deed::Write {
                offset: *offset,
                bytes,
            },
        );
    }
}

fn log_of(database: &Path) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
