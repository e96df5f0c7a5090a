//! Reading a conversation, page by page.

use domain::inbound::{Author, StoryRef};
use domain::outbound::{Failure, Reason};
use domain::{ConversationId, Delivery, MessageId, OurId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::VaultRead;
use super::attachments::Attachment;
use super::gaps::Gap;
use super::reactions::Reaction;
use crate::error::Result;
use crate::sql;

/// A query of messages with what the thread shows beside them.
macro_rules! message_sql {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.conversation, m.platform_id, m.our_id, m.author, m.sent_at,
                    m.arrived_at, m.text, m.delivery, m.failure_reason, m.failure_code,
                    m.reply_to, m.story_id, m.story_kind, m.unsent, m.edited_at, m.elsewhere,
                    m.recovered, m.seen, m.unsupported,
                    q.id AS quoted, q.author AS quoted_author,
                    substr(q.text, 1, 200) AS quoted_text,
                    (SELECT due_at FROM outbox
                     WHERE message = m.id AND state = 'queued' AND held = 1) AS held_until
             FROM messages m LEFT JOIN messages q ON q.platform_id = m.reply_to ",
            $rest
        )
    };
}

/// A message as the thread shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The platform's id; the shop's own messages get it once sent.
    pub platform_id: Option<String>,
    /// Our id, if it was written in this program.
    pub our_id: Option<OurId>,
    /// Which side wrote it.
    pub author: Author,
    /// The platform's time; until an echo tells it, ours.
    pub sent_at: Timestamp,
    /// When this computer heard of it.
    pub arrived_at: Timestamp,
    /// The words.
    pub text: Option<String>,
    /// How far it has come, if it is the shop's.
    pub delivery: Option<Delivery>,
    /// Why it failed, or why it waits for another try.
    pub failure: Option<Failure>,
    /// The message it answers.
    pub reply_to: Option<Quote>,
    /// The story it answers or mentions.
    pub story: Option<StoryRef>,
    /// It was taken back; there is no content any more.
    pub unsent: bool,
    /// Its text was changed.
    pub edited: bool,
    /// The shop wrote it elsewhere: on the phone, in Meta's inbox, in another program.
    pub elsewhere: bool,
    /// It was missed and read from the platform later.
    pub recovered: bool,
    /// Someone here has seen it.
    pub seen: bool,
    /// A part of it cannot be shown: the platform's word for it.
    pub unsupported: Option<String>,
    /// Until when it can be taken back, while it is held.
    pub held_until: Option<Timestamp>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// Reactions on it.
    pub reactions: Vec<Reaction>,
}

/// The message that is answered, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The platform's id of it.
    pub platform_id: String,
    /// It, if it is here.
    pub message: Option<MessageId>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// Its first words.
    pub text: Option<String>,
}

/// A place in a thread, ordered by the platform's time and then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadPosition {
    /// The message's time.
    pub sent_at: Timestamp,
    /// The message's row.
    pub row: i64,
}

impl Message {
    /// Where this message stands in its thread.
    pub const fn position(&self) -> ThreadPosition {
        ThreadPosition {
            sent_at: self.sent_at,
            row: self.id.row,
        }
    }
}

/// Which part of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Newest,
    /// Those before a place.
    Before(ThreadPosition),
    /// Those after a place.
    After(ThreadPosition),
}

/// A part of a thread, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadPage {
    /// The messages.
    pub messages: Vec<Message>,
    /// The gaps between and after them.
    pub gaps: Vec<Gap>,
    /// There is more in the direction that was asked for (older ones for `Newest`).
    pub more: bool,
}

impl VaultRead<'_> {
    /// A page of a thread.
    pub fn thread(
        &self,
        conversation: ConversationId,
        page: Page,
        limit: u32,
    ) -> Result<ThreadPage> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(ThreadPage {
                messages: Vec::new(),
                gaps: Vec::new(),
                more: false,
            });
        };
        let (sql, from) = match page {
            Page::Newest => (
                OLDER,
                ThreadPosition {
                    sent_at: Timestamp(i64::MAX),
                    row: i64::MAX,
                },
            ),
            Page::Before(position) => (OLDER, position),
            Page::After(position) => (NEWER, position),
        };
        let mut statement = self.sql.prepare_cached(sql)?;
        let rows = statement.query_map(
            params![row, from.sent_at.0, from.row, limit.saturating_add(1)],
            |row| self.message_from_row(row),
        )?;
        let mut messages = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = messages.len() > wanted;
        messages.truncate(wanted);
        if !matches!(page, Page::After(_)) {
            messages.reverse();
        }
        for message in &mut messages {
            self.complete(message)?;
        }
        let gaps = self.gaps_around(conversation, page, &messages, more)?;
        Ok(ThreadPage {
            messages,
            gaps,
            more,
        })
    }

    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>> {
        let row = self.message_row(id)?;
        let mut statement = self.sql.prepare_cached(message_sql!("WHERE m.id = ?1"))?;
        let Some(mut message) = statement
            .query_row([row], |row| self.message_from_row(row))
            .optional()?
        else {
            return Ok(None);
        };
        self.complete(&mut message)?;
        Ok(Some(message))
    }

    fn complete(&self, message: &mut Message) -> Result<()> {
        message.attachments = self.attachments(message.id)?;
        if let Some(platform_id) = &message.platform_id {
            message.reactions = self.reactions_on(platform_id)?;
        }
        Ok(())
    }

    /// Gaps lie between the oldest and the newest message shown; at the open end of a thread also
    /// beyond them.
    fn gaps_around(
        &self,
        conversation: ConversationId,
        page: Page,
        messages: &[Message],
        more: bool,
    ) -> Result<Vec<Gap>> {
        let oldest = messages.first().map(|message| message.sent_at);
        let newest = messages.last().map(|message| message.sent_at);
        let earliest = Timestamp(i64::MIN);
        let latest = Timestamp(i64::MAX);
        let (from, to) = match page {
            Page::Newest => (oldest.filter(|_| more).unwrap_or(earliest), latest),
            Page::Before(position) => (
                oldest.filter(|_| more).unwrap_or(earliest),
                position.sent_at.plus(-1),
            ),
            Page::After(position) => (position.sent_at, newest.filter(|_| more).unwrap_or(latest)),
        };
        self.gaps(conversation, from, to)
    }

    fn message_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Message> {
        Ok(Message {
            id: self.message_id(row.get("id")?),
            conversation: self.conversation_id(row.get("conversation")?),
            platform_id: row
                .get::<_, Option<String>>("platform_id")?
                .filter(|id| !id.starts_with("x:")),
            our_id: row
                .get::<_, Option<[u8; 16]>>("our_id")?
                .map(OurId::from_bytes),
            author: sql::word(row, "author", sql::author)?,
            sent_at: sql::time(row, "sent_at")?,
            arrived_at: sql::time(row, "arrived_at")?,
            text: row.get("text")?,
            delivery: sql::word_or_none(row, "delivery", Delivery::from_name)?,
            failure: failure_from_row(row)?,
            reply_to: self.quote_from_row(row)?,
            story: story_from_row(row)?,
            unsent: row.get("unsent")?,
            edited: row.get::<_, Option<i64>>("edited_at")?.is_some(),
            elsewhere: row.get("elsewhere")?,
            recovered: row.get("recovered")?,
            seen: row.get("seen")?,
            unsupported: row.get("unsupported")?,
            held_until: sql::time_or_none(row, "held_until")?,
            attachments: Vec::new(),
            reactions: Vec::new(),
        })
    }

    fn quote_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Option<Quote>> {
        let Some(platform_id) = row.get("reply_to")? else {
            return Ok(None);
        };
        Ok(Some(Quote {
            platform_id,
            message: row
                .get::<_, Option<i64>>("quoted")?
                .map(|row| self.message_id(row)),
            author: sql::word_or_none(row, "quoted_author", sql::author)?,
            text: row.get("quoted_text")?,
        }))
    }
}

pub(crate) fn failure_from_row(row: &Row<'_>) -> rusqlite::Result<Option<Failure>> {
    let reason = sql::word_or_none(row, "failure_reason", Reason::from_name)?;
    let code = row.get("failure_code")?;
    Ok(reason.map(|reason| Failure { reason, code }))
}

fn story_from_row(row: &Row<'_>) -> rusqlite::Result<Option<StoryRef>> {
    let kind: Option<String> = row.get("story_kind")?;
    let id = row.get("story_id")?;
    Ok(kind.map(|kind| StoryRef {
        id,
        mention: kind == "mention",
    }))
}

pub(crate) const OLDER: &str = message_sql!(
    "WHERE m.conversation = ?1 AND (m.sent_at, m.id) < (?2, ?3)
     ORDER BY m.sent_at DESC, m.id DESC LIMIT ?4"
);

pub(crate) const NEWER: &str = message_sql!(
    "WHERE m.conversation = ?1 AND (m.sent_at, m.id) > (?2, ?3)
     ORDER BY m.sent_at, m.id LIMIT ?4"
);
