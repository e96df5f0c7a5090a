//! The door: connections whose requests must arrive within a time.
//!
//! A request's head has five seconds from its first byte, on a new connection from the connection
//! itself; its body has ten. A connection may rest between two requests, as a proxy's do, but not for
//! long: its buffer holds what was said last until more is said or it ends.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};

/// How long a request's head may take.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a request's body may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may rest.
const REST_WITHIN: Duration = Duration::from_secs(20);
/// How many times the longest body is heard out before the connection is closed on its sender.
const HEARD_OUT: usize = 4;

/// A listener whose connections are timed.
#[derive(Debug)]
pub(crate) struct Door(pub(crate) TcpListener);

impl Listener for Door {
    type Io = Timed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Timed, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let timed = Timed {
            stream,
            turns: Turns::default(),
            seen: 0,
            arriving: true,
            due: Box::pin(tokio::time::sleep(HEAD_WITHIN)),
        };
        (timed, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// How many requests of a connection have begun and ended, together: odd while one is under way.
/// Known to the connection and to its requests.
#[derive(Clone, Debug, Default)]
struct Turns(Arc<AtomicUsize>);

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    address: SocketAddr,
    turns: Turns,
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self {
            address: *stream.remote_addr(),
            turns: stream.io().turns.clone(),
        }
    }
}

/// A request whose head has arrived. The connection rests again when it is answered; one that has
/// become a socket is timed by nobody here.
pub(crate) async fn arrived(
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    peer.turns.0.fetch_add(1, Ordering::AcqRel);
    request.extensions_mut().insert(ConnectInfo(peer.address));
    let response = next.run(request).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        peer.turns.0.fetch_add(1, Ordering::AcqRel);
    }
    response
}

/// Takes a request's body in, which must arrive in time and be no longer than `MOST`.
pub(crate) async fn take_in<const MOST: usize>(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_WITHIN, read(body, MOST)).await {
        Ok(Some(bytes)) => {
            let whole = Request::from_parts(parts, Body::from(bytes));
            next.run(whole).await
        }
        Ok(None) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// A body of at most so many bytes. Of a longer one, or one that breaks off, nothing is kept; a few
/// times as much is still taken off the wire, for many senders hear no answer before they have said
/// everything, and would take a connection that closes on them for a fault.
async fn read(body: Body, most: usize) -> Option<Vec<u8>> {
    let mut chunks = body.into_data_stream();
    let mut kept = Vec::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        length += chunk.len();
        if length <= most {
            kept.extend_from_slice(&chunk);
        } else if length > HEARD_OUT * most {
            return None;
        } else {
            kept = Vec::new();
        }
    }
    (length <= most).then_some(kept)
}

/// A connection that breaks off when a head takes too long, and ends when it has rested for long.
#[derive(Debug)]
pub(crate) struct Timed {
    stream: TcpStream,
    turns: Turns,
    seen: usize,
    /// Whether a head is arriving; otherwise it rests, or a request is under way.
    arriving: bool,
    /// Until when the head must be here, or the next one begin.
    due: Pin<Box<Sleep>>,
}

impl Timed {
    fn is_due_in(&mut self, time: Duration) {
        self.due.as_mut().reset(Instant::now() + time);
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let turns = self.turns.0.load(Ordering::Acquire);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let under_way = turns % 2 == 1;
        if turns != self.seen {
            self.seen = turns;
            self.arriving = false;
            if !under_way {
                self.is_due_in(REST_WITHIN);
            }
        }
        if under_way {
            return read;
        }
        if buffer.filled().len() > before && !self.arriving {
            self.arriving = true;
            self.is_due_in(HEAD_WITHIN);
        }
        if read.is_pending() && self.due.as_mut().poll(context).is_ready() {
            return Poll::Ready(match self.arriving {
                true => Err(io::ErrorKind::TimedOut.into()),
                // Nothing read is how a connection ends.
                false => Ok(()),
            });
        }
        read
    }
}

impl AsyncWrite for Timed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
