//! The boot record: how a relay notices that its store is not the one it last used.
//!
//! Every start signs a record into the store and then into the keys folder. A store that was
//! brought back from a backup has an older record than the keys folder, or a backup's, and is not
//! served: its streams would go on from where other envelopes were already signed.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::keys::{BootRecord, Keys, KeysError};
use crate::queue::QueueError;

/// Why a store is not served.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// It is not the newest.
    #[error(
        "this store is older than the one this relay last used. If it was brought back from a \
         backup, run `shopbell-relay restore` before serving it"
    )]
    Restored,
    /// The keys folder cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<rusqlite::Error> for BootError {
    fn from(why: rusqlite::Error) -> Self {
        Self::Queue(why.into())
    }
}

/// Checks the store's record and writes a newer one, into the store first: a store can then be one
/// start ahead of the keys folder (the program was killed in between), and a backup never is.
pub(crate) fn start(connection: &Connection, keys: &Keys, now: i64) -> Result<(), BootError> {
    let newest = keys.newest_boot()?;
    let stored = read(connection)?;
    if !may_serve(keys, stored.as_ref(), newest.as_ref()) {
        return Err(BootError::Restored);
    }
    // A start that was cut off between the two is made whole first: however often that happens in
    // a row, the store is never two ahead.
    if let Some(stored) = stored.filter(|stored| newest.as_ref() != Some(stored)) {
        keys.write_boot(&stored)?;
    }
    sign_in(connection, keys, now)
}

/// Whether a store would be served.
pub(crate) fn is_newest(connection: &Connection, keys: &Keys) -> Result<bool, BootError> {
    Ok(may_serve(
        keys,
        read(connection)?.as_ref(),
        keys.newest_boot()?.as_ref(),
    ))
}

/// Whether a database is one of a relay's at all.
pub(crate) fn is_store(connection: &Connection) -> rusqlite::Result<bool> {
    let mut look = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'boot'")?;
    look.exists([])
}

/// Takes a store over, whatever its record says.
pub(crate) fn take_over(connection: &Connection, keys: &Keys, now: i64) -> Result<(), BootError> {
    sign_in(connection, keys, now)
}

/// Marks a copy as a backup, so that it is not served by mistake.
pub(crate) fn mark_as_backup(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE boot SET number = 0, record = 'backup'", [])?;
    Ok(())
}

fn sign_in(connection: &Connection, keys: &Keys, now: i64) -> Result<(), BootError> {
    let stored = read(connection)?.map_or(0, |record| record.number);
    let known = keys.newest_boot()?.map_or(0, |record| record.number);
    let record = keys.sign_boot(stored.max(known) + 1, now);
    let text = serde_json::to_string(&record).expect("text and numbers are JSON");
    connection.execute(
        "INSERT INTO boot (only, number, record) VALUES (1, ?1, ?2)
         ON CONFLICT (only) DO UPDATE SET number = ?1, record = ?2",
        params![record.number.cast_signed(), text],
    )?;
    keys.write_boot(&record)?;
    Ok(())
}

fn may_serve(keys: &Keys, stored: Option<&BootRecord>, newest: Option<&BootRecord>) -> bool {
    match (stored, newest) {
        (None, None) => true,
        // `init` leaves a record that stands for no start; after any start a store is expected.
        (None, Some(newest)) => newest.number == 0,
        // Without its own record the folder cannot tell the newest store from an old one.
        (Some(_), None) => false,
        (Some(stored), Some(newest)) => {
            let ahead = stored.number == newest.number + 1;
            keys.signed(stored) && (stored == newest || ahead)
        }
    }
}

/// The store's record. One that does not read (a backup's) counts as one that nobody signed.
fn read(connection: &Connection) -> rusqlite::Result<Option<BootRecord>> {
    let text: Option<String> = connection
        .query_row("SELECT record FROM boot", [], |row| row.get(0))
        .optional()?;
    let unsigned = || BootRecord {
        number: 0,
        id: wire::Nonce::from_bytes([0; 16]),
        at: 0,
        signature: wire::Signature::from_bytes([0; 64]),
    };
    Ok(text.map(|text| serde_json::from_str(&text).unwrap_or_else(|_| unsigned())))
}
