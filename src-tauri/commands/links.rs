//! Commands of the window: links.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// Where a link leads, before it is opened.
#[tauri::command]
#[specta::specta]
pub async fn inspect_link(shell: tauri::State<'_, Shell>, url: String) -> Answer<LinkTargetView> {
    let _ = (&shell, &url);
    Err(ErrorView::not_open())
}

/// Opens a link in the browser, after the owner said so.
#[tauri::command]
#[specta::specta]
pub async fn open_link(shell: tauri::State<'_, Shell>, url: String) -> Answer<()> {
    let _ = (&shell, &url);
    Err(ErrorView::not_open())
}

/// Opens the conversation in the platform's own app or page.
#[tauri::command]
#[specta::specta]
pub async fn open_in_app(shell: tauri::State<'_, Shell>, conversation_id: String) -> Answer<()> {
    let _ = (&shell, &conversation_id);
    Err(ErrorView::not_open())
}
