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

/// How many messages that only begin alike are looked into, for each that is wanted. Where fewer
/// than one of four is a right one the index is asked after all, and gathers those few: looking on
/// could mean to read every message that begins alike.
const SIFTED_FOR_EACH: u32 = 4;

/// A message that was found, before anything is shown of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The message.
    pub message: MessageId,
    /// When it was sent.
    pub sent_at: Timestamp,
}

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
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Found>> {
        self.find_sifting(query, before, limit, limit.saturating_mul(SIFTED_FOR_EACH))
    }

    /// The index gathers all words that begin alike before it gives the first of them, unless the
    /// beginning is as short as those it keeps entries of: then it gives the latest at once. So a
    /// longer beginning is looked for by its first letters, and the texts are compared; only where
    /// that finds little the index is asked for the beginning itself.
    fn find_sifting(
        &self,
        query: &Query,
        before: Option<i64>,
        limit: u32,
        sifted: u32,
    ) -> Result<Vec<Found>> {
        let before = before.unwrap_or(i64::MAX);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(alike) = query.for_text_by_first_letters() else {
            return self.ask_index(&query.for_text(), before, limit);
        };
        let mut found = Vec::new();
        let mut last = None;
        let mut statement = self.sql.prepare_cached(BEGINNING_ALIKE)?;
        let mut rows = statement.query(params![alike, before, sifted])?;
        for looked in 1..=sifted {
            let Some(row) = rows.next()?.filter(|_| found.len() < wanted) else {
                return Ok(found);
            };
            if query.is_in(&row.get::<_, String>("text")?) {
                found.push(self.found_from_row(row)?);
            }
            last = (looked == sifted).then(|| row.get("id")).transpose()?;
        }
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
        found.extend(self.ask_index(&query.for_text(), last.unwrap_or(before), left)?);
        Ok(found)
    }

    fn ask_index(&self, written: &str, before: i64, limit: u32) -> Result<Vec<Found>> {
        let mut statement = self.sql.prepare_cached(FIND_MESSAGES)?;
        let rows = statement.query_map(params![written, before, limit], |row| {
            self.found_from_row(row)
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn found_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Found> {
        Ok(Found {
            message: self.message_id(row.get("id")?),
            sent_at: sql::time(row, "sent_at")?,
        })
    }

    /// What is shown of messages that were found, without those that were taken back since, or
    /// changed so that the words are gone.
    pub(crate) fn hits(&self, found: &[MessageId], query: &Query) -> Result<Vec<Hit>> {
        let mut statement = self.sql.prepare_cached(HIT)?;
        let mut hits = Vec::with_capacity(found.len());
        for message in found {
            let row = self.message_row(*message)?;
            let hit = statement.query_row([row], |row| self.hit_from_row(row, query));
            hits.extend(hit.optional()?.flatten());
        }
        Ok(hits)
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

    fn hit_from_row(&self, row: &Row<'_>, query: &Query) -> rusqlite::Result<Option<Hit>> {
        let text: String = row.get("text")?;
        if !query.is_in(&text) {
            return Ok(None);
        }
        Ok(Some(Hit {
            message: self.message_id(row.get("id")?),
            conversation: self.conversation_id(row.get("conversation")?),
            name: row.get("name")?,
            author: sql::word(row, "author", sql::author)?,
            sent_at: sql::time(row, "sent_at")?,
            excerpt: excerpt(&text, query, EXCERPT),
        }))
    }
}

pub(crate) const FIND_MESSAGES: &str = "
    SELECT m.id, m.sent_at
    FROM message_words w CROSS JOIN messages m ON m.id = w.rowid
    WHERE message_words MATCH ?1 AND w.rowid < ?2
    ORDER BY w.rowid DESC LIMIT ?3";

pub(crate) const BEGINNING_ALIKE: &str = "
    SELECT m.id, m.sent_at, m.text
    FROM message_words w CROSS JOIN messages m ON m.id = w.rowid
    WHERE message_words MATCH ?1 AND w.rowid < ?2 AND m.text IS NOT NULL
    ORDER BY w.rowid DESC LIMIT ?3";

const HIT: &str = "
    SELECT m.id, m.conversation, m.author, m.sent_at, m.text, k.name
    FROM messages m JOIN contacts k ON k.id = m.conversation
    WHERE m.id = ?1 AND m.text IS NOT NULL";

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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::vault::testing::{in_memory, read, write};

    /// Words that begin alike, in turn.
    const TEXTS: [&str; 6] = [
        "Lieferung heute",
        "Lieferant, liefere!",
        "LIEFERUNGEN und Lieder",
        "الفاتورة فاتن",
        "キャンセルとキャンプ",
        "lie liebe ﬁne 12345",
    ];

    fn filled(messages: usize) -> Connection {
        let mut vault = in_memory();
        vault
            .execute_batch("INSERT INTO contacts (id) VALUES (1);")
            .unwrap();
        write(&mut vault, |write| {
            for number in 0..messages {
                let text = TEXTS[number % TEXTS.len()];
                write.sql.execute(
                    "INSERT INTO messages (conversation, author, sent_at, arrived_at, text)
                     VALUES (1, 'person', ?1, 0, ?2)",
                    params![i64::try_from(number).unwrap(), text],
                )?;
                write.index_message(write.sql.last_insert_rowid(), Some(text))?;
            }
            Ok(())
        });
        vault
    }

    #[test]
    fn what_is_found_by_first_letters_is_what_the_index_finds() {
        let vault = filled(300);
        let asked = [
            "lieferung",
            "liefe",
            "lief",
            "lie",
            "liebe",
            "heute lief",
            "lieder lieferungen",
            "فاتور",
            "الفات",
            "فاتن الفاتو",
            "キャンセ",
            "キャンプ",
            "123",
            "1234",
            "fine",
            "nichts",
        ];
        for text in asked {
            let query = Query::parse(text).unwrap();
            let all = read(&vault, |read| {
                read.ask_index(&query.for_text(), i64::MAX, 999)
            });
            assert_eq!(all.is_empty(), text == "nichts", "{text}");
            for before in [None, Some(150)] {
                for limit in [1, 20, 1_000] {
                    let by_index = read(&vault, |read| {
                        read.ask_index(&query.for_text(), before.unwrap_or(i64::MAX), limit)
                    });
                    for sifted in [0, 1, 7, 1_000] {
                        let found = read(&vault, |read| {
                            read.find_sifting(&query, before, limit, sifted)
                        });
                        assert_eq!(found, by_index, "{text}, {before:?}, {limit}, {sifted}");
                    }
                }
            }
        }
    }
}
