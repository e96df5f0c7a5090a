//! Removing content for good: what a person took back, what a contact leaves behind, and media files
//! whose rows are gone. After the next checkpoint no page, index or file holds any of it.

use std::collections::HashSet;

use domain::ConversationId;
use rusqlite::params;

use super::{Vault, VaultRead, VaultWrite};
use crate::error::Result;

impl Vault {
    /// Removes media files whose rows went away. What a crash kept from it is done at the next start.
    pub(crate) fn bury(&self) -> Result<()> {
        let dead: Vec<[u8; 16]> = self.database.write(|sql| {
            let mut statement = sql.prepare_cached("SELECT file FROM dead_media")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })?;
        if dead.is_empty() {
            return Ok(());
        }
        for file in &dead {
            self.media.erase_id(file)?;
        }
        self.database.write(|sql| {
            let mut statement = sql.prepare_cached("DELETE FROM dead_media WHERE file = ?1")?;
            for file in &dead {
                statement.execute([file])?;
            }
            Ok(())
        })
    }

    /// Removes files that no row knows, left over from a crash between file and row. Their keys are
    /// gone; now they are. Files written since the vault was opened are left alone: their rows may
    /// be on the way. It walks a folder: for the background, once after opening. Answers how many.
    pub fn sweep_media(&self) -> Result<usize> {
        let known = self.read(|read| read.known_files())?;
        let mut removed = 0;
        for file in self.media.files_of_earlier_times()? {
            if !known.contains(&file) {
                self.media.erase_id(&file)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl VaultRead<'_> {
    fn known_files(&self) -> Result<HashSet<[u8; 16]>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT file FROM attachments WHERE file IS NOT NULL
             UNION ALL SELECT thumb_file FROM attachments WHERE thumb_file IS NOT NULL
             UNION ALL SELECT picture_file FROM contacts WHERE picture_file IS NOT NULL
             UNION ALL SELECT file FROM draft_pictures
             UNION ALL SELECT thumb_file FROM draft_pictures WHERE thumb_file IS NOT NULL",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl VaultWrite<'_> {
    /// Takes the content of a message away and leaves the mark that there was one.
    pub(crate) fn erase_content(&self, row: i64, platform_id: &str) -> Result<()> {
        let text = self.message_text(row)?;
        self.unindex_message(row, text.as_deref())?;
        self.remove_attachments(row)?;
        self.leave_quarantine_of(row)?;
        self.sql
            .prepare_cached(
                "UPDATE messages SET unsent = 1, seen = 1, text = NULL, story_id = NULL,
                     story_kind = NULL, reply_to = NULL, unsupported = NULL, edited_at = NULL
                 WHERE id = ?1",
            )?
            .execute([row])?;
        self.forget_what_was_said(platform_id)
    }

    /// What was kept raw of a message goes.
    pub(crate) fn leave_quarantine_of(&self, row: i64) -> Result<()> {
        self.sql
            .prepare_cached(
                "DELETE FROM quarantine
                 WHERE id = (SELECT quarantine FROM messages WHERE id = ?1)",
            )?
            .execute([row])?;
        Ok(())
    }

    /// Reactions to, and new wordings of, a message that was taken back.
    pub(crate) fn forget_what_was_said(&self, platform_id: &str) -> Result<()> {
        self.sql
            .prepare_cached("DELETE FROM reactions WHERE platform_id = ?1")?
            .execute([platform_id])?;
        self.sql
            .prepare_cached("DELETE FROM pending WHERE platform_id = ?1 AND kind = 'edited'")?
            .execute([platform_id])?;
        Ok(())
    }

    /// Removes a contact with everything that was ever said between them and the shop. What is left
    /// is a number that is never used again.
    pub fn erase_contact(&self, conversation: ConversationId) -> Result<()> {
        let contact = self.expect_row(conversation)?;
        let mut statement = self
            .sql
            .prepare_cached("SELECT id, text FROM messages WHERE conversation = ?1")?;
        let messages: Vec<(i64, Option<String>)> = statement
            .query_map([contact], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (row, text) in &messages {
            self.unindex_message(*row, text.as_deref())?;
            self.remove_attachments(*row)?;
        }
        self.sql
            .prepare_cached(
                "DELETE FROM reactions WHERE platform_id IN
                     (SELECT platform_id FROM messages WHERE conversation = ?1)",
            )?
            .execute([contact])?;
        self.remove_draft_pictures(contact)?;
        self.bury_picture_of(contact)?;
        self.unindex_contact(contact, &self.contact_words(contact)?)?;
        self.sql
            .prepare_cached("DELETE FROM contacts WHERE id = ?1")?
            .execute([contact])?;
        Ok(())
    }

    /// Puts files on the list of what is unlinked after the commit.
    pub(crate) fn bury_files(&self, select: &str, row: i64) -> Result<()> {
        self.sql
            .prepare_cached(&format!("INSERT OR IGNORE INTO dead_media (file) {select}"))?
            .execute(params![row])?;
        Ok(())
    }

    /// The picture of a contact goes.
    pub(crate) fn bury_picture_of(&self, contact: i64) -> Result<()> {
        self.bury_files(
            "SELECT picture_file FROM contacts WHERE id = ?1 AND picture_file IS NOT NULL",
            contact,
        )?;
        self.sql
            .prepare_cached(
                "UPDATE contacts SET picture_file = NULL, picture_key = NULL, picture_size = NULL
                 WHERE id = ?1",
            )?
            .execute([contact])?;
        Ok(())
    }

    pub(crate) fn has_dead_media(&self) -> Result<bool> {
        Ok(self
            .sql
            .prepare_cached("SELECT 1 FROM dead_media")?
            .exists([])?)
    }
}
