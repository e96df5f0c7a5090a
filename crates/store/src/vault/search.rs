//! Search over this vault, and keeping its two indexes in step with the rows. The indexes hold no
//! text: to take an entry out, the words it was made of are given again.

use domain::inbound::Author;
use domain::{ContactKind, ConversationId, MessageId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::conversations::Conversation;
use super::{Vault, VaultRead, VaultWrite};
use crate::error::Result;
use crate::excerpt::{Segment, excerpt};
use crate::sql;
use crate::words::{self, Query};

/// How many characters of a message a result shows.
const EXCERPT: usize = 160;

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The message.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The person's name.
    pub name: Option<String>,
    /// Which side wrote it.
    pub author: Author,
    /// When.
    pub sent_at: Timestamp,
    /// The words around what was found.
    pub excerpt: Vec<Segment>,
}

impl Vault {
    /// Builds the indexes again if the form of words has changed since they were built.
    pub(crate) fn refresh_words(&self) -> Result<()> {
        self.write(|write| {
            if write.mark("words")?.as_deref() == Some(words::VERSION) {
                return Ok(());
            }
            write.build_words()?;
            write.set_mark("words", Some(words::VERSION))
        })
    }
}

impl VaultRead<'_> {
    /// Messages with these words, the latest written down first, from before a row.
    pub fn find_messages(
        &self,
        query: &Query,
        within: Option<ConversationId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Hit>> {
        let within = within.map(|id| self.expect_row(id)).transpose()?;
        let mut statement = self.sql.prepare_cached(FIND_MESSAGES)?;
        let before = before.unwrap_or(i64::MAX);
        let rows = statement
            .query_map(params![query.for_text(), before, within, limit], |row| {
                self.hit_from_row(row, query)
            })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// People whose name, handle or number begins like this, the latest active first.
    pub fn find_people(&self, query: &Query, limit: u32) -> Result<Vec<Conversation>> {
        self.make_fresh()?;
        let mut statement = self.sql.prepare_cached(FIND_PEOPLE)?;
        let rows = statement.query_map(params![query.for_people(), limit], |row| row.get(0))?;
        let mut found = Vec::new();
        for row in rows {
            found.extend(self.conversation(self.conversation_id(row?))?);
        }
        found.sort_by_key(|conversation| std::cmp::Reverse(conversation.last_activity));
        Ok(found)
    }

    /// What the index of people holds for a contact.
    pub(crate) fn contact_words(&self, contact: i64) -> Result<String> {
        let names: Option<(Option<String>, Option<String>)> = self
            .sql
            .prepare_cached("SELECT name, handle FROM contacts WHERE id = ?1")?
            .query_row([contact], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((name, handle)) = names else {
            return Ok(String::new());
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT value FROM contact_keys WHERE contact = ?1 AND kind = ?2 ORDER BY value",
        )?;
        let phones = statement.query_map(params![contact, ContactKind::Phone.name()], |row| {
            row.get::<_, String>(0)
        })?;
        let mut parts = vec![
            words::for_index(&name.unwrap_or_default()),
            words::for_index(&handle.unwrap_or_default()),
        ];
        for phone in phones {
            parts.push(words::phone_for_index(&phone?));
        }
        parts.retain(|part| !part.is_empty());
        Ok(parts.join(" "))
    }

    fn hit_from_row(&self, row: &Row<'_>, query: &Query) -> rusqlite::Result<Hit> {
        let text: Option<String> = row.get("text")?;
        Ok(Hit {
            message: self.message_id(row.get("id")?),
            conversation: self.conversation_id(row.get("conversation")?),
            name: row.get("name")?,
            author: sql::word(row, "author", sql::author)?,
            sent_at: sql::time(row, "sent_at")?,
            excerpt: excerpt(&text.unwrap_or_default(), query, EXCERPT),
        })
    }
}

pub(crate) const FIND_MESSAGES: &str = "
    SELECT m.id, m.conversation, m.author, m.sent_at, m.text, k.name
    FROM message_words w
    CROSS JOIN messages m ON m.id = w.rowid
    CROSS JOIN contacts k ON k.id = m.conversation
    WHERE message_words MATCH ?1 AND w.rowid < ?2
      AND (?3 IS NULL OR m.conversation = ?3)
    ORDER BY w.rowid DESC LIMIT ?4";

pub(crate) const FIND_PEOPLE: &str = "
    SELECT w.rowid FROM contact_words w CROSS JOIN conversations c ON c.id = w.rowid
    WHERE contact_words MATCH ?1 AND c.last_activity IS NOT NULL
    ORDER BY c.last_activity DESC LIMIT ?2";

impl VaultWrite<'_> {
    pub(crate) fn index_message(&self, row: i64, text: Option<&str>) -> Result<()> {
        let words = words::for_index(text.unwrap_or_default());
        if !words.is_empty() {
            self.sql
                .prepare_cached("INSERT INTO message_words (rowid, words) VALUES (?1, ?2)")?
                .execute(params![row, words])?;
        }
        Ok(())
    }

    pub(crate) fn unindex_message(&self, row: i64, text: Option<&str>) -> Result<()> {
        let words = words::for_index(text.unwrap_or_default());
        if !words.is_empty() {
            self.sql
                .prepare_cached(
                    "INSERT INTO message_words (message_words, rowid, words)
                     VALUES ('delete', ?1, ?2)",
                )?
                .execute(params![row, words])?;
        }
        Ok(())
    }

    pub(crate) fn index_contact(&self, row: i64, words: &str) -> Result<()> {
        if !words.is_empty() {
            self.sql
                .prepare_cached("INSERT INTO contact_words (rowid, words) VALUES (?1, ?2)")?
                .execute(params![row, words])?;
        }
        Ok(())
    }

    pub(crate) fn unindex_contact(&self, row: i64, words: &str) -> Result<()> {
        if !words.is_empty() {
            self.sql
                .prepare_cached(
                    "INSERT INTO contact_words (contact_words, rowid, words)
                     VALUES ('delete', ?1, ?2)",
                )?
                .execute(params![row, words])?;
        }
        Ok(())
    }

    fn build_words(&self) -> Result<()> {
        self.sql.execute_batch(
            "INSERT INTO message_words (message_words) VALUES ('delete-all');
             INSERT INTO contact_words (contact_words) VALUES ('delete-all');",
        )?;
        let mut statement = self
            .sql
            .prepare_cached("SELECT id, text FROM messages WHERE text IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            self.index_message(row.get(0)?, Some(&text))?;
        }
        let mut statement = self.sql.prepare_cached("SELECT id FROM contacts")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let contact = row.get(0)?;
            self.index_contact(contact, &self.contact_words(contact)?)?;
        }
        Ok(())
    }
}
