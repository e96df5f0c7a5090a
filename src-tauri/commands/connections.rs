//! Commands of the window: connections.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// All connections with their state.
#[tauri::command]
#[specta::specta]
pub async fn connections(shell: tauri::State<'_, Shell>) -> Answer<Vec<ConnectionView>> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Looks at every connection now.
#[tauri::command]
#[specta::specta]
pub async fn check_connections(shell: tauri::State<'_, Shell>) -> Answer<()> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Disconnects one and wipes everything of it. `name` is what the owner typed.
#[tauri::command]
#[specta::specta]
pub async fn disconnect(
    shell: tauri::State<'_, Shell>,
    connection_id: String,
    name: String,
) -> Answer<()> {
    let _ = (&shell, &connection_id, &name);
    Err(ErrorView::not_open())
}

/// Erases everything. `name` is what the owner typed.
#[tauri::command]
#[specta::specta]
pub async fn delete_everything(shell: tauri::State<'_, Shell>, name: String) -> Answer<()> {
    let _ = (&shell, &name);
    Err(ErrorView::not_open())
}

/// How far the running wipe is.
#[tauri::command]
#[specta::specta]
pub async fn wipe_progress(shell: tauri::State<'_, Shell>) -> Answer<WipeProgressView> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// The owner's answer to a deletion order that Meta does not confirm.
#[tauri::command]
#[specta::specta]
pub async fn answer_deletion(shell: tauri::State<'_, Shell>, wipe: bool) -> Answer<()> {
    let _ = (&shell, &wipe);
    Err(ErrorView::not_open())
}

/// Deletion receipts, newest first.
#[tauri::command]
#[specta::specta]
pub async fn receipts(shell: tauri::State<'_, Shell>) -> Answer<Vec<ReceiptView>> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Saves a receipt where the owner says; false if they cancelled.
#[tauri::command]
#[specta::specta]
pub async fn save_receipt(shell: tauri::State<'_, Shell>, receipt_id: String) -> Answer<bool> {
    let _ = (&shell, &receipt_id);
    Err(ErrorView::not_open())
}
