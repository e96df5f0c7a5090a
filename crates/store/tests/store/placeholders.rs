//! What cannot be shown: it stands on the side it came from, and never says anything of a message
//! of ours.

use domain::inbound::{Author, InboundMessage};
use domain::outbound::{Failure, Outcome, Reason};
use domain::{Delivery, MessageId, Timestamp};
use store::Vault;
use store::vault::conversations::Conversation;
use store::vault::messages::News;

use crate::support::{Desk, arrives, echo, message, reply, said};

fn placeholder(of: InboundMessage) -> InboundMessage {
    InboundMessage {
        text: None,
        unsupported: Some("reel".to_owned()),
        ..of
    }
}

fn line(vault: &Vault, message: MessageId) -> Conversation {
    vault
        .read(|read| {
            let conversation = read.message(message)?.expect("it is there").conversation;
            read.conversation(conversation)
        })
        .unwrap()
        .unwrap()
}

#[test]
fn an_echo_that_cannot_be_shown_is_not_unread_and_opens_no_window() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "hello"), 1_000);
    let mut by_hand = placeholder(echo("17", "e_1", ""));
    by_hand.app_id = None;
    let shared = arrives(&vault, &by_hand, 90_000);
    let line_after = line(&vault, shared.message);
    assert_eq!(line_after.last_inbound_at, Some(Timestamp(1_000)));
    assert_eq!((line_after.unread, line_after.waits), (0, false));
    // The control: from the person it is unread and holds the window open.
    let theirs = arrives(&vault, &placeholder(said("17", "m_2", "")), 95_000);
    let line_after = line(&vault, theirs.message);
    assert_eq!(line_after.last_inbound_at, Some(Timestamp(95_000)));
    assert_eq!((line_after.unread, line_after.waits), (1, true));
}

#[test]
fn what_only_speaks_of_our_message_changes_nothing_about_it() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hello"), 1_000).conversation;
    let ours = reply(&vault, clara, 1, "Yes.", 2_000);
    let claimed = vault
        .write(|tx| {
            let due = tx.due(Timestamp(2_000), 1)?;
            tx.claim(due[0].id, Timestamp(2_000))
        })
        .unwrap()
        .unwrap();
    let outcome = Outcome::Sent {
        platform_id: "e_1".to_owned(),
        contact: None,
    };
    vault
        .write(|tx| tx.settle(&claimed, &outcome, Timestamp(2_000)))
        .unwrap();
    let failed = domain::inbound::Progress {
        messages: domain::inbound::Messages::Ids(vec!["e_1".to_owned()]),
        contact: None,
        state: Delivery::Failed,
        our_id: None,
        failure: Some(Failure {
            reason: Reason::WindowClosed,
            code: None,
        }),
    };
    vault
        .write(|tx| tx.apply_progress(&failed, Timestamp(3_000)))
        .unwrap();
    let heard = arrives(&vault, &placeholder(said("17", "e_1", "")), 9_000);
    assert_eq!((heard.news, heard.message), (News::Known, ours));
    let after = message(&vault, ours);
    assert_eq!(after.delivery, Some(Delivery::Failed), "nothing steps back");
    assert_eq!(after.sent_at, Timestamp(2_000));
    // The control: the echo itself does both.
    arrives(&vault, &echo("17", "e_1", "Yes."), 2_500);
    let after = message(&vault, ours);
    assert_eq!(
        (after.delivery, after.sent_at),
        (Some(Delivery::Sent), Timestamp(2_500))
    );
}

#[test]
fn what_is_understood_later_stands_on_its_own_side() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let raw = arrives(&vault, &placeholder(said("17", "e_1", "")), 1_000);
    let shown = arrives(&vault, &echo("17", "e_1", "from the shop"), 1_000);
    assert_eq!((shown.news, shown.message), (News::Understood, raw.message));
    let after = message(&vault, raw.message);
    assert_eq!(
        (after.author, after.delivery, after.seen),
        (Author::Shop, Some(Delivery::Sent), true)
    );
    assert_eq!(line(&vault, raw.message).last_inbound_at, None);
}

#[test]
fn a_key_that_stands_in_for_an_id_never_leaves() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "hello"), 1_000);
    let stands_in = arrives(&vault, &placeholder(said("17", "x:abcdef", "")), 2_000);
    assert_eq!(message(&vault, stands_in.message).platform_id, None);
    vault
        .write(|tx| tx.mark_read(stands_in.conversation, stands_in.message))
        .unwrap();
    let to_tell = vault.read(|read| read.reads_to_tell(10)).unwrap();
    assert_eq!(to_tell.len(), 1);
    assert_eq!(to_tell[0].platform_id, "m_1");
}
