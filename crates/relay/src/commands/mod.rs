//! What an operator does beside serving.

mod doctor;
mod init;
mod store;

pub(crate) use doctor::{doctor, healthcheck};
pub(crate) use init::{enrol_code, init};
pub(crate) use store::{backup, restore};

use std::io::Write as _;

/// Tells the operator something, on the standard output.
fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
