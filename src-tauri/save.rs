//! Saving a receipt outside: the one file the window writes where the owner says.

use engine::read::Receipt;
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt;

use crate::shell::Answer;
use crate::view::error::{ErrorCode, ErrorView};

/// Asks where, and writes. False if the owner cancelled.
pub async fn receipt(app: AppHandle, receipt: Receipt) -> Answer<bool> {
    let (answer, chosen) = tokio::sync::oneshot::channel();
    app.dialog()
        .file()
        .set_file_name(format!("shopbell-receipt-{}.txt", receipt.id))
        .save_file(move |path| drop(answer.send(path)));
    let Some(path) = chosen.await.ok().flatten() else {
        return Ok(false);
    };
    let unexpected = |detail: String| ErrorView::of(ErrorCode::Unexpected, detail);
    let path = path
        .into_path()
        .map_err(|error| unexpected(error.to_string()))?;
    match tokio::fs::write(path, receipt.text).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            Err(ErrorView::of(ErrorCode::DiskFull, ""))
        }
        Err(error) => Err(unexpected(error.to_string())),
    }
}
