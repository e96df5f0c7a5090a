//! The main road: a message comes in, an answer goes out.

use domain::inbound::{Author, InboundMessage};
use domain::outbound::Outcome;
use domain::reply_window::Means;
use domain::{ConnectionId, ContactKind, ContactRef, Delivery, OurId, Timestamp};
use store::vault::conversations::Filter;
use store::vault::messages::{Arrival, News, Road};
use store::vault::outbox::{NewReply, ReplyBody};
use store::vault::thread::Page;
use store::{Cursor, MemorySecrets, Paths, Profile, Query, Vault, merged_conversations};

#[test]
fn a_message_comes_in_and_an_answer_goes_out() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::create(folder.path()).unwrap();
    let profile = Profile::open_or_create(&paths).unwrap();
    let secrets = MemorySecrets::new();
    let connection = ConnectionId::from_bytes([1; 16]);
    let vault = Vault::create(&paths, &profile, &secrets, connection).unwrap();
    let message = InboundMessage {
        platform_id: "m_1".to_owned(),
        contact: ContactRef::of(ContactKind::Igsid, "17"),
        author: Author::Person,
        text: Some("Is the brass bell still there?".to_owned()),
        attachments: vec![],
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: None,
    };
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
    assert!(vault.checkpoint().unwrap());

    let list = merged_conversations(&[&vault], Filter::Unread, None, 10).unwrap();
    assert_eq!((list.len(), list[0].unread), (1, 1));
    let query = Query::parse("BRASS be").unwrap();
    let hits = vault
        .read(|read| read.find_messages(&query, None, None, 10))
        .unwrap();
    assert_eq!(hits[0].message, stored.message);

    let our_id = OurId::from_bytes([9; 16]);
    vault
        .write(|tx| {
            tx.mark_read(stored.conversation, stored.message)?;
            tx.queue_reply(&NewReply {
                conversation: stored.conversation,
                our_id,
                body: ReplyBody::Text("It is."),
                reply_to: None,
                means: Means::Response,
                now: Timestamp(2_000),
                hold_until: Timestamp(7_000),
            })
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
    let vault = Vault::open(&paths, &profile, &secrets, connection).unwrap();
    let thread = vault
        .read(|read| read.thread(stored.conversation, Page::Newest, 50))
        .unwrap();
    let texts: Vec<_> = thread
        .messages
        .iter()
        .map(|message| message.text.as_deref())
        .collect();
    assert_eq!(
        texts,
        [Some("Is the brass bell still there?"), Some("It is.")]
    );
    assert_eq!(thread.messages[1].delivery, Some(Delivery::Sent));
    assert_eq!(vault.read(|read| read.cursor()).unwrap(), Some(cursor));
    assert_eq!(vault.read(|read| read.unread()).unwrap().messages, 0);
}
