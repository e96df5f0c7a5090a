//! What lies in a folder: for tests that look for what must not be there.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::traces::{contains, forms};

/// Every file below a folder.
pub fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The files below a folder that hold these words in any usual form.
pub fn holding(folder: &Path, words: &str) -> Result<Vec<PathBuf>> {
    let forms = forms(words.as_bytes());
    let mut found = Vec::new();
    for file in under(folder)? {
        let bytes = std::fs::read(&file)?;
        if forms.iter().any(|form| contains(&bytes, form)) {
            found.push(file);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn words_are_found_in_every_form_and_only_there() {
        let folder = tempfile::tempdir().unwrap();
        let words = "Canary Müller 4711";
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let hidden: [(&str, Vec<u8>); 7] = [
            ("plain", format!("...{words}...").into_bytes()),
            (
                "utf16",
                words.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ),
            ("hex", hex::encode(words).into_bytes()),
            ("base64-0", encode(words).into_bytes()),
            ("base64-1", encode(&format!("a{words}bc")).into_bytes()),
            ("base64-2", encode(&format!("ab{words}c")).into_bytes()),
            ("json", b"Canary M\\u00fcller 4711".to_vec()),
        ];
        for (name, bytes) in &hidden {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        std::fs::write(folder.path().join("clean"), "nothing here").unwrap();
        let found = holding(folder.path(), words).unwrap();
        assert_eq!(found.len(), hidden.len(), "{found:?}");
    }
}
