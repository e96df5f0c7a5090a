//! `cargo xtask torture [NAME] [--minutes N]`: the tests of `tests/torture` for as long as wished.
//! What kills, cuts off or disturbs goes on beyond its short count until its time is over; what was counted is said at the end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{say, setup, step};

/// What is wished.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    /// Tests with this in their name; all of them if there is none.
    name: Option<String>,
    /// How long each of them goes on.
    minutes: u64,
}

impl Wish {
    fn read(words: &[&str]) -> Result<Self> {
        let mut wish = Self {
            name: None,
            minutes: 10,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--minutes" => {
                    let minutes = words.next().context("--minutes needs a number")?;
                    wish.minutes = minutes.parse().context("--minutes needs a number")?;
                }
                name if !name.starts_with('-') && wish.name.is_none() => {
                    wish.name = Some(name.to_owned());
                }
                other => bail!("nobody knows {other}"),
            }
        }
        Ok(wish)
    }
}

/// Builds everything and runs what is wished.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> Result<ExitCode> {
    let wish = Wish::read(words)?;
    setup::everything(workspace)?;
    setup::nextest(workspace)?;
    setup::build(workspace)?;
    forget_counts(workspace)?;
    let name = wish.name.as_deref();
    let filter = name.map_or_else(
        || "binary(torture)".to_owned(),
        |name| format!("binary(torture) and test({name})"),
    );
    let mut command = workspace.cargo(&["nextest", "run", "--workspace", "--locked"]);
    command
        .args(["--no-fail-fast", "--profile", "torture", "-E", &filter])
        .env("SHOPBELL_TORTURE_MINUTES", wish.minutes.to_string());
    // Two at a time, and the short counts in front.
    let limit = Duration::from_secs(3_600 + wish.minutes * 60 * 16);
    let outcome = step::run("torture", command, workspace.log("torture"), limit)?;
    say_counts(workspace)?;
    if outcome.passed {
        return Ok(ExitCode::SUCCESS);
    }
    say::line(&outcome.tail(200));
    Ok(ExitCode::FAILURE)
}

/// Says what the tests counted.
pub(crate) fn say_counts(workspace: &Workspace) -> Result<()> {
    for file in counts(workspace) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(&file)?;
        say::line(&format!("  {name}: {}", text.trim()));
    }
    Ok(())
}

/// Removes what earlier runs counted.
pub(crate) fn forget_counts(workspace: &Workspace) -> Result<()> {
    for file in counts(workspace) {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

fn counts(workspace: &Workspace) -> Vec<PathBuf> {
    // Where cargo lets tests keep files of theirs.
    let folder = workspace.target.join("tmp").join("torture");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_time_may_be_given_in_any_order() {
        let wish = |name: Option<&str>, minutes| Wish {
            name: name.map(str::to_owned),
            minutes,
        };
        assert_eq!(Wish::read(&[]).unwrap(), wish(None, 10));
        let both = ["--minutes", "3", "wipe"];
        assert_eq!(Wish::read(&both).unwrap(), wish(Some("wipe"), 3));
        assert!(Wish::read(&["wipe", "relay"]).is_err());
        assert!(Wish::read(&["--minutes"]).is_err());
    }
}
