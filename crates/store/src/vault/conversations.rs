//! The list: one line for each contact of one connection. `stale.rs` keeps its lines true.

use domain::inbound::{AttachmentKind, Author};
use domain::reply_window::Refusal;
use domain::{ConnectionId, ConversationId, Delivery, MessageId, PersonId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{VaultRead, refusals};
use crate::error::Result;
use crate::media::MediaFile;
use crate::sql;

/// A line of the conversation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The person's name.
    pub name: Option<String>,
    /// The person's handle without `@`.
    pub handle: Option<String>,
    /// The person's number, where that is how the platform knows them.
    pub phone: Option<String>,
    /// The person this contact is linked to.
    pub person: Option<PersonId>,
    /// The person's picture.
    pub picture: Option<MediaFile>,
    /// The platform's time of the newest message: its place in the list.
    pub last_activity: Timestamp,
    /// The newest message, in short.
    pub last_line: Option<LastLine>,
    /// Messages of the person nobody here has seen.
    pub unread: u32,
    /// The person wrote last.
    pub waits: bool,
    /// Messages of the shop's that were not sent.
    pub failed: u32,
    /// When the person last wrote: what the reply window counts from.
    pub last_inbound_at: Option<Timestamp>,
    /// What the platform said of the reply window when it last refused an answer as too late.
    pub refusal: Option<Refusal>,
    /// What was typed and not sent.
    pub draft: Option<String>,
}

/// The newest message of a conversation, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastLine {
    /// Which message it is.
    pub message: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// The first words of it.
    pub text: Option<String>,
    /// The kind of its first attachment.
    pub attachment: Option<AttachmentKind>,
    /// How far it has come, if it is the shop's.
    pub delivery: Option<Delivery>,
    /// It was taken back.
    pub unsent: bool,
    /// It is about a story.
    pub story: bool,
    /// It cannot be shown: the platform's word for what it is.
    pub unsupported: Option<String>,
}

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those with something unread.
    Unread,
    /// Those where the person wrote last.
    Waiting,
}

/// A place in the list; the next page starts behind it. The list is ordered by last activity, newest
/// first; at the same moment by connection and then by the newer conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPosition {
    /// Last activity of the last conversation seen.
    pub last_activity: Timestamp,
    /// That conversation.
    pub conversation: ConversationId,
}

impl Conversation {
    /// Where this conversation stands in the list.
    pub const fn position(&self) -> ListPosition {
        ListPosition {
            last_activity: self.last_activity,
            conversation: self.id,
        }
    }
}

impl ListPosition {
    /// The last place of this connection that was already shown, as activity and row: its page goes
    /// on with what is smaller.
    const fn within(&self, connection: ConnectionId) -> (i64, i64) {
        match order(
            connection.as_bytes(),
            self.conversation.connection.as_bytes(),
        ) {
            // Came before at the same moment: only older ones are left.
            -1 => (self.last_activity.0, i64::MIN),
            0 => (self.last_activity.0, self.conversation.row),
            // Comes after at the same moment: all of that moment are left.
            _ => (self.last_activity.0.saturating_add(1), i64::MIN),
        }
    }
}

const fn order(a: &[u8; 16], b: &[u8; 16]) -> i8 {
    let (a, b) = (u128::from_be_bytes(*a), u128::from_be_bytes(*b));
    if a < b {
        -1
    } else if a == b {
        0
    } else {
        1
    }
}

impl VaultRead<'_> {
    /// One line of the list.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>> {
        self.make_fresh()?;
        let Some(row) = self.row_of(id)? else {
            return Ok(None);
        };
        let mut statement = self
            .sql
            .prepare_cached(&format!("{SELECT} WHERE c.id = ?1"))?;
        Ok(statement
            .query_row([row], |row| self.conversation_from_row(row))
            .optional()?)
    }

    /// A page of the list, newest activity first, behind `after`.
    pub fn conversations(
        &self,
        filter: Filter,
        after: Option<&ListPosition>,
        limit: u32,
    ) -> Result<Vec<Conversation>> {
        self.make_fresh()?;
        let (activity, row) =
            after.map_or((i64::MAX, i64::MAX), |after| after.within(self.connection));
        let mut statement = self.sql.prepare_cached(list_sql(filter))?;
        let rows = statement.query_map(params![activity, row, limit], |row| {
            self.conversation_from_row(row)
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many messages nobody here has seen, and in how many conversations.
    pub fn unread(&self) -> Result<Unread> {
        self.make_fresh()?;
        let mut statement = self.sql.prepare_cached(
            "SELECT count(*) AS conversations, coalesce(sum(unread), 0) AS messages
             FROM conversations WHERE unread > 0",
        )?;
        Ok(statement.query_row([], |row| {
            Ok(Unread {
                conversations: sql::count(row, "conversations")?,
                messages: sql::count(row, "messages")?,
            })
        })?)
    }

    fn conversation_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Conversation> {
        Ok(Conversation {
            id: self.conversation_id(row.get("id")?),
            name: row.get("name")?,
            handle: row.get("handle")?,
            phone: row.get("phone")?,
            person: row
                .get::<_, Option<[u8; 16]>>("person")?
                .map(PersonId::from_bytes),
            picture: sql::media(row, "picture_")?,
            last_activity: sql::time_or_none(row, "last_activity")?.unwrap_or_default(),
            last_line: self.last_line_from_row(row)?,
            unread: sql::count(row, "unread")?,
            waits: row.get("waits")?,
            failed: sql::count(row, "failed")?,
            last_inbound_at: sql::time_or_none(row, "last_inbound_at")?,
            refusal: refusals::from_row(row)?,
            draft: row.get("draft")?,
        })
    }

    fn last_line_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Option<LastLine>> {
        let Some(message) = row.get::<_, Option<i64>>("last_message")? else {
            return Ok(None);
        };
        Ok(Some(LastLine {
            message: self.message_id(message),
            author: sql::word(row, "author", sql::author)?,
            text: row.get("text")?,
            attachment: sql::word_or_none(row, "attachment", AttachmentKind::from_name)?,
            delivery: sql::word_or_none(row, "delivery", Delivery::from_name)?,
            unsent: row.get("unsent")?,
            story: row.get::<_, Option<String>>("story_kind")?.is_some(),
            unsupported: row.get("unsupported")?,
        }))
    }
}

/// Unread counts of one vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Conversations with something unread.
    pub conversations: u32,
    /// Unread messages.
    pub messages: u32,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.last_activity, c.last_message, c.unread, c.waits, c.failed,
                    c.last_inbound_at, c.refused_upto, c.refused_means, k.name, k.handle, k.person,
                    k.picture_file, k.picture_key, k.picture_size,
                    (SELECT value FROM contact_keys
                     WHERE contact = c.id AND kind = 'phone'
                     ORDER BY seen_at DESC LIMIT 1) AS phone,
                    m.author, substr(m.text, 1, 200) AS text, m.delivery, m.unsent, m.story_kind,
                    m.unsupported,
                    (SELECT kind FROM attachments
                     WHERE message = m.id ORDER BY position LIMIT 1) AS attachment,
                    d.text AS draft
             FROM conversations c
             JOIN contacts k ON k.id = c.id
             LEFT JOIN messages m ON m.id = c.last_message
             LEFT JOIN drafts d ON d.conversation = c.id ",
            $rest
        )
    };
}

const SELECT: &str = select!("");

/// The query of a list. The condition on the left of each is that of the index it walks.
pub(crate) const fn list_sql(filter: Filter) -> &'static str {
    match filter {
        Filter::All => select!(
            "WHERE c.last_activity IS NOT NULL AND (c.last_activity, c.id) < (?1, ?2)
             ORDER BY c.last_activity DESC, c.id DESC LIMIT ?3"
        ),
        Filter::Unread => select!(
            "WHERE c.unread > 0 AND (c.last_activity, c.id) < (?1, ?2)
             ORDER BY c.last_activity DESC, c.id DESC LIMIT ?3"
        ),
        Filter::Waiting => select!(
            "WHERE c.waits = 1 AND (c.last_activity, c.id) < (?1, ?2)
             ORDER BY c.last_activity DESC, c.id DESC LIMIT ?3"
        ),
    }
}
