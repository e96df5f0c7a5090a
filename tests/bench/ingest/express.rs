//! The peer, as a program of its own: express with better-sqlite3, from the lock file beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::relay::SECRET;
use crate::ground::Ground;

/// A running peer.
#[derive(Debug)]
pub(super) struct Express {
    pub(super) address: SocketAddr,
    /// What it consists of.
    pub(super) version: String,
    store: PathBuf,
    program: Child,
}

impl Express {
    /// Starts one with an empty store, and tells it the accounts.
    pub(super) async fn start(ground: &Ground, accounts: &[String]) -> Result<Self> {
        let packages = ground.kept("express");
        ensure!(
            packages.join("node_modules/express").is_dir(),
            "the peer is not installed: start this with `cargo xtask bench`"
        );
        let store = ground.fresh("express-data")?.join("events.db");
        let mut program = Command::new("node")
            .arg(packages.join("server.mjs"))
            .arg(&store)
            .arg(SECRET)
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node does not start")?;
        let output = program.stdout.take().context("its output is ours")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let line = line.context("the peer ended at once")?;
        let (port, version) = line.split_once(' ').context("the peer says its port")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port.parse()?));
        let told = tests::phones::http().post(format!("http://{address}/accounts"));
        told.json(accounts).send().await?.error_for_status()?;
        Ok(Self {
            address,
            version: version.to_owned(),
            store,
            program,
        })
    }

    /// Ends it: how many events it kept.
    pub(super) async fn stop(mut self) -> Result<u64> {
        self.program.kill().await?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let kept = Connection::open_with_flags(&self.store, flags)?.query_row(
            "SELECT count(*) FROM events",
            [],
            |row| row.get::<_, u32>(0),
        )?;
        Ok(u64::from(kept))
    }
}
