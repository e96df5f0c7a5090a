//! Opening and its outcomes. Whatever is wrong, every file is afterwards what it was before.

use std::fs;

use domain::secrets::{Secret, Secrets as _, SecretsError};
use store::{Error, ShopDb, Vault, VaultName};

use crate::support::{Desk, arrives, connection, files, holding, said};

/// A data folder with one message in one vault, everything closed.
fn desk() -> Desk {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "kept"), 1_000);
    desk
}

/// Opens, and asserts that not one byte of the data folder changed by it.
fn open_untouched(desk: &Desk) -> Error {
    let before = files(desk.paths.root());
    let names = desk.secrets.names();
    let error = desk.open(1).map(|_| ()).unwrap_err();
    assert!(
        before == files(desk.paths.root()),
        "a file changed: {error}"
    );
    assert_eq!(desk.secrets.names(), names);
    error
}

/// After the trouble is over, everything is there.
fn opens_again(desk: &Desk) {
    let vault = desk.open(1).unwrap();
    assert!(
        vault
            .read(|read| read.message_with_platform_id("m_1"))
            .unwrap()
            .is_some()
    );
}

fn share_name(desk: &Desk) -> String {
    desk.profile
        .share_name(&VaultName::Connection(connection(1)))
}

#[test]
fn a_missing_share_a_is_told_and_nothing_is_made_anew() {
    let desk = desk();
    let share = desk.secrets.get(&share_name(&desk)).unwrap().unwrap();
    desk.secrets.remove(&share_name(&desk)).unwrap();
    assert!(matches!(open_untouched(&desk), Error::MissingShareA));
    let refused = Vault::create(&desk.paths, &desk.profile, &desk.secrets, connection(1));
    assert!(matches!(refused, Err(Error::AlreadyThere)));
    desk.secrets.set(&share_name(&desk), &share).unwrap();
    opens_again(&desk);
}

#[test]
fn a_missing_share_b_is_told_without_asking_the_keychain() {
    let desk = desk();
    let path = desk.paths.vault(connection(1)).share;
    let share = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    desk.secrets.set_trouble(Some(SecretsError::Locked));
    assert!(matches!(open_untouched(&desk), Error::MissingShareB));
    desk.secrets.set_trouble(None);
    fs::write(&path, share).unwrap();
    opens_again(&desk);
}

#[test]
fn locked_denied_absent_and_failed_are_four_things() {
    let desk = desk();
    let told = |trouble| {
        desk.secrets.set_trouble(Some(trouble));
        let error = desk.open(1).map(|_| ()).unwrap_err();
        desk.secrets.set_trouble(None);
        error
    };
    assert!(matches!(told(SecretsError::Locked), Error::KeychainLocked));
    assert!(matches!(told(SecretsError::Denied), Error::KeychainDenied));
    assert!(matches!(told(SecretsError::Absent), Error::KeychainAbsent));
    assert!(matches!(told(SecretsError::Failed), Error::KeychainFailed));
    opens_again(&desk);
}

#[test]
fn a_wrong_key_is_not_damage() {
    let desk = desk();
    let share = desk.secrets.get(&share_name(&desk)).unwrap().unwrap();
    desk.secrets
        .set(&share_name(&desk), &Secret::new(vec![7; 32]))
        .unwrap();
    assert!(matches!(open_untouched(&desk), Error::WrongKey));
    desk.secrets.set(&share_name(&desk), &share).unwrap();
    opens_again(&desk);
}

#[test]
fn damage_is_not_a_wrong_key() {
    let desk = desk();
    let path = desk.paths.vault(connection(1)).database;
    let good = fs::read(&path).unwrap();
    for at in [3, 100] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(
            matches!(open_untouched(&desk), Error::Damaged(_)),
            "byte {at}"
        );
    }
    fs::write(&path, &good[..2048]).unwrap();
    assert!(matches!(open_untouched(&desk), Error::Damaged(_)));
    fs::write(&path, good).unwrap();
    opens_again(&desk);
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let desk = desk();
    let path = desk.paths.vault(connection(1)).database;
    let good = fs::read(&path).unwrap();
    assert!(desk.open(1).unwrap().is_sound().unwrap());
    for page in (0..good.len() / 4096).step_by(3) {
        let mut bad = good.clone();
        bad[page * 4096 + 1_777] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        let sound = desk.open(1).and_then(|vault| vault.is_sound());
        assert!(!matches!(sound, Ok(true)), "page {page}");
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let desk = desk();
    let head = desk.paths.vault(connection(1)).head;
    let good = fs::read_to_string(&head).unwrap();
    fs::write(&head, good.replace("\"version\": 1", "\"version\": 2")).unwrap();
    assert!(matches!(
        open_untouched(&desk),
        Error::Newer { found: 2, known: 1 }
    ));
    fs::write(&head, good).unwrap();
    opens_again(&desk);
}

#[test]
fn a_lost_or_broken_head_costs_no_data() {
    let desk = desk();
    let head = desk.paths.vault(connection(1)).head;
    let good = fs::read(&head).unwrap();
    fs::write(&head, "{").unwrap();
    assert!(matches!(open_untouched(&desk), Error::Damaged(_)));
    fs::remove_file(&head).unwrap();
    opens_again(&desk);
    fs::write(&head, good).unwrap();
    opens_again(&desk);
}

#[test]
fn a_missing_file_is_not_made_anew() {
    let desk = desk();
    let path = desk.paths.vault(connection(1)).database;
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(open_untouched(&desk), Error::NotThere));
    let refused = Vault::create(&desk.paths, &desk.profile, &desk.secrets, connection(1));
    assert!(matches!(refused, Err(Error::AlreadyThere)));
    fs::write(&path, good).unwrap();
    opens_again(&desk);
}

#[test]
fn a_vault_put_in_anothers_place_does_not_open() {
    let desk = desk();
    drop(desk.create(2));
    let (one, two) = (
        desk.paths.vault(connection(1)),
        desk.paths.vault(connection(2)),
    );
    for (from, to) in [(&one.database, &two.database), (&one.head, &two.head)] {
        fs::copy(from, to).unwrap();
    }
    assert!(matches!(desk.open(2), Err(Error::WrongKey)));
}

#[test]
fn making_a_vault_may_be_cut_off_and_begun_again() {
    let desk = Desk::new();
    let files = desk.paths.vault(connection(1));
    // Cut off before head.json: shares and an unfinished file, which protected nothing yet.
    drop(desk.create(1));
    let unfinished = files.database.with_extension("db.new");
    fs::rename(&files.database, &unfinished).unwrap();
    fs::remove_file(&files.head).unwrap();
    assert!(matches!(desk.open(1), Err(Error::NotThere)));
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "kept"), 1_000);
    drop(vault);
    // Cut off between head.json and the file's name: complete, found under its working name.
    fs::rename(&files.database, &unfinished).unwrap();
    opens_again(&desk);
}

#[test]
fn nothing_readable_lies_on_the_disk() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(
        &vault,
        &said("17-CANARYKEY", "m_1", "CANARYTEXT zeppelin"),
        1_000,
    );
    let root = desk.paths.root();
    let wal = desk
        .paths
        .vault(connection(1))
        .database
        .with_extension("db-wal");
    assert!(
        fs::metadata(&wal).unwrap().len() > 0,
        "the WAL is to be looked at too"
    );
    for word in [
        "CANARYTEXT",
        "CANARYKEY",
        "zeppelin",
        "Bell & Brass",
        "SQLite format",
    ] {
        assert_eq!(
            holding(root, word),
            Vec::<std::path::PathBuf>::new(),
            "{word}"
        );
    }
    // The same look finds what lies there in clear.
    fs::write(root.join("control"), "a zeppelin").unwrap();
    assert_eq!(holding(root, "zeppelin"), [root.join("control")]);
}

#[test]
fn the_shop_opens_like_a_vault_and_is_made_once() {
    let desk = Desk::new();
    let open = || ShopDb::open_or_create(&desk.paths, &desk.profile, &desk.secrets);
    open()
        .unwrap()
        .write(|tx| tx.set_setting("hold_seconds", &5))
        .unwrap();
    desk.secrets.set_trouble(Some(SecretsError::Locked));
    assert!(matches!(open(), Err(Error::KeychainLocked)));
    desk.secrets.set_trouble(None);
    let name = desk.profile.share_name(&VaultName::Shop);
    let share = desk.secrets.get(&name).unwrap().unwrap();
    desk.secrets.remove(&name).unwrap();
    assert!(matches!(open(), Err(Error::MissingShareA)));
    assert!(
        desk.secrets.get(&name).unwrap().is_none(),
        "no new key over an existing file"
    );
    desk.secrets.set(&name, &share).unwrap();
    let hold: Option<u32> = open()
        .unwrap()
        .read(|read| read.setting("hold_seconds"))
        .unwrap();
    assert_eq!(hold, Some(5));
}

#[test]
fn two_data_folders_share_a_keychain_without_meeting() {
    let one = desk();
    let other = store::Paths::create(one.folder.path().join("other")).unwrap();
    let profile = store::Profile::open_or_create(&other).unwrap();
    let vault = Vault::create(&other, &profile, &one.secrets, connection(1)).unwrap();
    drop(vault);
    assert_eq!(one.secrets.names().len(), 2);
    opens_again(&one);
}
