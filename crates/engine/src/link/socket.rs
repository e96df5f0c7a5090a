//! The one loop that knows the socket: it carries frames between the relay and the session, and
//! steps from the session to where they are written down.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use wire::StreamId;
use wire::envelope::Envelope;
use wire::frame::{self, FromDevice, FromRelay};

use super::client::{RelayClient, below};
use super::feed::Feed;
use super::session::{End, Step};
use super::{Closed, LOOK_AT_CLOCK, SLEPT, set_state};
use crate::phase::LinkState;
use crate::shop::Shop;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// For the socket to stand and the first frame to come.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest frame taken: the largest webhook with its seal, and some more.
const MOST_FRAME: usize = 8 * 1024 * 1024;
/// How long after the last commit a checkpoint is made.
const QUIET: Duration = Duration::from_secs(2);

/// Opens a socket and holds it until it is over. `asked` are the streams that did not fit together
/// on the socket before; afterwards, those of this one.
pub(super) async fn hold(
    shop: &Shop,
    relay: &RelayClient,
    asked: &mut HashSet<StreamId>,
    stop: &CancellationToken,
) -> Closed {
    let mut feed = match Feed::open(shop, relay, asked).await {
        Ok(feed) => feed,
        Err(error) => {
            tracing::warn!(%error, "the streams' cursors cannot be read");
            return Closed::CannotWrite;
        }
    };
    let Some(mut socket) = connect(relay).await else {
        return Closed::Lost;
    };
    let hello = match timeout(PATIENCE, first_frame(&mut socket)).await {
        Ok(Some(first)) => feed.hello(&first, relay.identity()),
        Ok(None) | Err(_) => return Closed::Lost,
    };
    let hello = match hello {
        Ok(hello) => hello,
        Err(end) => return Closed::Ended(end),
    };
    if say(&mut socket, &hello).await.is_none() {
        return Closed::Lost;
    }
    let closed = carry(shop, relay, (&mut socket, &mut feed), stop).await;
    *asked = feed.asked_again();
    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
    closed
}

async fn connect(relay: &RelayClient) -> Option<Socket> {
    // The same choice as everywhere in this program; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut url = below(relay.base(), "/v1/stream");
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    url.set_scheme(scheme).ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MOST_FRAME))
        .max_frame_size(Some(MOST_FRAME));
    let connecting = tokio_tungstenite::connect_async_with_config(url.as_str(), Some(config), true);
    match timeout(PATIENCE, connecting).await {
        Ok(Ok((socket, _))) => Some(socket),
        Ok(Err(_)) | Err(_) => None,
    }
}

/// What comes out of the socket.
enum Frame {
    Text(FromRelay),
    Envelope(Envelope),
    /// A ping, or something this version does not know.
    Nothing,
    Over,
}

async fn first_frame(socket: &mut Socket) -> Option<FromRelay> {
    loop {
        match read(socket.next().await) {
            Frame::Text(frame) => return Some(frame),
            Frame::Envelope(_) | Frame::Nothing => {}
            Frame::Over => return None,
        }
    }
}

fn read(message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> Frame {
    match message {
        Some(Ok(Message::Text(text))) if text.len() <= frame::MAX_TEXT => {
            FromRelay::from_text(&text).map_or(Frame::Nothing, Frame::Text)
        }
        Some(Ok(Message::Binary(bytes))) => {
            Envelope::from_bytes(&bytes).map_or(Frame::Nothing, Frame::Envelope)
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Text(_))) => {
            Frame::Nothing
        }
        Some(Ok(Message::Close(_)) | Err(_)) | None => Frame::Over,
    }
}

async fn say(socket: &mut Socket, frame: &FromDevice) -> Option<()> {
    let sent = socket.send(Message::text(frame.to_text()));
    timeout(PATIENCE, sent).await.ok()?.ok()
}

/// Carries frames until the socket is over.
async fn carry(
    shop: &Shop,
    relay: &RelayClient,
    (socket, feed): (&mut Socket, &mut Feed),
    stop: &CancellationToken,
) -> Closed {
    let silence = Duration::from_millis(u64::try_from(frame::SILENCE).unwrap_or(60_000));
    let mut lost_at = Instant::now() + silence;
    let mut steady = (Instant::now(), shop.now());
    let mut look = tokio::time::interval(LOOK_AT_CLOCK);
    loop {
        let steps = tokio::select! {
            () = stop.cancelled() => {
                report_durable(shop, (socket, feed)).await;
                return Closed::Stopped;
            }
            message = socket.next() => {
                lost_at = Instant::now() + silence;
                match read(message) {
                    Frame::Text(frame) => feed.on_frame(frame),
                    Frame::Envelope(envelope) => feed.on_envelope(envelope),
                    Frame::Nothing => Vec::new(),
                    Frame::Over => return Closed::Lost,
                }
            }
            () = tokio::time::sleep_until(lost_at) => return Closed::Lost,
            () = shop.wake.probe.notified() => {
                // The network may have changed under the socket: whoever lives answers soon.
                let asked = timeout(PATIENCE, socket.send(Message::Ping(Vec::new().into()))).await;
                if !matches!(asked, Ok(Ok(()))) {
                    return Closed::Lost;
                }
                lost_at = lost_at.min(Instant::now() + PATIENCE);
                continue;
            }
            () = shop.wake.link.notified() => match feed.changed_streams(shop, relay).await {
                Some(frames) => frames.into_iter().map(Step::Say).collect(),
                None => return Closed::Anew,
            },
            () = tokio::time::sleep(QUIET), if feed.has_undurable() => {
                if report_durable(shop, (socket, feed)).await.is_none() {
                    return Closed::Lost;
                }
                continue;
            }
            _ = look.tick() => {
                let (then, clock) = steady;
                let passed = i64::try_from(then.elapsed().as_millis()).unwrap_or(i64::MAX);
                if shop.now().since(clock).abs_diff(passed) > SLEPT.unsigned_abs() {
                    // Whatever was due meanwhile is due now, for everybody.
                    shop.wake.all();
                    return Closed::Anew;
                }
                steady = (Instant::now(), shop.now());
                continue;
            }
        };
        if let Err(closed) = take_steps(shop, relay, (socket, feed), steps).await {
            return closed;
        }
    }
}

async fn take_steps(
    shop: &Shop,
    relay: &RelayClient,
    (socket, feed): (&mut Socket, &mut Feed),
    steps: Vec<Step>,
) -> Result<(), Closed> {
    for step in steps {
        let answer = match step {
            Step::Say(frame) => Some(frame),
            Step::Take { stream, envelopes } => Some(
                feed.take(shop, stream, envelopes)
                    .await
                    .map_err(|()| Closed::CannotWrite)?,
            ),
            Step::Lose { count, cursor } => Some(
                feed.lose(shop, count, cursor)
                    .await
                    .map_err(|()| Closed::CannotWrite)?,
            ),
            Step::Time(now) => {
                relay.learn_time(now);
                None
            }
            Step::Control(stream) => {
                if feed
                    .changes_control(shop, stream)
                    .await
                    .map_err(|()| Closed::CannotWrite)?
                {
                    return Err(Closed::Anew);
                }
                None
            }
            Step::Routes(routes) => {
                crate::routes::learn(shop, &routes).await;
                set_state(shop, LinkState::Online);
                None
            }
            Step::Nudge => {
                shop.wake.upkeep.notify_one();
                None
            }
            Step::End(end) => {
                if end == End::Stranger {
                    tracing::warn!("another relay answers at the relay's address");
                }
                return Err(Closed::Ended(end));
            }
        };
        if let Some(frame) = answer {
            say(socket, &frame).await.ok_or(Closed::Lost)?;
        }
        if feed.is_checkpoint_due() {
            report_durable(shop, (socket, feed))
                .await
                .ok_or(Closed::Lost)?;
        }
    }
    Ok(())
}

async fn report_durable(shop: &Shop, (socket, feed): (&mut Socket, &mut Feed)) -> Option<()> {
    for frame in feed.checkpoint(shop).await {
        say(socket, &frame).await?;
    }
    Some(())
}
