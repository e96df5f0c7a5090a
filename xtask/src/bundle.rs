//! `cargo xtask bundle`: the packages people install, and a try of one in a clean system.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{clean_root, fields, say, setup, step};

/// Makes the packages of this system and reads their fields. With `--try` the .deb is installed and started in a Debian
/// root that holds nothing else.
pub(crate) fn run(workspace: &Workspace, flags: &[&str]) -> Result<ExitCode> {
    let attempt = match flags {
        [] => false,
        ["--try"] => true,
        other => bail!("bundle knows --try, not {}", other.join(" ")),
    };
    setup::everything(workspace)?;
    let made = build(workspace)?;
    for package in &made {
        let size = package.metadata()?.len();
        say::line(&format!("{} ({} bytes)", package.display(), size));
        fields::read(package)?;
    }
    if attempt {
        let deb = made
            .iter()
            .find(|package| package.extension().is_some_and(|end| end == "deb"))
            .context("no .deb was made, so none can be tried")?;
        clean_root::install_and_start(workspace, deb)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.target.join("release/bundle");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    // Started from the root: it looks for its settings below where it stands.
    let mut command = Command::new("node");
    command
        .arg(workspace.ui().join("node_modules/@tauri-apps/cli/tauri.js"))
        .args(["build", "--ci", "--features", "vendored-openssl"])
        // The pages are built; where it would build them again there is no package.json.
        .args(["--config", r#"{"build":{"beforeBuildCommand":""}}"#])
        .current_dir(&workspace.root);
    // The ciphers' source is compiled along with all else: the longest step there is.
    step::must("the packages", command, workspace.log("bundle"))?;
    packages(&folder)
}

/// What lies one folder down: `deb/NAME.deb`, `rpm/NAME.rpm`, `dmg/NAME.dmg`, `nsis/NAME.exe`.
fn packages(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for kind in std::fs::read_dir(folder).context("no package was made")? {
        for file in std::fs::read_dir(kind?.path())? {
            let file = file?.path();
            let end = file.extension().and_then(|end| end.to_str());
            if file.is_file() && matches!(end, Some("deb" | "rpm" | "dmg" | "exe" | "msi")) {
                made.push(file);
            }
        }
    }
    made.sort();
    Ok(made)
}

/// Runs one command of the try to its end; its words are the error.
pub(crate) fn must(command: &mut Command) -> Result<String> {
    let name = format!("{command:?}");
    let output = command
        .output()
        .with_context(|| format!("{name} does not start"))?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if !output.status.success() {
        bail!("{name} failed:\n{said}");
    }
    Ok(said)
}
