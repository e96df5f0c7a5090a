//! A bit flips in a write-ahead log: what is opened then is whole, or nothing is opened.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use store::{Error, Vault};

use crate::support::{Desk, arrives, connection, said};

/// Messages before and behind the checkpoint.
const EACH: i64 = 40;
/// Places at which a bit flips.
const PLACES: usize = 60;

/// A vault's file and log as a crash left them.
struct Crashed {
    desk: Desk,
    /// Before anything of the log was moved into it.
    file: Vec<u8>,
    /// With all of it.
    moved: Vec<u8>,
    log: Vec<u8>,
}

impl Crashed {
    fn new() -> Self {
        let desk = Desk::new();
        let vault = desk.create(1);
        write(&vault, 0..EACH);
        assert!(vault.checkpoint().unwrap());
        write(&vault, EACH..2 * EACH);
        let path = desk.paths.vault(connection(1)).database;
        let (file, log) = (fs::read(&path).unwrap(), fs::read(beside(&desk)).unwrap());
        assert!(vault.checkpoint().unwrap());
        let moved = fs::read(&path).unwrap();
        Self {
            desk,
            file,
            moved,
            log,
        }
    }

    /// Opens it with this file and this log.
    fn open(&self, file: &[u8], log: &[u8]) -> store::Result<Vault> {
        fs::write(self.desk.paths.vault(connection(1)).database, file).unwrap();
        fs::write(beside(&self.desk), log).unwrap();
        self.desk.open(1)
    }

    /// With a bit flipped at each of many places of the log in turn.
    fn flipped(&self) -> impl Iterator<Item = (usize, Vec<u8>)> {
        let places = (0..PLACES).map(|nth| nth * (self.log.len() - 1) / (PLACES - 1));
        places.map(|at| {
            let mut log = self.log.clone();
            log[at] ^= 1 << (at % 8);
            (at, log)
        })
    }
}

fn beside(desk: &Desk) -> PathBuf {
    desk.paths
        .vault(connection(1))
        .database
        .with_extension("db-wal")
}

fn write(vault: &Vault, which: std::ops::Range<i64>) {
    for n in which {
        let words = format!("word{n} and others");
        let person = (n % 7).to_string();
        arrives(vault, &said(&person, &format!("m_{n}"), &words), 1_000 + n);
    }
}

/// How many are there. They must be the first ones, each found by its word as well.
fn there(vault: &Vault) -> i64 {
    let mut known = Vec::new();
    for n in 0..2 * EACH {
        let row = vault.read(|read| read.message_with_platform_id(&format!("m_{n}")));
        let query = store::Query::parse(&format!("word{n}")).unwrap();
        let hits = vault
            .read(|read| read.find_messages(&query, None, 10))
            .unwrap();
        assert_eq!(row.unwrap().is_some(), !hits.is_empty(), "message {n}");
        known.push(!hits.is_empty());
    }
    let count = known.iter().take_while(|known| **known).count();
    assert!(known[count..].iter().all(|known| !known), "{known:?}");
    i64::try_from(count).unwrap()
}

#[test]
fn what_opens_behind_a_flipped_bit_is_whole_and_older_and_says_so() {
    let crashed = Crashed::new();
    let whole = crashed.open(&crashed.file, &crashed.log).unwrap();
    assert_eq!((there(&whole), whole.fell_back()), (2 * EACH, false));
    drop(whole);
    let mut told = BTreeMap::new();
    for (at, log) in crashed.flipped() {
        let vault = crashed.open(&crashed.file, &log).unwrap();
        let count = there(&vault);
        assert!((EACH..2 * EACH).contains(&count), "byte {at}: {count}");
        assert!(vault.is_sound().unwrap());
        // In the last commit alone a power cut could have done the same.
        assert!(vault.fell_back() || count == 2 * EACH - 1, "byte {at}");
        *told.entry(vault.fell_back()).or_insert(0) += 1;
    }
    assert!(told[&true] > PLACES / 2, "{told:?}");
}

#[test]
fn a_log_torn_behind_its_last_commit_lost_nothing() {
    let crashed = Crashed::new();
    for cut in [1, 100, 4_120, 6_000] {
        let log = &crashed.log[..crashed.log.len() - cut];
        let vault = crashed.open(&crashed.file, log).unwrap();
        assert!(!vault.fell_back(), "{cut} bytes");
    }
}

#[test]
fn behind_a_checkpoint_that_was_nearly_done_nothing_is_lost() {
    let crashed = Crashed::new();
    for (at, log) in crashed.flipped() {
        // A flip in the log's head, or in the number of a page, hides what the log is.
        let Ok(vault) = crashed.open(&crashed.moved, &log) else {
            assert!(at < 32 || (at - 32) % 4_120 < 24, "byte {at}");
            continue;
        };
        assert_eq!(
            (there(&vault), vault.fell_back()),
            (2 * EACH, false),
            "byte {at}"
        );
    }
}

#[test]
fn a_file_that_has_a_part_of_its_damaged_log_is_refused_and_left_as_it_is() {
    let crashed = Crashed::new();
    let mut half = crashed.moved.clone();
    let middle = half.len() / 8_192 * 4_096;
    half[middle..crashed.file.len()].copy_from_slice(&crashed.file[middle..]);
    let path = crashed.desk.paths.vault(connection(1)).database;
    for (at, log) in crashed.flipped() {
        let refused = crashed.open(&half, &log).map(|_| ()).unwrap_err();
        assert!(matches!(refused, Error::Damaged(_)), "byte {at}: {refused}");
        assert!(
            fs::read(&path).unwrap() == half,
            "byte {at}: the file changed"
        );
        assert!(fs::read(beside(&crashed.desk)).unwrap() == log, "byte {at}");
    }
    // The same file without the fault opens: what is refused is not the crash.
    let vault = crashed.open(&half, &crashed.log).unwrap();
    assert_eq!((there(&vault), vault.fell_back()), (2 * EACH, false));
}

#[test]
fn a_long_log_is_moved_into_its_file_and_emptied() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let mut longest = 0;
    for from in 0..50 {
        write(&vault, from * 20..(from + 1) * 20);
        longest = longest.max(fs::metadata(beside(&desk)).unwrap().len());
    }
    let limit = 4_000 * 4_120;
    assert!(longest < limit + 400_000, "{longest}");
    let now = fs::metadata(beside(&desk)).unwrap().len();
    assert!(now < longest, "{now} of {longest}");
}
