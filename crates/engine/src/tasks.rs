//! Tasks with an owner and an end: told to stop, waited for, and ended if they do not. A loop that
//! dies is noticed and started again.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a stop waits for what is half done.
const PATIENCE: Duration = Duration::from_secs(6);

/// Tasks with an owner and an end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    aborts: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Tasks {
    /// Runs a task until it ends by itself or is stopped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.tracker.spawn(task).abort_handle();
        let mut aborts = self.aborts.lock().unwrap_or_else(PoisonError::into_inner);
        aborts.retain(|known| !known.is_finished());
        aborts.push(handle);
    }

    /// Runs a loop until stopped. One that dies is noticed and started again.
    pub(crate) fn keep<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        make: impl Fn() -> F + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.spawn(async move {
            loop {
                let ended = AssertUnwindSafe(make()).catch_unwind().await;
                if stop.is_cancelled() {
                    return;
                }
                tracing::error!(
                    name,
                    died = ended.is_err(),
                    "a loop ended and is started again"
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        });
    }

    /// Tells every task to stop, waits, and ends what does not.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(PATIENCE, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("some tasks did not stop in time");
            let aborts = self.aborts.lock().unwrap_or_else(PoisonError::into_inner);
            aborts.iter().for_each(AbortHandle::abort);
        }
    }
}
