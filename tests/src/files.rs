//! What lies in a folder: for tests that look for what must not be there.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::traces::{contains, forms};

/// Every file below a folder. One that goes while this looks, as a running program's do, is not
/// there.
pub fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::metadata(folder)?;
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Some(entries) = still_there(std::fs::read_dir(&folder))? else {
            continue;
        };
        for entry in entries {
            let Some(entry) = still_there(entry)? else {
                continue;
            };
            match still_there(entry.file_type())? {
                Some(kind) if kind.is_dir() => folders.push(entry.path()),
                Some(kind) if kind.is_file() => files.push(entry.path()),
                Some(_) | None => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

fn still_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The files below a folder that hold these words in any usual form.
pub fn holding(folder: &Path, words: &str) -> Result<Vec<PathBuf>> {
    let forms = forms(words.as_bytes());
    let mut found = Vec::new();
    for file in under(folder)? {
        let Some(bytes) = still_there(std::fs::read(&file))? else {
            continue;
        };
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
