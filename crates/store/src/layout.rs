//! What a data folder consists of, by name. The sweep after an erasure goes by this list, and
//! "Delete everything" touches nothing else in a folder that holds other things too.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use domain::ConnectionId;

use crate::error::Result;
use crate::paths::Paths;

/// What the profile file says of a folder in which nothing but ours was found.
pub(crate) const ALONE: &str = "alone";

const FILES: [&str; 17] = [
    "CACHEDIR.TAG",
    "profile",
    "profile.new",
    "lock",
    "shop.db",
    "shop.db-wal",
    "shop.db-shm",
    "shop.db-journal",
    "shop.share.b",
    "shop.share.b.new",
    "shop.head.json",
    "shop.head.json.new",
    "wipe.a",
    "wipe.b",
    "secrets.sealed",
    "secrets.sealed.new",
    "appearance",
];

const FOLDERS: [&str; 6] = ["vaults", "media", "receipts", "webview", "logs", "temp"];

const VAULT_FILES: [&str; 8] = [
    "vault.db",
    "vault.db-wal",
    "vault.db-shm",
    "vault.db-journal",
    "share.b",
    "share.b.new",
    "head.json",
    "head.json.new",
];

/// Whether nothing but ours was in the folder when the profile was made: then all of it is ours. The
/// profile goes last, so whoever finds it gone has nothing left to remove.
pub(crate) fn is_alone(paths: &Paths) -> bool {
    fs::read_to_string(paths.profile()).is_ok_and(|text| text.lines().any(|line| line == ALONE))
}

/// Whether nothing but ours lies in the folder now.
pub(crate) fn is_ours_so_far(paths: &Paths) -> Result<bool> {
    for entry in fs::read_dir(paths.root())? {
        let path = entry?.path();
        if !is_known(paths, &path) && !is_litter(&path) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a path is one of those a data folder consists of.
pub(crate) fn is_known(paths: &Paths, path: &Path) -> bool {
    let Ok(inner) = path.strip_prefix(paths.root()) else {
        return false;
    };
    let parts: Vec<&str> = inner.iter().filter_map(OsStr::to_str).collect();
    match parts.as_slice() {
        [name] => FILES.contains(name) || FOLDERS.contains(name) || is_unfinished(name, "shop.db"),
        ["vaults" | "media", connection] => is_connection(connection),
        ["vaults", connection, name] => {
            is_connection(connection)
                && (VAULT_FILES.contains(name) || is_unfinished(name, "vault.db"))
        }
        ["media", connection, folder] => is_connection(connection) && is_hex(folder, 2),
        ["media", connection, folder, name] => {
            let name = name.strip_suffix(".part").unwrap_or(name);
            is_connection(connection) && is_hex(folder, 2) && is_hex(name, 32)
        }
        ["receipts", _] | ["webview" | "logs" | "temp", ..] => true,
        _ => false,
    }
}

/// After everything was deleted: the journal until the relay has answered, the receipts, the lock
/// that this very process holds, and the folder of the web view, which still shows the window: that
/// one is emptied with the surroundings, not taken from under it.
pub(crate) fn outlives_everything(paths: &Paths, path: &Path) -> bool {
    let ([a, b], [webview, ..]) = (paths.wipe_slots(), paths.surroundings());
    [a, b, paths.receipts(), paths.lock_file(), webview]
        .iter()
        .any(|stays| stays == path)
}

/// What file managers leave in any folder they show.
pub(crate) fn is_litter(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    [
        ".DS_Store",
        "desktop.ini",
        "Thumbs.db",
        ".directory",
        "lost+found",
    ]
    .contains(&name)
}

/// Everything below one of our folders that is not known.
pub(crate) fn strangers_in(paths: &Paths, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut strangers = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if !is_known(paths, &path) {
                if !is_litter(&path) {
                    strangers.push(path);
                }
            } else if entry.file_type()?.is_dir() {
                folders.push(path);
            }
        }
    }
    strangers.sort_unstable();
    Ok(strangers)
}

/// A database that is being made, with the files SQLite puts beside it.
fn is_unfinished(name: &str, database: &str) -> bool {
    let ending = name
        .strip_prefix(database)
        .and_then(|rest| rest.strip_prefix(".new"));
    ending.is_some_and(|ending| ["", "-wal", "-shm", "-journal"].contains(&ending))
}

fn is_connection(name: &str) -> bool {
    name.parse::<ConnectionId>().is_ok()
}

fn is_hex(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_known_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path()).unwrap();
        let id = "ab".repeat(16);
        let known = |name: &str| is_known(&paths, &paths.root().join(name));
        for name in [
            "shop.db-wal",
            "shop.db.new-wal",
            "vaults",
            &format!("vaults/{id}/vault.db"),
            &format!("vaults/{id}/vault.db.new"),
            &format!("media/{id}/0f/{id}"),
            &format!("media/{id}/0f/{id}.part"),
            "receipts/7Q4M.txt",
            "logs/a/b",
        ] {
            assert!(known(name), "{name}");
        }
        for name in [
            "notes.txt",
            "shop.db.bak",
            "vaults/other",
            &format!("vaults/{id}/vault.db.copy"),
            &format!("vaults/{id}/a/b"),
            &format!("media/{id}/0f/picture.jpg"),
            &format!("media/{id}/0f/{id}/x"),
            "receipts/a/b",
        ] {
            assert!(!known(name), "{name}");
        }
        assert!(!is_known(&paths, Path::new("/etc/shop.db")));
    }
}
