//! Tells the system that somebody wrote, opens the conversation when the notification is pressed,
//! and takes back what is forgotten. Whether to tell at all is the engine's to know.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::ConversationId;
use engine::Arrival;
use engine::read::LastKind;
use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use tauri_specta::Event;

use crate::shell::Shell;
use crate::translate::plain;
use crate::view::app::News;
use crate::window;

const CONVERSATION: &str = "conversation";
/// How many notifications are known; older ones have long been read or cleared away.
const MOST_KNOWN: usize = 500;

/// The notifications shown, so that they can be taken back.
#[derive(Debug, Default)]
pub struct Shown {
    known: Mutex<(i32, VecDeque<(i32, ConversationId)>)>,
}

impl Shown {
    /// A number for one more.
    fn add(&self, conversation: ConversationId) -> i32 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, shown) = &mut *known;
        *last = last.wrapping_add(1);
        if shown.len() == MOST_KNOWN {
            shown.pop_front();
        }
        shown.push_back((*last, conversation));
        *last
    }

    /// The numbers of those that `of` wants, which are not known any more.
    fn remove(&self, of: impl Fn(ConversationId) -> bool) -> Vec<i32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, kept) = known.1.drain(..).partition(|(_, one)| of(*one));
        known.1 = kept;
        let gone: VecDeque<(i32, ConversationId)> = gone;
        gone.into_iter().map(|(number, _)| number).collect()
    }
}

/// Takes back what was shown of these conversations, where the system lets it.
pub fn take_back(app: &AppHandle, of: impl Fn(ConversationId) -> bool) {
    let gone = app.state::<Shell>().shown().remove(of);
    if gone.is_empty() {
        return;
    }
    if let Err(error) = app.notification().remove_active(gone) {
        tracing::warn!(%error, "notifications could not be taken back");
    }
}

/// Shows one notification.
pub fn show(app: &AppHandle, arrival: &Arrival) {
    let name = plain::caller(&arrival.name);
    let title = if name.is_empty() { "Shopbell" } else { &name };
    let body = arrival
        .text
        .as_deref()
        .map_or_else(|| stand_in(arrival.kind).to_owned(), plain::message);
    let shown = app
        .notification()
        .builder()
        .id(app.state::<Shell>().shown().add(arrival.conversation))
        .title(title)
        .body(body)
        .extra(CONVERSATION, arrival.conversation.to_string())
        .show();
    if let Err(error) = shown {
        tracing::warn!(%error, "the system did not take a notification");
    }
}

/// Opens the conversation of a notification that is pressed.
pub fn listen(app: &AppHandle) -> tauri_plugin_notification::Result<()> {
    let handle = app.clone();
    app.notification().on_action(move |performed| {
        let told = performed
            .notification()
            .and_then(|pressed| pressed.extra().get(CONVERSATION));
        let Some(conversation) = told.and_then(|id| id.as_str()) else {
            return;
        };
        window::raise(&handle);
        let news = News::Open {
            conversation_id: conversation.to_owned(),
        };
        if let Err(error) = news.emit(&handle) {
            tracing::warn!(%error, "the window was not told");
        }
    })
}

/// What a notification says in place of words. A picture needs none of them in any language.
const fn stand_in(kind: LastKind) -> &'static str {
    match kind {
        LastKind::Picture | LastKind::Sticker => "🖼",
        LastKind::Video => "🎞",
        LastKind::Audio => "🔊",
        LastKind::File => "📎",
        LastKind::Story => "◌",
        LastKind::Text | LastKind::Unsent | LastKind::Unsupported => "…",
    }
}

#[cfg(test)]
mod tests {
    use domain::ConnectionId;

    use super::*;

    fn of(connection: u8, row: i64) -> ConversationId {
        ConversationId {
            connection: ConnectionId::from_bytes([connection; 16]),
            row,
        }
    }

    #[test]
    fn only_what_is_forgotten_is_taken_back() {
        let shown = Shown::default();
        let numbers = [of(1, 7), of(2, 7), of(1, 8), of(1, 7)].map(|one| shown.add(one));
        let first = ConnectionId::from_bytes([1; 16]);
        assert_eq!(
            shown.remove(|one| one == of(1, 7)),
            [numbers[0], numbers[3]]
        );
        assert_eq!(shown.remove(|one| one.connection == first), [numbers[2]]);
        assert_eq!(shown.remove(|_| true), [numbers[1]]);
    }

    #[test]
    fn what_is_known_of_has_an_end() {
        let shown = Shown::default();
        for number in 0..2_000 {
            shown.add(of(1, number));
        }
        assert_eq!(shown.remove(|_| true).len(), MOST_KNOWN);
    }
}
