//! `shop.db`.

use domain::{Channel, ContactKey, ContactKind, ConversationId, PersonId, Timestamp};
use store::shop::connections::{ConnectionRecord, ConnectionState};
use store::shop::device::Device;
use store::shop::logins::{Login, LoginState};
use store::shop::orders::{DeletionOrder, OrderState};
use store::shop::receipts::Receipt;
use store::shop::streams::Unopened;
use store::{Cursor, ShopDb, Stage, Wipe, WipeScope};

use crate::support::{Desk, connection, holding};

fn shop(desk: &Desk) -> ShopDb {
    ShopDb::open_or_create(&desk.paths, &desk.profile, &desk.secrets).unwrap()
}

fn login(id: &str, made_at: i64) -> Login {
    Login {
        id: id.to_owned(),
        platform: "meta".to_owned(),
        user_id: Some("10200000000001".to_owned()),
        user_name: Some("Olivia".to_owned()),
        granted: vec!["pages_messaging".to_owned()],
        declined: vec!["instagram_basic".to_owned()],
        state: LoginState::Live,
        made_at: Timestamp(made_at),
        expires_at: Some(Timestamp(made_at + 1)),
    }
}

fn record(number: u8) -> ConnectionRecord {
    ConnectionRecord {
        id: connection(number),
        channel: Channel::Messenger,
        platform_id: format!("page-{number}"),
        name: "Bell & Brass".to_owned(),
        handle: None,
        page_id: Some(format!("page-{number}")),
        waba_id: None,
        phone: None,
        login: Some("one".to_owned()),
        state: ConnectionState::Connecting,
        state_since: Timestamp(1),
        token_expires_at: None,
        last_event_at: None,
        checked_at: None,
        connected_at: Timestamp(i64::from(number)),
    }
}

#[test]
fn settings_device_and_cursor_come_back() {
    let desk = Desk::new();
    let device = Device {
        device_id: "d".to_owned(),
        relay_url: "http://127.0.0.1:8787".to_owned(),
        relay_id: None,
        relay_keys: vec!["k1".to_owned(), "k2".to_owned()],
        enrolled_at: Timestamp(5),
    };
    let cursor = Cursor {
        stream: [1; 16],
        seq: 7,
        chain: [2; 32],
        durable: 6,
    };
    shop(&desk)
        .write(|tx| {
            tx.set_setting("theme", &"dark")?;
            tx.set_device(&device)?;
            tx.move_control_cursor(&cursor)
        })
        .unwrap();
    let shop = shop(&desk);
    shop.read(|read| {
        assert_eq!(read.setting::<String>("theme")?.as_deref(), Some("dark"));
        assert_eq!(
            read.setting::<u32>("theme")?,
            None,
            "another type counts as not set"
        );
        assert_eq!(read.device()?, Some(device));
        assert_eq!(read.control_cursor()?, Some(cursor));
        Ok(())
    })
    .unwrap();
    shop.write(|tx| tx.remove_setting("theme")).unwrap();
    assert_eq!(
        shop.read(|read| read.setting::<String>("theme")).unwrap(),
        None
    );
}

#[test]
fn an_order_finds_the_logins_and_what_else_covers_a_connection() {
    let desk = Desk::new();
    let shop = shop(&desk);
    shop.write(|tx| {
        tx.set_login(&login("one", 100))?;
        tx.set_login(&login("two", 200))?;
        tx.set_connection(&record(1))?;
        tx.set_connection(&record(2))?;
        tx.cover(connection(1), "one")?;
        tx.cover(connection(1), "two")?;
        tx.cover(connection(2), "one")
    })
    .unwrap();
    shop.read(|read| {
        assert_eq!(
            read.connections_of_login("one")?,
            [connection(1), connection(2)]
        );
        let live: Vec<_> = read
            .live_logins_of(connection(1))?
            .into_iter()
            .map(|l| l.id)
            .collect();
        assert_eq!(live, ["two", "one"]);
        let found = read.connection_of_account(Channel::Messenger, "page-2")?;
        assert_eq!(found, Some(record(2)));
        Ok(())
    })
    .unwrap();
    shop.write(|tx| {
        tx.set_login(&Login {
            state: LoginState::Ended,
            ..login("two", 200)
        })?;
        assert!(tx.set_connection_state(connection(1), ConnectionState::Live, Timestamp(9))?);
        assert!(!tx.set_connection_state(connection(1), ConnectionState::Live, Timestamp(10))?);
        tx.note_event(connection(1), Timestamp(50))?;
        tx.note_event(connection(1), Timestamp(40))?;
        tx.remove_connection(connection(2))
    })
    .unwrap();
    shop.read(|read| {
        assert_eq!(read.live_logins_of(connection(1))?.len(), 1);
        assert_eq!(read.connections_of_login("one")?, [connection(1)]);
        let one = read.connection(connection(1))?.unwrap();
        assert_eq!(
            (one.state, one.state_since),
            (ConnectionState::Live, Timestamp(9))
        );
        assert_eq!(one.last_event_at, Some(Timestamp(50)));
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_suppressed_can_be_asked_for_and_not_listed() {
    let desk = Desk::new();
    let shop = shop(&desk);
    let key = |value: &str| ContactKey {
        kind: ContactKind::Phone,
        value: value.to_owned(),
    };
    assert_eq!(
        shop.read(|read| read.suppressed(&key("491"))).unwrap(),
        None
    );
    shop.write(|tx| tx.suppress(&key("491"), "opted_out", Timestamp(1)))
        .unwrap();
    let asked = shop.read(|read| read.suppressed(&key("491"))).unwrap();
    assert_eq!(asked.as_deref(), Some("opted_out"));
    assert_eq!(
        shop.read(|read| read.suppressed(&key("492"))).unwrap(),
        None
    );
    let same_value = ContactKey {
        kind: ContactKind::Psid,
        value: "491".to_owned(),
    };
    assert_eq!(
        shop.read(|read| read.suppressed(&same_value)).unwrap(),
        None
    );
    // Who was erased is another matter: neither takes the other's place.
    shop.write(|tx| tx.note_erased(&key("491"), Timestamp(7)))
        .unwrap();
    let erased = |value: &str| shop.read(|read| read.erased_until(&key(value))).unwrap();
    assert_eq!((erased("491"), erased("492")), (Some(Timestamp(7)), None));
    assert!(
        shop.read(|read| read.suppressed(&key("491")))
            .unwrap()
            .is_some()
    );
    shop.write(|tx| tx.lift_suppression(&key("491"))).unwrap();
    assert_eq!(erased("491"), Some(Timestamp(7)));
    assert_eq!(
        shop.read(|read| read.suppressed(&key("491"))).unwrap(),
        None
    );
}

#[test]
fn persons_link_contacts_of_several_vaults() {
    let desk = Desk::new();
    let shop = shop(&desk);
    let person = PersonId::from_bytes([5; 16]);
    let contact = |number| ConversationId {
        connection: connection(number),
        row: 4,
    };
    shop.write(|tx| {
        tx.add_person(person, Timestamp(1))?;
        tx.link_contact(person, contact(1), Timestamp(2))?;
        tx.link_contact(person, contact(2), Timestamp(3))
    })
    .unwrap();
    assert_eq!(
        shop.read(|read| read.contacts_of(person)).unwrap(),
        [contact(1), contact(2)]
    );
    shop.write(|tx| tx.remove_connection(connection(1)))
        .unwrap();
    assert_eq!(
        shop.read(|read| read.contacts_of(person)).unwrap(),
        [contact(2)]
    );
    shop.write(|tx| tx.unlink_contact(contact(2))).unwrap();
    assert_eq!(shop.read(|read| read.person_of(contact(2))).unwrap(), None);
}

#[test]
fn orders_receipts_and_debts_survive() {
    let desk = Desk::new();
    let order = DeletionOrder {
        id: "CODE".to_owned(),
        body: "{}".to_owned(),
        state: OrderState::Received,
        issued_at: Timestamp(1),
        received_at: Timestamp(2),
        due_at: None,
        changed_at: Timestamp(2),
    };
    let receipt = Receipt {
        deletion_id: "CODE".to_owned(),
        scope: "instagram".to_owned(),
        text: "v1 deletion".to_owned(),
        at: Timestamp(9),
    };
    let wipe = Wipe {
        deletion_id: "CODE".to_owned(),
        scope: WipeScope::Connections,
        connections: vec![connection(1)],
        logins: vec![],
        profile: desk.profile.id().to_owned(),
        notice: "signed".to_owned(),
        stage: Stage::Swept,
        secrets_left: true,
    };
    shop(&desk)
        .write(|tx| {
            assert!(tx.receive_order(&order)?);
            assert!(!tx.receive_order(&order)?, "a replay changes nothing");
            tx.move_order("CODE", OrderState::Asked, Some(Timestamp(72)), Timestamp(3))?;
            tx.keep_receipt(&receipt)?;
            tx.owe(&wipe)
        })
        .unwrap();
    let shop = shop(&desk);
    shop.read(|read| {
        let open = read.open_orders()?;
        assert_eq!(
            (open[0].state, open[0].due_at),
            (OrderState::Asked, Some(Timestamp(72)))
        );
        assert_eq!(read.receipts()?.len(), 1);
        assert_eq!(read.receipt("CODE")?, Some(receipt));
        assert_eq!(read.owed()?, [wipe]);
        Ok(())
    })
    .unwrap();
    shop.write(|tx| {
        tx.move_order("CODE", OrderState::Done, None, Timestamp(4))?;
        tx.settle_wipe("CODE")
    })
    .unwrap();
    assert_eq!(shop.read(|read| read.open_orders()).unwrap(), []);
    assert_eq!(shop.read(|read| read.owed()).unwrap(), []);
}

#[test]
fn unopened_envelopes_and_notices_are_kept_and_counted() {
    let desk = Desk::new();
    let shop = shop(&desk);
    let unopened = Unopened {
        stream: [3; 16],
        seq: 9,
        connection: Some(connection(1)),
        envelope: b"SBE1-CANARY".to_vec(),
        reason: "key".to_owned(),
        at: Timestamp(1),
    };
    let second = shop
        .write(|tx| {
            tx.keep_unopened(&unopened)?;
            tx.keep_unopened(&unopened)?;
            tx.notify("gap", Some(connection(1)), "3", Timestamp(1))?;
            tx.notify("gap", None, "1", Timestamp(2))?;
            tx.notify("gap", Some(connection(1)), "4", Timestamp(3))
        })
        .unwrap();
    assert_eq!(shop.read(|read| read.unopened(10)).unwrap(), [unopened]);
    let bodies = || -> Vec<String> {
        let notices = shop.read(|read| read.notices()).unwrap();
        notices.into_iter().map(|notice| notice.body).collect()
    };
    assert_eq!(bodies(), ["4", "1"]);
    shop.write(|tx| tx.put_away_notice(second, Timestamp(9)))
        .unwrap();
    assert_eq!(bodies(), ["1"]);
    shop.write(|tx| tx.forget_unopened(&[3; 16], 9)).unwrap();
    assert_eq!(shop.read(|read| read.unopened_count()).unwrap(), 0);
    assert!(holding(desk.paths.root(), "CANARY").is_empty());
}
