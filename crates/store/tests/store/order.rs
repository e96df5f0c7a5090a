//! Where a message stands and whether it was seen, by which road and how late it ever came.

use domain::Timestamp;
use store::vault::gaps::Gap;
use store::vault::messages::{News, Road};

use crate::support::{Desk, arrives, by, echo, message, said, thread};

#[test]
fn order_is_the_platforms_not_that_of_arrival() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let late = arrives(&vault, &said("17", "m_3", "three"), 3_000);
    arrives(&vault, &said("17", "m_1", "one"), 1_000);
    arrives(&vault, &said("17", "m_2", "two"), 2_000);
    let texts: Vec<_> = thread(&vault, late.conversation)
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let line = vault
        .read(|read| read.conversation(late.conversation))
        .unwrap()
        .unwrap();
    assert_eq!(line.last_line.unwrap().text.as_deref(), Some("three"));
    assert_eq!(line.last_activity, Timestamp(3_000));
}

#[test]
fn what_arrives_late_is_unread_though_newer_ones_were_read() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let newer = arrives(&vault, &said("17", "m_2", "two"), 2_000);
    vault
        .write(|tx| tx.mark_read(newer.conversation, newer.message))
        .unwrap();
    arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let unread = vault.read(|read| read.unread()).unwrap();
    assert_eq!((unread.conversations, unread.messages), (1, 1));
}

#[test]
fn an_answer_from_the_phone_marks_what_came_before_as_seen() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let one = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let mut phone = echo("17", "m_2", "from the phone");
    phone.app_id = None;
    let answer = arrives(&vault, &phone, 2_000);
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 0);
    assert!(message(&vault, answer.message).elsewhere);
    arrives(
        &vault,
        &said("17", "m_0", "written before, heard of later"),
        500,
    );
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 0);
    arrives(&vault, &said("17", "m_3", "after it"), 3_000);
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 1);
    assert_eq!(thread(&vault, one.conversation).len(), 4);
}

#[test]
fn history_is_not_unread_and_what_was_missed_is() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let old = by(&vault, &said("17", "m_1", "long ago"), 1_000, Road::History);
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 0);
    let missed = by(&vault, &said("17", "m_2", "missed"), 2_000, Road::Recovered);
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 1);
    let flags = (
        message(&vault, old.message).recovered,
        message(&vault, missed.message).recovered,
    );
    assert_eq!(flags, (false, true));
}

#[test]
fn a_gap_is_shown_where_it_is_and_counted_once() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let one = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    arrives(&vault, &said("17", "m_9", "nine"), 9_000);
    let gap = Gap {
        conversation: Some(one.conversation),
        at: Timestamp(5_000),
        lost: 3,
        reason: "not_readable".to_owned(),
    };
    vault.write(|tx| tx.note_gap(&gap)).unwrap();
    vault
        .write(|tx| {
            tx.note_gap(&Gap {
                lost: 2,
                ..gap.clone()
            })
        })
        .unwrap();
    let page = |at| {
        vault
            .read(|read| read.thread(one.conversation, at, 1))
            .unwrap()
    };
    let newest = page(store::vault::thread::Page::Newest);
    assert_eq!((newest.gaps, newest.more), (vec![], true));
    let before = page(store::vault::thread::Page::Before(
        newest.messages[0].position(),
    ));
    assert_eq!((before.gaps, before.more), (vec![gap], false));
    assert_eq!(vault.read(|read| read.lost()).unwrap(), 3);
}

/// A look into the thread tells whole seconds: what it found would stand before what was said
/// earlier in the same second.
#[test]
fn a_webhook_puts_what_was_read_from_the_platform_into_its_place() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let first = by(&vault, &said("17", "m_1", "one"), 5_100, Road::Live);
    let read_back = by(&vault, &said("17", "m_2", "two"), 5_000, Road::Recovered);
    let texts = || -> Vec<_> {
        thread(&vault, first.conversation)
            .into_iter()
            .filter_map(|message| message.text)
            .collect()
    };
    assert_eq!(
        texts(),
        ["two", "one"],
        "the control: so far it has to stand there"
    );
    let heard = by(&vault, &said("17", "m_2", "two"), 5_700, Road::Live);
    assert_eq!(
        (heard.news, heard.message),
        (News::Caught, read_back.message)
    );
    assert_eq!(texts(), ["one", "two"]);
    assert!(
        !message(&vault, heard.message).recovered,
        "it was not late after all"
    );
    let again = by(&vault, &said("17", "m_2", "two"), 5_700, Road::Live);
    assert_eq!(again.news, News::Known, "nobody is told twice");
}
