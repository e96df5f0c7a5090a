//! Notices that the computer slept, or that its owner is back in front of the window, and lets the
//! engine look at once at what is due: the relay's socket may be long dead without having said so.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use domain::time::{MINUTE, SECOND};
use engine::Engine;
use tokio_util::sync::CancellationToken;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(20);
/// A look that comes this much too late was slept through. Less is a busy computer.
const MISSED: i64 = 40 * SECOND;
/// Who comes back to the window more often than this finds everything as it was.
const SELDOM: i64 = MINUTE;

/// Wakes the engine after each sleep of the computer, until told to stop.
pub async fn watch(engine: Engine, stop: CancellationToken) {
    let mut before = engine.now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
        let now = engine.now();
        if slept(before, now) {
            tracing::info!("the computer slept");
            engine.wake();
        }
        before = now;
    }
}

/// Whether between two looks the clock went on much further than they lie apart.
fn slept(before: Timestamp, now: Timestamp) -> bool {
    let apart = i64::try_from(LOOK.as_millis()).unwrap_or(i64::MAX);
    now.since(before) > apart + MISSED
}

/// When the owner was last here.
#[derive(Debug)]
pub struct Presence {
    last: AtomicI64,
}

impl Presence {
    /// Nobody was here before the program started.
    pub const fn new() -> Self {
        Self {
            last: AtomicI64::new(i64::MIN),
        }
    }

    /// The window is in front again; true if that was not just so.
    pub fn is_back(&self, now: Timestamp) -> bool {
        let last = self.last.swap(now.0, Ordering::Relaxed);
        now.0.saturating_sub(last) >= SELDOM
    }
}

impl Default for Presence {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_comes_late_was_slept_through() {
        let before = Timestamp(1_000_000);
        for (later, expected) in [
            (20 * SECOND, false),
            (50 * SECOND, false),
            (61 * SECOND, true),
            (8 * 60 * MINUTE, true),
            (-5 * MINUTE, false),
        ] {
            let now = Timestamp(before.0 + later);
            assert_eq!(slept(before, now), expected, "{later}");
        }
    }

    #[test]
    fn coming_back_counts_once_a_minute() {
        let presence = Presence::new();
        assert!(presence.is_back(Timestamp(5)), "the first time");
        assert!(!presence.is_back(Timestamp(5 + SECOND)));
        assert!(
            !presence.is_back(Timestamp(5 + MINUTE)),
            "a minute since the last time"
        );
        assert!(presence.is_back(Timestamp(5 + 3 * MINUTE)));
    }
}
