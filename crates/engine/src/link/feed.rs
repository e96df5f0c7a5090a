//! From the session's steps to the disk: which stream belongs to which vault, the keys that open
//! it, and what may be reported to the relay. It holds no socket.

use std::collections::HashMap;
use std::sync::Arc;

use domain::secrets::Secret;
use domain::{ConnectionId, Timestamp};
use store::shop::streams::Unopened;
use wire::chain::{Cursor, Genuine};
use wire::envelope::Envelope;
use wire::event::Event;
use wire::frame::{FromDevice, FromRelay};
use wire::seal::{CannotOpen, Opener, SealSecret, Use};
use wire::{KeyId, Link, RelayId, SigningSecret, StreamId};
use zeroize::Zeroizing;

use super::client::RelayClient;
use super::session::{End, Session, Step};
use crate::connected::Connected;
use crate::error::{Error, Result};
use crate::ingest::{self, Changes, Opened, Receiver};
use crate::shop::Shop;
use crate::{arrivals, control, repair};

/// After so many commits a checkpoint is made, quiet or not.
const CHECKPOINT_EVERY: u64 = 200;

/// All streams of this device.
#[derive(Debug)]
pub(super) struct Feed {
    session: Session,
    control: StreamId,
    inlets: HashMap<StreamId, Inlet>,
}

/// One stream's way in.
#[derive(Debug)]
struct Inlet {
    /// Whose it is; `None` for the control stream.
    whose: Option<Arc<Connected>>,
    openers: Vec<Opener>,
    /// The last committed sequence, and the last that survives anything.
    stored: u64,
    durable: u64,
}

impl Feed {
    /// Reads every stream's cursor and keys.
    pub(super) async fn open(shop: &Shop, relay: &RelayClient) -> Result<Self> {
        let id = relay.keys().relay;
        let cursor = shop
            .shop_db(|db| db.read(|read| read.control_cursor()))
            .await?;
        let cursor = cursor.ok_or(Error::NotOpen)?;
        let control = StreamId::from_bytes(cursor.stream);
        let opener = keychain_opener(shop, shop.profile.control_seal_name(), control, id).await?;
        let mut cursors = vec![to_wire(&cursor)];
        let mut inlets = HashMap::new();
        inlets.insert(
            control,
            Inlet::new(None, opener.into_iter().collect(), &cursor),
        );
        for connected in shop.connections() {
            if let Some((cursor, inlet)) = inlet_of(shop, id, connected).await? {
                cursors.push(cursor);
                inlets.insert(cursor.stream, inlet);
            }
        }
        let session = Session::new(relay.keys().clone(), &cursors);
        Ok(Self {
            session,
            control,
            inlets,
        })
    }

    pub(super) fn hello(
        &self,
        first: &FromRelay,
        identity: &SigningSecret,
    ) -> std::result::Result<FromDevice, End> {
        self.session.hello(first, identity, self.control)
    }

    /// A relay that was restored has made another control stream: it begins at its beginning. True
    /// if so; then the socket starts anew.
    pub(super) async fn changes_control(
        &self,
        shop: &Shop,
        control: StreamId,
    ) -> std::result::Result<bool, ()> {
        if control == self.control {
            return Ok(false);
        }
        tracing::info!("the relay has another control stream for this computer");
        let start = start_of(control);
        let moved = shop.shop_db(move |db| db.write(|write| write.move_control_cursor(&start)));
        moved
            .await
            .map_err(|error| tracing::warn!(%error, "the control stream was not changed"))?;
        Ok(true)
    }

    pub(super) fn on_frame(&mut self, frame: FromRelay) -> Vec<Step> {
        self.session.on_frame(frame)
    }

    pub(super) fn on_envelope(&mut self, envelope: Envelope) -> Vec<Step> {
        self.session.on_envelope(envelope)
    }

    /// Connections came or went. `None` if the relay is another one now.
    pub(super) async fn changed_streams(
        &mut self,
        shop: &Shop,
        relay: &RelayClient,
    ) -> Option<Vec<FromDevice>> {
        let current = shop.relay()?;
        if current.base() != relay.base() || current.keys() != relay.keys() {
            return None;
        }
        let connections = shop.connections();
        let known: Vec<_> = connections.iter().map(|connected| connected.id).collect();
        let gone: Vec<StreamId> = self
            .inlets
            .iter()
            .filter(|(_, inlet)| inlet.id().is_some_and(|id| !known.contains(&id)))
            .map(|(stream, _)| *stream)
            .collect();
        for stream in gone {
            self.inlets.remove(&stream);
            self.session.close(stream);
        }
        let mut frames = Vec::new();
        for connected in connections {
            let inlet = inlet_of(shop, relay.keys().relay, connected).await.ok()?;
            let Some((cursor, inlet)) = inlet else {
                continue;
            };
            if let Some(frame) = self.session.open(cursor) {
                self.forget_former_stream(&inlet);
                self.inlets.insert(cursor.stream, inlet);
                frames.push(frame);
            }
        }
        Some(frames)
    }

    /// A connection that was proved anew may have got another stream.
    fn forget_former_stream(&mut self, inlet: &Inlet) {
        let former: Vec<StreamId> = self
            .inlets
            .iter()
            .filter(|(_, other)| other.id().is_some() && other.id() == inlet.id())
            .map(|(stream, _)| *stream)
            .collect();
        for stream in former {
            self.inlets.remove(&stream);
            self.session.close(stream);
        }
    }

    /// Writes envelopes down. An error means that nothing was committed and nothing is reported.
    pub(super) async fn take(
        &mut self,
        shop: &Shop,
        stream: StreamId,
        envelopes: Vec<Genuine>,
    ) -> std::result::Result<FromDevice, ()> {
        let inlet = self.inlets.get_mut(&stream).ok_or(())?;
        let last = envelopes.last().map(Genuine::cursor).ok_or(())?;
        let taken = match inlet.whose.clone() {
            None => take_control(shop, inlet, envelopes).await,
            Some(connected) => take_connection(shop, inlet, &connected, envelopes).await,
        };
        if let Err(error) = taken {
            tracing::warn!(%stream, %error, "what arrived could not be written down");
            return Err(());
        }
        inlet.stored = last.sequence;
        Ok(self.session.committed(last))
    }

    /// Marks what will never come and goes on behind it.
    pub(super) async fn lose(
        &mut self,
        shop: &Shop,
        count: u64,
        cursor: Cursor,
    ) -> std::result::Result<FromDevice, ()> {
        let inlet = self.inlets.get_mut(&cursor.stream).ok_or(())?;
        let moved = from_wire(&cursor, inlet.durable);
        let marked = match &inlet.whose {
            None => {
                shop.shop_db(move |db| db.write(|write| write.move_control_cursor(&moved)))
                    .await
            }
            Some(connected) => repair::mark_lost(shop, connected, count, moved).await,
        };
        marked.map_err(|error| tracing::warn!(%error, "a gap could not be marked"))?;
        inlet.stored = cursor.sequence;
        Ok(self.session.committed(cursor))
    }

    pub(super) fn has_undurable(&self) -> bool {
        self.inlets
            .values()
            .any(|inlet| inlet.stored > inlet.durable)
    }

    pub(super) fn is_checkpoint_due(&self) -> bool {
        self.inlets
            .values()
            .any(|inlet| inlet.stored - inlet.durable.min(inlet.stored) >= CHECKPOINT_EVERY)
    }

    /// Moves what was committed into the files themselves; only what is there is reported.
    pub(super) async fn checkpoint(&mut self, shop: &Shop) -> Vec<FromDevice> {
        let mut frames = Vec::new();
        for (stream, inlet) in &mut self.inlets {
            if inlet.stored <= inlet.durable {
                continue;
            }
            match checkpoint(shop, inlet).await {
                Ok(Some(sequence)) => {
                    inlet.durable = sequence;
                    frames.push(FromDevice::Durable {
                        stream: *stream,
                        sequence,
                    });
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%stream, %error, "no checkpoint"),
            }
        }
        frames
    }
}

impl Inlet {
    fn new(whose: Option<Arc<Connected>>, openers: Vec<Opener>, cursor: &store::Cursor) -> Self {
        Self {
            whose,
            openers,
            stored: cursor.seq,
            durable: cursor.durable,
        }
    }

    fn id(&self) -> Option<ConnectionId> {
        self.whose.as_ref().map(|connected| connected.id)
    }
}

/// The way in of a connection's stream; `None` while its vault is shut or it has no stream yet.
async fn inlet_of(
    shop: &Shop,
    relay: RelayId,
    connected: Arc<Connected>,
) -> Result<Option<(Cursor, Inlet)>> {
    if connected.vault().is_err() {
        return Ok(None);
    }
    let read = |read: &store::VaultRead<'_>| Ok((read.cursor()?, read.earlier_seal_keys()?));
    let (cursor, earlier) = connected.read(read).await?;
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let stream = StreamId::from_bytes(cursor.stream);
    let name = shop.profile.seal_name(connected.id);
    let mut openers: Vec<Opener> = keychain_opener(shop, name, stream, relay)
        .await?
        .into_iter()
        .collect();
    for key in earlier {
        let id = KeyId::from_slice(&key.key_id);
        let secret: Option<[u8; 32]> = key.secret.expose_secret_bytes().try_into().ok();
        if let (Some(id), Some(secret)) = (id, secret) {
            openers.push(opener(stream, relay, id, SealSecret::from_bytes(secret)));
        }
    }
    let inlet = Inlet::new(Some(connected), openers, &cursor);
    Ok(Some((to_wire(&cursor), inlet)))
}

async fn keychain_opener(
    shop: &Shop,
    name: String,
    stream: StreamId,
    relay: RelayId,
) -> Result<Option<Opener>> {
    let secret = shop
        .keychain(move |secrets| Ok(secrets.get(&name)?))
        .await?;
    let key = secret.and_then(|secret| read_seal_key(&secret));
    Ok(key.map(|(id, key)| opener(stream, relay, id, key)))
}

fn opener(stream: StreamId, relay: RelayId, id: KeyId, key: SealSecret) -> Opener {
    Opener::new((Use::Envelope, *stream.as_bytes()), relay, id, key)
}

/// A seal key as it is kept: its name and the key.
pub(crate) fn seal_key_secret(id: KeyId, key: &SealSecret) -> Secret {
    Secret::new([id.as_bytes().as_slice(), key.expose_secret_bytes()].concat())
}

/// Reads a kept seal key.
pub(crate) fn read_seal_key(secret: &Secret) -> Option<(KeyId, SealSecret)> {
    let (id, key) = secret.expose_secret_bytes().split_at_checked(KeyId::SIZE)?;
    let key = Zeroizing::new(<[u8; 32]>::try_from(key).ok()?);
    Some((KeyId::from_slice(id)?, SealSecret::from_bytes(*key)))
}

fn to_wire(cursor: &store::Cursor) -> Cursor {
    Cursor {
        stream: StreamId::from_bytes(cursor.stream),
        sequence: cursor.seq,
        link: Link::from_bytes(cursor.chain),
    }
}

fn from_wire(cursor: &Cursor, durable: u64) -> store::Cursor {
    store::Cursor {
        stream: *cursor.stream.as_bytes(),
        seq: cursor.sequence,
        chain: *cursor.link.as_bytes(),
        durable,
    }
}

/// The cursor before the first envelope of a stream.
pub(crate) fn start_of(stream: StreamId) -> store::Cursor {
    from_wire(&Cursor::start(stream), 0)
}

fn open_with(
    openers: &mut [Opener],
    sealed: &[u8],
) -> std::result::Result<Zeroizing<Vec<u8>>, CannotOpen> {
    let mut why = CannotOpen::OtherKey;
    for opener in openers {
        match opener.open(sealed) {
            Ok(plain) => return Ok(plain),
            Err(CannotOpen::OtherKey) => {}
            Err(other) => why = other,
        }
    }
    Err(why)
}

async fn take_control(shop: &Shop, inlet: &mut Inlet, envelopes: Vec<Genuine>) -> Result<()> {
    let last = envelopes.last().map(Genuine::cursor).ok_or(Error::Gone)?;
    let mut said = Vec::new();
    let mut unopened = Vec::new();
    for envelope in &envelopes {
        match open_with(&mut inlet.openers, envelope.sealed()) {
            Ok(plain) => match Event::from_bytes(&plain) {
                Some(Event::Control(control)) => said.push(control),
                Some(Event::Webhook(_)) | None => {
                    tracing::warn!("the control stream held something unknown");
                }
            },
            Err(why) => unopened.push(kept_sealed(envelope, None, why, shop.now())),
        }
    }
    control::take(shop, said, unopened, from_wire(&last, inlet.durable)).await
}

fn kept_sealed(
    envelope: &Genuine,
    connection: Option<ConnectionId>,
    why: CannotOpen,
    at: Timestamp,
) -> Unopened {
    let cursor = envelope.cursor();
    Unopened {
        stream: *cursor.stream.as_bytes(),
        seq: cursor.sequence,
        connection,
        envelope: envelope.sealed().to_vec(),
        reason: why.to_string(),
        at,
    }
}

async fn take_connection(
    shop: &Shop,
    inlet: &mut Inlet,
    connected: &Arc<Connected>,
    envelopes: Vec<Genuine>,
) -> Result<()> {
    let account = connected.account.clone();
    let (version, now, durable) = (shop.version.clone(), shop.now(), inlet.durable);
    let db = Arc::clone(&shop.db);
    let id = connected.id;
    let mut openers = std::mem::take(&mut inlet.openers);
    let work = move |vault: &store::Vault| {
        let mut batch = Vec::with_capacity(envelopes.len());
        let mut unopened = Vec::new();
        for envelope in &envelopes {
            let cursor = from_wire(&envelope.cursor(), durable);
            let opened = match open_with(&mut openers, envelope.sealed()) {
                Ok(plain) => match Event::from_bytes(&plain) {
                    Some(Event::Webhook(part)) => Opened::Part(part),
                    Some(Event::Control(_)) | None => Opened::Unknown {
                        sequence: cursor.seq,
                        bytes: plain.to_vec(),
                    },
                },
                Err(why) => {
                    unopened.push(kept_sealed(envelope, Some(id), why, now));
                    Opened::Sealed
                }
            };
            batch.push((opened, cursor));
        }
        let receiver = Receiver {
            account: &account,
            version: &version,
            now,
        };
        // What does not open is safe before the cursor passes it.
        let kept = match unopened.is_empty() {
            true => Ok(()),
            false => db.write(|write| unopened.iter().try_for_each(|one| write.keep_unopened(one))),
        };
        let written = kept.and_then(|()| ingest::write_batch(vault, &receiver, &batch));
        Ok((openers, written, unopened.len()))
    };
    let (openers, written, unopened) = connected.work(work).await?;
    inlet.openers = openers;
    let full = matches!(written, Err(store::Error::DiskFull));
    let count = u32::try_from(unopened).unwrap_or(u32::MAX);
    shop.learn(connected, |health| {
        health.disk_full = full;
        health.unopened = health.unopened.saturating_add(count);
    })
    .await;
    let changes: Changes = written?;
    after_commit(shop, id, &changes).await;
    Ok(())
}

async fn after_commit(shop: &Shop, id: ConnectionId, changes: &Changes) {
    let now = shop.now();
    let noted = shop
        .shop_db(move |db| db.write(|write| write.note_event(id, now)))
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the time of the last event was not noted");
    }
    shop.announce(changes);
    arrivals::announce(shop, changes).await;
}

/// Moves one stream's rows into its file. The sequence that is safe now, if all of it is.
async fn checkpoint(shop: &Shop, inlet: &Inlet) -> Result<Option<u64>> {
    let sequence = inlet.stored;
    match &inlet.whose {
        None => {
            shop.shop_db(move |db| {
                if !db.checkpoint()? {
                    return Ok(None);
                }
                db.write(|write| {
                    if let Some(cursor) = write.control_cursor()? {
                        write.move_control_cursor(&store::Cursor {
                            durable: sequence,
                            ..cursor
                        })?;
                    }
                    Ok(Some(sequence))
                })
            })
            .await
        }
        Some(connected) => {
            connected
                .work(move |vault| {
                    if !vault.checkpoint()? {
                        return Ok(None);
                    }
                    vault.write(|write| {
                        if let Some(cursor) = write.cursor()? {
                            write.move_cursor(&store::Cursor {
                                durable: sequence,
                                ..cursor
                            })?;
                        }
                        write.forget_seal_keys(sequence)?;
                        Ok(Some(sequence))
                    })
                })
                .await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_key_reads_back_as_itself() {
        let (id, key) = crate::random::seal_key();
        let secret = seal_key_secret(id, &key);
        let (read_id, read_key) = read_seal_key(&secret).unwrap();
        assert_eq!((read_id, read_key.public()), (id, key.public()));
        assert!(read_seal_key(&Secret::new(vec![1; 39])).is_none());
    }
}
