//! Commands about the window as a whole.

use tauri::State;

use crate::shell::{Answer, Shell};
use crate::translate;
use crate::view::app::{AppView, SettingsView};

/// The window as a whole.
#[tauri::command]
#[specta::specta]
pub async fn app(shell: State<'_, Shell>) -> Answer<AppView> {
    Ok(translate::app_view(&shell).await)
}

/// Tries to open the shop again, after the keychain was unlocked or room was made; an open one looks
/// at once for the relay and for what is due.
#[tauri::command]
#[specta::specta]
pub async fn open_again(shell: State<'_, Shell>) -> Answer<()> {
    shell.engine().open_again().await?;
    shell.engine().wake();
    Ok(())
}

/// Chooses or enters the passphrase where there is no keychain.
#[tauri::command]
#[specta::specta]
pub async fn enter_passphrase(shell: State<'_, Shell>, passphrase: String) -> Answer<()> {
    Ok(shell.engine().enter_passphrase(passphrase).await?)
}

/// Changes the settings.
#[tauri::command]
#[specta::specta]
pub async fn set_settings(shell: State<'_, Shell>, settings: SettingsView) -> Answer<()> {
    shell.engine().set_settings(settings.into()).await?;
    shell.appearance().keep(&shell.engine().settings().await);
    Ok(())
}
