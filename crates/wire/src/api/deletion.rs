//! Wipes that are reported, orders that are refused, and what the page of a request says.

use serde::{Deserialize, Serialize};

use crate::order::DeletionCode;

/// Tells the relay of a wipe. Authenticated by itself: not signed as a request, without an age
/// limit, the same twice as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionNotice {
    /// The wipe's notice, signed by the device's identity before the wipe began; see
    /// [`crate::receipt::WipeNotice`].
    pub notice: String,
    /// The wipe's completion, signed by the wipe's own key; see
    /// [`crate::receipt::WipeCompletion`].
    pub completion: String,
}

/// The relay has erased its part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionAnswer {
    /// The relay's signed statement; with notice and completion it makes the receipt.
    pub statement: String,
}

/// The owner refused a deletion order that Meta does not stand behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// The order.
    pub code: DeletionCode,
    /// Why, in plain words without any name; shown on the status page.
    pub reason: String,
}

/// The state of a deletion request, as `GET /deletion/{code}` gives it to programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionStatus {
    /// The code.
    pub code: DeletionCode,
    /// How far it is.
    pub state: DeletionState,
    /// When the relay received it (`2026-11-22T10:00:00Z`).
    pub received_at: String,
    /// When the relay had erased its part.
    pub relay_erased_at: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The computers it reaches; no order, no name.
    pub devices: Vec<DeletionDevice>,
}

/// How far a deletion request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionState {
    /// It has arrived.
    Received,
    /// The relay has erased its part; computers are still to confirm.
    RelayErased,
    /// All is erased.
    Completed,
    /// It was refused.
    Refused,
}

/// One computer a deletion request reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionDevice {
    /// How far it is.
    pub state: DeviceState,
    /// When it came to that.
    pub at: String,
}

/// How far one computer is with a deletion request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It has not confirmed yet; `at` is when it was last seen.
    Waiting,
    /// It confirmed, signed.
    Erased,
    /// It was removed from the relay before it confirmed. A reader knows the word; our relay removes
    /// a computer only once that has confirmed, and so never says it.
    Removed,
    /// It has not been seen for 180 days.
    NotReached,
}
