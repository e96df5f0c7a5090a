//! Writes down what arrived: everything of one batch and the stream's cursor in one transaction of
//! the connection's vault. What cannot be understood is kept raw and blocks nothing. It fetches
//! nothing, tells nobody and decides nothing about replies; it returns what has changed.

mod apply;
mod kept_raw;
pub(crate) mod slices;

use std::collections::{BTreeMap, BTreeSet};

use channels::RawPart;
use channels::meta::Account;
use domain::inbound::Event;
use domain::{ConversationId, MessageId, Timestamp};
use store::Cursor;
use store::vault::messages::Road;
use store::{ShopDb, Vault, VaultWrite};
use wire::event::{PartKind, WebhookPart};

pub(crate) use apply::apply_event;
use kept_raw::keep_raw;
pub(crate) use kept_raw::try_quarantined;
use slices::{Slice, slices};

/// One opened envelope of a connection's stream.
#[derive(Debug, Clone)]
pub(crate) enum Opened {
    /// A part of a webhook.
    Part(WebhookPart),
    /// The envelope opened, and this version cannot read what is inside.
    Unknown {
        /// Its place in the stream: unique, since there is nothing else to know it by.
        sequence: u64,
        /// What was inside.
        bytes: Vec<u8>,
    },
    /// One thing that happened, cut out of its part.
    Slice(WebhookPart, Road),
    /// It did not open and is kept sealed elsewhere; only the cursor passes it.
    Sealed,
}

/// Whose stream it is and by whose clock.
#[derive(Debug, Clone)]
pub(crate) struct Receiver<'a> {
    /// The connected account.
    pub(crate) account: &'a Account,
    /// The version of the program, for what it cannot understand.
    pub(crate) version: &'a str,
    /// When it is written down.
    pub(crate) now: Timestamp,
    /// Knows who was erased and must not come back.
    pub(crate) db: &'a ShopDb,
}

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Conversations in which something changed.
    pub(crate) conversations: BTreeSet<ConversationId>,
    /// The newest message of a person's that came live, by conversation.
    pub(crate) arrived: BTreeMap<ConversationId, MessageId>,
}

impl Changes {
    fn join(&mut self, other: Self) {
        self.conversations.extend(other.conversations);
        self.arrived.extend(other.arrived);
    }
}

/// Writes a batch and its cursor. If one envelope of it cannot be written, the others still are,
/// and that one is kept raw; only trouble with the disk or the vault itself fails.
pub(crate) fn write_batch(
    vault: &Vault,
    receiver: &Receiver<'_>,
    batch: &[(Opened, Cursor)],
) -> store::Result<Changes> {
    let Some((_, last)) = batch.last() else {
        return Ok(Changes::default());
    };
    let whole = vault.write(|write| {
        let mut changes = Changes::default();
        for (opened, _) in batch {
            apply(write, receiver, opened, &mut changes)?;
        }
        write.move_cursor(last)?;
        Ok(changes)
    });
    match whole {
        Err(error) if is_about_content(&error) => one_by_one(vault, receiver, batch),
        other => other,
    }
}

/// Writes down what opened only now; the cursor passed its place long ago.
pub(crate) fn write_late(
    vault: &Vault,
    receiver: &Receiver<'_>,
    opened: &Opened,
) -> store::Result<Changes> {
    vault.write(|write| {
        let mut changes = Changes::default();
        apply(write, receiver, opened, &mut changes)?;
        Ok(changes)
    })
}

/// Each thing that happened in a transaction of its own: only what cannot be written is kept raw,
/// and what was said beside it arrives.
fn one_by_one(
    vault: &Vault,
    receiver: &Receiver<'_>,
    batch: &[(Opened, Cursor)],
) -> store::Result<Changes> {
    let mut all = Changes::default();
    for (opened, cursor) in batch {
        for (place, one) in opened.pieces().iter().enumerate() {
            let written = vault.write(|write| {
                let mut changes = Changes::default();
                apply(write, receiver, one, &mut changes)?;
                Ok(changes)
            });
            match written {
                Ok(changes) => all.join(changes),
                Err(error) if is_about_content(&error) => {
                    let (seq, reason) = (cursor.seq, "could not be written");
                    tracing::warn!(seq, place, %error, "kept raw what could not be written");
                    vault.write(|write| keep_raw(write, receiver, one, (reason, seq, place)))?;
                }
                Err(error) => return Err(error),
            }
        }
        vault.write(|write| write.move_cursor(cursor))?;
    }
    Ok(all)
}

impl Opened {
    /// What happened, one by one.
    fn pieces(&self) -> Vec<Self> {
        match self {
            Self::Part(part) => {
                let slices = slices(part).into_iter();
                slices
                    .map(|slice| Self::Slice(slice.part, slice.road))
                    .collect()
            }
            other => vec![other.clone()],
        }
    }
}

/// Whether an error is the fault of what was to be written, rather than of disk, key or file.
fn is_about_content(error: &store::Error) -> bool {
    matches!(error, store::Error::Invalid(_) | store::Error::Database(_))
}

fn apply(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    opened: &Opened,
    changes: &mut Changes,
) -> store::Result<()> {
    match opened {
        Opened::Sealed => Ok(()),
        Opened::Unknown { sequence, .. } => {
            keep_raw(write, receiver, opened, ("unknown envelope", *sequence, 0))
        }
        Opened::Part(part) => {
            let mut slices = slices(part).into_iter();
            slices.try_for_each(|slice| apply_slice(write, receiver, &slice, changes))
        }
        Opened::Slice(part, road) => {
            let (part, road) = (part.clone(), *road);
            apply_slice(write, receiver, &Slice { part, road }, changes)
        }
    }
}

fn apply_slice(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    slice: &Slice,
    changes: &mut Changes,
) -> store::Result<()> {
    let kept = slice.part.to_bytes();
    for event in events_of(&slice.part, receiver) {
        changes.join(apply_event(write, receiver, &event, slice.road, &kept)?);
    }
    Ok(())
}

/// What normalisation reads: a whole entry or one change. What the relay cut finer than that is put
/// back into the entry it came from.
fn whole(part: &WebhookPart) -> Vec<u8> {
    let list = match part.kind {
        PartKind::Messaging => "messaging",
        PartKind::Standby => "standby",
        PartKind::Entry | PartKind::Change | PartKind::Unknown => return part.body.clone(),
    };
    let id = serde_json::Value::from(part.entry_id.as_str());
    let time = part
        .time
        .map_or(serde_json::Value::Null, serde_json::Value::from);
    let mut entry = format!(r#"{{"id":{id},"time":{time},"{list}":["#).into_bytes();
    entry.extend_from_slice(&part.body);
    entry.extend_from_slice(b"]}");
    entry
}

fn events_of(part: &WebhookPart, receiver: &Receiver<'_>) -> Vec<Event> {
    let raw = RawPart {
        object: &part.object,
        entry_id: &part.entry_id,
        entry_time: part.time,
        received_at: Timestamp(part.received_at),
        account: receiver.account.own_id(),
        part: &whole(part),
    };
    channels::normalize(receiver.account.channel(), &raw)
}

#[cfg(test)]
mod tests {
    use domain::inbound::{Author, What};
    use serde_json::{Value, json};
    use store::vault::thread::Page;

    use super::*;
    use crate::testing::{NOW, PAGE, PERSON, TestShop};

    fn entry(event: &Value) -> Value {
        json!({"id": PAGE, "time": NOW.0, "messaging": [event]})
    }

    fn event(mid: &str, text: &str, at: i64) -> Value {
        json!({
            "sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": at,
            "message": {"mid": mid, "text": text}
        })
    }

    fn part(kind: PartKind, body: &Value) -> WebhookPart {
        WebhookPart {
            object: "page".to_owned(),
            entry_id: PAGE.to_owned(),
            time: Some(NOW.0),
            received_at: NOW.0,
            kind,
            body: serde_json::to_vec(body).unwrap(),
        }
    }

    fn batch(parts: &[Opened]) -> Vec<(Opened, Cursor)> {
        let cursor = |seq| Cursor {
            stream: [2; 16],
            seq,
            chain: [0; 32],
            durable: 0,
        };
        parts.iter().cloned().zip((1..).map(cursor)).collect()
    }

    fn write(of: &TestShop, parts: &[Opened]) -> Changes {
        let receiver = Receiver {
            account: &of.connected.account,
            version: "test",
            now: of.clock.now(),
            db: &of.shop.db,
        };
        write_batch(&of.vault(), &receiver, &batch(parts)).unwrap()
    }

    fn cursor(of: &TestShop) -> u64 {
        of.vault().read(|read| read.cursor()).unwrap().unwrap().seq
    }

    #[tokio::test]
    async fn a_batch_and_its_cursor_are_one() {
        let of = TestShop::messenger().await;
        let parts = [
            Opened::Part(part(PartKind::Entry, &entry(&event("m_1", "one", NOW.0)))),
            Opened::Part(part(PartKind::Messaging, &event("m_2", "two", NOW.0 + 1))),
        ];
        let changes = write(&of, &parts);
        let conversation = *changes.conversations.first().unwrap();
        assert_eq!(of.texts(conversation), ["one", "two"]);
        assert_eq!(cursor(&of), 2);
        assert_eq!(changes.arrived.len(), 1, "one arrival for one conversation");
    }

    #[tokio::test]
    async fn the_same_again_changes_nothing() {
        let of = TestShop::messenger().await;
        let parts = [Opened::Part(part(
            PartKind::Entry,
            &entry(&event("m_1", "one", NOW.0)),
        ))];
        let conversation = *write(&of, &parts).conversations.first().unwrap();
        let again = write(&of, &parts);
        assert_eq!(again, Changes::default());
        assert_eq!(of.texts(conversation), ["one"]);
    }

    #[tokio::test]
    async fn what_is_not_understood_is_kept_raw_and_blocks_nothing() {
        let of = TestShop::messenger().await;
        let strange = json!({
            "sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": NOW.0,
            "hologram": {"depth": 3}
        });
        let parts = [
            Opened::Unknown {
                sequence: 1,
                bytes: b"\x09newer".to_vec(),
            },
            Opened::Part(part(PartKind::Entry, &entry(&strange))),
            Opened::Sealed,
            Opened::Part(part(
                PartKind::Entry,
                &entry(&event("m_1", "after it", NOW.0 + 1)),
            )),
        ];
        let changes = write(&of, &parts);
        let conversation = *changes.conversations.first().unwrap();
        let page = of
            .vault()
            .read(|read| read.thread(conversation, Page::Newest, 9))
            .unwrap();
        assert!(
            page.messages[0].unsupported.is_some(),
            "it has its place in the thread"
        );
        assert_eq!(page.messages[1].text.as_deref(), Some("after it"));
        assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 2);
        assert_eq!(cursor(&of), 4);
    }

    #[tokio::test]
    async fn what_is_kept_raw_holds_nothing_another_person_said() {
        let of = TestShop::messenger().await;
        let strange = |person: &str, word: &str| {
            json!({
                "sender": {"id": person}, "recipient": {"id": PAGE}, "timestamp": NOW.0,
                "hologram": {"words": word}
            })
        };
        let all = json!({"id": PAGE, "time": NOW.0, "messaging": [
            strange(PERSON, "CANARY-A"), strange("7002", "CANARY-B"), strange("7003", "CANARY-C")
        ]});
        let changes = write(&of, &[Opened::Part(part(PartKind::Entry, &all))]);
        let raw = || {
            let kept = of
                .vault()
                .read(|read| read.quarantined("later", 9))
                .unwrap();
            kept.iter()
                .map(|one| String::from_utf8_lossy(&one.raw).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(raw().len(), 3);
        for row in raw() {
            assert_eq!(row.matches("CANARY").count(), 1, "{row}");
        }
        let first = *changes.conversations.first().unwrap();
        of.vault()
            .write(|write| write.erase_contact(first))
            .unwrap();
        assert!(!raw().concat().contains("CANARY-A"));
        assert_eq!(raw().len(), 2, "the others' stay");
    }

    #[tokio::test]
    async fn of_a_message_that_is_shown_nothing_is_kept_raw_whatever_came_first() {
        let entry_of = |message: Value| {
            let event = json!({
                "sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": NOW.0,
                "message": message
            });
            Opened::Part(part(PartKind::Entry, &entry(&event)))
        };
        let whole = || entry_of(json!({"mid": "m_1", "text": "words"}));
        let riddle = || entry_of(json!({"mid": "m_1", "is_unsupported": true}));
        for (first, then) in [(whole(), riddle()), (riddle(), whole())] {
            let of = TestShop::messenger().await;
            let conversation = *write(&of, &[first]).conversations.first().unwrap();
            write(&of, &[then]);
            assert_eq!(of.texts(conversation), ["words"]);
            assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 0);
        }
        // The control: alone it is kept.
        let of = TestShop::messenger().await;
        write(&of, &[riddle()]);
        assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 1);
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_written_after_an_update() {
        let of = TestShop::messenger().await;
        let unwritten = part(PartKind::Entry, &entry(&event("m_1", "written now", NOW.0)));
        let receiver = |version| Receiver {
            account: &of.connected.account,
            version,
            now: of.clock.now(),
            db: &of.shop.db,
        };
        of.vault()
            .write(|write| {
                let opened = Opened::Part(unwritten.clone());
                keep_raw(
                    write,
                    &receiver("0"),
                    &opened,
                    ("could not be written", 5, 0),
                )
            })
            .unwrap();
        assert_eq!(try_quarantined(&of.vault(), &receiver("0")).unwrap(), None);
        let changes = try_quarantined(&of.vault(), &receiver("1"))
            .unwrap()
            .unwrap();
        let conversation = *changes.conversations.first().unwrap();
        assert_eq!(of.texts(conversation), ["written now"]);
        assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 0);
    }

    #[tokio::test]
    async fn what_was_said_before_the_connection_is_neither_unread_nor_told_nor_a_window() {
        let of = TestShop::with(domain::Channel::Whatsapp).await;
        let said = |id: &str| {
            json!({
                "from": "447700900142", "id": id, "type": "text",
                "timestamp": NOW.seconds().to_string(), "text": {"body": id}
            })
        };
        let value = |name: &str, list: &Value| {
            let metadata = json!({"display_phone_number": "1", "phone_number_id": "2001"});
            json!({"messaging_product": "whatsapp", "metadata": metadata, name: list})
        };
        let change = |field: &str, value: Value| {
            let body = json!({"field": field, "value": value});
            let part = part(PartKind::Change, &body);
            Opened::Part(WebhookPart {
                object: "whatsapp_business_account".to_owned(),
                ..part
            })
        };
        let threads =
            json!([{"id": "447700900142", "messages": [said("wamid.1"), said("wamid.2")]}]);
        let history = json!([{"metadata": {"phase": 0}, "threads": threads}]);
        let before = write(&of, &[change("history", value("history", &history))]);
        let conversation = *before.conversations.first().unwrap();
        let line = || {
            let line = of.vault().read(|read| read.conversation(conversation));
            line.unwrap().unwrap()
        };
        assert_eq!(of.texts(conversation).len(), 2);
        assert!(before.arrived.is_empty());
        assert_eq!(
            (line().unread, line().last_inbound_at, line().waits),
            (0, None, false)
        );
        // The control: the same words live are all of it.
        let live = change("messages", value("messages", &json!([said("wamid.3")])));
        assert_eq!(write(&of, &[live]).arrived.len(), 1);
        assert_eq!((line().unread, line().last_inbound_at), (1, Some(NOW)));
    }

    #[tokio::test]
    async fn bytes_that_are_no_json_are_kept_raw() {
        let of = TestShop::messenger().await;
        let broken = WebhookPart {
            body: b"{\"id\":".to_vec(),
            ..part(PartKind::Entry, &json!(0))
        };
        write(&of, &[Opened::Part(broken)]);
        assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 1);
        assert_eq!(cursor(&of), 1);
    }

    #[tokio::test]
    async fn an_update_shows_what_was_kept_raw_where_it_stood() {
        let of = TestShop::messenger().await;
        let known = part(
            PartKind::Entry,
            &entry(&event("m_1", "understood now", NOW.0)),
        );
        // As an earlier version would have kept it: a placeholder and the raw part.
        let placeholder = {
            let mut message = crate::testing::inbound("m_1", "", Author::Person);
            message.text = None;
            message.unsupported = Some("hologram".to_owned());
            message
        };
        let earlier = Receiver {
            account: &of.connected.account,
            version: "0",
            now: NOW,
            db: &of.shop.db,
        };
        of.vault()
            .write(|write| {
                let event = Event {
                    key: domain::inbound::message_key("m_1"),
                    at: NOW,
                    what: What::Message(placeholder),
                };
                apply_event(write, &earlier, &event, Road::Live, &known.to_bytes())
            })
            .unwrap();
        let now = Receiver {
            version: "test",
            ..earlier
        };
        let changes = try_quarantined(&of.vault(), &now).unwrap().unwrap();
        let conversation = *changes.conversations.first().unwrap();
        assert_eq!(of.texts(conversation), ["understood now"]);
        assert_eq!(of.vault().read(|read| read.quarantine_count()).unwrap(), 0);
        assert_eq!(
            try_quarantined(&of.vault(), &now).unwrap(),
            None,
            "tried once"
        );
    }

    #[tokio::test]
    async fn a_closed_vault_acknowledges_nothing() {
        let of = TestShop::messenger().await;
        let receiver = Receiver {
            account: &of.connected.account,
            version: "test",
            now: of.clock.now(),
            db: &of.shop.db,
        };
        let vault = of.vault();
        vault.close();
        let parts = [Opened::Part(part(
            PartKind::Entry,
            &entry(&event("m_1", "one", NOW.0)),
        ))];
        let written = write_batch(&vault, &receiver, &batch(&parts));
        assert!(matches!(written, Err(store::Error::Closed)));
    }
}
