//! Commands that connect: the relay, the login, the accounts.

use tauri::State;

use crate::shell::id;
use crate::shell::{Answer, Shell};
use crate::view::connections::{LoginView, RelayView};

/// Asks an address whether it is a relay, without trusting it.
#[tauri::command]
#[specta::specta]
pub async fn meet_relay(shell: State<'_, Shell>, url: String) -> Answer<RelayView> {
    Ok(shell.engine().meet_relay(url).await?.into())
}

/// Pins the relay's key and enrols this computer.
#[tauri::command]
#[specta::specta]
pub async fn trust_relay(
    shell: State<'_, Shell>,
    url: String,
    enrol_code: Option<String>,
) -> Answer<()> {
    Ok(shell.engine().trust_relay(url, enrol_code).await?)
}

/// Opens the browser for a login at Facebook; `connection_id` to sign in again for one.
#[tauri::command]
#[specta::specta]
pub async fn start_login(shell: State<'_, Shell>, connection_id: Option<String>) -> Answer<()> {
    let again = connection_id.as_deref().map(id).transpose()?;
    Ok(shell.engine().start_login(again).await?)
}

/// Gives up waiting for the browser, or the choice.
#[tauri::command]
#[specta::specta]
pub async fn cancel_login(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.engine().cancel_login().await?)
}

/// Where the login stands.
#[tauri::command]
#[specta::specta]
pub async fn login(shell: State<'_, Shell>) -> Answer<LoginView> {
    Ok(shell.engine().login().into())
}

/// Connects the chosen accounts.
#[tauri::command]
#[specta::specta]
pub async fn connect_accounts(shell: State<'_, Shell>, ids: Vec<String>) -> Answer<()> {
    Ok(shell.engine().connect_accounts(ids).await?)
}
