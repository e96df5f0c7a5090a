//! The demo's sandbox and relay: started, waited for, named.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::workspace::Workspace;
use crate::{interrupt, say};

const APP_ID: &str = "1055501234567890";
const APP_SECRET: &str = "sandbox-app-secret-not-for-real-use";
const VERIFY_TOKEN: &str = "sandbox-verify-token";

/// How long a program may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running sandbox and relay. Dropping it ends both.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) sandbox: String,
    pub(crate) relay: String,
    /// The words by which an owner knows this relay.
    pub(crate) words: String,
    programs: Vec<(&'static str, Group)>,
}

impl Services {
    /// Starts both with their data in `folder`.
    pub(crate) fn start(workspace: &Workspace, folder: &Path) -> Result<Self> {
        let sandbox = format!("http://127.0.0.1:{}", port(8790)?);
        let relay = format!("http://127.0.0.1:{}", port(8787)?);
        let mut services = Self {
            sandbox,
            relay,
            words: String::new(),
            programs: Vec::new(),
        };
        services.start_sandbox(workspace, folder)?;
        services.start_relay(workspace, folder)?;
        Ok(services)
    }

    /// What a program of ours reads in its environment to talk to these two.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("SHOPBELL_RELAY_URL", self.relay.clone()),
            ("SHOPBELL_GRAPH_URL", format!("{}/graph", self.sandbox)),
            (
                "SHOPBELL_FACEBOOK_URL",
                format!("{}/facebook", self.sandbox),
            ),
            (
                "SHOPBELL_INSTAGRAM_URL",
                format!("{}/instagram", self.sandbox),
            ),
        ]
    }

    /// Fails once one of them ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        for (name, group) in &mut self.programs {
            if let Some(status) = group.ended()? {
                bail!("{name} ended: {status}");
            }
        }
        Ok(())
    }

    fn start_sandbox(&mut self, workspace: &Workspace, folder: &Path) -> Result<()> {
        let mut command = ours(workspace, "shopbell-sandbox");
        command
            .args([
                "serve",
                "--listen",
                host(&self.sandbox),
                "--relay",
                &self.relay,
            ])
            .args(["--app-id", APP_ID, "--app-secret", APP_SECRET])
            .args(["--verify-token", VERIFY_TOKEN]);
        log_to(&mut command, &folder.join("sandbox.log"))?;
        self.programs
            .push(("the sandbox", Group::start(&mut command)?));
        let address = format!("{}/sandbox/state", self.sandbox);
        self.wait("the sandbox", &address)
    }

    fn start_relay(&mut self, workspace: &Workspace, folder: &Path) -> Result<()> {
        let data = folder.join("relay");
        std::fs::create_dir_all(&data)?;
        if !data.join("keys").exists() {
            let mut init = self.relay_command(workspace, &data, "init");
            let output = init
                .output()
                .context("shopbell-relay init does not start")?;
            if !output.status.success() {
                bail!(
                    "shopbell-relay init: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            std::fs::write(data.join("words"), words_in(&output.stdout))?;
        }
        self.words = std::fs::read_to_string(data.join("words"))?;
        let mut serve = self.relay_command(workspace, &data, "serve");
        log_to(&mut serve, &folder.join("relay.log"))?;
        self.programs.push(("the relay", Group::start(&mut serve)?));
        let address = format!("{}/readyz", self.relay);
        self.wait("the relay", &address)
    }

    fn relay_command(&self, workspace: &Workspace, data: &Path, verb: &str) -> Command {
        let mut command = ours(workspace, "shopbell-relay");
        let [_, platforms @ ..] = self.environment();
        command
            .arg(verb)
            .envs(platforms)
            .env("SHOPBELL_LISTEN", host(&self.relay))
            .env("SHOPBELL_PUBLIC_URL", &self.relay)
            .env(
                "SHOPBELL_STORE",
                format!("sqlite:{}", data.join("relay.db").display()),
            )
            .env("SHOPBELL_KEYS", data.join("keys"))
            .env("SHOPBELL_META_APP_ID", APP_ID)
            .env("SHOPBELL_META_APP_SECRETS", APP_SECRET)
            .env("SHOPBELL_META_VERIFY_TOKEN", VERIFY_TOKEN)
            .env("SHOPBELL_OPERATOR", "The demo on this computer")
            .env("SHOPBELL_CONTACT", "demo@localhost")
            .env("SHOPBELL_ENROL", "open");
        command
    }

    fn wait(&mut self, name: &str, address: &str) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            interrupt::check()?;
            self.check()?;
            if ureq::get(address).call().is_ok() {
                say::line(&format!("✓ {name}"));
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!(
            "{name} does not answer at {address} within {}",
            say::span(PATIENCE)
        )
    }
}

/// The words among what `shopbell-relay init` says.
fn words_in(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let words = said
        .lines()
        .find_map(|line| line.strip_prefix("Its words are: "));
    words.unwrap_or_default().to_owned()
}

/// A program of ours, without what this terminal may say about other shops.
pub(crate) fn ours(workspace: &Workspace, name: &str) -> Command {
    let mut command = Command::new(workspace.program(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("SHOPBELL_") {
            command.env_remove(variable);
        }
    }
    command
}

/// A script that walks a login: `BROWSER` names a program, without arguments.
pub(crate) fn browser(workspace: &Workspace) -> Result<PathBuf> {
    let xtask = &workspace.xtask;
    let folder = workspace.target.join("xtask");
    std::fs::create_dir_all(&folder)?;
    let (name, text) = if cfg!(windows) {
        (
            "walk-login.cmd",
            format!("@\"{}\" walk-login %1\r\n", xtask.display()),
        )
    } else {
        (
            "walk-login",
            format!("#!/bin/sh\nexec '{}' walk-login \"$1\"\n", xtask.display()),
        )
    };
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(path)
}

/// Lets a program speak into a file.
pub(crate) fn log_to(command: &mut Command, path: &Path) -> Result<()> {
    let file = std::fs::File::create(path)?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    Ok(())
}

/// The usual port, or a free one where another program has it.
fn port(usual: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", usual)).or_else(|_| {
        say::line(&format!("Port {usual} is taken; another one is used."));
        TcpListener::bind(("127.0.0.1", 0))
    })?;
    Ok(listener.local_addr()?.port())
}

fn host(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, host)| host)
}
