//! The durable queue: one road in for everything the relay keeps.
//!
//! One thread writes, many read. What is written together is committed together ([`writer`]); what
//! was answered is on the disk. Nothing here knows what is sealed.

pub(crate) mod aged;
mod commit;
pub(crate) mod counters;
pub(crate) mod deletions;
pub(crate) mod devices;
pub(crate) mod enrol_codes;
pub(crate) mod envelopes;
pub(crate) mod logins;
mod open;
pub(crate) mod pending;
pub(crate) mod receipts;
pub(crate) mod routes;
pub(crate) mod seen;
pub(crate) mod streams;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

pub(crate) use commit::{Commit, Rules};
pub(crate) use open::{open, reopen};
pub(crate) use writer::Wake;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It cannot be written or read right now: locked, full, failing.
    #[error("the store cannot be used right now")]
    Unavailable(#[from] rusqlite::Error),
    /// It was written by a newer relay.
    #[error("the store was written by a newer version of the relay")]
    Newer,
    /// The relay is stopping.
    #[error("the relay is stopping")]
    Stopping,
}

pub(crate) type Result<T> = std::result::Result<T, QueueError>;

/// Writes within a transaction of the caller's, where no relay is serving.
pub(crate) fn write_at_once<T>(
    tx: &rusqlite::Transaction<'_>,
    rules: &Rules,
    now: i64,
    job: impl FnOnce(&mut Commit<'_>) -> Result<T>,
) -> Result<T> {
    let mut grown = commit::Grown::default();
    let done = job(&mut Commit::new(tx, rules, &mut grown, now))?;
    grown.sign_heads(tx, rules, now)?;
    Ok(done)
}

/// How long anybody waits for somebody else's lock on the store.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Connections that read beside the writer.
const READERS: usize = 8;

/// The store, as the rest of the relay sees it.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    writer: writer::Writer,
    readers: Arc<Readers>,
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    seats: Semaphore,
}

impl Queue {
    /// Opens the store and starts its writer. `wake` is called after each commit for each device
    /// that has something new.
    pub(crate) fn start(path: &Path, rules: Rules, wake: Wake) -> Result<Self> {
        let connection = open(path)?;
        let writer = writer::Writer::start(connection, rules, wake);
        let idle = Mutex::new(Vec::new());
        let seats = Semaphore::new(READERS);
        Ok(Self {
            writer,
            readers: Arc::new(Readers {
                path: path.to_owned(),
                idle,
                seats,
            }),
        })
    }

    /// Runs `job` in the next commit and returns when that is on the disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        now: i64,
        job: impl FnOnce(&mut Commit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(now, job).await
    }

    /// Runs `job` on a reading connection.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(&self.readers);
        let _seat = self
            .readers
            .seats
            .acquire()
            .await
            .map_err(|_| QueueError::Stopping)?;
        let reading = tokio::task::spawn_blocking(move || {
            let connection = match readers.take() {
                Some(connection) => connection,
                None => reopen(&readers.path)?,
            };
            let result = job(&connection)?;
            readers.give_back(connection);
            Ok(result)
        });
        reading.await.map_err(|_| QueueError::Stopping)?
    }

    /// Stops the writer after what it has taken; further writes are refused.
    pub(crate) async fn stop(&self) {
        self.writer.stop().await;
    }
}

impl Readers {
    fn take(&self) -> Option<Connection> {
        self.idle
            .lock()
            .expect("no reader panics while it holds the list")
            .pop()
    }

    fn give_back(&self, connection: Connection) {
        self.idle
            .lock()
            .expect("no reader panics while it holds the list")
            .push(connection);
    }
}
