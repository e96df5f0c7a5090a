//! Stands for the relay: remembers, and answers what it is told.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::world::LIMIT;

/// A request the relay got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Stands for the relay: remembers, and answers what it is told.
#[derive(Debug)]
pub(crate) struct Relay {
    got: Mutex<Vec<Got>>,
    status: AtomicU16,
    count: watch::Sender<usize>,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            got: Mutex::default(),
            status: AtomicU16::new(200),
            count: watch::Sender::default(),
        }
    }
}

impl Relay {
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until a look at all that came finds something.
    pub(crate) async fn until<T>(&self, look: impl Fn(&[Got]) -> Option<T>) -> T {
        let mut count = self.count.subscribe();
        let waiting = async {
            loop {
                count.borrow_and_update();
                if let Some(found) = look(&self.got()) {
                    return found;
                }
                count.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, waiting)
            .await
            .expect("it came in time")
    }

    /// Waits for a webhook in which something is found.
    pub(crate) async fn webhook<T>(&self, look: impl Fn(&Value) -> Option<T>) -> T {
        self.until(|got| {
            got.iter()
                .filter(|got| got.path == "/webhooks/meta")
                .find_map(|got| look(&got.json()))
        })
        .await
    }
}

pub(crate) async fn take(
    State(relay): State<Arc<Relay>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(query) = uri.query() {
        let challenge = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "hub.challenge")
            .map(|(_, value)| value.into_owned());
        return challenge.unwrap_or_default().into_response();
    }
    let got = Got {
        path: uri.path().to_owned(),
        headers,
        body,
    };
    let callback = got.path.starts_with("/meta/");
    relay.got.lock().unwrap().push(got);
    relay.count.send_modify(|count| *count += 1);
    if callback {
        let answer = json!({"url": "https://relay.example/deletion/AB", "confirmation_code": "AB"});
        return axum::Json(answer).into_response();
    }
    let status = relay.status.load(Ordering::SeqCst);
    StatusCode::from_u16(status)
        .unwrap_or(StatusCode::OK)
        .into_response()
}
