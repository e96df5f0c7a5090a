//! From the session's steps to the disk: which stream belongs to which vault, the keys that open
//! it, and what may be reported to the relay. It holds no socket.

use std::collections::{HashMap, HashSet};

use wire::chain::{Cursor, Genuine};
use wire::envelope::Envelope;
use wire::frame::{FromDevice, FromRelay};
use wire::{SigningSecret, StreamId};

use super::client::RelayClient;
use super::inlet::{
    Inlet, checkpoint, from_wire, inlet_of, keychain_opener, start_of, take_connection,
    take_control, to_wire,
};
use super::session::{End, Session, Step};
use crate::error::{Error, Result};
use crate::repair;
use crate::shop::Shop;

/// After so many commits a checkpoint is made, quiet or not.
const CHECKPOINT_EVERY: u64 = 200;

/// All streams of this device.
#[derive(Debug)]
pub(super) struct Feed {
    session: Session,
    control: StreamId,
    inlets: HashMap<StreamId, Inlet>,
}

impl Feed {
    /// Reads every stream's cursor and keys. `asked` are the streams that are asked for once more.
    pub(super) async fn open(
        shop: &Shop,
        relay: &RelayClient,
        asked: &HashSet<StreamId>,
    ) -> Result<Self> {
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
        let session = Session::new(relay.keys().clone(), &cursors, asked);
        Ok(Self {
            session,
            control,
            inlets,
        })
    }

    /// The streams that did not fit together on this socket.
    pub(super) fn asked_again(&self) -> HashSet<StreamId> {
        self.session.asked_again()
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
            } else if let Some(known) = self.inlets.get_mut(&cursor.stream) {
                known.renew_keys(inlet);
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
            None => lose_control(shop, moved).await,
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

/// What the relay itself had to say is lost: an order, a gap, the end of a route. Nobody can know
/// which connection it was about, so each may be missing something from here on, and is looked at;
/// marked before the cursor passes it.
async fn lose_control(shop: &Shop, moved: store::Cursor) -> Result<()> {
    let now = shop.now();
    for connected in shop.connections() {
        let marked = connected.write(move |write| {
            repair::mark_missing_since_complete(write, now)?;
            repair::mark_uncounted(write, now)
        });
        match marked.await {
            // A vault that is shut is looked at when it opens, and one that goes is not missed.
            Ok(()) | Err(Error::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    shop.shop_db(move |db| db.write(|write| write.move_control_cursor(&moved)))
        .await?;
    shop.wake.repair.notify_one();
    shop.wake.upkeep.notify_one();
    Ok(())
}
