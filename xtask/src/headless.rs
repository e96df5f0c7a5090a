//! `cargo xtask demo --headless`: the whole story, played through the real window.
//!
//! The playing is `tests/src/bin/story.rs`; here it gets its relay, its sandbox and its folders.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::group::Group;
use crate::services::{self, Services};
use crate::workspace::Workspace;
use crate::{interrupt, say};

/// Plays the story. Fails if any step of it fails.
pub(crate) fn play(
    workspace: &Workspace,
    folder: &Path,
    services: &mut Services,
) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("the story needs a driver for the window, which exists on Linux only");
    }
    let pictures = workspace.target.join("demo");
    if pictures.exists() {
        std::fs::remove_dir_all(&pictures)?;
    }
    std::fs::create_dir_all(&pictures)?;
    let mut command = services::ours(workspace, "story");
    command
        .current_dir(&workspace.root)
        .arg(&services.sandbox)
        .arg(&services.relay)
        .arg(folder)
        .arg(&pictures)
        .arg(services::browser(workspace)?);
    let mut story = Group::start(&mut command)?;
    let passed = loop {
        interrupt::check()?;
        services.check()?;
        if let Some(status) = story.ended()? {
            break status.success();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    say::line(&format!(
        "A picture of each step lies in {}.",
        pictures.display()
    ));
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
