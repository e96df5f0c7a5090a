//! Meta asks whether a webhook address is ours: it shows the verify token and wants its challenge
//! back.

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::relay::Relay;

/// `GET /webhooks/meta`.
pub(crate) async fn meta(State(relay): State<Relay>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let asked = value("hub.mode").is_some_and(|mode| mode == "subscribe");
    let token = value("hub.verify_token").unwrap_or_default();
    if !asked || !relay.config().meta.verify_token.is(token.as_bytes()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(challenge) = value("hub.challenge") else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    tracing::info!("Meta verified the webhook address");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, challenge).into_response()
}
