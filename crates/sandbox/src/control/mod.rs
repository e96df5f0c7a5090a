//! The control API: what customers do, what goes wrong, and what the stand-in has seen.
//!
//! `GET /sandbox/help` says all of this to whoever asks.

pub(crate) mod acts;
pub(crate) mod customers;
pub(crate) mod dashboard;
pub(crate) mod fault;
pub(crate) mod help;
pub(crate) mod login;
pub(crate) mod state;

use axum::Json;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

/// A request of the control API that cannot be carried out, with the reason.
#[derive(Debug)]
pub(crate) struct Problem(pub(crate) StatusCode, pub(crate) String);

impl Problem {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

pub(crate) type Answer = Result<Json<Value>, Problem>;

/// The relay's own answer, passed on as it came.
pub(crate) fn relayed(answer: Result<(u16, Bytes), String>) -> Response {
    match answer {
        Ok((status, body)) => {
            let json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
            let kind = if json {
                "application/json"
            } else {
                "text/plain; charset=utf-8"
            };
            let mut response = Response::new(Body::from(body));
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            if let Ok(kind) = header::HeaderValue::from_str(kind) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response
        }
        Err(problem) => Problem(
            StatusCode::BAD_GATEWAY,
            format!("the relay did not answer: {problem}"),
        )
        .into_response(),
    }
}
