//! What is to leave. A row is born `queued` with its message; it waits out its hold, is claimed
//! (`sending`, on the disk before the first byte leaves) and settled. It goes away only together with
//! its message's new state. One that may or may not have left stays `unconfirmed` until an echo, a
//! status or the owner decides: nothing here ever sends twice by itself.

use domain::inbound::InboundMessage;
use domain::outbound::{Holds, Outcome};
use domain::reply_window::Means;
use domain::time::{MINUTE, SECOND};
use domain::{ConversationId, Delivery, MessageId, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::attachments::StoredMedia;
use super::messages::Arrival;
use super::{VaultRead, VaultWrite};
use crate::error::{Error, Result};
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

/// An echo without our id belongs to a send that started at most this long after it (clocks
/// differ) …
const ECHO_BEFORE: i64 = 60 * SECOND;
/// … and at most this long before it.
const ECHO_AFTER: i64 = 10 * MINUTE;

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
        self.sql
            .prepare_cached("UPDATE outbox SET held = 0 WHERE state = 'queued' AND due_at <= ?1")?
            .execute([now.0])?;
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE outbox
                 SET state = 'sending', attempts = attempts + 1, started_at = ?2
                 WHERE id = ?1 AND state = 'queued' AND due_at <= ?2
                   AND NOT EXISTS (SELECT 1 FROM outbox AS other
                                   WHERE other.conversation = outbox.conversation
                                     AND other.state = 'sending')",
            )?
            .execute(params![id, now.0])?;
        if changed == 0 {
            return Ok(None);
        }
        let mut statement = self.sql.prepare_cached(outbox!("WHERE o.id = ?1"))?;
        let row = statement.query_row([id], |row| self.outbox_from_row(row))?;
        self.set_delivery(row.message.row, Delivery::Sending, None)?;
        Ok(Some(row))
    }

    /// Writes down what came of a try. An echo or a status may have been quicker; then the row is
    /// gone and only what is new is added.
    pub fn settle(&self, claimed: &OutboxRow, outcome: &Outcome, now: Timestamp) -> Result<()> {
        let message = claimed.message.row;
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

    /// The owner takes a reply back, or it cannot leave any more: it becomes a draft again. False
    /// if it is on its way already.
    pub fn back_to_draft(&self, message: MessageId, now: Timestamp) -> Result<bool> {
        let row = self.message_row(message)?;
        let queued: Option<i64> = self
            .sql
            .prepare_cached(
                "SELECT conversation FROM outbox WHERE message = ?1 AND state = 'queued'",
            )?
            .query_row([row], |row| row.get(0))
            .optional()?;
        let Some(conversation) = queued else {
            return Ok(false);
        };
        let text = self.message_text(row)?;
        self.unindex_message(row, text.as_deref())?;
        if let Some(text) = text {
            self.put_before_draft(conversation, &text, now)?;
        }
        // The files go along with the picture, from the message to the draft.
        self.sql
            .prepare_cached(
                "INSERT INTO draft_pictures (conversation, mime, file_name, file, key, size, width,
                     height, thumb_file, thumb_key, thumb_size)
                 SELECT ?2, coalesce(mime, 'image/jpeg'), file_name, file, key, size, width,
                     height, thumb_file, thumb_key, thumb_size
                 FROM attachments WHERE message = ?1 AND file IS NOT NULL ORDER BY position",
            )?
            .execute([row, conversation])?;
        self.sql
            .prepare_cached("DELETE FROM messages WHERE id = ?1")?
            .execute([row])?;
        self.refresh(conversation);
        Ok(true)
    }

    /// At start, before anything is sent: what was in its hold is a draft again, what was on its
    /// way is unconfirmed. What waits for a later try goes on waiting.
    pub fn recover_outbox(&self, now: Timestamp) -> Result<Recovered> {
        let mut recovered = Recovered::default();
        // Newest first: each goes before the draft, so the oldest ends on top.
        let held = self.messages_where("state = 'queued' AND held = 1 ORDER BY id DESC")?;
        for (message, conversation) in held {
            if self.back_to_draft(message, now)? {
                recovered.drafts.push(conversation);
            }
        }
        recovered.drafts.sort_unstable();
        recovered.drafts.dedup();
        for (message, _) in self.messages_where("state = 'sending' ORDER BY id")? {
            self.sql
                .prepare_cached("UPDATE outbox SET state = 'unconfirmed' WHERE message = ?1")?
                .execute([message.row])?;
            self.set_delivery(message.row, Delivery::Unconfirmed, None)?;
            recovered.unconfirmed.push(message);
        }
        Ok(recovered)
    }

    /// The owner says "Try again" to a failed reply, or "Send again" to an unconfirmed one. It gets
    /// a new id of ours, so that a late echo of the first try is never taken for the second.
    pub fn try_again(
        &self,
        message: MessageId,
        our_id: OurId,
        means: Means,
        now: Timestamp,
    ) -> Result<()> {
        let row = self.message_row(message)?;
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE messages SET our_id = ?2, sent_at = ?3, platform_id = NULL,
                     delivery = 'queued', failure_reason = NULL, failure_code = NULL
                 WHERE id = ?1 AND author = 'shop' AND unsent = 0
                   AND delivery IN ('failed', 'unconfirmed')",
            )?
            .execute(params![row, our_id.as_bytes(), now.0])?;
        if changed == 0 {
            return Err(Error::Invalid("message to try again"));
        }
        let conversation = self.conversation_of_message(row)?;
        self.remove_outbox_row(row)?;
        self.add_outbox_row(row, conversation, means, now)?;
        self.refresh(conversation);
        Ok(())
    }

    /// The owner does not want a failed or unconfirmed reply any more: it leaves the thread.
    pub fn discard_reply(&self, message: MessageId) -> Result<bool> {
        let row = self.message_row(message)?;
        let conversation: Option<i64> = self
            .sql
            .prepare_cached(
                "SELECT conversation FROM messages
                 WHERE id = ?1 AND author = 'shop' AND delivery IN ('failed', 'unconfirmed')",
            )?
            .query_row([row], |row| row.get(0))
            .optional()?;
        let Some(conversation) = conversation else {
            return Ok(false);
        };
        self.remove_message(row)?;
        self.refresh(conversation);
        Ok(true)
    }

    /// Finds the shop's own message an echo belongs to: by our id; without one by its words among
    /// what is on its way or unconfirmed. If two fit, none is taken: both stay unconfirmed.
    pub(crate) fn find_own(&self, conversation: i64, echo: &Arrival<'_>) -> Result<Option<i64>> {
        if let Some(our_id) = &echo.message.our_id {
            return self.nameless_with_our_id(our_id);
        }
        let mut statement = self.sql.prepare_cached(
            "SELECT m.id, m.text FROM outbox o JOIN messages m ON m.id = o.message
             WHERE o.conversation = ?1 AND o.state IN ('sending', 'unconfirmed')
               AND o.started_at BETWEEN ?2 AND ?3 AND m.platform_id IS NULL",
        )?;
        let started = params![
            conversation,
            echo.at.plus(-ECHO_AFTER).0,
            echo.at.plus(ECHO_BEFORE).0
        ];
        let rows = statement.query_map(started, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut fitting = None;
        for row in rows {
            let (row, text): (i64, Option<String>) = row?;
            if same_content(echo.message, text.as_deref()) && fitting.replace(row).is_some() {
                return Ok(None);
            }
        }
        Ok(fitting)
    }

    /// The platform has a message of ours, under this id. If its echo stood as a row of its own
    /// until now, the two become one.
    pub(crate) fn confirm(&self, row: i64, platform_id: &str, at: Option<Timestamp>) -> Result<()> {
        let mut at = at;
        if let Some(echo) = self.row_with_platform_id(platform_id)?
            && echo != row
        {
            let sent_at: i64 = self
                .sql
                .prepare_cached("SELECT sent_at FROM messages WHERE id = ?1")?
                .query_row([echo], |row| row.get(0))?;
            at = at.or(Some(Timestamp(sent_at)));
            self.remove_message(echo)?;
        }
        let state = self
            .sql
            .prepare_cached(
                "UPDATE messages SET platform_id = coalesce(platform_id, ?2), sent_at = coalesce(?3, sent_at)
                 WHERE id = ?1 RETURNING delivery",
            )?
            .query_row(params![row, platform_id, at.map(|at| at.0)], |row| {
                sql::word_or_none(row, "delivery", Delivery::from_name)
            })?;
        // The platform has it: that outweighs what we thought had gone wrong.
        if !matches!(
            state,
            Some(Delivery::Sent | Delivery::Delivered | Delivery::Read)
        ) {
            self.set_delivery(row, Delivery::Sent, None)?;
        }
        self.remove_outbox_row(row)?;
        self.settle_pending(row, platform_id)?;
        let conversation = self.conversation_of_message(row)?;
        self.apply_watermarks(conversation)?;
        self.refresh(conversation);
        Ok(())
    }

    fn add_outbox_row(
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

    fn remove_outbox_row(&self, message: i64) -> Result<bool> {
        let mut statement = self
            .sql
            .prepare_cached("DELETE FROM outbox WHERE message = ?1")?;
        Ok(statement.execute([message])? == 1)
    }

    fn change_state(&self, id: i64, state: OutboxState, due_at: Timestamp) -> Result<bool> {
        let mut statement = self
            .sql
            .prepare_cached("UPDATE outbox SET state = ?2, due_at = ?3 WHERE id = ?1")?;
        Ok(statement.execute(params![id, state.name(), due_at.0])? == 1)
    }

    fn messages_where(&self, condition: &'static str) -> Result<Vec<(MessageId, ConversationId)>> {
        let sql = format!("SELECT message, conversation FROM outbox WHERE {condition}");
        let mut statement = self.sql.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            Ok((
                self.message_id(row.get("message")?),
                self.conversation_id(row.get("conversation")?),
            ))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn remove_message(&self, row: i64) -> Result<()> {
        let text = self.message_text(row)?;
        self.unindex_message(row, text.as_deref())?;
        self.remove_attachments(row)?;
        self.sql
            .prepare_cached("DELETE FROM messages WHERE id = ?1")?
            .execute([row])?;
        Ok(())
    }
}

/// Whether an echo says what we sent: the same words, or pictures for a picture.
fn same_content(echo: &InboundMessage, text: Option<&str>) -> bool {
    match (echo.text.as_deref(), text) {
        (Some(echoed), Some(sent)) => echoed.trim() == sent.trim(),
        (None, None) => !echo.attachments.is_empty(),
        _ => false,
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
