//! What was typed and not sent: one text and any pictures per conversation, kept across a restart.

use domain::{ConversationId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::attachments::{StoredMedia, size_from_row};
use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::media::MediaFile;
use crate::sql;

/// What was typed and not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The words.
    pub text: String,
    /// The pictures.
    pub pictures: Vec<DraftPicture>,
}

/// A picture that was attached and not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPicture {
    /// Its row; an opaque number for the window.
    pub id: i64,
    /// The picture.
    pub media: StoredMedia,
}

impl VaultRead<'_> {
    /// The draft of a conversation; empty if there is none.
    pub fn draft(&self, conversation: ConversationId) -> Result<Draft> {
        let Some(row) = self.row_of(conversation)? else {
            return Ok(Draft::default());
        };
        let mut statement = self
            .sql
            .prepare_cached("SELECT text FROM drafts WHERE conversation = ?1")?;
        let text = statement
            .query_row([row], |row| row.get(0))
            .optional()?
            .unwrap_or_default();
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM draft_pictures WHERE conversation = ?1 ORDER BY id")?;
        let pictures = statement.query_map([row], picture_from_row)?;
        Ok(Draft {
            text,
            pictures: pictures.collect::<rusqlite::Result<_>>()?,
        })
    }
}

impl VaultWrite<'_> {
    /// Keeps the words of a draft; empty ones are no draft.
    pub fn set_draft(
        &self,
        conversation: ConversationId,
        text: &str,
        now: Timestamp,
    ) -> Result<()> {
        let row = self.expect_row(conversation)?;
        if text.is_empty() {
            self.sql
                .prepare_cached("DELETE FROM drafts WHERE conversation = ?1")?
                .execute([row])?;
        } else {
            self.sql
                .prepare_cached(
                    "INSERT OR REPLACE INTO drafts (conversation, text, changed_at)
                     VALUES (?1, ?2, ?3)",
                )?
                .execute(params![row, text, now.0])?;
        }
        Ok(())
    }

    /// Attaches a picture to a draft.
    pub fn add_draft_picture(
        &self,
        conversation: ConversationId,
        media: &StoredMedia,
    ) -> Result<i64> {
        let thumb = media.thumb.as_ref();
        self.sql
            .prepare_cached(
                "INSERT INTO draft_pictures (conversation, mime, file_name, file, key, size, width,
                     height, thumb_file, thumb_key, thumb_size)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                self.expect_row(conversation)?,
                media.mime,
                media.file_name,
                media.file.id(),
                media.file.key(),
                media.file.size_column(),
                media.size.map(|size| size.0),
                media.size.map(|size| size.1),
                thumb.map(MediaFile::id),
                thumb.map(MediaFile::key),
                thumb.map(MediaFile::size_column),
            ])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Takes a picture off a draft and removes it.
    pub fn remove_draft_picture(&self, id: i64) -> Result<()> {
        for select in [
            "SELECT file FROM draft_pictures WHERE id = ?1",
            "SELECT thumb_file FROM draft_pictures WHERE id = ?1 AND thumb_file IS NOT NULL",
        ] {
            self.bury_files(select, id)?;
        }
        self.sql
            .prepare_cached("DELETE FROM draft_pictures WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// Takes a picture off a draft in order to send it: the files stay and go with the reply that is
    /// queued in the same transaction.
    pub fn take_draft_picture(&self, id: i64) -> Result<Option<StoredMedia>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM draft_pictures WHERE id = ?1")?;
        let picture = statement.query_row([id], picture_from_row).optional()?;
        self.sql
            .prepare_cached("DELETE FROM draft_pictures WHERE id = ?1")?
            .execute([id])?;
        Ok(picture.map(|picture| picture.media))
    }

    pub(crate) fn remove_draft_pictures(&self, conversation: i64) -> Result<()> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT id FROM draft_pictures WHERE conversation = ?1")?;
        let rows: Vec<i64> = statement
            .query_map([conversation], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        rows.into_iter()
            .try_for_each(|id| self.remove_draft_picture(id))
    }

    /// Words that come back from the outbox stand before what was typed since.
    pub(crate) fn put_before_draft(
        &self,
        conversation: i64,
        text: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO drafts (conversation, text, changed_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (conversation) DO UPDATE
                 SET text = excluded.text || char(10) || drafts.text,
                     changed_at = excluded.changed_at",
            )?
            .execute(params![conversation, text, now.0])?;
        Ok(())
    }

    /// Two contacts became one: neither's draft is lost.
    pub(crate) fn merge_drafts(&self, stays: i64, gone: i64) -> Result<()> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT text, changed_at FROM drafts WHERE conversation = ?1")?;
        let other: Option<(String, i64)> = statement
            .query_row([gone], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((text, changed_at)) = other {
            self.put_before_draft(stays, &text, Timestamp(changed_at))?;
        }
        Ok(())
    }
}

fn picture_from_row(row: &Row<'_>) -> rusqlite::Result<DraftPicture> {
    Ok(DraftPicture {
        id: row.get("id")?,
        media: StoredMedia {
            file: sql::media(row, "")?.ok_or_else(|| sql::unreadable("file"))?,
            mime: row.get("mime")?,
            thumb: sql::media(row, "thumb_")?,
            size: size_from_row(row)?,
            file_name: row.get("file_name")?,
        },
    })
}
