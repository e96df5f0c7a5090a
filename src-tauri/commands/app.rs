//! Commands of the window: app.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// The window as a whole.
#[tauri::command]
#[specta::specta]
pub async fn app(shell: tauri::State<'_, Shell>) -> Answer<AppView> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Tries to open the shop again, after the keychain was unlocked or room was made.
#[tauri::command]
#[specta::specta]
pub async fn open_again(shell: tauri::State<'_, Shell>) -> Answer<()> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Sets or enters the passphrase where there is no keychain.
#[tauri::command]
#[specta::specta]
pub async fn enter_passphrase(shell: tauri::State<'_, Shell>, passphrase: String) -> Answer<()> {
    let _ = (&shell, &passphrase);
    Err(ErrorView::not_open())
}

/// Changes the settings.
#[tauri::command]
#[specta::specta]
pub async fn set_settings(shell: tauri::State<'_, Shell>, settings: SettingsView) -> Answer<()> {
    let _ = (&shell, &settings);
    Err(ErrorView::not_open())
}
