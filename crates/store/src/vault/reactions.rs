//! Reactions, kept by the platform's id of the message they are on: one may come before its message.

use domain::inbound::Author;
use domain::{MessageId, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::sql;

/// A reaction on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Who reacted.
    pub by: Author,
    /// With what.
    pub emoji: String,
    /// When.
    pub at: Timestamp,
}

impl VaultRead<'_> {
    pub(crate) fn reactions_on(&self, platform_id: &str) -> Result<Vec<Reaction>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT author, emoji, at FROM reactions
             WHERE platform_id = ?1 AND emoji IS NOT NULL ORDER BY author",
        )?;
        let rows = statement.query_map([platform_id], |row| {
            Ok(Reaction {
                by: sql::word(row, "author", sql::author)?,
                emoji: row.get("emoji")?,
                at: sql::time(row, "at")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl VaultWrite<'_> {
    /// A reaction was put on a message, or (`None`) taken off it. The newest by the platform's time
    /// stands. Answers the message, if it is here and was not taken back.
    pub fn react(
        &self,
        platform_id: &str,
        by: Author,
        emoji: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<MessageId>> {
        let message: Option<(i64, bool)> = self
            .sql
            .prepare_cached("SELECT id, unsent FROM messages WHERE platform_id = ?1")?
            .query_row([platform_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if matches!(message, Some((_, true))) {
            return Ok(None);
        }
        self.sql
            .prepare_cached(
                "INSERT INTO reactions (platform_id, author, emoji, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (platform_id, author) DO UPDATE
                 SET emoji = excluded.emoji, at = excluded.at WHERE excluded.at >= reactions.at",
            )?
            .execute(params![platform_id, sql::author_name(by), emoji, at.0])?;
        Ok(message.map(|(row, _)| self.message_id(row)))
    }
}
