//! What leaves: each reply once, and nothing in doubt ever twice by itself.

use domain::inbound::{Messages, Progress};
use domain::outbound::{Failure, Holds, Outcome, Reason};
use domain::reply_window::Means;
use domain::{ContactKey, ContactKind, Delivery, MessageId, Timestamp};
use store::vault::attachments::StoredMedia;
use store::vault::outbox::{OutboxRow, ReplyBody};
use store::{Error, Vault};

use crate::support::{Desk, arrives, message, new_reply, our, reply, said, thread};

pub(crate) fn claim(vault: &Vault, now: i64) -> Option<OutboxRow> {
    let due = vault.read(|read| read.due(Timestamp(now), 10)).unwrap();
    let first = due.first()?;
    vault
        .write(|tx| tx.claim(first.id, Timestamp(now)))
        .unwrap()
}

pub(crate) fn settle(vault: &Vault, row: &OutboxRow, outcome: &Outcome, now: i64) {
    vault
        .write(|tx| tx.settle(row, outcome, Timestamp(now)))
        .unwrap();
}

pub(crate) fn sent(id: &str) -> Outcome {
    Outcome::Sent {
        platform_id: id.to_owned(),
        contact: None,
    }
}

pub(crate) fn delivery(vault: &Vault, id: MessageId) -> Delivery {
    message(vault, id).delivery.unwrap()
}

fn retry(at: i64, holds: Holds) -> Outcome {
    let failure = Failure {
        reason: Reason::TooFast,
        code: Some("613".to_owned()),
    };
    Outcome::Retry {
        at: Timestamp(at),
        failure,
        holds,
    }
}

#[test]
fn one_at_a_time_in_a_conversation_and_in_order() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let dora = arrives(&vault, &said("18", "m_2", "hi"), 100).conversation;
    let first = reply(&vault, clara, 1, "one", 1_000);
    let second = reply(&vault, clara, 2, "two", 1_001);
    let other = reply(&vault, dora, 3, "three", 1_002);
    let due: Vec<_> = vault
        .read(|read| read.due(Timestamp(2_000), 10))
        .unwrap()
        .into_iter()
        .map(|row| row.message)
        .collect();
    assert_eq!(due, [first, other]);
    let claimed = claim(&vault, 2_000).unwrap();
    assert_eq!(claimed.message, first);
    assert!(
        vault
            .write(|tx| tx.claim(claimed.id, Timestamp(2_000)))
            .unwrap()
            .is_none()
    );
    let ready = vault.read(|read| read.due(Timestamp(2_000), 10)).unwrap();
    assert_eq!(ready.len(), 1, "Clara's second waits for her first");
    settle(&vault, &claimed, &retry(5_000, Holds::Person), 2_100);
    assert!(
        vault
            .read(|read| read.outbox_row_of(second))
            .unwrap()
            .is_some()
    );
    let ready: Vec<_> = vault
        .read(|read| read.due(Timestamp(3_000), 10))
        .unwrap()
        .into_iter()
        .map(|row| row.message)
        .collect();
    assert_eq!(ready, [other], "order is kept while the first waits");
    assert_eq!(
        message(&vault, first).failure.unwrap().reason,
        Reason::TooFast
    );
    let again = claim(&vault, 5_000).unwrap();
    settle(&vault, &again, &sent("e_0"), 5_000);
    let again = claim(&vault, 5_000).unwrap();
    assert_eq!((again.message, again.attempts), (first, 2));
}

#[test]
fn a_limit_of_the_connection_holds_everybody_back() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let dora = arrives(&vault, &said("18", "m_2", "hi"), 100).conversation;
    reply(&vault, clara, 1, "one", 1_000);
    reply(&vault, dora, 2, "two", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &retry(9_000, Holds::Connection), 1_000);
    assert_eq!(
        vault.read(|read| read.due(Timestamp(8_999), 10)).unwrap(),
        []
    );
    assert_eq!(
        vault.read(|read| read.next_due()).unwrap(),
        Some(Timestamp(9_000))
    );
    assert_eq!(
        vault
            .read(|read| read.due(Timestamp(9_000), 10))
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn during_the_hold_a_reply_becomes_a_draft_again() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let file = vault.media().write(b"picture").unwrap();
    let media = StoredMedia {
        file: file.clone(),
        mime: "image/png".to_owned(),
        thumb: None,
        size: Some((4, 3)),
        file_name: None,
    };
    let words = reply(&vault, clara, 1, "wait", 1_000);
    let picture = new_reply(clara, 2, ReplyBody::Picture(&media), 1_000);
    let picture = vault.write(|tx| tx.queue_reply(&picture)).unwrap();
    vault
        .write(|tx| tx.set_draft(clara, "typed since", Timestamp(1_100)))
        .unwrap();
    assert!(
        vault
            .write(|tx| tx.back_to_draft(words, Timestamp(1_200)))
            .unwrap()
    );
    assert!(
        vault
            .write(|tx| tx.back_to_draft(picture, Timestamp(1_200)))
            .unwrap()
    );
    assert!(
        !vault
            .write(|tx| tx.back_to_draft(words, Timestamp(1_300)))
            .unwrap()
    );
    let draft = vault.read(|read| read.draft(clara)).unwrap();
    assert_eq!(draft.text, "wait\ntyped since");
    assert_eq!(draft.pictures[0].media, media);
    assert_eq!(vault.media().read(&file).unwrap(), b"picture");
    assert_eq!(thread(&vault, clara).len(), 1);
    assert_eq!(
        vault.read(|read| read.due(Timestamp(9_000), 10)).unwrap(),
        []
    );
}

#[test]
fn what_is_on_its_way_cannot_be_taken_back() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let gone = reply(&vault, clara, 1, "gone", 1_000);
    claim(&vault, 1_000).unwrap();
    assert!(
        !vault
            .write(|tx| tx.back_to_draft(gone, Timestamp(1_100)))
            .unwrap()
    );
    assert_eq!(delivery(&vault, gone), Delivery::Sending);
}

#[test]
fn at_start_the_held_are_drafts_and_the_sending_unconfirmed() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let dora = arrives(&vault, &said("18", "m_2", "hi"), 100).conversation;
    let sending = reply(&vault, clara, 1, "sending", 1_000);
    claim(&vault, 1_000).unwrap();
    let retrying = reply(&vault, dora, 2, "waits for the internet", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &retry(60_000, Holds::Person), 1_000);
    reply(&vault, dora, 3, "held, first", 1_500);
    reply(&vault, dora, 4, "held, second", 1_600);
    drop(vault);

    let vault = desk.open(1).unwrap();
    let recovered = vault
        .write(|tx| tx.recover_outbox(Timestamp(2_000)))
        .unwrap();
    assert_eq!(
        (recovered.drafts, recovered.unconfirmed),
        (vec![dora], vec![sending])
    );
    let draft = vault.read(|read| read.draft(dora)).unwrap();
    assert_eq!(draft.text, "held, first\nheld, second");
    assert_eq!(delivery(&vault, sending), Delivery::Unconfirmed);
    assert_eq!(delivery(&vault, retrying), Delivery::Queued);
    let due = vault
        .read(|read| read.due(Timestamp(i64::MAX), 10))
        .unwrap();
    assert_eq!(due.len(), 1, "nothing in doubt is ever due");
    assert_eq!(vault.read(|read| read.unconfirmed()).unwrap().len(), 1);
    assert_eq!(
        vault
            .write(|tx| tx.recover_outbox(Timestamp(3_000)))
            .unwrap(),
        Default::default()
    );
}

#[test]
fn a_status_with_our_id_confirms_what_was_in_doubt() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let own = reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &Outcome::Unconfirmed, 2_000);
    let status = Progress {
        messages: Messages::Ids(vec!["wamid.1".to_owned()]),
        contact: None,
        state: Delivery::Delivered,
        our_id: Some(our(1)),
        failure: None,
    };
    vault
        .write(|tx| tx.apply_progress(&status, Timestamp(2_100)))
        .unwrap();
    assert_eq!(delivery(&vault, own), Delivery::Delivered);
    assert_eq!(message(&vault, own).platform_id.as_deref(), Some("wamid.1"));
    assert_eq!(vault.read(|read| read.unconfirmed()).unwrap(), []);
    settle(&vault, &claimed, &retry(9_000, Holds::Person), 3_000);
    assert_eq!(
        delivery(&vault, own),
        Delivery::Delivered,
        "a late answer moves nothing back"
    );
    assert_eq!(
        vault.read(|read| read.due(Timestamp(9_000), 10)).unwrap(),
        []
    );
}

#[test]
fn a_failed_reply_stays_with_its_reason_and_can_be_tried_again() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let own = reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    let failure = Failure {
        reason: Reason::SignInEnded,
        code: Some("190/463".to_owned()),
    };
    settle(&vault, &claimed, &Outcome::Failed(failure.clone()), 1_100);
    assert_eq!(message(&vault, own).failure, Some(failure));
    let line = vault
        .read(|read| read.conversation(clara))
        .unwrap()
        .unwrap();
    assert_eq!(line.failed, 1);
    let again = |id| {
        vault.write(|tx| {
            tx.try_again(
                own,
                our(id),
                Means::HumanAgent,
                (Timestamp(5_000), Timestamp(5_000)),
            )
        })
    };
    again(2).unwrap();
    assert!(
        matches!(again(3), Err(Error::Invalid(_))),
        "it is queued already"
    );
    let claimed = claim(&vault, 5_000).unwrap();
    assert_eq!((claimed.our_id, claimed.means), (our(2), Means::HumanAgent));
    settle(&vault, &claimed, &sent("e_1"), 5_100);
    assert_eq!(delivery(&vault, own), Delivery::Sent);
    assert_eq!(
        vault
            .read(|read| read.conversation(clara))
            .unwrap()
            .unwrap()
            .failed,
        0
    );
    assert!(
        !vault
            .write(|tx| tx.discard_reply(own, Timestamp(6_000)))
            .unwrap(),
        "what was sent stays"
    );
}

#[test]
fn the_answer_to_a_send_can_teach_another_key() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    let key = ContactKey {
        kind: ContactKind::Phone,
        value: "4915112345678".to_owned(),
    };
    let outcome = Outcome::Sent {
        platform_id: "w".to_owned(),
        contact: Some(key.clone()),
    };
    settle(&vault, &claimed, &outcome, 1_100);
    assert_eq!(
        vault.read(|read| read.conversation_with(&key)).unwrap(),
        Some(clara)
    );
}

#[test]
fn an_unconfirmed_reply_holds_nobody_up_and_can_be_let_go() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let doubtful = reply(&vault, clara, 1, "one", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &Outcome::Unconfirmed, 1_100);
    let next = reply(&vault, clara, 2, "two", 2_000);
    assert_eq!(claim(&vault, 2_000).unwrap().message, next);
    assert!(
        vault
            .write(|tx| tx.discard_reply(doubtful, Timestamp(2_000)))
            .unwrap()
    );
    assert_eq!(vault.read(|read| read.message(doubtful)).unwrap(), None);
}

#[test]
fn the_answer_for_somebody_who_was_erased_meanwhile_changes_nothing() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    vault.write(|tx| tx.erase_contact(clara)).unwrap();
    for outcome in [
        sent("e_1"),
        Outcome::Unconfirmed,
        retry(2_000, Holds::Person),
    ] {
        settle(&vault, &claimed, &outcome, 1_100);
    }
    assert_eq!(vault.read(|read| read.conversation(clara)).unwrap(), None);
    assert_eq!(vault.read(|read| read.next_due()).unwrap(), None);
}
