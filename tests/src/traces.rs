//! Looks for words on a disk in every form they may lie there: as they are, in UTF-16, in
//! hexadecimal, in base64 at each of its offsets and in both its alphabets, and with JSON's escapes.
//! Files of any size are read by the system's grep; a process's memory is read as the system shows
//! it.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tokio::process::Command;

/// The files below these folders that hold one of these traces in any form, or have it in their
/// names. A folder that is not there holds nothing.
pub async fn files_with(traces: &[Vec<u8>], folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let folders: Vec<&PathBuf> = folders.iter().filter(|folder| folder.exists()).collect();
    let forms: Vec<Vec<u8>> = traces.iter().flat_map(|trace| forms(trace)).collect();
    let mut found = named(&forms, &folders)?;
    if folders.is_empty() {
        return Ok(found);
    }
    // Many patterns at once are too long for one argument.
    let patterns = tempfile::NamedTempFile::new()?;
    for part in forms.chunks(100) {
        let pattern: Vec<String> = part.iter().map(|form| escaped(of_one_line(form))).collect();
        std::fs::write(patterns.path(), pattern.join("|"))?;
        let looked = Command::new("grep")
            .args(["-rlaP", "-D", "skip", "-f"])
            .arg(patterns.path())
            .args(&folders)
            .env("LC_ALL", "C")
            .output()
            .await?;
        // One is grep's way of saying that there was nothing. A file that went meanwhile is none.
        let said = String::from_utf8_lossy(&looked.stderr);
        let gone = |line: &str| line.contains("No such file or directory");
        ensure!(
            matches!(looked.status.code(), Some(0 | 1)) || said.lines().all(gone),
            "grep: {said}"
        );
        let names = String::from_utf8_lossy(&looked.stdout);
        found.extend(names.lines().map(|name| Path::new(name).to_path_buf()));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Files and folders that have a trace in their own names.
fn named(forms: &[Vec<u8>], folders: &[&PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| (*folder).clone()).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            if forms.iter().any(|form| contains(name, form)) {
                found.push(entry.path());
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Every form in which a trace may lie somewhere.
pub fn forms(trace: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![trace.to_vec(), hex::encode(trace).into_bytes()];
    forms.push(hex::encode_upper(trace).into_bytes());
    if let Ok(text) = std::str::from_utf8(trace) {
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        if !text.is_ascii() {
            forms.push(json_escaped(text).into_bytes());
        }
    }
    for offset in 0..3 {
        let shifted = [vec![b'x'; offset], trace.to_vec()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            // The letters at both ends depend on the neighbours.
            let inner = encoded.get(offset + 1..encoded.len().saturating_sub(2));
            forms.extend(inner.map(|inner| inner.as_bytes().to_vec()));
        }
    }
    forms.retain(|form| !form.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

fn json_escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect()
}

/// Whether these bytes have those among them.
pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// What grep can find of a form: it looks line by line, and a key may have a line's end in it.
fn of_one_line(form: &[u8]) -> &[u8] {
    let lines = form.split(|byte| *byte == b'\n');
    lines.max_by_key(|line| line.len()).unwrap_or(form)
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn control_a_trace_is_found_in_every_form() {
        let folder = tempfile::tempdir().unwrap();
        let trace = "Größe 44, bitte";
        let forms = forms(trace.as_bytes());
        for (n, form) in forms.iter().enumerate() {
            let bytes = [b"before".as_slice(), form, b"after"].concat();
            std::fs::write(folder.path().join(n.to_string()), bytes).unwrap();
        }
        std::fs::write(folder.path().join("clean"), "...").unwrap();
        std::fs::create_dir(folder.path().join(trace)).unwrap();
        let traces = [trace.as_bytes().to_vec()];
        let found = files_with(&traces, &[folder.path().to_path_buf()]).await;
        assert_eq!(found.unwrap().len(), forms.len() + 1);
    }

    #[tokio::test]
    async fn control_a_key_with_a_line_s_end_in_it_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let key = b"\x00\xffkey\nwith more\x00\n\x80in it".to_vec();
        std::fs::write(folder.path().join("one"), [b"..", &key[..], b".."].concat()).unwrap();
        let found = files_with(&[key], &[folder.path().to_path_buf()]).await;
        assert_eq!(found.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn control_base64_is_found_whatever_stands_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let trace = b"EAAB-a-token-that-nobody-shall-keep".to_vec();
        for before in 0..6 {
            let whole = [vec![b'.'; before], trace.clone(), b"...".to_vec()].concat();
            let encoded = STANDARD_NO_PAD.encode(whole);
            std::fs::write(folder.path().join(before.to_string()), encoded).unwrap();
        }
        let found = files_with(&[trace], &[folder.path().to_path_buf()]).await;
        assert_eq!(found.unwrap().len(), 6);
    }
}
