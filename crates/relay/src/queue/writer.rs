//! The one thread that writes. It takes what waits, runs it in one transaction, signs the heads of
//! the streams that grew, commits with a full sync, and only then answers.
//!
//! A job that fails is undone alone; a commit that fails undoes all and everybody hears of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use wire::DeviceId;

use super::commit::{Commit, Grown, Rules};
use super::{QueueError, Result};

/// Most jobs in one commit.
const TOGETHER: usize = 64;
/// Jobs that may wait; beyond that, whoever writes waits.
const BACKLOG: usize = 1024;

/// How long emptying the log may wait for readers.
const LOG_WITHIN: Duration = Duration::from_millis(200);

/// Called after a commit with a device that has something new.
pub(crate) type Wake = Arc<dyn Fn(DeviceId) + Send + Sync>;

type Answer = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>) + Send>;
type Job = Box<dyn FnOnce(&mut Commit<'_>) -> Answer + Send>;

#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<(i64, Job)>,
    stopped: tokio_util::sync::CancellationToken,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    pub(crate) fn start(connection: Connection, rules: Rules, wake: Wake) -> Self {
        let (jobs, waiting) = mpsc::channel(BACKLOG);
        let stopped = tokio_util::sync::CancellationToken::new();
        let done = stopped.clone().drop_guard();
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let _done = done;
                write_until_closed(connection, waiting, &rules, &wake);
            })
            .expect("the system gives the relay a thread");
        Self { jobs, stopped }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        now: i64,
        job: impl FnOnce(&mut Commit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |commit| {
            let result = job(commit);
            commit.keep(result.is_ok());
            Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    Err(why) => Err(QueueError::Unavailable(again(why))),
                };
                drop(answer.send(result));
            })
        });
        self.jobs
            .send((now, job))
            .await
            .map_err(|_| QueueError::Stopping)?;
        // Without an answer the job was not begun: the transaction it was to be in broke before.
        answered.await.unwrap_or_else(|_| {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            let unavailable =
                || QueueError::Unavailable(rusqlite::Error::SqliteFailure(busy, None));
            Err(if self.stopped.is_cancelled() {
                QueueError::Stopping
            } else {
                unavailable()
            })
        })
    }

    /// Waits until what was taken is written. The writer ends when the last handle to it is gone.
    pub(crate) async fn stop(&self) {
        let (empty, emptied) = oneshot::channel::<()>();
        let last: Job = Box::new(move |commit| {
            commit.close();
            Box::new(move |_| drop(empty))
        });
        if self.jobs.send((0, last)).await.is_ok() {
            let _ = emptied.await;
        }
        self.stopped.cancelled().await;
    }
}

fn write_until_closed(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<(i64, Job)>,
    rules: &Rules,
    wake: &Wake,
) {
    let mut jobs = Vec::with_capacity(TOGETHER);
    while waiting.blocking_recv_many(&mut jobs, TOGETHER) > 0 {
        let mut closing = false;
        let (answers, outcome) = write_together(&mut connection, &mut jobs, rules, &mut closing);
        jobs.clear();
        for answer in answers {
            answer(outcome.as_ref().map(|_| ()));
        }
        match outcome {
            Ok((devices, erased)) => {
                devices.into_iter().for_each(|device| wake(device));
                if erased {
                    empty_log(&connection);
                }
            }
            Err(why) => tracing::error!(code = ?why.sqlite_error_code(), "a commit failed"),
        }
        if closing {
            break;
        }
    }
    empty_log(&connection);
}

/// Brings the log of writes into the store and empties it. A reader that is in the way for long
/// puts it off to the next time.
fn empty_log(connection: &Connection) {
    let wait = |limit| connection.busy_timeout(limit);
    let emptied = wait(LOG_WITHIN).and_then(|()| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, bool>(0)
        })
    });
    if !matches!(emptied, Ok(false)) {
        tracing::warn!("the log of writes could not be emptied just now");
    }
    if wait(super::BUSY).is_err() {
        tracing::warn!("the store's waiting time could not be set");
    }
}

/// The devices to wake, and whether something was erased.
type Outcome = std::result::Result<(BTreeSet<DeviceId>, bool), rusqlite::Error>;

fn write_together(
    connection: &mut Connection,
    jobs: &mut Vec<(i64, Job)>,
    rules: &Rules,
    closing: &mut bool,
) -> (Vec<Answer>, Outcome) {
    let mut answers = Vec::with_capacity(jobs.len());
    let mut grown = Grown::default();
    let outcome = (|| {
        let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut latest = 0;
        for (now, job) in jobs.drain(..) {
            latest = latest.max(now);
            let savepoint = tx.savepoint()?;
            let mut commit = Commit::new(&savepoint, rules, &mut grown, now);
            answers.push(job(&mut commit));
            *closing |= commit.is_closing();
            if commit.is_kept() {
                savepoint.commit()?;
            } else {
                drop(savepoint);
            }
        }
        let erased = grown.erased;
        let devices = grown.sign_heads(&tx, rules, latest)?;
        tx.commit()?;
        Ok((devices, erased))
    })();
    (answers, outcome)
}

/// A second copy of an error, for everybody in the same commit.
fn again(why: &rusqlite::Error) -> rusqlite::Error {
    match why {
        rusqlite::Error::SqliteFailure(failure, text) => {
            rusqlite::Error::SqliteFailure(*failure, text.clone())
        }
        _ => rusqlite::Error::InvalidQuery,
    }
}
