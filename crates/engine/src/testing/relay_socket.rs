//! The fake relay's socket: challenge, welcome, and what each named stream has.

use std::collections::HashMap;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use wire::api::Route;
use wire::chain::Head;
use wire::frame::{FromDevice, FromRelay};
use wire::{LoginId, Nonce, StreamId};

use super::NOW;
use super::relay::{FakeRelay, RELAY, control_stream, key};
use crate::random;

pub(super) async fn stream(State(relay): State<FakeRelay>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| converse(relay, socket))
}

async fn converse(relay: FakeRelay, mut socket: WebSocket) {
    let nonce = Nonce::from_bytes(random::bytes());
    let challenge = FromRelay::Challenge {
        protocol: wire::PROTOCOL,
        relay: RELAY,
        nonce,
    };
    let mut sent: HashMap<StreamId, u64> = HashMap::new();
    if send(&mut socket, &challenge).await.is_none() {
        return;
    }
    loop {
        tokio::select! {
            message = socket.recv() => {
                let Some(Ok(Message::Text(text))) = message else { return };
                let frame = FromDevice::from_text(&text).unwrap();
                if let FromDevice::Hello { signature, .. } = &frame {
                    let device = relay.state.lock().unwrap().device.unwrap();
                    assert!(wire::auth::check_challenge(&device, RELAY, &nonce, signature));
                }
                if hear(&relay, &mut socket, frame, &mut sent).await.is_none() {
                    return;
                }
            }
            () = relay.nudge.notified() => {}
        }
        if pour(&relay, &mut socket, &mut sent).await.is_none() {
            return;
        }
    }
}

async fn hear(
    relay: &FakeRelay,
    socket: &mut WebSocket,
    frame: FromDevice,
    sent: &mut HashMap<StreamId, u64>,
) -> Option<()> {
    match frame {
        FromDevice::Hello { cursors, .. } => {
            sent.extend(cursors.iter().map(|cursor| (cursor.stream, cursor.stored)));
            let routes = routes(relay);
            let control = control_stream();
            send(
                socket,
                &FromRelay::Welcome {
                    now: NOW.0,
                    control,
                    routes,
                },
            )
            .await?;
        }
        FromDevice::Open { cursor } => {
            sent.insert(cursor.stream, cursor.stored);
        }
        FromDevice::Again { stream, after } => {
            sent.insert(stream, after);
        }
        FromDevice::Durable { stream, sequence } => {
            relay.state.lock().unwrap().durable.insert(stream, sequence);
        }
        FromDevice::Stored { .. } | FromDevice::Unknown => {}
    }
    Some(())
}

fn routes(relay: &FakeRelay) -> Vec<Route> {
    let inner = relay.state.lock().unwrap();
    let of = |stream: &StreamId| Route {
        stream: *stream,
        login: LoginId::from_bytes([1; 16]),
        live: true,
        good_until: NOW.0 + 45 * domain::time::DAY,
        elsewhere: 2,
    };
    inner
        .streams
        .keys()
        .filter(|stream| **stream != control_stream())
        .map(of)
        .collect()
}

/// Sends what each named stream has beyond what was sent, closed over by its head.
async fn pour(
    relay: &FakeRelay,
    socket: &mut WebSocket,
    sent: &mut HashMap<StreamId, u64>,
) -> Option<()> {
    let mut frames = Vec::new();
    {
        let inner = relay.state.lock().unwrap();
        for (stream, after) in sent.iter_mut() {
            let Some(of) = inner.streams.get(stream) else {
                continue;
            };
            let news: Vec<_> = of
                .envelopes
                .iter()
                .filter(|envelope| envelope.sequence > *after)
                .collect();
            if news.is_empty() {
                continue;
            }
            frames.extend(
                news.iter()
                    .map(|one| Message::Binary(one.to_bytes().into())),
            );
            let head = Head::sign(RELAY, &key(1), of.at, NOW.0);
            frames.push(Message::Text(FromRelay::Head(head).to_text().into()));
            *after = of.at.sequence;
        }
    }
    for frame in frames {
        socket.send(frame).await.ok()?;
    }
    Some(())
}

async fn send(socket: &mut WebSocket, frame: &FromRelay) -> Option<()> {
    socket
        .send(Message::Text(frame.to_text().into()))
        .await
        .ok()
}
