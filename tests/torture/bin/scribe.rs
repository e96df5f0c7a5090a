//! Writes messages into a vault, by the store alone, and says each number once it is committed: for
//! tests that take the power away. It goes on behind the cursor, as a desktop does that asks the
//! relay for what is not committed.
//!
//! `scribe FOLDER COUNT honest` writes rows and cursor in one transaction, as the desktop does;
//! `cursor-first` is the broken variant the judges must catch.

#[path = "../keychain.rs"]
mod keychain;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::inbound::{Author, InboundMessage};
use domain::{ConnectionId, ContactKind, ContactRef, Timestamp};
use keychain::FileSecrets;
use store::vault::messages::{Arrival, Road};
use store::{Cursor, Paths, Profile, Vault, VaultWrite};

/// A checkpoint after so many messages.
const CHECKPOINT: u64 = 40;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, how] = arguments.as_slice() else {
        bail!("scribe FOLDER COUNT honest|cursor-first");
    };
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
        // In one piece: what is recorded of it is one acknowledgement.
        out.write_all(format!("{next}\n").as_bytes())?;
        out.flush()?;
        if next % CHECKPOINT == 0 {
            vault.checkpoint()?;
        }
    }
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
