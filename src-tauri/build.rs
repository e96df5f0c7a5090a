//! Lets Tauri find its capabilities and rebuilds when the window's files change.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=ui/dist");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*.json");
    tauri_build::try_build(attributes).expect("tauri.conf.json and its capabilities are valid");
}
