//! A device's socket: what the relay sends is checked as a device checks it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wire::chain::{Broken, ChainVerifier};
use wire::envelope::Envelope;
use wire::event::{Control, Event, WebhookPart};
use wire::frame::{ByeReason, FromDevice, FromRelay};
use wire::{Nonce, StreamId};

use crate::device::Device;
use crate::world::World;

/// Longer than anything takes; nobody waits for it but a test that fails.
const SOON: Duration = Duration::from_secs(20);

/// A socket, with a verifier for each stream.
pub(crate) struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    device: Device,
    verifiers: BTreeMap<StreamId, ChainVerifier>,
    pub(crate) lost: u64,
}

impl Socket {
    /// Connected, and nothing said yet.
    pub(crate) async fn raw(world: &World, device: &Device) -> Self {
        let mut address = world.url("/v1/stream");
        address.set_scheme("ws").unwrap();
        let (socket, _) = tokio_tungstenite::connect_async(address.as_str())
            .await
            .unwrap();
        let verifiers = device.cursors.values();
        let verifiers = verifiers
            .map(|cursor| {
                (
                    cursor.stream,
                    ChainVerifier::new(device.relay.clone(), *cursor),
                )
            })
            .collect();
        Self {
            socket,
            device: device.clone(),
            verifiers,
            lost: 0,
        }
    }

    pub(crate) async fn challenge(&mut self) -> (wire::RelayId, Nonce) {
        match self.hear().await {
            Some(Heard::Frame(FromRelay::Challenge { relay, nonce, .. })) => (relay, nonce),
            other => panic!("no challenge but {other:?}"),
        }
    }

    pub(crate) async fn say(&mut self, frame: &FromDevice) {
        self.socket
            .send(Message::text(frame.to_text()))
            .await
            .unwrap();
    }

    pub(crate) async fn say_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        loop {
            let message = timeout(SOON, self.socket.next())
                .await
                .expect("the relay is silent");
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Some(Heard::Frame(FromRelay::from_text(&text).unwrap()));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Some(Heard::Envelope(Envelope::from_bytes(&bytes).unwrap()));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub(crate) async fn welcome(&mut self) -> (StreamId, Vec<wire::api::Route>) {
        match self.hear().await {
            Some(Heard::Frame(FromRelay::Welcome {
                control, routes, ..
            })) => (control, routes),
            other => panic!("no welcome but {other:?}"),
        }
    }

    /// Reads until the relay ends the socket: why.
    pub(crate) async fn bye(&mut self) -> ByeReason {
        loop {
            match self.hear().await {
                Some(Heard::Frame(FromRelay::Bye { reason, .. })) => return reason,
                Some(_) => {}
                None => panic!("gone without a word"),
            }
        }
    }

    /// Reads until a head closes over something new: what was accepted, opened, with its stream.
    pub(crate) async fn events(&mut self) -> Vec<(StreamId, Event)> {
        loop {
            match self.hear().await.expect("the relay is gone") {
                Heard::Envelope(envelope) => {
                    let verifier = self.verifiers.get_mut(&envelope.stream).unwrap();
                    verifier.push(envelope).unwrap();
                }
                Heard::Frame(FromRelay::Head(head)) => {
                    let stream = head.stream;
                    let verifier = self.verifiers.get_mut(&stream).unwrap();
                    let accepted = verifier.close(&head).unwrap();
                    if accepted.is_empty() {
                        continue;
                    }
                    let cursor = verifier.cursor();
                    self.device.cursors.insert(stream, cursor);
                    let stored = FromDevice::Stored {
                        stream,
                        sequence: cursor.sequence,
                    };
                    self.say(&stored).await;
                    let open = |one: &wire::chain::Genuine| {
                        (stream, self.device.open(stream, one.sealed()))
                    };
                    return accepted.iter().map(open).collect();
                }
                Heard::Frame(FromRelay::Skip(skip)) => {
                    let verifier = self.verifiers.get_mut(&skip.stream).unwrap();
                    self.lost += verifier.skip(&skip).unwrap();
                    self.device.cursors.insert(skip.stream, verifier.cursor());
                }
                Heard::Frame(FromRelay::Bye { reason, .. }) => panic!("bye: {reason:?}"),
                Heard::Frame(_) => {}
            }
        }
    }

    /// The next so many events, whatever their streams.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<(StreamId, Event)> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.extend(self.events().await);
        }
        taken
    }

    /// The next thing the relay itself says.
    pub(crate) async fn control(&mut self) -> Control {
        match self.events().await.remove(0) {
            (_, Event::Control(control)) => control,
            (_, other) => panic!("not control but {other:?}"),
        }
    }

    /// The next part of a webhook.
    pub(crate) async fn part(&mut self) -> WebhookPart {
        match self.events().await.remove(0) {
            (_, Event::Webhook(part)) => part,
            (_, other) => panic!("not a webhook but {other:?}"),
        }
    }

    /// The device as it stands now.
    pub(crate) fn into_device(self) -> Device {
        self.device
    }

    pub(crate) async fn durable(&mut self, stream: StreamId) {
        let sequence = self.device.cursors[&stream].sequence;
        self.say(&FromDevice::Durable { stream, sequence }).await;
    }

    /// Whether the relay has taken in all that was said: it answers a ping after it.
    pub(crate) async fn settle(&mut self) {
        self.socket
            .send(Message::Ping("settled".into()))
            .await
            .unwrap();
        loop {
            let message = timeout(SOON, self.socket.next())
                .await
                .expect("the relay is silent");
            match message {
                Some(Ok(Message::Pong(_))) => return,
                Some(Ok(_)) => {}
                _ => panic!("the relay is gone"),
            }
        }
    }

    /// What a verifier of this socket makes of something it is given.
    pub(crate) fn verifier(&mut self, stream: StreamId) -> &mut ChainVerifier {
        self.verifiers.get_mut(&stream).unwrap()
    }

    pub(crate) async fn raw_delivery(
        &mut self,
        stream: StreamId,
    ) -> (Vec<Envelope>, wire::chain::Head) {
        let mut envelopes = Vec::new();
        loop {
            match self.hear().await.expect("the relay is gone") {
                Heard::Envelope(envelope) if envelope.stream == stream => envelopes.push(envelope),
                Heard::Frame(FromRelay::Head(head)) if head.stream == stream => {
                    return (envelopes, head);
                }
                _ => {}
            }
        }
    }
}

/// What came.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(FromRelay),
    Envelope(Envelope),
}

pub(crate) type Verdict = Result<Vec<wire::chain::Genuine>, Broken>;

/// The text of a customer's message in a part.
pub(crate) fn text_of(part: &WebhookPart) -> String {
    let body: Value = serde_json::from_slice(&part.body).unwrap();
    let messenger = body.pointer("/messaging/0/message/text");
    let item = body.pointer("/message/text");
    let whatsapp = body.pointer("/value/messages/0/text/body");
    messenger
        .or(item)
        .or(whatsapp)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
