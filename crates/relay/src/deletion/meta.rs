//! Meta's two callbacks: somebody removed the app, and somebody wants their data deleted.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::carry_out::{self, Callback};
use super::signed_request::{self, SignedRequest};
use crate::clock::{MINUTE, SECOND};
use crate::relay::Relay;

/// How far ahead of the relay's clock a callback may be.
const AHEAD: i64 = 5 * MINUTE;

/// What Meta shows the person.
#[derive(Debug, Serialize)]
pub(crate) struct Started {
    url: String,
    confirmation_code: String,
}

/// `POST /meta/deletion`.
pub(crate) async fn callback(
    State(relay): State<Relay>,
    body: Bytes,
) -> Result<Json<Started>, StatusCode> {
    let callback = read(&relay, &body)?;
    let now = relay.clock().now();
    let deleted = relay
        .queue()
        .write(now, move |commit| carry_out::delete(commit, &callback));
    let code = deleted.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    relay.metrics().deletions.inc();
    // Not the code: whoever has it sees the request.
    tracing::info!("a deletion was asked for by way of Meta");
    let url = relay.config().public(&format!("/deletion/{code}"));
    Ok(Json(Started {
        url,
        confirmation_code: code.to_string(),
    }))
}

/// `POST /meta/deauthorize`. Not a deletion: forwarding stops, and the grace begins.
pub(crate) async fn deauthorize(
    State(relay): State<Relay>,
    body: Bytes,
) -> Result<Json<serde_json::Value>, StatusCode> {
    let callback = read(&relay, &body)?;
    let now = relay.clock().now();
    let stopped = relay
        .queue()
        .write(now, move |commit| carry_out::deauthorize(commit, &callback));
    let logins = stopped.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    tracing::info!(logins, "the app was removed at Meta");
    Ok(Json(serde_json::json!({})))
}

/// Reads and checks a callback's form. Nothing is kept of one that does not hold.
fn read(relay: &Relay, body: &[u8]) -> Result<Callback, StatusCode> {
    let mut values = url::form_urlencoded::parse(body)
        .filter(|(name, _)| name == "signed_request")
        .map(|(_, value)| value.into_owned());
    let (Some(signed_request), None) = (values.next(), values.next()) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let said = signed_request::verify(&signed_request, &relay.config().meta.secrets);
    let said = said.map_err(|why| {
        tracing::warn!(?why, "a callback was refused");
        match why {
            signed_request::BadRequest::Signature => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    })?;
    // Only what Meta signed counts: nobody else can use its share up.
    if !relay.limits().may_call_back() {
        return Err(StatusCode::TOO_MANY_REQUESTS);
    }
    if is_ahead(&said, relay.clock().now()) {
        tracing::warn!("a callback from the future was refused");
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(Callback {
        said,
        signed_request,
    })
}

fn is_ahead(said: &SignedRequest, now: i64) -> bool {
    said.issued_at
        .is_some_and(|at| at.saturating_mul(SECOND) > now.saturating_add(AHEAD))
}
