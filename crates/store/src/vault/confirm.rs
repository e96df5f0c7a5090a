//! Knowing the shop's own messages again when the platform speaks of them: by our id, by the
//! platform's, or, where an echo carries neither, by what it says.

use domain::inbound::{Author, InboundMessage};
use domain::time::{MINUTE, SECOND};
use domain::{Channel, Delivery, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::messages::{Arrival, Road};
use super::thread::failure_from_row;
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// An echo without our id belongs to a send that started at most this long after it (clocks
/// differ) …
const ECHO_BEFORE: i64 = 60 * SECOND;
/// … and at most this long before it.
const ECHO_AFTER: i64 = 10 * MINUTE;

impl VaultRead<'_> {
    /// The row with our own id, if the platform has not named it yet.
    pub(crate) fn nameless_with_our_id(&self, our_id: &OurId) -> Result<Option<i64>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT id FROM messages WHERE our_id = ?1 AND platform_id IS NULL")?;
        Ok(statement
            .query_row([our_id.as_bytes()], |row| row.get(0))
            .optional()?)
    }
}

impl VaultWrite<'_> {
    /// Whether a message can be one that left from here.
    pub(crate) fn may_be_own(&self, message: &InboundMessage) -> Result<bool> {
        if message.author == Author::Person {
            return Ok(false);
        }
        Ok(message.our_id.is_some() || !self.nothing_leaves()?)
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
        // Nearly always nothing is on its way: only then it is asked who we are.
        Ok(match fitting {
            Some(row) if self.may_be_our_sending(echo)? => Some(row),
            _ => None,
        })
    }

    /// Whether an echo without our id can be of something this program sent. Messenger's name the
    /// app that sent it, unless a human did; Instagram's never do. WhatsApp echoes only what was
    /// written on the phone. What a look into the thread finds names no app on any channel.
    fn may_be_our_sending(&self, echo: &Arrival<'_>) -> Result<bool> {
        let channel = self.facts()?.map(|facts| facts.channel);
        Ok(match (channel, &echo.message.app_id) {
            (Some(Channel::Whatsapp), _) => false,
            (_, Some(app)) => self.is_own_app(Some(app))?,
            (Some(Channel::Messenger), None) => echo.road != Road::Live,
            (_, None) => true,
        })
    }

    /// The platform has a message of ours, under this id. If its echo stood as a row of its own
    /// until now, the two become one, and it has come as far as the echo had.
    pub(crate) fn confirm(&self, row: i64, platform_id: &str, at: Option<Timestamp>) -> Result<()> {
        let mut at = at;
        let mut come = None;
        if let Some(echo) = self.row_with_platform_id(platform_id)?
            && echo != row
        {
            let (sent_at, delivery, failure) = self
                .sql
                .prepare_cached(
                    "SELECT sent_at, delivery, failure_reason, failure_code FROM messages
                     WHERE id = ?1",
                )?
                .query_row([echo], |row| {
                    let delivery = sql::word_or_none(row, "delivery", Delivery::from_name)?;
                    Ok((sql::time(row, "sent_at")?, delivery, failure_from_row(row)?))
                })?;
            at = at.or(Some(sent_at));
            come = delivery.map(|delivery| (delivery, failure));
            self.refresh(self.conversation_of_message(echo)?);
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
        if let Some((delivery, failure)) = come {
            self.advance(row, delivery, failure.as_ref())?;
        }
        self.settle_pending(row, platform_id)?;
        let conversation = self.conversation_of_message(row)?;
        self.apply_watermarks_to(row)?;
        self.refresh(conversation);
        Ok(())
    }

    pub(crate) fn remove_message(&self, row: i64) -> Result<()> {
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
