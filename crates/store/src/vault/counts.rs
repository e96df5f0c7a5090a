//! Numbers beside the lists. Each walks an index or counts a small table; nothing is kept counted.

use domain::{ConversationId, Timestamp};
use rusqlite::OptionalExtension as _;

use super::VaultRead;
use crate::error::Result;
use crate::sql;

/// How many conversations each list of this vault has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// All of them.
    pub all: u32,
    /// Those with something unread.
    pub unread: u32,
    /// Those where the person wrote last.
    pub waiting: u32,
}

/// How much this vault keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Messages.
    pub messages: u32,
    /// Pictures that are here.
    pub pictures: u32,
    /// When something last left.
    pub last_sent_at: Option<Timestamp>,
}

/// How long and how much a person and the shop have talked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// When the first message was written.
    pub first_at: Option<Timestamp>,
    /// How many messages there are.
    pub messages: u32,
}

impl VaultRead<'_> {
    /// How many conversations each list has.
    pub fn list_counts(&self) -> Result<ListCounts> {
        self.make_fresh()?;
        let mut statement = self.sql.prepare_cached(
            "SELECT
                 (SELECT count(*) FROM conversations WHERE last_activity IS NOT NULL) AS every,
                 (SELECT count(*) FROM conversations WHERE unread > 0) AS unread,
                 (SELECT count(*) FROM conversations WHERE waits = 1) AS waiting",
        )?;
        Ok(statement.query_row([], |row| {
            Ok(ListCounts {
                all: sql::count(row, "every")?,
                unread: sql::count(row, "unread")?,
                waiting: sql::count(row, "waiting")?,
            })
        })?)
    }

    /// How much is kept.
    pub fn kept(&self) -> Result<Kept> {
        let mut statement = self.sql.prepare_cached(
            "SELECT (SELECT count(*) FROM messages) AS messages,
                    (SELECT count(*) FROM attachments
                     WHERE kind IN ('picture', 'sticker') AND state = 'ready') AS pictures,
                    (SELECT max(sent_at) FROM messages
                     WHERE delivery IN ('sent', 'delivered', 'read')) AS last_sent_at",
        )?;
        Ok(statement.query_row([], |row| {
            Ok(Kept {
                messages: sql::count(row, "messages")?,
                pictures: sql::count(row, "pictures")?,
                last_sent_at: sql::time_or_none(row, "last_sent_at")?,
            })
        })?)
    }

    /// How much of a conversation is kept.
    pub fn kept_of(&self, conversation: ConversationId) -> Result<Kept> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(Kept::default());
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT (SELECT count(*) FROM messages WHERE conversation = ?1) AS messages,
                    (SELECT count(*) FROM attachments
                     WHERE kind IN ('picture', 'sticker') AND state = 'ready'
                       AND message IN (SELECT id FROM messages WHERE conversation = ?1))
                        AS pictures,
                    (SELECT max(sent_at) FROM messages
                     WHERE conversation = ?1 AND delivery IN ('sent', 'delivered', 'read'))
                        AS last_sent_at",
        )?;
        Ok(statement.query_row([row], |row| {
            Ok(Kept {
                messages: sql::count(row, "messages")?,
                pictures: sql::count(row, "pictures")?,
                last_sent_at: sql::time_or_none(row, "last_sent_at")?,
            })
        })?)
    }

    /// How long and how much was talked with a person.
    pub fn talk(&self, conversation: ConversationId) -> Result<Talk> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(Talk::default());
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT min(sent_at) AS first_at, count(*) AS messages FROM messages
             WHERE conversation = ?1",
        )?;
        Ok(statement.query_row([row], |row| {
            Ok(Talk {
                first_at: sql::time_or_none(row, "first_at")?,
                messages: sql::count(row, "messages")?,
            })
        })?)
    }

    /// Replies of a conversation that nobody confirmed.
    pub fn unconfirmed_in(&self, conversation: ConversationId) -> Result<u32> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(0);
        };
        let mut statement = self.sql.prepare_cached(
            "SELECT count(*) AS n FROM outbox WHERE conversation = ?1 AND state = 'unconfirmed'",
        )?;
        Ok(statement
            .query_row([row], |row| sql::count(row, "n"))
            .optional()?
            .unwrap_or(0))
    }

    /// Replies that wait to leave.
    pub fn replies_waiting(&self) -> Result<u32> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT count(*) AS n FROM outbox WHERE state = 'queued'")?;
        Ok(statement.query_row([], |row| sql::count(row, "n"))?)
    }
}

#[cfg(test)]
mod tests {
    use domain::inbound::{Author, InboundMessage};
    use domain::{ContactKind, ContactRef};

    use super::super::messages::{Arrival, Road};
    use super::super::testing::{at, in_memory, read, write};
    use super::*;

    #[test]
    fn numbers_follow_the_rows() {
        let mut vault = in_memory();
        let mut say = |person: &str, id: &str, author, moment| {
            let message = InboundMessage {
                platform_id: id.to_owned(),
                contact: ContactRef::of(ContactKind::Igsid, person),
                author,
                text: Some("hi".to_owned()),
                attachments: vec![],
                reply_to: None,
                story: None,
                our_id: None,
                app_id: None,
                unsupported: None,
            };
            let arrival = Arrival {
                message: &message,
                at: at(moment),
                arrived_at: at(moment),
                road: Road::Live,
                quarantine: None,
            };
            write(&mut vault, |tx| tx.add_message(&arrival)).conversation
        };
        say("1", "a", Author::Person, 1_000);
        let two = say("2", "b", Author::Person, 2_000);
        say("2", "c", Author::Shop, 3_000);
        let lists = read(&vault, |vault| vault.list_counts());
        assert_eq!(
            lists,
            ListCounts {
                all: 2,
                unread: 1,
                waiting: 1
            }
        );
        let kept = read(&vault, |vault| vault.kept());
        assert_eq!(
            kept,
            Kept {
                messages: 3,
                pictures: 0,
                last_sent_at: Some(at(3_000))
            }
        );
        let talk = read(&vault, |vault| vault.talk(two));
        assert_eq!(
            talk,
            Talk {
                first_at: Some(at(2_000)),
                messages: 2
            }
        );
        assert_eq!(read(&vault, |vault| vault.unconfirmed_in(two)), 0);
        assert_eq!(read(&vault, |vault| vault.replies_waiting()), 0);
    }
}
