//! Tells the system that somebody wrote, and opens the conversation when the notification is
//! pressed. Whether to tell at all is the engine's to know.

use engine::Arrival;
use engine::read::LastKind;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;
use tauri_specta::Event;

use crate::translate::plain;
use crate::view::app::News;
use crate::window;

const CONVERSATION: &str = "conversation";

/// Shows one notification.
pub fn show(app: &AppHandle, arrival: &Arrival) {
    let name = plain::name(&arrival.name);
    let title = if name.is_empty() { "Shopbell" } else { &name };
    let body = arrival
        .text
        .as_deref()
        .map_or_else(|| stand_in(arrival.kind).to_owned(), plain::message);
    let shown = app
        .notification()
        .builder()
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
