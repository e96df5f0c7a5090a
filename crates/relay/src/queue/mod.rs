//! The durable queue: one road in for everything the relay keeps.
//!
//! One thread writes, many read. What is written together is committed together ([`writer`]); what
//! was answered is on the disk. Nothing here knows what is sealed.

pub(crate) mod aged;
mod commit;
pub(crate) mod counters;
pub(crate) mod deletions;
pub(crate) mod devices;
mod ends;
pub(crate) mod enrol_codes;
pub(crate) mod envelopes;
mod heads;
mod job;
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
    let mut commit = Commit::new(tx, rules, &mut grown, now);
    let done = job(&mut commit)?;
    commit.done();
    grown.settle(tx, rules, now)?;
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

    /// The same for a job that does the same each time it runs: such jobs are undone together if one
    /// of them fails, and then done one by one. They cost less.
    pub(crate) async fn write_again<T: Send + 'static>(
        &self,
        now: i64,
        job: impl Fn(&mut Commit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write_again(now, job).await
    }

    /// Runs `job` on a reading connection, in one snapshot: what is committed meanwhile is not seen
    /// by one half of it. (A look for the next envelope and one at the end of its stream would else
    /// take what came between them for gone.)
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
            let mut connection = match readers.take() {
                Some(connection) => connection,
                None => reopen(&readers.path)?,
            };
            let snapshot = connection.transaction()?;
            let result = job(&snapshot)?;
            snapshot.commit()?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;

    use wire::StreamId;

    use super::commit::Appended;
    use super::envelopes::{Page, page};
    use super::*;
    use crate::config::QueueLimits;
    use crate::keys::Keys;

    const STREAM: (i64, StreamId) = (1, StreamId::from_bytes([0; 16]));

    /// A store with one device, its stream and nothing in it.
    fn store(folder: &Path) -> (PathBuf, Rules) {
        let path = folder.join("queue.db");
        let connection = open(&path).unwrap();
        connection
            .execute_batch(
                "INSERT INTO devices VALUES (1, zeroblob(16), zeroblob(32), 0, 0, NULL, 0, 0);
                 INSERT INTO streams (row, id, device, account, subscription, key_id, seal_key,
                     sequence, link, stored, durable, refused, made_at)
                 VALUES (1, zeroblob(16), 1, zeroblob(32), zeroblob(32), zeroblob(8), zeroblob(32),
                     0, zeroblob(32), 0, 0, 0, 0);",
            )
            .unwrap();
        let keys = Arc::new(Keys::init(&folder.join("keys")).unwrap());
        let limits = QueueLimits::default();
        (path, Rules { keys, limits })
    }

    fn empty(connection: &Connection) -> rusqlite::Result<bool> {
        connection.query_row("SELECT count(*) = 0 FROM envelopes", [], |row| row.get(0))
    }

    fn behind_the_start(connection: &Connection) -> rusqlite::Result<Page> {
        page(connection, STREAM, 0, (10, 1_000))
    }

    #[tokio::test]
    async fn what_is_committed_during_a_look_is_in_no_half_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rules) = store(folder.path());
        let queue = Queue::start(&path, rules, Arc::new(|_| ())).unwrap();
        let (looked, looks) = mpsc::channel();
        let (wrote, written) = mpsc::channel();
        let twice = move |connection: &Connection| {
            let before = empty(connection)?;
            looked.send(()).unwrap();
            written.recv().unwrap();
            Ok((before, empty(connection)?, behind_the_start(connection)?))
        };
        let meanwhile = async {
            let wait = move || looks.recv().unwrap();
            tokio::task::spawn_blocking(wait).await.unwrap();
            let append = |commit: &mut Commit<'_>| commit.append(1, 0, b"sealed");
            queue.write(0, append).await.unwrap();
            wrote.send(()).unwrap();
        };
        let (read, ()) = tokio::join!(queue.read(twice), meanwhile);
        let (before, after, page) = read.unwrap();
        assert_eq!((before, after), (true, true), "one snapshot");
        assert!(
            page.skipped_to.is_none(),
            "nothing is gone that only just came"
        );
        assert!(page.envelopes.is_empty());
        // The next look has it, and has not gone past it.
        let page = queue.read(behind_the_start).await.unwrap();
        assert!(page.skipped_to.is_none());
        assert_eq!(page.envelopes.len(), 1);
        queue.stop().await;
    }

    /// The control: without a snapshot the second half of a look does see what came meanwhile.
    #[tokio::test]
    async fn control_two_looks_of_their_own_see_two_states() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rules) = store(folder.path());
        let queue = Queue::start(&path, rules, Arc::new(|_| ())).unwrap();
        let bare = reopen(&path).unwrap();
        assert!(empty(&bare).unwrap());
        let append = |commit: &mut Commit<'_>| commit.append(1, 0, b"sealed");
        queue.write(0, append).await.unwrap();
        assert!(!empty(&bare).unwrap());
        queue.stop().await;
    }

    /// What the table of counts holds, as another connection sees it.
    fn counted(path: &Path) -> BTreeMap<String, u64> {
        let counts = counters::all(&reopen(path).unwrap()).unwrap();
        let values = counts.into_iter().map(|(name, count)| (name, count.value));
        values.collect()
    }

    /// Holds the writer until what is returned is dropped: what is given meanwhile waits together.
    async fn hold(queue: &Queue) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let queue = queue.clone();
        tokio_util::task::TaskTracker::new().spawn(async move {
            let wait = move |_: &mut Commit<'_>| {
                begin.send(()).unwrap();
                let _ = released.recv();
                Ok(())
            };
            queue.write(0, wait).await.unwrap();
        });
        begun.await.unwrap();
        release
    }

    #[tokio::test]
    async fn what_waits_is_committed_together_and_what_fails_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rules) = store(folder.path());
        let queue = Queue::start(&path, rules, Arc::new(|_| ())).unwrap();
        let release = hold(&queue).await;
        let jobs = (0..20).map(|number| {
            let path = path.clone();
            queue.write(0, move |commit| {
                counters::add(commit, &format!("job {number:02}"), 1, 0)?;
                commit.count("jobs", 1);
                if number == 7 {
                    return Err(rusqlite::Error::InvalidQuery.into());
                }
                Ok(counted(&path))
            })
        });
        let jobs = futures_util::future::join_all(jobs);
        let (done, ()) = tokio::join!(jobs, async { drop(release) });
        let failed: Vec<usize> = (0..).zip(&done).filter_map(failure).collect();
        assert_eq!(failed, [7]);
        // None of the others was committed while the last of them ran.
        assert!(done.last().unwrap().as_ref().unwrap().is_empty());
        let mut there = counted(&path);
        assert_eq!(
            there.remove("jobs"),
            Some(19),
            "once, for all that were done"
        );
        assert_eq!(there.len(), 19, "{there:?}");
        assert!(!there.contains_key("job 07"));
        // The control: what comes alone is committed before the next begins.
        let at = path.clone();
        let seen = queue.write(0, move |_| Ok(counted(&at))).await.unwrap();
        assert_eq!(seen.len(), 20);
        queue.stop().await;
    }

    #[tokio::test]
    async fn what_may_run_again_is_undone_together_and_then_done_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rules) = store(folder.path());
        let woken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&woken);
        let wake = Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let queue = Queue::start(&path, rules, wake).unwrap();
        let release = hold(&queue).await;
        let runs = Arc::new(AtomicU64::new(0));
        let jobs = (0..20).map(|number| {
            let runs = Arc::clone(&runs);
            queue.write_again(0, move |commit| {
                runs.fetch_add(1, Ordering::Relaxed);
                commit.count("jobs", 1);
                if number == 7 {
                    commit.append(1, 0, b"undone")?;
                    return Err(rusqlite::Error::InvalidQuery.into());
                }
                commit.append(1, 0, b"sealed")
            })
        });
        let jobs = futures_util::future::join_all(jobs);
        let (done, ()) = tokio::join!(jobs, async { drop(release) });
        let failed: Vec<usize> = (0..).zip(&done).filter_map(failure).collect();
        assert_eq!(failed, [7]);
        // Eight of them together, and then each of the twenty alone.
        assert_eq!(runs.load(Ordering::Relaxed), 28);
        assert_eq!(counted(&path).remove("jobs"), Some(19));
        let kept = "SELECT count(*), count(*) FILTER (WHERE CAST(sealed AS TEXT) = 'sealed'), max(sequence)
                    FROM envelopes";
        let kept: (u32, u32, u32) = reopen(&path)
            .unwrap()
            .query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!(kept, (19, 19, 19), "without a hole in the chain");
        queue.stop().await;
        assert_eq!(woken.load(Ordering::Relaxed), 19);
    }

    #[tokio::test]
    async fn a_device_has_room_for_no_more_than_its_limit_within_one_commit_too() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut rules) = store(folder.path());
        rules.limits.envelopes = 12;
        let queue = Queue::start(&path, rules, Arc::new(|_| ())).unwrap();
        let release = hold(&queue).await;
        let jobs = (0..20).map(|_| queue.write_again(0, |commit| commit.append(1, 0, b"sealed")));
        let jobs = futures_util::future::join_all(jobs);
        let (done, ()) = tokio::join!(jobs, async { drop(release) });
        let stored = |one: &&Result<Appended>| matches!(one, Ok(Appended::Stored));
        assert_eq!(done.iter().filter(stored).count(), 12);
        let kept = "SELECT d.waiting, d.waiting_bytes, s.sequence, s.refused,
                        (SELECT count(*) FROM heads)
                    FROM devices d JOIN streams s ON s.device = d.row";
        let kept: [i64; 5] = reopen(&path)
            .unwrap()
            .query_row(kept, [], |row| {
                Ok([0, 1, 2, 3, 4].map(|at| row.get_unwrap(at)))
            })
            .unwrap();
        assert_eq!(kept, [12, 12 * 6, 12, 8, 1], "and one head for all of them");
        queue.stop().await;
    }

    fn failure<T>((number, result): (usize, &Result<T>)) -> Option<usize> {
        result.is_err().then_some(number)
    }
}
