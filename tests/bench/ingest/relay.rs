//! The shipped relay with its embedded store. It is set up once for so many accounts, through the
//! doors a device uses, and each round starts it on a copy of that.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use tests::programs::program;
use tokio::process::{Child, Command};
use url::Url;

use super::device::Device;
use super::graph::{self, Graph};
use crate::ground::Ground;

pub(super) const APP: &str = "1055501234567890";
pub(super) const SECRET: &str = "the-app-secret-of-the-benchmark";

/// A relay's files, as they are after the accounts were connected.
#[derive(Debug)]
pub(super) struct Template {
    folder: PathBuf,
    /// The Instagram accounts that have a route.
    pub(super) accounts: Vec<String>,
}

/// A running relay.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    folder: PathBuf,
    program: Child,
}

impl Template {
    /// Enrols a device and connects so many accounts.
    pub(super) async fn make(ground: &Ground, accounts: usize) -> Result<Self> {
        let folder = ground.fresh("relay-template")?;
        let graph = Graph::start(accounts).await?;
        let address = free_address()?;
        let output = command(&folder, address, &graph.url)?
            .arg("init")
            .output()
            .await?;
        ensure!(
            output.status.success(),
            "shopbell-relay init: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let relay = Relay::start(&folder, address, &graph.url).await?;
        let mut device = Device::enrol(Url::parse(&format!("http://{address}"))?).await?;
        let mut connected = 0;
        for person in 0..accounts.div_ceil(graph::PAGES) {
            connected += device.connect(person).await?;
        }
        ensure!(
            connected == accounts,
            "{connected} of {accounts} accounts were connected"
        );
        relay.stop().await?;
        Ok(Self {
            folder,
            accounts: (0..accounts).map(graph::instagram).collect(),
        })
    }

    /// Starts a relay on a copy.
    pub(super) async fn start(&self, ground: &Ground) -> Result<Relay> {
        let folder = ground.fresh("relay-data")?;
        copy(&self.folder, &folder)?;
        // Nobody logs in any more: there is nothing at this address.
        let nowhere = Url::parse("http://127.0.0.1:9/")?;
        Relay::start(&folder, free_address()?, &nowhere).await
    }
}

impl Relay {
    async fn start(folder: &Path, address: SocketAddr, graph: &Url) -> Result<Self> {
        let mut command = command(folder, address, graph)?;
        let program = command
            .arg("serve")
            .spawn()
            .context("the relay does not start")?;
        let (http, ready) = (tests::phones::http(), format!("http://{address}/readyz"));
        tests::wait::until("the relay to be ready", async || {
            let answer = http.get(&ready).send().await;
            Ok(answer
                .is_ok_and(|answer| answer.status().is_success())
                .then_some(()))
        })
        .await?;
        Ok(Self {
            address,
            folder: folder.to_path_buf(),
            program,
        })
    }

    /// Ends it without asking: how many envelopes are on its disk.
    pub(super) async fn stop(mut self) -> Result<u64> {
        self.program.kill().await?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let store = Connection::open_with_flags(self.folder.join("relay.db"), flags)?;
        let kept = store.query_row("SELECT count(*) FROM envelopes", [], |row| {
            row.get::<_, u32>(0)
        })?;
        Ok(u64::from(kept))
    }
}

fn command(folder: &Path, address: SocketAddr, graph: &Url) -> Result<Command> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("relay.log"))?;
    let mut command = Command::new(program("shopbell-relay")?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SHOPBELL_") {
            command.env_remove(name);
        }
    }
    let store = folder.join("relay.db");
    command
        .env("SHOPBELL_LISTEN", address.to_string())
        .env("SHOPBELL_PUBLIC_URL", format!("http://{address}"))
        .env("SHOPBELL_STORE", format!("sqlite:{}", store.display()))
        .env("SHOPBELL_KEYS", folder.join("keys"))
        .env("SHOPBELL_META_APP_ID", APP)
        .env("SHOPBELL_META_APP_SECRETS", SECRET)
        .env("SHOPBELL_META_VERIFY_TOKEN", "a-word-of-the-benchmark")
        .env("SHOPBELL_GRAPH_URL", graph.join("graph")?.as_str())
        .env("SHOPBELL_FACEBOOK_URL", graph.join("facebook")?.as_str())
        .env("SHOPBELL_INSTAGRAM_URL", graph.join("instagram")?.as_str())
        .env("SHOPBELL_ENROL", "open")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    Ok(command)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn free_address() -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}
