//! Until when, and by what means, a platform allows an answer. Never the constant 24 hours: a dated
//! table of rules decides.

use serde::{Deserialize, Serialize};

use crate::time::{DAY, HOUR};
use crate::{Channel, Timestamp};

/// By which permission an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// An ordinary answer inside the window.
    Response,
    /// Messenger's and Instagram's HUMAN_AGENT tag: typed by a person, up to seven days.
    HumanAgent,
}

/// What is allowed at a moment, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyWindow {
    /// Anyone may answer until `until`.
    Open {
        /// When the ordinary window ends.
        until: Timestamp,
        /// Whether a person may go on after that (HUMAN_AGENT), and until when.
        then_human_until: Option<Timestamp>,
    },
    /// Only what a person typed may be sent, until `until`.
    HumanOnly {
        /// When the last means ends.
        until: Timestamp,
    },
    /// Closed until the person writes again (on WhatsApp: only approved templates).
    Closed {
        /// When it closed; `None` if the person never wrote.
        since: Option<Timestamp>,
    },
    /// The channel has no limit.
    Unlimited,
}

/// A platform refused an answer because its own window was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// By which means the answer was tried.
    pub means: Means,
    /// It holds until the person writes something newer than this.
    pub upto: Timestamp,
}

/// A row of the rules table: what a platform allows from a date on, and where it says so. When a
/// platform changes its mind a row is added, none is changed.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The channel it is for.
    pub channel: Channel,
    /// From when on it holds, as far as we know.
    pub from: Timestamp,
    /// How long anyone may answer after the person's last message, in milliseconds.
    pub open: i64,
    /// How long a person may answer with the app's Human Agent feature, in milliseconds.
    pub human: Option<i64>,
    /// Where the platform says so, and when it was read.
    pub source: &'static str,
}

/// 2026-11-01: the rules were read that month; what held before is not needed any more.
const NOVEMBER_2026: Timestamp = Timestamp::from_seconds(1_793_491_200);

/// The rules, by date. Threads opened by an advert have none of their own: 72 hours and 7 days are
/// told of them, and neither could be confirmed (docs/adr/0012).
pub const RULES: [Rule; 3] = [
    Rule {
        channel: Channel::Messenger,
        from: NOVEMBER_2026,
        open: 24 * HOUR,
        human: Some(7 * DAY),
        source: "Messenger Platform, Send API and message tags, read 2026-11",
    },
    Rule {
        channel: Channel::Instagram,
        from: NOVEMBER_2026,
        open: 24 * HOUR,
        human: Some(7 * DAY),
        source: "Instagram Platform, messaging window and Human Agent, read 2026-11",
    },
    Rule {
        channel: Channel::Whatsapp,
        from: NOVEMBER_2026,
        open: 24 * HOUR,
        human: None,
        source: "WhatsApp Business Platform, customer service window, read 2026-11",
    },
];

/// What is allowed at `now` on `channel`, when the person last wrote at `last_inbound` and the app
/// has Meta's Human Agent feature or not.
pub fn reply_window(
    channel: Channel,
    last_inbound: Option<Timestamp>,
    human_agent: bool,
    now: Timestamp,
) -> ReplyWindow {
    let Some(rule) = rule_at(&RULES, channel, now) else {
        return ReplyWindow::Unlimited;
    };
    let Some(last) = last_inbound else {
        return ReplyWindow::Closed { since: None };
    };
    let open_until = last.plus(rule.open);
    let human_until = rule
        .human
        .filter(|_| human_agent)
        .map(|human| last.plus(human));
    if now < open_until {
        return ReplyWindow::Open {
            until: open_until,
            then_human_until: human_until,
        };
    }
    match human_until {
        Some(until) if now < until => ReplyWindow::HumanOnly { until },
        _ => ReplyWindow::Closed {
            since: Some(human_until.unwrap_or(open_until)),
        },
    }
}

/// The newest rule that holds at `now`; before the first one (a clock that is wrong) the first.
/// `None` only for a channel without rules, never for a wrong clock.
fn rule_at(rules: &[Rule], channel: Channel, now: Timestamp) -> Option<&Rule> {
    let of_channel = || rules.iter().filter(|rule| rule.channel == channel);
    of_channel()
        .filter(|rule| rule.from <= now)
        .max_by_key(|rule| rule.from)
        .or_else(|| of_channel().min_by_key(|rule| rule.from))
}

impl ReplyWindow {
    /// The window once a platform has refused an answer as too late: its word wins over our count,
    /// until the person writes again. What was refused by the ordinary means may still go as a
    /// person's answer, where the channel knows that; what was refused as such can go by none.
    #[must_use]
    pub fn after(self, refusal: Option<Refusal>, last_inbound: Option<Timestamp>) -> Self {
        let Some(refusal) = refusal.filter(|refusal| last_inbound <= Some(refusal.upto)) else {
            return self;
        };
        match (self, refusal.means) {
            (
                Self::Open {
                    then_human_until: Some(until),
                    ..
                },
                Means::Response,
            ) => Self::HumanOnly { until },
            (Self::Open { .. }, _) | (Self::HumanOnly { .. }, Means::HumanAgent) => {
                Self::Closed { since: None }
            }
            (
                Self::HumanOnly { .. } | Self::Closed { .. } | Self::Unlimited,
                Means::Response | Means::HumanAgent,
            ) => self,
        }
    }

    /// By which means a message typed by a person may leave now; `None` if by none.
    pub const fn means(self) -> Option<Means> {
        match self {
            Self::Open { .. } | Self::Unlimited => Some(Means::Response),
            Self::HumanOnly { .. } => Some(Means::HumanAgent),
            Self::Closed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::SECOND;

    const LAST: Timestamp = NOVEMBER_2026.plus(20 * DAY);

    fn after(channel: Channel, human_agent: bool, milliseconds: i64) -> ReplyWindow {
        reply_window(channel, Some(LAST), human_agent, LAST.plus(milliseconds))
    }

    #[test]
    fn messenger_and_instagram_are_open_for_a_day_then_for_people_until_the_seventh() {
        let day = LAST.plus(DAY);
        let week = LAST.plus(7 * DAY);
        for channel in [Channel::Messenger, Channel::Instagram] {
            let open = ReplyWindow::Open {
                until: day,
                then_human_until: Some(week),
            };
            for (passed, window) in [
                (0, open),
                (DAY - 1, open),
                (DAY, ReplyWindow::HumanOnly { until: week }),
                (DAY + 1, ReplyWindow::HumanOnly { until: week }),
                (7 * DAY - 1, ReplyWindow::HumanOnly { until: week }),
                (7 * DAY, ReplyWindow::Closed { since: Some(week) }),
                (70 * DAY, ReplyWindow::Closed { since: Some(week) }),
            ] {
                assert_eq!(after(channel, true, passed), window, "{channel:?} {passed}");
            }
        }
    }

    #[test]
    fn without_the_human_agent_feature_the_day_is_the_end() {
        let day = LAST.plus(DAY);
        for channel in [Channel::Messenger, Channel::Instagram, Channel::Whatsapp] {
            let open = ReplyWindow::Open {
                until: day,
                then_human_until: None,
            };
            assert_eq!(after(channel, false, DAY - 1), open);
            assert_eq!(
                after(channel, false, DAY),
                ReplyWindow::Closed { since: Some(day) }
            );
        }
    }

    #[test]
    fn whatsapp_knows_no_human_agent() {
        let day = LAST.plus(DAY);
        let open = ReplyWindow::Open {
            until: day,
            then_human_until: None,
        };
        assert_eq!(after(Channel::Whatsapp, true, DAY - 1), open);
        let closed = ReplyWindow::Closed { since: Some(day) };
        assert_eq!(after(Channel::Whatsapp, true, DAY), closed);
        assert_eq!(closed.means(), None);
    }

    #[test]
    fn who_never_wrote_cannot_be_written_to_and_sms_has_no_window() {
        for rule in RULES {
            let never = reply_window(rule.channel, None, true, LAST);
            assert_eq!(never, ReplyWindow::Closed { since: None });
        }
        assert_eq!(
            reply_window(Channel::Sms, None, false, LAST),
            ReplyWindow::Unlimited
        );
    }

    #[test]
    fn every_row_names_its_date_and_its_source() {
        for rule in RULES {
            assert!(rule.source.contains("read 2026-11"), "{}", rule.source);
            assert!(rule.from.0 > 0 && rule.open > 0);
            assert!(rule.human.is_none_or(|human| human > rule.open));
        }
        for channel in [Channel::Messenger, Channel::Instagram, Channel::Whatsapp] {
            assert!(
                RULES.iter().any(|rule| rule.channel == channel),
                "{channel:?}"
            );
        }
    }

    #[test]
    fn the_newest_rule_in_force_decides_and_a_wrong_clock_opens_nothing() {
        let [first, ..] = RULES;
        let later = Rule {
            from: first.from.plus(DAY),
            open: HOUR,
            ..first
        };
        let rules = [later, first];
        let open = |now| rule_at(&rules, first.channel, now).map(|rule| rule.open);
        assert_eq!(open(first.from), Some(first.open));
        assert_eq!(open(later.from.plus(-1)), Some(first.open));
        assert_eq!(open(later.from), Some(HOUR));
        assert_eq!(open(Timestamp(0)), Some(first.open));
        assert_eq!(open(Timestamp(i64::MAX)), Some(HOUR));
        let in_1970 = reply_window(Channel::Messenger, None, true, Timestamp(0));
        assert_eq!(in_1970, ReplyWindow::Closed { since: None });
    }

    fn refused(means: Means) -> Option<Refusal> {
        Some(Refusal { means, upto: LAST })
    }

    #[test]
    fn the_platform_s_no_wins_over_our_count_until_the_person_writes_again() {
        let closed = ReplyWindow::Closed { since: None };
        let open = |channel, human_agent| after(channel, human_agent, HOUR);
        for (channel, human_agent) in [
            (Channel::Whatsapp, true),
            (Channel::Messenger, false),
            (Channel::Instagram, false),
        ] {
            let window = open(channel, human_agent);
            let no = refused(Means::Response);
            assert_eq!(window.after(no, Some(LAST)), closed, "{channel:?}");
            assert_eq!(window.after(no, Some(LAST.plus(1))), window);
            assert_eq!(window.after(None, Some(LAST)), window, "the control");
        }
    }

    #[test]
    fn a_person_may_go_on_after_the_ordinary_no_and_not_after_their_own() {
        let week = LAST.plus(7 * DAY);
        for passed in [HOUR, 2 * DAY] {
            let window = after(Channel::Messenger, true, passed);
            let once = window.after(refused(Means::Response), Some(LAST));
            assert_eq!(once, ReplyWindow::HumanOnly { until: week });
            let twice = window.after(refused(Means::HumanAgent), Some(LAST));
            assert_eq!(twice, ReplyWindow::Closed { since: None });
        }
        let over = after(Channel::Messenger, true, 8 * DAY);
        for means in [Means::Response, Means::HumanAgent] {
            assert_eq!(over.after(refused(means), Some(LAST)), over);
            let sms = ReplyWindow::Unlimited;
            assert_eq!(sms.after(refused(means), Some(LAST)), sms);
        }
    }

    proptest! {
        #[test]
        fn a_refusal_opens_nothing(
            passed in 0..30 * DAY, human_agent: bool, wrote in -DAY..DAY,
            means in prop::sample::select(&[Means::Response, Means::HumanAgent][..]),
            channel in prop::sample::select(&RULES[..]),
        ) {
            let window = after(channel.channel, human_agent, passed);
            let said = window.after(refused(means), Some(LAST.plus(wrote)));
            prop_assert!(said.means().is_none() || window.means().is_some());
            if wrote <= 0 {
                prop_assert_ne!(said.means(), Some(means));
            }
        }

        #[test]
        fn a_window_never_opens_again_without_a_new_message(
            passed in 0..30 * DAY, more in 0..30 * DAY, human_agent: bool,
            channel in prop::sample::select(&RULES[..]),
        ) {
            let rank = |window: ReplyWindow| match window {
                ReplyWindow::Unlimited => 3,
                ReplyWindow::Open { .. } => 2,
                ReplyWindow::HumanOnly { .. } => 1,
                ReplyWindow::Closed { .. } => 0,
            };
            let channel = channel.channel;
            let before = rank(after(channel, human_agent, passed));
            prop_assert!(rank(after(channel, human_agent, passed + more)) <= before);
        }

        #[test]
        fn the_end_that_is_shown_is_the_end(passed in 0..10 * DAY, human_agent: bool) {
            for rule in RULES {
                let window = after(rule.channel, human_agent, passed);
                if let ReplyWindow::Open { until, .. } | ReplyWindow::HumanOnly { until } = window {
                    let at = |moment| reply_window(rule.channel, Some(LAST), human_agent, moment);
                    prop_assert_eq!(at(until.plus(-SECOND)).means(), window.means());
                    prop_assert_ne!(at(until).means(), window.means());
                }
            }
        }
    }
}
