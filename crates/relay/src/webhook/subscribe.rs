//! Meta asks whether a webhook address is ours: it shows the verify token and wants its challenge
//! back.

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::relay::Relay;
use crate::secret::Secret;

/// `GET /webhooks/meta`.
pub(crate) async fn meta(State(relay): State<Relay>, RawQuery(query): RawQuery) -> Response {
    let challenge = match challenge(
        &query.unwrap_or_default(),
        &relay.config().meta.verify_token,
    ) {
        Ok(challenge) => challenge,
        Err(status) => return status.into_response(),
    };
    tracing::info!("Meta verified the webhook address");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, challenge).into_response()
}

/// What whoever knows the token wants to hear back.
pub(crate) fn challenge(query: &str, token: &Secret) -> Result<String, StatusCode> {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let asked = value("hub.mode").is_some_and(|mode| mode == "subscribe");
    let shown = value("hub.verify_token").unwrap_or_default();
    if !asked || !token.is(shown.as_bytes()) {
        return Err(StatusCode::FORBIDDEN);
    }
    value("hub.challenge").ok_or(StatusCode::BAD_REQUEST)
}
