//! What a relay is told: typed, complete, checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;
use wire::api::EnrolMode;

use crate::clock::DAY;
use crate::secret::Secret;

/// Everything a relay needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it is reached from outside.
    pub public_url: Url,
    /// The file of the embedded store.
    pub store: PathBuf,
    /// The keys folder.
    pub keys: PathBuf,
    /// The Meta app it receives for.
    pub meta: MetaApp,
    /// Who runs it.
    pub operator: String,
    /// Where to reach them.
    pub contact: String,
    /// Who may enrol.
    pub enrol: EnrolMode,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where metrics are served; nowhere if absent.
    pub metrics_listen: Option<SocketAddr>,
    /// How much is kept for a sleeping device.
    pub limits: QueueLimits,
    /// How often one client may ask.
    pub rates: Rates,
}

/// A Meta app.
#[derive(Clone, Debug)]
pub struct MetaApp {
    /// Its id.
    pub id: String,
    /// Its secret, and during a rotation the next one.
    pub secrets: Vec<Secret>,
    /// The word Meta shows when it verifies the webhook.
    pub verify_token: Secret,
    /// Where the Graph API is.
    pub graph_url: Url,
    /// Where the login dialog is.
    pub facebook_url: Url,
    /// Where Instagram's API is.
    pub instagram_url: Url,
}

/// The version of the Graph API the relay speaks.
pub(crate) const GRAPH_VERSION: &str = "v25.0";

/// How much is kept for a sleeping device, over its connections.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Envelopes.
    pub envelopes: u64,
    /// Bytes of envelopes.
    pub bytes: u64,
    /// Milliseconds an envelope is kept.
    pub age: i64,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            envelopes: 100_000,
            bytes: 512 * 1024 * 1024,
            age: 30 * DAY,
        }
    }
}

/// How often one client may ask, per minute.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Enrolling and logging in, per address.
    pub enrol: u32,
    /// Public pages, per address.
    pub pages: u32,
    /// Signed requests, per device.
    pub device: u32,
    /// Callbacks of Meta, in all.
    pub callbacks: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            enrol: 20,
            pages: 60,
            device: 600,
            callbacks: 6000,
        }
    }
}

/// Why a configuration cannot be used. Each says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A name nobody knows.
    #[error(
        "{0} is not a setting of the relay; `shopbell-relay serve --help` names those there are"
    )]
    Unknown(String),
    /// Settings that are needed.
    #[error(
        "needed: {0}. `shopbell-relay init --write FILE` makes a file of all settings to fill in; a \
         secret may lie in a file of its own, which the same name with _FILE leads to"
    )]
    Missing(String),
    /// A setting that cannot be read.
    #[error("{name}: {why}")]
    Bad {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A file that cannot be read.
    #[error("{path} cannot be read: {why}")]
    File {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
}

impl Config {
    /// Checks what no single setting shows.
    pub fn check(&self) -> Result<(), ConfigError> {
        let public = !is_loopback(&self.public_url);
        if public && self.public_url.scheme() != "https" {
            let why = "plain http is for this machine alone; Meta and devices need https".into();
            return Err(ConfigError::Bad {
                name: "SHOPBELL_PUBLIC_URL",
                why,
            });
        }
        for (name, value) in [
            ("SHOPBELL_OPERATOR", &self.operator),
            ("SHOPBELL_CONTACT", &self.contact),
        ] {
            if public && value.trim().is_empty() {
                return Err(ConfigError::Missing(name.to_owned()));
            }
        }
        if !(1..=2).contains(&self.meta.secrets.len()) {
            let why =
                "give the app secret, and during a rotation the next one after a comma".into();
            return Err(ConfigError::Bad {
                name: "SHOPBELL_META_APP_SECRETS",
                why,
            });
        }
        if self.meta.verify_token.expose().len() < 8 {
            let why = "use at least eight characters".into();
            return Err(ConfigError::Bad {
                name: "SHOPBELL_META_VERIFY_TOKEN",
                why,
            });
        }
        Ok(())
    }

    /// An address of this relay as seen from outside.
    pub(crate) fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// Whether an address leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
