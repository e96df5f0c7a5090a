//! `cargo xtask fuzz`: every parser that outside bytes reach, fed with bytes nobody thought of.
//!
//! `cargo fuzz` builds, in a build folder of its own, and libFuzzer drives. What a run finds lies in
//! `target/fuzz/found/NAME/`; it goes into the corpus once it is mended. Before anything is believed,
//! the same machinery must find the fault of `tests/fuzz/control.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::counts::{self, Counts};
use crate::workspace::Workspace;
use crate::{interrupt, say, setup, step};

/// How much memory a target may take, in MiB, how many seconds one input may take, and how long an
/// input may be.
const LIMITS: [&str; 4] = [
    "-rss_limit_mb=512",
    "-malloc_limit_mb=256",
    "-timeout=1",
    "-max_len=16384",
];

/// How many run beside each other.
const AT_ONCE: usize = 2;

/// How long a target is tried unless another time is asked for.
const SECONDS: u64 = 20;

/// The program with a fault in it.
const CONTROL: &str = "control";

/// What was asked for: which targets (none: all), and how long each.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    names: Vec<&'a str>,
    seconds: u64,
    /// What chance starts from; `None` is another start each time.
    seed: Option<u32>,
}

impl<'a> Wish<'a> {
    /// All targets, as the tests ask them: from one start, so that a commit that passed is not
    /// refused the next time for what was always in it. Looking for more is the command's.
    pub(crate) fn of_the_tests() -> Self {
        Self {
            names: Vec::new(),
            seconds: SECONDS,
            seed: Some(1),
        }
    }

    /// What the command line says.
    pub(crate) fn read(words: &[&'a str]) -> Result<Self> {
        let mut wish = Self {
            names: Vec::new(),
            seconds: SECONDS,
            seed: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => {
                    let number = words.next().context("--seconds needs a number")?;
                    wish.seconds = number.parse().context("--seconds needs a number")?;
                }
                "--seed" => {
                    let number = words.next().context("--seed needs a number")?;
                    wish.seed = Some(number.parse().context("--seed needs a number")?);
                }
                flag if flag.starts_with('-') => {
                    bail!("fuzz knows --seconds and --seed, not {flag}")
                }
                name => wish.names.push(name),
            }
        }
        Ok(wish)
    }
}

/// The command: sets up, runs what is wished, and says the sum.
pub(crate) fn command(workspace: &Workspace, words: &[&str]) -> Result<ExitCode> {
    let wish = Wish::read(words)?;
    setup::everything(workspace)?;
    let counts = run(workspace, &wish)?;
    say::line(&counts.to_string());
    Ok(if counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds and runs the targets; each is one that passed or failed, and so is the control.
pub(crate) fn run(workspace: &Workspace, wish: &Wish<'_>) -> Result<Counts> {
    let all = targets(workspace)?;
    let unknown = |name: &&&str| !all.iter().any(|one| one == **name);
    if let Some(name) = wish.names.iter().find(unknown) {
        bail!("no such target: {name}. There are: {}", all.join(", "));
    }
    let wished = |name: &&String| wish.names.is_empty() || wish.names.contains(&name.as_str());
    let chosen: Vec<&String> = all.iter().filter(wished).collect();
    setup::fuzz(workspace)?;
    let programs = build(workspace)?;
    let mut counts = counts::of_check(control(workspace, &programs)?);
    let next = AtomicUsize::new(0);
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = one(workspace, &programs, name, wish);
                    ended.lock().expect("nobody panics here").push(run);
                }
            });
        }
    });
    let mut runs = 0;
    for run in ended.into_inner().expect("nobody panics here") {
        let run = run?;
        runs += run.inputs;
        counts += counts::of_check(run.passed);
    }
    interrupt::check()?;
    say::line(&format!(
        "  {runs} inputs to {} targets, {} s each",
        chosen.len(),
        wish.seconds
    ));
    Ok(counts)
}

/// What came of one target.
struct Run {
    passed: bool,
    inputs: u64,
}

/// The targets are the files of their folder.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(home(workspace).join("targets"))? {
        let path = file?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all targets; the folder with the programs.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let host = host(workspace)?;
    // `cargo fuzz` would write a lock file that does not fit anew; here that is a fault.
    let mut locked = workspace.cargo(&["fetch", "--locked", "--target", &host]);
    locked.current_dir(home(workspace));
    step::must(
        "what the fuzz targets need",
        locked,
        workspace.log("fuzz fetch"),
    )?;
    let folder = workspace.target.join("fuzz");
    let mut command = workspace.cargo(&["fuzz", "build", "--fuzz-dir"]);
    command
        .arg(home(workspace))
        .args(["--target", &host, "--target-dir"])
        .arg(&folder)
        // The sanitizer is still behind a door that a stable compiler opens only when it is told to.
        .env("RUSTC_BOOTSTRAP", "1");
    step::must("the fuzz targets", command, workspace.log("fuzz build"))?;
    Ok(folder.join(host).join("release"))
}

/// Runs the program with a fault in it, from nothing; whether the fault was found.
fn control(workspace: &Workspace, programs: &Path) -> Result<bool> {
    let found = fresh(workspace, CONTROL)?;
    let mut command = fuzzer(programs, CONTROL, 60, &found);
    command.arg(found.join("new"));
    let log = workspace.log("fuzz control");
    let outcome = step::quietly("fuzz control", command, log, Duration::from_secs(240))?;
    const FAULT: &str = "a box that ends too early";
    let noticed = !outcome.passed && outcome.output.contains(FAULT);
    if noticed && !repeats(programs, &outcome.output, FAULT)? {
        say::line("✗ fuzz control: what is said to repeat a fault does not repeat it");
        return Ok(false);
    }
    if noticed {
        say::line("✓ fuzz control: the fault that was put there is found");
    } else {
        say::line("✗ fuzz control: the fault that was put there is not found");
        say::line(&outcome.tail(40));
    }
    Ok(noticed)
}

/// What repeats a fault, to be typed anywhere.
fn again(programs: &Path, name: &str, input: &str) -> String {
    format!("'{}' '{input}'", programs.join(name).display())
}

/// Whether what we would say about the control's fault repeats it.
fn repeats(programs: &Path, output: &str, fault: &str) -> Result<bool> {
    let Some(input) = artifact(output) else {
        return Ok(false);
    };
    let typed = Command::new("sh")
        .args(["-c", &again(programs, CONTROL, input)])
        .output()
        .context("sh does not start")?;
    let said = String::from_utf8_lossy(&typed.stderr);
    Ok(!typed.status.success() && said.contains(fault))
}

/// Runs one target on its corpus.
fn one(workspace: &Workspace, programs: &Path, name: &str, wish: &Wish<'_>) -> Result<Run> {
    let found = fresh(workspace, name)?;
    let mut command = fuzzer(programs, name, wish.seconds, &found);
    if let Some(seed) = wish.seed {
        command.arg(format!("-seed={seed}"));
    }
    // What is new goes into the first folder: it stays out of the repository.
    command
        .arg(found.join("new"))
        .arg(home(workspace).join("corpus").join(name));
    let log = workspace.log(&format!("fuzz {name}"));
    let limit = Duration::from_secs(wish.seconds + 180);
    let outcome = step::run(&format!("fuzz {name}"), command, log, limit)?;
    let inputs = executed(&outcome.output);
    // One that tried nothing found nothing.
    let passed = outcome.passed && inputs > 0;
    if passed {
        say::line(&format!("  {name}: {inputs} inputs"));
    } else {
        say::line(&outcome.tail(60));
        if let Some(input) = artifact(&outcome.output) {
            say::line(&format!("Again: {}", again(programs, name, input)));
        }
    }
    Ok(Run { passed, inputs })
}

fn fuzzer(programs: &Path, name: &str, seconds: u64, found: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command
        .current_dir(found)
        // What lies in a thread's own storage is no leak; freed memory need not be kept for long.
        .env("ASAN_OPTIONS", "detect_leaks=0:quarantine_size_mb=16")
        .args(LIMITS)
        .arg("-print_final_stats=1")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", found.display()));
    command
}

/// A folder for what a run finds. What an earlier one tried is gone; what it found stays.
fn fresh(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let found = workspace.target.join("fuzz").join("found").join(name);
    let new = found.join("new");
    if new.exists() {
        std::fs::remove_dir_all(&new)?;
    }
    std::fs::create_dir_all(&new)?;
    Ok(found)
}

/// How many inputs libFuzzer says it tried.
fn executed(output: &str) -> u64 {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line.and_then(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

/// The file in which libFuzzer keeps the input that broke something.
fn artifact(output: &str) -> Option<&str> {
    output
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, file)| file.trim())
}

fn home(workspace: &Workspace) -> PathBuf {
    workspace.root.join("tests").join("fuzz")
}

/// The compiler's own target.
fn host(workspace: &Workspace) -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .current_dir(&workspace.root)
        .output()
        .context("rustc does not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its target")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_seconds_are_read_in_any_order() {
        let wish = Wish::read(&["frame", "--seconds", "3", "link", "--seed", "7"]).unwrap();
        assert_eq!((wish.names, wish.seconds), (vec!["frame", "link"], 3));
        assert_eq!(wish.seed, Some(7));
        assert_eq!(Wish::read(&[]).unwrap().seed, None);
        assert!(Wish::read(&["--seconds"]).is_err());
        assert!(Wish::read(&["--fast"]).is_err());
    }

    #[test]
    fn what_libfuzzer_says_is_understood() {
        let said = "Done 71 runs in 2 second(s)\nstat::number_of_executed_units: 71\n";
        assert_eq!((executed(said), artifact(said)), (71, None));
        let said = "artifact_prefix='/x/'; Test unit written to /x/crash-da39\nBase64: AA==\n";
        assert_eq!((executed(said), artifact(said)), (0, Some("/x/crash-da39")));
    }
}
