//! What all surfaces share: the world behind its lock, the way to the relay, the lanes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::config::Config;
use crate::webhooks::callback;
use crate::webhooks::lane;
use crate::webhooks::update::{Lane, Update};
use crate::world::{Callback, World};

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    world: Mutex<World>,
    relay: Mutex<Url>,
    pub(crate) http: reqwest::Client,
    awake: BTreeMap<Lane, Notify>,
    /// Counts what happened; whoever shows the world waits for it to move.
    version: watch::Sender<u64>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl App {
    pub(crate) fn new(config: Config, base: Url) -> anyhow::Result<Arc<Self>> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(config.webhook_timeout)
            .connect_timeout(Duration::from_secs(3))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let app = Arc::new(Self {
            world: Mutex::new(World::new(&config, base)),
            relay: Mutex::new(config.relay.clone()),
            http,
            awake: Lane::ALL
                .into_iter()
                .map(|lane| (lane, Notify::new()))
                .collect(),
            version: watch::Sender::new(0),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
        });
        for of in Lane::ALL {
            app.tasks.spawn(lane::run(Arc::clone(&app), of));
        }
        Ok(app)
    }

    /// Milliseconds since the epoch, by the sandbox's clock.
    pub(crate) fn now(&self) -> i64 {
        self.config.clock.now() + self.world().shift
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world without announcing anything.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut World, i64) -> T) -> T {
        let mut world = self.world();
        let now = self.config.clock.now() + world.shift;
        look(&mut world, now)
    }

    /// Changes the world and tells those who show it.
    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut World, i64) -> T) -> T {
        let out = self.look(change);
        self.version.send_modify(|version| *version += 1);
        out
    }

    /// Changes the world and sends off what has to leave the house because of it.
    pub(crate) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut World, i64) -> T) -> T {
        let (out, delayed, callbacks) = self.note(|world, now| {
            let out = change(world, now);
            (
                out,
                std::mem::take(&mut world.delayed),
                std::mem::take(&mut world.callbacks),
            )
        });
        for (delay, update) in delayed {
            self.tasks
                .spawn(Arc::clone(self).announce_later(delay, update));
        }
        for callback in callbacks {
            self.tasks.spawn(Arc::clone(self).call_back(callback));
        }
        for notify in self.awake.values() {
            notify.notify_one();
        }
        out
    }

    async fn announce_later(self: Arc<Self>, delay: Duration, update: Update) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.stop.cancelled() => return,
        }
        let lane = update.lane;
        self.note(|world, _| world.queues.entry(lane).or_default().push_back(update));
        if let Some(notify) = self.awake.get(&lane) {
            notify.notify_one();
        }
    }

    async fn call_back(self: Arc<Self>, due: Callback) {
        let Callback::Deauthorize(user) = due;
        if let Err(problem) = callback::post(&self, callback::DEAUTHORIZE, user).await {
            tracing::warn!(%problem, "the deauthorize callback did not arrive");
        }
    }

    /// What the app calls itself in the login dialog.
    pub(crate) fn name(&self) -> &'static str {
        self.look(|world, _| world.app.name)
    }

    pub(crate) async fn awakened(&self, lane: Lane) {
        if let Some(notify) = self.awake.get(&lane) {
            notify.notified().await;
        }
    }

    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn set_relay(&self, relay: Url) {
        *self.relay.lock().unwrap_or_else(PoisonError::into_inner) = relay;
    }

    pub(crate) fn relay_address(&self, path: &str) -> Url {
        let mut address = self
            .relay
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let base = address.path().trim_end_matches('/').to_owned();
        address.set_path(&format!("{base}/{path}"));
        address
    }

    /// Where the app's dashboard says webhooks go.
    pub(crate) fn callback_address(&self) -> Url {
        self.look(|world, _| world.callback_url.clone())
            .unwrap_or_else(|| self.relay_address("webhooks/meta"))
    }
}
