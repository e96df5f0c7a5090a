//! Making the keys of a relay, and codes for computers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use wire::words;

use super::say;
use crate::clock::{Clock, HOUR};
use crate::keys::{Keys, KeysError};
use crate::pseudonym::Kind;
use crate::queue::{self, enrol_codes};
use crate::random;
use crate::settings::{SETTINGS, Settings};

/// Letters nobody mistakes for another.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Makes keys, and where asked a configuration to fill in.
pub(crate) fn init(settings: &Settings, write: Option<PathBuf>) -> anyhow::Result<()> {
    if let Some(path) = &write {
        ensure!(
            !path.exists(),
            "{} is there already: name another file, or fill in that one",
            path.display()
        );
    }
    let folder = &std::path::absolute(settings.keys())?;
    let keys = match Keys::init(folder) {
        // Who only wants the settings written has made the keys before.
        Err(KeysError::Present(_)) if write.is_some() => Keys::open(folder)?,
        made => made?,
    };
    say(&format!(
        "The keys of relay {} are in {}.",
        keys.relay(),
        folder.display()
    ))?;
    say("Keep a copy of this folder apart from the backups of the store.")?;
    say(&format!(
        "Its words are: {}",
        words::of(&keys.public()).join(" ")
    ))?;
    say(&format!(
        "Its key, for receipts, is: {}",
        keys.public().current
    ))?;
    if let Some(path) = write {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        let store = std::path::absolute(settings.store()?)?;
        std::io::Write::write_all(&mut file, example(folder, &store).as_bytes())?;
        say(&format!(
            "Fill in {} and start with: shopbell-relay serve --config {0}",
            path.display()
        ))?;
    }
    Ok(())
}

/// A file of settings. Where keys and store lie is written out, so that it means the same wherever a
/// command is called.
fn example(keys: &Path, store: &Path) -> String {
    let mut text = String::from("# Settings of this relay. A line without # is in force.\n");
    for setting in &SETTINGS {
        text.push_str(&format!("\n# {}\n", setting.help));
        if setting.name == "SHOPBELL_KEYS" {
            text.push_str(&format!("SHOPBELL_KEYS={}\n", keys.display()));
        } else if setting.name == "SHOPBELL_STORE" {
            text.push_str(&format!("SHOPBELL_STORE=sqlite:{}\n", store.display()));
        } else if setting.secret {
            text.push_str(&format!("#{}_FILE=\n", setting.name));
        } else {
            text.push_str(&format!("#{}=\n", setting.name));
        }
    }
    text
}

/// Makes a code that lets one computer in.
pub(crate) fn enrol_code(settings: &Settings, hours: i64) -> anyhow::Result<()> {
    // Opened as serving opens it: a relay that is just starting may not be done with making it.
    let connection = queue::open(&super::store(settings)?)?;
    let keys = Keys::open(&settings.keys())?;
    let letters = random::bytes::<10>().map(|byte| {
        LETTERS
            .get(usize::from(byte) % LETTERS.len())
            .copied()
            .unwrap_or(b'A')
    });
    let code = String::from_utf8_lossy(&letters).into_owned();
    let until = Clock::system().now() + hours * HOUR;
    enrol_codes::add(&connection, keys.pepper().name(Kind::Code, &code), until)?;
    let (first, second) = code.split_at_checked(5).context("a code has ten letters")?;
    say(&format!("{first}-{second}"))?;
    Ok(())
}
