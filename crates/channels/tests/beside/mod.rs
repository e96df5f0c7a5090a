//! The recorded payloads that lie beside the repository, for every test that says nothing without
//! them.

mod folder;

use std::io::Write as _;
use std::path::PathBuf;

/// A folder of them; without it a test says so and ends. `cargo xtask test` reads that line.
pub(crate) fn recorded(folder: &str) -> Option<PathBuf> {
    let recorded = folder::folder().map(|all| all.join(folder));
    if recorded.is_none() {
        let note = "skipped: no recorded payloads beside the repository (../shared/meta/fixtures)";
        writeln!(std::io::stderr(), "{note}").unwrap();
    }
    recorded
}
