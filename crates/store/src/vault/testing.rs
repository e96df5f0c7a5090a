//! Vaults for tests that look inside: in memory where only the rules matter, and in a file without
//! encryption where the bytes do.

use std::path::Path;

use domain::{ConnectionId, Timestamp};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{VaultRead, VaultWrite};
use crate::error::Result;
use crate::{migrate, open};

pub(crate) const CONNECTION: ConnectionId = ConnectionId::from_bytes([1; 16]);

/// A vault in memory: the same schema and statements, no file and no encryption.
pub(crate) fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    open::configure(&connection).unwrap();
    migrate::migrate(&mut connection, migrate::VAULT).unwrap();
    connection
}

/// A vault in a file anyone can read.
pub(crate) fn in_clear(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = Connection::open_with_flags(path, flags).unwrap();
    connection
        .execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")
        .unwrap();
    connection.execute_batch(open::JOURNAL).unwrap();
    open::configure(&connection).unwrap();
    migrate::migrate(&mut connection, migrate::VAULT).unwrap();
    connection
}

pub(crate) fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&VaultWrite<'_>) -> Result<T>,
) -> T {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let write = VaultWrite(VaultRead::on(CONNECTION, &transaction));
    let result = work(&write).unwrap();
    write.make_fresh().unwrap();
    transaction.commit().unwrap();
    result
}

pub(crate) fn read<T>(
    connection: &Connection,
    work: impl FnOnce(&VaultRead<'_>) -> Result<T>,
) -> T {
    work(&VaultRead::on(CONNECTION, connection)).unwrap()
}

pub(crate) fn at(milliseconds: i64) -> Timestamp {
    Timestamp(milliseconds)
}
