//! `cargo xtask bench [NAME…] [--json] [--quick]`: prepares what is measured, as it is shipped, and the peer;
//! then a program of the tests measures and tells. With `--json` the standard output is that
//! program's alone, one object a line.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::group::Group;
use crate::workspace::Workspace;
use crate::{interrupt, npm, say, setup, step};

/// What is built: the shipped programs, the bare window beside them, and the measuring itself.
const BUILD: &[&str] = &[
    "build",
    "--release",
    "--locked",
    "--package=relay",
    "--package=shopbell",
    "--package=tests",
    "--bin=shopbell-relay",
    "--bin=shopbell",
    "--bin=bench",
    "--example=bare-window",
];

/// The benchmark with a peer of its own to be installed.
const WITH_PEER: &str = "ingest-vs-express";

/// Measures what is named, or everything.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> Result<ExitCode> {
    if words.contains(&"--json") {
        say::keep_apart();
    }
    setup::everything(workspace)?;
    let all = !words.iter().any(|word| !word.starts_with("--"));
    if all || words.contains(&WITH_PEER) {
        peer(workspace)?;
    }
    let build = workspace.cargo(BUILD);
    step::must(
        "the programs as they are shipped",
        build,
        workspace.log("bench build"),
    )?;
    let mut bench = Command::new(workspace.target.join("release").join(file_name("bench")));
    bench.args(words);
    let mut running = Group::start(&mut bench)?;
    loop {
        if let Some(status) = running.ended()? {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
        }
        interrupt::check()?;
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Installs the peer from its lock file, under the build folder. Its SQLite comes as source and is
/// compiled by its own script, the only one that runs.
fn peer(workspace: &Workspace) -> Result<()> {
    let source = workspace.root.join("tests/bench/express");
    let folder = workspace.target.join("bench/express");
    std::fs::create_dir_all(&folder)?;
    copy(&source, &folder, "server.mjs")?;
    let mark = folder.join("installed.json");
    let wanted = std::fs::read(source.join(LOCK))?;
    if std::fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    copy(&source, &folder, "package.json")?;
    copy(&source, &folder, LOCK)?;
    for (name, arguments) in [
        ("the peer's packages", ["ci", "--ignore-scripts"]),
        ("the peer's SQLite", ["rebuild", "better-sqlite3"]),
    ] {
        let mut command = npm::npm(workspace, &arguments);
        command.current_dir(&folder);
        step::must(name, command, workspace.log(name))?;
    }
    Ok(std::fs::write(mark, wanted)?)
}

const LOCK: &str = "package-lock.json";

fn copy(from: &Path, to: &Path, name: &str) -> Result<()> {
    let path = from.join(name);
    std::fs::copy(&path, to.join(name))
        .with_context(|| format!("{} cannot be copied", path.display()))?;
    Ok(())
}

fn file_name(program: &str) -> PathBuf {
    PathBuf::from(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}
