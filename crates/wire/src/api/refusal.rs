//! Why a request was not granted.

use serde::{Deserialize, Serialize};

/// A request that was not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What to act upon.
    pub code: RefusalCode,
    /// For a log; no personal data.
    pub message: String,
    /// The relay's time.
    pub now: i64,
}

/// What a refused device can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The clock is off: keep the offset to `now` and try again.
    Clock,
    /// Not signed, or not by an enrolled device.
    NotSigned,
    /// The device is not enrolled here, or was removed: enrol again.
    UnknownDevice,
    /// A code from the operator is needed, or this one is not good.
    EnrolCode,
    /// The request makes no sense.
    Malformed,
    /// The login, hand-off or stream is unknown, over or already used.
    Gone,
    /// The one-time code or the verifier is wrong.
    WrongCode,
    /// The platform refuses the token.
    TokenRefused,
    /// The platform could not be reached: try again later.
    PlatformUnreachable,
    /// Too many requests: wait.
    TooMany,
    /// The account is connected on as many other computers as may be.
    Crowded,
    /// The relay cannot write right now: try again later.
    Unavailable,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}
