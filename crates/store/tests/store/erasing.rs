//! Erasure on the disk: dead after the first steps, complete in the end, wherever it is cut off.

use std::fs;
use std::path::PathBuf;

use domain::secrets::{Secret, Secrets as _, SecretsError};
use store::{
    Error, ShopDb, Stage, Step, Vault, Wipe, WipeJournal, WipeScope, erase, remove_left_secrets,
    write_receipt,
};

use crate::support::{Desk, arrives, connection, files, said};

/// Two connections with messages and pictures, a shop, tokens and a receipt; everything closed.
fn desk() -> Desk {
    let desk = Desk::new();
    for number in [1, 2] {
        let vault = desk.create(number);
        arrives(&vault, &said("17", "m_1", "kept"), 1_000);
        vault.media().write(b"picture").unwrap();
        let secret = Secret::new(b"EAAB-token".to_vec());
        desk.secrets
            .set(&desk.profile.token_name(connection(number)), &secret)
            .unwrap();
        desk.secrets
            .set(&desk.profile.seal_name(connection(number)), &secret)
            .unwrap();
    }
    ShopDb::create(&desk.paths, &desk.profile, &desk.secrets).unwrap();
    let secret = Secret::new(vec![1; 32]);
    desk.secrets
        .set(&desk.profile.identity_name(), &secret)
        .unwrap();
    desk.secrets
        .set(&desk.profile.login_token_name("login-1"), &secret)
        .unwrap();
    write_receipt(&desk.paths, "EARLIER", "v1 deletion").unwrap();
    WipeJournal::open(&desk.paths).unwrap();
    desk
}

fn wipe(desk: &Desk, scope: WipeScope) -> Wipe {
    let connections = match scope {
        WipeScope::Connections => vec![connection(1)],
        WipeScope::Everything => desk.paths.vaults_on_disk().unwrap(),
    };
    let logins = match scope {
        WipeScope::Connections => vec![],
        WipeScope::Everything => vec!["login-1".to_owned()],
    };
    Wipe {
        deletion_id: "7Q4M-2K9T".to_owned(),
        scope,
        connections,
        logins,
        profile: desk.profile.id().to_owned(),
        notice: "signed notice".to_owned(),
        stage: Stage::Begun,
        secrets_left: false,
    }
}

fn begin(desk: &Desk, scope: WipeScope) {
    WipeJournal::open(&desk.paths)
        .unwrap()
        .begin(wipe(desk, scope))
        .unwrap();
}

/// Runs, or runs on, with a journal read from the disk; stops before step `stop` as a crash would.
fn run(desk: &Desk, stop: Option<usize>) -> (store::Result<Vec<PathBuf>>, Vec<Step>) {
    let mut journal = WipeJournal::open(&desk.paths).unwrap();
    let mut steps = Vec::new();
    let found = erase(
        &desk.paths,
        &desk.secrets,
        &mut journal,
        "7Q4M-2K9T",
        &mut |step| {
            steps.push(step.clone());
            if stop == Some(steps.len()) {
                Err(Error::Closed)
            } else {
                Ok(())
            }
        },
    );
    (found, steps)
}

fn stage(desk: &Desk) -> Stage {
    WipeJournal::open(&desk.paths).unwrap().wipes()[0].stage
}

#[test]
fn one_connection_goes_and_its_sibling_stays() {
    let desk = desk();
    begin(&desk, WipeScope::Connections);
    let (found, steps) = run(&desk, None);
    assert_eq!(found.unwrap(), Vec::<PathBuf>::new());
    assert_eq!(stage(&desk), Stage::Swept);
    let first_secret = steps
        .iter()
        .position(|step| matches!(step, Step::Secret(_)))
        .unwrap();
    assert!(
        steps[..first_secret]
            .iter()
            .all(|step| matches!(step, Step::Share(_)))
    );
    let first_file = steps
        .iter()
        .position(|step| matches!(step, Step::File(_)))
        .unwrap();
    assert!(
        steps[first_secret..first_file]
            .iter()
            .all(|step| matches!(step, Step::Secret(_)))
    );
    assert!(matches!(desk.open(1), Err(Error::NotThere)));
    let id = connection(1).to_string();
    assert!(
        files(desk.paths.root())
            .keys()
            .all(|path| !path.to_string_lossy().contains(&id))
    );
    assert!(desk.secrets.names().iter().all(|name| !name.contains(&id)));
    let sibling = desk.open(2).unwrap();
    assert!(
        sibling
            .read(|read| read.message_with_platform_id("m_1"))
            .unwrap()
            .is_some()
    );
    ShopDb::open(&desk.paths, &desk.profile, &desk.secrets).unwrap();
    // Reconnecting makes a new vault in the same place.
    desk.create(1);
}

#[test]
fn after_everything_only_journal_lock_and_receipts_are_left() {
    let desk = desk();
    let lock = desk.paths.lock().unwrap();
    fs::write(desk.paths.root().join("export.tmp"), "left by somebody").unwrap();
    begin(&desk, WipeScope::Everything);
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    let left: Vec<_> = files(desk.paths.root())
        .into_keys()
        .map(|path| path.strip_prefix(desk.paths.root()).unwrap().to_owned())
        .collect();
    let expected = ["lock", "receipts/EARLIER.txt", "wipe.a", "wipe.b"].map(PathBuf::from);
    assert_eq!(left, expected);
    assert_eq!(desk.secrets.names(), Vec::<String>::new());
    drop(lock);
    WipeJournal::open(&desk.paths)
        .unwrap()
        .finish("7Q4M-2K9T")
        .unwrap();
    assert_eq!(WipeJournal::open(&desk.paths).unwrap().wipes(), []);
}

#[test]
fn cut_off_before_any_step_it_goes_on_and_the_data_is_dead_early() {
    for scope in [WipeScope::Connections, WipeScope::Everything] {
        let whole = {
            let desk = desk();
            begin(&desk, scope);
            run(&desk, None).1.len()
        };
        for stop in 1..=whole {
            let desk = desk();
            begin(&desk, scope);
            let (cut, steps) = run(&desk, Some(stop));
            assert!(matches!(cut, Err(Error::Closed)));
            // As soon as the keychain or a file is touched, share B is gone for good.
            if !matches!(steps.last(), Some(Step::Share(_))) {
                assert!(!desk.paths.vault(connection(1)).share.exists(), "{stop}");
                assert!(desk.open(1).is_err(), "{stop}");
            }
            let (found, _) = run(&desk, None);
            assert_eq!(found.unwrap(), Vec::<PathBuf>::new(), "{stop}");
            assert_eq!(stage(&desk), Stage::Swept);
            let names = desk.secrets.names();
            let id = connection(1).to_string();
            assert!(
                names.iter().all(|name| !name.contains(&id)),
                "{stop}: {names:?}"
            );
        }
    }
}

#[test]
fn a_locked_keychain_holds_nothing_up_and_is_cleared_later() {
    let desk = desk();
    begin(&desk, WipeScope::Everything);
    desk.secrets.set_trouble(Some(SecretsError::Locked));
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    assert!(desk.open(1).is_err(), "dead without the keychain's help");
    let mut journal = WipeJournal::open(&desk.paths).unwrap();
    let wipe = journal.wipes()[0].clone();
    assert!(wipe.secrets_left);
    assert!(!remove_left_secrets(&desk.secrets, &wipe).unwrap());
    desk.secrets.set_trouble(None);
    assert!(remove_left_secrets(&desk.secrets, &wipe).unwrap());
    journal.secrets_are_removed("7Q4M-2K9T").unwrap();
    assert_eq!(desk.secrets.names(), Vec::<String>::new());
}

#[test]
fn the_sweep_names_what_nobody_thought_of() {
    let desk = desk();
    let sibling = desk.paths.vault_folder(connection(2));
    let strays = [
        desk.paths.root().join("notes.txt"),
        sibling.join("vault.db.copy"),
    ];
    for stray in &strays {
        fs::write(stray, "who wrote this").unwrap();
    }
    fs::write(desk.paths.root().join(".DS_Store"), "a file manager").unwrap();
    begin(&desk, WipeScope::Connections);
    assert_eq!(run(&desk, None).0.unwrap(), strays);
    assert_eq!(stage(&desk), Stage::SurroundingsRemoved);
    for stray in &strays {
        fs::remove_file(stray).unwrap();
    }
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    assert_eq!(stage(&desk), Stage::Swept);
}

#[test]
fn in_a_folder_shared_with_others_only_ours_goes() {
    let desk = Desk::new();
    // As if somebody had named their home as the data folder.
    let letter = desk.paths.root().join("letter.odt");
    fs::write(&letter, "dear aunt").unwrap();
    fs::remove_file(desk.paths.profile()).unwrap();
    let desk = Desk {
        profile: store::Profile::open_or_create(&desk.paths).unwrap(),
        ..desk
    };
    drop(desk.create(1));
    ShopDb::create(&desk.paths, &desk.profile, &desk.secrets).unwrap();
    begin(&desk, WipeScope::Everything);
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    assert_eq!(stage(&desk), Stage::Swept);
    let left: Vec<PathBuf> = files(desk.paths.root()).into_keys().collect();
    let [a, b] = desk.paths.wipe_slots();
    assert_eq!(left, [letter, a, b]);
}

#[test]
fn an_old_copy_of_the_files_does_not_open_with_todays_keychain() {
    let desk = desk();
    // A system backup of before: everything but share B, which backups leave alone.
    let before = files(&desk.paths.vault_folder(connection(1)));
    begin(&desk, WipeScope::Connections);
    run(&desk, None).0.unwrap();
    fs::create_dir_all(desk.paths.vault_folder(connection(1))).unwrap();
    for (path, bytes) in &before {
        if !path.ends_with("share.b") {
            fs::write(path, bytes).unwrap();
        }
    }
    assert!(matches!(desk.open(1), Err(Error::MissingShareB)));
    // Even with share B from somewhere, the keychain's half is gone.
    for (path, bytes) in &before {
        fs::write(path, bytes).unwrap();
    }
    assert!(matches!(desk.open(1), Err(Error::MissingShareA)));
    // The control: with both halves the copy would have opened.
    let control = self::desk();
    drop(
        Vault::open(
            &control.paths,
            &control.profile,
            &control.secrets,
            connection(1),
        )
        .unwrap(),
    );
}

#[test]
fn a_share_that_cannot_be_destroyed_saves_nothing_else() {
    let desk = desk();
    let stubborn = desk.paths.vault(connection(1)).share;
    fs::remove_file(&stubborn).unwrap();
    // No file that could be unlinked: the disk refuses.
    fs::create_dir(&stubborn).unwrap();
    begin(&desk, WipeScope::Everything);
    assert!(matches!(run(&desk, None).0, Err(Error::Io(_))));
    assert_eq!(stage(&desk), Stage::Begun, "it is not called done");
    assert!(!desk.paths.vault(connection(2)).share.exists());
    assert!(!desk.paths.shop().share.exists());
    assert_eq!(desk.secrets.names(), Vec::<String>::new());
    assert!(desk.open(2).is_err());
    fs::remove_dir(&stubborn).unwrap();
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    assert_eq!(stage(&desk), Stage::Swept);
}

#[cfg(unix)]
#[test]
fn a_share_that_cannot_be_overwritten_is_unlinked() {
    use std::os::unix::fs::symlink;
    let desk = desk();
    let share = desk.paths.vault(connection(1)).share;
    fs::remove_file(&share).unwrap();
    // Opening it to write fails; unlinking it does not.
    let folder = desk.paths.root().join("vaults");
    symlink(folder, &share).unwrap();
    begin(&desk, WipeScope::Connections);
    assert_eq!(run(&desk, None).0.unwrap(), Vec::<PathBuf>::new());
    assert!(fs::symlink_metadata(&share).is_err());
}

#[test]
fn everything_reaches_secrets_only_the_disk_knows_the_owner_of() {
    let desk = desk();
    let unknown = Wipe {
        connections: vec![connection(1)],
        ..wipe(&desk, WipeScope::Everything)
    };
    let id = connection(2).to_string();
    assert!(desk.secrets.names().iter().any(|name| name.contains(&id)));
    WipeJournal::open(&desk.paths)
        .unwrap()
        .begin(unknown)
        .unwrap();
    run(&desk, None).0.unwrap();
    assert_eq!(desk.secrets.names(), Vec::<String>::new());
}
