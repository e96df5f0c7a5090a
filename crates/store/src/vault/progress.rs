//! How far the shop's messages have come, and what else happens to messages after they were
//! written: taken back, edited. Delivery only moves forward, whatever order the news comes in.

use std::ops::RangeInclusive;

use domain::inbound::{Messages, Progress};
use domain::outbound::{Failure, Reason};
use domain::reply_window::Means;
use domain::{ContactRef, Delivery, MessageId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::contacts::Met;
use super::pending::Pending;
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// New words for a message.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The platform's id of the message.
    pub platform_id: &'a str,
    /// What it says now.
    pub text: &'a str,
    /// Whose conversation it is in, where that can be told.
    pub contact: Option<&'a ContactRef>,
}

impl VaultRead<'_> {
    pub(crate) fn row_with_platform_id(&self, platform_id: &str) -> Result<Option<i64>> {
        Ok(self.message_with_platform_id(platform_id)?.map(|id| id.row))
    }

    pub(crate) fn conversation_of_message(&self, row: i64) -> Result<i64> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT conversation FROM messages WHERE id = ?1")?;
        Ok(statement.query_row([row], |row| row.get(0))?)
    }
}

impl VaultWrite<'_> {
    /// Writes down how far messages have come. What is about a message that is not here yet waits
    /// for it. Answers the conversation that changed, for the window.
    pub fn apply_progress(&self, progress: &Progress, at: Timestamp) -> Result<Vec<MessageId>> {
        match &progress.messages {
            Messages::Ids(ids) => self.progress_of_ids(ids, progress, at),
            Messages::UpTo(moment) => {
                let Some(contact) = &progress.contact else {
                    return Ok(Vec::new());
                };
                let conversation = self.contact_row(contact, at)?;
                self.raise_watermark(conversation, progress.state, *moment)
            }
            Messages::UpToMessage(platform_id) => match self.row_with_platform_id(platform_id)? {
                Some(row) => self.advance_up_to_row(row, progress.state),
                None => {
                    if let Some(kind) = up_to(progress.state) {
                        self.wait_for(platform_id, (kind, None), at, None)?;
                    }
                    Ok(Vec::new())
                }
            },
        }
    }

    fn progress_of_ids(
        &self,
        ids: &[String],
        progress: &Progress,
        at: Timestamp,
    ) -> Result<Vec<MessageId>> {
        let mut changed = Vec::new();
        for platform_id in ids {
            let mut found = self.row_with_platform_id(platform_id)?;
            // WhatsApp gives our own id back, also when the answer to the send was lost.
            if found.is_none()
                && let ([_], Some(our_id)) = (ids, &progress.our_id)
                && let Some(row) = self.nameless_with_our_id(our_id)?
            {
                self.confirm(row, platform_id, None)?;
                found = Some(row);
            }
            let failure = progress.failure.as_ref();
            match found {
                Some(row) => {
                    let placed =
                        progress.state == Delivery::Sent && self.place_by_platform(row, at)?;
                    if self.advance(row, progress.state, failure)? || placed {
                        changed.push(self.message_id(row));
                    }
                }
                None => self.wait_with_progress(platform_id, progress.state, failure, at)?,
            }
        }
        Ok(changed)
    }

    /// A message of this program's stands where its own clock put it until the platform says when
    /// it took it: WhatsApp does so with the status `sent`, and has no echo that would. True if it
    /// moved.
    pub(crate) fn place_by_platform(&self, row: i64, at: Timestamp) -> Result<bool> {
        let moved = self
            .sql
            .prepare_cached(
                "UPDATE messages SET sent_at = ?2
                 WHERE id = ?1 AND our_id IS NOT NULL AND sent_at <> ?2",
            )?
            .execute(params![row, at.0])?;
        if moved > 0 {
            let conversation = self.conversation_of_message(row)?;
            self.apply_watermarks_to(row)?;
            self.refresh(conversation);
        }
        Ok(moved > 0)
    }

    /// Moves one message forward. True if it moved.
    pub(crate) fn advance(
        &self,
        row: i64,
        news: Delivery,
        failure: Option<&Failure>,
    ) -> Result<bool> {
        let before: Option<(i64, Option<Delivery>)> = self
            .sql
            .prepare_cached("SELECT conversation, delivery FROM messages WHERE id = ?1")?
            .query_row([row], |row| {
                let state = sql::word_or_none(row, "delivery", Delivery::from_name)?;
                Ok((row.get("conversation")?, state))
            })
            .optional()?;
        // The person's own messages have no delivery: there is nothing to move.
        let Some((conversation, Some(before))) = before else {
            return Ok(false);
        };
        let after = before.advance(news);
        if after == before {
            return Ok(false);
        }
        self.set_delivery(row, after, failure)?;
        self.apply_watermarks_to(row)?;
        if after == Delivery::Failed {
            // Only WhatsApp refuses afterwards, and it knows one means.
            self.note_refusal(row, failure, Means::Response)?;
        }
        self.refresh(conversation);
        Ok(true)
    }

    /// Writes a state down as it is, with the reason if it is a failure.
    pub(crate) fn set_delivery(
        &self,
        row: i64,
        state: Delivery,
        failure: Option<&Failure>,
    ) -> Result<()> {
        // A queued one keeps why the last try failed.
        let failed = matches!(state, Delivery::Failed | Delivery::Queued);
        let failure = failure.filter(|_| failed);
        let reason = match failure {
            Some(failure) => Some(failure.reason.name()),
            None if state == Delivery::Failed => Some(Reason::Refused.name()),
            None => None,
        };
        self.sql
            .prepare_cached(
                "UPDATE messages SET delivery = ?2, failure_reason = ?3, failure_code = ?4
                 WHERE id = ?1",
            )?
            .execute(params![
                row,
                state.name(),
                reason,
                failure.and_then(|failure| failure.code.as_deref())
            ])?;
        Ok(())
    }

    /// Everything the shop sent up to and with one message has come this far.
    pub(crate) fn advance_up_to_row(&self, row: i64, state: Delivery) -> Result<Vec<MessageId>> {
        let (conversation, sent_at) = self
            .sql
            .prepare_cached("SELECT conversation, sent_at FROM messages WHERE id = ?1")?
            .query_row([row], |row| Ok((row.get(0)?, Timestamp(row.get(1)?))))?;
        let moved = self.advance(row, state, None)?;
        let mut changed = self.raise_watermark(conversation, state, sent_at)?;
        if moved {
            changed.push(self.message_id(row));
        }
        Ok(changed)
    }

    /// Raises how far the person has received or read, and moves what lies below.
    fn raise_watermark(
        &self,
        conversation: i64,
        state: Delivery,
        moment: Timestamp,
    ) -> Result<Vec<MessageId>> {
        let (look, raise) = match up_to(state) {
            Some(Pending::ReadUpTo) => (
                "SELECT person_read_upto FROM conversations WHERE id = ?1",
                "UPDATE conversations SET person_read_upto = ?2 WHERE id = ?1",
            ),
            Some(_) => (
                "SELECT delivered_upto FROM conversations WHERE id = ?1",
                "UPDATE conversations SET delivered_upto = ?2 WHERE id = ?1",
            ),
            None => return Ok(Vec::new()),
        };
        let before: Option<i64> = self
            .sql
            .prepare_cached(look)?
            .query_row([conversation], |row| row.get(0))?;
        if before >= Some(moment.0) {
            return Ok(Vec::new());
        }
        self.sql
            .prepare_cached(raise)?
            .execute([conversation, moment.0])?;
        // What lies below the old one was moved when it came there.
        let from = before.map_or(i64::MIN, |before| before + 1);
        self.move_below_watermarks(conversation, from..=moment.0)
    }

    /// Whether the person has received or read what was sent at a moment, as far as is known.
    pub(crate) fn is_below_a_watermark(&self, met: Met, at: Timestamp) -> Result<bool> {
        if let Some(marks) = met.marks {
            return Ok(marks.reached_upto >= Some(at.0));
        }
        let mut statement = self.sql.prepare_cached(
            "SELECT 1 FROM conversations
             WHERE id = ?1 AND (delivered_upto >= ?2 OR person_read_upto >= ?2)",
        )?;
        Ok(statement.exists(params![met.row, at.0])?)
    }

    /// A message of the shop's has come to a place, or to a state, in which it may lie below a
    /// watermark.
    pub(crate) fn apply_watermarks_to(&self, row: i64) -> Result<()> {
        let (conversation, at): (i64, i64) = self
            .sql
            .prepare_cached("SELECT conversation, sent_at FROM messages WHERE id = ?1")?
            .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.move_below_watermarks(conversation, at..=at).map(drop)
    }

    /// Moves the shop's messages of a time that are below the watermarks. Only what the platform has
    /// surely got: one that failed or is unconfirmed is not among what the person received.
    pub(crate) fn move_below_watermarks(
        &self,
        conversation: i64,
        of: RangeInclusive<i64>,
    ) -> Result<Vec<MessageId>> {
        let those = params![conversation, of.start(), of.end()];
        let mut changed = Vec::new();
        for (look, sql) in [(TO_READ, MOVE_READ), (TO_DELIVERED, MOVE_DELIVERED)] {
            // Nearly always there is nothing to move, and for the rows that might come back SQLite
            // makes a table each time.
            if !self.sql.prepare_cached(look)?.exists(those)? {
                continue;
            }
            let mut statement = self.sql.prepare_cached(sql)?;
            let rows = statement.query_map(those, |row| row.get(0))?;
            for row in rows {
                changed.push(self.message_id(row?));
            }
        }
        Ok(changed)
    }

    /// The person, or the shop elsewhere, took a message back. Its content goes, at once and
    /// everywhere; its place in the thread stays. Answers the message, if it was here.
    pub fn unsend(&self, platform_id: &str, at: Timestamp) -> Result<Option<MessageId>> {
        let Some(row) = self.row_with_platform_id(platform_id)? else {
            self.wait_for(platform_id, (Pending::Unsent, None), at, None)?;
            self.forget_what_was_said(platform_id)?;
            return Ok(None);
        };
        self.erase_content(row, platform_id)?;
        self.refresh(self.conversation_of_message(row)?);
        Ok(Some(self.message_id(row)))
    }

    /// The text of a message was changed. An older change never replaces a newer one, and none
    /// brings a message back that was taken back.
    pub fn edit(&self, edit: &Edit<'_>, at: Timestamp) -> Result<Option<MessageId>> {
        let Edit {
            platform_id,
            text,
            contact,
        } = *edit;
        let state: Option<(i64, bool)> = self
            .sql
            .prepare_cached(
                "SELECT id, unsent = 0 AND coalesce(edited_at, ?2) <= ?2 FROM messages
                 WHERE platform_id = ?1",
            )?
            .query_row(params![platform_id, at.0], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match state {
            None if self.is_unsent_before_arrival(platform_id)? => Ok(None),
            None => {
                // The new words wait with whoever wrote them: they go when that person is erased.
                let conversation = match contact {
                    Some(contact) => {
                        let who = ContactRef {
                            keys: contact.keys.clone(),
                            name: None,
                            handle: None,
                        };
                        Some(self.contact_row(&who, at)?)
                    }
                    None => None,
                };
                self.wait_for(platform_id, (Pending::Edited, conversation), at, Some(text))?;
                Ok(None)
            }
            Some((_, false)) => Ok(None),
            Some((row, true)) => {
                self.change_text(row, text, at)?;
                Ok(Some(self.message_id(row)))
            }
        }
    }

    fn is_unsent_before_arrival(&self, platform_id: &str) -> Result<bool> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT 1 FROM pending WHERE platform_id = ?1 AND kind = 'unsent'")?;
        Ok(statement.exists([platform_id])?)
    }
}

/// Which watermark a state raises.
const fn up_to(state: Delivery) -> Option<Pending> {
    match state {
        Delivery::Delivered => Some(Pending::DeliveredUpTo),
        Delivery::Read => Some(Pending::ReadUpTo),
        Delivery::Queued
        | Delivery::Sending
        | Delivery::Unconfirmed
        | Delivery::Sent
        | Delivery::Failed => None,
    }
}

/// The shop's messages of a time that are below a watermark: the condition of the look and of the
/// change.
macro_rules! below {
    (read) => {
        "WHERE conversation = ?1 AND sent_at BETWEEN ?2 AND ?3 AND delivery IN ('sent', 'delivered')
           AND sent_at <= (SELECT person_read_upto FROM conversations WHERE id = ?1)"
    };
    (delivered) => {
        "WHERE conversation = ?1 AND sent_at BETWEEN ?2 AND ?3 AND delivery = 'sent'
           AND sent_at <= (SELECT delivered_upto FROM conversations WHERE id = ?1)"
    };
}

pub(crate) const TO_READ: &str = concat!("SELECT 1 FROM messages ", below!(read));

pub(crate) const TO_DELIVERED: &str = concat!("SELECT 1 FROM messages ", below!(delivered));

pub(crate) const MOVE_READ: &str = concat!(
    "UPDATE messages SET delivery = 'read' ",
    below!(read),
    " RETURNING id"
);

pub(crate) const MOVE_DELIVERED: &str = concat!(
    "UPDATE messages SET delivery = 'delivered' ",
    below!(delivered),
    " RETURNING id"
);
