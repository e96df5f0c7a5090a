//! The world around a shop: a stand-in for Meta, a relay, one clock for all, a folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sandbox::Sandbox;
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::clock::Clock;
use crate::phones::{Phones, http};
use crate::relays::Relay;

/// How many times faster than real Meta repeats what failed: its hour is twelve seconds.
const HURRY: f64 = 300.0;

/// Everything outside the shop owner's computer.
#[derive(Debug)]
pub struct World {
    /// The customers, and Meta's settings.
    pub phones: Phones,
    /// The clock of sandbox, relay and engine.
    pub clock: Clock,
    sandbox: Sandbox,
    relay: Option<Relay>,
    /// The app secrets the relay holds from its next start on.
    app_secrets: Vec<String>,
    address: SocketAddr,
    /// Where shops believe the relay to be.
    front: Url,
    folder: TempDir,
}

impl World {
    /// Starts a sandbox and a relay that know each other, on free ports.
    pub async fn start() -> Result<Self> {
        listen_in();
        let folder = tempfile::tempdir()?;
        let clock = Clock::default();
        let address = free_address()?;
        let front = Url::parse(&format!("http://{address}"))?;
        let config = sandbox::Config {
            relay: front.clone(),
            time_scale: HURRY,
            clock: sandbox::Clock::from_fn(clock.reader()),
            ..sandbox::Config::default()
        };
        let sandbox = sandbox::start(config).await?;
        let phones = Phones::new(sandbox.url.clone());
        let mut world = Self {
            phones,
            clock,
            sandbox,
            relay: None,
            app_secrets: vec![sandbox::APP_SECRET.to_owned()],
            address,
            front,
            folder,
        };
        world.start_relay().await?;
        Ok(world)
    }

    /// Starts the relay, again on what it has stored.
    pub async fn start_relay(&mut self) -> Result<()> {
        let folder = self.relay_folder();
        let app = (&self.sandbox, self.app_secrets.as_slice());
        let relay = Relay::start_with(&folder, self.address, app, &self.clock).await?;
        self.relay = Some(relay);
        Ok(())
    }

    /// Ends the relay as its operator does.
    pub async fn stop_relay(&mut self) {
        if let Some(relay) = self.relay.take() {
            relay.stop().await;
        }
    }

    /// Ends the relay and starts it again: it looks at what time has done, as it does each minute.
    pub async fn restart_relay(&mut self) -> Result<()> {
        self.stop_relay().await;
        self.start_relay().await
    }

    /// Starts the relay again with these app secrets, the present one first.
    pub async fn restart_relay_with(&mut self, app_secrets: &[&str]) -> Result<()> {
        self.app_secrets = app_secrets.iter().map(ToString::to_string).collect();
        self.restart_relay().await
    }

    /// The stand-in for Meta.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Where the relay is, or would be, for shops.
    pub fn relay_url(&self) -> Url {
        self.front.clone()
    }

    /// From now on shops reach the relay through somebody else.
    pub fn talk_through(&mut self, front: Url) {
        self.front = front;
    }

    /// Where the relay keeps what it stores.
    pub fn relay_folder(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    /// A folder that ends with the world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets time pass, for everything in this world.
    pub async fn pass(&self, time: Duration) -> Result<()> {
        self.clock.pass(time);
        // The sandbox looks at its clock when something happens: this is something.
        self.phones.ahead(Duration::ZERO).await
    }

    /// Lets days pass.
    pub async fn pass_days(&self, days: u64) -> Result<()> {
        self.pass(Duration::from_secs(days * 24 * 3600)).await
    }

    /// What lies at a path of the sandbox.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>> {
        let response = http().get(self.sandbox.url.join(path)?).send().await?;
        Ok(response.error_for_status()?.bytes().await?.to_vec())
    }

    /// A callback of Meta's at the relay. A refusal is an error.
    pub async fn callback(&self, path: &str, signed_request: &str) -> Result<Value> {
        let url = self.relay_url().join(path)?;
        let form = [("signed_request", signed_request)];
        let response = http().post(url).form(&form).send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// What Meta sends about a person, signed with the app's secret.
    pub fn signed_request(&self, user: &str, issued_at: i64) -> String {
        self.signed_with(sandbox::APP_SECRET, user, issued_at)
    }

    /// The same, signed with another secret.
    pub fn signed_with(&self, secret: &str, user: &str, issued_at: i64) -> String {
        signed(secret, user, issued_at, "HMAC-SHA256")
    }

    /// The same, naming another algorithm.
    pub fn signed_as(&self, user: &str, issued_at: i64, algorithm: &str) -> String {
        signed(sandbox::APP_SECRET, user, issued_at, algorithm)
    }
}

fn signed(secret: &str, user: &str, issued_at: i64, algorithm: &str) -> String {
    let payload = json!({
        "algorithm": algorithm, "expires": 0, "issued_at": issued_at, "user_id": user,
    });
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(payload.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signature}.{payload}")
}

fn free_address() -> Result<SocketAddr> {
    Ok(SocketAddr::from(([127, 0, 0, 1], crate::ports::free()?)))
}

/// Lets a failed test show what the programs said; `SHOPBELL_TEST_LOG` says how much.
fn listen_in() {
    let filter = EnvFilter::try_from_env("SHOPBELL_TEST_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,engine=info,relay=info"));
    // Only the first world of a process can.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
}
