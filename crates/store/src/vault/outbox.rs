//! What is to leave. A row is born `queued` with its message; it waits out its hold, is claimed
//! (`sending`, on the disk before the first byte leaves) and settled. It goes away only together with
//! its message's new state. One that may or may not have left stays `unconfirmed` until an echo, a
//! status or the owner decides: nothing here ever sends twice by itself.

use domain::outbound::{Holds, Outcome};
use domain::reply_window::Means;
use domain::{ConversationId, Delivery, MessageId, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::attachments::StoredMedia;
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// A query of outbox rows with what is needed of their messages.
macro_rules! outbox {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.message, o.conversation, o.means, o.state, o.due_at, o.attempts,
                    o.started_at, m.our_id, m.text, m.arrived_at
             FROM outbox o JOIN messages m ON m.id = o.message ",
            $rest
        )
    };
}

/// A reply the owner wants to send.
#[derive(Clone, Debug)]
pub struct NewReply<'a> {
    /// To whom.
    pub conversation: ConversationId,
    /// Its new random id.
    pub our_id: OurId,
    /// What it says.
    pub body: ReplyBody<'a>,
    /// The message it answers, by the platform's id.
    pub reply_to: Option<&'a str>,
    /// By which permission it may leave.
    pub means: Means,
    /// When it was written.
    pub now: Timestamp,
    /// Until when it can be taken back.
    pub hold_until: Timestamp,
}

/// What a reply says. One call to the platform each.
#[derive(Clone, Debug)]
pub enum ReplyBody<'a> {
    /// Words.
    Text(&'a str),
    /// A picture that is already among the media files.
    Picture(&'a StoredMedia),
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number.
    pub id: i64,
    /// Its message.
    pub message: MessageId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The id that goes along.
    pub our_id: OurId,
    /// The words, if it is words.
    pub text: Option<String>,
    /// By which permission.
    pub means: Means,
    /// Where it stands.
    pub state: OutboxState,
    /// When it was written.
    pub written_at: Timestamp,
    /// Not before this moment.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When the last try began.
    pub started_at: Option<Timestamp>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// It waits: for the end of its hold, or for the next try.
    Queued,
    /// It is on its way.
    Sending,
    /// It may have left.
    Unconfirmed,
}

impl OutboxState {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sending, Self::Unconfirmed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What was found in the outbox at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Conversations whose held reply is a draft again.
    pub drafts: Vec<ConversationId>,
    /// Replies that may have left.
    pub unconfirmed: Vec<MessageId>,
}

impl VaultRead<'_> {
    /// The replies that may leave now: of each conversation the oldest, unless one is on its way.
    pub fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OutboxRow>> {
        let mut statement = self.sql.prepare_cached(DUE)?;
        let rows = statement.query_map(params![now.0, limit], |row| self.outbox_from_row(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// When the next reply may become due.
    pub fn next_due(&self) -> Result<Option<Timestamp>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT min(due_at) FROM outbox WHERE state = 'queued'")?;
        let due: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(due.map(Timestamp))
    }

    /// The replies that may or may not have left, oldest first.
    pub fn unconfirmed(&self) -> Result<Vec<OutboxRow>> {
        let mut statement = self.sql.prepare_cached(outbox!(
            "WHERE o.state = 'unconfirmed' ORDER BY o.due_at, o.id"
        ))?;
        let rows = statement.query_map([], |row| self.outbox_from_row(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The outbox row of a message, if it has one.
    pub fn outbox_row_of(&self, message: MessageId) -> Result<Option<OutboxRow>> {
        let row = self.message_row(message)?;
        let mut statement = self.sql.prepare_cached(outbox!("WHERE o.message = ?1"))?;
        Ok(statement
            .query_row([row], |row| self.outbox_from_row(row))
            .optional()?)
    }

    fn outbox_from_row(&self, row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
        Ok(OutboxRow {
            id: row.get("id")?,
            message: self.message_id(row.get("message")?),
            conversation: self.conversation_id(row.get("conversation")?),
            our_id: OurId::from_bytes(row.get("our_id")?),
            text: row.get("text")?,
            means: sql::word(row, "means", sql::means)?,
            state: sql::word(row, "state", OutboxState::from_name)?,
            written_at: sql::time(row, "arrived_at")?,
            due_at: sql::time(row, "due_at")?,
            attempts: sql::count(row, "attempts")?,
            started_at: sql::time_or_none(row, "started_at")?,
        })
    }
}

impl VaultWrite<'_> {
    /// Writes a reply down, message and outbox row together. It leaves when its hold has ended.
    pub fn queue_reply(&self, reply: &NewReply<'_>) -> Result<MessageId> {
        let conversation = self.expect_row(reply.conversation)?;
        let text = match reply.body {
            ReplyBody::Text(text) => Some(text),
            ReplyBody::Picture(_) => None,
        };
        self.sql
            .prepare_cached(
                "INSERT INTO messages (conversation, our_id, author, sent_at, arrived_at, text,
                     reply_to, delivery)
                 VALUES (?1, ?2, 'shop', ?3, ?3, ?4, ?5, 'queued')",
            )?
            .execute(params![
                conversation,
                reply.our_id.as_bytes(),
                reply.now.0,
                text,
                reply.reply_to
            ])?;
        let message = self.sql.last_insert_rowid();
        self.index_message(message, text)?;
        if let ReplyBody::Picture(media) = reply.body {
            self.add_stored(message, media)?;
        }
        self.add_outbox_row(message, conversation, reply.means, reply.hold_until)?;
        self.sql
            .prepare_cached("UPDATE outbox SET held = 1 WHERE message = ?1")?
            .execute([message])?;
        self.refresh(conversation);
        Ok(self.message_id(message))
    }

    /// Takes a row to send it. `None` if it is not to be sent any more. Commit before sending.
    pub fn claim(&self, id: i64, now: Timestamp) -> Result<Option<OutboxRow>> {
        self.claim_at(id, now, now)
    }

    /// The same where this computer's clock, by which rows become due, is not the platform's, by
    /// which an echo is compared with what was started.
    pub fn claim_at(
        &self,
        id: i64,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Result<Option<OutboxRow>> {
        self.sql
            .prepare_cached("UPDATE outbox SET held = 0 WHERE state = 'queued' AND due_at <= ?1")?
            .execute([now.0])?;
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE outbox
                 SET state = 'sending', attempts = attempts + 1, started_at = ?3
                 WHERE id = ?1 AND state = 'queued' AND due_at <= ?2
                   AND NOT EXISTS (SELECT 1 FROM outbox AS other
                                   WHERE other.conversation = outbox.conversation
                                     AND other.state = 'sending')",
            )?
            .execute(params![id, now.0, started_at.0])?;
        if changed == 0 {
            return Ok(None);
        }
        self.once.something_leaves();
        let mut statement = self.sql.prepare_cached(outbox!("WHERE o.id = ?1"))?;
        let row = statement.query_row([id], |row| self.outbox_from_row(row))?;
        self.set_delivery(row.message.row, Delivery::Sending, None)?;
        Ok(Some(row))
    }

    /// Writes down what came of a try. An echo or a status may have been quicker; then the row is
    /// gone and only what is new is added.
    pub fn settle(&self, claimed: &OutboxRow, outcome: &Outcome, now: Timestamp) -> Result<()> {
        let message = claimed.message.row;
        // Erased while it was on its way: there is nothing left to write down.
        if self.message(claimed.message)?.is_none() {
            return Ok(());
        }
        let conversation = self.conversation_of_message(message)?;
        match outcome {
            Outcome::Sent {
                platform_id,
                contact,
            } => {
                self.confirm(message, platform_id, None)?;
                if let Some(key) = contact {
                    self.add_key(self.conversation_id(conversation), key, now)?;
                }
            }
            Outcome::Retry { at, failure, holds } => {
                if self.change_state(claimed.id, OutboxState::Queued, *at)? {
                    self.set_delivery(message, Delivery::Queued, Some(failure))?;
                    if *holds == Holds::Connection {
                        self.hold_back(*at)?;
                    }
                }
            }
            Outcome::Failed(failure) => {
                if self.remove_outbox_row(message)? {
                    self.set_delivery(message, Delivery::Failed, Some(failure))?;
                    self.note_refusal(message, Some(failure), claimed.means)?;
                }
            }
            Outcome::Unconfirmed => {
                if self.change_state(claimed.id, OutboxState::Unconfirmed, now)? {
                    self.set_delivery(message, Delivery::Unconfirmed, None)?;
                }
            }
        }
        self.refresh(self.conversation_of_message(message)?);
        Ok(())
    }

    /// A rate limit of the whole connection: nothing leaves before `until`.
    pub fn hold_back(&self, until: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE outbox SET due_at = ?1 WHERE state = 'queued' AND due_at < ?1")?
            .execute([until.0])?;
        Ok(())
    }

    pub(crate) fn add_outbox_row(
        &self,
        message: i64,
        conversation: i64,
        means: Means,
        due_at: Timestamp,
    ) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO outbox (message, conversation, means, state, due_at, held)
                 VALUES (?1, ?2, ?3, 'queued', ?4, 0)",
            )?
            .execute(params![
                message,
                conversation,
                sql::means_name(means),
                due_at.0
            ])?;
        Ok(())
    }

    pub(crate) fn remove_outbox_row(&self, message: i64) -> Result<bool> {
        let mut statement = self
            .sql
            .prepare_cached("DELETE FROM outbox WHERE message = ?1")?;
        Ok(statement.execute([message])? == 1)
    }

    pub(crate) fn change_state(
        &self,
        id: i64,
        state: OutboxState,
        due_at: Timestamp,
    ) -> Result<bool> {
        self.once.something_leaves();
        let mut statement = self
            .sql
            .prepare_cached("UPDATE outbox SET state = ?2, due_at = ?3 WHERE id = ?1")?;
        Ok(statement.execute(params![id, state.name(), due_at.0])? == 1)
    }
}

pub(crate) const DUE: &str = outbox!(
    "WHERE o.state = 'queued' AND o.due_at <= ?1
       AND NOT EXISTS (SELECT 1 FROM outbox AS other
                       WHERE other.conversation = o.conversation
                         AND (other.state = 'sending'
                              OR (other.state = 'queued' AND other.id < o.id)))
     ORDER BY o.due_at, o.id LIMIT ?2"
);
