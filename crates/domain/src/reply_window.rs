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

/// A row of the rules table: what a platform allowed from a date on, and where it says so.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The channel it is for.
    pub channel: Channel,
    /// How long anyone may answer after the person's last message, in milliseconds.
    pub open: i64,
    /// How long a person may answer with the app's Human Agent feature, in milliseconds.
    pub human: Option<i64>,
    /// Where the platform says so, and when it was read.
    pub source: &'static str,
}

/// The rules of November 2026.
pub const RULES: [Rule; 3] = [
    Rule {
        channel: Channel::Messenger,
        open: 24 * HOUR,
        human: Some(7 * DAY),
        source: "Messenger Platform, Send API and message tags, read 2026-11",
    },
    Rule {
        channel: Channel::Instagram,
        open: 24 * HOUR,
        human: Some(7 * DAY),
        source: "Instagram Platform, messaging window and Human Agent, read 2026-11",
    },
    Rule {
        channel: Channel::Whatsapp,
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
    let Some(rule) = RULES.iter().find(|rule| rule.channel == channel) else {
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

impl ReplyWindow {
    /// By which means a message typed by a person may leave now; `None` if by none.
    pub const fn means(self) -> Option<Means> {
        match self {
            Self::Open { .. } | Self::Unlimited => Some(Means::Response),
            Self::HumanOnly { .. } => Some(Means::HumanAgent),
            Self::Closed { .. } => None,
        }
    }
}
