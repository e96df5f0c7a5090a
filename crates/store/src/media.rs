//! Pictures and the like on disk. Each file has a random name and a random key of its own; the key
//! lies in the vault, so that deleting the row is enough to make the bytes worthless.
//!
//! A file is a magic word, a random nonce prefix and chunks of 64 KiB, each sealed with
//! XChaCha20-Poly1305. The nonce is prefix, chunk number and "last" flag (the STREAM construction):
//! chunks cannot be swapped, dropped or cut off unseen, and any range can be read alone.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::ConnectionId;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::{disk, keys};

const MAGIC: &[u8; 8] = b"SBMEDIA1";
const PREFIX: usize = 19;
const HEADER: u64 = 27;
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

/// A media file as the vault remembers it.
#[derive(Clone)]
pub struct MediaFile {
    id: [u8; 16],
    key: Zeroizing<[u8; 32]>,
    size: u64,
}

impl std::fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaFile")
            .field("id", &self.name())
            .field("size", &self.size)
            .finish()
    }
}

impl PartialEq for MediaFile {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for MediaFile {}

impl MediaFile {
    pub(crate) fn of_row(id: [u8; 16], key: [u8; 32], size: u64) -> Self {
        Self {
            id,
            key: Zeroizing::new(key),
            size,
        }
    }

    /// The file's random name, 32 hex digits: an opaque id for the window's media scheme.
    pub fn name(&self) -> String {
        hex::encode(self.id)
    }

    /// How many bytes it holds.
    pub const fn size(&self) -> u64 {
        self.size
    }

    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.key.as_slice()
    }

    pub(crate) fn size_column(&self) -> i64 {
        i64::try_from(self.size).expect("no file is that large")
    }
}

/// The media files of one connection.
#[derive(Clone, Debug)]
pub struct Media {
    folder: PathBuf,
    connection: ConnectionId,
    /// What was written since the vault was opened: it may not have a row yet.
    fresh: Arc<Mutex<HashSet<[u8; 16]>>>,
}

impl Media {
    pub(crate) fn open(folder: PathBuf, connection: ConnectionId) -> Result<Self> {
        disk::private_folder(&folder)?;
        Ok(Self {
            folder,
            connection,
            fresh: Arc::default(),
        })
    }

    /// Starts a new file that is written piece by piece.
    pub fn writer(&self) -> Result<MediaWriter> {
        let id = keys::random::<16>();
        self.lock_fresh().insert(id);
        let path = self.path(&id);
        if let Some(parent) = path.parent() {
            disk::private_folder(parent)?;
        }
        let unfinished = disk::beside(&path, ".part");
        let mut options = OpenOptions::new();
        let mut file = disk::private(options.write(true).create_new(true)).open(&unfinished)?;
        let prefix = keys::random::<PREFIX>();
        file.write_all(MAGIC)?;
        file.write_all(&prefix)?;
        let key = Zeroizing::new(keys::random::<32>());
        Ok(MediaWriter {
            file: MediaFile {
                id,
                key: key.clone(),
                size: 0,
            },
            sealer: Chunks::new(&key, prefix, self.connection, id),
            next: 0,
            waiting: Zeroizing::new(Vec::with_capacity(CHUNK)),
            unfinished: Unfinished(Some(unfinished)),
            target: path,
            sink: file,
        })
    }

    /// Writes a whole file.
    pub fn write(&self, bytes: &[u8]) -> Result<MediaFile> {
        let mut writer = self.writer()?;
        writer.push(bytes)?;
        writer.finish()
    }

    /// Reads a whole file.
    pub fn read(&self, file: &MediaFile) -> Result<Vec<u8>> {
        self.read_range(file, 0..file.size)
    }

    /// Reads a part of a file; what lies beyond its end is left out.
    pub fn read_range(&self, file: &MediaFile, range: Range<u64>) -> Result<Vec<u8>> {
        let mut source = match File::open(self.path(&file.id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NotThere),
            other => other?,
        };
        let (start, end) = (range.start.min(file.size), range.end.min(file.size));
        let mut header = [0; 8 + PREFIX];
        source.read_exact(&mut header).map_err(short)?;
        let (magic, prefix) = header.split_at(8);
        if magic != MAGIC {
            return Err(Error::Damaged(None));
        }
        let prefix = prefix
            .try_into()
            .expect("the header was split after the magic word");
        let opener = Chunks::new(&file.key, prefix, self.connection, file.id);
        let chunk = CHUNK as u64;
        let last = file.size.saturating_sub(1) / chunk;
        let mut bytes = Vec::with_capacity(usize::try_from(end.saturating_sub(start)).unwrap_or(0));
        for number in start / chunk..=last {
            let first = number * chunk;
            if first >= end && first > start {
                break;
            }
            let length = (file.size - first).min(chunk);
            source.seek(SeekFrom::Start(HEADER + number * (chunk + TAG as u64)))?;
            let mut sealed = vec![0; usize::try_from(length).expect("at most a chunk") + TAG];
            source.read_exact(&mut sealed).map_err(short)?;
            let plain = Zeroizing::new(opener.open(number, number == last, &sealed)?);
            let from = usize::try_from(start.saturating_sub(first)).unwrap_or(usize::MAX);
            let to = usize::try_from(end.saturating_sub(first)).unwrap_or(usize::MAX);
            bytes.extend_from_slice(plain.get(from..to.min(plain.len())).unwrap_or_default());
        }
        Ok(bytes)
    }

    /// Removes a file. One that is not there is fine.
    pub fn erase(&self, file: &MediaFile) -> Result<()> {
        self.erase_id(&file.id)
    }

    pub(crate) fn erase_id(&self, id: &[u8; 16]) -> Result<()> {
        Ok(disk::remove(&self.path(id))?)
    }

    /// The files that were here when the vault was opened; unfinished ones among them are removed.
    pub(crate) fn files_of_earlier_times(&self) -> Result<Vec<[u8; 16]>> {
        let mut found = Vec::new();
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?.path();
            if !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(&folder)? {
                let path = file?.path();
                let Some(id) = id_of(&path).filter(|id| !self.lock_fresh().contains(id)) else {
                    continue;
                };
                if path.extension().is_some() {
                    disk::remove(&path)?;
                } else {
                    found.push(id);
                }
            }
        }
        Ok(found)
    }

    fn lock_fresh(&self) -> MutexGuard<'_, HashSet<[u8; 16]>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: &[u8; 16]) -> PathBuf {
        let name = hex::encode(id);
        let (folder, _) = name.split_at(2);
        self.folder.join(folder).join(&name)
    }
}

/// A new file, sealed chunk by chunk as it comes in. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub struct MediaWriter {
    file: MediaFile,
    sealer: Chunks,
    next: u64,
    waiting: Zeroizing<Vec<u8>>,
    unfinished: Unfinished,
    target: PathBuf,
    sink: File,
}

impl MediaWriter {
    /// Adds bytes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.file.size += bytes.len() as u64;
        while !bytes.is_empty() {
            // A full chunk waits for more: only the last one is marked as last.
            if self.waiting.len() == CHUNK {
                self.seal(false)?;
            }
            let room = (CHUNK - self.waiting.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// How many bytes were added so far.
    pub const fn size(&self) -> u64 {
        self.file.size
    }

    /// Seals the rest, waits for the disk and gives the file its name.
    pub fn finish(mut self) -> Result<MediaFile> {
        self.seal(true)?;
        self.sink.sync_all()?;
        let unfinished = self.unfinished.0.take().expect("taken only here");
        disk::rename(&unfinished, &self.target)?;
        Ok(self.file.clone())
    }

    fn seal(&mut self, last: bool) -> Result<()> {
        let sealed = self.sealer.seal(self.next, last, &self.waiting)?;
        self.sink.write_all(&sealed)?;
        self.next += 1;
        self.waiting.clear();
        Ok(())
    }
}

/// The name of a file that is not finished; removes it when dropped.
#[derive(Debug)]
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = disk::remove(&path)
        {
            tracing::warn!(%error, "an unfinished media file could not be removed");
        }
    }
}

/// Seals and opens the chunks of one file.
struct Chunks {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX],
    /// Vault, file and version: a file put in another's place does not open.
    aad: [u8; 33],
}

impl std::fmt::Debug for Chunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chunks(***)")
    }
}

impl Chunks {
    fn new(key: &[u8; 32], prefix: [u8; PREFIX], connection: ConnectionId, id: [u8; 16]) -> Self {
        let mut aad = [1; 33];
        let parts = connection.as_bytes().iter().chain(&id);
        aad.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Self {
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
            prefix,
            aad,
        }
    }

    fn seal(&self, number: u64, last: bool, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = self.nonce(number, last)?;
        let payload = Payload {
            msg: plain,
            aad: &self.aad,
        };
        self.cipher
            .encrypt(&nonce, payload)
            .map_err(|_| Error::Invalid("media chunk"))
    }

    fn open(&self, number: u64, last: bool, sealed: &[u8]) -> Result<Vec<u8>> {
        let nonce = self.nonce(number, last)?;
        let payload = Payload {
            msg: sealed,
            aad: &self.aad,
        };
        self.cipher
            .decrypt(&nonce, payload)
            .map_err(|_| Error::Damaged(None))
    }

    fn nonce(&self, number: u64, last: bool) -> Result<XNonce> {
        let number = u32::try_from(number).map_err(|_| Error::Invalid("media size"))?;
        let mut nonce = [0; 24];
        let parts = self
            .prefix
            .iter()
            .copied()
            .chain(number.to_be_bytes())
            .chain([u8::from(last)]);
        nonce
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = from);
        Ok(XNonce::from(nonce))
    }
}

fn id_of(path: &Path) -> Option<[u8; 16]> {
    let name = path.file_stem()?.to_str()?;
    let mut id = [0; 16];
    hex::decode_to_slice(name, &mut id).ok()?;
    Some(id)
}

/// A file that ends too early was cut.
fn short(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Error::Damaged(None)
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn media(folder: &tempfile::TempDir) -> Media {
        Media::open(folder.path().to_owned(), ConnectionId::from_bytes([7; 16])).unwrap()
    }

    fn files(folder: &tempfile::TempDir) -> usize {
        let folders = fs::read_dir(folder.path()).unwrap();
        folders
            .map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count())
            .sum()
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_range_reads_back(
            length in prop_oneof![0_usize..3, 65_530_usize..65_540, 131_070_usize..200_000],
            cuts in (0_u64..210_000, 0_u64..210_000),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let media = media(&folder);
            let bytes = pattern(length);
            let file = media.write(&bytes).unwrap();
            prop_assert_eq!(media.read(&file).unwrap(), bytes.clone());
            let (start, end) = (cuts.0.min(cuts.1), cuts.0.max(cuts.1));
            let clip = |at: u64| usize::try_from(at).unwrap().min(length);
            let expected = &bytes[clip(start)..clip(end)];
            prop_assert_eq!(media.read_range(&file, start..end).unwrap(), expected);
        }
    }

    #[test]
    fn nothing_of_it_is_readable_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let media = media(&folder);
        let canary = b"CANARY-picture-of-a-brass-bell";
        let file = media.write(canary).unwrap();
        let on_disk = fs::read(media.path(&file.id)).unwrap();
        let hit = |bytes: &[u8]| bytes.windows(canary.len()).any(|part| part == canary);
        assert!(!hit(&on_disk));
        assert!(
            hit(&media.read(&file).unwrap()),
            "the check itself must be able to hit"
        );
    }

    #[test]
    fn a_changed_cut_or_swapped_file_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let media = media(&folder);
        let file = media.write(&pattern(150_000)).unwrap();
        let path = media.path(&file.id);
        let good = fs::read(&path).unwrap();
        for at in [0, 10, 30, 70_000, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(
                matches!(media.read(&file), Err(Error::Damaged(_))),
                "byte {at}"
            );
        }
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        assert!(matches!(media.read(&file), Err(Error::Damaged(_))));
        let first_two = 27 + 2 * (CHUNK + TAG);
        fs::write(&path, &good[..first_two]).unwrap();
        let cut = MediaFile::of_row(file.id, *file.key, 2 * CHUNK as u64);
        assert!(
            matches!(media.read(&cut), Err(Error::Damaged(_))),
            "cut at a chunk"
        );
        fs::write(&path, &good).unwrap();
        let other = media.write(b"other").unwrap();
        fs::copy(media.path(&other.id), &path).unwrap();
        let swapped = MediaFile::of_row(file.id, *other.key, 5);
        assert!(
            matches!(media.read(&swapped), Err(Error::Damaged(_))),
            "swapped"
        );
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let media = media(&folder);
        let mut writer = media.writer().unwrap();
        writer.push(&pattern(100_000)).unwrap();
        assert_eq!(files(&folder), 1);
        drop(writer);
        assert_eq!(files(&folder), 0);
        let file = media.write(b"x").unwrap();
        media.erase(&file).unwrap();
        media.erase(&file).unwrap();
        assert!(matches!(media.read(&file), Err(Error::NotThere)));
    }
}
