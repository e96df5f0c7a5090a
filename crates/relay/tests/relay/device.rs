//! A device: its keys, its logins, its requests. Its socket is [`crate::socket`].

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::api::{
    ClaimAnswer, ClaimRequest, ConnectAccount, ConnectAnswer, ConnectRequest, ConnectedStream,
    EnrolAnswer, EnrolRequest, FoundAccount, HandOff, LoginAnswer, LoginRequest, Platform, Refusal,
    RefusalCode, RelayAbout,
};
use wire::auth::{RequestHeaders, RequestParts, answer_challenge};
use wire::chain::Cursor;
use wire::event::Event;
use wire::frame::{FromDevice, StreamCursor};
use wire::seal::{Opener, SealSecret, Use};
use wire::{DeviceId, KeyId, Nonce, RelayKeys, SigningSecret, StreamId, Verifier};

use crate::socket::Socket;
use crate::world::World;

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) identity: SigningSecret,
    pub(crate) relay: RelayKeys,
    pub(crate) control: StreamId,
    http: reqwest::Client,
    /// Secret keys by stream, the newest last: what was sealed before a change still opens.
    seals: BTreeMap<StreamId, Vec<(KeyId, SealSecret)>>,
    /// How far each stream was accepted.
    pub(crate) cursors: BTreeMap<StreamId, Cursor>,
}

/// A login that came back to the device's own machine.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) answer: LoginAnswer,
    pub(crate) handoff: String,
    pub(crate) verifier: Verifier,
    key_id: KeyId,
    secret: SealSecret,
}

pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

impl Device {
    pub(crate) async fn enrol(world: &World, seed: u8) -> Self {
        let mut device = Self::unknown(world, seed).await;
        let (key_id, secret) = (KeyId::from_bytes(fresh()), SealSecret::from_bytes(fresh()));
        let asked = EnrolRequest {
            identity: device.identity.public(),
            key_id,
            seal_key: secret.public(),
            code: None,
        };
        let answer: EnrolAnswer = device.post(world, "/v1/enrol", &asked).await.unwrap();
        assert_eq!(answer.device, device.id());
        device.control = answer.control;
        device
            .seals
            .entry(answer.control)
            .or_default()
            .push((key_id, secret));
        device
            .cursors
            .insert(answer.control, Cursor::start(answer.control));
        device
    }

    /// A device the relay has not heard of.
    pub(crate) async fn unknown(world: &World, seed: u8) -> Self {
        let about: RelayAbout = world.get("/v1/relay").await.json().await.unwrap();
        assert!(about.keys.are_sound());
        Self {
            identity: SigningSecret::from_seed(&[seed; 32]),
            relay: about.keys,
            control: StreamId::from_bytes([0; 16]),
            http: world.http.clone(),
            seals: BTreeMap::new(),
            cursors: BTreeMap::new(),
        }
    }

    pub(crate) fn id(&self) -> DeviceId {
        DeviceId::of(&self.identity.public())
    }

    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        world: &World,
        path: &str,
        asked: &impl Serialize,
    ) -> Result<A, RefusalCode> {
        let body = serde_json::to_vec(asked).unwrap();
        self.ask(world, "POST", path, body).await
    }

    pub(crate) async fn delete<A: DeserializeOwned>(
        &self,
        world: &World,
        path: &str,
    ) -> Result<A, RefusalCode> {
        self.ask(world, "DELETE", path, Vec::new()).await
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        world: &World,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<A, RefusalCode> {
        let stamp = (world.now(), Nonce::from_bytes(fresh()));
        let parts = RequestParts {
            method,
            path,
            query: "",
            body: &body,
        };
        let headers = RequestHeaders::sign(&self.identity, self.relay.relay, stamp, parts);
        let mut request = self.http.request(method.parse().unwrap(), world.url(path));
        for (name, value) in headers.to_pairs() {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        if status.is_success() {
            return Ok(serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")));
        }
        let refusal: Refusal = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        Err(refusal.code)
    }

    /// Starts a login: what to show the browser, and what the device keeps.
    pub(crate) async fn start_login(&self, world: &World) -> Returned {
        let verifier = Verifier::from_bytes(fresh());
        let (key_id, secret) = (KeyId::from_bytes(fresh()), SealSecret::from_bytes(fresh()));
        let asked = LoginRequest {
            platform: Platform::Facebook,
            verifier_hash: verifier.hash(),
            loopback_port: 45_678,
            key_id,
            seal_key: secret.public(),
            ask_again: false,
        };
        let answer: LoginAnswer = self.post(world, "/v1/logins", &asked).await.unwrap();
        Returned {
            answer,
            handoff: String::new(),
            verifier,
            key_id,
            secret,
        }
    }

    /// The whole of a login up to the code that arrives on the device's own machine.
    pub(crate) async fn log_in(&self, world: &World, person: &'static str) -> Returned {
        let mut returned = self.start_login(world).await;
        let back = world.meta.agree(&returned.answer.authorize_url, person);
        returned.handoff = browse(world, back).await.unwrap();
        returned
    }

    pub(crate) async fn claim(
        &self,
        world: &World,
        returned: &Returned,
    ) -> Result<HandOff, RefusalCode> {
        let asked = ClaimRequest {
            login: returned.answer.login,
            handoff: returned.handoff.clone(),
            verifier: returned.verifier,
        };
        let answer: ClaimAnswer = self.post(world, "/v1/claim", &asked).await?;
        let about = (Use::HandOff, *returned.answer.login.as_bytes());
        let secret = returned.secret.clone();
        let mut opener = Opener::new(about, self.relay.relay, returned.key_id, secret);
        Ok(serde_json::from_slice(&opener.open(&answer.sealed.0).unwrap()).unwrap())
    }

    /// Confirms some of the accounts that were found.
    pub(crate) async fn confirm(
        &mut self,
        world: &World,
        returned: &Returned,
        chosen: &[&FoundAccount],
    ) -> Result<Vec<ConnectedStream>, RefusalCode> {
        let mut secrets = Vec::new();
        let accounts = chosen.iter().map(|account| {
            let (key_id, secret) = (KeyId::from_bytes(fresh()), SealSecret::from_bytes(fresh()));
            let seal_key = secret.public();
            secrets.push((key_id, secret));
            ConnectAccount {
                account_ref: account.account_ref,
                key_id,
                seal_key,
            }
        });
        let asked = ConnectRequest {
            login: returned.answer.login,
            handoff: returned.handoff.clone(),
            accounts: accounts.collect(),
        };
        let answer: ConnectAnswer = self.post(world, "/v1/connections", &asked).await?;
        for (made, secret) in answer.streams.iter().zip(secrets) {
            self.seals.entry(made.stream).or_default().push(secret);
            self.cursors
                .entry(made.stream)
                .or_insert_with(|| Cursor::start(made.stream));
        }
        Ok(answer.streams)
    }

    /// Logs in and connects these channels: the hand-off, and the stream of each channel.
    pub(crate) async fn connect(
        &mut self,
        world: &World,
        person: &'static str,
        channels: &[&str],
    ) -> (HandOff, Vec<StreamId>) {
        let returned = self.log_in(world, person).await;
        let hand_off = self.claim(world, &returned).await.unwrap();
        let chosen: Vec<_> = channels
            .iter()
            .map(|channel| ready(&hand_off, channel))
            .collect();
        let streams = self.confirm(world, &returned, &chosen).await.unwrap();
        let ids = streams.into_iter().map(|made| made.stream).collect();
        (hand_off, ids)
    }

    /// A fresh key for a stream: its name and its public half.
    pub(crate) fn rekey(&mut self, stream: StreamId) -> (KeyId, wire::SealKey) {
        let (key_id, secret) = (KeyId::from_bytes(fresh()), SealSecret::from_bytes(fresh()));
        let public = secret.public();
        self.seals.entry(stream).or_default().push((key_id, secret));
        (key_id, public)
    }

    /// A stream has another id from now on.
    pub(crate) fn follow(&mut self, old: StreamId, new: StreamId) {
        if let Some(seal) = self.seals.get(&old).cloned() {
            self.seals.insert(new, seal);
        }
        self.cursors.remove(&old);
        self.cursors.insert(new, Cursor::start(new));
    }

    pub(crate) async fn open_socket(&self, world: &World) -> Socket {
        let mut socket = Socket::raw(world, self).await;
        let (relay, nonce) = socket.challenge().await;
        let cursors = self.cursors.values();
        let cursors = cursors.map(|at| StreamCursor {
            stream: at.stream,
            stored: at.sequence,
        });
        let hello = FromDevice::Hello {
            protocol: wire::PROTOCOL,
            device: self.id(),
            signature: answer_challenge(&self.identity, relay, &nonce),
            cursors: cursors.collect(),
        };
        socket.say(&hello).await;
        socket
    }

    /// Opens a box of a stream.
    pub(crate) fn open(&self, stream: StreamId, sealed: &[u8]) -> Event {
        let label = wire::seal::Label::of(sealed).unwrap();
        let keys = self.seals[&stream].iter();
        let (key_id, secret) = keys
            .clone()
            .find(|(id, _)| *id == label.key_id)
            .unwrap()
            .clone();
        let about = (Use::Envelope, *stream.as_bytes());
        let mut opener = Opener::new(about, self.relay.relay, key_id, secret);
        Event::from_bytes(&opener.open(sealed).unwrap()).unwrap()
    }
}

/// The account of a channel that may be connected.
pub(crate) fn ready<'a>(hand_off: &'a HandOff, channel: &str) -> &'a FoundAccount {
    let ready =
        |one: &&FoundAccount| one.channel == channel && one.state == wire::api::FoundState::Ready;
    hand_off.accounts.iter().find(ready).unwrap()
}

/// The browser goes where it is sent: the code that reaches the loopback, or what is there instead.
pub(crate) async fn browse(world: &World, back: url::Url) -> Result<String, String> {
    let address = world.url(&format!(
        "{}?{}",
        back.path(),
        back.query().unwrap_or_default()
    ));
    let answer = world.http.get(address).send().await.unwrap();
    let Some(target) = answer.headers().get("location") else {
        return Err(answer.status().to_string());
    };
    let target = url::Url::parse(target.to_str().unwrap()).unwrap();
    assert_eq!(
        target.host_str(),
        Some("127.0.0.1"),
        "this machine and no other"
    );
    assert_eq!((target.port(), target.path()), (Some(45_678), "/h"));
    let pairs: BTreeMap<String, String> = target.query_pairs().into_owned().collect();
    pairs
        .get("c")
        .cloned()
        .ok_or_else(|| pairs.get("e").cloned().unwrap_or_default())
}
