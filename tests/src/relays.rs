//! The real relay in a test's own process, on the test's clock.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use relay::{Config, MetaApp, QueueLimits, Rates, Running, Secret};
use sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::clock::Clock;

/// A running relay. Dropping it stops it; [`Relay::stop`] also waits.
#[derive(Debug)]
pub struct Relay {
    running: Running,
    _stop: DropGuard,
}

impl Relay {
    /// Starts one with its store and keys in `folder`; the keys are made if there are none.
    pub async fn start(
        folder: &Path,
        address: SocketAddr,
        sandbox: &Sandbox,
        clock: &Clock,
    ) -> Result<Self> {
        let usual = [sandbox::APP_SECRET.to_owned()];
        Self::start_with(folder, address, (sandbox, &usual), clock).await
    }

    /// The same, holding these app secrets.
    pub async fn start_with(
        folder: &Path,
        address: SocketAddr,
        (sandbox, app_secrets): (&Sandbox, &[String]),
        clock: &Clock,
    ) -> Result<Self> {
        let keys = folder.join("keys");
        if !keys.exists() {
            std::fs::create_dir_all(folder)?;
            relay::init(&keys).context("the relay's keys")?;
        }
        let listener = TcpListener::bind(address)
            .await
            .context("the relay's address is taken")?;
        let config = config(folder, address, (sandbox, app_secrets))?;
        let clock = relay::Clock::new(clock.reader());
        let stop = CancellationToken::new();
        let running = relay::start(listener, config, clock, stop.clone()).await?;
        Ok(Self {
            running,
            _stop: stop.drop_guard(),
        })
    }

    /// Ends it as its operator does.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn config(
    folder: &Path,
    address: SocketAddr,
    (sandbox, app_secrets): (&Sandbox, &[String]),
) -> Result<Config> {
    Ok(Config {
        public_url: Url::parse(&format!("http://{address}"))?,
        store: folder.join("relay.db"),
        keys: folder.join("keys"),
        meta: MetaApp {
            id: sandbox::APP_ID.to_owned(),
            secrets: app_secrets.iter().map(Secret::new).collect(),
            verify_token: Secret::new(sandbox::VERIFY_TOKEN),
            graph_url: sandbox.graph_url(),
            facebook_url: sandbox.facebook_url(),
            instagram_url: sandbox.instagram_url(),
        },
        operator: "The tests".to_owned(),
        contact: "tests@localhost".to_owned(),
        enrol: wire::api::EnrolMode::Open,
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        limits: QueueLimits::default(),
        rates: Rates::default(),
    })
}
