//! Where the payloads recorded by others lie, for every test that reads them.

use std::path::{Path, PathBuf};

/// Their folder, if they lie beside the repository. `SHOPBELL_SHARED` names another place, and
/// whoever names one means it: there they must be.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("SHOPBELL_SHARED").map(PathBuf::from);
    let shared = named.clone().or_else(|| {
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let root = folders.find(|folder| folder.join("Cargo.lock").is_file())?;
        Some(root.parent()?.join("shared"))
    })?;
    let folder = shared.join("meta/fixtures");
    assert!(
        folder.is_dir() || named.is_none(),
        "SHOPBELL_SHARED names a folder without {}",
        folder.display()
    );
    folder.is_dir().then_some(folder)
}
