//! What lies in a folder: for tests that look for what must not be there.

use std::path::{Path, PathBuf};

use anyhow::Result;

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
    let forms = forms(words);
    let mut found = Vec::new();
    for file in under(folder)? {
        let bytes = std::fs::read(&file)?;
        if forms.iter().any(|form| contains(&bytes, form)) {
            found.push(file);
        }
    }
    Ok(found)
}

/// Words as they may lie on a disk: plain, as UTF-16, in base64 (at each of its three offsets), in
/// hexadecimal, and with JSON's escapes.
fn forms(words: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let plain = words.as_bytes();
    let mut forms = vec![plain.to_vec(), hex::encode(plain).into_bytes()];
    forms.push(words.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(words.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for offset in 0..3_usize {
        let shifted = [vec![b'x'; offset], plain.to_vec()].concat();
        let encoded = STANDARD_NO_PAD.encode(shifted);
        // The letters at both ends depend on the neighbours.
        let inner = encoded.get(offset.div_ceil(1) + 1..encoded.len().saturating_sub(2));
        forms.extend(inner.map(|inner| inner.as_bytes().to_vec()));
    }
    if !words.is_ascii() {
        let escaped: String = words.encode_utf16().fold(String::new(), |mut out, unit| {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
            out
        });
        forms.push(escaped.into_bytes());
    }
    forms
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
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
