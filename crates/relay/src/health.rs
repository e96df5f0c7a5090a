//! Whether the relay lives, whether it can take webhooks, and its counts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::queue::counters;
use crate::relay::Relay;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: a write reaches the disk, and the relay is not stopping.
pub(crate) async fn ready(State(relay): State<Relay>) -> (StatusCode, &'static str) {
    if relay.stop().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let now = relay.clock().now();
    let written = relay.queue().write(now, move |commit| {
        counters::add(commit, counters::READY_CHECKS, 1, now)?;
        Ok(())
    });
    match written.await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be written\n",
        ),
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(relay): State<Relay>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], relay.metrics().text()).into_response()
}
