//! Where the built programs are, and the folders around them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// A program of ours, beside this one in the build folder.
pub fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().context("this program has a path")?;
    let folder = here.parent().context("it lies in a folder")?;
    // Tests lie one folder deeper than programs.
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        path.is_file(),
        "{} is not built: `cargo build --workspace --all-targets` comes first",
        path.display()
    );
    Ok(path)
}

/// The repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("this package lies in the repository")
        .to_path_buf()
}
