//! Writing down what arrives: each message once, whatever way and however often it is heard of.

use domain::inbound::{Author, Messages, Progress, StoryRef};
use domain::outbound::{Failure, Outcome, Reason};
use domain::{ContactKey, ContactKind, ContactRef, Delivery, Timestamp};
use store::vault::conversations::Filter;
use store::vault::messages::{Arrival, News, Road};
use store::vault::quarantine::NewQuarantine;
use store::{Vault, merged_conversations};

use crate::support::{Desk, arrives, by, echo, edit, message, picture, reply, said, thread};

fn progress(messages: Messages, state: Delivery) -> Progress {
    Progress {
        messages,
        contact: None,
        state,
        our_id: None,
        failure: None,
    }
}

fn apply(vault: &Vault, progress: &Progress, at: i64) -> usize {
    vault
        .write(|tx| tx.apply_progress(progress, Timestamp(at)))
        .unwrap()
        .len()
}

/// The shop's message as it stands after a plain send.
fn sent(
    vault: &Vault,
    conversation: domain::ConversationId,
    our: u8,
    id: &str,
    at: i64,
) -> domain::MessageId {
    let queued = reply(vault, conversation, our, "Yes.", at);
    let due = vault.read(|read| read.due(Timestamp(at), 10)).unwrap();
    let claimed = vault
        .write(|tx| tx.claim(due[0].id, Timestamp(at)))
        .unwrap()
        .unwrap();
    let outcome = Outcome::Sent {
        platform_id: id.to_owned(),
        contact: None,
    };
    vault
        .write(|tx| tx.settle(&claimed, &outcome, Timestamp(at)))
        .unwrap();
    queued
}

#[test]
fn a_message_is_there_once() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let first = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let again = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let recovered = by(&vault, &said("17", "m_1", "one"), 1_000, Road::Recovered);
    assert_eq!(
        (first.news, again.news, recovered.news),
        (News::Inserted, News::Known, News::Known)
    );
    assert_eq!(thread(&vault, first.conversation).len(), 1);
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 1);
}

#[test]
fn reading_is_to_be_told_to_the_platform_once() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let two = arrives(&vault, &said("17", "m_2", "two"), 2_000);
    arrives(&vault, &said("17", "m_3", "three"), 3_000);
    vault
        .write(|tx| tx.mark_read(two.conversation, two.message))
        .unwrap();
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 1);
    let to_tell = vault.read(|read| read.reads_to_tell(10)).unwrap();
    assert_eq!(to_tell[0].platform_id, "m_2");
    vault.write(|tx| tx.read_was_told(&to_tell[0])).unwrap();
    assert_eq!(vault.read(|read| read.reads_to_tell(10)).unwrap(), []);
    assert!(
        !vault
            .write(|tx| tx.mark_read(two.conversation, two.message))
            .unwrap()
    );
    vault.write(|tx| tx.mark_unread(two.conversation)).unwrap();
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 1);
}

#[test]
fn two_keys_in_one_payload_make_two_contacts_one() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let key = |kind, value: &str| ContactKey {
        kind,
        value: value.to_owned(),
    };
    let phone = key(ContactKind::Phone, "4915112345678");
    let bsuid = key(ContactKind::Bsuid, "DE.abc");
    let from = |keys: Vec<ContactKey>, id: &str, name: &str| {
        let mut message = said("", id, id);
        message.contact = ContactRef {
            keys,
            name: Some(name.to_owned()),
            handle: None,
        };
        message
    };
    let one = arrives(&vault, &from(vec![phone.clone()], "m_1", "Clara"), 1_000);
    let two = arrives(&vault, &from(vec![bsuid.clone()], "m_2", "Clara B."), 2_000);
    assert_ne!(one.conversation, two.conversation);
    vault
        .write(|tx| {
            tx.set_draft(one.conversation, "draft one", Timestamp(1))?;
            tx.set_draft(two.conversation, "draft two", Timestamp(1))
        })
        .unwrap();
    arrives(
        &vault,
        &from(vec![bsuid.clone(), phone.clone()], "m_3", "C"),
        1_500,
    );
    let list = merged_conversations(&[&vault], Filter::All, None, 10).unwrap();
    assert_eq!((list.len(), list[0].unread), (1, 3));
    assert_eq!(list[0].name.as_deref(), Some("Clara B."));
    // The number that went away still leads there.
    let contact = vault
        .read(|read| read.contact(two.conversation))
        .unwrap()
        .unwrap();
    assert_eq!(contact.conversation, one.conversation);
    assert_eq!(contact.keys, [phone, bsuid]);
    assert_eq!(thread(&vault, two.conversation).len(), 3);
    let draft = vault.read(|read| read.draft(one.conversation)).unwrap();
    assert_eq!(draft.text, "draft two\ndraft one");
    assert_eq!(
        arrives(
            &vault,
            &from(vec![key(ContactKind::Bsuid, "DE.abc")], "m_4", "C"),
            4_000
        )
        .conversation,
        one.conversation
    );
}

#[test]
fn news_that_comes_before_its_message_waits_for_it() {
    let desk = Desk::new();
    let vault = desk.create(1);
    vault
        .write(|tx| {
            tx.react("m_1", Author::Person, Some("❤"), Timestamp(1_100))?;
            tx.edit(&edit("m_1", "one, edited"), Timestamp(1_200))?;
            tx.unsend("m_2", Timestamp(2_100))?;
            tx.edit(&edit("m_2", "never seen"), Timestamp(2_050))?;
            let read = progress(Messages::UpToMessage("e_2".to_owned()), Delivery::Read);
            tx.apply_progress(&read, Timestamp(4_100))?;
            let failed = Progress {
                failure: Some(Failure {
                    reason: Reason::WindowClosed,
                    code: None,
                }),
                ..progress(Messages::Ids(vec!["e_3".to_owned()]), Delivery::Failed)
            };
            tx.apply_progress(&failed, Timestamp(5_000))
        })
        .unwrap();
    let one = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let two = arrives(&vault, &said("17", "m_2", "two"), 2_000);
    let earlier = arrives(&vault, &echo("17", "e_1", "a"), 3_000);
    let read = arrives(&vault, &echo("17", "e_2", "b"), 4_000);
    let failed = arrives(&vault, &echo("17", "e_3", "c"), 5_000);

    let one = message(&vault, one.message);
    assert_eq!(
        (one.text.as_deref(), one.edited),
        (Some("one, edited"), true)
    );
    assert_eq!(one.reactions[0].emoji, "❤");
    let two = message(&vault, two.message);
    assert_eq!((two.text, two.unsent, two.seen), (None, true, true));
    let delivery = |id| message(&vault, id).delivery;
    assert_eq!(delivery(earlier.message), Some(Delivery::Read));
    assert_eq!(delivery(read.message), Some(Delivery::Read));
    assert_eq!(delivery(failed.message), Some(Delivery::Failed));
    assert_eq!(
        message(&vault, failed.message).failure.unwrap().reason,
        Reason::WindowClosed
    );
}

#[test]
fn an_unsent_message_keeps_its_place_and_nothing_else() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let mut with_picture = said("17", "m_1", "look");
    with_picture.attachments.push(picture());
    with_picture.story = Some(StoryRef {
        id: Some("s".to_owned()),
        mention: false,
    });
    let stored = arrives(&vault, &with_picture, 1_000);
    vault
        .write(|tx| tx.react("m_1", Author::Shop, Some("👍"), Timestamp(1_100)))
        .unwrap();
    assert_eq!(
        vault
            .write(|tx| tx.unsend("m_1", Timestamp(1_200)))
            .unwrap(),
        Some(stored.message)
    );
    vault
        .write(|tx| tx.edit(&edit("m_1", "back again"), Timestamp(1_300)))
        .unwrap();
    vault
        .write(|tx| tx.react("m_1", Author::Person, Some("😮"), Timestamp(1_400)))
        .unwrap();
    let gone = message(&vault, stored.message);
    assert!(gone.unsent && gone.text.is_none() && gone.story.is_none());
    assert!(gone.attachments.is_empty() && gone.reactions.is_empty());
    let line = vault
        .read(|read| read.conversation(stored.conversation))
        .unwrap()
        .unwrap();
    assert_eq!((line.unread, line.waits), (0, false));
    assert_eq!(
        line.last_inbound_at,
        Some(Timestamp(1_000)),
        "the window it opened stays open"
    );
}

#[test]
fn the_newest_reaction_stands_and_taking_it_off_does_too() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let stored = arrives(&vault, &said("17", "m_1", "one"), 1_000);
    let react = |emoji: Option<&str>, at| {
        vault
            .write(|tx| tx.react("m_1", Author::Person, emoji, Timestamp(at)))
            .unwrap();
        let reactions = message(&vault, stored.message).reactions;
        reactions.first().map(|reaction| reaction.emoji.clone())
    };
    assert_eq!(react(Some("❤"), 1_100).as_deref(), Some("❤"));
    assert_eq!(react(Some("😮"), 1_300).as_deref(), Some("😮"));
    assert_eq!(react(Some("👍"), 1_200).as_deref(), Some("😮"), "late");
    assert_eq!(react(None, 1_400), None);
    assert_eq!(react(Some("❤"), 1_350), None, "late");
}

#[test]
fn a_watermark_moves_what_the_platform_has_and_only_that() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let person = arrives(&vault, &said("17", "m_1", "hello"), 1_000);
    let one = sent(&vault, person.conversation, 1, "e_1", 2_000);
    let two = sent(&vault, person.conversation, 2, "e_2", 3_000);
    let waiting = reply(&vault, person.conversation, 3, "queued", 2_500);
    let watermark = |upto, state| Progress {
        contact: Some(ContactRef::of(ContactKind::Igsid, "17")),
        ..progress(Messages::UpTo(Timestamp(upto)), state)
    };
    let delivery = |id| message(&vault, id).delivery.unwrap();
    assert_eq!(
        apply(&vault, &watermark(2_999, Delivery::Delivered), 3_100),
        1
    );
    assert_eq!(
        (delivery(one), delivery(two)),
        (Delivery::Delivered, Delivery::Sent)
    );
    assert_eq!(apply(&vault, &watermark(3_000, Delivery::Read), 3_200), 2);
    assert_eq!(
        (delivery(one), delivery(two)),
        (Delivery::Read, Delivery::Read)
    );
    assert_eq!(delivery(waiting), Delivery::Queued);
    assert_eq!(
        apply(&vault, &watermark(2_000, Delivery::Read), 3_300),
        0,
        "late"
    );
    assert_eq!(
        apply(
            &vault,
            &progress(Messages::Ids(vec!["e_1".to_owned()]), Delivery::Delivered),
            3_400
        ),
        0
    );
    assert_eq!(delivery(one), Delivery::Read, "delivery only moves forward");
}

#[test]
fn what_is_understood_after_an_update_takes_its_own_place() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let mut unknown = said("17", "m_1", "");
    (unknown.text, unknown.unsupported) = (None, Some("hologram".to_owned()));
    let (stored, raw) = vault
        .write(|tx| {
            let raw = tx.quarantine(&NewQuarantine {
                event_key: "m:m_1",
                raw: b"{\"secret\":1}",
                reason: "hologram",
                conversation: None,
                at: Timestamp(1_000),
                tried_with: "0.1.0",
            })?;
            let stored = tx.add_message(&Arrival {
                message: &unknown,
                at: Timestamp(1_000),
                arrived_at: Timestamp(1_000),
                road: Road::Live,
                quarantine: Some(raw),
            })?;
            Ok((stored, raw))
        })
        .unwrap();
    assert_eq!(
        message(&vault, stored.message).unsupported.as_deref(),
        Some("hologram")
    );
    assert_eq!(
        vault.read(|read| read.quarantined("0.1.0", 10)).unwrap(),
        []
    );
    let due = vault.read(|read| read.quarantined("0.2.0", 10)).unwrap();
    assert_eq!(
        (due.len(), due[0].id, due[0].raw.as_slice()),
        (1, raw, b"{\"secret\":1}".as_slice())
    );
    let understood = arrives(&vault, &said("17", "m_1", "now in words"), 1_000);
    assert_eq!(
        (understood.news, understood.message),
        (News::Understood, stored.message)
    );
    vault.write(|tx| tx.leave_quarantine(raw)).unwrap();
    assert_eq!(
        message(&vault, stored.message).text.as_deref(),
        Some("now in words")
    );
    assert_eq!(vault.read(|read| read.quarantine_count()).unwrap(), 0);
}

#[test]
fn of_two_numbers_in_one_payload_the_first_is_written_to() {
    // In either order of their digits: which is newer is not in the value.
    for (new, old) in [
        ("46700000001", "46701740605"),
        ("46709999999", "46701740605"),
    ] {
        let desk = Desk::new();
        let vault = desk.create(1);
        let phone = |value: &str| ContactKey {
            kind: ContactKind::Phone,
            value: value.to_owned(),
        };
        let conversation = vault
            .write(|tx| {
                tx.contact_of(&ContactRef::of(ContactKind::Phone, old), Timestamp(1_000))?;
                let moved = ContactRef {
                    keys: vec![phone(new), phone(old)],
                    name: None,
                    handle: None,
                };
                tx.contact_of(&moved, Timestamp(2_000))?;
                // Heard twice.
                tx.contact_of(&moved, Timestamp(2_000))
            })
            .unwrap();
        let contact = vault.read(|read| read.contact(conversation)).unwrap();
        assert_eq!(contact.unwrap().keys, [phone(new), phone(old)]);
        let learnt = phone("46705555555");
        vault
            .write(|tx| tx.add_key(conversation, &learnt, Timestamp(3_000)))
            .unwrap();
        let contact = vault.read(|read| read.contact(conversation)).unwrap();
        assert_eq!(contact.unwrap().keys, [learnt, phone(new), phone(old)]);
    }
}
