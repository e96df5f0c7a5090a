//! The programs that are killed: started with a shim in front of the system's calls, ended with
//! SIGKILL.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longer than anything takes on a machine that does other things as well.
pub(crate) const LIMIT: Duration = Duration::from_secs(500);

/// What can go wrong with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing grows and nothing is made.
    DiskFull,
    /// Nothing is made, removed or renamed.
    ReadOnly,
}

/// What the shim does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shim {
    /// End the program before this step; 0 is never.
    pub(crate) kill_at: usize,
    /// Count from the start; else from [`arm`].
    pub(crate) armed: bool,
    /// Where the steps are written: all of them if none kills, else the one that does.
    pub(crate) steps: Option<PathBuf>,
    /// Where writes and syncs are recorded, and the name of the database that is watched.
    pub(crate) record: Option<(PathBuf, &'static str)>,
    /// What goes wrong below a folder, from [`toggle_trouble`] to the next.
    pub(crate) trouble: Option<(Trouble, PathBuf)>,
    /// What lies below does not count.
    pub(crate) ignored: Option<PathBuf>,
}

impl Shim {
    /// Ends the program before a step, counted from its start.
    pub(crate) fn kill_at(step: usize) -> Self {
        Self {
            kill_at: step,
            armed: true,
            ..Self::default()
        }
    }

    /// Ends the program before a step, counted from [`arm`].
    pub(crate) fn kill_when_armed(step: usize) -> Self {
        Self {
            armed: false,
            ..Self::kill_at(step)
        }
    }

    pub(crate) fn set(&self, command: &mut Command, library: &Path) {
        command.env("LD_PRELOAD", library);
        command.env("TORTURE_KILL_AT", self.kill_at.to_string());
        if self.armed {
            command.env("TORTURE_ARMED", "1");
        }
        if let Some(steps) = &self.steps {
            command.env("TORTURE_STEPS", steps);
        }
        if let Some((record, watched)) = &self.record {
            command.env("TORTURE_RECORD", record);
            command.env("TORTURE_WATCH", watched);
        }
        if let Some((trouble, folder)) = &self.trouble {
            let name = match trouble {
                Trouble::DiskFull => "full",
                Trouble::ReadOnly => "readonly",
            };
            command.env("TORTURE_TROUBLE", name);
            command.env("TORTURE_TROUBLED", folder);
        }
        if let Some(ignored) = &self.ignored {
            command.env("TORTURE_IGNORE", ignored);
        }
    }
}

/// Compiles the shim.
pub(crate) fn compile_shim(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("torture/shim.c");
    let compiled = std::process::Command::new("cc")
        .args([
            "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
        ])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .output()
        .context("`cc` is not here: `cargo xtask setup`")?;
    ensure!(
        compiled.status.success(),
        "the shim does not compile: {}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    Ok(library)
}

/// From here on the shim counts.
pub(crate) async fn arm(child: &Child) -> Result<()> {
    signal(child, "-USR1").await
}

/// From here on things go wrong, or no longer.
pub(crate) async fn toggle_trouble(child: &Child) -> Result<()> {
    signal(child, "-USR2").await
}

async fn signal(child: &Child, signal: &str) -> Result<()> {
    let id = child.id().context("the program has ended already")?;
    let armed = Command::new("kill")
        .args([signal, &id.to_string()])
        .status()
        .await?;
    ensure!(armed.success(), "the program cannot be told");
    Ok(())
}

/// Ends a program as `kill -9` does, and waits until it is gone.
pub(crate) async fn kill(child: &mut Child) -> Result<()> {
    child.start_kill()?;
    child.wait().await?;
    Ok(())
}

/// The desktop without a window.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Desk {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().context("the desk does not start")?;
        let orders = child.stdin.take().context("the desk listens")?;
        let answers = child.stdout.take().context("the desk answers")?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// Its first word: the phase it opened in. `None` if it was killed before.
    pub(crate) async fn opened(&mut self) -> Result<Option<String>> {
        self.answer("opening").await
    }

    /// Tells it to do something and waits until it is done; `None` if it was killed meanwhile.
    pub(crate) async fn tell(&mut self, order: &[&str]) -> Result<Option<String>> {
        let line = order.join("\t") + "\n";
        if self.orders.write_all(line.as_bytes()).await.is_err() {
            return Ok(None);
        }
        self.answer(&order.join(" ")).await
    }

    /// The same for a desk that nobody kills.
    pub(crate) async fn must(&mut self, order: &[&str]) -> Result<String> {
        let told = self.tell(order).await?;
        told.with_context(|| format!("the desk ended at {order:?}"))
    }

    /// Ends it as its owner does.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.must(&["stop"]).await?;
        self.child.wait().await?;
        Ok(())
    }

    async fn answer(&mut self, what: &str) -> Result<Option<String>> {
        let line = tokio::time::timeout(LIMIT, self.answers.next_line()).await;
        let Ok(line) = line else {
            bail!("the desk said nothing for {} s: {what}", LIMIT.as_secs());
        };
        match line? {
            None => Ok(None),
            Some(line) => match line.split_once(' ') {
                Some(("done", told)) => Ok(Some(told.to_owned())),
                _ => bail!("{what}: {line}"),
            },
        }
    }
}
