//! Messages: writing down what arrives. Every way a message can be heard of twice (the webhook again,
//! the echo of our own sending, the answer to a send, history) ends in the same row.

use domain::inbound::{Author, InboundMessage};
use domain::{ConversationId, Delivery, MessageId, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::contacts::Met;
use super::stale::Added;
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// A message to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// What the platform said.
    pub message: &'a InboundMessage,
    /// The platform's time: its place in the thread.
    pub at: Timestamp,
    /// When this computer heard of it.
    pub arrived_at: Timestamp,
    /// How it came.
    pub road: Road,
    /// The raw event, if a part of it could not be understood.
    pub quarantine: Option<i64>,
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// By webhook.
    Live,
    /// It was missed and has been read from the platform. Unread as if it had come by itself.
    Recovered,
    /// From before the connection was made: not unread, no notification, and nobody waits for an
    /// answer to it.
    History,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The message's row.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// What is new.
    pub news: News,
}

/// What is new about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was not here before: the only case for a notification.
    Inserted,
    /// The shop's own message, now confirmed by the platform.
    Confirmed,
    /// It was here as something that could not be shown, and now can.
    Understood,
    /// It had been read from the platform before its webhook came: nobody was told of it yet.
    Caught,
    /// It was here.
    Known,
}

/// What insertion has to know about a row that is there.
struct Existing {
    row: i64,
    conversation: i64,
    ours: bool,
    unsupported: bool,
    unsent: bool,
    recovered: bool,
}

impl VaultRead<'_> {
    /// The row with the platform's id.
    pub fn message_with_platform_id(&self, platform_id: &str) -> Result<Option<MessageId>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT id FROM messages WHERE platform_id = ?1")?;
        let row = statement
            .query_row([platform_id], |row| row.get(0))
            .optional()?;
        Ok(row.map(|row| self.message_id(row)))
    }

    /// The row with our own id.
    pub fn message_with_our_id(&self, our_id: &OurId) -> Result<Option<MessageId>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT id FROM messages WHERE our_id = ?1")?;
        let row = statement
            .query_row([our_id.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(row.map(|row| self.message_id(row)))
    }

    /// Of these platform ids, the ones that are not here: what a look into the platform's own list
    /// has to fetch.
    pub fn missing_platform_ids(&self, ids: &[String]) -> Result<Vec<String>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT 1 FROM messages WHERE platform_id = ?1")?;
        let mut missing = Vec::new();
        for id in ids {
            if !statement.exists([id])? {
                missing.push(id.clone());
            }
        }
        Ok(missing)
    }

    /// Whether a message is here and more than a placeholder.
    pub fn is_shown(&self, platform_id: &str) -> Result<bool> {
        let existing = self.existing(platform_id)?;
        Ok(existing.is_some_and(|existing| !existing.unsupported))
    }

    fn existing(&self, platform_id: &str) -> Result<Option<Existing>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT id, conversation, our_id IS NOT NULL AS ours,
                    unsupported IS NOT NULL AS unsupported, unsent, recovered
             FROM messages WHERE platform_id = ?1",
        )?;
        Ok(statement
            .query_row([platform_id], existing_from_row)
            .optional()?)
    }
}

impl VaultWrite<'_> {
    /// Writes a message down, whatever is known of it already, together with everything that was
    /// said about it before it came.
    pub fn add_message(&self, arrival: &Arrival<'_>) -> Result<Stored> {
        let message = arrival.message;
        let met = self.meet(&message.contact, arrival.at)?;
        let conversation = met.row;
        if self.may_be_own(message)? {
            if let Some(existing) = self.existing(&message.platform_id)? {
                return self.hear_again(arrival, &existing);
            }
            if let Some(row) = self.find_own(conversation, arrival)? {
                self.confirm(row, &message.platform_id, Some(arrival.at))?;
                return Ok(self.stored(row, conversation, News::Confirmed));
            }
        }
        // Nearly every message is new: the unique index tells when one is not, without a question.
        let Some(row) = self.insert(met, arrival)? else {
            let existing = self.existing(&message.platform_id)?;
            let existing = existing.expect("a row with the platform's id was in the way");
            return self.hear_again(arrival, &existing);
        };
        if self.settle_pending(row, &message.platform_id)? {
            self.refresh(conversation);
        }
        if message.author == Author::Shop {
            if is_by_hand(message) {
                self.note_answer_elsewhere(conversation, row)?;
            }
            if self.is_below_a_watermark(met, arrival.at)? {
                self.apply_watermarks_to(row)?;
            }
        }
        Ok(self.stored(row, conversation, News::Inserted))
    }

    /// A message that is here already: an echo that came after the answer, something that can be
    /// shown only now, or simply a repetition.
    fn hear_again(&self, arrival: &Arrival<'_>, existing: &Existing) -> Result<Stored> {
        let Existing {
            row, conversation, ..
        } = *existing;
        let placeholder = is_placeholder(arrival.message);
        // What cannot be shown says nothing of a message of ours: it may only speak of it.
        if existing.ours && !placeholder {
            let at = (arrival.road == Road::Live).then_some(arrival.at);
            self.confirm(row, &arrival.message.platform_id, at)?;
            return Ok(self.stored(row, conversation, News::Known));
        }
        if existing.unsupported && !existing.unsent && !placeholder {
            self.fill_placeholder(row, arrival)?;
            self.apply_watermarks_to(row)?;
            self.refresh(conversation);
            return Ok(self.stored(row, conversation, News::Understood));
        }
        if existing.recovered && arrival.road == Road::Live && !placeholder {
            self.place_by_webhook(row, arrival.at)?;
            self.refresh(conversation);
            return Ok(self.stored(row, conversation, News::Caught));
        }
        Ok(self.stored(row, conversation, News::Known))
    }

    /// The new row, or none if one has the platform's id already.
    fn insert(&self, met: Met, arrival: &Arrival<'_>) -> Result<Option<i64>> {
        let (message, conversation) = (arrival.message, met.row);
        let elsewhere = message.author == Author::Shop && self.came_from_elsewhere(message)?;
        let delivery = (message.author == Author::Shop).then_some(Delivery::Sent.name());
        let seen = message.author == Author::Shop
            || arrival.road == Road::History
            || self.was_answered_elsewhere(met, arrival.at)?;
        let story = message.story.as_ref();
        // An id of ours that stands with another message already is not this one's.
        let our_id = match &message.our_id {
            Some(our_id) if self.message_with_our_id(our_id)?.is_none() => Some(our_id.as_bytes()),
            _ => None,
        };
        let inserted = self
            .sql
            .prepare_cached(
                "INSERT INTO messages (conversation, platform_id, our_id, author, sent_at,
                     arrived_at, text, reply_to, story_id, story_kind, delivery, elsewhere,
                     recovered, seen, unsupported, quarantine, history)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                     ?17)
                 ON CONFLICT (platform_id) DO NOTHING",
            )?
            .execute(params![
                conversation,
                message.platform_id,
                our_id,
                sql::author_name(message.author),
                arrival.at.0,
                arrival.arrived_at.0,
                message.text,
                message.reply_to,
                story.and_then(|story| story.id.as_deref()),
                story.map(|story| if story.mention { "mention" } else { "reply" }),
                delivery,
                elsewhere,
                arrival.road == Road::Recovered,
                seen,
                message.unsupported,
                arrival.quarantine,
                arrival.road == Road::History,
            ])?;
        if inserted == 0 {
            return Ok(None);
        }
        let row = self.sql.last_insert_rowid();
        self.note_added(
            conversation,
            Added {
                at: arrival.at.0,
                row,
                waits: message.author == Author::Person && arrival.road != Road::History,
                seen,
            },
        );
        if let Some(quarantine) = arrival.quarantine {
            self.claim_quarantine(quarantine, conversation)?;
        }
        self.add_attachments(row, &message.attachments)?;
        self.index_message(row, message.text.as_deref())?;
        Ok(Some(row))
    }

    /// A look into the thread tells whole seconds, a webhook milliseconds: with it the message gets
    /// its true place, and it did not come late after all.
    fn place_by_webhook(&self, row: i64, at: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached("UPDATE messages SET sent_at = ?2, recovered = 0 WHERE id = ?1")?
            .execute(params![row, at.0])?;
        let conversation = self.conversation_of_message(row)?;
        self.note_unseen(conversation, at);
        self.apply_watermarks_to(row)
    }

    /// What was shown as "cannot be shown" gets its content after an update, and its side: an
    /// earlier version may not have known whose it is.
    fn fill_placeholder(&self, row: i64, arrival: &Arrival<'_>) -> Result<()> {
        let message = arrival.message;
        // What was kept raw of it is not needed any more, and would stay if it were taken back.
        self.leave_quarantine_of(row)?;
        let before = self.message_text(row)?;
        self.unindex_message(row, before.as_deref())?;
        self.remove_attachments(row)?;
        let story = message.story.as_ref();
        self.sql
            .prepare_cached(
                "UPDATE messages SET text = ?2, reply_to = ?3, story_id = ?4, story_kind = ?5,
                     unsupported = ?6, quarantine = ?7, author = ?8,
                     delivery = iif(?8 = 'shop', coalesce(delivery, 'sent'), NULL),
                     seen = iif(?8 = 'shop', 1, seen)
                 WHERE id = ?1",
            )?
            .execute(params![
                row,
                message.text,
                message.reply_to,
                story.and_then(|story| story.id.as_deref()),
                story.map(|story| if story.mention { "mention" } else { "reply" }),
                message.unsupported,
                arrival.quarantine,
                sql::author_name(message.author),
            ])?;
        self.add_attachments(row, &message.attachments)?;
        self.index_message(row, message.text.as_deref())
    }

    /// Whether an echo was typed on the phone, in Meta's inbox or in another program. Ours carry our
    /// id or our app's; what a later look into the thread finds carries neither and counts as theirs.
    fn came_from_elsewhere(&self, message: &InboundMessage) -> Result<bool> {
        if message.our_id.is_some() {
            return Ok(false);
        }
        Ok(message.app_id.is_none() || !self.is_own_app(message.app_id.as_deref())?)
    }

    /// The shop answered by hand from elsewhere: whoever did has seen what came before.
    fn note_answer_elsewhere(&self, conversation: i64, row: i64) -> Result<()> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT sent_at FROM messages WHERE id = ?1 AND elsewhere = 1")?;
        let at: Option<i64> = statement
            .query_row([row], |row| row.get("sent_at"))
            .optional()?;
        if let Some(at) = at {
            self.sql
                .prepare_cached(
                    "UPDATE conversations
                     SET elsewhere_upto = max(coalesce(elsewhere_upto, ?2), ?2) WHERE id = ?1",
                )?
                .execute([conversation, at])?;
            self.see_what_was_answered_elsewhere(conversation)?;
            self.refresh(conversation);
        }
        Ok(())
    }

    fn was_answered_elsewhere(&self, met: Met, at: Timestamp) -> Result<bool> {
        if let Some(marks) = met.marks {
            return Ok(marks.elsewhere_upto >= Some(at.0));
        }
        let mut statement = self
            .sql
            .prepare_cached("SELECT 1 FROM conversations WHERE id = ?1 AND elsewhere_upto >= ?2")?;
        Ok(statement.exists(params![met.row, at.0])?)
    }

    /// Swaps the text of a message, in the search index as well.
    pub(crate) fn change_text(&self, row: i64, text: &str, at: Timestamp) -> Result<()> {
        let before = self.message_text(row)?;
        self.unindex_message(row, before.as_deref())?;
        self.sql
            .prepare_cached("UPDATE messages SET text = ?2, edited_at = ?3 WHERE id = ?1")?
            .execute(params![row, text, at.0])?;
        self.index_message(row, Some(text))
    }

    pub(crate) fn message_text(&self, row: i64) -> Result<Option<String>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT text FROM messages WHERE id = ?1")?;
        Ok(statement
            .query_row([row], |row| row.get(0))
            .optional()?
            .flatten())
    }

    const fn stored(&self, row: i64, conversation: i64, news: News) -> Stored {
        Stored {
            message: self.0.message_id(row),
            conversation: self.0.conversation_id(conversation),
            news,
        }
    }
}

/// The app id echoes from Meta's own Page inbox carry.
const PAGE_INBOX: &str = "263902037430900";

/// Whether a human wrote an echo, on a phone or in Meta's inbox. What another program sent, an
/// answering machine perhaps, does not mean that anybody has read what the person wrote.
fn is_by_hand(echo: &InboundMessage) -> bool {
    echo.app_id.as_deref().is_none_or(|app| app == PAGE_INBOX)
}

/// Nothing to show but the fact that there is something.
fn is_placeholder(message: &InboundMessage) -> bool {
    message.text.is_none()
        && message.attachments.is_empty()
        && message.story.is_none()
        && message.unsupported.is_some()
}

fn existing_from_row(row: &Row<'_>) -> rusqlite::Result<Existing> {
    Ok(Existing {
        row: row.get("id")?,
        conversation: row.get("conversation")?,
        ours: row.get("ours")?,
        unsupported: row.get("unsupported")?,
        unsent: row.get("unsent")?,
        recovered: row.get("recovered")?,
    })
}
