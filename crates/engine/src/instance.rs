//! One name for each data folder, so that two shops on one computer do not take each other for a
//! second start of the same program (DESIGN 10.12).

use std::path::Path;

use sha2::{Digest, Sha256};
use store::{Paths, Profile};

/// The random profile id of a data folder, made if the folder is new; a name made from the folder's
/// path where the folder cannot be used (the engine then says why).
pub fn instance_name(data_dir: &Path) -> String {
    let profile = Paths::create(data_dir).and_then(|paths| Profile::open_or_create(&paths));
    match profile {
        Ok(profile) => profile.id().to_owned(),
        Err(_) => {
            let hash = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
            hex::encode(hash.iter().take(8).copied().collect::<Vec<u8>>())
        }
    }
}
