//! The only place that opens a database file. The order of the settings matters: the key first,
//! then what is needed to check it, and only after the key is known to fit anything that writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, CheckpointMode, Wal};
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};
use crate::keys::DatabaseKey;

/// How long a connection waits for another one: only a reader that meets a checkpoint ever does.
const BUSY: Duration = Duration::from_secs(5);

/// What a writer keeps of the file's pages, as SQLite counts: minus KiB. A page that is not there
/// is read and decrypted again, and while the word index is written that is most of them.
const WRITES: i64 = -16_384;
/// The same of a reader; there are several of each file.
const READS: i64 = -4_096;

/// A log of so many pages, 16 MiB, is moved into its file. Each time costs two more syncs, and a page
/// that was written often meanwhile is moved once; after a crash the log is read through.
const LONG_LOG: i32 = 4_000;

/// Opens an existing file for writing. The key fits, or the answer is [`Error::Damaged`]: the key
/// check value was right before we came here. Closing it leaves file and log as they are, until
/// [`may_tidy_up`].
pub(crate) fn writer(path: &Path, key: &DatabaseKey) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = keyed(path, key, flags)?;
    connection.execute_batch(JOURNAL)?;
    connection.wal_hook(Some(empty_long_log));
    configure(&connection)?;
    connection.pragma_update(None, "cache_size", WRITES)?;
    Ok(connection)
}

/// Opens an existing file for reading beside the writer.
pub(crate) fn reader(path: &Path, key: &DatabaseKey) -> Result<Connection> {
    // Read-write, since a WAL reader has to write the shared index; query_only keeps it honest.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = keyed(path, key, flags)?;
    connection.execute_batch(JOURNAL)?;
    configure(&connection)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    connection.pragma_update(None, "cache_size", READS)?;
    may_tidy_up(&connection)?;
    Ok(connection)
}

/// Whatever is wrong with a file, closing it again must not change it: SQLite would move what it
/// takes for the log's content into the file, and remove the log. Ended once all is known to be
/// well.
fn leave_as_it_is(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// The file is good: closing it moves the log into it.
pub(crate) fn may_tidy_up(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Makes a new, empty file. Fails if there is one.
pub(crate) fn create(path: &Path, key: &DatabaseKey) -> Result<Connection> {
    if path.exists() {
        return Err(Error::AlreadyThere);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    crate::disk::write_new(path, b"")?;
    let connection = keyed(path, key, flags)?;
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    connection.execute_batch(JOURNAL)?;
    configure(&connection)?;
    connection.pragma_update(None, "cache_size", WRITES)?;
    may_tidy_up(&connection)?;
    Ok(connection)
}

/// Instead of SQLite's own checkpoint, which leaves the log as long as it was: as long as the file
/// has newer pages than the log begins with, a bit that flips in the log spoils both.
fn empty_long_log(log: &Wal, pages: i32) -> rusqlite::Result<()> {
    if pages >= LONG_LOG {
        // The commit stands. With a reader in the way the next one tries again.
        let _ = log.checkpoint_v2(CheckpointMode::TRUNCATE);
    }
    Ok(())
}

/// The key, what SQLCipher must know before reading, and the first read, which checks the key.
fn keyed(path: &Path, key: &DatabaseKey, flags: OpenFlags) -> Result<Connection> {
    let locked = memory::install();
    let connection = Connection::open_with_flags(path, flags)?;
    leave_as_it_is(&connection)?;
    connection.busy_timeout(BUSY)?;
    // By default SQLCipher writes warnings to stderr, with page numbers and paths.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&key.pragma())?;
    connection.execute_batch(PAGES)?;
    if !locked {
        // Another part of the program was first to use SQLite.
        connection.execute_batch("PRAGMA cipher_memory_security = ON;")?;
    }
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// How a page lies in the file. Most of today's processors have instructions for SHA-256; SQLCipher's
/// own choice is SHA-512. Forging a page is as hopeless with either.
const PAGES: &str = "
    PRAGMA cipher_page_size = 4096;
    PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
";

/// Every acknowledged row is on the disk: WAL with a flush at each commit.
pub(crate) const JOURNAL: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA journal_size_limit = 4194304;
";

pub(crate) fn configure(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Otherwise a statement with a bound LIMIT is compiled anew whenever one is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.authorizer(Some(no_attach))?;
    Ok(())
}

/// No statement of ours attaches another file; one that does is not ours.
fn no_attach(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(connection: &Connection, pragma: &str) -> String {
        let ask = format!("SELECT CAST(v AS TEXT) FROM (SELECT * FROM pragma_{pragma}) AS t (v)");
        connection
            .query_row(&ask, [], |row| row.get(0))
            .or_else(|_| {
                connection.query_row(&format!("PRAGMA {pragma}"), [], |row| {
                    row.get::<_, rusqlite::types::Value>(0)
                        .map(|value| match value {
                            rusqlite::types::Value::Integer(number) => number.to_string(),
                            rusqlite::types::Value::Text(text) => text,
                            other => format!("{other:?}"),
                        })
                })
            })
            .unwrap()
    }

    #[test]
    fn every_connection_has_the_settings_that_keep_its_promises() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let key = DatabaseKey::of(1);
        drop(create(&path, &key).unwrap());
        for connection in [writer(&path, &key).unwrap(), reader(&path, &key).unwrap()] {
            for (pragma, expected) in [
                ("journal_mode", "wal"),
                ("synchronous", "2"),
                ("fullfsync", "1"),
                ("checkpoint_fullfsync", "1"),
                ("secure_delete", "1"),
                ("temp_store", "2"),
                ("foreign_keys", "1"),
                ("trusted_schema", "0"),
                ("cell_size_check", "1"),
                ("auto_vacuum", "2"),
                ("journal_size_limit", "4194304"),
                ("cipher_page_size", "4096"),
                ("cipher_hmac_algorithm", "HMAC_SHA256"),
                // SQLCipher's own would lock and overwrite all of it a second time.
                ("cipher_memory_security", "0"),
            ] {
                assert_eq!(value(&connection, pragma), expected, "{pragma}");
            }
        }
    }

    #[test]
    fn a_reader_cannot_write_and_nobody_attaches() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let key = DatabaseKey::of(1);
        let writer = create(&path, &key).unwrap();
        writer
            .execute_batch("CREATE TABLE a (b TEXT) STRICT;")
            .unwrap();
        let reader = reader(&path, &key).unwrap();
        assert!(
            reader
                .execute("INSERT INTO a (b) VALUES ('x')", [])
                .is_err()
        );
        let other = folder.path().join("other.db");
        let attach = format!("ATTACH '{}' AS other KEY ''", other.display());
        assert!(writer.execute_batch(&attach).is_err());
        assert!(!other.exists());
    }

    #[test]
    fn files_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let key = DatabaseKey::of(1);
        let writer = create(&path, &key).unwrap();
        writer
            .execute_batch("CREATE TABLE a (b TEXT) STRICT;")
            .unwrap();
        #[cfg(unix)]
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt as _;
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
        }
    }
}
