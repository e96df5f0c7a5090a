//! A place to be tortured in: a stand-in for Meta in the test's own process; the shipped relay and a
//! desktop as processes of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use sandbox::Sandbox;
use tempfile::TempDir;
use tests::phones::Phones;
use tests::programs::program;
use tests::wait;
use tokio::process::{Child, Command};
use url::Url;

use crate::keychain::{FileSecrets, LOCKED};
use crate::victims::{Desk, Shim, compile_shim};

/// The ground everything stands on.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The customers.
    pub(crate) phones: Phones,
    sandbox: Sandbox,
    address: SocketAddr,
    shim: PathBuf,
    folder: TempDir,
    /// How much the relay says.
    log: &'static str,
}

impl Ground {
    /// Lays it, with a relay that serves and a desktop on which the shop is connected.
    pub(crate) async fn connected() -> Result<(Self, Child, Desk)> {
        Self::connected_saying("warn").await
    }

    /// The same, with a relay that says as much as this.
    pub(crate) async fn connected_saying(log: &'static str) -> Result<(Self, Child, Desk)> {
        let ground = Self {
            log,
            ..Self::lay().await?
        };
        let relay = ground.start_relay(&Shim::default()).await?;
        let mut desk = ground.open_desk().await?;
        desk.must(&["connect"]).await?;
        Ok((ground, relay, desk))
    }

    /// Lays it: the sandbox runs, the relay has its keys, nothing else is there.
    pub(crate) async fn lay() -> Result<Self> {
        let mut folder = tempfile::tempdir()?;
        // For whoever looks into a failure.
        folder.disable_cleanup(std::env::var_os("SHOPBELL_TORTURE_KEEP").is_some());
        let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let config = sandbox::Config {
            relay: Url::parse(&format!("http://{address}"))?,
            ..sandbox::Config::default()
        };
        let sandbox = sandbox::start(config).await?;
        let ground = Self {
            phones: Phones::new(sandbox.url.clone()),
            sandbox,
            address,
            shim: compile_shim(folder.path())?,
            folder,
            log: "warn",
        };
        std::fs::create_dir_all(ground.relay_folder())?;
        let made = ground.relay_command("init")?.output().await?;
        ensure!(made.status.success(), "the relay's keys are not made");
        Ok(ground)
    }

    /// Where the relay listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Meta.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Where the relay keeps store and keys.
    pub(crate) fn relay_folder(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    /// The desktop's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The desktop's keychain.
    pub(crate) fn keychain_folder(&self) -> PathBuf {
        self.folder.path().join("keychain")
    }

    /// The desktop's keychain.
    pub(crate) fn keychain(&self) -> Result<FileSecrets> {
        Ok(FileSecrets::at(&self.keychain_folder())?)
    }

    /// The names that have a secret in it.
    pub(crate) fn secret_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.keychain_folder())? {
            let name = entry?.file_name();
            if let Ok(bytes) = hex::decode(&*name.to_string_lossy()) {
                names.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Locks or unlocks it, also for a program that runs.
    pub(crate) fn lock_keychain(&self, locked: bool) -> Result<()> {
        let mark = self.keychain_folder().join(LOCKED);
        match locked {
            true => std::fs::write(mark, [])?,
            false => std::fs::remove_file(mark)?,
        }
        Ok(())
    }

    /// A folder for whatever a test keeps.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn relay_command(&self, what: &str) -> Result<Command> {
        let folder = self.relay_folder();
        let mut command = Command::new(program("shopbell-relay")?);
        command
            .arg(what)
            .env_clear()
            .env("SHOPBELL_LISTEN", self.address.to_string())
            .env(
                "SHOPBELL_STORE",
                format!("sqlite:{}", folder.join("relay.db").display()),
            )
            .env("SHOPBELL_KEYS", folder.join("keys"))
            .env("SHOPBELL_META_APP_ID", sandbox::APP_ID)
            .env("SHOPBELL_META_APP_SECRETS", sandbox::APP_SECRET)
            .env("SHOPBELL_META_VERIFY_TOKEN", sandbox::VERIFY_TOKEN)
            .env("SHOPBELL_GRAPH_URL", self.sandbox.graph_url().as_str())
            .env(
                "SHOPBELL_FACEBOOK_URL",
                self.sandbox.facebook_url().as_str(),
            )
            .env(
                "SHOPBELL_INSTAGRAM_URL",
                self.sandbox.instagram_url().as_str(),
            )
            .env("SHOPBELL_ENROL", "open")
            .env("SHOPBELL_LOG", self.log)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Makes a backup of the relay's store, as its operator does.
    pub(crate) async fn back_up_relay(&self) -> Result<PathBuf> {
        let backup = self.folder.path().join("relay-backup.db");
        let made = self.relay_command("backup")?.arg(&backup).output().await?;
        ensure!(
            made.status.success(),
            "no backup: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        Ok(backup)
    }

    /// Begins to start the relay.
    pub(crate) fn begin_relay(&self, shim: &Shim) -> Result<Child> {
        let mut command = self.relay_command("serve")?;
        shim.set(&mut command, &self.shim);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("relay.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        command.spawn().context("the relay does not start")
    }

    /// Starts the relay and waits until it serves.
    pub(crate) async fn start_relay(&self, shim: &Shim) -> Result<Child> {
        let mut relay = self.begin_relay(shim)?;
        ensure!(
            self.serves(&mut relay).await?,
            "the relay ended: {}",
            self.relay_log()
        );
        Ok(relay)
    }

    /// Waits until the relay listens; false if it ended before.
    pub(crate) async fn serves(&self, relay: &mut Child) -> Result<bool> {
        wait::until("the relay to serve", async || {
            if relay.try_wait()?.is_some() {
                return Ok(Some(false));
            }
            let stream = tokio::net::TcpStream::connect(self.address).await;
            Ok(stream.is_ok().then_some(true))
        })
        .await
    }

    /// What the relay said.
    pub(crate) fn relay_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("relay.log")).unwrap_or_default()
    }

    /// Starts the desktop.
    pub(crate) fn start_desk(&self, shim: &Shim) -> Result<Desk> {
        let mut command = Command::new(program("torture-desk")?);
        let shim = Shim {
            ignored: Some(self.keychain_folder()),
            ..shim.clone()
        };
        shim.set(&mut command, &self.shim);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("desk.log"))?;
        command
            .env("DESK_DATA", self.data())
            .env("DESK_KEYCHAIN", self.keychain_folder())
            .env("DESK_RELAY", format!("http://{}", self.address))
            .env("DESK_SANDBOX", self.sandbox.url.as_str())
            .env("DESK_GRAPH", self.sandbox.graph_url().as_str())
            .env("DESK_FACEBOOK", self.sandbox.facebook_url().as_str())
            .env("DESK_INSTAGRAM", self.sandbox.instagram_url().as_str())
            .env_remove("BROWSER")
            .stderr(log);
        Desk::start(command)
    }

    /// Starts the desktop and waits until its shop is open.
    pub(crate) async fn open_desk(&self) -> Result<Desk> {
        let mut desk = self.start_desk(&Shim::default())?;
        let phase = desk.opened().await?;
        ensure!(phase.is_some(), "the desk ended: {}", self.desk_log());
        Ok(desk)
    }

    /// What the desktop said.
    pub(crate) fn desk_log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("desk.log"));
        let log = log.unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(40);
        lines.get(from..).unwrap_or_default().join("\n")
    }
}
