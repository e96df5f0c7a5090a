//! The typed bindings of the window, generated from the shell's commands.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{say, setup};

/// Writes the bindings again.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    setup::build(workspace)?;
    let before = std::fs::read(file(workspace)).unwrap_or_default();
    generate(workspace)?;
    let changed = before != std::fs::read(file(workspace))?;
    say::line(if changed {
        "The bindings changed."
    } else {
        "The bindings were up to date."
    });
    Ok(())
}

/// Fails when the bindings in the repository are not what the commands say; leaves them as they
/// are. Expects that everything is built.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let file = file(workspace);
    let before = std::fs::read(&file).context("the bindings are missing")?;
    generate(workspace)?;
    let after = std::fs::read(&file)?;
    if before == after {
        return Ok(());
    }
    std::fs::write(&file, &before)?;
    let line = String::from_utf8_lossy(&before)
        .lines()
        .zip(String::from_utf8_lossy(&after).lines())
        .position(|(old, new)| old != new)
        .map_or(0, |position| position + 1);
    bail!(
        "{} differs from the commands, first at line {line}: run `cargo xtask bindings`",
        file.display()
    )
}

fn generate(workspace: &Workspace) -> Result<()> {
    let program = workspace
        .target
        .join("debug/examples")
        .join(format!("bindings{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&program)
        .current_dir(&workspace.root)
        .output()
        .with_context(|| format!("{} does not start", program.display()))?;
    if !output.status.success() {
        bail!(
            "the bindings cannot be written: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.root.join("ui/src/backend/bindings.ts")
}
