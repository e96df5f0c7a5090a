//! The one window: no network, no navigation, no history on disk.
//!
//! The window is private, so its web view keeps nothing of what is shown. It writes a few files all
//! the same: they lie in a folder of the shop's own, which is emptied before each start and by every
//! wipe.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The label the capability names.
pub const LABEL: &str = "main";

/// The web view's folder in the shop's own; the store knows it as one of ours.
const FOLDER: &str = "webview";

/// A window whose page is not there by then is shown without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the window on this page of ours, with the web view's files below `data`. It is shown once
/// its page is there: WebKitGTK waits half a second for a frame when a window is drawn while its page
/// is still being connected.
pub fn open(app: &AppHandle, page: &str, data: &Path) -> tauri::Result<()> {
    let unseen = Arc::new(AtomicBool::new(true));
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(page.into()));
    let window = match fresh_folder(data) {
        Ok(folder) => window.data_directory(folder),
        // Where nothing can be written the window opens all the same, to say so.
        Err(error) => {
            tracing::warn!(%error, "the web view has no folder of its own");
            window
        }
    };
    let window = window
        .title("Shopbell")
        .inner_size(1440.0, 900.0)
        .min_inner_size(320.0, 480.0)
        // Nothing of what is shown may reach the disk by way of the web view. WebDriver can only
        // steer a window that is not private, and says by this variable of Tauri's that it does.
        .incognito(std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_none())
        .browser_extensions_enabled(false)
        .devtools(cfg!(debug_assertions))
        // Dropped pictures are read by the page itself; with Tauri's handler it never sees them.
        .disable_drag_drop_handler()
        .on_navigation(is_our_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .visible(false)
        .on_page_load({
            let unseen = Arc::clone(&unseen);
            move |window, load| {
                if load.event() == PageLoadEvent::Finished {
                    show(&window, &unseen);
                }
            }
        })
        .build()?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        show(&window, &unseen);
    });
    Ok(())
}

/// Shows it the first time. Elsewhere a window that is shown again comes to the front, wherever its
/// owner has put it.
fn show(window: &WebviewWindow, unseen: &AtomicBool) {
    if !unseen.swap(false, Ordering::Relaxed) {
        return;
    }
    if let Err(error) = window.show() {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// The web view's folder, empty: nothing in it has any use after the window that made it.
fn fresh_folder(data: &Path) -> std::io::Result<PathBuf> {
    let folder = data.join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(%error, "what the web view left could not all be removed");
        }
        _ => {}
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What the web view holds of what it has shown goes, in memory and on the disk.
pub fn forget(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if let Err(error) = window.clear_all_browsing_data() {
        tracing::warn!(%error, "the web view did not forget");
    }
}

/// Brings the window to the front.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    // Each of these may be refused by the window manager; the message is still in the list.
    for outcome in [window.unminimize(), window.show(), window.set_focus()] {
        if let Err(error) = outcome {
            tracing::debug!(%error, "the window could not be raised");
        }
    }
}

fn is_our_own(url: &Url) -> bool {
    matches!(
        (url.scheme(), url.host_str()),
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost"))
    ) || (!cfg!(feature = "custom-protocol")
        && url.host_str() == Some("localhost")
        && url.port() == Some(1420))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_begins_with_an_empty_folder() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = fresh_folder(data.path()).expect("it can be made");
        fs::write(folder.join("left"), "behind").expect("a file");
        fs::create_dir(folder.join("storage")).expect("a folder");
        assert_eq!(fresh_folder(data.path()).expect("again"), folder);
        assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0);
    }

    #[test]
    fn the_window_leads_nowhere_but_to_itself() {
        let own = |text: &str| is_our_own(&text.parse().expect("an address"));
        assert!(own("tauri://localhost/index.html"));
        for elsewhere in [
            "https://example.com/",
            "http://localhost:1421/",
            "https://tauri.localhost.example.com/",
            "file:///etc/hosts",
            "data:text/html,x",
            "tauri://example.com/",
        ] {
            assert!(!own(elsewhere), "{elsewhere}");
        }
    }
}
