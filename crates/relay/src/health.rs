//! Whether the relay lives, whether it can take webhooks, and its counts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::clock::SECOND;
use crate::queue::counters;
use crate::relay::Relay;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// How long what a look found stands for the next asker: a look costs a write that reaches the disk.
const LOOK_EVERY: i64 = SECOND;

/// `GET /readyz`: a write reaches the disk, and the relay is not stopping.
pub(crate) async fn ready(State(relay): State<Relay>) -> (StatusCode, &'static str) {
    if relay.stop().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match writes(&relay).await {
        true => (StatusCode::OK, "ready\n"),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        ),
    }
}

/// Whether the store can be written: whoever asks while somebody looks waits for that look.
async fn writes(relay: &Relay) -> bool {
    let mut looked = relay.looked().lock().await;
    let now = relay.clock().now();
    if let Some((at, writes)) = *looked
        && (now - at).abs() < LOOK_EVERY
    {
        return writes;
    }
    let written = relay.queue().write(now, move |commit| {
        commit.count(counters::READY_CHECKS, 1);
        Ok(())
    });
    let writes = written.await.is_ok();
    *looked = Some((now, writes));
    writes
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(relay): State<Relay>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], relay.metrics().text()).into_response()
}
