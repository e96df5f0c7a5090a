//! A Debian system that holds nothing but its base: there a package shows what it forgot to ask for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::bundle::must;
use crate::workspace::{Workspace, which};
use crate::{say, step};

/// Starts the window under a display in memory and waits until something is painted in it: a window
/// that stays empty is a screen of one colour, which packs into next to nothing.
const START: &str = r#"
set -eu
export HOME=/root XDG_RUNTIME_DIR=/run/shopbell-try LIBGL_ALWAYS_SOFTWARE=1
mkdir -p "$XDG_RUNTIME_DIR"; chmod 700 "$XDG_RUNTIME_DIR"
exec xvfb-run -a -s "-screen 0 1280x900x24" dbus-run-session -- sh -c '
  shopbell & pid=$!
  for _ in $(seq 240); do
    if xdotool search --onlyvisible --name "^Shopbell" >/dev/null 2>&1; then
      xwd -root -silent -out /srv/window.xwd
      if [ "$(gzip -c /srv/window.xwd | wc -c)" -gt 20000 ]; then
        kill "$pid"; wait "$pid" || true; exit 0
      fi
    fi
    kill -0 "$pid" || { echo "the window ended by itself"; exit 1; }
    sleep 0.25
  done
  echo "nothing was painted within a minute"; exit 1'
"#;

/// Installs the package in a new root and starts the program in it.
pub(crate) fn install_and_start(workspace: &Workspace, deb: &Path) -> Result<()> {
    if which("mmdebstrap").is_none() || !is_root() {
        bail!("the try needs mmdebstrap (apt-get install mmdebstrap) and root");
    }
    let root = workspace.target.join("clean-root");
    make(workspace, &root)?;
    let package = root.join("srv/shopbell.deb");
    std::fs::copy(deb, &package)?;
    // The lists went when the root was finished.
    inside(&root, &["apt-get", "update"])?;
    // What it only recommends stays out: a library it forgot to ask for may come along with that.
    add(&root, &["/srv/shopbell.deb"])?;
    say::line("✓ installs, with what it needs and nothing it recommends");
    files(&root)?;
    let version = inside(&root, &["shopbell", "--version"])?;
    say::line(&format!("✓ answers: {}", version.trim()));
    add(
        &root,
        &["xvfb", "xauth", "dbus-daemon", "xdotool", "x11-apps"],
    )?;
    inside(&root, &["sh", "-c", START])?;
    say::line(&format!(
        "✓ starts and paints; its screen: {}",
        root.join("srv/window.xwd").display()
    ));
    inside(&root, &["apt-get", "purge", "-y", "shopbell"])?;
    ensure!(
        !root.join("usr/bin/shopbell").exists(),
        "the program stays after it was removed"
    );
    say::line("✓ is gone when removed");
    Ok(())
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Installs packages in the root, and nothing that they only recommend.
fn add(root: &Path, packages: &[&str]) -> Result<()> {
    let install = ["apt-get", "install", "-y", "--no-install-recommends"];
    inside(root, &[install.as_slice(), packages].concat()).map(drop)
}

/// A new root from the sources of this system.
fn make(workspace: &Workspace, root: &Path) -> Result<()> {
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--variant=apt", "--mode=root", "--include=ca-certificates"])
        .arg(release()?)
        .arg(root);
    step::must("a clean Debian", command, workspace.log("clean root"))?;
    Ok(())
}

/// The name of this system's release, as its packages call it.
fn release() -> Result<String> {
    let text = std::fs::read_to_string("/etc/os-release")?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("this system does not name its release")?;
    Ok(name.trim_matches('"').to_owned())
}

/// The desktop file takes a link, names the program, and the metainfo names the desktop file.
fn files(root: &Path) -> Result<()> {
    let desktop = root.join("usr/share/applications/Shopbell.desktop");
    let text = std::fs::read_to_string(&desktop).context("no desktop file was installed")?;
    ensure!(
        text.lines()
            .any(|line| line.starts_with("Exec=env ") && line.ends_with(" shopbell %u")),
        "the desktop file does not hand a link on:\n{text}"
    );
    ensure!(
        text.contains("MimeType=x-scheme-handler/shopbell;"),
        "no scheme:\n{text}"
    );
    let about: PathBuf = root.join("usr/share/metainfo/app.shopbell.desktop.metainfo.xml");
    let about = std::fs::read_to_string(about).context("no metainfo was installed")?;
    ensure!(
        about.contains("Shopbell.desktop"),
        "the metainfo names another desktop file"
    );
    say::line("✓ desktop file and metainfo");
    Ok(())
}

/// What a running system has and a folder has not. Without `/proc` the page stays empty.
const MOUNTED: &str = r#"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/dev/shm"
exec chroot "$@""#;

/// In a space of mounts of its own, which goes with the command.
fn inside(root: &Path, words: &[&str]) -> Result<String> {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-euc", MOUNTED, "sh"])
        .arg(root)
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8");
    must(&mut command)
}
