//! Requests of devices: signed, fresh, and new, or not let in.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use wire::MAX_BODY;
use wire::VerifyKey;
use wire::api::RefusalCode;
use wire::auth::{RequestHeaders, RequestParts};

use crate::answer::Refused;
use crate::clock::MINUTE;
use crate::queue::devices::{self, Device};
use crate::relay::Relay;

/// A request of an enrolled device, and what it asks for.
#[derive(Debug)]
pub(crate) struct Signed<T> {
    pub(crate) device: Device,
    pub(crate) body: T,
    /// When it came.
    pub(crate) now: i64,
}

impl<T: DeserializeOwned> FromRequest<Relay> for Signed<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, relay: &Relay) -> Result<Self, Refused> {
        let now = relay.clock().now();
        let (device, body) = let_in(request, relay, now)
            .await
            .map_err(|why| why.at(now))?;
        // A request without a body asks for what its path says.
        let json = if body.is_empty() {
            b"null".as_slice()
        } else {
            &body
        };
        let body = serde_json::from_slice(json)
            .map_err(|_| Refused::malformed("the body is not what this route takes").at(now))?;
        Ok(Self { device, body, now })
    }
}

async fn let_in(request: Request, relay: &Relay, now: i64) -> Result<(Device, Bytes), Refused> {
    let (parts, body) = request.into_parts();
    let headers = read_headers(&parts.headers)?;
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Refused::malformed("the body is too long or was cut short"))?;
    let id = headers.device;
    let device = relay
        .queue()
        .read(move |connection| devices::find(connection, id))
        .await?;
    let device = device.ok_or(Refused::new(
        RefusalCode::UnknownDevice,
        "this device is not enrolled here",
    ))?;
    let asked = RequestParts {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        body: &body,
    };
    check(relay, &headers, (&device.identity, now), asked)?;
    // Only what it signed counts: nobody else can use its share up.
    if !relay.limits().may_ask(headers.device) {
        return Err(Refused::new(
            RefusalCode::TooMany,
            "this device asks too often",
        ));
    }
    if now - device.seen_at > MINUTE {
        let row = device.row;
        relay
            .queue()
            .write(now, move |commit| Ok(devices::seen(commit, row, now)?))
            .await?;
    }
    Ok((device, body))
}

/// Reads the four headers; one that is there twice counts as missing.
pub(crate) fn read_headers(headers: &HeaderMap) -> Result<RequestHeaders, Refused> {
    let header = |name: &'static str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    };
    Ok(RequestHeaders::read(header)?)
}

/// Whether this identity signed this request just now, and for the first time.
pub(crate) fn check(
    relay: &Relay,
    headers: &RequestHeaders,
    (identity, now): (&VerifyKey, i64),
    asked: RequestParts<'_>,
) -> Result<(), Refused> {
    headers.check((relay.keys().relay(), identity), now, asked)?;
    if relay.limits().is_new(headers.device, headers.nonce, now) {
        return Ok(());
    }
    Err(Refused::new(
        RefusalCode::NotSigned,
        "this request came before",
    ))
}
