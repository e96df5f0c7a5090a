//! Copying the store, and taking over one that was brought back.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, TransactionBehavior};
use wire::event::Control;

use super::say;
use crate::boot;
use crate::clock::{Clock, MINUTE};
use crate::config::QueueLimits;
use crate::keys::Keys;
use crate::queue::streams::{self, SealTo};
use crate::queue::{self, Rules};
use crate::settings::Settings;

/// Copies the store into a new file. A copy is marked as one, so that nobody serves it by mistake.
pub(crate) fn backup(settings: &Settings, to: &Path) -> anyhow::Result<()> {
    let store = super::store(settings)?;
    copy(&queue::reopen(&store)?, to)?;
    say(&format!("The store is copied to {}.", to.display()))?;
    say("It is of use only together with the keys folder, which is not in it.")
}

pub(crate) fn copy(store: &Connection, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} is there already", to.display());
    let fresh = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to);
    let fresh = fresh.with_context(|| format!("{} cannot be written", to.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fresh.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    drop(fresh);
    let path = to.to_str().context("the path is not UTF-8")?;
    store.execute("VACUUM INTO ?1", [path])?;
    let copy = queue::reopen(to)?;
    boot::mark_as_backup(&copy)?;
    let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(sound == "ok", "the copy is damaged: {sound}");
    drop(copy);
    std::fs::File::open(to)?.sync_all()?;
    Ok(())
}

/// Takes over a store that was brought back from a backup: every stream gets a new id, since
/// envelopes that were signed after the backup are out there under the old ones. Devices are told.
pub(crate) fn restore(settings: &Settings, from: Option<PathBuf>) -> anyhow::Result<()> {
    let store = settings.store()?;
    let listen = settings.listen()?;
    let taken =
        std::net::TcpListener::bind(listen).is_err_and(|why| why.kind() == ErrorKind::AddrInUse);
    ensure!(
        !taken,
        "something listens at {listen}: stop the relay first"
    );
    if let Some(from) = from {
        bring_back(&from, &store)?;
    }
    ensure!(
        store.exists(),
        "there is no store at {}: name the backup, `shopbell-relay restore FILE`, or the settings of \
         your relay with --config FILE",
        std::path::absolute(&store).unwrap_or(store).display()
    );
    let keys = std::sync::Arc::new(Keys::open(&settings.keys())?);
    let connection = queue::open(&store)?;
    let streams = take_over(connection, &keys, Clock::system().now())?;
    say(&format!(
        "The store is this relay's again. {streams} streams have a new id."
    ))?;
    say("The computers prove their connections again when they connect, and read on from there.")
}

/// Copies a backup to where the store belongs, once it is seen to be one.
fn bring_back(from: &Path, store: &Path) -> anyhow::Result<()> {
    ensure!(
        !store.exists(),
        "move {} out of the way first",
        store.display()
    );
    let fresh = store.with_extension("restored");
    // A log that was left beside the earlier store would be taken for this one's.
    let log = PathBuf::from(format!("{}-wal", store.display()));
    for left in [&fresh, &log] {
        ensure!(
            !left.exists(),
            "move {} out of the way first",
            left.display()
        );
    }
    std::fs::copy(from, &fresh).with_context(|| format!("{} cannot be copied", from.display()))?;
    let known = queue::reopen(&fresh).is_ok_and(|copy| boot::is_store(&copy).unwrap_or(false));
    if !known {
        std::fs::remove_file(&fresh)?;
        bail!("{} is no backup of a relay's store", from.display());
    }
    Ok(std::fs::rename(&fresh, store)?)
}

pub(crate) fn take_over(
    mut connection: Connection,
    keys: &std::sync::Arc<Keys>,
    now: i64,
) -> anyhow::Result<usize> {
    let rules = Rules {
        keys: std::sync::Arc::clone(keys),
        limits: QueueLimits::default(),
    };
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = newest_moment(&tx)?;
    let renewed = renew_streams(&tx, now)?;
    queue::write_at_once(&tx, &rules, now, |commit| {
        for device in devices(commit)? {
            commit.tell(device, &Control::Restored { from, at: now })?;
        }
        Ok(())
    })?;
    tx.commit()?;
    boot::take_over(&connection, keys, now)?;
    Ok(renewed)
}

/// The newest moment the backup knows of.
fn newest_moment(connection: &Connection) -> rusqlite::Result<i64> {
    let minute: i64 = connection.query_row(
        "SELECT coalesce(max(minute), 0) FROM envelopes",
        [],
        |row| row.get(0),
    )?;
    let seen: i64 =
        connection.query_row("SELECT coalesce(max(seen_at), 0) FROM devices", [], |row| {
            row.get(0)
        })?;
    Ok(seen.max(minute * MINUTE))
}

fn devices(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut all = connection.prepare("SELECT row FROM devices WHERE removed_at IS NULL")?;
    all.query_map([], |row| row.get(0))?.collect()
}

/// Ends each stream and makes another for the same account, with the same key and the same routes.
/// What waits in the old ones can still be fetched; nothing is added to them.
fn renew_streams(connection: &Connection, now: i64) -> rusqlite::Result<usize> {
    let mut live = Vec::new();
    for device in devices(connection)? {
        let all = streams::all_of_device(connection, device)?;
        live.extend(all.into_iter().filter(|stream| stream.ended_at.is_none()));
    }
    for stream in &live {
        connection.execute(
            "UPDATE streams SET ended_at = ?2 WHERE row = ?1",
            [stream.row, now],
        )?;
        let seal_to = SealTo {
            key_id: stream.key_id,
            key: stream.seal_key,
        };
        let about = streams::About::of(stream);
        let fresh = streams::make(connection, stream.device, about, seal_to, now)?;
        connection.execute(
            "INSERT INTO routes (stream, login, proven_at, stopped)
             SELECT ?2, login, proven_at, stopped FROM routes WHERE stream = ?1",
            [stream.row, fresh.row],
        )?;
    }
    Ok(live.len())
}
