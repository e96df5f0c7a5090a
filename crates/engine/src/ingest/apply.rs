//! What one event does to the vault: which of its rows it changes, and whether it is news at all.

use domain::inbound::{Author, Event, InboundMessage, What};
use domain::{ContactRef, MessageId, Timestamp};
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

/// What the key of a message begins with, whoever tells of it; its platform's id follows.
const MESSAGE: &str = "m:";

/// Whether an event is to be applied. A message that can be shown is known again by its own row:
/// nothing else has to be noted of it, and what comes of it later that cannot be shown says nothing
/// new.
fn is_news(write: &VaultWrite<'_>, receiver: &Receiver<'_>, event: &Event) -> store::Result<bool> {
    if was_erased(receiver, event)? {
        return Ok(false);
    }
    if matches!(&event.what, What::Message(message) if message.unsupported.is_none()) {
        return Ok(true);
    }
    if let Some(id) = event.key.strip_prefix(MESSAGE)
        && write.is_shown(id)?
    {
        return Ok(false);
    }
    write.first_time(&event.key, receiver.now)
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
