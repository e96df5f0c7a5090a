//! What an operator does beside serving.

mod doctor;
mod init;
mod store;

pub(crate) use doctor::{doctor, healthcheck};
pub(crate) use init::{enrol_code, init};
pub(crate) use store::{backup, restore};

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::ensure;

use crate::settings::Settings;

/// Tells the operator something, on the standard output.
fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The store of a relay that has served. Serving alone makes one: a command that looks in the wrong
/// place must not find an empty store there and answer for it.
fn store(settings: &Settings) -> anyhow::Result<PathBuf> {
    let store = settings.store()?;
    ensure!(
        store.exists(),
        "there is no relay's store at {}. Name the settings of your relay with --config FILE or in \
         SHOPBELL_CONFIG; if it has not run yet, start it first: `shopbell-relay serve` makes its \
         store",
        std::path::absolute(&store).unwrap_or(store).display()
    );
    Ok(store)
}
