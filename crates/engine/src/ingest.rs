//! Writes down what arrived: everything of one batch and the stream's cursor in one transaction of
//! the connection's vault. What cannot be understood is kept raw and blocks nothing. It fetches
//! nothing, tells nobody and decides nothing about replies; it returns what has changed.

mod kept_raw;

use std::collections::{BTreeMap, BTreeSet};

use channels::RawPart;
use channels::meta::Account;
use domain::inbound::{Author, Event, InboundMessage, What};
use domain::{ContactRef, ConversationId, MessageId, Timestamp};
use store::Cursor;
use store::vault::messages::{Arrival, News, Road};
use store::vault::progress::Edit;
use store::{Vault, VaultWrite};
use wire::event::{PartKind, WebhookPart};

pub(crate) use kept_raw::try_quarantined;
use kept_raw::{keep, keep_raw};

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

fn one_by_one(
    vault: &Vault,
    receiver: &Receiver<'_>,
    batch: &[(Opened, Cursor)],
) -> store::Result<Changes> {
    let mut all = Changes::default();
    for (opened, cursor) in batch {
        let written = vault.write(|write| {
            let mut changes = Changes::default();
            apply(write, receiver, opened, &mut changes)?;
            write.move_cursor(cursor)?;
            Ok(changes)
        });
        match written {
            Ok(changes) => all.join(changes),
            Err(error) if is_about_content(&error) => {
                tracing::warn!(sequence = cursor.seq, %error, "kept raw what could not be written");
                vault.write(|write| {
                    keep_raw(write, receiver, opened, "could not be written", cursor.seq)?;
                    write.move_cursor(cursor)
                })?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
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
            keep_raw(write, receiver, opened, "unknown envelope", *sequence)
        }
        Opened::Part(part) => {
            let kept = part.to_bytes();
            for event in events_of(part, receiver) {
                changes.join(apply_event(write, receiver, &event, Road::Live, &kept)?);
            }
            Ok(())
        }
    }
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

/// Applies one event, if it is the first time that it is heard of. `kept` is what stays of it if it
/// cannot be understood.
pub(crate) fn apply_event(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    event: &Event,
    road: Road,
    kept: &[u8],
) -> store::Result<Changes> {
    if !write.first_time(&event.key, receiver.now)? {
        return Ok(Changes::default());
    }
    apply_anew(write, receiver, event, road, kept)
}

/// Applies one event, whether or not it was heard of before: what was kept raw may be understood
/// now.
fn apply_anew(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    event: &Event,
    road: Road,
    kept: &[u8],
) -> store::Result<Changes> {
    let mut changes = Changes::default();
    match &event.what {
        What::Message(message) => {
            let quarantine = match &message.unsupported {
                Some(kind) => Some(keep(
                    write,
                    receiver,
                    event,
                    (kind, Some(&message.contact)),
                    kept,
                )?),
                None => None,
            };
            add(
                write,
                receiver,
                (event.at, road),
                (message, quarantine),
                &mut changes,
            )?;
        }
        What::Progress(progress) => {
            let moved = write.apply_progress(progress, event.at)?;
            touch(write, &moved, &mut changes)?;
        }
        What::Unsent { platform_id } => {
            let gone = write.unsend(platform_id, event.at)?;
            touch(write, gone.as_slice(), &mut changes)?;
        }
        What::Reaction {
            platform_id,
            by,
            emoji,
        } => {
            let on = write.react(platform_id, *by, emoji.as_deref(), event.at)?;
            touch(write, on.as_slice(), &mut changes)?;
        }
        What::Edited {
            platform_id,
            text,
            contact,
        } => {
            let edit = Edit {
                platform_id,
                text,
                contact: contact.as_ref(),
            };
            let changed = write.edit(&edit, event.at)?;
            touch(write, changed.as_slice(), &mut changes)?;
        }
        What::Unsupported { .. } => {
            add_unsupported(write, receiver, (event, road), kept, &mut changes)?;
        }
    }
    Ok(changes)
}

/// Keeps raw what cannot be understood, and its place in the thread where that is known.
fn add_unsupported(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    (event, road): (&Event, Road),
    kept: &[u8],
    changes: &mut Changes,
) -> store::Result<()> {
    let What::Unsupported {
        kind,
        contact,
        author,
        platform_id,
    } = &event.what
    else {
        return Ok(());
    };
    let row = keep(write, receiver, event, (kind, contact.as_ref()), kept)?;
    // What neither side said has no place in the thread.
    let (Some(contact), Some(author)) = (contact, author) else {
        return Ok(());
    };
    let id = platform_id.clone().unwrap_or_else(|| event.key.clone());
    let message = placeholder(id, (contact.clone(), *author), kind.clone());
    add(
        write,
        receiver,
        (event.at, road),
        (&message, Some(row)),
        changes,
    )
}

/// What cannot be shown still has its place in the thread.
fn placeholder(
    platform_id: String,
    (contact, author): (ContactRef, Author),
    kind: String,
) -> InboundMessage {
    InboundMessage {
        platform_id,
        contact,
        author,
        text: None,
        attachments: Vec::new(),
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: Some(kind),
    }
}

fn add(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    (at, road): (Timestamp, Road),
    (message, quarantine): (&InboundMessage, Option<i64>),
    changes: &mut Changes,
) -> store::Result<()> {
    let arrival = Arrival {
        message,
        at,
        arrived_at: receiver.now,
        road,
        quarantine,
    };
    let stored = write.add_message(&arrival)?;
    if stored.news == News::Known {
        return Ok(());
    }
    changes.conversations.insert(stored.conversation);
    let live = road == Road::Live && message.author == Author::Person;
    if live && stored.news == News::Inserted {
        changes.arrived.insert(stored.conversation, stored.message);
    }
    Ok(())
}

fn touch(
    write: &VaultWrite<'_>,
    messages: &[MessageId],
    changes: &mut Changes,
) -> store::Result<()> {
    for message in messages {
        if let Some(message) = write.message(*message)? {
            changes.conversations.insert(message.conversation);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
        };
        of.vault()
            .write(|write| {
                let event = Event {
                    key: "m:m_1".to_owned(),
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
