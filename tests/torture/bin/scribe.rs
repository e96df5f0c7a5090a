//! Writes messages into a vault, by the store alone, and says each number once it is committed: for
//! tests that take the power away. It goes on behind the cursor, as a desktop does that asks the
//! relay for what is not committed.
//!
//! `scribe FOLDER COUNT honest` writes rows and cursor in one transaction, as the desktop does;
//! `cursor-first` is the broken variant the judges must catch.
//!
//! `scribe FOLDER COUNT full|normal` writes into plain SQLite with that `synchronous`: what a power
//! cut takes of it shows what the store would lose with another setting.

#[path = "../keychain.rs"]
mod keychain;

use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::inbound::{Author, InboundMessage};
use domain::{ConnectionId, ContactKind, ContactRef, Timestamp};
use keychain::FileSecrets;
use rusqlite::Connection;
use store::vault::messages::{Arrival, Road};
use store::{Cursor, Paths, Profile, Vault, VaultWrite};

/// A checkpoint after so many messages.
const CHECKPOINT: u64 = 40;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, how] = arguments.as_slice() else {
        bail!("scribe FOLDER COUNT honest|cursor-first|full|normal");
    };
    if ["full", "normal"].contains(&how.as_str()) {
        return write_plain(Path::new(folder), count.parse()?, how);
    }
    let vault = open(Path::new(folder))?;
    let count: u64 = count.parse().context("a count")?;
    let mut next = vault
        .read(|read| read.cursor())?
        .map_or(0, |cursor| cursor.seq);
    let mut out = std::io::stdout();
    while next < count {
        next += 1;
        match how.as_str() {
            "honest" => vault.write(|write| {
                write_message(write, next)?;
                write.move_cursor(&cursor(next))
            })?,
            "cursor-first" => {
                vault.write(|write| write.move_cursor(&cursor(next)))?;
                vault.write(|write| write_message(write, next))?;
            }
            other => bail!("nobody writes {other}"),
        }
        say(&mut out, next)?;
        if next % CHECKPOINT == 0 {
            vault.checkpoint()?;
        }
    }
    Ok(())
}

/// In one piece: what is recorded of it is one acknowledgement.
fn say(out: &mut impl std::io::Write, number: u64) -> Result<()> {
    out.write_all(format!("{number}\n").as_bytes())?;
    Ok(out.flush()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file that is nobody's shop, to see what plain SQLite loses"
)]
fn write_plain(folder: &Path, count: u64, synchronous: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let sql = Connection::open(folder.join("vault.db"))?;
    sql.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
         PRAGMA wal_autocheckpoint = 60;
         CREATE TABLE IF NOT EXISTS said (number INTEGER PRIMARY KEY, words TEXT);"
    ))?;
    let done = "SELECT coalesce(max(number), 0) FROM said";
    let done: i64 = sql.query_row(done, [], |row| row.get(0))?;
    let mut out = std::io::stdout();
    for number in done + 1..=i64::try_from(count)? {
        let words = "some more of what was said ".repeat(usize::try_from(number % 40)?);
        sql.execute("INSERT INTO said VALUES (?1, ?2)", (number, words))?;
        say(&mut out, number.unsigned_abs())?;
    }
    // No checkpoint as the last connection closes: the process ends as if it were killed.
    std::mem::forget(sql);
    Ok(())
}

fn open(folder: &Path) -> Result<Vault> {
    let secrets = FileSecrets::at(&folder.join("keychain"))?;
    let paths = Paths::create(folder.join("data"))?;
    let profile = Profile::open_or_create(&paths)?;
    let id = ConnectionId::from_bytes([7; 16]);
    Ok(if Vault::exists(&paths, id) {
        Vault::open(&paths, &profile, &secrets, id)?
    } else {
        Vault::create(&paths, &profile, &secrets, id)?
    })
}

const fn cursor(seq: u64) -> Cursor {
    Cursor {
        stream: [1; 16],
        seq,
        chain: [0; 32],
        durable: 0,
    }
}

fn write_message(write: &VaultWrite<'_>, number: u64) -> store::Result<()> {
    let ends = "and some more of what was said ".repeat(usize::try_from(number % 40).unwrap_or(0));
    let message = InboundMessage {
        platform_id: format!("m_{number}"),
        contact: ContactRef::of(ContactKind::Psid, format!("70{}", number % 7)),
        author: Author::Person,
        text: Some(format!("{number} {ends}")),
        attachments: Vec::new(),
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: None,
    };
    let at = Timestamp(1_700_000_000_000 + i64::try_from(number).unwrap_or(0));
    let arrival = Arrival {
        message: &message,
        at,
        arrived_at: at,
        road: Road::Live,
        quarantine: None,
    };
    write.add_message(&arrival).map(drop)
}
