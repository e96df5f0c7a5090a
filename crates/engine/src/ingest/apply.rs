//! What one event does to the vault: which of its rows it changes, and whether it is news at all.

use domain::inbound::{Author, Event, InboundMessage, What, let_go_key};
use domain::{Channel, ContactRef, MessageId, Timestamp};
use store::VaultWrite;
use store::vault::messages::{Arrival, News, Road};
use store::vault::progress::Edit;

use super::kept_raw::keep;
use super::{Changes, Receiver};

/// Applies one event, if it is the first time that it is heard of. `kept` is what stays of it if it
/// cannot be understood.
pub(crate) fn apply_event(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    event: &Event,
    road: Road,
    kept: &[u8],
) -> store::Result<Changes> {
    if !is_news(write, receiver, event)? {
        return Ok(Changes::default());
    }
    apply_anew(write, receiver, event, road, kept)
}

/// Whether an event is to be applied. A message that can be shown is known again by its own row:
/// nothing else has to be noted of it, and what comes of it later that cannot be shown says nothing
/// new.
fn is_news(write: &VaultWrite<'_>, receiver: &Receiver<'_>, event: &Event) -> store::Result<bool> {
    if was_erased(receiver, event)? {
        return Ok(false);
    }
    if was_let_go(write, receiver, event)? {
        return Ok(false);
    }
    if matches!(&event.what, What::Message(message) if message.unsupported.is_none()) {
        return Ok(true);
    }
    if let Some(id) = event.message_id()
        && write.is_shown(id)?
    {
        return Ok(false);
    }
    write.first_time(&event.key, receiver.now)
}

/// Whether an event tells of a reply that failed and that the owner took out of the thread: one typed
/// on the phone has no other sign by which it is known again.
fn was_let_go(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    event: &Event,
) -> store::Result<bool> {
    let author = match &event.what {
        What::Message(message) => Some(message.author),
        What::Unsupported { author, .. } => *author,
        _ => None,
    };
    let Some(id) = event.message_id() else {
        return Ok(false);
    };
    if receiver.account.channel() != Channel::Whatsapp || author != Some(Author::Shop) {
        return Ok(false);
    }
    write.has_seen(&let_go_key(id))
}

/// Whether an event is about somebody who was erased after it happened: it must not come back by a
/// repetition, a look into the thread or a history. What they write afterwards is new.
fn was_erased(receiver: &Receiver<'_>, event: &Event) -> store::Result<bool> {
    let contact = match &event.what {
        What::Message(message) => Some(&message.contact),
        What::Progress(progress) => progress.contact.as_ref(),
        What::Edited { contact, .. } | What::Unsupported { contact, .. } => contact.as_ref(),
        What::Unsent { .. } | What::Reaction { .. } => None,
    };
    let Some(contact) = contact else {
        return Ok(false);
    };
    Ok(receiver
        .erased(contact)?
        .is_some_and(|until| event.at <= until))
}

impl Receiver<'_> {
    /// Until when what somebody said was erased.
    pub(crate) fn erased(&self, contact: &ContactRef) -> store::Result<Option<Timestamp>> {
        self.db.read(|read| {
            if !read.erased_anybody()? {
                return Ok(None);
            }
            let mut latest = None;
            for key in &contact.keys {
                latest = latest.max(read.erased_until(key)?);
            }
            Ok(latest)
        })
    }
}

/// Applies one event, whether or not it was heard of before: what was kept raw may be understood
/// now.
pub(super) fn apply_anew(
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
    if live && matches!(stored.news, News::Inserted | News::Caught) {
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
    use domain::Delivery;
    use domain::inbound::{Messages, Progress, message_key};
    use domain::outbound::{Failure, Reason};

    use super::*;
    use crate::testing::{TestShop, inbound};

    fn hear(of: &TestShop, key: &str, what: What) -> Changes {
        let event = Event {
            key: key.to_owned(),
            at: of.clock.now(),
            what,
        };
        let receiver = Receiver {
            account: &of.connected.account,
            version: "test",
            now: of.clock.now(),
            db: &of.shop.db,
        };
        let vault = of.vault();
        let changes = vault.write(|write| apply_event(write, &receiver, &event, Road::Live, b""));
        changes.unwrap()
    }

    #[tokio::test]
    async fn a_failed_reply_from_the_phone_does_not_come_back_once_it_was_let_go() {
        let of = TestShop::with(Channel::Whatsapp).await;
        let (conversation, _) = of.hears("w_1", "Are you open?");
        let typed = || What::Message(inbound("w_2", "Until six", Author::Shop));
        let heard = hear(&of, &message_key("w_2"), typed());
        assert!(heard.conversations.contains(&conversation));
        let failed = What::Progress(Progress {
            messages: Messages::Ids(vec!["w_2".to_owned()]),
            contact: None,
            state: Delivery::Failed,
            our_id: None,
            failure: Some(Failure {
                reason: Reason::NotDelivered,
                code: None,
            }),
        });
        hear(&of, "failed", failed);
        let vault = of.vault();
        let own = vault.read(|read| read.message_with_platform_id("w_2"));
        let own = own.unwrap().unwrap();
        assert_eq!(of.delivery(own), Some(Delivery::Failed));
        let gone = vault.write(|write| write.discard_reply(own, of.clock.now()));
        assert!(gone.unwrap());
        let told = |what| hear(&of, &message_key("w_2"), what);
        assert_eq!(told(typed()), Changes::default());
        let mut unshown = inbound("w_2", "", Author::Shop);
        unshown.unsupported = Some("hologram".to_owned());
        assert_eq!(told(What::Message(unshown)), Changes::default());
        assert_eq!(of.texts(conversation), ["Are you open?"]);
        // What was never let go is news.
        let other = What::Message(inbound("w_3", "Until seven", Author::Shop));
        hear(&of, &message_key("w_3"), other);
        assert_eq!(of.texts(conversation), ["Are you open?", "Until seven"]);
    }
    #[tokio::test]
    async fn what_could_not_be_shown_of_the_phone_is_once_its_echo_can() {
        let of = TestShop::with(Channel::Whatsapp).await;
        let (conversation, _) = of.hears("w_1", "Have you a picture?");
        let mut placeholder = inbound("w_2", "", Author::Shop);
        placeholder.text = None;
        placeholder.unsupported = Some("media_placeholder".to_owned());
        hear(&of, &message_key("w_2"), What::Message(placeholder));
        let echo = What::Message(inbound("w_2", "Here it is", Author::Shop));
        hear(&of, &message_key("w_2"), echo);
        assert_eq!(
            of.texts(conversation),
            ["Have you a picture?", "Here it is"]
        );
    }
}
