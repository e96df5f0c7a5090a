//! Lines of the list that a transaction has made untrue, and how they become true again before
//! anybody looks, at the latest before the commit. What a new message at the end of its thread changes
//! is added to the line; after anything else the line is worked out again from the messages.

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;

/// Later than anything: where nothing is unseen.
const NOTHING_UNSEEN: i64 = i64::MAX;

/// What happened to a conversation in this transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stale {
    /// More than new messages: the line is worked out again.
    again: bool,
    /// The earliest moment from which something may have become unseen.
    unseen_from: i64,
    /// How many new messages are unseen.
    unseen: u32,
    /// The latest of the new messages.
    newest: Option<Added>,
    /// The latest of the person's.
    inbound: Option<i64>,
}

/// A message that was not here before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added {
    /// The platform's time.
    pub(crate) at: i64,
    /// Its row.
    pub(crate) row: i64,
    /// The person wrote it, and not before the connection was made: they wait for an answer.
    pub(crate) waits: bool,
    /// Nobody has to look at it.
    pub(crate) seen: bool,
}

impl Stale {
    const NOTHING: Self = Self {
        again: false,
        unseen_from: NOTHING_UNSEEN,
        unseen: 0,
        newest: None,
        inbound: None,
    };

    fn add(&mut self, added: Added) {
        if !added.seen {
            self.unseen += 1;
            self.unseen_from = self.unseen_from.min(added.at);
        }
        if added.waits {
            self.inbound = self.inbound.max(Some(added.at));
        }
        if self
            .newest
            .is_none_or(|newest| (newest.at, newest.row) < (added.at, added.row))
        {
            self.newest = Some(added);
        }
    }
}

impl VaultRead<'_> {
    /// Makes the lines true of conversations that changed in this transaction.
    pub(crate) fn make_fresh(&self) -> Result<()> {
        let stale = std::mem::take(&mut *self.stale.borrow_mut());
        for (conversation, stale) in stale {
            if stale.again || !self.add_to_line(conversation, &stale)? {
                self.sql
                    .prepare_cached(REFRESH)?
                    .execute([conversation, stale.unseen_from])?;
            }
        }
        Ok(())
    }

    /// Adds new messages to a line. False if they did not come to the end of the thread: then what
    /// they change cannot be told from the line.
    fn add_to_line(&self, conversation: i64, stale: &Stale) -> Result<bool> {
        let Some(newest) = stale.newest else {
            return Ok(false);
        };
        let unseen_from = (stale.unseen > 0).then_some(stale.unseen_from);
        let rows = self.sql.prepare_cached(ADD)?.execute(params![
            conversation,
            newest.at,
            newest.row,
            newest.waits,
            stale.inbound,
            stale.unseen,
            unseen_from
        ])?;
        Ok(rows == 1)
    }

    /// The moment before which nothing in a conversation is unseen.
    pub(crate) fn unseen_from(&self, conversation: i64) -> Result<i64> {
        let kept: Option<Option<i64>> = self
            .sql
            .prepare_cached("SELECT unseen_from FROM conversations WHERE id = ?1")?
            .query_row([conversation], |row| row.get(0))
            .optional()?;
        let stale = self.stale.borrow();
        let noted = stale.get(&conversation).map(|stale| stale.unseen_from);
        let all = kept.flatten().into_iter().chain(noted);
        Ok(all.min().unwrap_or(NOTHING_UNSEEN))
    }
}

impl VaultWrite<'_> {
    /// Notes that a line is to be worked out again: once, however much a transaction brings.
    pub(crate) fn refresh(&self, conversation: i64) {
        self.refresh_from(conversation, NOTHING_UNSEEN);
    }

    /// The same where something sent at this moment may have become unseen.
    pub(crate) fn note_unseen(&self, conversation: i64, at: Timestamp) {
        self.refresh_from(conversation, at.0);
    }

    /// The same where something may have become unseen from a moment on.
    pub(crate) fn refresh_from(&self, conversation: i64, unseen_from: i64) {
        self.change(conversation, |stale| {
            stale.again = true;
            stale.unseen_from = stale.unseen_from.min(unseen_from);
        });
    }

    /// Notes a message that was not here before, and about which nothing else is known.
    pub(crate) fn note_added(&self, conversation: i64, added: Added) {
        self.change(conversation, |stale| stale.add(added));
    }

    fn change(&self, conversation: i64, change: impl FnOnce(&mut Stale)) {
        let mut all = self.stale.borrow_mut();
        change(all.entry(conversation).or_insert(Stale::NOTHING));
    }
}

const ADD: &str = "
    UPDATE conversations SET
        last_inbound_at = coalesce(max(last_inbound_at, ?5), last_inbound_at, ?5),
        last_activity = ?2,
        last_message = ?3,
        unread = unread + ?6,
        unseen_from = coalesce(min(unseen_from, ?7), unseen_from, ?7),
        waits = ?4
    WHERE id = ?1 AND (last_activity IS NULL OR (last_activity, last_message) < (?2, ?3))";

pub(crate) const REFRESH: &str = "
    UPDATE conversations SET
        last_inbound_at = (SELECT sent_at FROM messages
                           WHERE conversation = ?1 AND author = 'person' AND history = 0
                           ORDER BY sent_at DESC, id DESC LIMIT 1),
        last_activity = (SELECT max(sent_at) FROM messages WHERE conversation = ?1),
        last_message = (SELECT id FROM messages WHERE conversation = ?1
                        ORDER BY sent_at DESC, id DESC LIMIT 1),
        unread = (SELECT count(*) FROM messages
                  WHERE conversation = ?1 AND sent_at >= min(coalesce(unseen_from, ?2), ?2)
                    AND seen = 0),
        unseen_from = (SELECT sent_at FROM messages
                       WHERE conversation = ?1 AND sent_at >= min(coalesce(unseen_from, ?2), ?2)
                         AND seen = 0
                       ORDER BY sent_at LIMIT 1),
        waits = coalesce((SELECT author = 'person' AND history = 0 FROM messages
                          WHERE conversation = ?1 AND unsent = 0
                          ORDER BY sent_at DESC, id DESC LIMIT 1), 0),
        failed = (SELECT count(*) FROM messages
                  WHERE conversation = ?1 AND delivery = 'failed')
    WHERE id = ?1";
