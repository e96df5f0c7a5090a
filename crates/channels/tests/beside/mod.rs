//! The recorded payloads that lie beside the repository, for every test of this crate that reads
//! them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder of them; without it a test says so and ends.
pub(crate) fn recorded(folder: &str) -> Option<PathBuf> {
    let shared = match std::env::var_os("SHOPBELL_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(3)?
            .join("shared"),
    };
    let folder = shared.join("meta/fixtures").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    let note = "skipped: no recorded payloads beside the repository (../shared/meta/fixtures)";
    writeln!(std::io::stderr(), "{note}").unwrap();
    None
}
