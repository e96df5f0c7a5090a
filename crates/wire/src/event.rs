//! What is inside an envelope.
//!
//! On a connection's stream it is a part of a webhook: where it belongs, and the bytes as Meta sent
//! them, untouched. On a device's control stream it is something the relay itself has to say. What
//! a newer relay says that this version does not know is [`Control::Unknown`]: kept, counted, tried
//! again after an update.

use serde::{Deserialize, Serialize};

use crate::order::DeletionOrder;
use crate::text::take;
use crate::{LoginId, StreamId};

/// Which slice of a webhook a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// A whole element of `entry`.
    Entry,
    /// One element of an entry's `changes`.
    Change,
    /// One element of an entry's `messaging`.
    Messaging,
    /// One element of an entry's `standby`.
    Standby,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// A part of a webhook that belongs to one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookPart {
    /// The webhook's `object`: `page`, `instagram`, `whatsapp_business_account`, `permissions`.
    pub object: String,
    /// The entry's id.
    pub entry_id: String,
    /// The entry's `time` as Meta wrote it: seconds for changes, milliseconds for messaging; absent
    /// in some.
    pub time: Option<i64>,
    /// When the relay received it.
    pub received_at: i64,
    /// Which slice of the webhook it is.
    pub kind: PartKind,
    /// The bytes of that slice, exactly as they came: one JSON object.
    pub body: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct PartHeader {
    object: String,
    entry_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    received_at: i64,
    kind: PartKind,
}

/// The first byte of what is inside an envelope.
const WEBHOOK_PART: u8 = 1;
const CONTROL: u8 = 2;

impl WebhookPart {
    /// As it is sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = PartHeader {
            object: self.object.clone(),
            entry_id: self.entry_id.clone(),
            time: self.time,
            received_at: self.received_at,
            kind: self.kind,
        };
        let header = serde_json::to_vec(&header).expect("text and numbers are JSON");
        let length = u32::try_from(header.len()).expect("a header is short");
        [
            &[WEBHOOK_PART],
            length.to_be_bytes().as_slice(),
            &header,
            &self.body,
        ]
        .concat()
    }
}

/// What the relay itself has to say, on the control stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Control {
    /// A deletion was asked for from outside.
    DeletionOrder(DeletionOrder),
    /// A person removed the app at Meta: forwarding has stopped, and at `erase_at` the data goes.
    Deauthorized {
        /// The logins of that person on this device.
        logins: Vec<LoginId>,
        /// When the relay heard.
        at: i64,
        /// When the grace ends, by the relay's time.
        erase_at: i64,
        /// The callback as Meta signed it, for the record.
        signed_request: String,
    },
    /// The person logged in again before the grace ended: nothing is erased.
    DeauthorizeCancelled {
        /// The logins whose grace is over.
        logins: Vec<LoginId>,
        /// When.
        at: i64,
    },
    /// The grace has ended: these logins' connections are to be erased, unless another live login
    /// on this device covers them.
    GraceEnded {
        /// The logins.
        logins: Vec<LoginId>,
        /// When it ended.
        at: i64,
    },
    /// Envelopes could not be kept for this device. Sent when it starts and, with the count, when
    /// it has ended.
    Gap {
        /// The stream they were for.
        stream: StreamId,
        /// When it started.
        since: i64,
        /// When it ended; absent while it lasts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// How many were refused so far.
        refused: u64,
        /// Why.
        reason: GapReason,
    },
    /// A route has stopped; nothing more arrives on the stream until it is proven again.
    RouteStopped {
        /// The stream.
        stream: StreamId,
        /// When.
        at: i64,
        /// Why.
        reason: StopReason,
    },
    /// A webhook about a login rather than a connection (`object: permissions`).
    LoginEvent {
        /// The login.
        login: LoginId,
        /// The entry's `time` as Meta wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<i64>,
        /// The entry, exactly as it came.
        body: String,
    },
    /// The relay was restored from a backup: events from about this moment on may be missing, and
    /// each route must be proven again.
    Restored {
        /// The newest moment the backup knows.
        from: i64,
        /// When it was restored.
        at: i64,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// Why envelopes could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The device has been away for too many envelopes or bytes.
    Full,
    /// Envelopes became older than a relay keeps them.
    Expired,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// Why a route stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The proof was not renewed in time.
    ProofExpired,
    /// Meta no longer confirms the right to this account.
    RightLost,
    /// The app was removed at Meta.
    Deauthorized,
    /// A deletion was carried out.
    Deleted,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// What was inside an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part of a webhook.
    Webhook(WebhookPart),
    /// Something the relay has to say.
    Control(Control),
}

impl Control {
    /// As it is sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("text and numbers are JSON");
        [&[CONTROL], json.as_slice()].concat()
    }
}

impl Event {
    /// Reads what an envelope held. `None` if this version cannot read it.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let &[kind] = take::<1>(&mut bytes)?;
        match kind {
            WEBHOOK_PART => {
                let length = u32::from_be_bytes(*take(&mut bytes)?);
                let (header, body) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
                let header: PartHeader = serde_json::from_slice(header).ok()?;
                Some(Self::Webhook(WebhookPart {
                    object: header.object,
                    entry_id: header.entry_id,
                    time: header.time,
                    received_at: header.received_at,
                    kind: header.kind,
                    body: body.to_vec(),
                }))
            }
            CONTROL => serde_json::from_slice(bytes).ok().map(Self::Control),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_keeps_the_bytes_untouched() {
        let part = WebhookPart {
            object: "instagram".into(),
            entry_id: "17841400000000000".into(),
            time: Some(1_795_341_600_000),
            received_at: 1_795_341_600_123,
            kind: PartKind::Entry,
            body: br#"{ "id" : "17841400000000000", "text":"\u00e9\/" }"#.to_vec(),
        };
        let read = Event::from_bytes(&part.to_bytes());
        assert_eq!(read, Some(Event::Webhook(part)));
    }

    #[test]
    fn what_a_newer_relay_says_is_kept_apart() {
        let newer = [
            &[CONTROL],
            br#"{"type":"operator_notice","text":"hello"}"#.as_slice(),
        ];
        assert_eq!(
            Event::from_bytes(&newer.concat()),
            Some(Event::Control(Control::Unknown))
        );
        assert_eq!(Event::from_bytes(b"\x09whatever"), None);
        assert_eq!(Event::from_bytes(b""), None);
        assert_eq!(Event::from_bytes(b"\x01\xff\xff\xff\xff{}"), None);
    }

    fn all_that_can_be_said() -> Vec<Control> {
        let login = LoginId::from_bytes([1; 16]);
        let stream = StreamId::from_bytes([2; 16]);
        vec![
            Control::DeletionOrder(DeletionOrder {
                code: "ABCDEFGHIJKLMNOPQRSTUVWX".parse().unwrap(),
                logins: vec![login],
                issued_at: 1_795_341_600,
                received_at: 1_795_341_601_000,
                signed_request: "c2ln.cGF5".into(),
            }),
            Control::Deauthorized {
                logins: vec![login],
                at: 1,
                erase_at: 2,
                signed_request: "c2ln.cGF5".into(),
            },
            Control::DeauthorizeCancelled {
                logins: vec![login],
                at: 3,
            },
            Control::GraceEnded {
                logins: vec![login],
                at: 4,
            },
            Control::Gap {
                stream,
                since: 5,
                until: None,
                refused: 1,
                reason: GapReason::Full,
            },
            Control::Gap {
                stream,
                since: 5,
                until: Some(6),
                refused: 9,
                reason: GapReason::Expired,
            },
            Control::RouteStopped {
                stream,
                at: 7,
                reason: StopReason::ProofExpired,
            },
            Control::LoginEvent {
                login,
                time: Some(8),
                body: "{}".into(),
            },
            Control::Restored { from: 9, at: 10 },
        ]
    }

    #[test]
    fn what_the_relay_says_is_frozen() {
        let said = all_that_can_be_said();
        let lines: Vec<_> = said
            .iter()
            .map(|one| serde_json::to_string(one).unwrap())
            .collect();
        insta::assert_snapshot!("control", lines.join("\n"));
        for one in said {
            assert_eq!(
                Event::from_bytes(&one.to_bytes()),
                Some(Event::Control(one))
            );
        }
    }
}
