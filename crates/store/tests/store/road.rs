//! The main road: a message comes in, an answer goes out, and both are there after a restart.

use domain::outbound::Outcome;
use domain::secrets::Secret;
use domain::{ConversationId, Delivery, Timestamp};
use store::vault::conversations::Filter;
use store::vault::cursor::EarlierSealKey;
use store::vault::messages::{Arrival, News, Road};
use store::vault::outbox::ReplyBody;
use store::{Cursor, Vault, merged_conversations};

use crate::support::{Desk, connection, new_reply, said, thread};

#[test]
fn a_message_comes_in_and_an_answer_goes_out() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let message = said("17", "m_1", "Is the brass bell still there?");
    let now = Timestamp(1_000);
    let arrival = Arrival {
        message: &message,
        at: now,
        arrived_at: now,
        road: Road::Live,
        quarantine: None,
    };
    let cursor = Cursor {
        stream: [2; 16],
        seq: 1,
        chain: [3; 32],
        durable: 0,
    };
    let stored = vault
        .write(|tx| {
            assert!(tx.first_time("m:m_1", now)?);
            let stored = tx.add_message(&arrival)?;
            tx.move_cursor(&cursor)?;
            Ok(stored)
        })
        .unwrap();
    assert_eq!(stored.news, News::Inserted);
    assert!(!vault.write(|tx| tx.first_time("m:m_1", now)).unwrap());
    assert!(vault.checkpoint().unwrap());
    let list = merged_conversations(&[&vault], Filter::Unread, None, 10).unwrap();
    assert_eq!((list.len(), list[0].unread), (1, 1));

    let mut answer = new_reply(stored.conversation, 9, ReplyBody::Text("It is."), 2_000);
    answer.hold_until = Timestamp(7_000);
    vault
        .write(|tx| {
            tx.mark_read(stored.conversation, stored.message)?;
            tx.queue_reply(&answer)
        })
        .unwrap();
    assert_eq!(
        vault.read(|read| read.due(Timestamp(6_999), 10)).unwrap(),
        []
    );
    let due = vault.read(|read| read.due(Timestamp(7_000), 10)).unwrap();
    let claimed = vault
        .write(|tx| tx.claim(due[0].id, Timestamp(7_000)))
        .unwrap()
        .unwrap();
    let outcome = Outcome::Sent {
        platform_id: "m_2".to_owned(),
        contact: None,
    };
    vault
        .write(|tx| tx.settle(&claimed, &outcome, Timestamp(8_000)))
        .unwrap();

    drop(vault);
    after_a_restart(&desk.open(1).unwrap(), stored.conversation, &cursor);
}

fn after_a_restart(vault: &Vault, conversation: ConversationId, cursor: &Cursor) {
    assert_eq!(vault.connection(), connection(1));
    let thread = thread(vault, conversation);
    let texts: Vec<_> = thread
        .iter()
        .filter_map(|message| message.text.as_deref())
        .collect();
    assert_eq!(texts, ["Is the brass bell still there?", "It is."]);
    assert_eq!(thread[1].delivery, Some(Delivery::Sent));
    assert_eq!(
        vault.read(|read| read.cursor()).unwrap().as_ref(),
        Some(cursor)
    );
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 0);
    assert!(vault.is_sound().unwrap());
}

#[test]
fn a_transaction_that_fails_leaves_nothing_of_itself() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let message = said("17", "m_1", "half");
    let arrival = Arrival {
        message: &message,
        at: Timestamp(1),
        arrived_at: Timestamp(1),
        road: Road::Live,
        quarantine: None,
    };
    let failed: store::Result<()> = vault.write(|tx| {
        tx.add_message(&arrival)?;
        tx.first_time("m:m_1", Timestamp(1))?;
        Err(store::Error::Closed)
    });
    assert!(failed.is_err());
    assert_eq!(
        merged_conversations(&[&vault], Filter::All, None, 10).unwrap(),
        []
    );
    assert!(!vault.read(|read| read.has_seen("m:m_1")).unwrap());
}

#[test]
fn readers_see_one_snapshot_while_the_writer_goes_on() {
    let desk = Desk::new();
    let vault = desk.create(1);
    vault.write(|tx| tx.set_mark("a", Some("1"))).unwrap();
    vault
        .read(|read| {
            assert_eq!(read.mark("a")?.as_deref(), Some("1"));
            vault.write(|tx| tx.set_mark("a", Some("2")))?;
            assert_eq!(read.mark("a")?.as_deref(), Some("1"));
            Ok(())
        })
        .unwrap();
    assert_eq!(
        vault.read(|read| read.mark("a")).unwrap().as_deref(),
        Some("2")
    );
    vault.close();
    assert!(matches!(
        vault.read(|read| read.mark("a")),
        Err(store::Error::Closed)
    ));
    assert!(matches!(
        vault.write(|tx| tx.set_mark("a", None)),
        Err(store::Error::Closed)
    ));
}

/// Until something was opened with the present key nobody knows where the one before ends.
#[test]
fn an_earlier_seal_key_is_destroyed_once_what_it_opens_is_durable() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let kept = || vault.read(|read| read.earlier_seal_keys()).unwrap().len();
    let key = EarlierSealKey {
        key_id: vec![1; 8],
        secret: Secret::new(vec![2; 32]),
    };
    let no_end = i64::MAX.unsigned_abs();
    vault.write(|tx| tx.keep_seal_key(&key, no_end)).unwrap();
    vault.write(|tx| tx.forget_seal_keys(9_999)).unwrap();
    assert_eq!(kept(), 1, "its end is not known");
    vault.write(|tx| tx.bound_seal_keys(12)).unwrap();
    vault.write(|tx| tx.bound_seal_keys(20)).unwrap();
    vault.write(|tx| tx.forget_seal_keys(11)).unwrap();
    assert_eq!(kept(), 1, "what it opens is not durable yet");
    vault.write(|tx| tx.forget_seal_keys(12)).unwrap();
    assert_eq!(kept(), 0);
}
