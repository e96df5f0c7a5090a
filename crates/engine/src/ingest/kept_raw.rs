//! What cannot be understood: kept raw, with whoever it is from, and tried again after an update.

use domain::ContactRef;
use domain::inbound::{Event, What};
use store::vault::messages::Road;
use store::vault::quarantine::{NewQuarantine, Quarantined};
use store::{Vault, VaultWrite};
use wire::event::WebhookPart;

use super::apply::apply_anew;
use super::slices::{Slice, slices};
use super::{Changes, Opened, Receiver, Timestamp, apply_slice, events_of, is_about_content};

/// Keeps an event raw, with whoever it is from: it goes when they are erased.
pub(super) fn keep(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    event: &Event,
    (reason, contact): (&str, Option<&ContactRef>),
    raw: &[u8],
) -> store::Result<i64> {
    let conversation = match contact {
        Some(contact) => Some(write.contact_of(contact, event.at)?),
        None => None,
    };
    write.quarantine(&NewQuarantine {
        event_key: &event.key,
        raw,
        reason,
        conversation,
        at: event.at,
        tried_with: receiver.version,
    })
}

pub(super) fn keep_raw(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    opened: &Opened,
    (reason, sequence, place): (&str, u64, usize),
) -> store::Result<()> {
    let (bytes, at) = match opened {
        Opened::Part(part) | Opened::Slice(part, _) => {
            (part.to_bytes(), Timestamp(part.received_at))
        }
        Opened::Unknown { bytes, .. } => (bytes.clone(), receiver.now),
        Opened::Sealed => return Ok(()),
    };
    write.quarantine(&NewQuarantine {
        event_key: &format!("{UNWRITTEN}{sequence}:{place}"),
        raw: &bytes,
        reason,
        conversation: None,
        at,
        tried_with: receiver.version,
    })?;
    Ok(())
}

/// Before the place in the stream of what could not be written at all: no event is known of it.
const UNWRITTEN: &str = "envelope:";
/// How many raw events are looked at in one go.
const AT_ONCE: u32 = 64;

/// Tries what an earlier version could not understand. Returns what has changed; `None` when there
/// is nothing left to try.
pub(crate) fn try_quarantined(
    vault: &Vault,
    receiver: &Receiver<'_>,
) -> store::Result<Option<Changes>> {
    let untried = vault.read(|read| read.quarantined(receiver.version, AT_ONCE))?;
    if untried.is_empty() {
        return Ok(None);
    }
    let mut changes = Changes::default();
    for kept in &untried {
        match vault.write(|write| try_one(write, receiver, kept)) {
            Ok(changed) => changes.join(changed),
            // It still cannot be written; what lies behind it can.
            Err(error) if is_about_content(&error) => {
                vault.write(|write| write.tried_again(kept.id, receiver.version))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(changes))
}

fn try_one(
    write: &VaultWrite<'_>,
    receiver: &Receiver<'_>,
    kept: &Quarantined,
) -> store::Result<Changes> {
    let mut changes = Changes::default();
    if kept.event_key.starts_with(UNWRITTEN) {
        let Some(part) = part_of(kept) else {
            write.tried_again(kept.id, receiver.version)?;
            return Ok(changes);
        };
        // Whatever is not understood in it is kept again, each under its own name.
        write.leave_quarantine(kept.id)?;
        for slice in slices(&part) {
            let slice = Slice {
                road: if slice.road == Road::Live {
                    Road::Recovered
                } else {
                    slice.road
                },
                ..slice
            };
            apply_slice(write, receiver, &slice, &mut changes)?;
        }
        return Ok(changes);
    }
    match understood(receiver, kept) {
        Some(event) => {
            let road = Road::Recovered;
            changes.join(apply_anew(write, receiver, &event, road, &kept.raw)?);
            write.leave_quarantine(kept.id)?;
        }
        None => write.tried_again(kept.id, receiver.version)?,
    }
    Ok(changes)
}

fn part_of(kept: &Quarantined) -> Option<WebhookPart> {
    match wire::event::Event::from_bytes(&kept.raw) {
        Some(wire::event::Event::Webhook(part)) => Some(part),
        _ => None,
    }
}

/// The event this version makes of what was kept, if it can show all of it.
fn understood(receiver: &Receiver<'_>, kept: &Quarantined) -> Option<Event> {
    let part = part_of(kept)?;
    events_of(&part, receiver).into_iter().find(|event| {
        let shown = match &event.what {
            What::Message(message) => message.unsupported.is_none(),
            What::Unsupported { .. } => false,
            What::Progress(_)
            | What::Unsent { .. }
            | What::Reaction { .. }
            | What::Edited { .. } => true,
        };
        shown && event.key == kept.event_key
    })
}
