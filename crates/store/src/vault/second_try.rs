//! What becomes of replies that did not simply leave: taken back during their hold, found at start,
//! failed, or in doubt. Nothing here sends; it only decides in which table a reply stands.

use domain::inbound::let_go_key;
use domain::reply_window::Means;
use domain::{ConversationId, Delivery, MessageId, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::VaultWrite;
use super::outbox::Recovered;
use crate::error::{Error, Result};

impl VaultWrite<'_> {
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
            self.once.something_leaves();
            self.sql
                .prepare_cached("UPDATE outbox SET state = 'unconfirmed' WHERE message = ?1")?
                .execute([message.row])?;
            self.set_delivery(message.row, Delivery::Unconfirmed, None)?;
            recovered.unconfirmed.push(message);
        }
        Ok(recovered)
    }

    /// The owner says "Try again" to a failed reply, or "Send again" to an unconfirmed one. It gets
    /// a new id of ours, so that a late echo of the first try is never taken for the second. It stands
    /// at `sent_at` and leaves at `due_at`, which may be by two clocks.
    pub fn try_again(
        &self,
        message: MessageId,
        our_id: OurId,
        means: Means,
        (sent_at, due_at): (Timestamp, Timestamp),
    ) -> Result<()> {
        let row = self.message_row(message)?;
        self.let_go(row, due_at)?;
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE messages SET our_id = ?2, sent_at = ?3, platform_id = NULL,
                     delivery = 'queued', failure_reason = NULL, failure_code = NULL
                 WHERE id = ?1 AND author = 'shop' AND unsent = 0
                   AND delivery IN ('failed', 'unconfirmed')",
            )?
            .execute(params![row, our_id.as_bytes(), sent_at.0])?;
        if changed == 0 {
            return Err(Error::Invalid("message to try again"));
        }
        let conversation = self.conversation_of_message(row)?;
        self.remove_outbox_row(row)?;
        self.add_outbox_row(row, conversation, means, due_at)?;
        self.refresh(conversation);
        Ok(())
    }

    /// The owner does not want a failed or unconfirmed reply any more: it leaves the thread.
    pub fn discard_reply(&self, message: MessageId, now: Timestamp) -> Result<bool> {
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
        self.let_go(row, now)?;
        // What was kept raw of it would show it again after an update.
        self.leave_quarantine_of(row)?;
        self.remove_message(row)?;
        self.refresh(conversation);
        Ok(true)
    }

    /// A message known by its row is not any more: when the platform tells of it once more, it must
    /// not come back.
    fn let_go(&self, row: i64, now: Timestamp) -> Result<()> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT platform_id FROM messages WHERE id = ?1")?;
        let id: Option<Option<String>> = statement.query_row([row], |row| row.get(0)).optional()?;
        if let Some(id) = id.flatten() {
            self.first_time(&let_go_key(&id), now)?;
        }
        Ok(())
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
}
