//! What a damaged write-ahead log lost. SQLite takes a log up to its first frame that does not add
//! up and says nothing. That is right behind a power cut, where only what nobody was promised is
//! torn. It is wrong where a disk forgot a bit: what was committed is gone, and if a checkpoint had
//! moved some of it already, the file has pages that are newer than those that SQLite takes from the
//! log.
//!
//! Source: the SQLite file format, section 4 (<https://www.sqlite.org/fileformat2.html#walformat>).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of the log's own head.
const HEAD: usize = 32;
/// Bytes before each page.
const FRAME_HEAD: usize = 24;
/// Pages of these files, bytes.
const PAGE: usize = 4_096;
/// The first word of a log whose sums are made of big-endian words; without the last bit they are
/// little-endian.
const BIG_ENDIAN: u32 = 0x377f_0683;

/// What there is to be said of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// Nothing is wrong with it, or it is not there.
    Whole,
    /// SQLite takes a part of it, and what that makes is whole.
    CutShort {
        /// A commit is behind the cut, with another one begun behind it: it had been on the disk,
        /// since nothing is written behind a commit that is not.
        committed: bool,
    },
    /// It is damaged, and everything in it has been moved into the file.
    Moved,
    /// It is damaged, and a part of what SQLite overlooks has been moved into the file: the two
    /// together are no state that ever was.
    Mixed,
}

/// Looks through the log of a file.
///
/// # Errors
/// One of the two cannot be read.
pub(crate) fn look_through(log: &Path, file: &Path) -> io::Result<Log> {
    let reading = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Log::Whole),
        reading => reading?,
    };
    let frames = Frames::read(BufReader::with_capacity(1 << 18, reading))?;
    let Some(taken) = frames.taken else {
        return Ok(Log::Whole);
    };
    let mut pair = Pair {
        log: File::open(log)?,
        file: File::open(file)?,
    };
    let overlooked = frames.all.get(taken..).unwrap_or_default();
    if !pair.is_any_moved(overlooked)? {
        let commit = overlooked.iter().position(|frame| frame.commits);
        let committed = commit.is_some_and(|first| first + 1 < overlooked.len());
        return Ok(Log::CutShort { committed });
    }
    match pair.are_all_moved(&frames.all)? {
        true => Ok(Log::Moved),
        false => Ok(Log::Mixed),
    }
}

/// One frame of this log, good or bad.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Where its page begins in the log.
    at: u64,
    /// Which page of the file it is.
    page: u32,
    /// The last one of a commit.
    commits: bool,
}

struct Frames {
    all: Vec<Frame>,
    /// How many of them SQLite takes, if not all.
    taken: Option<usize>,
}

impl Frames {
    fn read(mut log: impl Read) -> io::Result<Self> {
        let mut frames = Self {
            all: Vec::new(),
            taken: None,
        };
        let mut head = [0; HEAD];
        if !fill(&mut log, &mut head)? {
            return Ok(frames);
        }
        let big_endian = word(&head, 0) == BIG_ENDIAN;
        let salts = [word(&head, 16), word(&head, 20)];
        let mut sum = Sum::default();
        sum.add(&head[..24], big_endian);
        let mut good = sum.is(&head, 24);
        let mut at = HEAD as u64;
        let mut frame = [0; FRAME_HEAD + PAGE];
        while fill(&mut log, &mut frame)? {
            let own = [word(&frame, 8), word(&frame, 12)];
            // What an earlier log left behind has other salts. One of the two is enough: the bit
            // that flipped may be in the other.
            if own[0] == salts[0] || own[1] == salts[1] {
                sum.add(&frame[..8], big_endian);
                sum.add(&frame[FRAME_HEAD..], big_endian);
                good = good && own == salts && sum.is(&frame, 16);
                if !good && frames.taken.is_none() {
                    frames.taken = Some(frames.all.len());
                }
                frames.all.push(Frame {
                    at: at + FRAME_HEAD as u64,
                    page: word(&frame, 0),
                    commits: word(&frame, 4) != 0,
                });
            }
            at += (FRAME_HEAD + PAGE) as u64;
        }
        Ok(frames)
    }
}

/// A log and its file.
struct Pair {
    log: File,
    file: File,
}

impl Pair {
    fn is_any_moved(&mut self, frames: &[Frame]) -> io::Result<bool> {
        for frame in frames {
            if self.is_moved(*frame)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the file has the last of each page. What follows the last commit is never moved.
    fn are_all_moved(&mut self, frames: &[Frame]) -> io::Result<bool> {
        let committed = frames.iter().rposition(|frame| frame.commits);
        let committed = frames.iter().take(committed.map_or(0, |last| last + 1));
        let last: BTreeMap<u32, Frame> = committed.map(|frame| (frame.page, *frame)).collect();
        for frame in last.into_values() {
            if !self.is_moved(frame)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the file has this page as it is in this frame. Each writing of a page is enciphered
    /// anew, so that two of them have hardly a byte in common; the same one with a damage has most.
    fn is_moved(&mut self, frame: Frame) -> io::Result<bool> {
        let Some(before) = u64::from(frame.page).checked_sub(1) else {
            return Ok(false);
        };
        let (mut in_log, mut in_file) = ([0; PAGE], [0; PAGE]);
        self.log.seek(SeekFrom::Start(frame.at))?;
        self.log.read_exact(&mut in_log)?;
        self.file.seek(SeekFrom::Start(before * PAGE as u64))?;
        if !fill(&mut self.file, &mut in_file)? {
            return Ok(false);
        }
        let pairs = in_log.iter().zip(&in_file);
        Ok(pairs.filter(|(one, other)| one == other).count() > PAGE / 2)
    }
}

/// Whether there were enough bytes.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// SQLite's sum over words in pairs.
#[derive(Clone, Copy, Debug, Default)]
struct Sum(u32, u32);

impl Sum {
    fn add(&mut self, bytes: &[u8], big_endian: bool) {
        let read = if big_endian {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        };
        let (words, _) = bytes.as_chunks::<4>();
        let (pairs, _) = words.as_chunks::<2>();
        for [first, second] in pairs {
            self.0 = self.0.wrapping_add(read(*first)).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(read(*second)).wrapping_add(self.0);
        }
    }

    fn is(self, bytes: &[u8], at: usize) -> bool {
        [self.0, self.1] == [word(bytes, at), word(bytes, at + 4)]
    }
}

/// The big-endian word at a place.
fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::keys::DatabaseKey;
    use crate::{disk, open};

    /// A count and what it counts, always written together: without this look SQLite takes the
    /// one from the log and the other from the file.
    #[test]
    fn control_sqlite_alone_takes_what_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let log = disk::beside(&path, "-wal");
        let key = DatabaseKey::of(1);
        let writer = open::create(&path, &key).unwrap();
        writer
            .execute_batch(
                "CREATE TABLE counted (n INTEGER); CREATE TABLE rows (n INTEGER);
                 INSERT INTO counted VALUES (0);",
            )
            .unwrap();
        writer
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        for _ in 0..10 {
            writer.execute("UPDATE counted SET n = 1 - n", []).unwrap();
        }
        let first_half = fs::read(&log).unwrap().len();
        for _ in 0..10 {
            let both = "BEGIN; INSERT INTO rows VALUES (1); UPDATE counted SET n = n + 1; COMMIT;";
            writer.execute_batch(both).unwrap();
        }
        let mut damaged = fs::read(&log).unwrap();
        damaged[first_half + 1_000] ^= 1;
        writer
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        drop(writer);

        fs::write(&log, damaged).unwrap();
        assert_eq!(look_through(&log, &path).unwrap(), Log::Moved);
        let taken = open::writer(&path, &key).unwrap();
        let count = |ask: &str| -> i64 { taken.query_row(ask, [], |row| row.get(0)).unwrap() };
        assert_eq!(count("SELECT count(*) FROM rows"), 10);
        assert_eq!(count("SELECT n FROM counted"), 0);
    }
}
