//! Deletion receipts as files: they outlive `shop.db`, and anyone can check them with
//! `shopbell verify-receipt`.

use std::fs;

use crate::disk;
use crate::error::{Error, Result};
use crate::paths::Paths;

/// Writes a receipt to `receipts/<deletion id>.txt`, replacing an earlier form of it.
pub fn write_receipt(paths: &Paths, deletion_id: &str, text: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if deletion_id.is_empty() || deletion_id.len() > 64 || !deletion_id.bytes().all(plain) {
        return Err(Error::Invalid("deletion id"));
    }
    let path = paths.receipts().join(format!("{deletion_id}.txt"));
    Ok(disk::replace(&path, text.as_bytes())?)
}

/// Every receipt that lies in the folder: deletion id and text.
pub fn receipts_on_disk(paths: &Paths) -> Result<Vec<(String, String)>> {
    let mut receipts = Vec::new();
    for entry in fs::read_dir(paths.receipts())? {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(id), Some("txt")) = (id, path.extension().and_then(|end| end.to_str())) {
            receipts.push((id.to_owned(), fs::read_to_string(&path)?));
        }
    }
    receipts.sort();
    Ok(receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_comes_back_and_cannot_leave_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path()).unwrap();
        write_receipt(&paths, "7Q4M-2K9T", "v1 deletion\n").unwrap();
        assert_eq!(
            receipts_on_disk(&paths).unwrap(),
            [("7Q4M-2K9T".to_owned(), "v1 deletion\n".to_owned())]
        );
        for id in ["", "../shop", "a/b", "a.b", &"a".repeat(65)] {
            assert!(
                matches!(write_receipt(&paths, id, ""), Err(Error::Invalid(_))),
                "{id}"
            );
        }
    }
}
