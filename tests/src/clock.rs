//! The tests' clock: real time, and as much more as a test says has passed. Everything that runs
//! in the test's own process reads it; nothing waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// A clock that can be moved ahead.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        real() + self.ahead.load(Ordering::SeqCst)
    }

    /// Lets this much time have passed.
    pub fn pass(&self, time: Duration) {
        let milliseconds = i64::try_from(time.as_millis()).expect("no test lasts for ages");
        self.ahead.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// As a plain function.
    pub fn reader(&self) -> impl Fn() -> i64 + Send + Sync + 'static {
        let clock = self.clone();
        move || clock.now()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' one clock is made here"
)]
fn real() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
