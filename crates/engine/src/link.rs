//! The road to the relay: one socket, opened again whenever it is lost. What arrives is handed to
//! [`crate::ingest`] (connections) and [`crate::control`] (the relay's own word); a stream's cursor
//! is reported only after it is committed, and its durable cursor only after a checkpoint. This
//! folder is the only place in the engine that talks to a network.

pub(crate) mod client;
mod feed;
pub(crate) mod inlet;
pub(crate) mod loopback;
mod session;
mod socket;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::news::News;
use crate::phase::LinkState;
use crate::random;
use crate::shop::Shop;

use session::End;

/// The first pause after a socket was lost.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Before a delivery is asked for once more.
const ASK_AGAIN_PAUSE: Duration = Duration::from_millis(100);
/// A socket that stood this long was a good one: the next pause is short again.
const GOOD: Duration = Duration::from_secs(30);
/// How often the wall clock is compared with the steady one.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(10);
/// A difference of this many milliseconds means that the computer slept.
const SLEPT: i64 = 120_000;

/// Why a socket is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The program stops.
    Stopped,
    /// The relay was not reached, or is silent.
    Lost,
    /// The session ended it.
    Ended(End),
    /// What came could not be written down: nothing was acknowledged.
    CannotWrite,
    /// There is a reason to start anew at once: the computer slept, or another relay was chosen.
    Anew,
}

/// Keeps a socket to the relay until told to stop.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    let mut pause = SHORTEST_PAUSE;
    let mut offline_since = None;
    let mut asked = HashSet::new();
    loop {
        let Some(relay) = shop.relay() else {
            set_state(&shop, LinkState::None);
            tokio::select! {
                () = stop.cancelled() => return,
                () = shop.wake.link.notified() => continue,
            }
        };
        if *shop.link.borrow() != LinkState::Online {
            set_state(&shop, not_online(offline_since));
        }
        let began = Instant::now();
        let closed = socket::hold(&shop, &relay, &mut asked, &stop).await;
        if *shop.link.borrow() == LinkState::Online {
            offline_since = None;
            if began.elapsed() >= GOOD {
                pause = SHORTEST_PAUSE;
            }
        }
        let wait = match closed {
            Closed::Stopped => return,
            Closed::Anew => continue,
            // A new socket at once, and nobody is told that the road was lost.
            Closed::Ended(End::AskAgain) => random::jitter(ASK_AGAIN_PAUSE),
            Closed::Lost | Closed::Ended(_) | Closed::CannotWrite => {
                tracing::info!(?closed, "the road to the relay was lost");
                offline_since = offline_since.or(Some(shop.now()));
                set_state(&shop, not_online(offline_since));
                let wait = asked_pause(closed).unwrap_or_else(|| random::jitter(pause));
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.link.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn not_online(since: Option<Timestamp>) -> LinkState {
    since.map_or(LinkState::Connecting, |since| LinkState::Offline { since })
}

/// The relay may say itself when to come back.
fn asked_pause(closed: Closed) -> Option<Duration> {
    let Closed::Ended(End::Bye(_, retry_in)) = closed else {
        return None;
    };
    let asked = Duration::from_millis(u64::try_from(retry_in).ok()?);
    Some(asked.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
}

/// Says how the road is, if that is news.
pub(crate) fn set_state(shop: &Shop, state: LinkState) {
    let changed = shop.link.send_if_modified(|known| {
        let differs = *known != state;
        *known = state;
        differs
    });
    if changed {
        shop.herald.tell(News::App);
    }
}

#[cfg(test)]
mod tests {
    use wire::frame::ByeReason;

    use super::*;

    #[test]
    fn a_relay_that_says_when_is_obeyed_within_reason() {
        let bye = |retry_in| Closed::Ended(End::Bye(ByeReason::Stopping, retry_in));
        assert_eq!(asked_pause(bye(2_000)), Some(Duration::from_secs(2)));
        assert_eq!(asked_pause(bye(0)), Some(SHORTEST_PAUSE));
        assert_eq!(asked_pause(bye(i64::MAX)), Some(LONGEST_PAUSE));
        assert_eq!(asked_pause(bye(-1)), None);
        assert_eq!(asked_pause(Closed::Lost), None);
    }
}
