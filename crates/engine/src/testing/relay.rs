//! A relay for this crate's tests: it keeps everything in memory, believes every platform and does
//! what a test tells it. The real one is tested together with the engine elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{delete, get, post};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use url::Url;
use wire::api::{
    ClaimAnswer, ClaimRequest, ConnectAnswer, ConnectRequest, ConnectedStream, DeletionAnswer,
    DeletionNotice, DisconnectAnswer, EnrolAnswer, EnrolMode, EnrolRequest, FoundAccount,
    FoundState, FreshToken, HandOff, HandOffUser, LoginAnswer, LoginRequest, RelayAbout,
    TokenAnswer, TokenRequest,
};
use wire::chain::Cursor;
use wire::envelope::Envelope;
use wire::receipt::{RelayStatement, WipeNotice};
use wire::seal::{Sealer, Target, Use};
use wire::{
    AccountRef, Blob, DeviceId, Digest, KeyId, LoginId, RelayId, RelayKeys, SealKey, SigningSecret,
    StreamId, VerifyKey,
};

use super::NOW;
use super::relay_socket::stream;
use crate::random;

pub(super) const RELAY: RelayId = RelayId::from_bytes([0xab; 16]);

/// A relay in memory.
#[derive(Debug, Clone)]
pub(crate) struct FakeRelay {
    pub(crate) url: Url,
    pub(super) state: Arc<Mutex<Inner>>,
    pub(super) nudge: Arc<Notify>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) device: Option<VerifyKey>,
    login: Option<(LoginId, LoginRequest)>,
    accounts: Vec<FoundAccount>,
    pub(super) streams: HashMap<StreamId, Stream>,
    pub(super) durable: HashMap<StreamId, u64>,
    disconnected: Vec<StreamId>,
    notices: Vec<DeletionNotice>,
    /// While true, notices are answered as a relay that is down does.
    down: bool,
}

#[derive(Debug)]
pub(super) struct Stream {
    key: (KeyId, SealKey),
    pub(super) envelopes: Vec<Envelope>,
    pub(super) at: Cursor,
}

pub(super) fn key(seed: u8) -> SigningSecret {
    SigningSecret::from_seed(&[seed; 32])
}

pub(crate) fn keys() -> RelayKeys {
    RelayKeys::of(RELAY, &key(1), &key(2))
}

pub(crate) fn control_stream() -> StreamId {
    StreamId::from_bytes([0xcc; 16])
}

impl FakeRelay {
    pub(crate) async fn start(accounts: Vec<FoundAccount>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let state = Arc::new(Mutex::new(Inner {
            accounts,
            ..Inner::default()
        }));
        let relay = Self {
            url,
            state,
            nudge: Arc::default(),
        };
        let router = Router::new()
            .route("/v1/relay", get(about))
            .route("/v1/enrol", post(enrol))
            .route("/v1/logins", post(login))
            .route("/v1/claim", post(claim))
            .route("/v1/connections", post(connect))
            .route("/v1/connections/{stream}", delete(disconnect))
            .route("/v1/tokens", post(tokens))
            .route("/v1/deletions", post(deletion))
            .route(
                "/v1/deletions/refused",
                post(async || axum::http::StatusCode::OK),
            )
            .route("/v1/stream", get(stream))
            .with_state(relay.clone());
        let tasks = tokio_util::task::TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        relay
    }

    /// Seals something to a stream and nudges the socket.
    pub(crate) fn push(&self, stream: StreamId, plain: &[u8]) {
        let mut inner = self.state.lock().unwrap();
        let of = inner.streams.get_mut(&stream).unwrap();
        let (key_id, seal_key) = of.key;
        let target = Target {
            what: Use::Envelope,
            relay: RELAY,
            about: *stream.as_bytes(),
            key_id,
            key: seal_key,
        };
        let sealed = Sealer::new(&target, random::bytes())
            .unwrap()
            .seal(1, plain);
        let sequence = of.at.sequence + 1;
        let envelope = Envelope {
            stream,
            sequence,
            previous: of.at.link,
            sealed,
        };
        of.at = Cursor {
            stream,
            sequence,
            link: envelope.link(),
        };
        of.envelopes.push(envelope);
        drop(inner);
        self.nudge.notify_one();
    }

    pub(crate) fn durable(&self, stream: StreamId) -> u64 {
        self.state
            .lock()
            .unwrap()
            .durable
            .get(&stream)
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn notices(&self) -> Vec<DeletionNotice> {
        self.state.lock().unwrap().notices.clone()
    }

    pub(crate) fn disconnected(&self) -> Vec<StreamId> {
        self.state.lock().unwrap().disconnected.clone()
    }

    /// From now on notices of wipes are (not) answered.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// A device that was enrolled before.
    pub(crate) fn knows(&self, device: VerifyKey) {
        self.state.lock().unwrap().device = Some(device);
    }

    /// What the browser brings back to the program.
    pub(crate) fn come_back(&self) -> String {
        let inner = self.state.lock().unwrap();
        let (_, request) = inner.login.as_ref().unwrap();
        format!("http://127.0.0.1:{}/h?c=one-time", request.loopback_port)
    }
}

/// A Page or an Instagram account that can be connected.
pub(crate) fn found(channel: &str, platform_id: &str, name: &str) -> FoundAccount {
    FoundAccount {
        account_ref: AccountRef::from_bytes(random::bytes()),
        channel: channel.to_owned(),
        platform_id: platform_id.to_owned(),
        name: name.to_owned(),
        handle: None,
        picture_url: None,
        page_id: Some("1001".to_owned()),
        waba_id: None,
        token: "EAApage".to_owned(),
        proof: "p00f".to_owned(),
        expires_at: None,
        state: FoundState::Ready,
        elsewhere: 0,
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> T {
    serde_json::from_slice(body).unwrap()
}

async fn about() -> axum::Json<RelayAbout> {
    axum::Json(RelayAbout {
        protocol: wire::PROTOCOL,
        keys: keys(),
        operator: "Test".to_owned(),
        contact: String::new(),
        app_id: "1055501234567890".to_owned(),
        enrol: EnrolMode::Open,
        now: NOW.0,
    })
}

async fn enrol(State(relay): State<FakeRelay>, body: Bytes) -> axum::Json<EnrolAnswer> {
    let request: EnrolRequest = read(&body);
    let mut inner = relay.state.lock().unwrap();
    inner.device = Some(request.identity);
    let control = control_stream();
    inner.streams.entry(control).or_insert_with(|| Stream {
        key: (request.key_id, request.seal_key),
        envelopes: Vec::new(),
        at: Cursor::start(control),
    });
    axum::Json(EnrolAnswer {
        device: DeviceId::of(&request.identity),
        control,
    })
}

async fn login(State(relay): State<FakeRelay>, body: Bytes) -> axum::Json<LoginAnswer> {
    let request: LoginRequest = read(&body);
    let login = LoginId::from_bytes(random::bytes());
    relay.state.lock().unwrap().login = Some((login, request));
    let authorize_url = "https://www.facebook.com/v25.0/dialog/oauth?x=1".to_owned();
    axum::Json(LoginAnswer {
        login,
        authorize_url,
        expires_at: NOW.0 + 600_000,
    })
}

async fn claim(State(relay): State<FakeRelay>, body: Bytes) -> axum::Json<ClaimAnswer> {
    let request: ClaimRequest = read(&body);
    let inner = relay.state.lock().unwrap();
    let (login, started) = inner.login.as_ref().unwrap();
    assert_eq!(request.handoff, "one-time");
    assert_eq!(request.verifier.hash(), started.verifier_hash);
    let hand_off = HandOff {
        login: *login,
        made_at: NOW.0,
        user: HandOffUser {
            app_scoped_id: "42".to_owned(),
            name: "Clara".to_owned(),
            token: "EAAuser".to_owned(),
            proof: "p00f".to_owned(),
            expires_at: None,
        },
        granted: vec!["pages_messaging".to_owned()],
        declined: Vec::new(),
        accounts: inner.accounts.clone(),
    };
    let target = Target {
        what: Use::HandOff,
        relay: RELAY,
        about: *login.as_bytes(),
        key_id: started.key_id,
        key: started.seal_key,
    };
    let plain = serde_json::to_vec(&hand_off).unwrap();
    let sealed = Sealer::new(&target, random::bytes())
        .unwrap()
        .seal(1, &plain);
    axum::Json(ClaimAnswer {
        sealed: Blob(sealed),
        expires_at: NOW.0 + 600_000,
    })
}

async fn connect(State(relay): State<FakeRelay>, body: Bytes) -> axum::Json<ConnectAnswer> {
    let request: ConnectRequest = read(&body);
    let mut inner = relay.state.lock().unwrap();
    let streams = request.accounts.iter().map(|account| {
        let stream = StreamId::from_bytes(random::bytes());
        let key = (account.key_id, account.seal_key);
        let made = Stream {
            key,
            envelopes: Vec::new(),
            at: Cursor::start(stream),
        };
        inner.streams.insert(stream, made);
        ConnectedStream {
            account_ref: account.account_ref,
            stream,
            kept: false,
            good_until: NOW.0 + 45 * domain::time::DAY,
            elsewhere: 0,
        }
    });
    let streams = streams.collect();
    axum::Json(ConnectAnswer { streams })
}

async fn disconnect(
    State(relay): State<FakeRelay>,
    Path(stream): Path<String>,
) -> axum::Json<DisconnectAnswer> {
    let stream: StreamId = stream.parse().unwrap();
    let mut inner = relay.state.lock().unwrap();
    inner.streams.remove(&stream);
    inner.disconnected.push(stream);
    let last = inner.streams.len() <= 1;
    axum::Json(DisconnectAnswer {
        last_on_subscription: last,
        last_of_login: last,
        erased: 0,
    })
}

/// The same token with a fresh proof; only a device that is known gets one.
async fn tokens(State(relay): State<FakeRelay>, body: Bytes) -> Response {
    let request: TokenRequest = read(&body);
    let Some(device) = relay.state.lock().unwrap().device else {
        return axum::response::IntoResponse::into_response(axum::http::StatusCode::BAD_GATEWAY);
    };
    let fresh = FreshToken {
        token: request.token.clone(),
        proof: "fresh".to_owned(),
        expires_at: None,
    };
    let target = Target {
        what: Use::Token,
        relay: RELAY,
        about: *DeviceId::of(&device).as_bytes(),
        key_id: request.key_id,
        key: request.seal_key,
    };
    let plain = serde_json::to_vec(&fresh).unwrap();
    let mut sealer = Sealer::new(&target, random::bytes()).unwrap();
    let sealed = Blob(sealer.seal(1, &plain));
    axum::response::IntoResponse::into_response(axum::Json(TokenAnswer { sealed }))
}

async fn deletion(State(relay): State<FakeRelay>, body: Bytes) -> Response {
    let notice: DeletionNotice = read(&body);
    let mut inner = relay.state.lock().unwrap();
    if inner.down {
        return axum::response::IntoResponse::into_response(axum::http::StatusCode::BAD_GATEWAY);
    }
    inner.notices.push(notice.clone());
    let announced = WipeNotice::verify(&notice.notice).unwrap();
    let statement = RelayStatement {
        deletion: announced.deletion,
        notice: Digest::of(notice.notice.as_bytes()),
        completion: Digest::of(notice.completion.as_bytes()),
        relay: RELAY,
        relay_key: key(1).public(),
        received_at: NOW.0,
        erased_at: NOW.0,
        streams: 1,
        envelopes: 0,
        routes: 1,
    };
    let answer = DeletionAnswer {
        statement: statement.sign(&key(1)),
    };
    axum::response::IntoResponse::into_response(axum::Json(answer))
}
