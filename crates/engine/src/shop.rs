//! The opened shop: what every loop works on. It opens nothing itself and runs nothing; it knows
//! which connections there are, lends their vaults, and tells who is to be woken.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use channels::meta::Graph;
use domain::secrets::Secrets;
use domain::{ConnectionId, ConversationId, Timestamp};
use store::shop::connections::ConnectionState;
use store::{Paths, Profile};
use tokio::sync::{Notify, broadcast, watch};
use url::Url;

use crate::connected::{Connected, Health};
use crate::decode::Decoder;
use crate::engine::Clock;
use crate::eraser::Eraser;
use crate::error::{Error, Result};
use crate::ingest::Changes;
use crate::link::client::RelayClient;
use crate::news::{Arrival, News};
use crate::phase::{LinkState, Phase};
use crate::settings::Settings;
use crate::tokens::Tokens;

/// The opened shop.
pub(crate) struct Shop {
    pub(crate) paths: Paths,
    pub(crate) profile: Profile,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) db: Arc<store::ShopDb>,
    pub(crate) graph: Graph,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Clock,
    pub(crate) decoder: Decoder,
    pub(crate) version: String,
    pub(crate) herald: Herald,
    pub(crate) wake: Wake,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) eraser: Arc<Eraser>,
    /// Where tokens are issued and may be sent.
    pub(crate) origin: Url,
    /// Held while connections are made: the relay may know streams that are not here yet.
    pub(crate) connecting: tokio::sync::Mutex<()>,
    /// Arrivals that wait for the person's name.
    pub(crate) nameless: Mutex<HashMap<ConversationId, Arrival>>,
    pub(crate) settings: RwLock<Settings>,
    pub(crate) connections: RwLock<BTreeMap<ConnectionId, Arc<Connected>>>,
    pub(crate) relay: RwLock<Option<Arc<RelayClient>>>,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Tells what has changed.
#[derive(Debug, Clone)]
pub(crate) struct Herald {
    pub(crate) news: broadcast::Sender<News>,
    pub(crate) arrivals: broadcast::Sender<Arrival>,
}

impl Herald {
    /// Tells whoever listens; nobody has to.
    pub(crate) fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }
}

/// One bell per loop. Ringing twice is ringing once.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    pub(crate) link: Notify,
    /// Whether the socket still lives: the network may have changed under it.
    pub(crate) probe: Notify,
    pub(crate) outbox: Notify,
    pub(crate) reconcile: Notify,
    pub(crate) media: Notify,
    pub(crate) profiles: Notify,
    pub(crate) reads: Notify,
    pub(crate) repair: Notify,
    pub(crate) upkeep: Notify,
    pub(crate) erasure: Notify,
}

impl Wake {
    /// The clock may have jumped, or the way to the internet is back: everybody looks again.
    pub(crate) fn all(&self) {
        for bell in [
            &self.link,
            &self.probe,
            &self.outbox,
            &self.reconcile,
            &self.media,
            &self.profiles,
            &self.reads,
            &self.repair,
            &self.upkeep,
            &self.erasure,
        ] {
            bell.notify_one();
        }
    }
}

impl Shop {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The relay's time where it is known: what is compared with a platform's moments, or stands
    /// among them, goes by this. What waits on this computer goes by [`Self::now`].
    pub(crate) fn true_now(&self) -> Timestamp {
        let known = self.relay().and_then(|relay| relay.known_time());
        known.map_or_else(|| self.now(), Timestamp)
    }

    /// Every connection, also one whose vault is shut.
    pub(crate) fn connections(&self) -> Vec<Arc<Connected>> {
        let connections = self
            .connections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        connections.values().cloned().collect()
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Result<Arc<Connected>> {
        let connections = self
            .connections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        connections.get(&id).cloned().ok_or(Error::Gone)
    }

    /// An arrival of an erased person's is not told any more.
    pub(crate) fn let_go_of(&self, id: ConversationId) {
        let mut nameless = self.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        nameless.remove(&id);
    }

    pub(crate) fn add_connection(&self, connected: Arc<Connected>) {
        let mut connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        connections.insert(connected.id, connected);
    }

    pub(crate) fn remove_connection(&self, id: ConnectionId) -> Option<Arc<Connected>> {
        let mut connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        connections.remove(&id)
    }

    /// The relay, once this computer is enrolled there.
    pub(crate) fn relay(&self) -> Option<Arc<RelayClient>> {
        self.relay
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_relay(&self, relay: Option<Arc<RelayClient>>) {
        *self.relay.write().unwrap_or_else(PoisonError::into_inner) = relay;
        self.wake.link.notify_one();
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Learns something about a connection's state. What changes is written down and told.
    pub(crate) async fn learn(&self, connected: &Connected, change: impl FnOnce(&mut Health)) {
        let before = connected.health().state();
        if !connected.learn(change) {
            return;
        }
        self.herald.tell(News::Connections);
        let (id, state, now) = (connected.id, connected.health().state(), self.now());
        if state == before {
            return;
        }
        if state == ConnectionState::SignInEnded {
            // Others came by the same login: they are looked at now and not in a quarter of an hour.
            self.wake.repair.notify_one();
        }
        let written = self
            .shop_db(move |db| db.write(|write| write.set_connection_state(id, state, now)))
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, "a connection's state was not written down");
        }
    }

    /// Works on `shop.db` where blocking is allowed.
    pub(crate) async fn shop_db<T: Send + 'static>(
        &self,
        work: impl FnOnce(&store::ShopDb) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = Arc::clone(&self.db);
        blocking(move || work(&db)).await
    }

    /// Works with the keychain where blocking is allowed: a locked one waits for its owner.
    pub(crate) async fn keychain<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Secrets) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let secrets = Arc::clone(&self.secrets);
        blocking(move || work(secrets.as_ref())).await
    }

    /// Tells the window what a transaction changed, and wakes whoever has something to do now.
    pub(crate) fn announce(&self, changes: &Changes) {
        if changes.conversations.is_empty() {
            return;
        }
        let ids = changes.conversations.iter().copied().collect();
        self.herald.tell(News::Conversations(ids));
        for conversation in &changes.conversations {
            let arrived = changes.arrived.contains_key(conversation);
            self.herald.tell(News::Messages {
                conversation: *conversation,
                arrived,
            });
        }
        self.wake.media.notify_one();
        self.wake.profiles.notify_one();
        self.wake.outbox.notify_one();
    }
}

/// Does blocking work on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> store::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Error::from),
        Err(error) => Err(Error::Unexpected(ended(&error).to_owned())),
    }
}

/// How a task ended that gave no answer. What a panic said is not told: it may hold whatever was at
/// hand.
pub(crate) fn ended(error: &tokio::task::JoinError) -> &'static str {
    match error.is_panic() {
        true => "a task broke off",
        false => "a task was stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_panic_said_is_in_no_error() {
        let broken: Result<()> = blocking(|| panic!("CANARY at hand")).await;
        let said = format!("{0} {0:?}", broken.unwrap_err());
        assert!(said.contains("a task broke off"), "{said}");
        assert!(!said.contains("CANARY"), "{said}");
        let open: std::result::Result<(), _> =
            tokio::task::spawn_blocking(|| panic!("CANARY at hand")).await;
        let said = open.unwrap_err().to_string();
        assert!(said.contains("CANARY"), "control: {said}");
    }
}
