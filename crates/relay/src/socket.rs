//! A device's socket: the one short loop that knows it. What it means is `session`'s to say.

mod greeting;

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::time::{Instant, timeout};
use wire::api::Route;
use wire::chain::Skip;
use wire::frame::{ByeReason, FromDevice, FromRelay, MAX_TEXT, PING_EVERY, SILENCE};

use crate::queue::devices::Device;
use crate::queue::envelopes::{self, Page};
use crate::queue::{Result, routes, streams};
use crate::relay::Relay;
use crate::session::{Asked, Session, Share};
use greeting::{Told, greet, say_welcome};

/// When to come back after a good-bye, in milliseconds.
const COME_BACK: i64 = 2_000;

/// `GET /v1/stream`.
pub(crate) async fn open(State(relay): State<Relay>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MAX_TEXT)
        .on_upgrade(move |socket| async move {
            let tasks = relay.tasks().clone();
            // Tracked, so that a stop waits until the good-bye is said.
            let served = tasks.spawn(serve(relay, socket));
            if served.await.is_err() {
                tracing::error!("a socket's task died");
            }
        })
}

async fn serve(relay: Relay, mut socket: WebSocket) {
    let greeted = match relay.greeting_seat() {
        Some(_seat) => greet(&relay, &mut socket).await,
        None => Err(End::Bye(ByeReason::Unavailable)),
    };
    let (reason, retry_in) = match greeted {
        Ok((device, session, told)) => {
            relay.metrics().sockets.inc();
            let name = relay.logged(device.id.as_bytes());
            tracing::info!(device = ?name, "a device is connected");
            let end = run(&relay, &mut socket, &device, (session, told)).await;
            relay.metrics().sockets.dec();
            tracing::info!(device = ?name, ?end, "a device is gone");
            match end {
                End::Gone => return,
                End::Bye(reason) => (reason, COME_BACK),
            }
        }
        Err(End::Gone) => return,
        Err(End::Bye(reason)) => (reason, COME_BACK),
    };
    // Best effort: whoever is gone does not hear it.
    let _ = say(&mut socket, &FromRelay::Bye { reason, retry_in }).await;
    let _ = send(&mut socket, Message::Close(None)).await;
}

/// Why a socket is over.
#[derive(Debug)]
enum End {
    Gone,
    Bye(ByeReason),
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

impl From<crate::queue::QueueError> for End {
    fn from(why: crate::queue::QueueError) -> Self {
        tracing::error!(%why, "a socket could not read the store");
        Self::Bye(ByeReason::Unavailable)
    }
}

type Step<T> = std::result::Result<T, End>;

async fn run(
    relay: &Relay,
    socket: &mut WebSocket,
    device: &Device,
    (mut session, mut told): (Session, Told),
) -> End {
    let seat = relay.registry().connect(device.id);
    let every = Duration::from_millis(PING_EVERY.unsigned_abs());
    let silence = Duration::from_millis(SILENCE.unsigned_abs());
    let mut ping = tokio::time::interval_at(Instant::now() + every, every);
    let mut heard = Instant::now();
    loop {
        if let Err(end) = send_what_is_due(relay, socket, &mut session).await {
            return end;
        }
        tokio::select! {
            () = relay.stop().cancelled() => return End::Bye(ByeReason::Stopping),
            () = seat.replaced() => return End::Bye(ByeReason::Replaced),
            () = seat.nudged() => {
                session.nudged();
                if let Err(end) = tell_routes(relay, socket, device, &mut told.routes).await {
                    return end;
                }
            }
            _ = ping.tick() => {
                let ping = Message::Ping(Default::default());
                if heard.elapsed() > silence || send(socket, ping).await.is_err() {
                    return End::Gone;
                }
            }
            message = socket.recv() => {
                heard = Instant::now();
                let asked = match message {
                    Some(Ok(Message::Text(text))) => match FromDevice::from_text(&text) {
                        Ok(frame) => session.on_frame(&frame),
                        Err(_) => Asked::Protocol,
                    },
                    Some(Ok(Message::Binary(_))) => Asked::Protocol,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Asked::Nothing,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                };
                if let Err(end) = carry_out(relay, device, &mut session, asked).await {
                    return end;
                }
                if told.outgrows(asked)
                    && let Err(end) = say_welcome(relay, socket, told.control, &told).await
                {
                    return end;
                }
            }
        }
    }
}

async fn carry_out(
    relay: &Relay,
    device: &Device,
    session: &mut Session,
    asked: Asked,
) -> Step<()> {
    let (row, now) = (device.row, relay.clock().now());
    match asked {
        Asked::Nothing => Ok(()),
        Asked::Protocol => Err(End::Bye(ByeReason::Protocol)),
        Asked::Open(cursor) => {
            let stream = relay
                .queue()
                .read(move |connection| streams::of_device(connection, row, cursor.stream))
                .await?;
            if let Some(stream) = stream {
                session.open(&stream, cursor.stored);
            }
            Ok(())
        }
        Asked::Stored { row, sequence } => {
            move_cursor(relay, row, move |commit, stream| {
                envelopes::stored(commit, stream, sequence)
            })
            .await
        }
        Asked::Durable { row, sequence } => {
            move_cursor(relay, row, move |commit, stream| {
                envelopes::durable(commit, stream, sequence, now)
            })
            .await
        }
    }
}

async fn move_cursor(
    relay: &Relay,
    row: i64,
    to: impl FnOnce(&rusqlite::Connection, &streams::Stream) -> rusqlite::Result<()> + Send + 'static,
) -> Step<()> {
    let now = relay.clock().now();
    relay
        .queue()
        .write(now, move |commit| {
            if let Some(stream) = streams::by_row(commit, row)? {
                to(commit, &stream)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn send_what_is_due(
    relay: &Relay,
    socket: &mut WebSocket,
    session: &mut Session,
) -> Step<()> {
    while let Some(share) = session.next() {
        let page = read(relay, share).await?;
        if !send_page(relay, socket, session, share, page).await? {
            session.drained(share.id);
        }
    }
    Ok(())
}

async fn read(relay: &Relay, share: Share) -> Result<Page> {
    relay
        .queue()
        .read(move |connection| {
            if routes::is_held_back(connection, share.row)? {
                return Ok(Page::default());
            }
            let most = (share.envelopes, share.bytes);
            envelopes::page(connection, (share.row, share.id), share.after, most)
        })
        .await
}

/// Sends what was read; false if there was nothing.
async fn send_page(
    relay: &Relay,
    socket: &mut WebSocket,
    session: &mut Session,
    share: Share,
    page: Page,
) -> Step<bool> {
    if let Some(cursor) = page.skipped_to {
        let at = relay.clock().now();
        let skip = Skip::sign(relay.keys().relay(), relay.keys().signing(), cursor, at);
        say(socket, &FromRelay::Skip(skip)).await?;
        session.skipped(share.id, cursor.sequence);
    }
    let any = page.skipped_to.is_some() || !page.envelopes.is_empty();
    for (envelope, head) in page.envelopes {
        let bytes = envelope.to_bytes();
        session.sent(share.id, envelope.sequence, bytes.len());
        send(socket, Message::Binary(bytes.into())).await?;
        relay.metrics().envelopes_sent.inc();
        if let Some(head) = head {
            say(socket, &FromRelay::Head(head)).await?;
        }
    }
    Ok(any)
}

/// Tells the routes again, if they are others than those told before.
async fn tell_routes(
    relay: &Relay,
    socket: &mut WebSocket,
    device: &Device,
    told: &mut Vec<Route>,
) -> Step<()> {
    let (row, now) = (device.row, relay.clock().now());
    let routes = relay
        .queue()
        .read(move |connection| routes::of_device(connection, row, now))
        .await?;
    if routes == *told {
        return Ok(());
    }
    told.clone_from(&routes);
    say(socket, &FromRelay::Routes { routes }).await
}

async fn say(socket: &mut WebSocket, frame: &FromRelay) -> Step<()> {
    send(socket, Message::Text(frame.to_text().into())).await
}

/// Sends; a device that takes nothing for as long as silence may last is gone.
async fn send(socket: &mut WebSocket, message: Message) -> Step<()> {
    let silence = Duration::from_millis(SILENCE.unsigned_abs());
    Ok(timeout(silence, socket.send(message))
        .await
        .map_err(|_| End::Gone)??)
}

async fn hear(socket: &mut WebSocket) -> Step<FromDevice> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => {
                return FromDevice::from_text(&text).map_err(|_| End::Bye(ByeReason::Protocol));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(End::Bye(ByeReason::Protocol)),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        }
    }
}
