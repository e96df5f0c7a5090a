//! The three retry policies: how long Meta keeps trying, and what happens when it gives up.
//!
//! Meta publishes only the spans (36 hours, seven days, an hour until a Page is unsubscribed) and
//! that the first retry comes at once and the gaps grow; the gaps are this stand-in's own choice.

use std::time::Duration;

use super::update::Lane;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// How long it keeps trying.
    span: Duration,
    /// The longest gap between two attempts.
    longest_gap: Duration,
    /// Whether the account is unsubscribed when it gives up.
    pub(crate) unsubscribes: bool,
}

impl Policy {
    pub(crate) fn of(lane: Lane) -> Self {
        let (span, gap, unsubscribes) = match lane {
            // Messages of Pages and their Instagram accounts: an hour, then no more webhooks.
            Lane::Messenger | Lane::Instagram => (HOUR, 10 * MINUTE, true),
            // Every other Graph webhook.
            Lane::Permissions => (36 * HOUR, HOUR, false),
            Lane::Whatsapp => (7 * 24 * HOUR, 4 * HOUR, false),
        };
        Self {
            span: Duration::from_secs(span),
            longest_gap: Duration::from_secs(gap),
            unsubscribes,
        }
    }

    /// How long to wait before retry `number` (from 1), when the first failure was `since` ago;
    /// `None` when it is time to give up.
    pub(crate) fn wait(self, number: u32, since: Duration) -> Option<Duration> {
        if since >= self.span {
            return None;
        }
        if number <= 1 {
            return Some(Duration::ZERO);
        }
        let growing = Duration::from_secs(5) * 2_u32.saturating_pow((number - 2).min(20));
        let gap = growing.min(self.longest_gap);
        Some(gap.min(self.span - since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(lane: Lane) -> Vec<u64> {
        let (mut since, mut out) = (Duration::ZERO, Vec::new());
        for number in 1.. {
            let Some(gap) = Policy::of(lane).wait(number, since) else {
                break;
            };
            since += gap;
            out.push(since.as_secs());
        }
        out
    }

    #[test]
    fn the_first_retry_is_at_once_and_the_gaps_grow() {
        let times = timetable(Lane::Messenger);
        assert_eq!(times[..5], [0, 5, 15, 35, 75]);
        assert!(times.windows(2).all(|pair| pair[1] > pair[0]));
    }

    #[test]
    fn each_policy_ends_with_its_own_span() {
        assert_eq!(timetable(Lane::Instagram).last(), Some(&3_600));
        assert_eq!(timetable(Lane::Permissions).last(), Some(&(36 * 3_600)));
        assert_eq!(timetable(Lane::Whatsapp).last(), Some(&(7 * 24 * 3_600)));
        assert!(Policy::of(Lane::Messenger).unsubscribes);
        assert!(!Policy::of(Lane::Whatsapp).unsubscribes);
    }
}
