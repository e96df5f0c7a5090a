//! Readers beside the writer: whoever looks never waits for what is being written.

use std::sync::mpsc;
use std::time::Duration;

use domain::Timestamp;
use store::Error;

use crate::support::{Desk, arrives, said};

/// What takes longer than this stands still.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn reading_goes_on_while_a_long_write_is_under_way() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "one"), 1_000).conversation;
    let (begun, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let (read, was_read) = mpsc::channel();
    let vault = &vault;
    std::thread::scope(|threads| {
        let writing = threads.spawn(move || {
            vault.write(|tx| {
                tx.set_draft(clara, "half of it", Timestamp(2))?;
                begun.send(()).expect("somebody listens");
                // Until told, or until whoever reads has given up.
                let _ = may_end.recv_timeout(LIMIT * 2);
                Ok(())
            })
        });
        has_begun.recv_timeout(LIMIT).expect("the write began");
        threads.spawn(move || {
            // The first opens a reader, the others take it back from the idle ones.
            for _ in 0..3 {
                let draft = vault.read(|sql| sql.draft(clara)).expect("it can be read");
                read.send(draft.text).expect("somebody listens");
            }
        });
        let seen: Vec<_> = (0..3).map(|_| was_read.recv_timeout(LIMIT)).collect();
        end.send(()).expect("the write waits for it");
        writing.join().expect("no panic").expect("it is written");
        // And sees nothing half-written.
        assert_eq!(seen, vec![Ok(String::new()); 3]);
    });
    let draft = vault.read(|sql| sql.draft(clara)).unwrap();
    assert_eq!(draft.text, "half of it");
}

#[test]
fn a_reader_that_comes_back_late_is_closed_with_the_rest() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let inside = vault.read(|_| {
        vault.close();
        Ok(())
    });
    assert!(inside.is_ok(), "what was begun ends well");
    assert!(matches!(vault.read(|_| Ok(())), Err(Error::Closed)));
    assert!(matches!(vault.write(|_| Ok(())), Err(Error::Closed)));
}
