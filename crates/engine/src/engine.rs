//! The one handle on the running application: it starts, stops and says where the shop stands.
//! What it can be asked for is in the modules that know it; nothing is decided here.

mod files;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use channels::meta::{Graph, PlatformUrls};
use domain::Timestamp;
use domain::secrets::Secrets;
use store::{FolderLock, PassphraseSecrets, Paths};
use tokio::sync::{Notify, broadcast, watch};
use url::Url;

use crate::browser::Browser;
use crate::config::Config;
use crate::eraser::Eraser;
use crate::error::{Error, Result};
use crate::link::client::Http;
use crate::link::client::{RelayClient, http_client};
use crate::login::LoginDesk;
use crate::news::{Arrival, News};
use crate::opening::Opened;
use crate::phase::{LinkState, Phase};
use crate::read::WipeProgress;
use crate::shop::{Herald, Shop};
use crate::tasks::Tasks;
use crate::{link, media, orders, outbox, profiles, reads, reconcile, repair, upkeep};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Opens an address in the owner's browser; false if it could not. Not asked when `BROWSER` is set.
pub type Opener = Arc<dyn Fn(&Url) -> bool + Send + Sync>;

/// Where secrets live.
#[derive(Debug, Clone)]
pub enum SecretsSource {
    /// The keychain of the operating system, or a passphrase where there is none.
    Keychain,
    /// Given by the caller: memory, in tests.
    Given(Arc<dyn Secrets>),
}

/// How often a shop that could not be opened for a passing reason is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(3);
/// The shortest passphrase.
const SHORTEST_PASSPHRASE: usize = 8;

/// The running application. Cheap to clone; every clone is the same application.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    source: SecretsSource,
    pub(crate) clock: Clock,
    pub(crate) browser: Browser,
    pub(crate) http: Http,
    graph: Graph,
    pub(crate) herald: Herald,
    phase: watch::Sender<Phase>,
    link: watch::Sender<LinkState>,
    pub(crate) wiping: watch::Sender<WipeProgress>,
    pub(crate) desk: LoginDesk,
    shop: RwLock<Option<Arc<Shop>>>,
    eraser: RwLock<Option<Arc<Eraser>>>,
    unlocked: Mutex<Option<Arc<PassphraseSecrets>>>,
    lock: Mutex<Option<FolderLock>>,
    again: Notify,
    pub(crate) tasks: Tasks,
    /// The loops of the opened shop; stopped alone when everything is deleted.
    loops: Mutex<Option<Tasks>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("phase", &self.phase())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts opening the shop and returns at once; [`Engine::phase`] and [`News::App`] tell how
    /// far it is. Must be called inside a Tokio runtime.
    pub fn start(config: Config, secrets: SecretsSource, clock: Clock, opener: Opener) -> Self {
        let urls = PlatformUrls {
            graph: config.platforms.graph.clone(),
            facebook: config.platforms.facebook.clone(),
            instagram: config.platforms.instagram.clone(),
        };
        let graph = Graph::new(urls).expect("the client is built from the system's certificates");
        let herald = Herald {
            news: broadcast::channel(1_024).0,
            arrivals: broadcast::channel(64).0,
        };
        let inner = Arc::new(Inner {
            browser: Browser::new(config.browser.clone(), opener),
            config,
            source: secrets,
            clock,
            http: http_client(),
            graph,
            herald,
            phase: watch::Sender::new(Phase::Opening),
            link: watch::Sender::new(LinkState::None),
            wiping: watch::Sender::new(WipeProgress::Idle),
            desk: LoginDesk::default(),
            shop: RwLock::default(),
            eraser: RwLock::default(),
            unlocked: Mutex::default(),
            lock: Mutex::default(),
            again: Notify::new(),
            tasks: Tasks::default(),
            loops: Mutex::default(),
        });
        let engine = Self { inner };
        engine.inner.tasks.spawn(engine.clone().keep_open());
        engine
    }

    /// Opens the shop, as often as it takes.
    async fn keep_open(self) {
        let stop = self.inner.tasks.stop.clone();
        loop {
            if self.inner.shop().is_none() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    phase = self.open() => self.inner.set_phase(phase),
                }
            }
            let passing = matches!(
                self.phase(),
                Phase::Opening | Phase::InUse | Phase::KeychainLocked
            );
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.again.notified() => {}
                () = tokio::time::sleep(TRY_AGAIN), if passing => {}
            }
        }
    }

    /// One attempt to open; says where the shop stands then.
    async fn open(&self) -> Phase {
        let inner = Arc::clone(&self.inner);
        let opened = tokio::task::spawn_blocking(move || inner.open_files()).await;
        match opened {
            Ok(Ok((paths, opened, eraser))) => self.run(paths, opened, eraser),
            Ok(Err(phase)) => phase,
            Err(error) => {
                let error = crate::shop::ended(&error);
                tracing::error!(error, "opening ended unexpectedly");
                Phase::Damaged
            }
        }
    }

    /// Starts the loops of an opened shop.
    fn run(&self, paths: Paths, opened: Opened, eraser: Arc<Eraser>) -> Phase {
        let inner = &self.inner;
        let phase = match orders::question(&opened.orders) {
            Some(question) => question,
            None if opened.connections.is_empty() => Phase::FirstRun,
            None => Phase::Ready,
        };
        let relay = opened.relay.map(|enrolled| {
            let address = (enrolled.base, enrolled.keys);
            let (http, clock) = (inner.http.clone(), Arc::clone(&inner.clock));
            Arc::new(RelayClient::new(http, address, enrolled.identity, clock))
        });
        let shop = Arc::new(Shop {
            paths,
            profile: opened.profile,
            secrets: opened.secrets,
            db: opened.db,
            graph: inner.graph.clone(),
            tokens: crate::tokens::Tokens::default(),
            clock: Arc::clone(&inner.clock),
            decoder: inner.config.decoder.clone(),
            version: inner.config.version.clone(),
            origin: inner.config.platforms.graph.clone(),
            herald: inner.herald.clone(),
            wake: crate::shop::Wake::default(),
            link: inner.link.clone(),
            phase: inner.phase.clone(),
            eraser,
            connecting: tokio::sync::Mutex::default(),
            nameless: Mutex::default(),
            settings: RwLock::new(opened.settings),
            connections: RwLock::new(opened.connections),
            relay: RwLock::new(relay),
        });
        let loops = Tasks::default();
        start_loops(&loops, &shop);
        *inner.loops.lock().unwrap_or_else(PoisonError::into_inner) = Some(loops);
        *inner.shop.write().unwrap_or_else(PoisonError::into_inner) = Some(shop);
        phase
    }

    /// Stops every loop: waits for what is half done, but not for long.
    pub async fn stop(&self) {
        let loops = self
            .inner
            .loops
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.inner.tasks.stop.cancel();
        if let Some(loops) = loops {
            loops.end().await;
        }
        self.inner.tasks.end().await;
        self.inner.close_files().await;
        drop(
            self.inner
                .lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Where the shop stands.
    pub fn phase(&self) -> Phase {
        *self.inner.phase.borrow()
    }

    /// How the road to the relay is.
    pub fn link(&self) -> LinkState {
        *self.inner.link.borrow()
    }

    /// Replies that wait to leave.
    pub async fn waiting(&self) -> u32 {
        let Ok(shop) = self.shop() else { return 0 };
        let mut waiting = 0;
        for connected in shop.connections() {
            waiting += connected
                .read(|read| read.replies_waiting())
                .await
                .unwrap_or(0);
        }
        waiting
    }

    /// Everything that changes from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.inner.herald.news.subscribe()
    }

    /// Every message of a person's that arrives from now on, while notifications are on.
    pub fn arrivals(&self) -> broadcast::Receiver<Arrival> {
        self.inner.herald.arrivals.subscribe()
    }

    /// What the program was started with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    /// The computer slept, the way to the internet is back, or (in tests) the clock was moved:
    /// everybody looks again at what is due.
    pub fn wake(&self) {
        if let Ok(shop) = self.shop() {
            shop.wake.all();
            shop.eraser.wake.notify_one();
        }
    }

    /// Tries to open the shop again, after the keychain was unlocked or room was made.
    #[expect(
        clippy::unused_async,
        reason = "everything the window asks for is awaited"
    )]
    pub async fn open_again(&self) -> Result<()> {
        let erasing = matches!(*self.inner.wiping.borrow(), WipeProgress::Running { .. });
        if self.inner.shop().is_none() && !erasing {
            self.inner.set_phase(Phase::Opening);
            self.inner.again.notify_one();
        }
        Ok(())
    }

    /// Chooses or enters the passphrase where there is no keychain.
    pub async fn enter_passphrase(&self, passphrase: String) -> Result<()> {
        let Phase::Passphrase { first, .. } = self.phase() else {
            return Err(Error::NotOpen);
        };
        if first && passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(Error::WrongPassphrase);
        }
        let passphrase = zeroize::Zeroizing::new(passphrase);
        let folder = self.inner.config.data_dir.clone();
        let unlocked = crate::shop::blocking(move || {
            let paths = Paths::create(folder)?;
            let sealed = PassphraseSecrets::at(paths.sealed_secrets());
            if first {
                sealed.create(&passphrase)?;
            } else {
                sealed.unlock(&passphrase)?;
            }
            Ok(sealed)
        })
        .await;
        match unlocked {
            Ok(sealed) => {
                self.inner.keep_unlocked(Some(Arc::new(sealed)));
                self.open_again().await
            }
            Err(error) => {
                self.inner.set_phase(Phase::Passphrase {
                    first,
                    wrong: !first,
                });
                Err(error)
            }
        }
    }

    /// After everything was erased there is no passphrase any more.
    pub(crate) fn forget_passphrase(&self) {
        self.inner.keep_unlocked(None);
    }

    /// The opened shop.
    pub(crate) fn shop(&self) -> Result<Arc<Shop>> {
        self.inner.shop().ok_or(Error::NotOpen)
    }

    /// The eraser, which is there before and after the shop.
    pub(crate) fn eraser(&self) -> Result<Arc<Eraser>> {
        self.inner.eraser().ok_or(Error::NotOpen)
    }

    /// Everything is to be erased: the loops end, the shop is no longer there.
    pub(crate) async fn leave_shop(&self) -> Option<Arc<Shop>> {
        self.inner.set_phase(Phase::Erasing);
        let loops = self
            .inner
            .loops
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(loops) = loops {
            loops.end().await;
        }
        let shop = self
            .inner
            .shop
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        link_is_gone(&self.inner);
        shop
    }
}

fn link_is_gone(inner: &Inner) {
    inner.link.send_replace(LinkState::None);
    inner.herald.tell(News::App);
}

fn start_loops(loops: &Tasks, shop: &Arc<Shop>) {
    macro_rules! keep {
        ($($name:literal => $run:path),* $(,)?) => {$(
            let (shop_of, stop) = (Arc::clone(shop), loops.stop.clone());
            loops.keep($name, move || $run(Arc::clone(&shop_of), stop.clone()));
        )*};
    }
    keep! {
        "link" => link::run,
        "outbox" => outbox::run,
        "reconcile" => reconcile::run,
        "media" => media::run,
        "profiles" => profiles::run,
        "reads" => reads::run,
        "repair" => repair::run,
        "upkeep" => upkeep::run,
        "orders" => orders::run,
    }
}
