//! The one window: no network, no navigation, no history on disk.

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindowBuilder};

/// The label the capability names.
pub const LABEL: &str = "main";

/// Opens the window on this page of ours.
pub fn open(app: &AppHandle, page: &str) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(page.into()))
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
        .build()?;
    Ok(())
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
