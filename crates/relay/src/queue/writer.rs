//! The one thread that writes. It takes what waits, runs it in one transaction, signs the heads of
//! the streams that grew, commits with a full sync, and only then answers.
//!
//! A job that fails is undone alone; a commit that fails undoes all and everybody hears of it.
//! Webhooks, of which there are many, share a transaction without a savepoint each: if one of them
//! fails, all are undone and each is done again in a transaction of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use wire::DeviceId;

use super::commit::{Commit, Grown, Rules};
use super::job::{self, Job};
use super::{QueueError, Result};

/// Most jobs in one commit.
const TOGETHER: usize = 64;
/// Jobs that may wait; beyond that, whoever writes waits.
const BACKLOG: usize = 1024;

/// How long emptying the log may wait for readers.
const LOG_WITHIN: Duration = Duration::from_millis(200);

/// Called after a commit with a device that has something new.
pub(crate) type Wake = Arc<dyn Fn(DeviceId) + Send + Sync>;

type Jobs = Vec<Box<dyn Job>>;

#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
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
        let mut desk = Desk {
            connection,
            rules,
            wake,
            closing: false,
        };
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let _done = done;
                desk.write_until_closed(waiting);
            })
            .expect("the system gives the relay a thread");
        Self { jobs, stopped }
    }

    /// Runs a job once, in the next commit.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        now: i64,
        job: impl FnOnce(&mut Commit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.give(job::once(now, job)).await
    }

    /// Runs a job in the next commit; again, if others in that commit make it necessary.
    pub(crate) async fn write_again<T: Send + 'static>(
        &self,
        now: i64,
        job: impl Fn(&mut Commit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.give(job::again(now, job)).await
    }

    async fn give<T>(
        &self,
        (job, answered): (Box<dyn Job>, oneshot::Receiver<Result<T>>),
    ) -> Result<T> {
        self.jobs
            .send(job)
            .await
            .map_err(|_| QueueError::Stopping)?;
        // Without an answer the writer has ended.
        answered.await.unwrap_or(Err(QueueError::Stopping))
    }

    /// Waits until what was taken is written. The writer ends when the last handle to it is gone.
    pub(crate) async fn stop(&self) {
        let close = |commit: &mut Commit<'_>| {
            commit.close();
            Ok(())
        };
        let _: Result<()> = self.write(0, close).await;
        self.stopped.cancelled().await;
    }
}

/// The devices to wake, and whether something was erased.
type Done = (BTreeSet<DeviceId>, bool);

/// Where the writer sits.
struct Desk {
    connection: Connection,
    rules: Rules,
    wake: Wake,
    closing: bool,
}

impl Desk {
    fn write_until_closed(&mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut taken = Vec::with_capacity(TOGETHER);
        while !self.closing && waiting.blocking_recv_many(&mut taken, TOGETHER) > 0 {
            let mut jobs = taken.drain(..).peekable();
            while let Some(first) = jobs.next() {
                let repeats = first.repeats();
                let mut together = vec![first];
                while let Some(job) = jobs.next_if(|job| job.repeats() == repeats) {
                    together.push(job);
                }
                self.write(together);
            }
        }
        self.empty_log();
    }

    /// Writes jobs of one kind.
    fn write(&mut self, mut jobs: Jobs) {
        match self.commit(&mut jobs) {
            Err(Broken::Job) if jobs.len() > 1 => {
                jobs.into_iter().for_each(|job| self.write(vec![job]));
            }
            Err(Broken::Job) => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
            Err(Broken::Commit(why)) => {
                tracing::error!(code = ?why.sqlite_error_code(), "a commit failed");
                jobs.into_iter().for_each(|job| job.answer(Err(&why)));
            }
            Ok((devices, erased)) => {
                jobs.into_iter().for_each(|job| job.answer(Ok(())));
                devices.into_iter().for_each(|device| (self.wake)(device));
                if erased {
                    self.empty_log();
                }
            }
        }
    }

    fn commit(&mut self, jobs: &mut Jobs) -> std::result::Result<Done, Broken> {
        let mut grown = match jobs.iter().all(|job| job.repeats()) {
            true => Grown::holding(),
            false => Grown::default(),
        };
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut latest = 0;
        for job in jobs {
            latest = latest.max(job.now());
            if !job.repeats() {
                run(&tx, "SAVEPOINT job")?;
            }
            let mut commit = Commit::new(&tx, &self.rules, &mut grown, job.now());
            let done = job.run(&mut commit);
            self.closing |= commit.is_closing();
            if done {
                commit.done();
            } else if job.repeats() {
                return Err(Broken::Job);
            } else {
                run(&tx, "ROLLBACK TO job")?;
            }
            if !job.repeats() {
                run(&tx, "RELEASE job")?;
            }
        }
        let erased = grown.erased;
        let devices = grown.settle(&tx, &self.rules, latest)?;
        tx.commit()?;
        Ok((devices, erased))
    }

    /// Brings the log of writes into the store and empties it. A reader that is in the way for long
    /// puts it off to the next time.
    fn empty_log(&self) {
        let wait = |limit| self.connection.busy_timeout(limit);
        let emptied = wait(LOG_WITHIN).and_then(|()| {
            let empty = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection
                .query_row(empty, [], |row| row.get::<_, bool>(0))
        });
        if !matches!(emptied, Ok(false)) {
            tracing::warn!("the log of writes could not be emptied just now");
        }
        if wait(super::BUSY).is_err() {
            tracing::warn!("the store's waiting time could not be set");
        }
    }
}

/// Why nothing of a transaction is left.
enum Broken {
    /// A job without a savepoint failed.
    Job,
    /// The store did.
    Commit(rusqlite::Error),
}

impl From<rusqlite::Error> for Broken {
    fn from(why: rusqlite::Error) -> Self {
        Self::Commit(why)
    }
}

/// Runs a statement that is prepared once: there are two for each job.
fn run(tx: &Transaction<'_>, statement: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(statement)?.execute([]).map(|_| ())
}
