//! What can be asked for on the command line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// One window in which a shop answers its customers' messages.
#[derive(Debug, Parser)]
#[command(name = "shopbell", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    pub job: Option<Job>,
    /// Where the shop's files are; each folder is a shop of its own.
    #[arg(long, env = "SHOPBELL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// A `shopbell://relay?url=…&key=…` link.
    #[arg(value_name = "LINK", value_parser = link)]
    pub link: Option<String>,
}

/// Only what begins like a link to this program is one: a mistyped job is not.
fn link(word: &str) -> Result<String, String> {
    if word.starts_with("shopbell:") {
        return Ok(word.to_owned());
    }
    Err("it is neither a job nor a link that begins with shopbell://".to_owned())
}

/// Jobs that need no window and no display.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// Checks a deletion receipt offline and says which keys it trusts.
    VerifyReceipt {
        /// The saved receipt.
        file: PathBuf,
        /// Trust only this relay key (as the relay shows it at `/keys`).
        #[arg(long, value_name = "K")]
        relay_key: Option<String>,
    },
    /// Decodes one picture from standard input: the helper the window runs, under limits.
    #[command(hide = true)]
    Decode,
}

/// Prints what a receipt says, or why it is not to be believed.
pub fn verify_receipt(file: &Path, relay_key: Option<&str>) -> ExitCode {
    match engine::receipt::verify_file(file, relay_key) {
        Ok(report) => {
            // A closed standard output is no reason to call a good receipt bad.
            drop(writeln!(std::io::stdout(), "{report}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}
