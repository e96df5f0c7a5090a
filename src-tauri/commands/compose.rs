//! Commands of the window: compose.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// Keeps what is being written. Empty text and no picture removes the draft.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(
    shell: tauri::State<'_, Shell>,
    conversation_id: String,
    text: String,
) -> Answer<()> {
    let _ = (&shell, &conversation_id, &text);
    Err(ErrorView::not_open())
}

/// Puts a picture beside the draft; `base64` holds the file's bytes.
#[tauri::command]
#[specta::specta]
pub async fn attach_picture(
    shell: tauri::State<'_, Shell>,
    conversation_id: String,
    base64: String,
) -> Answer<DraftView> {
    let _ = (&shell, &conversation_id, &base64);
    Err(ErrorView::not_open())
}

/// Takes the picture off the draft.
#[tauri::command]
#[specta::specta]
pub async fn remove_picture(shell: tauri::State<'_, Shell>, conversation_id: String) -> Answer<()> {
    let _ = (&shell, &conversation_id);
    Err(ErrorView::not_open())
}

/// Sends the words and the picture of the draft after the hold.
#[tauri::command]
#[specta::specta]
pub async fn send(
    shell: tauri::State<'_, Shell>,
    conversation_id: String,
    text: String,
) -> Answer<()> {
    let _ = (&shell, &conversation_id, &text);
    Err(ErrorView::not_open())
}

/// Takes a held message back: it is a draft again.
#[tauri::command]
#[specta::specta]
pub async fn undo_send(shell: tauri::State<'_, Shell>, message_id: String) -> Answer<()> {
    let _ = (&shell, &message_id);
    Err(ErrorView::not_open())
}

/// Sends a failed message again.
#[tauri::command]
#[specta::specta]
pub async fn try_again(shell: tauri::State<'_, Shell>, message_id: String) -> Answer<()> {
    let _ = (&shell, &message_id);
    Err(ErrorView::not_open())
}

/// Asks the platform what became of an unconfirmed message.
#[tauri::command]
#[specta::specta]
pub async fn check_unconfirmed(shell: tauri::State<'_, Shell>, message_id: String) -> Answer<()> {
    let _ = (&shell, &message_id);
    Err(ErrorView::not_open())
}

/// The owner says an unconfirmed message shall be sent once more.
#[tauri::command]
#[specta::specta]
pub async fn send_again(shell: tauri::State<'_, Shell>, message_id: String) -> Answer<()> {
    let _ = (&shell, &message_id);
    Err(ErrorView::not_open())
}

/// Turns a failed or unconfirmed message back into a draft.
#[tauri::command]
#[specta::specta]
pub async fn back_to_draft(shell: tauri::State<'_, Shell>, message_id: String) -> Answer<()> {
    let _ = (&shell, &message_id);
    Err(ErrorView::not_open())
}
