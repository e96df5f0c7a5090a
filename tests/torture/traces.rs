//! Looks for words on a disk in every form they may lie there: as they are, in UTF-16, in
//! hexadecimal, in base64 at each of its offsets. Files of any size are read by the system's grep.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::process::Command;

/// The files below these folders that hold one of these traces in any form.
pub(crate) async fn files_with(traces: &[Vec<u8>], folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let forms = traces.iter().flat_map(|trace| forms(trace));
    let pattern: Vec<String> = forms.map(|form| escaped(&form)).collect();
    let found = Command::new("grep")
        .args(["-rlaP", &pattern.join("|")])
        .args(folders)
        .env("LC_ALL", "C")
        .output()
        .await?;
    // One is grep's way of saying that there was nothing.
    ensure!(
        matches!(found.status.code(), Some(0 | 1)),
        "grep: {}",
        String::from_utf8_lossy(&found.stderr)
    );
    let names = String::from_utf8_lossy(&found.stdout);
    Ok(names
        .lines()
        .map(|name| Path::new(name).to_path_buf())
        .collect())
}

fn forms(trace: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![trace.to_vec(), hex::encode(trace).into_bytes()];
    forms.push(hex::encode_upper(trace).into_bytes());
    if let Ok(text) = std::str::from_utf8(trace) {
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    for offset in 0..3 {
        let shifted = [vec![b'x'; offset], trace.to_vec()].concat();
        let encoded = STANDARD_NO_PAD.encode(shifted);
        // The letters at both ends depend on the neighbours.
        let inner = encoded.get(offset + 1..encoded.len().saturating_sub(2));
        forms.extend(inner.map(|inner| inner.as_bytes().to_vec()));
    }
    forms
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[tokio::test]
async fn control_a_trace_is_found_in_every_form() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let trace = "Größe 44, bitte";
    let all = [vec![b"...".to_vec()], forms(trace.as_bytes())].concat();
    for (n, form) in all.iter().enumerate() {
        let bytes = [b"before".as_slice(), form, b"after"].concat();
        std::fs::write(folder.path().join(n.to_string()), bytes)?;
    }
    let found = files_with(&[trace.as_bytes().to_vec()], &[folder.path().to_path_buf()]).await?;
    assert_eq!(found.len(), all.len() - 1, "{found:?}");
    Ok(())
}
