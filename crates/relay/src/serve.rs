//! Starting a relay and ending it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::boot::{self, BootError};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::front::{self, Door, Peer};
use crate::keys::{Keys, KeysError};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::platform::Platform;
use crate::queue::{self, Queue, QueueError, Rules};
use crate::registry::Registry;
use crate::relay::{Parts, Relay};
use crate::sealing::Sealers;
use crate::{router, sweep};

/// Webhooks that are dealt with at once.
const WEBHOOKS_AT_ONCE: usize = 256;
/// Sockets that may be open before they have shown who they are.
const GREETINGS_AT_ONCE: usize = 1024;
/// How long an end may take.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Why a relay does not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What it was told is not enough.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Its store cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Its store is not the newest.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// It cannot listen.
    #[error("the relay cannot listen on its address")]
    Listen(#[from] std::io::Error),
}

/// A running relay.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    relay: Relay,
    /// What answers requests; ends when the relay is told to stop.
    serving: TaskTracker,
}

/// Starts a relay on a listener. It stops when `stop` is cancelled, or by [`Running::stop`].
pub async fn start(
    listener: TcpListener,
    config: Config,
    clock: Clock,
    stop: CancellationToken,
) -> Result<Running, ServeError> {
    config.check()?;
    let address = listener.local_addr()?;
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let relay = open(config, clock, stop)?;
    let serving = TaskTracker::new();
    let mut metrics_address = None;
    if let Some(listener) = metrics_listener {
        metrics_address = Some(listener.local_addr()?);
        serve_on(
            &serving,
            listener,
            router::metrics(relay.clone()),
            relay.stop().clone(),
        );
    }
    serve_on(
        &serving,
        listener,
        router::routes(relay.clone()),
        relay.stop().clone(),
    );
    relay.tasks().spawn(sweep::run(relay.clone()));
    serving.close();
    tracing::info!(%address, relay = %relay.keys().relay(), "the relay serves");
    Ok(Running {
        address,
        metrics_address,
        relay,
        serving,
    })
}

fn serve_on(serving: &TaskTracker, listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router
        .layer(from_fn(front::arrived))
        .into_make_service_with_connect_info::<Peer>();
    serving.spawn(async move {
        let served = axum::serve(Door(listener), service);
        let ended = served.with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(why) = ended {
            tracing::error!(%why, "serving ended");
        }
    });
}

fn open(config: Config, clock: Clock, stop: CancellationToken) -> Result<Relay, ServeError> {
    let keys = Arc::new(Keys::open(&config.keys)?);
    boot::start(&queue::open(&config.store)?, &keys, clock.now())?;
    let registry = Arc::new(Registry::default());
    let rules = Rules {
        keys: Arc::clone(&keys),
        limits: config.limits,
    };
    let nudged = Arc::clone(&registry);
    let wake = Arc::new(move |device| nudged.nudge(device));
    let queue = Queue::start(&config.store, rules, wake)?;
    Ok(Relay::new(Parts {
        platform: Platform::new(config.meta.clone()),
        limits: Limits::new(config.rates),
        metrics: Metrics::new(),
        sealers: Arc::new(Sealers::default()),
        webhook_seats: Semaphore::new(WEBHOOKS_AT_ONCE),
        greeting_seats: Semaphore::new(GREETINGS_AT_ONCE),
        forged: AtomicU64::new(0),
        looked: Mutex::new(None),
        tasks: TaskTracker::new(),
        config,
        keys,
        queue,
        registry,
        clock,
        stop,
    }))
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are, if anywhere.
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Stops taking requests, finishes what was taken, says good-bye to the devices, and closes
    /// the store; at most ten seconds.
    pub async fn stop(self) {
        self.relay.stop().cancel();
        self.ended().await;
    }

    /// Waits until the relay has been told to stop and has ended.
    pub async fn ended(self) {
        self.relay.stop().cancelled().await;
        self.relay.tasks().close();
        let finished = tokio::time::timeout(END_WITHIN, async {
            self.relay.tasks().wait().await;
            self.serving.wait().await;
        });
        if finished.await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        self.relay.queue().stop().await;
        tracing::info!("the relay has ended");
    }
}
