//! The platform keeps no order and repeats itself. Whatever order the same events come in, and
//! however often, the vault ends the same.

use std::collections::BTreeMap;

use domain::inbound::{Author, InboundMessage, Messages, Progress};
use domain::{ContactKey, ContactKind, ContactRef, Delivery};
use proptest::prelude::*;
use rusqlite::Connection;

use super::VaultWrite;
use super::conversations::Filter;
use super::messages::{Arrival, Road};
use super::progress::Edit;
use super::testing::{at, in_memory, read, write};
use super::thread::Page;

/// How many messages there are; odd ones are the shop's. All their times differ.
const MESSAGES: u8 = 8;

#[derive(Clone, Debug)]
enum News {
    /// Message, and by which of its person's keys the payload names them: 1, 2 or both.
    Message(u8, u8),
    React(u8, Author, Option<&'static str>),
    Unsend(u8),
    Edit(u8),
    Progress(u8, Delivery),
    UpTo(u8, i64, Delivery),
    UpToMessage(u8, Delivery),
}

fn news() -> impl Strategy<Value = News> {
    let message = 0..MESSAGES;
    let own = (0..MESSAGES / 2).prop_map(|half| half * 2 + 1);
    let author = prop_oneof![Just(Author::Person), Just(Author::Shop)];
    let emoji = prop_oneof![Just(None), Just(Some("❤")), Just(Some("👍"))];
    let reached = prop_oneof![Just(Delivery::Delivered), Just(Delivery::Read)];
    let state = prop_oneof![Just(Delivery::Sent), reached.clone()];
    prop_oneof![
        6 => (message.clone(), 1_u8..4).prop_map(|(id, keys)| News::Message(id, keys)),
        2 => (message.clone(), author, emoji).prop_map(|(id, by, emoji)| News::React(id, by, emoji)),
        1 => message.clone().prop_map(News::Unsend),
        1 => message.prop_map(News::Edit),
        2 => (own.clone(), state).prop_map(|(id, state)| News::Progress(id, state)),
        1 => (0_u8..3, 0_i64..9_000, reached.clone())
            .prop_map(|(person, upto, state)| News::UpTo(person, upto, state)),
        1 => (own, reached).prop_map(|(id, state)| News::UpToMessage(id, state)),
    ]
}

/// What everything ends with: each message by each key of its person, so that it is settled who is
/// who before two ends are compared.
fn completion() -> Vec<(i64, News)> {
    (0..MESSAGES)
        .map(|id| (90_000 + i64::from(id), News::Message(id, 3)))
        .collect()
}

fn key(person: u8, which: u8) -> ContactKey {
    let kind = if which == 1 {
        ContactKind::Phone
    } else {
        ContactKind::Bsuid
    };
    ContactKey {
        kind,
        value: format!("{person}"),
    }
}

fn apply(tx: &VaultWrite<'_>, moment: i64, news: &News) -> crate::Result<()> {
    let id = |number: u8| format!("m_{number}");
    let plain = |messages, state| Progress {
        messages,
        contact: None,
        state,
        our_id: None,
        failure: None,
    };
    match news {
        News::Message(number, keys) => {
            let message = message(*number, *keys);
            let sent_at = at(1_000 * i64::from(*number) + 500);
            let road = Road::Live;
            let (arrived_at, quarantine) = (at(moment), None);
            tx.add_message(&Arrival {
                message: &message,
                at: sent_at,
                arrived_at,
                road,
                quarantine,
            })?;
        }
        News::React(number, by, emoji) => {
            tx.react(&id(*number), *by, *emoji, at(moment))?;
        }
        News::Unsend(number) => {
            tx.unsend(&id(*number), at(moment))?;
        }
        News::Edit(number) => {
            let contact = message(*number, 3).contact;
            let edit = Edit {
                platform_id: &id(*number),
                text: &format!("edited {moment}"),
                contact: Some(&contact),
            };
            tx.edit(&edit, at(moment))?;
        }
        News::Progress(number, state) => {
            tx.apply_progress(&plain(Messages::Ids(vec![id(*number)]), *state), at(moment))?;
        }
        News::UpTo(person, upto, state) => {
            let who = ContactRef {
                keys: vec![key(*person, 1)],
                name: None,
                handle: None,
            };
            let progress = Progress {
                contact: Some(who),
                ..plain(Messages::UpTo(at(*upto)), *state)
            };
            tx.apply_progress(&progress, at(moment))?;
        }
        News::UpToMessage(number, state) => {
            tx.apply_progress(
                &plain(Messages::UpToMessage(id(*number)), *state),
                at(moment),
            )?;
        }
    }
    Ok(())
}

/// Message `number`, of person `number % 3`. Half of the shop's come from the phone.
fn message(number: u8, keys: u8) -> InboundMessage {
    let person = number % 3;
    let keys = [1, 2].into_iter().filter(|which| keys & which != 0);
    let author = if number % 2 == 1 {
        Author::Shop
    } else {
        Author::Person
    };
    InboundMessage {
        platform_id: format!("m_{number}"),
        contact: ContactRef {
            keys: keys.map(|which| key(person, which)).collect(),
            name: number.is_multiple_of(2).then(|| format!("name {number}")),
            handle: None,
        },
        author,
        text: Some(format!("text {number}")),
        attachments: vec![],
        reply_to: None,
        story: None,
        our_id: None,
        app_id: (number % 4 == 1).then(|| "ours".to_owned()),
        unsupported: None,
    }
}

/// Everything the owner can see, by names that do not depend on the order of arrival.
fn seen(connection: &Connection) -> BTreeMap<String, Vec<String>> {
    read(connection, |vault| {
        let mut all = BTreeMap::new();
        for line in vault.conversations(Filter::All, None, 100)? {
            let contact = vault.contact(line.id)?.expect("it is in the list");
            let mut shown = vec![format!(
                "{:?} {:?} {} {} {:?} {:?}",
                contact.name,
                line.last_activity,
                line.unread,
                line.waits,
                line.last_inbound_at,
                line.last_line.map(|line| line.text),
            )];
            for message in vault.thread(line.id, Page::Newest, 100)?.messages {
                let reactions: Vec<_> = message
                    .reactions
                    .iter()
                    .map(|one| (one.by, one.emoji.clone()))
                    .collect();
                shown.push(format!(
                    "{:?} {:?} {:?} {:?} {} {} {} {reactions:?}",
                    message.platform_id,
                    message.sent_at,
                    message.text,
                    message.delivery,
                    message.unsent,
                    message.edited,
                    message.seen,
                ));
            }
            all.insert(format!("{:?}", contact.keys), shown);
        }
        // The index says the same as the rows.
        let query = crate::Query::parse("text").expect("one word");
        let mut found: Vec<String> = Vec::new();
        for hit in vault.find_messages(&query, None, 100)? {
            let message = vault.message(hit.message)?.expect("it was found");
            found.push(format!("{:?}", message.platform_id));
        }
        found.sort();
        all.insert("found".to_owned(), found);
        Ok(all)
    })
}

/// The end of a course of events.
fn end_of(events: &[(i64, News)]) -> BTreeMap<String, Vec<String>> {
    end_with(events, "")
}

/// The same where something is done to the vault after each event.
fn end_with(events: &[(i64, News)], after_each: &str) -> BTreeMap<String, Vec<String>> {
    let mut connection = in_memory();
    let facts = super::facts::Facts {
        channel: domain::Channel::Whatsapp,
        platform_id: "p".to_owned(),
        name: "n".to_owned(),
        handle: None,
        page_id: None,
        waba_id: None,
        phone: None,
        app_id: Some("ours".to_owned()),
        login: None,
        connected_at: at(0),
    };
    write(&mut connection, |tx| tx.set_facts(&facts));
    for (moment, news) in events {
        write(&mut connection, |tx| apply(tx, *moment, news));
        connection.execute_batch(after_each).unwrap();
    }
    seen(&connection)
}

/// The comparison itself must be able to fail: a vault that forgets what comes early, or that lets
/// the last word stand, ends differently.
#[test]
fn a_vault_that_forgets_is_caught() {
    let message = |moment| (moment, News::Message(1, 3));
    for (early, careless) in [
        (News::Unsend(1), "DELETE FROM pending"),
        (News::Edit(1), "DELETE FROM pending"),
        (News::Progress(1, Delivery::Read), "DELETE FROM pending"),
        (
            News::UpToMessage(1, Delivery::Delivered),
            "DELETE FROM pending",
        ),
        (
            News::UpTo(1, 8_000, Delivery::Read),
            "UPDATE conversations SET person_read_upto = NULL",
        ),
        (
            News::React(1, Author::Person, Some("❤")),
            "DELETE FROM reactions",
        ),
    ] {
        let (before, after) = ([(5, early.clone()), message(9)], [message(9), (5, early)]);
        assert_eq!(end_of(&before), end_of(&after));
        assert_ne!(end_with(&before, careless), end_of(&after), "{careless}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_and_any_repetition_end_the_same(
        events in proptest::collection::vec(news(), 1..24),
        order in any::<prop::sample::Index>(),
        seeds in proptest::collection::vec(any::<u16>(), 64),
        repeats in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut events: Vec<(i64, News)> =
            (0..).map(|number| 10_000 + 7 * number).zip(events).collect();
        events.extend(completion());
        let mut other = events.clone();
        for repeat in &repeats {
            let again = repeat.get(&events).clone();
            other.push(again);
        }
        let mut seeds = seeds.into_iter().cycle().skip(order.index(64));
        other.sort_by_cached_key(|_| seeds.next());
        prop_assert_eq!(end_of(&events), end_of(&other));
    }

    #[test]
    fn delivery_only_moves_forward(
        states in proptest::collection::vec((0_u8..3, 0_i64..9_000), 1..12),
    ) {
        let mut connection = in_memory();
        write(&mut connection, |tx| apply(tx, 1, &News::Message(1, 3)));
        let mut before = Delivery::Sent;
        for (step, (kind, upto)) in (10..).zip(states) {
            let reached = [Delivery::Sent, Delivery::Delivered, Delivery::Read][usize::from(kind)];
            let news = match upto % 3 {
                0 => News::Progress(1, reached),
                1 => News::UpTo(1, upto, reached),
                _ => News::UpToMessage(1, reached),
            };
            write(&mut connection, |tx| apply(tx, step, &news));
            let now = read(&connection, |vault| {
                let id = vault.message_with_platform_id("m_1")?.expect("it was written down");
                Ok(vault.message(id)?.and_then(|message| message.delivery))
            });
            let now = now.expect("it is the shop's");
            prop_assert_eq!(before.advance(now), now);
            before = now;
        }
    }
}
