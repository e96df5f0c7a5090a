//! The system's own packages: which are missing, and how they come.
//!
//! On Debian and Ubuntu they are installed. Elsewhere it is said what to install, and the work goes
//! on with what is there.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, which};
use crate::{say, step};

/// What building the programs needs.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libssl-dev",
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libsecret-1-dev",
    "xdg-utils",
];

/// What driving the real window without a display needs: a display in memory, a session bus, a
/// Secret Service, the driver, and letters for every language the customers write.
const WINDOW: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "dbus",
    "dbus-x11",
    "gnome-keyring",
    "fonts-noto-core",
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
];

const CHROMIUM: &str = "chromium";
const BROWSERS: &[&str] = &[
    CHROMIUM,
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const MACOS: &str = "\
On macOS install once, by hand:
  xcode-select --install
  brew install openssl@3 pkg-config node
  Chromium or Chrome, for the tests of the window's pages
macOS has no WebDriver for this kind of window: the tests in the real window run on Linux only.";

const WINDOWS: &str = "\
On Windows install once, by hand:
  Visual Studio Build Tools with \"Desktop development with C++\"
  Strawberry Perl and OpenSSL (set OPENSSL_DIR), Node 20 or newer
  the WebView2 runtime, where Windows does not have it already
The tests in the real window run on Linux only.";

const OTHER_LINUX: &str = "\
This system has no apt-get. Install what these Debian packages hold:";

const NO_BROWSER: &str = "\
the tests of the window's pages need Chrome or Chromium, and this system's package lists have neither.
Install Google Chrome's package by hand, then start the same command again. The demo needs no browser.";

/// What the packages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building the programs and starting them.
    Programs,
    /// Testing them as well.
    Tests,
}

/// Sees to it that the system's packages are there.
pub(crate) fn install(workspace: &Workspace, need: Need) -> Result<()> {
    if cfg!(target_os = "macos") {
        say::line(MACOS);
        return Ok(());
    }
    if cfg!(windows) {
        say::line(WINDOWS);
        return Ok(());
    }
    let mut wanted: Vec<&str> = BUILD.iter().chain(WINDOW).copied().collect();
    let browser = need == Need::Tests && BROWSERS.iter().all(|name| which(name).is_none());
    if browser {
        wanted.push(CHROMIUM);
    }
    if which("apt-get").is_none() || which("dpkg-query").is_none() {
        say::line(&format!("{OTHER_LINUX}\n  {}", wanted.join(" ")));
        return Ok(());
    }
    let missing = missing(&wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    say::line(&format!(
        "Installing system packages: {}",
        missing.join(" ")
    ));
    may_install()?;
    let log = |name: &str| workspace.log(name);
    step::must("package lists", apt(&["update"]), log("apt update"))?;
    if browser && !is_offered(CHROMIUM) {
        bail!("{NO_BROWSER}");
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&missing);
    step::must("system packages", apt(&arguments), log("apt install"))?;
    Ok(())
}

/// Whether the package lists have a package that can be installed. Ubuntu has Chromium as a snap
/// only, which cannot be driven here.
fn is_offered(package: &str) -> bool {
    let policy = Command::new("apt-cache")
        .env("LC_ALL", "C")
        .args(["policy", package])
        .output();
    policy.is_ok_and(|output| has_candidate(&String::from_utf8_lossy(&output.stdout)))
}

fn has_candidate(policy: &str) -> bool {
    policy.lines().any(|line| {
        let candidate = line.trim().strip_prefix("Candidate:");
        candidate.is_some_and(|version| version.trim() != "(none)")
    })
}

/// Those of the packages that dpkg does not have installed.
fn missing<'a>(wanted: &[&'a str]) -> Result<Vec<&'a str>> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${db:Status-Abbrev} ${Package}\n"])
        .args(wanted)
        .output()
        .context("dpkg-query does not start")?;
    Ok(not_installed(
        wanted,
        &String::from_utf8_lossy(&output.stdout),
    ))
}

fn not_installed<'a>(wanted: &[&'a str], listing: &str) -> Vec<&'a str> {
    let installed: Vec<&str> = listing
        .lines()
        .filter_map(|line| line.strip_prefix("ii"))
        .map(str::trim)
        .collect();
    wanted
        .iter()
        .copied()
        .filter(|name| !installed.contains(name))
        .collect()
}

/// Asks for the password before the steps begin: those run beside the terminal and cannot.
fn may_install() -> Result<()> {
    if is_root() {
        return Ok(());
    }
    let status = Command::new("sudo").arg("--validate").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!(
            "sudo does not let you install packages: install the above as root, then run this again"
        ),
        Err(_) => bail!("there is no sudo here: install the above as root, then run this again"),
    }
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args([
            "--non-interactive",
            "--preserve-env=DEBIAN_FRONTEND",
            "apt-get",
        ]);
        command
    };
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_version_is_not_offered() {
        let with =
            |version: &str| format!("chromium:\n  Installed: (none)\n  Candidate: {version}\n");
        assert!(has_candidate(&with("140.0-1")));
        assert!(!has_candidate(&with("(none)")));
        assert!(!has_candidate(""));
    }

    #[test]
    fn a_removed_package_whose_settings_stayed_is_missing() {
        let listing = "ii  xvfb\nrc  gnome-keyring\nun  chromium\n";
        let wanted = ["xvfb", "gnome-keyring", "chromium", "xauth"];
        assert_eq!(
            not_installed(&wanted, listing),
            ["gnome-keyring", "chromium", "xauth"]
        );
    }
}
