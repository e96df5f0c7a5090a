//! What the writer is given: something to do within a commit, and somebody who waits for it.

use rusqlite::Error;
use tokio::sync::oneshot;

use super::commit::Commit;
use super::{QueueError, Result};

/// A job and whoever waits for it.
pub(super) trait Job: Send {
    /// When it was given.
    fn now(&self) -> i64;

    /// It may run again once what it did is undone. Such jobs need no savepoint each.
    fn repeats(&self) -> bool;

    /// Does it. False: what it did is to be undone.
    fn run(&mut self, commit: &mut Commit<'_>) -> bool;

    /// Says what came of it, once that is on the disk or is not.
    fn answer(self: Box<Self>, committed: std::result::Result<(), &Error>);
}

/// The closures are of one shape; [`once`] wraps what runs once only.
struct Given<T, J> {
    now: i64,
    repeats: bool,
    job: J,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

/// A job that runs once only.
pub(super) fn once<T: Send + 'static>(
    now: i64,
    job: impl FnOnce(&mut Commit<'_>) -> Result<T> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>) {
    let mut job = Some(job);
    let job = move |commit: &mut Commit<'_>| job.take().map(|job| job(commit));
    give(now, false, job)
}

/// A job that does the same each time.
pub(super) fn again<T: Send + 'static>(
    now: i64,
    job: impl Fn(&mut Commit<'_>) -> Result<T> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>) {
    give(now, true, move |commit: &mut Commit<'_>| Some(job(commit)))
}

fn give<T: Send + 'static>(
    now: i64,
    repeats: bool,
    job: impl FnMut(&mut Commit<'_>) -> Option<Result<T>> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>) {
    let (answer, answered) = oneshot::channel();
    let given = Given {
        now,
        repeats,
        job,
        result: None,
        answer,
    };
    (Box::new(given), answered)
}

impl<T, J> Job for Given<T, J>
where
    T: Send,
    J: FnMut(&mut Commit<'_>) -> Option<Result<T>> + Send,
{
    fn now(&self) -> i64 {
        self.now
    }

    fn repeats(&self) -> bool {
        self.repeats
    }

    fn run(&mut self, commit: &mut Commit<'_>) -> bool {
        self.result = (self.job)(commit);
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), &Error>) {
        let answer = match (self.result, committed) {
            // It failed by itself: that says more than what became of the others.
            (Some(Err(own)), _) => Err(own),
            (_, Err(why)) => Err(QueueError::Unavailable(copied(why))),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(QueueError::Stopping),
        };
        drop(self.answer.send(answer));
    }
}

/// A second copy of an error, for everybody in the same commit.
fn copied(why: &Error) -> Error {
    match why {
        Error::SqliteFailure(failure, text) => Error::SqliteFailure(*failure, text.clone()),
        _ => Error::InvalidQuery,
    }
}
