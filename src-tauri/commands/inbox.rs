//! Commands of the window: inbox.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// A page of conversations, newest first (`ClosingSoon`: soonest first).
#[tauri::command]
#[specta::specta]
pub async fn conversations(
    shell: tauri::State<'_, Shell>,
    filter: FilterView,
    after: Option<String>,
    limit: u32,
) -> Answer<ConversationPageView> {
    let _ = (&shell, &filter, &after, &limit);
    Err(ErrorView::not_open())
}

/// One conversation's row.
#[tauri::command]
#[specta::specta]
pub async fn conversation(
    shell: tauri::State<'_, Shell>,
    conversation_id: String,
) -> Answer<ConversationView> {
    let _ = (&shell, &conversation_id);
    Err(ErrorView::not_open())
}

/// The numbers beside the views.
#[tauri::command]
#[specta::specta]
pub async fn counts(shell: tauri::State<'_, Shell>) -> Answer<CountsView> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// A page of a thread: the newest, what came before `before`, or what lies around a message.
#[tauri::command]
#[specta::specta]
pub async fn thread(
    shell: tauri::State<'_, Shell>,
    conversation_id: String,
    before: Option<String>,
    around: Option<String>,
    limit: u32,
) -> Answer<ThreadView> {
    let _ = (&shell, &conversation_id, &before, &around, &limit);
    Err(ErrorView::not_open())
}

/// The thread was seen up to its newest message.
#[tauri::command]
#[specta::specta]
pub async fn mark_read(shell: tauri::State<'_, Shell>, conversation_id: String) -> Answer<()> {
    let _ = (&shell, &conversation_id);
    Err(ErrorView::not_open())
}

/// The person beside a thread.
#[tauri::command]
#[specta::specta]
pub async fn person(shell: tauri::State<'_, Shell>, conversation_id: String) -> Answer<PersonView> {
    let _ = (&shell, &conversation_id);
    Err(ErrorView::not_open())
}

/// People and messages with these words.
#[tauri::command]
#[specta::specta]
pub async fn search(
    shell: tauri::State<'_, Shell>,
    query: String,
    limit: u32,
) -> Answer<SearchView> {
    let _ = (&shell, &query, &limit);
    Err(ErrorView::not_open())
}

/// Fetches an attachment again.
#[tauri::command]
#[specta::specta]
pub async fn fetch_again(shell: tauri::State<'_, Shell>, attachment_id: String) -> Answer<()> {
    let _ = (&shell, &attachment_id);
    Err(ErrorView::not_open())
}
