//! Everything that building and testing need, in the order in which the parts need each other.

use anyhow::Result;

use crate::system::Need;
use crate::workspace::Workspace;
use crate::{npm, step, system};

/// Installs what building and starting the programs needs. Instant where nothing is missing.
pub(crate) fn programs(workspace: &Workspace) -> Result<()> {
    system::install(workspace, Need::Programs)?;
    npm::packages(workspace)?;
    npm::pages(workspace)
}

/// Installs what testing needs as well.
pub(crate) fn everything(workspace: &Workspace) -> Result<()> {
    system::install(workspace, Need::Tests)?;
    npm::packages(workspace)?;
    npm::pages(workspace)
}

/// Installs the runner of the Rust tests.
pub(crate) fn nextest(workspace: &Workspace) -> Result<()> {
    tool(workspace, "nextest")
}

/// Installs what builds the fuzz targets.
pub(crate) fn fuzz(workspace: &Workspace) -> Result<()> {
    tool(workspace, "fuzz")
}

/// Installs one of cargo's commands, where it is missing.
fn tool(workspace: &Workspace, name: &str) -> Result<()> {
    let there = workspace
        .cargo(&[name, "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if there {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    let mut command = workspace.cargo(&["install", &package, "--locked"]);
    // A build folder of its own would be thrown away; in ours the next installation finds it.
    command.env("CARGO_TARGET_DIR", workspace.target.join("tools"));
    step::must(&package, command, workspace.log(&package))?;
    Ok(())
}

/// Builds every program, test and example once, in one set of features.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let command = workspace.cargo(BUILD);
    step::must("all programs", command, workspace.log("build"))?;
    Ok(())
}

/// One command for every build, so that nothing is compiled twice with other features.
pub(crate) const BUILD: &[&str] = &["build", "--workspace", "--all-targets", "--locked"];
