//! Requests to the relay. Every one is signed by the device and says why it failed in a way the
//! caller can act upon. Nothing here retries, except once after the relay said that the clocks
//! differ.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};
use wire::api::{self, RefusalCode};
use wire::auth::{RequestHeaders, RequestParts};
use wire::{DeviceId, RelayKeys, SigningSecret, StreamId};

use crate::engine::Clock;
use crate::random;

/// The one client with time-outs; nobody else in the engine names its library.
pub(crate) type Http = reqwest::Client;

/// For the connection to stand.
const CONNECT: Duration = Duration::from_secs(10);
/// For a whole request: an exchange at Meta may stand behind it.
const WHOLE: Duration = Duration::from_secs(45);
/// The largest answer read.
const MOST_ANSWER: usize = 4 * 1024 * 1024;

/// Why the relay did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RelayError {
    /// It does not answer.
    #[error("the relay does not answer")]
    Unreachable,
    /// It answered something that is not a relay's answer.
    #[error("this is not a relay's answer")]
    NotARelay,
    /// It said no.
    #[error("the relay refused: {0:?}")]
    Refused(RefusalCode),
}

/// Where a relay is, and how this device speaks to it.
pub(crate) struct RelayClient {
    base: Url,
    keys: RelayKeys,
    identity: SigningSecret,
    http: reqwest::Client,
    clock: Clock,
    /// The relay's clock minus ours.
    offset: AtomicI64,
    /// Whether the relay has said its time since the start.
    knows_time: AtomicBool,
}

impl fmt::Debug for RelayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayClient")
            .field("relay", &self.keys.relay)
            .finish_non_exhaustive()
    }
}

/// The HTTP client all requests to relays share: no redirects, no cookies, with time-outs.
pub(crate) fn http_client() -> reqwest::Client {
    // The same choice as everywhere in this program; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(redirect::Policy::none())
        .referer(false)
        .build()
        .expect("the client is built from constants and the system's certificates")
}

/// Whether a relay may be spoken to at this address: https, or plain http on this computer.
pub(crate) fn is_allowed(url: &Url) -> bool {
    let on_this_computer = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    plain
        && (url.scheme() == "https" && url.has_host() || url.scheme() == "http" && on_this_computer)
}

/// Asks an address what it is. Nothing is signed and nothing trusted.
pub(crate) async fn about(
    http: &reqwest::Client,
    base: &Url,
) -> Result<api::RelayAbout, RelayError> {
    let about: api::RelayAbout = read(http.get(below(base, "/v1/relay"))).await?;
    if !about.keys.are_sound() || about.protocol.abs_diff(wire::PROTOCOL) > 1 {
        return Err(RelayError::NotARelay);
    }
    Ok(about)
}

impl RelayClient {
    /// A client for a relay whose keys were pinned.
    pub(crate) fn new(
        http: reqwest::Client,
        (base, keys): (Url, RelayKeys),
        identity: SigningSecret,
        clock: Clock,
    ) -> Self {
        Self {
            base,
            keys,
            identity,
            http,
            clock,
            offset: AtomicI64::new(0),
            knows_time: AtomicBool::new(false),
        }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) fn keys(&self) -> &RelayKeys {
        &self.keys
    }

    pub(crate) fn identity(&self) -> &SigningSecret {
        &self.identity
    }

    pub(crate) fn device(&self) -> DeviceId {
        DeviceId::of(&self.identity.public())
    }

    /// The relay's time, as far as it is known.
    pub(crate) fn relay_now(&self) -> i64 {
        (self.clock)()
            .0
            .saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// The relay's time, if it has said it since the start.
    pub(crate) fn known_time(&self) -> Option<i64> {
        self.knows_time
            .load(Ordering::Relaxed)
            .then(|| self.relay_now())
    }

    /// Learns the relay's time.
    pub(crate) fn learn_time(&self, relay_now: i64) {
        self.offset.store(
            relay_now.saturating_sub((self.clock)().0),
            Ordering::Relaxed,
        );
        self.knows_time.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn about(&self) -> Result<api::RelayAbout, RelayError> {
        about(&self.http, &self.base).await
    }

    pub(crate) async fn enrol(
        &self,
        request: &api::EnrolRequest,
    ) -> Result<api::EnrolAnswer, RelayError> {
        self.post("/v1/enrol", request).await
    }

    pub(crate) async fn start_login(
        &self,
        request: &api::LoginRequest,
    ) -> Result<api::LoginAnswer, RelayError> {
        self.post("/v1/logins", request).await
    }

    pub(crate) async fn claim(
        &self,
        request: &api::ClaimRequest,
    ) -> Result<api::ClaimAnswer, RelayError> {
        self.post("/v1/claim", request).await
    }

    pub(crate) async fn connect(
        &self,
        request: &api::ConnectRequest,
    ) -> Result<api::ConnectAnswer, RelayError> {
        self.post("/v1/connections", request).await
    }

    pub(crate) async fn prove(
        &self,
        request: &api::ProveRequest,
    ) -> Result<api::ProveAnswer, RelayError> {
        self.post("/v1/connections/prove", request).await
    }

    pub(crate) async fn disconnect(
        &self,
        stream: StreamId,
    ) -> Result<api::DisconnectAnswer, RelayError> {
        self.signed(
            Method::DELETE,
            &format!("/v1/connections/{stream}"),
            Vec::new(),
        )
        .await
    }

    pub(crate) async fn fresh_token(
        &self,
        request: &api::TokenRequest,
    ) -> Result<api::TokenAnswer, RelayError> {
        self.post("/v1/tokens", request).await
    }

    pub(crate) async fn refuse_order(&self, request: &api::OrderRefused) -> Result<(), RelayError> {
        let body = serde_json::to_vec(request).expect("text and numbers are JSON");
        self.signed_raw(Method::POST, "/v1/deletions/refused", &body)
            .await
            .map(drop)
    }

    async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
    ) -> Result<A, RelayError> {
        let body = serde_json::to_vec(request).expect("text and numbers are JSON");
        self.signed(Method::POST, path, body).await
    }

    async fn signed<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<A, RelayError> {
        let bytes = self.signed_raw(method, path, &body).await?;
        serde_json::from_slice(&bytes).map_err(|_| RelayError::NotARelay)
    }

    async fn signed_raw(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
    ) -> Result<Vec<u8>, RelayError> {
        match self.attempt(method.clone(), path, body).await {
            Err(Trouble::Clock(now)) => {
                self.learn_time(now);
                self.attempt(method, path, body)
                    .await
                    .map_err(Trouble::into_error)
            }
            other => other.map_err(Trouble::into_error),
        }
    }

    async fn attempt(&self, method: Method, path: &str, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        let parts = RequestParts {
            method: method.as_str(),
            path,
            query: "",
            body,
        };
        let stamp = (self.relay_now(), random::nonce());
        let headers = RequestHeaders::sign(&self.identity, self.keys.relay, stamp, parts);
        let mut request = self.http.request(method, below(&self.base, path));
        for (name, value) in headers.to_pairs() {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_vec());
        }
        read_raw(request).await
    }
}

/// Sends a wipe's notice, which is authenticated by itself, to wherever the journal says.
pub(crate) async fn send_deletion(
    http: &reqwest::Client,
    base: &Url,
    notice: &api::DeletionNotice,
) -> Result<api::DeletionAnswer, RelayError> {
    read(http.post(below(base, "/v1/deletions")).json(notice)).await
}

/// The address of a route, whatever path the relay lives under.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let whole = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&whole);
    url.set_query(None);
    url.set_fragment(None);
    url
}

enum Trouble {
    Clock(i64),
    Other(RelayError),
}

impl Trouble {
    fn into_error(self) -> RelayError {
        match self {
            Self::Clock(_) => RelayError::Refused(RefusalCode::Clock),
            Self::Other(error) => error,
        }
    }
}

async fn read<A: DeserializeOwned>(request: RequestBuilder) -> Result<A, RelayError> {
    let bytes = read_raw(request).await.map_err(Trouble::into_error)?;
    serde_json::from_slice(&bytes).map_err(|_| RelayError::NotARelay)
}

async fn read_raw(request: RequestBuilder) -> Result<Vec<u8>, Trouble> {
    let unreachable = |_| Trouble::Other(RelayError::Unreachable);
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MOST_ANSWER {
            return Err(Trouble::Other(RelayError::NotARelay));
        }
        bytes.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(bytes);
    }
    match serde_json::from_slice::<api::Refusal>(&bytes) {
        Ok(refusal) if refusal.code == RefusalCode::Clock => Err(Trouble::Clock(refusal.now)),
        Ok(refusal) => Err(Trouble::Other(RelayError::Refused(refusal.code))),
        // A gateway in front of a relay that is down answers for it.
        Err(_) if status.is_server_error() => Err(Trouble::Other(RelayError::Unreachable)),
        Err(_) => Err(Trouble::Other(RelayError::NotARelay)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_computer_alone() {
        for (address, allowed) in [
            ("https://relay.example", true),
            ("https://relay.example/under/a/path", true),
            ("http://127.0.0.1:8787", true),
            ("http://[::1]:8787", true),
            ("http://localhost:8787", true),
            ("http://relay.example", false),
            ("http://localhost.example", false),
            ("http://192.168.1.5:8787", false),
            ("https://user@relay.example", false),
            ("ftp://127.0.0.1", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_allowed(&address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn a_relay_may_live_under_a_path() {
        let under = |base: &str| below(&base.parse().unwrap(), "/v1/relay").to_string();
        assert_eq!(under("https://a.example"), "https://a.example/v1/relay");
        assert_eq!(
            under("https://a.example/x/"),
            "https://a.example/x/v1/relay"
        );
        assert_eq!(
            under("https://a.example/x?y=1#z"),
            "https://a.example/x/v1/relay"
        );
    }
}
