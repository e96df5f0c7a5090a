//! A disk that is really full: a file system of eight megabytes, in a name space of its own.

use std::process::Command;

use domain::Timestamp;
use store::vault::conversations::Filter;
use store::vault::messages::{Arrival, Road};
use store::{Error, Stage, Vault, Wipe, WipeJournal, WipeScope, erase, merged_conversations};

use crate::support::{Desk, arrives, connection, inside, run_again, said, skipped};

/// Runs a test again where temporary files lie on a disk of eight megabytes.
fn again(test: &str) {
    let unshare = |spaces: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(spaces).args(["--mount", "sh", "-c"]);
        command
    };
    // Root may mount without a name space of users, which some systems refuse.
    let ways = [["--user", "--map-root-user"].as_slice(), &[]];
    let works = |spaces: &&&[&str]| {
        let status = unshare(spaces).arg("true").status();
        status.is_ok_and(|status| status.success())
    };
    let Some(spaces) = ways.iter().find(works) else {
        return skipped("needs unshare with user name spaces, or root");
    };
    let folder = tempfile::tempdir().unwrap();
    let mut alone = unshare(spaces);
    alone.env("TMPDIR", folder.path());
    run_again(alone, "mount -t tmpfs -o size=8m tmpfs \"$TMPDIR\"", test);
}

/// Writes messages until there is no room; answers how many are there.
fn fill(vault: &Vault) -> usize {
    let text = "brass bell ".repeat(200);
    for number in 0.. {
        let message = said(&number.to_string(), &format!("m_{number}"), &text);
        let at = Timestamp(number);
        let arrival = Arrival {
            message: &message,
            at,
            arrived_at: at,
            road: Road::Live,
            quarantine: None,
        };
        match vault.write(|tx| tx.add_message(&arrival)) {
            Ok(_) => {}
            Err(Error::DiskFull) => return usize::try_from(number).unwrap(),
            Err(other) => panic!("a full disk is said as such: {other:?}"),
        }
    }
    unreachable!("eight megabytes are full at some time");
}

#[test]
fn reading_goes_on_and_what_was_acknowledged_is_there() {
    if !inside() {
        return again("full::reading_goes_on_and_what_was_acknowledged_is_there");
    }
    let desk = Desk::new();
    let vault = desk.create(1);
    let written = fill(&vault);
    // The log has not been moved into the file yet: each message lies in it several times.
    assert!(written > 50, "{written}");
    let shown = || {
        merged_conversations(&[&vault], Filter::All, None, 10_000)
            .unwrap()
            .len()
    };
    assert_eq!(shown(), written, "nothing half-written, nothing lost");
    let picture = vault.media().write(&vec![7; 9_000_000]);
    assert!(matches!(picture, Err(Error::DiskFull)), "{picture:?}");
    vault.close();
    let vault = desk.open(1).unwrap();
    assert_eq!(
        merged_conversations(&[&vault], Filter::All, None, 10_000)
            .unwrap()
            .len(),
        written
    );
    assert!(vault.is_sound().unwrap());
}

#[test]
fn a_wipe_needs_no_room() {
    if !inside() {
        return again("full::a_wipe_needs_no_room");
    }
    let desk = Desk::new();
    let mut journal = WipeJournal::open(&desk.paths).unwrap();
    let vault = desk.create(1);
    fill(&vault);
    let filler = desk.folder.path().join("filler");
    let more = vec![1; 9_000_000];
    assert!(std::fs::write(&filler, more).is_err(), "not a byte is left");
    journal
        .begin(Wipe {
            deletion_id: "FULL".to_owned(),
            scope: WipeScope::Connections,
            connections: vec![connection(1)],
            logins: vec![],
            profile: desk.profile.id().to_owned(),
            notice: "signed".to_owned(),
            stage: Stage::Begun,
            secrets_left: false,
        })
        .unwrap();
    vault.close();
    let found = erase(
        &desk.paths,
        &desk.secrets,
        &mut journal,
        "FULL",
        &mut |_| Ok(()),
    )
    .unwrap();
    assert_eq!(found, Vec::<std::path::PathBuf>::new());
    assert_eq!(journal.wipes()[0].stage, Stage::Swept);
    assert!(matches!(desk.open(1), Err(Error::NotThere)));
    std::fs::remove_file(filler).unwrap();
    arrives(
        &desk.create(1),
        &said("17", "m_1", "a new beginning"),
        1_000,
    );
}
