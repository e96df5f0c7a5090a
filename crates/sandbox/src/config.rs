//! What a sandbox is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

/// The app id `shopbell-sandbox` has unless told otherwise.
pub const APP_ID: &str = "1055501234567890";
/// The app secret it has unless told otherwise; it protects nothing.
pub const APP_SECRET: &str = "sandbox-app-secret-not-for-real-use";
/// The webhook verify token it has unless told otherwise.
pub const VERIFY_TOKEN: &str = "sandbox-verify-token";

/// What a sandbox is started with.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where webhooks and callbacks go; the relay may start later.
    pub relay: Url,
    /// The Meta app everybody talks about.
    pub app_id: String,
    /// Its secret: signs webhooks and callbacks, proves tokens, exchanges codes.
    pub app_secret: String,
    /// What the app's dashboard holds for the webhook challenge.
    pub verify_token: String,
    /// How many times faster than real the retry clock of webhooks runs.
    pub time_scale: f64,
    /// How long the receiver of a webhook may take to answer.
    pub webhook_timeout: Duration,
    /// Where the time comes from.
    pub clock: Clock,
    /// Makes every id the same in each run; `None` draws them.
    pub seed: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            relay: Url::parse("http://127.0.0.1:8787").expect("a literal address"),
            app_id: APP_ID.to_owned(),
            app_secret: APP_SECRET.to_owned(),
            verify_token: VERIFY_TOKEN.to_owned(),
            time_scale: 1.0,
            webhook_timeout: Duration::from_secs(10),
            clock: Clock::system(),
            seed: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("relay", &self.relay.as_str())
            .field("app_id", &self.app_id)
            .field("time_scale", &self.time_scale)
            .finish_non_exhaustive()
    }
}

/// A source of milliseconds since the epoch.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| jiff_now().as_millisecond())
    }

    /// A clock of the caller's making.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
