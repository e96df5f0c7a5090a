//! A bare window, for `paint-vs-bare`: the same host and web view as the program's, the same size,
//! and a page with nothing in it but a colour.

use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() {
    tauri::Builder::default()
        .setup(|app| {
            WebviewWindowBuilder::new(app, "bare", WebviewUrl::App("index.html".into()))
                .inner_size(1440.0, 900.0)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!("tests/bench/bare/tauri.conf.json"))
        .expect("a window with an empty page opens");
}
