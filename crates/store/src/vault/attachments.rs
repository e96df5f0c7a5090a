//! What is attached to messages: where the bytes are at the platform, then where they are here.

use domain::inbound::{AttachmentKind, InboundAttachment, MediaSource};
use domain::{MessageId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{VaultRead, VaultWrite};
use crate::error::{Error, Result};
use crate::media::MediaFile;
use crate::sql;

/// Something attached to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its row; an opaque number for the window.
    pub id: i64,
    /// What it is attached to.
    pub message: MessageId,
    /// What kind of thing it is.
    pub kind: AttachmentKind,
    /// Where it stands.
    pub state: AttachmentState,
    /// The type: what the platform claimed until the bytes are here, then what they are.
    pub mime: Option<String>,
    /// The name the sender gave it.
    pub file_name: Option<String>,
    /// The bytes.
    pub file: Option<MediaFile>,
    /// A small picture of it.
    pub thumb: Option<MediaFile>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
}

/// Where an attachment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentState {
    /// To be fetched.
    Waiting,
    /// Here.
    Ready,
    /// The platform does not have it any more.
    Expired,
    /// It was not fetched, and will not be by itself.
    Failed,
    /// It is larger than this program takes.
    TooLarge,
    /// It is no picture, sound or film, whatever it claimed.
    Unreadable,
}

impl AttachmentState {
    /// The name kept in the vault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Waiting,
            Self::Ready,
            Self::Expired,
            Self::Failed,
            Self::TooLarge,
            Self::Unreadable,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// An attachment that is to be fetched now.
#[derive(Clone, Debug, PartialEq)]
pub struct ToFetch {
    /// The attachment.
    pub attachment: i64,
    /// The message it belongs to.
    pub message: MessageId,
    /// What kind of thing it should be.
    pub kind: AttachmentKind,
    /// The type the platform claims.
    pub mime: Option<String>,
    /// Where the bytes are.
    pub source: MediaSource,
    /// How often it was tried.
    pub attempts: u32,
}

/// A picture or file that is here: fetched from the platform, or chosen by the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The bytes.
    pub file: MediaFile,
    /// What they are.
    pub mime: String,
    /// A small picture of it.
    pub thumb: Option<MediaFile>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// The name it came with.
    pub file_name: Option<String>,
}

impl VaultRead<'_> {
    /// The attachments of a message, in the sender's order.
    pub fn attachments(&self, message: MessageId) -> Result<Vec<Attachment>> {
        let row = self.message_row(message)?;
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM attachments WHERE message = ?1 ORDER BY position")?;
        let rows = statement.query_map([row], |row| self.attachment_from_row(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One attachment.
    pub fn attachment(&self, id: i64) -> Result<Option<Attachment>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM attachments WHERE id = ?1")?;
        Ok(statement
            .query_row([id], |row| self.attachment_from_row(row))
            .optional()?)
    }

    /// What is to be fetched now, the oldest first.
    pub fn media_due(&self, now: Timestamp, limit: u32) -> Result<Vec<ToFetch>> {
        let mut statement = self.sql.prepare_cached(MEDIA_DUE)?;
        let rows = statement.query_map(params![now.0, limit], |row| self.to_fetch_from_row(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// When the next attachment becomes due.
    pub fn next_media_due(&self) -> Result<Option<Timestamp>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT min(due_at) FROM attachments WHERE state = 'waiting'")?;
        let due: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(due.map(Timestamp))
    }

    /// The media file of this name, if this vault has it: what the window's media scheme asks.
    pub fn media_named(&self, name: &str) -> Result<Option<NamedMedia>> {
        let mut id = [0; 16];
        if hex::decode_to_slice(name, &mut id).is_err() {
            return Ok(None);
        }
        for sql in MEDIA_NAMED {
            let mut statement = self.sql.prepare_cached(sql)?;
            let found = statement
                .query_row([id], |row| Ok((sql::media(row, "")?, row.get("mime")?)))
                .optional()?;
            if let Some((Some(file), mime)) = found {
                return Ok(Some(NamedMedia { file, mime }));
            }
        }
        Ok(None)
    }

    fn attachment_from_row(&self, row: &Row<'_>) -> rusqlite::Result<Attachment> {
        Ok(Attachment {
            id: row.get("id")?,
            message: self.message_id(row.get("message")?),
            kind: sql::word(row, "kind", AttachmentKind::from_name)?,
            state: sql::word(row, "state", AttachmentState::from_name)?,
            mime: row.get("mime")?,
            file_name: row.get("file_name")?,
            file: sql::media(row, "")?,
            thumb: sql::media(row, "thumb_")?,
            size: size_from_row(row)?,
        })
    }

    fn to_fetch_from_row(&self, row: &Row<'_>) -> rusqlite::Result<ToFetch> {
        let source: String = row.get("source")?;
        Ok(ToFetch {
            attachment: row.get("id")?,
            message: self.message_id(row.get("message")?),
            kind: sql::word(row, "kind", AttachmentKind::from_name)?,
            mime: row.get("mime")?,
            source: serde_json::from_str(&source).map_err(|_| sql::unreadable("source"))?,
            attempts: sql::count(row, "attempts")?,
        })
    }
}

/// A media file the window asks for by name.
#[derive(Clone, Debug)]
pub struct NamedMedia {
    /// The file.
    pub file: MediaFile,
    /// What it is; `None` for pictures this program made itself (JPEG).
    pub mime: Option<String>,
}

pub(crate) const MEDIA_NAMED: [&str; 5] = [
    "SELECT file, key, size, mime FROM attachments WHERE file = ?1 AND state = 'ready'",
    "SELECT thumb_file AS file, thumb_key AS key, thumb_size AS size, NULL AS mime
     FROM attachments WHERE thumb_file = ?1",
    "SELECT picture_file AS file, picture_key AS key, picture_size AS size, NULL AS mime
     FROM contacts WHERE picture_file = ?1",
    "SELECT file, key, size, mime FROM draft_pictures WHERE file = ?1",
    "SELECT thumb_file AS file, thumb_key AS key, thumb_size AS size, NULL AS mime
     FROM draft_pictures WHERE thumb_file = ?1",
];

pub(crate) const MEDIA_DUE: &str = "
    SELECT id, message, kind, mime, source, attempts FROM attachments
    WHERE state = 'waiting' AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2";

pub(crate) fn size_from_row(row: &Row<'_>) -> rusqlite::Result<Option<(u32, u32)>> {
    let size: (Option<u32>, Option<u32>) = (row.get("width")?, row.get("height")?);
    Ok(size.0.zip(size.1))
}

impl VaultWrite<'_> {
    pub(crate) fn add_attachments(
        &self,
        message: i64,
        attachments: &[InboundAttachment],
    ) -> Result<()> {
        let mut statement = self.sql.prepare_cached(
            "INSERT INTO attachments (message, position, kind, state, source, mime, file_name)
             VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6)",
        )?;
        for (position, attachment) in (0_i64..).zip(attachments) {
            let source =
                serde_json::to_string(&attachment.source).expect("plain strings serialise");
            statement.execute(params![
                message,
                position,
                attachment.kind.name(),
                source,
                attachment.mime,
                attachment.file_name
            ])?;
        }
        Ok(())
    }

    /// Attaches what is already here, for a message of the shop's.
    pub(crate) fn add_stored(&self, message: i64, media: &StoredMedia) -> Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO attachments (message, position, kind, state)
                 VALUES (?1, 0, 'picture', 'waiting')",
            )?
            .execute([message])?;
        self.media_is_here(self.sql.last_insert_rowid(), media)
    }

    /// The bytes of an attachment are here. Its address at the platform, which may carry a
    /// signature, is forgotten. If the message was taken back meanwhile the answer is
    /// [`Error::NotThere`] and the files are the caller's to erase.
    pub fn media_is_here(&self, attachment: i64, media: &StoredMedia) -> Result<()> {
        let thumb = media.thumb.as_ref();
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE attachments SET state = 'ready', source = NULL, file = ?2, key = ?3,
                     size = ?4, mime = ?5, thumb_file = ?6, thumb_key = ?7, thumb_size = ?8,
                     width = ?9, height = ?10, file_name = coalesce(file_name, ?11)
                 WHERE id = ?1",
            )?
            .execute(params![
                attachment,
                media.file.id(),
                media.file.key(),
                media.file.size_column(),
                media.mime,
                thumb.map(MediaFile::id),
                thumb.map(MediaFile::key),
                thumb.map(MediaFile::size_column),
                media.size.map(|size| size.0),
                media.size.map(|size| size.1),
                media.file_name,
            ])?;
        if changed == 1 {
            Ok(())
        } else {
            Err(Error::NotThere)
        }
    }

    /// An attachment was not fetched and is tried again later.
    pub fn fetch_later(&self, attachment: i64, at: Timestamp) -> Result<()> {
        self.sql
            .prepare_cached(
                "UPDATE attachments SET attempts = attempts + 1, due_at = ?2
                 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute(params![attachment, at.0])?;
        Ok(())
    }

    /// An attachment will not be fetched by itself any more.
    pub fn give_up_media(&self, attachment: i64, state: AttachmentState) -> Result<()> {
        self.sql
            .prepare_cached(
                "UPDATE attachments SET state = ?2 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute(params![attachment, state.name()])?;
        Ok(())
    }

    /// The owner asks for an attachment again, perhaps at a fresh address.
    pub fn fetch_again(&self, attachment: i64, source: Option<&MediaSource>) -> Result<bool> {
        let source =
            source.map(|source| serde_json::to_string(source).expect("plain strings serialise"));
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE attachments
                 SET state = 'waiting', due_at = 0, attempts = 0, source = coalesce(?2, source)
                 WHERE id = ?1 AND state IN ('expired', 'failed') AND coalesce(?2, source) IS NOT NULL",
            )?
            .execute(params![attachment, source])?;
        Ok(changed == 1)
    }

    /// Removes the attachments of a message; their files follow after the commit.
    pub(crate) fn remove_attachments(&self, message: i64) -> Result<()> {
        for select in [
            "SELECT file FROM attachments WHERE message = ?1 AND file IS NOT NULL",
            "SELECT thumb_file FROM attachments WHERE message = ?1 AND thumb_file IS NOT NULL",
        ] {
            self.bury_files(select, message)?;
        }
        self.sql
            .prepare_cached("DELETE FROM attachments WHERE message = ?1")?
            .execute([message])?;
        Ok(())
    }
}
