//! How a request that is not granted is answered: a status, and a code a device acts upon.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{Refusal, RefusalCode};
use wire::auth;

use crate::platform::PlatformError;
use crate::queue::QueueError;

/// A request that is not granted.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) code: RefusalCode,
    pub(crate) message: &'static str,
    pub(crate) now: i64,
}

impl Refused {
    pub(crate) const fn new(code: RefusalCode, message: &'static str) -> Self {
        Self {
            code,
            message,
            now: 0,
        }
    }

    pub(crate) const fn malformed(message: &'static str) -> Self {
        Self::new(RefusalCode::Malformed, message)
    }

    pub(crate) const fn gone(message: &'static str) -> Self {
        Self::new(RefusalCode::Gone, message)
    }

    /// With the relay's time, which a device needs when the clocks are apart.
    pub(crate) const fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    const fn status(&self) -> StatusCode {
        match self.code {
            RefusalCode::Clock | RefusalCode::NotSigned | RefusalCode::UnknownDevice => {
                StatusCode::UNAUTHORIZED
            }
            RefusalCode::EnrolCode | RefusalCode::WrongCode | RefusalCode::TokenRefused => {
                StatusCode::FORBIDDEN
            }
            RefusalCode::Malformed | RefusalCode::Unknown => StatusCode::BAD_REQUEST,
            RefusalCode::Gone => StatusCode::GONE,
            RefusalCode::Crowded => StatusCode::CONFLICT,
            RefusalCode::PlatformUnreachable => StatusCode::BAD_GATEWAY,
            RefusalCode::TooMany => StatusCode::TOO_MANY_REQUESTS,
            RefusalCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = Refusal {
            code: self.code,
            message: self.message.to_owned(),
            now: self.now,
        };
        let mut response = (status, Json(body)).into_response();
        if matches!(self.code, RefusalCode::TooMany | RefusalCode::Unavailable) {
            let wait = header::HeaderValue::from_static("30");
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl From<QueueError> for Refused {
    fn from(why: QueueError) -> Self {
        tracing::error!(%why, "the store refused a request");
        Self::new(
            RefusalCode::Unavailable,
            "the relay cannot use its store right now",
        )
    }
}

impl From<auth::Refused> for Refused {
    fn from(why: auth::Refused) -> Self {
        match why {
            auth::Refused::Clock => Self::new(RefusalCode::Clock, "the clocks are too far apart"),
            auth::Refused::Unsigned | auth::Refused::Signature => Self::new(
                RefusalCode::NotSigned,
                "the request is not signed as it should be",
            ),
        }
    }
}

impl From<PlatformError> for Refused {
    fn from(why: PlatformError) -> Self {
        match why {
            PlatformError::Refused { code, subcode } => {
                tracing::info!(code, subcode, "Meta refused a token");
                Self::new(RefusalCode::TokenRefused, "the platform refuses this token")
            }
            PlatformError::Unreachable | PlatformError::Nonsense => {
                tracing::warn!(%why, "Meta did not answer");
                Self::new(
                    RefusalCode::PlatformUnreachable,
                    "the platform did not answer",
                )
            }
        }
    }
}
