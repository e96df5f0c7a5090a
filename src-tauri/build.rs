//! Lets Tauri find its capabilities, and names the window's commands so that each needs a
//! permission of its own: what a capability does not list, the window cannot call.

use std::fs;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/commands");
    println!("cargo:rerun-if-changed=ui/dist");
    assert!(
        Path::new("ui/dist/index.html").exists(),
        "the window is not built yet: run `npm --prefix ui ci --ignore-scripts && npm --prefix ui \
         run build` first, or `cargo xtask setup`, which does it"
    );
    let commands: Vec<&'static str> = commands().into_iter().map(|name| &*name.leak()).collect();
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*.json")
        .app_manifest(tauri_build::AppManifest::new().commands(commands.leak()));
    tauri_build::try_build(attributes).expect("tauri.conf.json and its capabilities are valid");
}

/// The functions under `#[tauri::command]` in `src-tauri/commands`.
fn commands() -> Vec<String> {
    let files = fs::read_dir("src-tauri/commands").expect("the commands' folder is there");
    let mut names = Vec::new();
    for file in files {
        let text = fs::read_to_string(file.expect("the folder can be read").path())
            .expect("a command file is text");
        let mut lines = text.lines();
        while lines
            .by_ref()
            .any(|line| line.trim() == "#[tauri::command]")
        {
            let head = lines.find_map(|line| line.trim().strip_prefix("pub async fn "));
            names.extend(
                head.and_then(|head| head.split('(').next())
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    names
}
