//! Erasure on the disk. First key share B, then the keychain: after that the data is dead, whatever
//! happens. Then the files, and a sweep that proves there is nothing left. Every step may be repeated,
//! so an erasure that was cut off anywhere goes on from its journal. Telling the relay and what lies
//! outside the data folder are the engine's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::ConnectionId;
use domain::secrets::Secrets;

use crate::error::{Error, Result};
use crate::journal::{Stage, Wipe, WipeJournal, WipeScope};
use crate::keys;
use crate::paths::Paths;
use crate::profile::Profile;
use crate::{disk, layout};

/// A point of an erasure, given to whoever runs it before the step is taken. The engine does its own
/// part at [`Step::Surroundings`]; tests stop it anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One key share B is about to be destroyed.
    Share(PathBuf),
    /// One keychain item is about to be removed.
    Secret(String),
    /// One file or folder is about to be removed.
    File(PathBuf),
    /// Now the web view's data, logs, temporary files and notifications are to go.
    Surroundings,
    /// The sweep is about to begin.
    Sweep,
}

/// Runs an erasure that is in the journal to its end on this disk, or on from where it was cut off.
/// Open databases it reaches must be closed at the first [`Step::File`] at the latest. `before` is called ahead of each step; an
/// error from it stops there, and the next run goes on.
///
/// Answers what the sweep found although it should not be there; the wipe is complete when that is
/// empty, and its stage is then [`Stage::Swept`].
pub fn erase(
    paths: &Paths,
    secrets: &dyn Secrets,
    journal: &mut WipeJournal,
    deletion_id: &str,
    before: &mut dyn FnMut(&Step) -> Result<()>,
) -> Result<Vec<PathBuf>> {
    let wipe = journal
        .wipes()
        .iter()
        .find(|wipe| wipe.deletion_id == deletion_id)
        .ok_or(Error::Invalid("deletion id"))?
        .clone();
    let mut reach = |stage: Stage, left: bool| {
        journal.update(deletion_id, |wipe| {
            wipe.stage = wipe.stage.max(stage);
            wipe.secrets_left = left;
        })
    };
    let alone = layout::is_alone(paths);
    let (connections, mut trouble) = reached(paths, &wipe);
    for share in shares(paths, &wipe, &connections) {
        before(&Step::Share(share.clone()))?;
        // One that cannot be destroyed must not save the others, nor the keychain's halves.
        if let Err(error) = destroy(&share) {
            trouble.get_or_insert(error);
        }
    }
    if trouble.is_none() {
        reach(Stage::SharesDestroyed, wipe.secrets_left)?;
    }
    let left = remove_secrets(&wipe, &connections, secrets, before)?;
    if let Some(error) = trouble {
        return Err(error);
    }
    reach(Stage::SecretsRemoved, left)?;
    for path in doomed(paths, &wipe, alone)? {
        before(&Step::File(path.clone()))?;
        remove_all(&path)?;
    }
    for folder in [paths.vaults(), paths.all_media(), paths.root().to_owned()] {
        match disk::sync_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    reach(Stage::FilesRemoved, left)?;
    before(&Step::Surroundings)?;
    reach(Stage::SurroundingsRemoved, left)?;
    before(&Step::Sweep)?;
    let found = sweep(paths, &wipe, alone)?;
    if found.is_empty() {
        reach(Stage::Swept, left)?;
    }
    Ok(found)
}

/// Tries again to remove keychain items of an erasure that found the keychain locked or away. True if
/// none are left.
pub fn remove_left_secrets(secrets: &dyn Secrets, wipe: &Wipe) -> Result<bool> {
    let left =
        wipe.secrets_left && remove_secrets(wipe, &wipe.connections, secrets, &mut |_| Ok(()))?;
    Ok(!left)
}

/// The connections an erasure reaches; of everything also those only the disk knows of, such as one
/// whose making was cut off. If the disk cannot be asked, the named ones and why.
fn reached(paths: &Paths, wipe: &Wipe) -> (Vec<ConnectionId>, Option<Error>) {
    let mut connections = wipe.connections.clone();
    let mut trouble = None;
    if wipe.scope == WipeScope::Everything {
        match paths.vaults_on_disk().or_else(none_if_gone) {
            Ok(found) => connections.extend(found),
            Err(error) => trouble = Some(error),
        }
    }
    connections.sort_unstable();
    connections.dedup();
    (connections, trouble)
}

/// Key shares B. The shop's own goes last: as long as it stands, what is being wiped can be named.
fn shares(paths: &Paths, wipe: &Wipe, connections: &[ConnectionId]) -> Vec<PathBuf> {
    let mut shares: Vec<PathBuf> = connections
        .iter()
        .map(|connection| paths.vault(*connection).share)
        .collect();
    if wipe.scope == WipeScope::Everything {
        shares.push(paths.shop().share);
    }
    // A share that was being written when the program ended is a share too.
    shares
        .into_iter()
        .flat_map(|share| [disk::beside(&share, ".new"), share])
        .collect()
}

/// Overwrites, waits for the disk, unlinks, waits for the folder. On a disk that moves blocks about
/// the old one may survive the overwriting; the keychain's half is what then makes it worthless. So
/// one that cannot be overwritten is unlinked all the same.
fn destroy(path: &Path) -> Result<()> {
    if let Err(error) = overwrite(path) {
        tracing::warn!(%error, "a key share could not be overwritten before it was removed");
    }
    disk::remove(path)?;
    match disk::sync_parent(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn overwrite(path: &Path) -> Result<()> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut file = OpenOptions::new().write(true).open(path)?;
    let noise: Vec<u8> = (0..length.div_ceil(32))
        .flat_map(|_| keys::random::<32>())
        .collect();
    let whole = usize::try_from(length).map_or(noise.len(), |length| length.min(noise.len()));
    file.write_all(noise.get(..whole).unwrap_or(&noise))?;
    Ok(file.sync_all()?)
}

/// Removes every keychain item of what is wiped. A keychain that is locked or away does not hold the
/// erasure up: share B is gone already. Answers whether any are left.
fn remove_secrets(
    wipe: &Wipe,
    connections: &[ConnectionId],
    secrets: &dyn Secrets,
    before: &mut dyn FnMut(&Step) -> Result<()>,
) -> Result<bool> {
    let profile = Profile::parse(&wipe.profile)?;
    let mut names: Vec<String> = connections
        .iter()
        .flat_map(|connection| profile.secrets_of(*connection))
        .collect();
    names.extend(
        wipe.logins
            .iter()
            .map(|login| profile.login_token_name(login)),
    );
    if wipe.scope == WipeScope::Everything {
        names.extend(profile.secrets_of_shop());
    }
    let mut left = false;
    for name in names {
        before(&Step::Secret(name.clone()))?;
        if let Err(error) = secrets.remove(&name) {
            tracing::warn!(%error, "a keychain item could not be removed yet");
            left = true;
        }
    }
    Ok(left)
}

/// What is unlinked, databases before anything else and the profile last: it knows whether the
/// folder is ours alone.
fn doomed(paths: &Paths, wipe: &Wipe, alone: bool) -> Result<Vec<PathBuf>> {
    if wipe.scope == WipeScope::Connections {
        let folders = |connection| [paths.vault_folder(connection), paths.media(connection)];
        return Ok(wipe
            .connections
            .iter()
            .flat_map(|connection| folders(*connection))
            .collect());
    }
    let mut doomed = children(paths.root())?;
    doomed.retain(|path| {
        !layout::outlives_everything(paths, path) && (alone || layout::is_known(paths, path))
    });
    doomed.sort_by_key(|path| (*path == paths.profile(), *path != paths.shop().database));
    Ok(doomed)
}

fn remove_all(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Walks the data folder and names everything that should not be there. By a list of what may be
/// there, not of what may not: what nobody thought of is found as well. In a folder that is not ours
/// alone, what lies beside our files is not ours to judge.
fn sweep(paths: &Paths, wipe: &Wipe, alone: bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in children(paths.root())? {
        let may_stay = match wipe.scope {
            WipeScope::Everything => layout::outlives_everything(paths, &path),
            WipeScope::Connections => layout::is_known(paths, &path),
        };
        if !may_stay && (alone || layout::is_known(paths, &path)) && !layout::is_litter(&path) {
            found.push(path);
        }
    }
    if wipe.scope == WipeScope::Connections {
        for connection in &wipe.connections {
            let folders = [paths.vault_folder(*connection), paths.media(*connection)];
            found.extend(folders.into_iter().filter(|folder| folder.exists()));
        }
        for folder in [paths.vaults(), paths.all_media()] {
            found.extend(layout::strangers_in(paths, &folder)?);
        }
    }
    Ok(found)
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut children: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    children.sort_unstable();
    Ok(children)
}

fn none_if_gone<T>(error: Error) -> Result<Vec<T>> {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => Err(other),
    }
}
