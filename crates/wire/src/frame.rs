//! What travels on a device's socket.
//!
//! Envelopes are binary frames ([`crate::envelope::Envelope::to_bytes`]); everything else is JSON
//! in a text frame. In order: the relay's challenge; the device's hello with its answer and its
//! cursors; the relay's welcome with the routes it knows; then envelopes, closed over by heads, and
//! the device's reports of how far it has come. The control stream comes first.
//! A frame of an unknown type is ignored.

use serde::{Deserialize, Serialize};

use crate::api::Route;
use crate::chain::{Head, Skip};
use crate::{DeviceId, Nonce, RelayId, Signature, StreamId};

/// Envelopes a relay sends ahead of the device's `stored` reports.
pub const WINDOW: usize = 256;
/// Bytes of envelopes a relay sends ahead of the device's `stored` reports.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// How often a relay pings, in milliseconds.
pub const PING_EVERY: i64 = 25_000;
/// After how much silence the other side counts as gone, in milliseconds.
pub const SILENCE: i64 = 60_000;
/// The longest text frame.
pub const MAX_TEXT: usize = 256 * 1024;

/// What the relay says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRelay {
    /// The first frame: sign this, see [`crate::auth::answer_challenge`].
    Challenge {
        /// The version of what this crate describes.
        protocol: u32,
        /// Which relay this is.
        relay: RelayId,
        /// A random value for this socket alone.
        nonce: Nonce,
    },
    /// The answer was right.
    Welcome {
        /// The relay's time.
        now: i64,
        /// The device's control stream. Another one than before after the relay was restored from
        /// a backup: open it from its start.
        control: StreamId,
        /// The routes the relay knows to this device. What the device misses here it proves
        /// again.
        routes: Vec<Route>,
    },
    /// The envelopes of this stream up to here are complete.
    Head(Head),
    /// The envelopes of this stream up to here are no longer held.
    Skip(Skip),
    /// The routes have changed; as in the welcome.
    Routes {
        /// All the routes the relay knows to this device.
        routes: Vec<Route>,
    },
    /// Something of this device's changed or came up that no envelope tells, such as a route made
    /// on another socket. Carries nothing: read the routes.
    Nudge,
    /// The relay ends this socket.
    Bye {
        /// Why.
        reason: ByeReason,
        /// When to come back, in milliseconds from now.
        retry_in: i64,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// Why a relay ends a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The same device has connected anew.
    Replaced,
    /// The relay stops.
    Stopping,
    /// This device is not enrolled here, or was removed.
    UnknownDevice,
    /// The answer to the challenge was wrong.
    WrongAnswer,
    /// The device said something that makes no sense here.
    Protocol,
    /// The relay cannot read its store right now.
    Unavailable,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// How far the device is in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCursor {
    /// The stream.
    pub stream: StreamId,
    /// The last sequence whose rows are committed; sending goes on behind it.
    pub stored: u64,
}

/// What the device says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromDevice {
    /// The first frame: who, the signed challenge, and how far each stream is. A stream that is
    /// not named is not sent.
    Hello {
        /// The version of what this crate describes.
        protocol: u32,
        /// Which device.
        device: DeviceId,
        /// The answer to the challenge.
        signature: Signature,
        /// The control stream's and each connection's cursor.
        cursors: Vec<StreamCursor>,
    },
    /// A stream that was made since the hello: send it too.
    Open {
        /// The stream and how far it is.
        cursor: StreamCursor,
    },
    /// Committed up to here: send on.
    Stored {
        /// The stream.
        stream: StreamId,
        /// The last committed sequence.
        sequence: u64,
    },
    /// Committed and checkpointed up to here: may be erased a day later.
    Durable {
        /// The stream.
        stream: StreamId,
        /// The last checkpointed sequence.
        sequence: u64,
    },
    /// What came did not fit together: send once more from behind this place.
    Again {
        /// The stream.
        stream: StreamId,
        /// The last sequence that was accepted.
        after: u64,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// A text frame that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a frame")]
pub struct BadFrame;

impl FromRelay {
    /// As a text frame.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    /// Reads a text frame.
    pub fn from_text(text: &str) -> Result<Self, BadFrame> {
        serde_json::from_str(text).map_err(|_| BadFrame)
    }
}

impl FromDevice {
    /// As a text frame.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are JSON")
    }

    /// Reads a text frame.
    pub fn from_text(text: &str) -> Result<Self, BadFrame> {
        serde_json::from_str(text).map_err(|_| BadFrame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Cursor;
    use crate::{LoginId, SigningSecret};

    const STREAM: StreamId = StreamId::from_bytes([2; 16]);
    const RELAY: RelayId = RelayId::from_bytes([3; 16]);

    fn from_relay() -> Vec<FromRelay> {
        let key = SigningSecret::from_seed(&[1; 32]);
        let cursor = Cursor::start(STREAM);
        let routes = vec![Route {
            stream: STREAM,
            login: LoginId::from_bytes([4; 16]),
            live: true,
            good_until: 1_799_229_600_000,
            elsewhere: 1,
        }];
        vec![
            FromRelay::Challenge {
                protocol: 1,
                relay: RELAY,
                nonce: Nonce::from_bytes([5; 16]),
            },
            FromRelay::Welcome {
                now: 1_795_341_600_000,
                control: STREAM,
                routes: routes.clone(),
            },
            FromRelay::Head(Head::sign(RELAY, &key, cursor, 7)),
            FromRelay::Skip(Skip::sign(RELAY, &key, cursor, 8)),
            FromRelay::Routes { routes },
            FromRelay::Nudge,
            FromRelay::Bye {
                reason: ByeReason::Stopping,
                retry_in: 2000,
            },
        ]
    }

    fn from_device() -> Vec<FromDevice> {
        let cursor = StreamCursor {
            stream: STREAM,
            stored: 41,
        };
        vec![
            FromDevice::Hello {
                protocol: 1,
                device: DeviceId::from_bytes([6; 16]),
                signature: Signature::from_bytes([7; 64]),
                cursors: vec![cursor],
            },
            FromDevice::Open { cursor },
            FromDevice::Stored {
                stream: STREAM,
                sequence: 42,
            },
            FromDevice::Durable {
                stream: STREAM,
                sequence: 42,
            },
            FromDevice::Again {
                stream: STREAM,
                after: 40,
            },
        ]
    }

    #[test]
    fn the_relays_frames_are_frozen() {
        let lines: Vec<_> = from_relay().iter().map(FromRelay::to_text).collect();
        insta::assert_snapshot!("frames_from_relay", lines.join("\n"));
        for (frame, line) in from_relay().iter().zip(lines) {
            assert_eq!(FromRelay::from_text(&line).as_ref(), Ok(frame));
        }
    }

    #[test]
    fn the_devices_frames_are_frozen() {
        let lines: Vec<_> = from_device().iter().map(FromDevice::to_text).collect();
        insta::assert_snapshot!("frames_from_device", lines.join("\n"));
        for (frame, line) in from_device().iter().zip(lines) {
            assert_eq!(FromDevice::from_text(&line).as_ref(), Ok(frame));
        }
    }

    #[test]
    fn what_is_unknown_is_told_from_what_is_broken() {
        let newer = r#"{"type":"typing","who":"x"}"#;
        assert_eq!(FromRelay::from_text(newer), Ok(FromRelay::Unknown));
        assert_eq!(FromDevice::from_text(newer), Ok(FromDevice::Unknown));
        let more = r#"{"type":"stored","stream":"02020202020202020202020202020202","sequence":1,"mood":"good"}"#;
        assert!(matches!(
            FromDevice::from_text(more),
            Ok(FromDevice::Stored { sequence: 1, .. })
        ));
        for broken in [
            "",
            "{",
            "[]",
            r#"{"type":"stored"}"#,
            r#"{"type":"stored","sequence":-1}"#,
        ] {
            assert_eq!(FromDevice::from_text(broken), Err(BadFrame), "{broken}");
        }
    }
}
