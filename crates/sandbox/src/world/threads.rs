//! What customers and the shop have said to each other, one thread per customer and account.

use serde::Serialize;

use super::people::{PEOPLE, Person};
use super::shop::Channel;
use crate::ids::{instagram_base64, stable_digits};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tick {
    Sent,
    Delivered,
    Read,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) from_shop: bool,
    pub(crate) at: i64,
    pub(crate) text: Option<String>,
    /// The stored media of a picture.
    pub(crate) picture: Option<String>,
    pub(crate) reply_to: Option<String>,
    /// Emoji by side: the customer's, the shop's.
    pub(crate) customer_reaction: Option<String>,
    pub(crate) shop_reaction: Option<String>,
    pub(crate) tick: Tick,
    /// The code it failed with after it was accepted.
    pub(crate) failed: Option<i64>,
    pub(crate) unsent: bool,
    /// `metadata` or `biz_opaque_callback_data`, as it was sent.
    pub(crate) opaque: Option<String>,
    /// Sent through the API, not from the shop's own phone.
    pub(crate) by_api: bool,
}

#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) channel: Channel,
    pub(crate) account: &'static str,
    pub(crate) person: usize,
    pub(crate) messages: Vec<Message>,
    /// When the customer last wrote; the reply window counts from here.
    pub(crate) customer_at: Option<i64>,
    /// Up to when the shop has seen the customer's messages.
    pub(crate) shop_seen_at: Option<i64>,
    pub(crate) shop_typing_until: Option<i64>,
    /// WhatsApp's pair limit: how many messages may still go at once, and since when.
    pub(crate) burst: (i64, i64),
}

impl Thread {
    pub(crate) fn new(channel: Channel, account: &'static str, person: usize) -> Self {
        Self {
            channel,
            account,
            person,
            messages: Vec::new(),
            customer_at: None,
            shop_seen_at: None,
            shop_typing_until: None,
            burst: (PAIR_BURST, 0),
        }
    }

    pub(crate) fn person(&self) -> &'static Person {
        PEOPLE.get(self.person).unwrap_or(&PEOPLE[0])
    }

    /// The platform's id of the customer at this account.
    pub(crate) fn customer_id(&self) -> String {
        self.person().id_at(self.channel, self.account)
    }

    /// The id of the conversation in the history API.
    pub(crate) fn id(&self) -> String {
        let label = format!("thread/{}/{}", self.account, self.person().key);
        match self.channel {
            Channel::Messenger => format!("t_{}", stable_digits(&label, 15)),
            Channel::Instagram => {
                let thread = self.instagram_thread();
                instagram_base64(&format!(
                    "ig_dm:1:IGMessageThread:{}:{thread}",
                    self.account
                ))
            }
            Channel::Whatsapp => stable_digits(&label, 32),
        }
    }

    /// The inner number of an Instagram thread, as its message ids carry it.
    pub(crate) fn instagram_thread(&self) -> String {
        let label = format!("thread/{}/{}", self.account, self.person().key);
        format!("34028236684171030{}", stable_digits(&label, 22))
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    pub(crate) fn updated_at(&self) -> i64 {
        self.messages
            .iter()
            .map(|message| message.at)
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn unread(&self) -> usize {
        let seen = self.shop_seen_at.unwrap_or(0);
        self.messages
            .iter()
            .filter(|message| !message.from_shop && message.at > seen)
            .count()
    }

    /// Moves everything said so far into the past.
    pub(crate) fn age(&mut self, by: i64) {
        for message in &mut self.messages {
            message.at -= by;
        }
        for at in [&mut self.customer_at, &mut self.shop_seen_at]
            .into_iter()
            .flatten()
        {
            *at -= by;
        }
    }

    /// Takes one message out of the pair's allowance: one per six seconds, 45 at once.
    pub(crate) fn take_from_pair(&mut self, now: i64) -> bool {
        let (left, since) = self.burst;
        let earned = (now - since).max(0) / PAIR_INTERVAL;
        let (left, since) = if left + earned >= PAIR_BURST {
            (PAIR_BURST, now)
        } else {
            (left + earned, since + earned * PAIR_INTERVAL)
        };
        self.burst = ((left - 1).max(0), since);
        left > 0
    }
}

const PAIR_BURST: i64 = 45;
const PAIR_INTERVAL: i64 = 6_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_may_burst_and_then_waits_six_seconds_for_each() {
        let mut thread = Thread::new(Channel::Whatsapp, "270914356118873", 0);
        let now = 1_000_000;
        assert!((0..45).all(|_| thread.take_from_pair(now)));
        assert!(!thread.take_from_pair(now));
        assert!(!thread.take_from_pair(now + 5_999));
        assert!(thread.take_from_pair(now + 6_000));
        assert!(!thread.take_from_pair(now + 6_000));
    }
}
