//! One stream's way in: whose it is, the keys that open it, and writing down what it brings before
//! anything is reported.

use std::sync::Arc;

use domain::secrets::Secret;
use domain::{ConnectionId, Timestamp};
use store::shop::streams::Unopened;
use wire::chain::{Cursor, Genuine};
use wire::event::Event;
use wire::seal::{CannotOpen, Opener, SealSecret, Use};
use wire::{KeyId, Link, RelayId, StreamId};
use zeroize::Zeroizing;

use crate::connected::Connected;
use crate::error::{Error, Result};
use crate::ingest::{self, Changes, Opened, Receiver};
use crate::shop::Shop;
use crate::{arrivals, control, sealing};

/// One stream's way in.
#[derive(Debug)]
pub(super) struct Inlet {
    /// Whose it is; `None` for the control stream.
    pub(super) whose: Option<Arc<Connected>>,
    openers: Vec<Opener>,
    /// The last committed sequence, and the last that survives anything.
    pub(super) stored: u64,
    pub(super) durable: u64,
}
impl Inlet {
    pub(super) fn new(
        whose: Option<Arc<Connected>>,
        openers: Vec<Opener>,
        cursor: &store::Cursor,
    ) -> Self {
        Self {
            whose,
            openers,
            stored: cursor.seq,
            durable: cursor.durable,
        }
    }

    /// From now on it is opened with the keys of this moment.
    pub(super) fn renew_keys(&mut self, fresh: Self) {
        self.openers = fresh.openers;
    }

    pub(super) fn id(&self) -> Option<ConnectionId> {
        self.whose.as_ref().map(|connected| connected.id)
    }
}

/// The way in of a connection's stream; `None` while its vault is shut or it has no stream yet.
pub(super) async fn inlet_of(
    shop: &Shop,
    relay: RelayId,
    connected: Arc<Connected>,
) -> Result<Option<(Cursor, Inlet)>> {
    if connected.vault().is_err() {
        return Ok(None);
    }
    let Some(cursor) = connected.read(|read| read.cursor()).await? else {
        return Ok(None);
    };
    let stream = StreamId::from_bytes(cursor.stream);
    let openers = openers_of(shop, relay, &connected, stream).await?;
    let inlet = Inlet::new(Some(connected), openers, &cursor);
    Ok(Some((to_wire(&cursor), inlet)))
}

/// The keys that may open a connection's stream, the present one first.
pub(crate) async fn openers_of(
    shop: &Shop,
    relay: RelayId,
    connected: &Connected,
    stream: StreamId,
) -> Result<Vec<Opener>> {
    let earlier = connected.read(|read| read.earlier_seal_keys()).await?;
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
    Ok(openers)
}

pub(crate) async fn keychain_opener(
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

pub(super) fn to_wire(cursor: &store::Cursor) -> Cursor {
    Cursor {
        stream: StreamId::from_bytes(cursor.stream),
        sequence: cursor.seq,
        link: Link::from_bytes(cursor.chain),
    }
}

pub(super) fn from_wire(cursor: &Cursor, durable: u64) -> store::Cursor {
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

/// What is inside, and the place of the key that opened it: the present one is the first.
pub(crate) fn open_with(
    openers: &mut [Opener],
    sealed: &[u8],
) -> std::result::Result<(Zeroizing<Vec<u8>>, usize), CannotOpen> {
    let mut why = CannotOpen::OtherKey;
    for (place, opener) in openers.iter_mut().enumerate() {
        match opener.open(sealed) {
            Ok(plain) => return Ok((plain, place)),
            Err(CannotOpen::OtherKey) => {}
            Err(other) => why = other,
        }
    }
    Err(why)
}

pub(super) async fn take_control(
    shop: &Shop,
    inlet: &mut Inlet,
    envelopes: Vec<Genuine>,
) -> Result<()> {
    let last = envelopes.last().map(Genuine::cursor).ok_or(Error::Gone)?;
    let mut said = Vec::new();
    let mut unopened = Vec::new();
    for envelope in &envelopes {
        match open_with(&mut inlet.openers, envelope.sealed()) {
            Ok((plain, _)) => match Event::from_bytes(&plain) {
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

pub(super) async fn take_connection(
    shop: &Shop,
    inlet: &mut Inlet,
    connected: &Arc<Connected>,
    envelopes: Vec<Genuine>,
) -> Result<()> {
    let envelopes = Arc::new(envelopes);
    let mut taken = try_take(shop, inlet, connected, (&envelopes, Keys::MayBeOld)).await?;
    if taken.is_none() {
        // The key may have been replaced since the socket was opened.
        if let Some(relay) = shop.relay() {
            let stream = envelopes.first().map(|first| first.cursor().stream);
            let stream = stream.ok_or(Error::Gone)?;
            inlet.openers = openers_of(shop, relay.keys().relay, connected, stream).await?;
        }
        taken = try_take(shop, inlet, connected, (&envelopes, Keys::AreNew)).await?;
    }
    let Some((written, unopened)) = taken else {
        return Ok(());
    };
    let full = matches!(written, Err(store::Error::DiskFull));
    let count = u32::try_from(unopened).unwrap_or(u32::MAX);
    shop.learn(connected, |health| {
        health.disk_full = full;
        health.unopened = health.unopened.saturating_add(count);
    })
    .await;
    let changes: Changes = written?;
    after_commit(shop, connected.id, &changes).await;
    Ok(())
}

/// Whether the keys at hand are those of this moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    MayBeOld,
    AreNew,
}

/// Opens and writes down. `None`, and nothing written, if something did not open for want of a key
/// and the keys may be old ones.
async fn try_take(
    shop: &Shop,
    inlet: &mut Inlet,
    connected: &Arc<Connected>,
    (envelopes, keys): (&Arc<Vec<Genuine>>, Keys),
) -> Result<Option<(store::Result<Changes>, usize)>> {
    let account = connected.account.clone();
    let (version, now, durable) = (shop.version.clone(), shop.now(), inlet.durable);
    let (db, envelopes) = (Arc::clone(&shop.db), Arc::clone(envelopes));
    let id = connected.id;
    let mut openers = std::mem::take(&mut inlet.openers);
    let work = move |vault: &store::Vault| {
        let all = OpenedAll::of(&mut openers, &envelopes, (id, durable, now));
        if all.lacks_key && keys == Keys::MayBeOld {
            return Ok((openers, None));
        }
        let receiver = Receiver {
            account: &account,
            version: &version,
            now,
            db: &db,
        };
        // What does not open is safe before the cursor passes it.
        let kept = match all.unopened.is_empty() {
            true => Ok(()),
            false => db.write(|write| {
                let mut unopened = all.unopened.iter();
                unopened.try_for_each(|one| write.keep_unopened(one))
            }),
        };
        let bounded = kept.and_then(|()| sealing::note_opened(vault, all.by_present_key, now));
        let written = bounded.and_then(|()| ingest::write_batch(vault, &receiver, &all.batch));
        Ok((openers, Some((written, all.unopened.len()))))
    };
    let (openers, taken) = connected.work(work).await?;
    inlet.openers = openers;
    Ok(taken)
}

/// A batch of envelopes, opened as far as they open.
struct OpenedAll {
    batch: Vec<(Opened, store::Cursor)>,
    unopened: Vec<Unopened>,
    /// One did not open for want of a key.
    lacks_key: bool,
    /// The last sequence that the present key opened.
    by_present_key: Option<u64>,
}

impl OpenedAll {
    fn of(
        openers: &mut [Opener],
        envelopes: &[Genuine],
        (id, durable, now): (ConnectionId, u64, Timestamp),
    ) -> Self {
        let mut all = Self {
            batch: Vec::with_capacity(envelopes.len()),
            unopened: Vec::new(),
            lacks_key: false,
            by_present_key: None,
        };
        for envelope in envelopes {
            let cursor = from_wire(&envelope.cursor(), durable);
            let opened = match open_with(openers, envelope.sealed()) {
                Ok((plain, place)) => {
                    if place == 0 {
                        all.by_present_key = Some(cursor.seq);
                    }
                    read_opened(&plain, cursor.seq)
                }
                Err(why) => {
                    all.lacks_key |= why == CannotOpen::OtherKey;
                    all.unopened.push(kept_sealed(envelope, Some(id), why, now));
                    Opened::Sealed
                }
            };
            all.batch.push((opened, cursor));
        }
        all
    }
}

/// What was inside an envelope of a connection's stream.
pub(crate) fn read_opened(plain: &[u8], sequence: u64) -> Opened {
    match Event::from_bytes(plain) {
        Some(Event::Webhook(part)) => Opened::Part(part),
        Some(Event::Control(_)) | None => Opened::Unknown {
            sequence,
            bytes: plain.to_vec(),
        },
    }
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
pub(super) async fn checkpoint(shop: &Shop, inlet: &Inlet) -> Result<Option<u64>> {
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
