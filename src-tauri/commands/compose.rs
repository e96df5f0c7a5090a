//! Commands of the composer: drafts, sending, undoing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tauri::State;

use crate::shell::id;
use crate::shell::{Answer, Shell};
use crate::view::error::{ErrorCode, ErrorView};
use crate::view::thread::DraftView;

/// The longest picture the window may hand over: 32 MiB in base64.
const MOST_BASE64: usize = 32 * 1024 * 1024 / 3 * 4 + 4;

/// Keeps what is being written. Empty text and no picture removes the draft.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(
    shell: State<'_, Shell>,
    conversation_id: String,
    text: String,
) -> Answer<()> {
    Ok(shell
        .engine()
        .save_draft(id(&conversation_id)?, text)
        .await?)
}

/// Puts a picture beside the draft; `base64` holds the file's bytes.
#[tauri::command]
#[specta::specta]
pub async fn attach_picture(
    shell: State<'_, Shell>,
    conversation_id: String,
    base64: String,
) -> Answer<DraftView> {
    if base64.len() > MOST_BASE64 {
        return Err(ErrorView::of(ErrorCode::PictureTooLarge, "over 32 MiB"));
    }
    let bytes = BASE64_STANDARD
        .decode(base64)
        .map_err(|_| ErrorView::of(ErrorCode::NotAPicture, "not base64"))?;
    Ok(shell
        .engine()
        .attach_picture(id(&conversation_id)?, bytes)
        .await?
        .into())
}

/// Takes the picture off the draft.
#[tauri::command]
#[specta::specta]
pub async fn remove_picture(shell: State<'_, Shell>, conversation_id: String) -> Answer<()> {
    Ok(shell.engine().remove_picture(id(&conversation_id)?).await?)
}

/// Sends the words and the picture of the draft after the hold.
#[tauri::command]
#[specta::specta]
pub async fn send(shell: State<'_, Shell>, conversation_id: String, text: String) -> Answer<()> {
    Ok(shell.engine().send(id(&conversation_id)?, text).await?)
}

/// Takes a held message back: it is a draft again.
#[tauri::command]
#[specta::specta]
pub async fn undo_send(shell: State<'_, Shell>, message_id: String) -> Answer<()> {
    Ok(shell.engine().undo_send(id(&message_id)?).await?)
}

/// Sends a failed message again.
#[tauri::command]
#[specta::specta]
pub async fn try_again(shell: State<'_, Shell>, message_id: String) -> Answer<()> {
    Ok(shell.engine().try_again(id(&message_id)?).await?)
}

/// Asks the platform what became of an unconfirmed message.
#[tauri::command]
#[specta::specta]
pub async fn check_unconfirmed(shell: State<'_, Shell>, message_id: String) -> Answer<()> {
    Ok(shell.engine().check_unconfirmed(id(&message_id)?).await?)
}

/// The owner says an unconfirmed message shall be sent once more.
#[tauri::command]
#[specta::specta]
pub async fn send_again(shell: State<'_, Shell>, message_id: String) -> Answer<()> {
    Ok(shell.engine().send_again(id(&message_id)?).await?)
}

/// Turns a failed or unconfirmed message back into a draft.
#[tauri::command]
#[specta::specta]
pub async fn back_to_draft(shell: State<'_, Shell>, message_id: String) -> Answer<()> {
    Ok(shell.engine().back_to_draft(id(&message_id)?).await?)
}
