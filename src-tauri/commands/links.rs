//! Commands about links: looked at first, opened only after the owner said so.

use tauri::State;

use crate::shell::id;
use crate::shell::{Answer, Shell};
use crate::view::thread::LinkTargetView;

/// Where a link leads, before it is opened.
#[tauri::command]
#[specta::specta]
pub async fn inspect_link(shell: State<'_, Shell>, url: String) -> Answer<LinkTargetView> {
    Ok(shell.engine().inspect_link(&url)?.into())
}

/// Opens a link in the browser, after the owner said so.
#[tauri::command]
#[specta::specta]
pub async fn open_link(shell: State<'_, Shell>, url: String) -> Answer<()> {
    Ok(shell.engine().open_link(url).await?)
}

/// Opens the conversation in the platform's own page.
#[tauri::command]
#[specta::specta]
pub async fn open_in_app(shell: State<'_, Shell>, conversation_id: String) -> Answer<()> {
    Ok(shell.engine().open_in_app(id(&conversation_id)?).await?)
}
