//! What the system shows of a running program to whoever asks, and what is left on the disk of one
//! that breaks off.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{traces, wait};

/// Which of these secrets stand in a program's arguments or in its environment, in any form. What the
/// system keeps from us it shows to nobody like us.
pub fn shown(id: u32, secrets: &[(String, Vec<u8>)]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for place in ["cmdline", "environ", "comm"] {
        let bytes = match std::fs::read(format!("/proc/{id}/{place}")) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied && !is_root() => continue,
            read => read.with_context(|| format!("the {place} of {id}"))?,
        };
        for (name, secret) in secrets {
            if traces::forms(secret)
                .iter()
                .any(|form| traces::contains(&bytes, form))
            {
                found.push(format!("{name} in {place}"));
            }
        }
    }
    Ok(found)
}

/// The largest core file a program may leave, as the system says it: what holds, and the most it
/// could ask for.
pub fn core_limit(id: u32) -> Result<(String, String)> {
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits"))?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"));
    let mut words = line.context("no such limit")?.split_whitespace();
    let mut next = || words.next().map(str::to_owned).context("a limit");
    Ok((next()?, next()?))
}

/// A program that runs as somebody who is nobody special: as ourselves, or as `nobody` if we may do
/// everything.
pub fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program);
    command
}

/// Whether somebody who is nobody special can read this file.
pub async fn nobody_reads(file: &Path) -> Result<bool> {
    let read = as_nobody(Path::new("cat")).arg(file).output().await?;
    Ok(read.status.success())
}

/// Whether we may do everything.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Breaks a program off, once nothing but itself may keep its memory from the disk: where we may, its
/// limit is raised first. Returns the core files in the folder it ran in.
pub async fn broken_off(id: u32, folder: &Path) -> Result<Vec<PathBuf>> {
    let number = id.to_string();
    let mut raise = Command::new("prlimit");
    raise.args(["--core=unlimited:unlimited", "--pid", &number]);
    // Only whoever may do everything can raise what a program has lowered for itself.
    raise.stderr(Stdio::null()).status().await?;
    // What a panic that cannot be caught ends with; the first SIGSEGV a Rust program is sent it keeps.
    let told = Command::new("kill")
        .args(["-ABRT", &number])
        .status()
        .await?;
    ensure!(told.success(), "{id} is not there");
    wait::until("the program to break off", async || {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat"));
        let runs = status.is_ok_and(|text| !text.contains(") Z "));
        Ok((!runs).then_some(()))
    })
    .await?;
    cores(folder)
}

fn cores(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
        if name.is_some_and(|name| name.starts_with("core")) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Waits until a process is the program `sleep` and sleeps: until then it bears the name of what
/// started it, and for a moment after that its environment is not there yet.
pub async fn sleeps(id: u32) -> Result<()> {
    wait::until("the program", async || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        Ok(stat.contains("(sleep) S ").then_some(()))
    })
    .await
}

/// Whether this machine leaves core files where a program ran, shown on one that does not mind: the
/// same look must find a secret in what it leaves. Elsewhere what is left goes where nobody of us can
/// look, and only what programs asked for themselves is judged.
pub async fn machine_leaves_cores() -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let secret = "careless-canary";
    let mut child = Command::new("sleep")
        .arg("600")
        .env("KEPT", secret)
        .current_dir(folder.path())
        .kill_on_drop(true)
        .spawn()?;
    let id = child.id().context("it runs")?;
    sleeps(id).await?;
    ensure!(
        !shown(id, &[("canary".to_owned(), secret.as_bytes().to_vec())])?.is_empty(),
        "control: what lies open in an environment is not seen"
    );
    let cores = broken_off(id, folder.path()).await?;
    child.wait().await?;
    let found = traces::files_with(&[secret.as_bytes().to_vec()], &cores).await?;
    ensure!(
        found.len() == cores.len(),
        "control: a core file without what the program held"
    );
    Ok(!found.is_empty())
}
