//! What cannot be understood: kept raw, with whoever it is from, and tried again after an update.

use domain::ContactRef;
use domain::inbound::{Event, What};
use store::vault::messages::Road;
use store::vault::quarantine::{NewQuarantine, Quarantined};
use store::{Vault, VaultWrite};

use super::{Changes, Opened, Receiver, Timestamp, apply_anew, events_of};

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
    reason: &str,
    sequence: u64,
) -> store::Result<()> {
    let (bytes, at) = match opened {
        Opened::Part(part) => (part.to_bytes(), Timestamp(part.received_at)),
        Opened::Unknown { bytes, .. } => (bytes.clone(), receiver.now),
        Opened::Sealed => return Ok(()),
    };
    write.quarantine(&NewQuarantine {
        event_key: &format!("envelope:{sequence}"),
        raw: &bytes,
        reason,
        conversation: None,
        at,
        tried_with: receiver.version,
    })?;
    Ok(())
}

/// How many raw events are looked at in one transaction.
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
    vault.write(|write| {
        let mut changes = Changes::default();
        for kept in &untried {
            match understood(receiver, kept) {
                Some(event) => {
                    changes.join(apply_anew(
                        write,
                        receiver,
                        &event,
                        Road::Recovered,
                        &kept.raw,
                    )?);
                    write.leave_quarantine(kept.id)?;
                }
                None => write.tried_again(kept.id, receiver.version)?,
            }
        }
        Ok(Some(changes))
    })
}

/// The event this version makes of what was kept, if it can show all of it.
fn understood(receiver: &Receiver<'_>, kept: &Quarantined) -> Option<Event> {
    let Some(wire::event::Event::Webhook(part)) = wire::event::Event::from_bytes(&kept.raw) else {
        return None;
    };
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
