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
use crate::repair::{self, Missed};
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
    let missed = Missed {
        stream: None,
        since: None,
        lost: true,
    };
    repair::keep_for_shut(shop, missed).await?;
    for connected in shop.connections() {
        let marked = connected.write(move |write| {
            repair::mark_missing_since_complete(write, now)?;
            repair::mark_uncounted(write, now)
        });
        match marked.await {
            // What is kept for one that is shut was kept above, and one that goes is not missed.
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

#[cfg(test)]
mod tests {
    use domain::{Channel, ConnectionId, Timestamp};
    use wire::event::Control;

    use super::*;
    use crate::connected::{Connected, Health};
    use crate::control;
    use crate::link::inlet::start_of;
    use crate::opening;
    use crate::read::Trouble;
    use crate::testing::{NOW, TestShop, connect};

    const SHUT: ConnectionId = ConnectionId::from_bytes([77; 16]);

    /// What is told while a vault is shut beside an open one.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Told {
        Nothing,
        Lost,
        Restored,
        /// Of the stream the vault reads, or of another; ended, or still going on.
        Gap {
            its_own: bool,
            ended: bool,
        },
    }

    async fn tell(shop: &Shop, told: Told) {
        let moved = start_of(StreamId::from_bytes([9; 16]));
        let (id, at) = (SHUT, NOW.0 - 5_000);
        let said = match told {
            Told::Nothing => return,
            Told::Lost => return lose_control(shop, moved).await.unwrap(),
            Told::Restored => Control::Restored {
                from: at,
                at: NOW.0,
            },
            Told::Gap { its_own, ended } => Control::Gap {
                stream: StreamId::from_bytes(if its_own { *id.as_bytes() } else { [3; 16] }),
                refused: 2,
                since: at,
                until: ended.then_some(NOW.0),
                reason: wire::event::GapReason::Full,
            },
        };
        control::take(shop, vec![said], Vec::new(), moved)
            .await
            .unwrap();
    }

    /// Since when the vault says that something may be missing once it opens, and whether it says
    /// that nobody can count what is gone.
    async fn opened_after(told: Told) -> (Option<i64>, bool) {
        let of = TestShop::messenger().await;
        let open = connect(&of.shop, SHUT, Channel::Whatsapp);
        open.vault().unwrap().close();
        let name = (SHUT, open.name.clone());
        let shut = Err(Trouble::KeyMissing);
        let shut = Connected::new(name, open.account.clone(), shut, Health::default());
        of.shop.add_connection(std::sync::Arc::new(shut));
        tell(&of.shop, told).await;
        of.vault().close();
        of.shop.db.close();
        let mut said = Vec::new();
        // The second time there is nothing left to mark, and what is marked stays.
        for _ in 0..2 {
            let secrets = std::sync::Arc::clone(&of.secrets) as std::sync::Arc<_>;
            let opened = opening::open(&of.shop.paths, secrets, NOW).unwrap();
            let vault = opened.connections.get(&SHUT).unwrap().vault().unwrap();
            let marks = vault.read(|read| {
                let since = read.mark("missing_since")?;
                let since = since.and_then(|text| text.parse().ok());
                Ok((since, read.mark("lost_uncounted")?.is_some()))
            });
            said.push(marks.unwrap());
            for connected in opened.connections.values() {
                connected.vault().unwrap().close();
            }
            opened.db.close();
        }
        assert_eq!(said.first(), said.last(), "{told:?}");
        said.swap_remove(0)
    }

    #[tokio::test]
    async fn what_is_told_while_a_vault_is_shut_is_marked_when_it_opens() {
        let at = Some(NOW.0 - 5_000);
        // Since the connection was made: nothing else is known to be complete.
        assert_eq!(opened_after(Told::Lost).await, (Some(NOW.0), true));
        assert_eq!(opened_after(Told::Restored).await, (at, true));
        for ended in [true, false] {
            let its_own = true;
            let told = Told::Gap { its_own, ended };
            assert_eq!(opened_after(told).await, (at, ended));
        }
    }

    #[tokio::test]
    async fn control_what_is_not_about_a_vault_that_is_shut_marks_nothing_in_it() {
        let (its_own, ended) = (false, true);
        for told in [Told::Nothing, Told::Gap { its_own, ended }] {
            assert_eq!(opened_after(told).await, (None, false), "{told:?}");
        }
    }

    #[tokio::test]
    async fn two_losses_are_kept_as_the_earlier_and_the_worse() {
        let missed = |since: i64, lost: bool| Missed {
            stream: None,
            since: Some(Timestamp(since)),
            lost,
        };
        let of = TestShop::messenger().await;
        let account = of.connected.account.clone();
        let shut = Connected::new(
            (of.connected.id, String::new()),
            account,
            Err(Trouble::KeyMissing),
            Health::default(),
        );
        of.vault().close();
        of.shop.add_connection(std::sync::Arc::new(shut));
        for one in [missed(7, false), missed(5, true), missed(9, false)] {
            repair::keep_for_shut(&of.shop, one).await.unwrap();
        }
        of.shop.db.close();
        let secrets = std::sync::Arc::clone(&of.secrets) as std::sync::Arc<_>;
        let opened = opening::open(&of.shop.paths, secrets, NOW).unwrap();
        let vault = opened.connections.get(&of.connected.id).unwrap().vault();
        let marks = vault.unwrap().read(|read| {
            let since = read.mark("missing_since")?;
            Ok((since, read.mark("lost_uncounted")?.is_some()))
        });
        assert_eq!(marks.unwrap(), (Some("5".to_owned()), true));
    }
}
