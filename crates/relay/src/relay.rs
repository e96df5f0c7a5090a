//! What every part of a running relay shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::Config;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::platform::Platform;
use crate::pseudonym::{Kind, Pseudonym};
use crate::queue::{Queue, counters};
use crate::registry::Registry;
use crate::sealing::Sealers;

/// A running relay.
#[derive(Clone, Debug)]
pub(crate) struct Relay(Arc<Parts>);

/// What it is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) keys: Arc<Keys>,
    pub(crate) queue: Queue,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Clock,
    pub(crate) platform: Platform,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) sealers: Arc<Sealers>,
    pub(crate) webhook_seats: Semaphore,
    pub(crate) greeting_seats: Semaphore,
    pub(crate) forged: AtomicU64,
    pub(crate) looked: Mutex<Option<(i64, bool)>>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Relay {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.0.keys
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0.queue
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.0.platform
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What the log calls a device or a login.
    pub(crate) fn logged(&self, id: &[u8]) -> Pseudonym {
        self.0.keys.pepper().name(Kind::Logged, id)
    }

    /// What came of the last look whether the store can be written, and when that was.
    pub(crate) fn looked(&self) -> &Mutex<Option<(i64, bool)>> {
        &self.0.looked
    }

    /// Ends when the relay is to stop.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Where tasks that outlive their request are kept.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// A place among the webhooks that are dealt with at once, if one is free.
    pub(crate) fn webhook_seat(&self) -> Option<SemaphorePermit<'_>> {
        self.0.webhook_seats.try_acquire().ok()
    }

    /// A place among the sockets that have not yet shown who they are, if one is free.
    pub(crate) fn greeting_seat(&self) -> Option<SemaphorePermit<'_>> {
        self.0.greeting_seats.try_acquire().ok()
    }

    /// What seals for the streams.
    pub(crate) fn sealers(&self) -> &Arc<Sealers> {
        &self.0.sealers
    }

    /// Counts something that `doctor` names. What strangers can cause costs no write: it is kept in
    /// memory and written with the next sweep.
    pub(crate) async fn count(&self, name: &'static str) {
        if name == counters::FORGED {
            self.0.forged.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let now = self.0.clock.now();
        let counted = self.0.queue.write(now, move |commit| {
            commit.count(name, 1);
            Ok(())
        });
        if let Err(why) = counted.await {
            tracing::warn!(%why, name, "a count was lost");
        }
    }

    /// The forged webhooks since this was last asked.
    pub(crate) fn take_forged(&self) -> u64 {
        self.0.forged.swap(0, Ordering::Relaxed)
    }
}
