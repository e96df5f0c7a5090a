//! The window's packages and its built pages: brought up to date only where they are not.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step;
use crate::workspace::{Workspace, which};

/// The oldest Node that the window's tools run on.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// An npm command in the window's folder.
pub(crate) fn npm(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command
        .args(arguments)
        .current_dir(workspace.ui())
        .env("npm_config_fund", "false");
    command
}

/// Installs the packages of the lock file, unless they are there.
pub(crate) fn packages(workspace: &Workspace) -> Result<()> {
    check_node()?;
    if installed(&workspace.ui()).unwrap_or(false) {
        return Ok(());
    }
    let command = npm(workspace, &["ci", "--ignore-scripts", "--no-audit"]);
    step::must("the window's packages", command, workspace.log("npm ci"))?;
    Ok(())
}

/// Builds the window's pages, unless nothing changed since.
pub(crate) fn pages(workspace: &Workspace) -> Result<()> {
    let ui = workspace.ui();
    let built = ui
        .join("dist/index.html")
        .metadata()
        .and_then(|found| found.modified())
        .ok();
    if built.is_some_and(|built| newest(&ui).is_ok_and(|changed| changed <= built)) {
        return Ok(());
    }
    step::must(
        "the window's pages",
        npm(workspace, &["run", "build"]),
        workspace.log("ui build"),
    )?;
    Ok(())
}

fn check_node() -> Result<()> {
    let advice = format!(
        "Install Node {}.{} or newer (https://nodejs.org), with npm.",
        OLDEST_NODE.0, OLDEST_NODE.1
    );
    if which("node").is_none() {
        bail!("Node is not there. {advice}");
    }
    let output = Command::new("node").arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = version(&text).with_context(|| format!("node answers {text:?}. {advice}"))?;
    if version < OLDEST_NODE {
        bail!("Node {}.{} is too old. {advice}", version.0, version.1);
    }
    Ok(())
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether what npm put there is what the lock file asks for.
fn installed(ui: &Path) -> Result<bool> {
    let read =
        |path: &Path| -> Result<Value> { Ok(serde_json::from_slice(&std::fs::read(path)?)?) };
    let lock = read(&ui.join("package-lock.json"))?;
    let there = read(&ui.join("node_modules/.package-lock.json"))?;
    Ok(matches(&lock, &there))
}

/// Every package of the lock is there in its version, and nothing else is. A package for another
/// system may be absent.
fn matches(lock: &Value, there: &Value) -> bool {
    let (Some(lock), Some(there)) = (packages_of(lock), packages_of(there)) else {
        return false;
    };
    let wanted = |name: &str| lock.get(name).and_then(|package| package.get("integrity"));
    let all_wanted = there.iter().all(|(name, package)| {
        wanted(name).is_some_and(|hash| Some(hash) == package.get("integrity"))
    });
    let all_there = lock.iter().all(|(name, package)| {
        name.is_empty() || there.contains_key(name) || package.get("optional").is_some()
    });
    all_wanted && all_there
}

fn packages_of(lock: &Value) -> Option<&serde_json::Map<String, Value>> {
    lock.get("packages")?.as_object()
}

/// When the newest source of the window changed.
fn newest(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let skipped = ["dist", "node_modules", "tests", "test-results"];
        if skipped.iter().any(|skip| name == *skip) {
            continue;
        }
        let found = entry.metadata()?;
        let changed = if found.is_dir() {
            newest_in(&entry.path())?
        } else {
            found.modified()?
        };
        newest = newest.max(changed);
    }
    Ok(newest)
}

fn newest_in(folder: &Path) -> Result<SystemTime> {
    // A folder's own time tells that a file in it was removed.
    Ok(newest(folder)?.max(folder.metadata()?.modified()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lock_that_moved_on_asks_for_an_installation() {
        let lock = json!({"packages": {
            "": {"name": "ui"},
            "node_modules/svelte": {"integrity": "sha512-a"},
            "node_modules/only-on-windows": {"integrity": "sha512-w", "optional": true},
        }});
        let there = json!({"packages": {"node_modules/svelte": {"integrity": "sha512-a"}}});
        assert!(matches(&lock, &there));

        let older = json!({"packages": {"node_modules/svelte": {"integrity": "sha512-0"}}});
        assert!(!matches(&lock, &older), "another version");
        let less = json!({"packages": {}});
        assert!(!matches(&lock, &less), "a package is missing");
        let more = json!({"packages": {
            "node_modules/svelte": {"integrity": "sha512-a"},
            "node_modules/left-over": {"integrity": "sha512-x"},
        }});
        assert!(!matches(&lock, &more), "a package too many");
    }

    #[test]
    fn node_s_version_is_read() {
        assert_eq!(version("v20.19.2\n"), Some((20, 19)));
        assert_eq!(version("node?"), None);
    }
}
