//! Where the benchmarks work: a folder beside the built programs, and what is told about the
//! machine and the programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::report::{Figure, Versions};

/// The folder of the benchmarks, on the disk the build folder lies on.
#[derive(Debug)]
pub(crate) struct Ground {
    folder: PathBuf,
    quick: bool,
}

impl Ground {
    /// Beside the built programs, in `bench`. A quick run has a tenth of the messages: it shows that
    /// everything works, and its figures carry their smaller size in their names.
    pub(crate) fn lay(quick: bool) -> Result<Self> {
        let here = std::env::current_exe().context("this program has a path")?;
        let target = here.parent().and_then(Path::parent);
        let folder = target.context("it lies in a build folder")?.join("bench");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, quick })
    }

    /// One of two, for a quick or a whole run.
    pub(crate) const fn either<T: Copy>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// The folder of this name; it may hold something from an earlier run.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new, empty folder of this name.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Keeps a figure with all its rounds, beside those of earlier runs.
    pub(crate) fn keep(&self, figure: &Figure) -> Result<()> {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("figures.jsonl"))?;
        Ok(writeln!(file, "{}", serde_json::to_string(figure)?)?)
    }
}

/// Our own version and the machine's class, and what is added.
pub(crate) fn versions(more: &[(&'static str, String)]) -> Versions {
    let mut versions = Versions::from([
        ("shopbell", env!("CARGO_PKG_VERSION").to_owned()),
        ("sqlite", rusqlite::version().to_owned()),
        ("machine", machine()),
    ]);
    versions.extend(more.iter().cloned());
    versions
}

/// Processor and number of cores.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map_or("an unknown processor", |(_, name)| name.trim());
    format!("{cores} cores, {model}, {}", std::env::consts::OS)
}

/// The version of a package, as the lock file has it.
pub(crate) fn locked(package: &str) -> String {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let name = format!("name = \"{package}\"\nversion = \"");
    let version = LOCK
        .split_once(&name)
        .and_then(|(_, rest)| rest.split_once('"'));
    version.map_or("unknown", |(version, _)| version).to_owned()
}

/// The first line a program says when it is asked for its version.
pub(crate) fn version_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}
