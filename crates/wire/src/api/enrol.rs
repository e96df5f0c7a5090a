//! What a relay says about itself, and how a device becomes known to it.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, KeyId, RelayKeys, SealKey, StreamId, VerifyKey};

/// What a relay says about itself. Also at `GET /keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayAbout {
    /// The version of what this crate describes.
    pub protocol: u32,
    /// The relay's keys. Shown as words before they are pinned, see [`crate::words`].
    pub keys: RelayKeys,
    /// Who runs it; empty if it does not say.
    pub operator: String,
    /// Where to reach them.
    pub contact: String,
    /// The id of the Meta app it receives for; echoes of this app are our own.
    pub app_id: String,
    /// Whether a new device needs a code from the operator.
    pub enrol: EnrolMode,
    /// The relay's time.
    pub now: i64,
}

/// Who may enrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolMode {
    /// Anybody.
    Open,
    /// Who has a code from the operator.
    Code,
}

/// Makes a device known. The request is signed with the identity it names. Enrolling twice is the
/// same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The device's identity.
    pub identity: VerifyKey,
    /// The name of the control stream's seal key.
    pub key_id: KeyId,
    /// The control stream's seal key.
    pub seal_key: SealKey,
    /// The operator's code, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The device is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// The device's id.
    pub device: DeviceId,
    /// Its control stream.
    pub control: StreamId,
}
