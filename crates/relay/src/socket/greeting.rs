//! The beginning of a socket: challenge, hello, welcome.

use std::time::Duration;

use axum::extract::ws::WebSocket;
use tokio::time::timeout;
use wire::api::Route;
use wire::frame::{ByeReason, FromDevice, FromRelay, StreamCursor};
use wire::{Nonce, StreamId, auth};

use super::{End, Step, hear, say};
use crate::queue::devices::{self, Device};
use crate::queue::{routes, streams};
use crate::random;
use crate::relay::Relay;
use crate::session::{Asked, Session};

/// How long a device may take for its first frame.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// What a device was told at the welcome, and may be told anew.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) routes: Vec<Route>,
    /// The device's control stream.
    pub(super) control: StreamId,
    /// An earlier one that it has not read to its end: where that is.
    former: Option<(i64, u64)>,
}

impl Told {
    /// The device committed up to here. True if that was all that kept it at an earlier control
    /// stream.
    pub(super) fn outgrows(&mut self, asked: Asked) -> bool {
        let Asked::Stored { row, sequence } = asked else {
            return false;
        };
        self.former
            .take_if(|(former, end)| *former == row && sequence >= *end)
            .is_some()
    }
}

/// Challenge, hello, welcome.
pub(super) async fn greet(relay: &Relay, socket: &mut WebSocket) -> Step<(Device, Session, Told)> {
    let nonce = Nonce::from_bytes(random::bytes());
    let id = relay.keys().relay();
    say(
        socket,
        &FromRelay::Challenge {
            protocol: wire::PROTOCOL,
            relay: id,
            nonce,
        },
    )
    .await?;
    let hello = timeout(HELLO_WITHIN, hear(socket))
        .await
        .map_err(|_| End::Gone)??;
    let FromDevice::Hello {
        protocol,
        device,
        signature,
        cursors,
    } = hello
    else {
        return Err(End::Bye(ByeReason::Protocol));
    };
    if protocol.abs_diff(wire::PROTOCOL) > 1 {
        return Err(End::Bye(ByeReason::Protocol));
    }
    let known = relay
        .queue()
        .read(move |connection| devices::find(connection, device))
        .await?;
    let known = known.ok_or(End::Bye(ByeReason::UnknownDevice))?;
    if !auth::check_challenge(&known.identity, id, &nonce, &signature) {
        return Err(End::Bye(ByeReason::WrongAnswer));
    }
    let (session, told) = welcome(relay, socket, &known, cursors).await?;
    Ok((known, session, told))
}

async fn welcome(
    relay: &Relay,
    socket: &mut WebSocket,
    device: &Device,
    cursors: Vec<StreamCursor>,
) -> Step<(Session, Told)> {
    let (row, now) = (device.row, relay.clock().now());
    relay
        .queue()
        .write(now, move |commit| Ok(devices::seen(commit, row, now)?))
        .await?;
    let (control, routes, opened) = relay
        .queue()
        .read(move |connection| {
            let control = streams::control_of(connection, row)?;
            let routes = routes::of_device(connection, row, now)?;
            let mut opened = Vec::new();
            for cursor in cursors {
                if let Some(stream) = streams::of_device(connection, row, cursor.stream)? {
                    opened.push((stream, cursor.stored));
                }
            }
            Ok((control, routes, opened))
        })
        .await?;
    let control = control.ok_or(End::Bye(ByeReason::UnknownDevice))?;
    let mut session = Session::default();
    for (stream, stored) in &opened {
        session.open(stream, *stored);
    }
    // A relay that was restored has made another control stream. What the device has not read of
    // the earlier one, an order perhaps, comes first; it is told of the other one after that.
    let former = opened.iter().find(|(stream, stored)| {
        stream.account.is_none() && stream.id != control.id && *stored < stream.sequence
    });
    let named = former.map_or(control.id, |(stream, _)| stream.id);
    let told = Told {
        routes,
        control: control.id,
        former: former.map(|(stream, _)| (stream.row, stream.sequence)),
    };
    say_welcome(relay, socket, named, &told).await?;
    Ok((session, told))
}

/// A device that is named a control stream it does not know asks for it by itself.
pub(super) async fn say_welcome(
    relay: &Relay,
    socket: &mut WebSocket,
    control: StreamId,
    told: &Told,
) -> Step<()> {
    let welcome = FromRelay::Welcome {
        now: relay.clock().now(),
        control,
        routes: told.routes.clone(),
    };
    say(socket, &welcome).await
}
