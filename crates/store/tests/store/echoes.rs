//! Which echo is ours, who has read what when the shop answered from elsewhere, and when a reply
//! was sent by the platform's clock.

use domain::inbound::{InboundMessage, Messages, Progress};
use domain::outbound::{Failure, Outcome, Reason};
use domain::{Channel, Delivery, MessageId, Timestamp};
use store::Vault;
use store::vault::facts::Facts;
use store::vault::messages::News;
use store::vault::messages::Road;
use store::vault::outbox::OutboxRow;

use crate::outbox::{claim, delivery, sent, settle};
use crate::support::{Desk, arrives, by, echo, facts, message, our, reply, said, thread};

/// The app id of Meta's own Page inbox.
const PAGE_INBOX: &str = "263902037430900";

fn of_channel(desk: &Desk, channel: Channel) -> Vault {
    let vault = desk.create(1);
    vault
        .write(|tx| tx.set_facts(&Facts { channel, ..facts() }))
        .unwrap();
    vault
}

/// A reply on its way, of which nobody has said yet that it arrived.
fn on_its_way(vault: &Vault) -> (MessageId, OutboxRow) {
    let clara = arrives(vault, &said("17", "m_1", "hello"), 1_000).conversation;
    let ours = reply(vault, clara, 1, "Yes.", 2_000);
    let claimed = vault
        .write(|tx| {
            let due = tx.due(Timestamp(2_000), 1)?;
            tx.claim(due[0].id, Timestamp(2_000))
        })
        .unwrap();
    (ours, claimed.unwrap())
}

fn by_app(app_id: Option<&str>) -> InboundMessage {
    InboundMessage {
        app_id: app_id.map(str::to_owned),
        ..echo("17", "e_1", "Yes.")
    }
}

#[test]
fn only_an_echo_of_this_app_is_taken_for_what_is_on_its_way() {
    let ours = Some(crate::support::APP);
    for (channel, app, road, taken) in [
        (Channel::Messenger, ours, Road::Live, true),
        (Channel::Messenger, Some("42"), Road::Live, false),
        (Channel::Messenger, Some(PAGE_INBOX), Road::Live, false),
        (Channel::Messenger, None, Road::Live, false),
        // Found in the thread: no app is named there.
        (Channel::Messenger, None, Road::Recovered, true),
        // Instagram's echoes never name an app.
        (Channel::Instagram, None, Road::Live, true),
        (Channel::Instagram, Some("42"), Road::Live, false),
        // WhatsApp echoes only what was written on the phone.
        (Channel::Whatsapp, None, Road::Live, false),
        (Channel::Whatsapp, None, Road::Recovered, false),
    ] {
        let desk = Desk::new();
        let vault = of_channel(&desk, channel);
        let (reply, _) = on_its_way(&vault);
        let stored = by(&vault, &by_app(app), 2_100, road);
        let expected = if taken {
            News::Confirmed
        } else {
            News::Inserted
        };
        assert_eq!(stored.news, expected, "{channel:?} {app:?} {road:?}");
        assert_eq!(stored.message == reply, taken);
    }
}

#[test]
fn only_a_human_has_read_what_came_before_their_answer() {
    for (app, unread) in [
        (None, 0),
        (Some(PAGE_INBOX), 0),
        (Some("42"), 1),
        (Some(crate::support::APP), 1),
    ] {
        let desk = Desk::new();
        let vault = of_channel(&desk, Channel::Messenger);
        arrives(&vault, &said("17", "m_1", "hello"), 1_000);
        arrives(&vault, &by_app(app), 2_000);
        let after = vault.read(|read| read.unread()).unwrap();
        assert_eq!(after.messages, unread, "{app:?}");
    }
}

#[test]
fn a_reply_comes_as_far_as_its_echo_had_come() {
    let desk = Desk::new();
    let vault = of_channel(&desk, Channel::Messenger);
    let (ours, claimed) = on_its_way(&vault);
    // Its echo is not known as ours, and fails before the answer to the sending comes.
    let stranger = arrives(&vault, &by_app(None), 2_100);
    let failed = Progress {
        messages: Messages::Ids(vec!["e_1".to_owned()]),
        contact: None,
        state: Delivery::Failed,
        our_id: None,
        failure: Some(Failure {
            reason: Reason::WindowClosed,
            code: Some("131047".to_owned()),
        }),
    };
    vault
        .write(|tx| tx.apply_progress(&failed, Timestamp(2_200)))
        .unwrap();
    let outcome = Outcome::Sent {
        platform_id: "e_1".to_owned(),
        contact: None,
    };
    vault
        .write(|tx| tx.settle(&claimed, &outcome, Timestamp(2_300)))
        .unwrap();
    let after = message(&vault, ours);
    assert_eq!(after.delivery, Some(Delivery::Failed));
    assert_eq!(
        after.failure.unwrap(),
        failed.failure.unwrap(),
        "and says why"
    );
    assert_eq!(thread(&vault, stranger.conversation).len(), 2, "one row");
}

fn status(state: Delivery, our_id: Option<u8>) -> Progress {
    Progress {
        messages: Messages::Ids(vec!["wamid.1".to_owned()]),
        contact: None,
        state,
        our_id: our_id.map(our),
        failure: None,
    }
}

fn texts(vault: &Vault, ours: MessageId) -> Vec<String> {
    thread(vault, message(vault, ours).conversation)
        .into_iter()
        .filter_map(|message| message.text)
        .collect()
}

#[test]
fn a_reply_stands_where_the_platform_took_it_though_our_clock_is_fast() {
    let sent = Outcome::Sent {
        platform_id: "wamid.1".to_owned(),
        contact: None,
    };
    // The status after the answer, before it with our id, and before it without.
    for (order, our_id) in [("answer first", None), ("", Some(1)), ("", None)] {
        let desk = Desk::new();
        let vault = of_channel(&desk, Channel::Whatsapp);
        let (ours, claimed) = on_its_way(&vault);
        arrives(&vault, &said("17", "m_2", "thanks"), 1_900);
        let settle = || {
            vault
                .write(|tx| tx.settle(&claimed, &sent, Timestamp(2_300)))
                .unwrap();
        };
        if order == "answer first" {
            settle();
        }
        assert_eq!(texts(&vault, ours), ["hello", "thanks", "Yes."]);
        vault
            .write(|tx| {
                tx.apply_progress(&status(Delivery::Sent, our_id), Timestamp(1_500))?;
                // A later state has its own moment, which is not when it was sent.
                tx.apply_progress(&status(Delivery::Delivered, our_id), Timestamp(5_000))
            })
            .unwrap();
        if order != "answer first" {
            settle();
        }
        let after = message(&vault, ours);
        assert_eq!(after.sent_at, Timestamp(1_500), "{order} {our_id:?}");
        assert_eq!(after.delivery, Some(Delivery::Delivered));
        assert_eq!(texts(&vault, ours), ["hello", "Yes.", "thanks"]);
    }
}

#[test]
fn an_echo_before_the_answer_is_not_a_second_message() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let own = reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    let mut with_id = echo("17", "e_1", "Yes.");
    with_id.our_id = Some(our(1));
    let stored = arrives(&vault, &with_id, 1_050);
    assert_eq!((stored.news, stored.message), (News::Confirmed, own));
    settle(&vault, &claimed, &sent("e_1"), 1_200);
    let own = message(&vault, own);
    assert_eq!(
        (own.delivery, own.sent_at),
        (Some(Delivery::Sent), Timestamp(1_050))
    );
    assert_eq!(thread(&vault, clara).len(), 2);
    assert_eq!(arrives(&vault, &with_id, 1_050).news, News::Known);
}

#[test]
fn an_echo_after_the_answer_is_not_one_either() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let own = reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &sent("e_1"), 1_200);
    let stored = arrives(&vault, &echo("17", "e_1", "Yes."), 1_050);
    assert_eq!((stored.news, stored.message), (News::Known, own));
    assert_eq!(
        message(&vault, own).sent_at,
        Timestamp(1_050),
        "the platform's time"
    );
    assert!(!message(&vault, own).elsewhere);
    assert_eq!(thread(&vault, clara).len(), 2);
}

#[test]
fn an_echo_without_our_id_is_known_by_its_words() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let own = reply(&vault, clara, 1, "Yes.", 1_000);
    let claimed = claim(&vault, 1_000).unwrap();
    settle(&vault, &claimed, &Outcome::Unconfirmed, 61_000);
    assert_eq!(
        arrives(&vault, &echo("17", "e_0", "No."), 1_500).news,
        News::Inserted
    );
    let hours_later = arrives(&vault, &echo("17", "e_9", "Yes."), 9_000_000);
    assert_eq!(
        hours_later.news,
        News::Inserted,
        "outside the span it is another one"
    );
    let stored = arrives(&vault, &echo("17", "e_1", "Yes. "), 1_500);
    assert_eq!((stored.news, stored.message), (News::Confirmed, own));
    assert_eq!(delivery(&vault, own), Delivery::Sent);
    assert_eq!(vault.read(|read| read.unconfirmed()).unwrap(), []);
}

#[test]
fn two_equal_texts_in_the_span_stay_unconfirmed() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    let mut own = Vec::new();
    for (number, at) in [(1, 1_000), (2, 2_000)] {
        own.push(reply(&vault, clara, number, "ok", at));
        let claimed = claim(&vault, at).unwrap();
        settle(&vault, &claimed, &Outcome::Unconfirmed, at + 100);
    }
    assert_eq!(
        arrives(&vault, &echo("17", "e_1", "ok"), 1_500).news,
        News::Inserted
    );
    for own in own {
        assert_eq!(delivery(&vault, own), Delivery::Unconfirmed);
    }
}

#[test]
fn an_echo_that_stood_alone_is_taken_in_when_the_answer_comes() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 100).conversation;
    reply(&vault, clara, 1, "ok", 1_000);
    let first = claim(&vault, 1_000).unwrap();
    settle(&vault, &first, &Outcome::Unconfirmed, 1_100);
    let own = reply(&vault, clara, 2, "ok", 2_000);
    let second = claim(&vault, 2_000).unwrap();
    arrives(&vault, &echo("17", "e_2", "ok"), 2_050);
    vault
        .write(|tx| {
            tx.react(
                "e_2",
                domain::inbound::Author::Person,
                Some("❤"),
                Timestamp(2_100),
            )
        })
        .unwrap();
    assert_eq!(thread(&vault, clara).len(), 4);
    settle(&vault, &second, &sent("e_2"), 2_200);
    assert_eq!(thread(&vault, clara).len(), 3);
    let own = message(&vault, own);
    assert_eq!(
        (own.platform_id.as_deref(), own.sent_at),
        (Some("e_2"), Timestamp(2_050))
    );
    assert_eq!(own.reactions.len(), 1);
}
