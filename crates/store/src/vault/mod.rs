//! The vault: everything one connection knows, in one encrypted file. One file here per table.
//!
//! Reads see one snapshot ([`VaultRead`]); writes happen in one transaction ([`VaultWrite`]), which
//! can read as well. There is no other way to either, so nothing is ever half-written.

pub mod attachments;
mod confirm;
mod contact_keys;
pub mod contacts;
pub mod conversations;
pub mod counts;
pub mod cursor;
pub mod drafts;
mod erase;
pub mod events;
pub mod facts;
pub mod gaps;
mod joining;
pub mod messages;
mod once;
pub mod outbox;
mod pending;
pub mod progress;
pub mod quarantine;
pub mod reactions;
pub mod reading;
mod refusals;
pub mod search;
mod second_try;
mod stale;
pub mod thread;

#[cfg(test)]
mod full;
#[cfg(test)]
mod ordering;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod residue;
#[cfg(test)]
mod testing;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;

use domain::secrets::Secrets;
use domain::{ConnectionId, ConversationId, MessageId};
use rusqlite::{Connection, OptionalExtension as _};

use self::once::Once;
use self::stale::Stale;
use crate::database::{Database, Place};
use crate::error::{Error, Result};
use crate::media::Media;
use crate::paths::Paths;
use crate::profile::{Profile, VaultName};
use crate::{disk, migrate};

/// The open vault of one connection. Shared freely between threads; calls block.
#[derive(Debug)]
pub struct Vault {
    connection: ConnectionId,
    database: Database,
    media: Media,
}

impl Vault {
    /// Whether a vault of this connection was ever made here, in whatever state it is now.
    pub fn exists(paths: &Paths, connection: ConnectionId) -> bool {
        crate::keys::exists(&paths.vault(connection))
    }

    /// Makes the vault of a new connection.
    pub fn create(
        paths: &Paths,
        profile: &Profile,
        secrets: &dyn Secrets,
        connection: ConnectionId,
    ) -> Result<Self> {
        disk::private_folder(&paths.vault_folder(connection))?;
        Self::with(paths, profile, secrets, connection, Database::create)
    }

    /// Opens a vault. Whatever goes wrong, nothing is removed and nothing is made.
    pub fn open(
        paths: &Paths,
        profile: &Profile,
        secrets: &dyn Secrets,
        connection: ConnectionId,
    ) -> Result<Self> {
        let vault = Self::with(paths, profile, secrets, connection, Database::open)?;
        vault.bury()?;
        Ok(vault)
    }

    fn with(
        paths: &Paths,
        profile: &Profile,
        secrets: &dyn Secrets,
        connection: ConnectionId,
        database: impl FnOnce(Place<'_>) -> Result<Database>,
    ) -> Result<Self> {
        let place = Place {
            files: &paths.vault(connection),
            profile,
            secrets,
            name: VaultName::Connection(connection),
            steps: migrate::VAULT,
        };
        let database = database(place)?;
        let media = Media::open(paths.media(connection), connection)?;
        let vault = Self {
            connection,
            database,
            media,
        };
        vault.refresh_words()?;
        Ok(vault)
    }

    /// Whose vault this is.
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The media files of this connection.
    pub const fn media(&self) -> &Media {
        &self.media
    }

    /// Reads in one snapshot.
    pub fn read<T>(&self, work: impl FnOnce(&VaultRead<'_>) -> Result<T>) -> Result<T> {
        self.database
            .read(|sql| work(&VaultRead::on(self.connection, sql)))
    }

    /// Writes in one transaction: all of it or nothing, on the disk when this returns. Media files
    /// whose rows went away are removed afterwards.
    pub fn write<T>(&self, work: impl FnOnce(&VaultWrite<'_>) -> Result<T>) -> Result<T> {
        let (result, dead) = self.database.write(|sql| {
            let write = VaultWrite(VaultRead::on(self.connection, sql));
            let result = work(&write)?;
            write.make_fresh()?;
            Ok((result, write.has_dead_media()?))
        })?;
        if dead {
            self.bury()?;
        }
        Ok(result)
    }

    /// Moves everything written so far into the file itself. True if all of it is there: only then
    /// may the durable cursor move.
    pub fn checkpoint(&self) -> Result<bool> {
        self.database.checkpoint()
    }

    /// Whether the last commits before it was opened are gone, since their log was damaged: what the
    /// relay brought comes again, what was written here does not.
    pub const fn fell_back(&self) -> bool {
        self.database.fell_back()
    }

    /// Looks at every page and every row. True if nothing is wrong. For the background.
    pub fn is_sound(&self) -> Result<bool> {
        self.database.is_sound()
    }

    /// Closes the files, before they are erased or when the program is locked.
    pub fn close(&self) {
        self.database.close();
    }
}

/// One snapshot of a vault.
#[derive(Debug)]
pub struct VaultRead<'a> {
    connection: ConnectionId,
    sql: &'a Connection,
    /// Conversations whose line in the list is not true at the moment. Only a transaction ever has
    /// any.
    stale: RefCell<BTreeMap<i64, Stale>>,
    once: Once,
}

/// One transaction on a vault. Reads see what it has written.
#[derive(Debug)]
pub struct VaultWrite<'a>(VaultRead<'a>);

impl<'a> Deref for VaultWrite<'a> {
    type Target = VaultRead<'a>;

    fn deref(&self) -> &VaultRead<'a> {
        &self.0
    }
}

impl<'a> VaultRead<'a> {
    const fn on(connection: ConnectionId, sql: &'a Connection) -> Self {
        Self {
            connection,
            sql,
            stale: RefCell::new(BTreeMap::new()),
            once: Once::new(),
        }
    }

    /// Whose vault this is.
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The id of a conversation that is a row here.
    pub(crate) const fn conversation_id(&self, row: i64) -> ConversationId {
        ConversationId {
            connection: self.connection,
            row,
        }
    }

    /// The id of a message that is a row here.
    pub(crate) const fn message_id(&self, row: i64) -> MessageId {
        MessageId {
            connection: self.connection,
            row,
        }
    }

    /// The row of a conversation, also under an id it had before two contacts became one.
    pub(crate) fn row_of(&self, id: ConversationId) -> Result<Option<i64>> {
        if id.connection != self.connection {
            return Err(Error::Invalid("conversation of this vault"));
        }
        let row = self
            .sql
            .prepare_cached(
                "SELECT id FROM conversations WHERE id = ?1
                 UNION ALL SELECT stayed FROM contact_moves WHERE gone = ?1",
            )?
            .query_row([id.row], |row| row.get(0))
            .optional()?;
        Ok(row)
    }

    /// The row of a conversation that must be here.
    pub(crate) fn expect_row(&self, id: ConversationId) -> Result<i64> {
        self.row_of(id)?.ok_or(Error::Invalid("conversation"))
    }

    /// The row of a message, if the id is of this vault.
    pub(crate) fn message_row(&self, id: MessageId) -> Result<i64> {
        if id.connection == self.connection {
            Ok(id.row)
        } else {
            Err(Error::Invalid("message of this vault"))
        }
    }
}
