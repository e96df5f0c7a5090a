//! Commands of the window: connect.

use crate::shell::{Answer, Shell};
use crate::view::*;

/// Asks an address whether it is a relay, without trusting it.
#[tauri::command]
#[specta::specta]
pub async fn meet_relay(shell: tauri::State<'_, Shell>, url: String) -> Answer<RelayView> {
    let _ = (&shell, &url);
    Err(ErrorView::not_open())
}

/// Pins the relay's key and enrols this computer.
#[tauri::command]
#[specta::specta]
pub async fn trust_relay(
    shell: tauri::State<'_, Shell>,
    url: String,
    enrol_code: Option<String>,
) -> Answer<()> {
    let _ = (&shell, &url, &enrol_code);
    Err(ErrorView::not_open())
}

/// Opens the browser for a login at Facebook; `connection_id` to sign in again for one.
#[tauri::command]
#[specta::specta]
pub async fn start_login(
    shell: tauri::State<'_, Shell>,
    connection_id: Option<String>,
) -> Answer<()> {
    let _ = (&shell, &connection_id);
    Err(ErrorView::not_open())
}

/// Gives up waiting for the browser, or the choice.
#[tauri::command]
#[specta::specta]
pub async fn cancel_login(shell: tauri::State<'_, Shell>) -> Answer<()> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Where the login stands.
#[tauri::command]
#[specta::specta]
pub async fn login(shell: tauri::State<'_, Shell>) -> Answer<LoginView> {
    let _ = (&shell,);
    Err(ErrorView::not_open())
}

/// Connects the chosen accounts.
#[tauri::command]
#[specta::specta]
pub async fn connect_accounts(shell: tauri::State<'_, Shell>, ids: Vec<String>) -> Answer<()> {
    let _ = (&shell, &ids);
    Err(ErrorView::not_open())
}
