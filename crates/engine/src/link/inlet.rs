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
use crate::{arrivals, control};

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

pub(super) async fn keychain_opener(
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

pub(super) async fn take_connection(
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
