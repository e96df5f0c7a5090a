//! One encrypted file with one writer and a few readers beside it. Vault and `shop.db` are this plus
//! their tables.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::secrets::Secrets;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, Result};
use crate::keys::{self, DatabaseKey};
use crate::paths::DatabasePaths;
use crate::profile::{Profile, VaultName};
use crate::wal::{self, Log};
use crate::{disk, migrate, open};

/// Idle readers kept open. More than this may read at once; the surplus is closed afterwards.
const IDLE_READERS: usize = 4;

/// An open encrypted file.
pub(crate) struct Database {
    path: PathBuf,
    key: DatabaseKey,
    /// A damaged log took commits with it when this was opened.
    fell_back: bool,
    /// `None` once closed.
    writer: Mutex<Option<Connection>>,
    /// The idle ones; `None` once closed. Held for a moment only, so that no reader ever waits for
    /// the writer, which is held for a whole transaction.
    readers: Mutex<Option<Vec<Connection>>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

/// What is needed to make or open a file: where it lies, and who keeps its key share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) files: &'a DatabasePaths,
    pub(crate) profile: &'a Profile,
    pub(crate) secrets: &'a dyn Secrets,
    pub(crate) name: VaultName,
    pub(crate) steps: &'static [&'static str],
}

impl Database {
    /// Makes shares, file and schema; the file gets its name last, so that a half-made one is never
    /// taken for a whole one.
    pub(crate) fn create(place: Place<'_>) -> Result<Self> {
        let unfinished = unfinished(place.files);
        if keys::exists(place.files) {
            return Err(Error::AlreadyThere);
        }
        for ending in ["", "-wal", "-shm", "-journal"] {
            disk::remove(&disk::beside(&unfinished, ending))?;
        }
        let key = keys::create(place.files, place.profile, place.secrets, &place.name)?;
        let mut connection = open::create(&unfinished, &key)?;
        migrate::migrate(&mut connection, place.steps)?;
        // Closing the only connection moves everything out of the WAL and removes it.
        connection
            .close()
            .map_err(|(_, error)| Error::from(error))?;
        keys::complete(place.files, place.profile, place.secrets, &place.name)?;
        disk::rename(&unfinished, &place.files.database)?;
        Self::open(place)
    }

    /// Opens a file that is there, and brings its schema up to date.
    pub(crate) fn open(place: Place<'_>) -> Result<Self> {
        let key = keys::load(place.files, place.profile, place.secrets, &place.name)?;
        let path = place.files.database.clone();
        if !path.exists() {
            // Cut off between the last two steps of making it: complete but for its name.
            let unfinished = unfinished(place.files);
            if !unfinished.exists() {
                return Err(Error::NotThere);
            }
            disk::rename(&unfinished, &path)?;
        }
        let fell_back = settle_log(&path)?;
        let mut writer = open::writer(&path, &key)?;
        open::may_tidy_up(&writer)?;
        migrate::migrate(&mut writer, place.steps)?;
        Ok(Self {
            path,
            key,
            fell_back,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Some(Vec::new())),
        })
    }

    /// Reads in one snapshot, beside whatever is being written.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.readers).as_mut().ok_or(Error::Closed)?.pop();
        let reader = match idle {
            Some(reader) => reader,
            None => open::reader(&self.path, &self.key)?,
        };
        let snapshot = reader.unchecked_transaction()?;
        let result = work(&snapshot)?;
        snapshot.finish()?;
        // One that comes back after the file was closed is closed as well.
        if let Some(idle) = lock(&self.readers).as_mut()
            && idle.len() < IDLE_READERS
        {
            idle.push(reader);
        }
        Ok(result)
    }

    /// Writes in one IMMEDIATE transaction: all of it is on the disk when this returns, or nothing
    /// of it ever happened.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let connection = writer.as_mut().ok_or(Error::Closed)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Moves everything written so far from the WAL into the file. True if all of it is there: only
    /// then may a durable cursor move, since one flipped bit in a WAL silently drops what follows.
    pub(crate) fn checkpoint(&self) -> Result<bool> {
        let writer = lock(&self.writer);
        let connection = writer.as_ref().ok_or(Error::Closed)?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Whether a damaged log took commits with it when this was opened: what is here is whole, and
    /// older than what was here.
    pub(crate) const fn fell_back(&self) -> bool {
        self.fell_back
    }

    /// Looks at every page and every row. True if nothing is wrong. For the background: it reads
    /// the whole file.
    pub(crate) fn is_sound(&self) -> Result<bool> {
        self.read(|sql| {
            let bad_pages = sql.prepare("PRAGMA cipher_integrity_check")?.exists([])?;
            let quick: String = sql.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            Ok(!bad_pages && quick == "ok")
        })
    }

    /// Closes every connection. What is asked for later gets [`Error::Closed`].
    pub(crate) fn close(&self) {
        let readers = lock(&self.readers).take();
        let writer = lock(&self.writer).take();
        drop((readers, writer));
    }
}

/// Looks at the log that the last life left, before SQLite takes of it what it can. True if
/// something that was committed is gone.
fn settle_log(path: &Path) -> Result<bool> {
    let log = disk::beside(path, "-wal");
    match wal::look_through(&log, path)? {
        Log::Whole => Ok(false),
        Log::CutShort { committed } => Ok(committed),
        Log::Moved => {
            // The end of the checkpoint that was cut off.
            OpenOptions::new().write(true).open(path)?.sync_all()?;
            disk::remove(&log)?;
            Ok(false)
        }
        Log::Mixed => Err(Error::Damaged(None)),
    }
}

fn unfinished(files: &DatabasePaths) -> PathBuf {
    unfinished_beside(&files.database)
}

/// The name a database has while it is being made.
pub(crate) fn unfinished_beside(database: &Path) -> PathBuf {
    disk::beside(database, ".new")
}

/// A panic while a lock was held has rolled its transaction back; what is left is good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
