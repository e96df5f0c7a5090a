//! A relay in wrong hands: a proxy in front of the real one that passes everything on and does
//! something to the envelopes on their way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message as Inner, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message as Outer;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::phones::http;

/// What becomes of the envelopes that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Nothing is done to them.
    Honest,
    /// The next one is sent twice.
    RepeatOnce,
    /// The next two change places, once.
    Swap,
    /// A bit of the next one is turned, once.
    AlterOnce,
    /// A bit of each one is turned.
    AlterAll,
    /// The next one is left out, once.
    OmitOnce,
    /// Bytes that are none are put in front of each.
    Forge,
}

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct EvilRelay {
    address: SocketAddr,
    hands: Arc<Hands>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Hands {
    behind: Url,
    deed: Mutex<Deed>,
    held: Mutex<Option<Bytes>>,
    seen: Mutex<u64>,
    http: reqwest::Client,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl EvilRelay {
    /// Stands in front of the relay at this address.
    pub async fn before(relay: Url) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let hands = Arc::new(Hands {
            behind: relay,
            deed: Mutex::new(Deed::Honest),
            held: Mutex::default(),
            seen: Mutex::default(),
            http: http(),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
        });
        let app = Router::new().fallback(pass).with_state(Arc::clone(&hands));
        let end = stop.clone();
        hands.tasks.spawn(async move {
            let serving = axum::serve(listener, app);
            drop(
                serving
                    .with_graceful_shutdown(async move { end.cancelled().await })
                    .await,
            );
        });
        Ok(Self {
            address,
            hands,
            _end: stop.drop_guard(),
        })
    }

    /// Where it stands.
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).expect("an address is one")
    }

    /// What it does from now on.
    pub fn does(&self, deed: Deed) {
        *self
            .hands
            .deed
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = deed;
    }

    /// How many envelopes came by.
    pub fn seen(&self) -> u64 {
        *self
            .hands
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    /// What is sent on for an envelope.
    fn lay_on(&self, envelope: Bytes) -> Vec<Bytes> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let mut deed = self.deed.lock().unwrap_or_else(PoisonError::into_inner);
        match *deed {
            Deed::Honest => vec![envelope],
            Deed::RepeatOnce => {
                *deed = Deed::Honest;
                vec![envelope.clone(), envelope]
            }
            Deed::AlterAll => vec![turned(&envelope)],
            Deed::AlterOnce => {
                *deed = Deed::Honest;
                vec![turned(&envelope)]
            }
            Deed::OmitOnce => {
                *deed = Deed::Honest;
                Vec::new()
            }
            Deed::Forge => vec![made_up(&envelope), envelope],
            Deed::Swap => {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                match held.take() {
                    None => {
                        *held = Some(envelope);
                        Vec::new()
                    }
                    Some(first) => {
                        *deed = Deed::Honest;
                        vec![envelope, first]
                    }
                }
            }
        }
    }
}

/// One bit turned in what is sealed.
fn turned(envelope: &Bytes) -> Bytes {
    let mut bytes = envelope.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes.into()
}

/// The same frame around other bytes.
fn made_up(envelope: &Bytes) -> Bytes {
    let half = envelope.len() / 2;
    let bytes = envelope.iter().enumerate();
    bytes
        .map(|(at, byte)| {
            if at < half {
                *byte
            } else {
                byte.wrapping_mul(31)
            }
        })
        .collect()
}

async fn pass(State(hands): State<Arc<Hands>>, request: Request) -> Response {
    let upgrade = request.headers().contains_key("upgrade");
    let answer = if upgrade {
        socket(hands, request).await
    } else {
        forward(&hands, request).await
    };
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

async fn forward(hands: &Hands, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = axum::body::to_bytes(body, 8 * 1024 * 1024).await?;
    let answer = hands
        .http
        .request(parts.method, hands.behind.join(path)?)
        .headers(without_hops(&parts.headers))
        .body(body)
        .send()
        .await?;
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = without_hops(answer.headers());
    *response.body_mut() = answer.bytes().await?.into();
    Ok(response)
}

/// Headers that are about one connection only stay behind.
fn without_hops(headers: &HeaderMap) -> HeaderMap {
    let hops = ["host", "connection", "content-length", "transfer-encoding"];
    headers
        .iter()
        .filter(|(name, _)| !hops.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

async fn socket(hands: Arc<Hands>, request: Request) -> Result<Response> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|refused| anyhow::anyhow!("{refused}"))?;
    let mut behind = hands.behind.join(&path)?;
    behind
        .set_scheme("ws")
        .ok()
        .context("an http address becomes a ws one")?;
    let (outer, _) = tokio_tungstenite::connect_async(behind.as_str()).await?;
    Ok(upgrade.on_upgrade(move |inner| async move {
        let stop = hands.stop.clone();
        tokio::select! {
            () = pump(&hands, inner, outer) => {}
            () = stop.cancelled() => {}
        }
    }))
}

type ToRelay =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn pump(hands: &Hands, inner: WebSocket, outer: ToRelay) {
    let (mut to_device, mut from_device) = inner.split();
    let (mut to_relay, mut from_relay) = outer.split();
    let down = async {
        while let Some(Ok(message)) = from_relay.next().await {
            let sent = match message {
                Outer::Binary(bytes) => {
                    let mut all = futures_util::stream::iter(hands.lay_on(bytes))
                        .map(|bytes| Ok(Inner::Binary(bytes)));
                    to_device.send_all(&mut all).await
                }
                Outer::Text(text) => to_device.send(Inner::Text(text.as_str().into())).await,
                Outer::Ping(bytes) => to_device.send(Inner::Ping(bytes)).await,
                _ => Ok(()),
            };
            if sent.is_err() {
                break;
            }
        }
    };
    let up = async {
        while let Some(Ok(message)) = from_device.next().await {
            let sent = match message {
                Inner::Binary(bytes) => to_relay.send(Outer::Binary(bytes)).await,
                Inner::Text(text) => to_relay.send(Outer::Text(text.as_str().into())).await,
                Inner::Pong(bytes) => to_relay.send(Outer::Pong(bytes)).await,
                _ => Ok(()),
            };
            if sent.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = down => {}
        () = up => {}
    }
}
