//! A measuring device: it reads from a relay everything that is held for one of a shop's streams,
//! with that shop's own keys, and believes only what the relay's signed heads close over.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::Channel;
use domain::secrets::Secrets;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use store::{Paths, Profile, ShopDb, Vault};
use tests::clock::Clock;
use tests::phones::http;
use tokio_tungstenite::tungstenite::Message;
use wire::auth::{RequestHeaders, RequestParts};
use wire::chain::{ChainVerifier, Cursor, Head};
use wire::envelope::Envelope;
use wire::event::Event;
use wire::frame::{FromDevice, FromRelay, StreamCursor};
use wire::seal::{Opener, SealSecret, Use};
use wire::{DeviceId, KeyId, Nonce, RelayKeys, SigningSecret, StreamId, auth};

/// A shop's identity, one of its streams and what opens it.
#[derive(Debug)]
pub(crate) struct Device {
    identity: [u8; 32],
    keys: RelayKeys,
    stream: StreamId,
    key_id: KeyId,
    key: [u8; 32],
}

/// One frame of the stream.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// An envelope.
    Envelope(Envelope),
    /// The relay's signature over all until here.
    Head(Head),
}

impl Frame {
    /// The envelope, if it is one.
    pub(crate) fn envelope(self) -> Option<Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            Self::Head(_) => None,
        }
    }
}

impl Device {
    /// Reads them out of a stopped shop.
    pub(crate) fn of(data: &Path, secrets: &dyn Secrets) -> Result<Self> {
        Self::on(Channel::Messenger, data, secrets)
    }

    /// The same with the stream of another channel.
    pub(crate) fn on(channel: Channel, data: &Path, secrets: &dyn Secrets) -> Result<Self> {
        let paths = Paths::create(data)?;
        let profile = Profile::open_or_create(&paths)?;
        let secret = |name: String| -> Result<Vec<u8>> {
            let secret = secrets.get(&name)?.with_context(|| format!("no {name}"))?;
            Ok(secret.expose_secret_bytes().to_vec())
        };
        let shop = ShopDb::open(&paths, &profile, secrets)?;
        let device = shop.read(|read| read.device())?.context("no device")?;
        shop.close();
        let keys = serde_json::from_str(device.relay_keys.first().context("no relay")?)?;
        for id in paths.vaults_on_disk()? {
            let vault = Vault::open(&paths, &profile, secrets, id)?;
            let found = vault.read(|read| Ok((read.facts()?, read.cursor()?)))?;
            vault.close();
            let (Some(facts), Some(cursor)) = found else {
                continue;
            };
            if facts.channel == channel {
                let sealed = secret(profile.seal_name(id))?;
                let (key_id, key) = sealed.split_at(KeyId::SIZE);
                return Ok(Self {
                    identity: secret(profile.identity_name())?.as_slice().try_into()?,
                    keys,
                    stream: StreamId::from_bytes(cursor.stream),
                    key_id: KeyId::from_slice(key_id).context("a key id")?,
                    key: key.try_into()?,
                });
            }
        }
        bail!("{channel:?} is not connected")
    }

    /// Ends the connection at the relay, as a desktop does that forgets it.
    pub(crate) async fn disconnect(&self, relay: SocketAddr) -> Result<()> {
        let path = format!("/v1/connections/{}", self.stream);
        let parts = RequestParts {
            method: "DELETE",
            path: &path,
            query: "",
            body: &[],
        };
        let identity = SigningSecret::from_seed(&self.identity);
        // A nonce is for one request: each stream is disconnected once.
        let nonce = Nonce::from_bytes(*self.stream.as_bytes());
        let stamp = (Clock::default().now(), nonce);
        let headers = RequestHeaders::sign(&identity, self.keys.relay, stamp, parts);
        let mut request = http().delete(format!("http://{relay}{path}"));
        for (name, value) in headers.to_pairs() {
            request = request.header(name, value);
        }
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// The words of every message the relay holds, until these come.
    pub(crate) async fn read(&self, relay: SocketAddr, last: &str) -> Result<Vec<String>> {
        Ok(self.frames(relay, last).await?.0)
    }

    /// The same, with the frames they came in.
    pub(crate) async fn frames(
        &self,
        relay: SocketAddr,
        last: &str,
    ) -> Result<(Vec<String>, Vec<Frame>)> {
        let reading = self.read_on(relay, last);
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, reading)
            .await
            .context("the relay holds something back")?
    }

    /// What these frames say, if all of it is believed.
    pub(crate) fn believe(&self, frames: &[Frame]) -> Result<Vec<String>> {
        let mut verifier = self.verifier();
        let mut opener = self.opener();
        let mut words = Vec::new();
        for frame in frames {
            match frame {
                Frame::Envelope(envelope) => verifier.push(envelope.clone())?,
                Frame::Head(head) => {
                    for genuine in verifier.close(head)? {
                        words.extend(words_in(&opener.open(genuine.sealed())?)?);
                    }
                }
            }
        }
        Ok(words)
    }

    /// What these frames say to somebody who opens whatever comes: for controls.
    pub(crate) fn believe_anything(&self, frames: &[Frame]) -> Result<Vec<String>> {
        let mut opener = self.opener();
        let mut words = Vec::new();
        for frame in frames {
            if let Frame::Envelope(envelope) = frame {
                words.extend(words_in(&opener.open(&envelope.sealed)?)?);
            }
        }
        Ok(words)
    }

    fn verifier(&self) -> ChainVerifier {
        ChainVerifier::new(self.keys.clone(), Cursor::start(self.stream))
    }

    fn opener(&self) -> Opener {
        let about = (Use::Envelope, *self.stream.as_bytes());
        let secret = SealSecret::from_bytes(self.key);
        Opener::new(about, self.keys.relay, self.key_id, secret)
    }

    async fn read_on(&self, relay: SocketAddr, last: &str) -> Result<(Vec<String>, Vec<Frame>)> {
        let url = format!("ws://{relay}/v1/stream");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        let mut verifier = self.verifier();
        let mut opener = self.opener();
        let (mut words, mut frames) = (Vec::new(), Vec::new());
        while let Some(message) = socket.next().await {
            let frame = match message? {
                Message::Binary(bytes) => {
                    let envelope = Envelope::from_bytes(&bytes).context("no envelope")?;
                    if envelope.stream == self.stream {
                        frames.push(Frame::Envelope(envelope.clone()));
                        verifier.push(envelope)?;
                    }
                    continue;
                }
                Message::Text(text) => FromRelay::from_text(&text)?,
                _ => continue,
            };
            let answer = match frame {
                FromRelay::Challenge { nonce, .. } => self.hello(&nonce),
                FromRelay::Head(head) if head.stream == self.stream => {
                    frames.push(Frame::Head(head.clone()));
                    for genuine in verifier.close(&head)? {
                        words.extend(words_in(&opener.open(genuine.sealed())?)?);
                    }
                    FromDevice::Stored {
                        stream: self.stream,
                        sequence: head.sequence,
                    }
                }
                FromRelay::Bye { reason, .. } => bail!("the relay says good-bye: {reason:?}"),
                _ => continue,
            };
            socket.send(Message::text(answer.to_text())).await?;
            if words.last().is_some_and(|words| words == last) {
                return Ok((words, frames));
            }
        }
        bail!("the relay hung up")
    }

    fn hello(&self, nonce: &Nonce) -> FromDevice {
        let identity = SigningSecret::from_seed(&self.identity);
        FromDevice::Hello {
            protocol: wire::PROTOCOL,
            device: DeviceId::of(&identity.public()),
            signature: auth::answer_challenge(&identity, self.keys.relay, nonce),
            cursors: vec![StreamCursor {
                stream: self.stream,
                stored: 0,
            }],
        }
    }
}

/// The words of the messages in an opened envelope.
fn words_in(plain: &[u8]) -> Result<Vec<String>> {
    let Some(Event::Webhook(part)) = Event::from_bytes(plain) else {
        bail!("something else than a webhook was sealed")
    };
    let body: Value = serde_json::from_slice(&part.body)?;
    let events = body.get("messaging").and_then(Value::as_array);
    let events = events.context("an entry with messages")?;
    let text = |event: &Value| event.pointer("/message/text")?.as_str().map(str::to_owned);
    Ok(events.iter().filter_map(text).collect())
}
