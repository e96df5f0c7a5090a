//! Tells the shell that a person wrote: what a notification says. Messenger's and Instagram's
//! messages carry no name, so an arrival may wait for the name to be fetched; it never waits for
//! anything else.

use std::sync::PoisonError;

use domain::inbound::AttachmentKind;
use domain::{Channel, ConversationId, MessageId};
use store::vault::thread::Message;

use crate::error::Result;
use crate::ingest::Changes;
use crate::news::Arrival;
use crate::read::LastKind;
use crate::shop::Shop;
use crate::shown;

/// After a long time away one batch holds many: more than these would only be noise.
const MOST_AT_ONCE: usize = 5;
/// How many characters a notification shows.
const LONGEST: usize = 160;

/// Tells what arrived, one arrival per conversation.
pub(crate) async fn announce(shop: &Shop, changes: &Changes) {
    if !shop.settings().notifications {
        return;
    }
    for (conversation, message) in changes.arrived.iter().rev().take(MOST_AT_ONCE) {
        match arrival(shop, *conversation, *message).await {
            Ok(Some(arrival)) => send(shop, arrival),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "an arrival was not announced"),
        }
    }
}

/// What waits for a name has waited long enough: it is known now, or will not be.
pub(crate) async fn release(shop: &Shop, conversation: ConversationId) {
    let waiting = {
        let mut nameless = shop.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        nameless.remove(&conversation)
    };
    let Some(mut arrival) = waiting else { return };
    // Wiped meanwhile, nothing of it is told any more.
    let Ok(connected) = shop.connection(conversation.connection) else {
        return;
    };
    if let Ok(Some(row)) = connected
        .read(move |read| read.conversation(conversation))
        .await
    {
        arrival.name = shown::name(&row);
    }
    let _ = shop.herald.arrivals.send(arrival);
}

/// `None` if somebody has seen it already, or the connection is locked.
async fn arrival(
    shop: &Shop,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<Arrival>> {
    let connected = shop.connection(conversation.connection)?;
    if connected.health().locked {
        return Ok(None);
    }
    let read = connected
        .read(move |read| Ok((read.conversation(conversation)?, read.message(message)?)))
        .await?;
    let (Some(row), Some(message)) = read else {
        return Ok(None);
    };
    if message.seen || message.unsent {
        return Ok(None);
    }
    let text = message.text.as_deref().map(one_line);
    let kind = kind(&message);
    Ok(Some(Arrival {
        conversation,
        name: shown::name(&row),
        text,
        kind,
    }))
}

fn send(shop: &Shop, arrival: Arrival) {
    let fetched = matches!(
        shop.connection(arrival.conversation.connection)
            .map(|connected| connected.channel()),
        Ok(Channel::Messenger | Channel::Instagram)
    );
    if arrival.name.is_empty() && fetched {
        let mut nameless = shop.nameless.lock().unwrap_or_else(PoisonError::into_inner);
        nameless.insert(arrival.conversation, arrival);
        return;
    }
    let _ = shop.herald.arrivals.send(arrival);
}

fn kind(message: &Message) -> LastKind {
    match message
        .attachments
        .first()
        .map(|attachment| attachment.kind)
    {
        _ if message.text.is_some() => LastKind::Text,
        Some(AttachmentKind::Picture) => LastKind::Picture,
        Some(AttachmentKind::Sticker) => LastKind::Sticker,
        Some(AttachmentKind::Video) => LastKind::Video,
        Some(AttachmentKind::Audio) => LastKind::Audio,
        Some(AttachmentKind::File) => LastKind::File,
        None if message.story.is_some() => LastKind::Story,
        None => LastKind::Unsupported,
    }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_one_short_line() {
        assert_eq!(one_line(" hello\n\nthere "), "hello there");
        let long = one_line(&"ä".repeat(500));
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
