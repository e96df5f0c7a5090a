//! Opening the store: pragmas, migrations, and the refusal of a newer file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::QueueError;

/// Numbered, and never changed once released.
const MIGRATIONS: [&str; 3] = [
    include_str!("0001_first.sql"),
    include_str!("0002_let_in_again.sql"),
    include_str!("0003_orders.sql"),
];

/// What a connection keeps of the store at hand, KiB: the indexes that every webhook touches.
const CACHE: i64 = 16 * 1024;
/// Pages in the log of writes before they are brought into the store. With the usual 1,000 a busy
/// relay would do that, and wait for the disk twice, after every few hundred webhooks.
const LOG: i64 = 8_000;
/// What is left of a log that grew beyond that.
const LOG_BYTES: i64 = 40 * 1024 * 1024;

/// Opens the store for writing, making it if it is not there.
pub(crate) fn open(path: &Path) -> Result<Connection, QueueError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a store that is there.
pub(crate) fn reopen(path: &Path) -> Result<Connection, QueueError> {
    connect(path, OpenFlags::empty())
}

fn connect(path: &Path, more: OpenFlags) -> Result<Connection, QueueError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(super::BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), QueueError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(QueueError::Newer);
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(done) {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
    }
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_durable_by_its_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        let connection = open(&path).unwrap();
        let setting = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(setting("journal_mode"), "wal");
        assert_eq!(setting("synchronous"), "2", "FULL");
        assert_eq!(setting("secure_delete"), "1");
    }

    #[test]
    fn an_older_store_is_brought_up_with_what_it_holds() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO devices VALUES (1, x'01', x'02', 3, 3, NULL, 0, 0);
                 INSERT INTO streams (row, id, device, account, subscription, key_id, seal_key,
                     sequence, link, stored, durable, refused, made_at)
                 VALUES (1, x'01', 1, x'01', x'01', x'01', x'01', 0, x'01', 0, 0, 0, 3);
                 INSERT INTO logins VALUES (1, x'01', x'01', 1, 4, NULL, NULL);
                 INSERT INTO routes VALUES (1, 1, 4, 'deauthorized');",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let held = "SELECT let_in_at, r.stopped FROM logins l JOIN routes r ON r.login = l.row";
        let held: (i64, Option<String>) = connection
            .query_row(held, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(held, (4, None));
    }

    #[test]
    fn a_newer_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        let connection = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(open(&path), Err(QueueError::Newer)));
        let version = reopen(&path)
            .unwrap()
            .query_row("PRAGMA user_version", [], |r| r.get(0));
        assert_eq!(version, Ok(99));
    }
}
