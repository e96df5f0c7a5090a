//! The Graph API: one way to ask, one way to fail.
//!
//! Tokens travel in the `Authorization` header. Errors are told apart by Meta's code, never by the
//! HTTP status. Nothing of an answer is logged but code and subcode.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::config::{GRAPH_VERSION, MetaApp};
use crate::secret::Secret;

/// Why Meta did not answer what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlatformError {
    /// Meta refuses: the token, a right, a parameter.
    #[error("Meta refused with code {code}, subcode {subcode}")]
    Refused { code: i64, subcode: i64 },
    /// Meta cannot be reached, or asks to come back later.
    #[error("Meta could not be reached")]
    Unreachable,
    /// The answer is not what Meta documents.
    #[error("Meta's answer made no sense")]
    Nonsense,
}

/// How to ask Meta.
#[derive(Debug, Clone)]
pub(crate) struct Platform {
    http: reqwest::Client,
    app: MetaApp,
    /// Which of the live app secrets Meta accepts at present.
    slot: Arc<AtomicUsize>,
}

/// The time limit of one call.
const LIMIT: Duration = Duration::from_secs(15);
/// How long a connection to Meta is kept for the next call: its buffers hold the last call's token.
const REST_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

impl Platform {
    pub(crate) fn new(app: MetaApp) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(LIMIT)
            .pool_idle_timeout(REST_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("shopbell-relay/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("a client with these settings can be built");
        Self {
            http,
            app,
            slot: Arc::default(),
        }
    }

    pub(super) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) const fn app(&self) -> &MetaApp {
        &self.app
    }

    /// The app secret Meta accepts at present.
    pub(crate) fn secret(&self) -> &Secret {
        let slot = self.slot.load(Ordering::Relaxed);
        self.app
            .secrets
            .get(slot)
            .or(self.app.secrets.first())
            .expect("there is an app secret")
    }

    /// What Meta wants beside a token that only the app may use.
    pub(crate) fn proof_of(&self, token: &str) -> String {
        self.secret().proof_of(token)
    }

    /// Does something with the accepted secret; if Meta no longer takes it, with the other one,
    /// which is then the accepted one.
    pub(super) async fn with_secret<T, F>(
        &self,
        attempt: impl Fn(Secret) -> F,
    ) -> Result<T, PlatformError>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let first = self.slot.load(Ordering::Relaxed);
        let outcome = attempt(self.secret().clone()).await;
        let Err(PlatformError::Refused {
            code: 1 | 101 | 190,
            ..
        }) = outcome
        else {
            return outcome;
        };
        let other = 1 - first.min(1);
        let Some(secret) = self.app.secrets.get(other) else {
            return outcome;
        };
        let second = attempt(secret.clone()).await;
        if second.is_ok() {
            self.slot.store(other, Ordering::Relaxed);
            tracing::info!(
                slot = other + 1,
                "Meta takes the app secret of this slot now"
            );
            return second;
        }
        outcome
    }

    /// The address of a Graph path.
    pub(super) fn address(&self, path: &str) -> Url {
        let base = self.app.graph_url.as_str().trim_end_matches('/');
        let address = format!("{base}/{GRAPH_VERSION}/{path}");
        address
            .parse()
            .expect("a path below an address is an address")
    }

    /// Asks for a node or an edge, with a token and its proof.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &str,
    ) -> Result<T, PlatformError> {
        let proof = self.proof_of(token);
        let request = self.http.get(self.address(path)).bearer_auth(token);
        let request = request
            .query(query)
            .query(&[("appsecret_proof", proof.as_str())]);
        read(request).await
    }

    /// All elements of an edge.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        fields: &str,
        token: &str,
    ) -> Result<Vec<T>, PlatformError> {
        let mut all = Vec::new();
        let mut after = String::new();
        // A person with more than this many Pages connects them in several logins.
        for _ in 0..20 {
            let mut query = vec![("fields", fields), ("limit", "100")];
            if !after.is_empty() {
                query.push(("after", &after));
            }
            let edge: Edge<T> = self.get(path, &query, token).await?;
            all.extend(edge.data);
            match edge.paging {
                Some(Paging {
                    cursors: Some(cursors),
                    next: Some(_),
                }) => after = cursors.after,
                _ => return Ok(all),
            }
        }
        Ok(all)
    }

    /// Whether Meta takes the app's secret, and what time it is there.
    pub(crate) async fn check_secret(&self) -> Result<Option<i64>, PlatformError> {
        let token = format!("{}|{}", self.app.id, self.secret().expose());
        let request = self.http.get(self.address(&self.app.id)).bearer_auth(token);
        let answer = request.query(&[("fields", "id")]).send().await;
        let answer = answer.map_err(|_| PlatformError::Unreachable)?;
        let date = answer
            .headers()
            .get("date")
            .and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let status = answer.status();
        let body = answer
            .bytes()
            .await
            .map_err(|_| PlatformError::Unreachable)?;
        match refusal_in(&body) {
            Some(refusal) => Err(refusal),
            None if status.is_success() => Ok(date.map(|date| date.timestamp().as_millisecond())),
            None => Err(PlatformError::Nonsense),
        }
    }

    /// What a token is and may do, as Meta itself says.
    pub(crate) async fn debug(&self, token: &str) -> Result<Debugged, PlatformError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Debugged,
        }
        let answer: Answer = self
            .with_secret(|secret| async move {
                let app_token = format!("{}|{}", self.app.id, secret.expose());
                let request = self
                    .http
                    .get(self.address("debug_token"))
                    .bearer_auth(app_token);
                read(request.query(&[("input_token", token)])).await
            })
            .await?;
        let debugged = answer.data;
        if debugged.is_valid && debugged.app_id.as_deref() == Some(self.app.id.as_str()) {
            return Ok(debugged);
        }
        let error = debugged.error.unwrap_or_default();
        Err(PlatformError::Refused {
            code: error.code.unwrap_or(190),
            subcode: error.subcode,
        })
    }
}

/// What `debug_token` says of a good token.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Debugged {
    #[serde(default, deserialize_with = "id")]
    app_id: Option<String>,
    #[serde(default)]
    is_valid: bool,
    #[serde(default, deserialize_with = "id")]
    pub(crate) user_id: Option<String>,
    /// Seconds; 0 is never.
    #[serde(default)]
    pub(crate) expires_at: i64,
    /// Seconds, where Meta says so.
    pub(crate) issued_at: Option<i64>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) granular_scopes: Vec<Granular>,
    error: Option<TokenError>,
}

/// A scope and what it is granted for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Granular {
    pub(crate) scope: String,
    #[serde(default, deserialize_with = "ids")]
    pub(crate) target_ids: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct TokenError {
    code: Option<i64>,
    #[serde(default, deserialize_with = "number_or_none")]
    subcode: i64,
}

#[derive(Deserialize)]
pub(super) struct Edge<T> {
    #[serde(default = "Vec::new")]
    pub(super) data: Vec<T>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    /// Its address holds a token: whether it is there is all that is used.
    next: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default)]
    after: String,
}

/// Sends a request and reads Meta's answer.
pub(super) async fn read<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
) -> Result<T, PlatformError> {
    let (status, body) = send(request).await?;
    if let Some(refusal) = refusal_in(&body) {
        return Err(refusal);
    }
    if !status.is_success() {
        return Err(failure_of(status));
    }
    serde_json::from_slice(&body).map_err(|_| PlatformError::Nonsense)
}

/// What a status without Meta's error object means.
pub(super) fn failure_of(status: reqwest::StatusCode) -> PlatformError {
    if status.is_server_error() {
        PlatformError::Unreachable
    } else {
        PlatformError::Nonsense
    }
}

pub(super) async fn send(
    request: reqwest::RequestBuilder,
) -> Result<(reqwest::StatusCode, Vec<u8>), PlatformError> {
    let mut response = request
        .send()
        .await
        .map_err(|_| PlatformError::Unreachable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| PlatformError::Unreachable)?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(PlatformError::Nonsense);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// Meta's error object, if the answer is one.
pub(crate) fn refusal_in(body: &[u8]) -> Option<PlatformError> {
    #[derive(Deserialize)]
    struct Answer {
        error: Refusal,
    }
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        code: i64,
        #[serde(default)]
        error_subcode: i64,
        #[serde(default)]
        is_transient: bool,
    }
    let Answer { error } = serde_json::from_slice(body).ok()?;
    if error.is_transient || [2, 4, 17, 32, 341, 613].contains(&error.code) {
        return Some(PlatformError::Unreachable);
    }
    Some(PlatformError::Refused {
        code: error.code,
        subcode: error.error_subcode,
    })
}

/// An id that comes as a text or as a number.
pub(super) fn id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(&Value::deserialize(from)?))
}

fn ids<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Option::<Vec<Value>>::deserialize(from)?;
    Ok(ids.map(|ids| ids.iter().filter_map(text_of).collect()))
}

fn number_or_none<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(Option::<i64>::deserialize(from)?.unwrap_or_default())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
