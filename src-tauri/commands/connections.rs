//! Commands about connections, and about forgetting.

use tauri::AppHandle;
use tauri::State;

use crate::save;
use crate::shell::id;
use crate::shell::{Answer, Shell};
use crate::translate;
use crate::view::connections::{ConnectionView, ReceiptView, WipeProgressView};

/// All connections with their state.
#[tauri::command]
#[specta::specta]
pub async fn connections(shell: State<'_, Shell>) -> Answer<Vec<ConnectionView>> {
    let now = shell.engine().now();
    let all = shell.engine().connections().await?;
    Ok(all
        .iter()
        .map(|connection| translate::connection(connection, now))
        .collect())
}

/// Looks at every connection now.
#[tauri::command]
#[specta::specta]
pub async fn check_connections(shell: State<'_, Shell>) -> Answer<()> {
    Ok(shell.engine().check_connections().await?)
}

/// Disconnects one and wipes everything of it. `name` is what the owner typed: the name as it is
/// shown, which may lack signs that cannot be seen.
#[tauri::command]
#[specta::specta]
pub async fn disconnect(
    shell: State<'_, Shell>,
    connection_id: String,
    name: String,
) -> Answer<()> {
    let connection = id(&connection_id)?;
    let all = shell.engine().connections().await?;
    let whole = translate::whole_name(&all, connection, &name);
    Ok(shell.engine().disconnect(connection, whole).await?)
}

/// Erases the person of a conversation: all that was said there, for good.
#[tauri::command]
#[specta::specta]
pub async fn erase_person(shell: State<'_, Shell>, conversation_id: String) -> Answer<()> {
    Ok(shell.engine().erase_person(id(&conversation_id)?).await?)
}

/// Erases everything. `name` is what the owner typed.
#[tauri::command]
#[specta::specta]
pub async fn delete_everything(shell: State<'_, Shell>, name: String) -> Answer<()> {
    Ok(shell.engine().delete_everything(name).await?)
}

/// How far the running wipe is.
#[tauri::command]
#[specta::specta]
pub async fn wipe_progress(shell: State<'_, Shell>) -> Answer<WipeProgressView> {
    Ok(shell.engine().wipe_progress().into())
}

/// The owner's answer to a deletion order that Meta does not confirm.
#[tauri::command]
#[specta::specta]
pub async fn answer_deletion(shell: State<'_, Shell>, wipe: bool) -> Answer<()> {
    Ok(shell.engine().answer_deletion(wipe).await?)
}

/// Deletion receipts, newest first.
#[tauri::command]
#[specta::specta]
pub async fn receipts(shell: State<'_, Shell>) -> Answer<Vec<ReceiptView>> {
    Ok(translate::all(shell.engine().receipts().await?, Into::into))
}

/// Saves a receipt where the owner says; false if they cancelled.
#[tauri::command]
#[specta::specta]
pub async fn save_receipt(
    shell: State<'_, Shell>,
    app: AppHandle,
    receipt_id: String,
) -> Answer<bool> {
    let receipts = shell.engine().receipts().await?;
    let receipt = receipts
        .into_iter()
        .find(|receipt| receipt.id == receipt_id);
    save::receipt(app, receipt.ok_or(engine::Error::Gone)?).await
}
