//! `cargo xtask demo`: sandbox, relay and desktop on this machine, ended together.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::services::{self, Services};
use crate::workspace::Workspace;
use crate::{headless, interrupt, open, say, setup};

/// What the demo was asked for.
#[derive(Debug, Default)]
struct Wish {
    headless: bool,
    keep: bool,
    browser: bool,
    /// Nothing is installed and nothing built: what is there is started.
    built: bool,
}

/// Runs the demo until the window is closed, Ctrl-C, or the story's end.
pub(crate) fn run(workspace: &Workspace, flags: &[&str]) -> Result<ExitCode> {
    let mut wish = Wish::default();
    for flag in flags {
        match *flag {
            "--headless" => wish.headless = true,
            "--keep" => wish.keep = true,
            "--browser" => wish.browser = true,
            "--built" => wish.built = true,
            other => bail!("demo knows --headless, --keep, --browser and --built, not {other}"),
        }
    }
    if !wish.headless && !has_display() {
        say::line("There is no display here, so the story is played without one (--headless).");
        wish.headless = true;
    }
    let _alone = alone(workspace)?;
    if !wish.built {
        setup::programs(workspace)?;
        setup::build(workspace)?;
    }
    let folder = folder(workspace, wish.keep)?;
    let mut services = Services::start(workspace, &folder)?;
    if wish.headless {
        return headless::play(workspace, &folder, &mut services);
    }
    show(workspace, &folder, &mut services, &wish)
}

/// Why connections of the last time need a new sign-in.
const KEPT: &str = "\
Window and relay are as they were; the sandbox is new and knows no earlier sign-in.
Connections of the last time work again after \"Sign in again\" in Settings.";

fn show(
    workspace: &Workspace,
    folder: &Path,
    services: &mut Services,
    wish: &Wish,
) -> Result<ExitCode> {
    let mut command = services::ours(workspace, "shopbell");
    command
        .envs(services.environment())
        .env("SHOPBELL_DATA_DIR", folder.join("desktop"));
    if !wish.browser {
        command.env("BROWSER", services::browser(workspace)?);
    }
    let log = folder.join("desktop.log");
    services::log_to(&mut command, &log)?;
    let mut desktop = Group::start(&mut command)?;
    let phones = format!("{}/", services.sandbox);
    if let Err(error) = open::address(&phones) {
        say::error(&format!("no browser could be opened: {error:#}"));
    }
    say::line(&format!(
        "\nThe customers' phones: {phones}\nThe relay:             {}\nIts words:             {}\n\
         The demo's data:       {}\n\
         In the window press \"Connect my shop\", then write from a phone. Ctrl-C ends everything.",
        services.relay,
        services.words,
        folder.display()
    ));
    if wish.keep {
        say::line(KEPT);
    }
    loop {
        if interrupt::asked() {
            say::line("Ending the demo.");
            return Ok(ExitCode::SUCCESS);
        }
        services.check()?;
        if let Some(status) = desktop.ended()? {
            say::line(&format!("The window was closed ({status})."));
            if status.success() {
                return Ok(ExitCode::SUCCESS);
            }
            say::error(&last_lines(&log));
            say::error("Where there is no display: cargo xtask demo --headless");
            return Ok(ExitCode::FAILURE);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the window said at last, and where the rest is.
fn last_lines(log: &Path) -> String {
    const SHOWN: usize = 10;
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.len().saturating_sub(SHOWN);
    let last = lines.get(last..).unwrap_or_default().join("\n");
    format!(
        "It said at last (all of it is in {}):\n{last}",
        log.display()
    )
}

/// One demo at a time: a second one would take the first one's data away.
fn alone(workspace: &Workspace) -> Result<std::fs::File> {
    std::fs::create_dir_all(&workspace.target)?;
    let lock = std::fs::File::create(workspace.target.join("demo.lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!("a demo of this repository is running: end it first (Ctrl-C in its terminal)")
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// The folder of the demo's data: new at each start, unless it shall be kept.
fn folder(workspace: &Workspace, keep: bool) -> Result<PathBuf> {
    let folder = workspace.target.join("demo-data");
    if folder.exists() && !keep {
        forget(workspace, &folder)?;
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Takes the last demo's secrets out of the keychain: its own, by its profile, and no others.
fn forget(workspace: &Workspace, folder: &Path) -> Result<()> {
    let desktop = folder.join("desktop");
    if !desktop.join("profile").exists() {
        return Ok(());
    }
    let output = services::ours(workspace, "forget-profile")
        .arg(&desktop)
        .output()
        .context("forget-profile does not start")?;
    if !output.status.success() {
        say::error(&format!(
            "the last demo's secrets stay in the keychain: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(())
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
