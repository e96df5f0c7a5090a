//! The wipe journal: what is being erased, and how far. Two slots of 64 KiB are laid down while there
//! is still room, and from then on only overwritten in place, in turn: a full disk cannot stop an
//! erasure, and a write that is cut off leaves the other slot whole. It is read before any database is
//! opened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::ConnectionId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::disk;
use crate::error::{Error, Result};
use crate::paths::Paths;

/// Room for some six hundred accounts: an erasure too long for it could not begin.
pub(crate) const SLOT: usize = 64 * 1024;
pub(crate) const MAGIC: &[u8; 8] = b"SBWIPE01";
/// Magic, generation and length before the record, a checksum behind everything.
const ROOM: usize = SLOT - 8 - 8 - 4 - 32;

/// One erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wipe {
    /// Its id, also at the relay: the notice is idempotent by it.
    pub deletion_id: String,
    /// What goes.
    pub scope: WipeScope,
    /// The connections whose keys and files go.
    pub connections: Vec<ConnectionId>,
    /// The logins whose tokens go.
    pub logins: Vec<String>,
    /// The profile the keychain names belong to; its file is among what goes.
    pub profile: String,
    /// What the relay is to be told, signed beforehand, with its address and pinned key: the
    /// engine's own form.
    pub notice: String,
    /// How far it is.
    pub stage: Stage,
    /// The keychain could not be asked; its items are still to be removed.
    pub secrets_left: bool,
}

/// What an erasure reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WipeScope {
    /// The named connections.
    Connections,
    /// The shop itself with all connections.
    Everything,
}

/// How far an erasure is. Each stage is written when it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written down; nothing has gone yet.
    Begun,
    /// Key shares B are destroyed: the data is dead.
    SharesDestroyed,
    /// Keychain items are removed, or marked as left.
    SecretsRemoved,
    /// The files are gone.
    FilesRemoved,
    /// What surrounds them is gone: web view data, logs, notifications.
    SurroundingsRemoved,
    /// The sweep found nothing left. What remains is to tell the relay.
    Swept,
}

/// The two slots.
#[derive(Debug)]
pub struct WipeJournal {
    slots: [PathBuf; 2],
    generation: u64,
    wipes: Vec<Wipe>,
}

impl WipeJournal {
    /// Reads the journal, and lays its slots down where they are missing.
    pub fn open(paths: &Paths) -> Result<Self> {
        let slots = paths.wipe_slots();
        let mut newest = (0, Vec::new());
        for slot in &slots {
            match fs::read(slot) {
                Ok(bytes) => {
                    if let Some(found) = read_slot(&bytes)
                        && found.0 > newest.0
                    {
                        newest = found;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    disk::write_new(slot, &[0; SLOT])?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut journal = Self {
            slots,
            generation: newest.0,
            wipes: newest.1,
        };
        journal.forget_what_is_over()?;
        Ok(journal)
    }

    /// Cut off between its two writes, the end of the last erasure left one slot that still tells of
    /// it.
    fn forget_what_is_over(&mut self) -> Result<()> {
        let mut told = self.slots.iter().filter_map(|slot| fs::read(slot).ok());
        // Magic, generation, length and an empty list come first; behind them is nothing.
        let tells = told.any(|bytes| bytes.iter().take(SLOT - 32).skip(22).any(|byte| *byte != 0));
        if !tells || !self.wipes.is_empty() {
            return Ok(());
        }
        self.write(Vec::new())?;
        self.write(Vec::new())
    }

    /// The erasures that are not finished: resume these before opening anything.
    pub fn wipes(&self) -> &[Wipe] {
        &self.wipes
    }

    /// Writes a new erasure down. From here on it will happen, whatever else does.
    pub fn begin(&mut self, wipe: Wipe) -> Result<()> {
        let known = self
            .wipes
            .iter()
            .any(|other| other.deletion_id == wipe.deletion_id);
        if known {
            return Err(Error::AlreadyThere);
        }
        let mut wipes = self.wipes.clone();
        wipes.push(wipe);
        // It has to fit at every later stage as well: an erasure that has begun must not stop for
        // lack of room.
        let latest = |wipe: &Wipe| Wipe {
            stage: Stage::SurroundingsRemoved,
            secrets_left: false,
            ..wipe.clone()
        };
        let longest: Vec<Wipe> = wipes.iter().map(latest).collect();
        slot_bytes(self.generation, &longest)?;
        self.write(wipes)
    }

    /// Writes down how far an erasure is.
    pub(crate) fn update(
        &mut self,
        deletion_id: &str,
        change: impl FnOnce(&mut Wipe),
    ) -> Result<()> {
        let mut wipes = self.wipes.clone();
        let wipe = wipes
            .iter_mut()
            .find(|wipe| wipe.deletion_id == deletion_id)
            .ok_or(Error::Invalid("deletion id"))?;
        change(wipe);
        self.write(wipes)
    }

    /// The keychain items of an erasure are removed at last.
    pub fn secrets_are_removed(&mut self, deletion_id: &str) -> Result<()> {
        self.update(deletion_id, |wipe| wipe.secrets_left = false)
    }

    /// Forgets an erasure: the relay has answered, or what is owed to it is kept elsewhere. The last
    /// one leaves both slots empty.
    pub fn finish(&mut self, deletion_id: &str) -> Result<()> {
        let mut wipes = self.wipes.clone();
        wipes.retain(|wipe| wipe.deletion_id != deletion_id);
        self.write(wipes.clone())?;
        // The other slot still tells of it.
        self.write(wipes)
    }

    fn write(&mut self, wipes: Vec<Wipe>) -> Result<()> {
        let generation = self.generation + 1;
        let bytes = slot_bytes(generation, &wipes)?;
        let [a, b] = &self.slots;
        overwrite(if generation.is_multiple_of(2) { a } else { b }, &bytes)?;
        self.generation = generation;
        self.wipes = wipes;
        Ok(())
    }
}

/// In place: no new block is needed, the one that is there is written over.
fn overwrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

fn slot_bytes(generation: u64, wipes: &[Wipe]) -> Result<Vec<u8>> {
    let record = serde_json::to_vec(wipes).map_err(|_| Error::Invalid("wipe"))?;
    if record.len() > ROOM {
        return Err(Error::Invalid("wipe: too long for its slot"));
    }
    let length = u32::try_from(record.len()).expect("less than a slot");
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&record);
    bytes.resize(SLOT - 32, 0);
    let checksum: [u8; 32] = Sha256::digest(&bytes).into();
    bytes.extend_from_slice(&checksum);
    Ok(bytes)
}

/// Generation and erasures of a slot that was written whole.
pub(crate) fn read_slot(bytes: &[u8]) -> Option<(u64, Vec<Wipe>)> {
    let (body, checksum) = bytes.split_last_chunk::<32>()?;
    let expected: [u8; 32] = Sha256::digest(body).into();
    if body.len() != SLOT - 32 || expected != *checksum {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let record = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((
        u64::from_be_bytes(*generation),
        serde_json::from_slice(record).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wipe(id: &str) -> Wipe {
        Wipe {
            deletion_id: id.to_owned(),
            scope: WipeScope::Connections,
            connections: vec![ConnectionId::from_bytes([1; 16])],
            logins: vec![],
            profile: "ab".repeat(16),
            notice: "signed".to_owned(),
            stage: Stage::Begun,
            secrets_left: false,
        }
    }

    fn paths(folder: &tempfile::TempDir) -> Paths {
        Paths::create(folder.path()).unwrap()
    }

    #[test]
    fn what_was_begun_is_there_after_a_restart_until_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let mut journal = WipeJournal::open(&paths).unwrap();
        assert_eq!(journal.wipes(), []);
        journal.begin(wipe("one")).unwrap();
        assert!(matches!(
            journal.begin(wipe("one")),
            Err(Error::AlreadyThere)
        ));
        journal.begin(wipe("two")).unwrap();
        journal
            .update("one", |wipe| wipe.stage = Stage::Swept)
            .unwrap();
        let mut journal = WipeJournal::open(&paths).unwrap();
        let stages: Vec<Stage> = journal.wipes().iter().map(|wipe| wipe.stage).collect();
        assert_eq!(stages, [Stage::Swept, Stage::Begun]);
        journal.finish("one").unwrap();
        journal.finish("two").unwrap();
        assert_eq!(WipeJournal::open(&paths).unwrap().wipes(), []);
        for slot in paths.wipe_slots() {
            let bytes = fs::read(slot).unwrap();
            assert_eq!(bytes.len(), SLOT);
            assert!(!bytes.windows(6).any(|part| part == b"signed"));
        }
    }

    #[test]
    fn cut_off_between_its_last_two_writes_it_tells_of_nothing_after_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let mut journal = WipeJournal::open(&paths).unwrap();
        journal.begin(wipe("one")).unwrap();
        journal
            .update("one", |wipe| wipe.stage = Stage::Swept)
            .unwrap();
        let before = paths.wipe_slots().map(|slot| fs::read(slot).unwrap());
        for (slot, old) in paths.wipe_slots().iter().zip(&before) {
            let mut journal = WipeJournal::open(&paths).unwrap();
            if journal.wipes().is_empty() {
                journal.begin(wipe("one")).unwrap();
            }
            journal.finish("one").unwrap();
            // As it is when the second write did not come to this slot.
            let tells = |slot: &PathBuf| {
                let bytes = fs::read(slot).unwrap();
                bytes.windows(6).any(|part| part == b"signed")
            };
            fs::write(slot, old).unwrap();
            assert!(tells(slot), "the control must hit");
            assert_eq!(WipeJournal::open(&paths).unwrap().wipes(), []);
            assert!(!paths.wipe_slots().iter().any(tells));
        }
    }

    #[test]
    fn a_write_cut_off_anywhere_leaves_the_state_before_or_after() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let mut journal = WipeJournal::open(&paths).unwrap();
        journal.begin(wipe("one")).unwrap();
        let before = paths.wipe_slots().map(|slot| fs::read(slot).unwrap());
        journal
            .update("one", |wipe| wipe.stage = Stage::Swept)
            .unwrap();
        let after = paths.wipe_slots().map(|slot| fs::read(slot).unwrap());
        for cut in (0..=SLOT).step_by(1024) {
            for (slot, (old, new)) in paths.wipe_slots().iter().zip(before.iter().zip(&after)) {
                let torn: Vec<u8> = new[..cut].iter().chain(&old[cut..]).copied().collect();
                fs::write(slot, torn).unwrap();
            }
            let stage = WipeJournal::open(&paths).unwrap().wipes()[0].stage;
            assert!(matches!(stage, Stage::Begun | Stage::Swept), "{cut}");
            assert_eq!(stage == Stage::Swept, cut == SLOT, "{cut}");
        }
    }

    #[test]
    fn a_shop_with_hundreds_of_accounts_can_be_wiped() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let mut journal = WipeJournal::open(&paths).unwrap();
        let large = Wipe {
            connections: (0..=255)
                .map(|one| ConnectionId::from_bytes([one; 16]))
                .collect(),
            // Its notice names a stream for each.
            notice: "s".repeat(256 * 33),
            ..wipe("large")
        };
        journal.begin(large.clone()).unwrap();
        assert_eq!(WipeJournal::open(&paths).unwrap().wipes(), [large]);
    }

    #[test]
    fn a_wipe_too_long_for_its_slot_is_refused_before_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(&folder);
        let mut journal = WipeJournal::open(&paths).unwrap();
        let long = Wipe {
            notice: "x".repeat(SLOT),
            ..wipe("long")
        };
        assert!(matches!(journal.begin(long), Err(Error::Invalid(_))));
        assert_eq!(WipeJournal::open(&paths).unwrap().wipes(), []);
    }
}
