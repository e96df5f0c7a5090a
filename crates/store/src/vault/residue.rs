//! What is erased is gone from the file, not only from the answers. Looked at in a file without
//! encryption, byte by byte; each look has a control that must still find the word.

use std::fs;
use std::path::Path;

use domain::inbound::{Author, InboundMessage};
use domain::{ContactKind, ContactRef};
use rusqlite::Connection;

use super::messages::{Arrival, Road};
use super::progress::Edit;
use super::quarantine::NewQuarantine;
use super::testing::{at, in_clear, write};

/// Words as the index keeps them, so that the same look finds text and index.
const WORD: &str = "zeppelincanary";

fn add(connection: &mut Connection, platform_id: &str, text: &str) {
    let message = InboundMessage {
        platform_id: platform_id.to_owned(),
        contact: ContactRef {
            name: Some("namecanary".to_owned()),
            ..ContactRef::of(ContactKind::Igsid, "17")
        },
        author: Author::Person,
        text: Some(text.to_owned()),
        attachments: vec![],
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: None,
    };
    write(connection, |tx| {
        let raw = tx.quarantine(&NewQuarantine {
            event_key: platform_id,
            raw: text.as_bytes(),
            reason: "test",
            conversation: None,
            at: at(1),
            tried_with: "0",
        })?;
        tx.add_message(&Arrival {
            message: &message,
            at: at(1_000),
            arrived_at: at(1_000),
            road: Road::Live,
            quarantine: Some(raw),
        })
    });
}

/// A file full of ordinary messages with one canary among them.
fn filled(path: &Path) -> Connection {
    let mut connection = in_clear(path);
    for number in 0..150 {
        add(
            &mut connection,
            &format!("a_{number}"),
            &format!("brass bell number {number}"),
        );
    }
    add(&mut connection, "m_1", &format!("the {WORD} has landed"));
    for number in 0..150 {
        add(
            &mut connection,
            &format!("b_{number}"),
            &format!("tin bell number {number}"),
        );
    }
    connection
}

/// Whether a word stands anywhere in the file or its WAL, after everything was moved into the file.
fn stands(connection: &Connection, path: &Path, word: &str) -> bool {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(fs::read(crate::disk::beside(path, "-wal")).unwrap_or_default());
    bytes
        .windows(word.len())
        .any(|part| part == word.as_bytes())
}

#[test]
fn a_message_taken_back_leaves_no_word_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    assert!(
        stands(&connection, &path, WORD),
        "the look itself must be able to hit"
    );
    write(&mut connection, |tx| tx.unsend("m_1", at(2_000)));
    assert!(!stands(&connection, &path, WORD));
    assert!(
        stands(&connection, &path, "brass"),
        "the others are still there"
    );
}

#[test]
fn an_edited_message_leaves_nothing_of_its_old_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    write(&mut connection, |tx| {
        let edit = Edit {
            platform_id: "m_1",
            text: "nothing has landed",
            contact: None,
        };
        tx.edit(&edit, at(2_000))?;
        // The raw event still has them; the engine removes it once the message is understood.
        let raw = tx
            .quarantined("1", 500)?
            .into_iter()
            .find(|raw| raw.event_key == "m_1");
        tx.leave_quarantine(raw.expect("it was put there").id)
    });
    assert!(!stands(&connection, &path, WORD));
}

#[test]
fn an_erased_contact_leaves_neither_words_nor_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    assert!(stands(&connection, &path, "namecanary"));
    write(&mut connection, |tx| {
        let key = ContactRef::of(ContactKind::Igsid, "17").keys.remove(0);
        let conversation = tx.conversation_with(&key)?.expect("it was made");
        tx.erase_contact(conversation)
    });
    for word in [WORD, "namecanary", "brass"] {
        assert!(!stands(&connection, &path, word), "{word}");
    }
}

#[test]
fn an_erased_contact_leaves_no_new_wording_that_waits_for_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    let person = ContactRef::of(ContactKind::Igsid, "17");
    let edit = |platform_id, contact| Edit {
        platform_id,
        text: "editcanary",
        contact,
    };
    write(&mut connection, |tx| {
        tx.edit(&edit("m_not_here", Some(&person)), at(2_000))
    });
    assert!(stands(&connection, &path, "editcanary"));
    write(&mut connection, |tx| {
        let conversation = tx.conversation_with(&person.keys[0])?.expect("it is there");
        tx.erase_contact(conversation)
    });
    assert!(!stands(&connection, &path, "editcanary"));
    // The control: nobody's words would have stayed.
    write(&mut connection, |tx| {
        tx.edit(&edit("m_nobody", None), at(3_000))
    });
    write(&mut connection, |tx| {
        let conversation = tx.contact_of(&person, at(3_000))?;
        tx.erase_contact(conversation)
    });
    assert!(
        stands(&connection, &path, "editcanary"),
        "the control must hit"
    );
}

#[test]
fn without_secure_delete_in_the_index_the_word_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    connection
        .execute(
            "INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 0)",
            [],
        )
        .unwrap();
    write(&mut connection, |tx| tx.unsend("m_1", at(2_000)));
    assert!(stands(&connection, &path, WORD), "the control must hit");
}

#[test]
fn without_secure_delete_in_the_file_the_text_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let mut connection = filled(&path);
    connection
        .execute_batch("PRAGMA secure_delete = OFF")
        .unwrap();
    write(&mut connection, |tx| tx.unsend("m_1", at(2_000)));
    assert!(
        stands(&connection, &path, &format!("the {WORD} has landed")),
        "the control must hit"
    );
}
