//! What becomes of a message the shop sends.

use serde::{Deserialize, Serialize};

/// How far a message of the shop's has come. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Written down; leaves after the hold.
    Queued,
    /// On its way to the platform; committed before the first byte leaves.
    Sending,
    /// It may have arrived: the platform did not answer. Never resent by the program.
    Unconfirmed,
    /// The platform has it.
    Sent,
    /// It is on the person's device.
    Delivered,
    /// The person opened it.
    Read,
    /// The platform refused it, or could not hand it over.
    Failed,
}

impl Delivery {
    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unconfirmed => "unconfirmed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// The state of a name, as [`Delivery::name`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sending,
            Self::Unconfirmed,
            Self::Sent,
            Self::Delivered,
            Self::Read,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }

    /// Where a message is after the platform reports `news`. Late and repeated reports change
    /// nothing; a failure is final unless the platform later says the message was delivered.
    #[must_use]
    pub const fn advance(self, news: Self) -> Self {
        match (self, news) {
            (Self::Failed, Self::Delivered | Self::Read) => news,
            (Self::Failed, _) => self,
            (Self::Delivered | Self::Read, Self::Failed) => self,
            (_, Self::Failed) => news,
            _ if news.rank() > self.rank() => news,
            _ => self,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Unconfirmed => 2,
            Self::Sent => 3,
            Self::Delivered => 4,
            Self::Read => 5,
            Self::Failed => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Delivery; 7] = [
        Delivery::Queued,
        Delivery::Sending,
        Delivery::Unconfirmed,
        Delivery::Sent,
        Delivery::Delivered,
        Delivery::Read,
        Delivery::Failed,
    ];

    fn any_state() -> impl Strategy<Value = Delivery> {
        prop::sample::select(&ALL[..])
    }

    /// How far a state is from the person: a failure is further than being sent, since it is the
    /// platform's last word, and less than having arrived, which cannot be unsaid.
    fn distance(state: Delivery) -> usize {
        let order = [
            Delivery::Queued,
            Delivery::Sending,
            Delivery::Unconfirmed,
            Delivery::Sent,
            Delivery::Failed,
            Delivery::Delivered,
            Delivery::Read,
        ];
        order
            .iter()
            .position(|one| *one == state)
            .expect("every state is in the order")
    }

    fn settle(start: Delivery, news: &[Delivery]) -> Delivery {
        news.iter().fold(start, |state, news| state.advance(*news))
    }

    /// A delivery that believes the last report: what [`Delivery::advance`] must not be.
    fn settle_by_the_last(start: Delivery, news: &[Delivery]) -> Delivery {
        news.iter().fold(start, |_, news| *news)
    }

    fn never_steps_back(settle: fn(Delivery, &[Delivery]) -> Delivery, news: &[Delivery]) -> bool {
        let steps = (0..=news.len()).filter_map(|end| news.get(..end));
        let states: Vec<_> = steps
            .map(|news| distance(settle(Delivery::Queued, news)))
            .collect();
        states.is_sorted()
    }

    proptest! {
        #[test]
        fn a_message_only_moves_forward(news in prop::collection::vec(any_state(), 0..12)) {
            prop_assert!(never_steps_back(settle, &news));
        }

        #[test]
        fn a_report_heard_twice_changes_nothing(state in any_state(), news in any_state()) {
            let once = state.advance(news);
            prop_assert_eq!(once.advance(news), once);
        }

        #[test]
        fn reports_in_any_order_come_to_the_same_state(
            start in any_state(),
            news in prop::collection::vec(any_state(), 0..12).prop_shuffle(),
        ) {
            let mut sorted = news.clone();
            sorted.sort_by_key(|state| distance(*state));
            prop_assert_eq!(settle(start, &news), settle(start, &sorted));
        }

        #[test]
        fn nothing_is_invented(start in any_state(), news in any_state()) {
            let after = start.advance(news);
            prop_assert!(after == start || after == news);
        }
    }

    #[test]
    fn the_check_for_going_back_notices_one_that_does() {
        assert!(!never_steps_back(
            settle_by_the_last,
            &[Delivery::Read, Delivery::Delivered]
        ));
    }

    #[test]
    fn a_failure_is_final_unless_the_message_arrived_after_all() {
        assert_eq!(Delivery::Failed.advance(Delivery::Sent), Delivery::Failed);
        assert_eq!(
            Delivery::Failed.advance(Delivery::Delivered),
            Delivery::Delivered
        );
        assert_eq!(Delivery::Failed.advance(Delivery::Read), Delivery::Read);
        assert_eq!(
            Delivery::Delivered.advance(Delivery::Failed),
            Delivery::Delivered
        );
        assert_eq!(Delivery::Sent.advance(Delivery::Failed), Delivery::Failed);
    }

    #[test]
    fn read_may_come_without_delivered() {
        assert_eq!(Delivery::Sent.advance(Delivery::Read), Delivery::Read);
        assert_eq!(Delivery::Read.advance(Delivery::Delivered), Delivery::Read);
    }

    #[test]
    fn a_state_is_written_as_it_is_read() {
        for state in ALL {
            assert_eq!(Delivery::from_name(state.name()), Some(state));
            assert_eq!(
                serde_json::to_string(&state).unwrap(),
                format!("\"{}\"", state.name())
            );
        }
        assert_eq!(Delivery::from_name("READ"), None);
    }
}
