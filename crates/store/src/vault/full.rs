//! A full disk: said as such, nothing half-written, reading goes on, and room lets writing go on.

use domain::secrets::Secrets;
use domain::{ConnectionId, Timestamp};

use super::Vault;
use crate::error::Error;
use crate::{MemorySecrets, Paths, Profile};

/// Pretends that the disk has only as many pages as the file has now, and a few more.
fn fill(vault: &Vault, room: i64) {
    vault
        .database
        .write(|sql| {
            let pages: i64 = sql.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let limit = format!("PRAGMA max_page_count = {}", pages + room);
            sql.query_row(&limit, [], |_| Ok(()))?;
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_full_disk_stops_writing_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::create(folder.path()).unwrap();
    let profile = Profile::open_or_create(&paths).unwrap();
    let secrets: &dyn Secrets = &MemorySecrets::new();
    let connection = ConnectionId::from_bytes([1; 16]);
    let vault = Vault::create(&paths, &profile, secrets, connection).unwrap();
    vault
        .write(|tx| tx.set_mark("before", Some("kept")))
        .unwrap();
    fill(&vault, 2);
    let long = "x".repeat(100_000);
    let full = vault.write(|tx| {
        tx.set_mark("first half", Some("y"))?;
        tx.set_mark("second half", Some(&long))
    });
    assert!(matches!(full, Err(Error::DiskFull)), "{full:?}");
    vault
        .read(|read| {
            assert_eq!(read.mark("before")?.as_deref(), Some("kept"));
            assert_eq!(read.mark("first half")?, None);
            Ok(())
        })
        .unwrap();
    fill(&vault, 1_000_000);
    vault
        .write(|tx| tx.set_mark("second half", Some(&long)))
        .unwrap();
    assert!(
        vault
            .write(|tx| tx.first_time("key", Timestamp(1)))
            .unwrap()
    );
    assert!(vault.is_sound().unwrap());
}
