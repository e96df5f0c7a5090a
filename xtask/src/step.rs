//! One long step: it says that it runs, keeps what the program said, and knows how it ended.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::{interrupt, say};

/// How often a running step says that it still runs.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// How a step ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) passed: bool,
    pub(crate) output: String,
    pub(crate) took: Duration,
    log: PathBuf,
}

/// Runs a program to its end, at most `limit`, and says how it ended.
pub(crate) fn run(name: &str, command: Command, log: PathBuf, limit: Duration) -> Result<Outcome> {
    say::line(&format!("· {name} …"));
    let outcome = quietly(name, command, log, limit)?;
    let sign = if outcome.passed { "✓" } else { "✗" };
    say::line(&format!("{sign} {name} ({})", say::span(outcome.took)));
    Ok(outcome)
}

/// Runs a program to its end, at most `limit`. What its end means is the caller's to say.
pub(crate) fn quietly(
    name: &str,
    mut command: Command,
    log: PathBuf,
    limit: Duration,
) -> Result<Outcome> {
    interrupt::check()?;
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file =
        File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1");
    let begun = Instant::now();
    let passed = match Group::start(&mut command) {
        Ok(mut group) => wait(name, &mut group, &log, begun, limit)?,
        Err(error) => {
            std::fs::write(&log, format!("{error:#}\n"))?;
            false
        }
    };
    let output = plain(&String::from_utf8_lossy(&std::fs::read(&log)?));
    Ok(Outcome {
        passed,
        output,
        took: begun.elapsed(),
        log,
    })
}

/// Runs a program that must succeed; its last lines are the error.
pub(crate) fn must(name: &str, command: Command, log: PathBuf) -> Result<Outcome> {
    let outcome = run(name, command, log, Duration::from_secs(3 * 3600))?;
    if !outcome.passed {
        bail!(
            "{name} failed after {}:\n{}",
            say::span(outcome.took),
            outcome.tail(60)
        );
    }
    Ok(outcome)
}

impl Outcome {
    /// The last lines, and where the others are.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let all: Vec<&str> = self.output.lines().collect();
        let from = all.len().saturating_sub(lines);
        let mut text = all.get(from..).unwrap_or_default().join("\n");
        if from > 0 {
            text = format!(
                "(the last {lines} lines; all of it: {})\n{text}",
                self.log.display()
            );
        }
        text
    }
}

fn wait(
    name: &str,
    group: &mut Group,
    log: &Path,
    begun: Instant,
    limit: Duration,
) -> Result<bool> {
    let mut said = Instant::now();
    loop {
        if let Some(status) = group.ended()? {
            return Ok(status.success());
        }
        interrupt::check()?;
        if begun.elapsed() > limit {
            group.end();
            let note = format!("\n{name}: ended after its limit of {}\n", say::span(limit));
            std::io::Write::write_all(
                &mut File::options().append(true).open(log)?,
                note.as_bytes(),
            )?;
            return Ok(false);
        }
        if said.elapsed() > SIGN_OF_LIFE {
            said = Instant::now();
            let time = say::span(begun.elapsed());
            say::line(&format!("  {name}, {time}: {}", last_line(log)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the program said last, cut to a line of a terminal.
fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = plain(&String::from_utf8_lossy(&text));
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    line.trim().chars().take(80).collect()
}

/// Text without the terminal's control sequences.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if characters.next_if_eq(&'[').is_some() {
            for part in characters.by_ref() {
                if part.is_ascii_alphabetic() {
                    break;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out_and_words_stay() {
        assert_eq!(plain("\u{1b}[1;32m3 passed\u{1b}[0m, ok"), "3 passed, ok");
        assert_eq!(plain("Grüße 👋"), "Grüße 👋");
    }

    #[test]
    fn a_program_that_never_ends_fails_at_its_limit() {
        let log = std::env::temp_dir().join(format!("xtask-step-{}.log", std::process::id()));
        let mut command = Command::new("sleep");
        command.arg("600");
        let outcome = run("sleep", command, log.clone(), Duration::from_millis(200)).unwrap();
        assert!(!outcome.passed);
        assert!(outcome.tail(5).contains("ended after its limit"));
        std::fs::remove_file(log).unwrap();
    }
}
