//! The random id of a data folder, and the names its secrets have in the keychain. Two data folders
//! on one computer never see each other's secrets.

use std::fmt;
use std::fs;

use domain::ConnectionId;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::shop::ShopDb;
use crate::{disk, keys, layout};

/// One data folder's name in the keychain and for the single instance.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    id: String,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({})", self.id)
    }
}

impl Profile {
    /// Reads the profile of a data folder, or makes one in a folder that holds nothing yet. A folder
    /// with files and without a profile is not touched: [`Error::NotThere`].
    pub fn open_or_create(paths: &Paths) -> Result<Self> {
        let path = paths.profile();
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(text.lines().next().unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if ShopDb::exists(paths) || !paths.vaults_on_disk()?.is_empty() {
                    return Err(Error::NotThere);
                }
                let profile = Self {
                    id: hex::encode(keys::random::<16>()),
                };
                let alone = if layout::is_ours_so_far(paths)? {
                    layout::ALONE
                } else {
                    ""
                };
                // Cut off while it was written, it would be a profile that nobody can read.
                disk::replace(&path, format!("{}\n{alone}\n", profile.id).as_bytes())?;
                Ok(profile)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex {
            Ok(Self {
                id: text.to_owned(),
            })
        } else {
            Err(Error::Invalid("profile"))
        }
    }

    /// The id: 32 hex digits. Also part of the single-instance name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name of key share A of a vault.
    pub fn share_name(&self, vault: &VaultName) -> String {
        format!("v1/{}/{vault}/db-share", self.id)
    }

    /// Name of the access token of a connection.
    pub fn token_name(&self, connection: ConnectionId) -> String {
        format!("v1/{}/{connection}/token", self.id)
    }

    /// Name of the access token of a login (the user's own, not a Page's).
    pub fn login_token_name(&self, login: &str) -> String {
        format!("v1/{}/login/{login}/token", self.id)
    }

    /// Name of the private key that opens a connection's stream.
    pub fn seal_name(&self, connection: ConnectionId) -> String {
        format!("v1/{}/{connection}/seal", self.id)
    }

    /// Name of the private key that opens the control stream.
    pub fn control_seal_name(&self) -> String {
        format!("v1/{}/device/seal", self.id)
    }

    /// Name of the device's identity key.
    pub fn identity_name(&self) -> String {
        format!("v1/{}/device/identity", self.id)
    }

    /// Every secret that belongs to one connection alone, in the order a wipe removes them.
    pub fn secrets_of(&self, connection: ConnectionId) -> Vec<String> {
        vec![
            self.share_name(&VaultName::Connection(connection)),
            self.seal_name(connection),
            self.token_name(connection),
        ]
    }

    /// Every secret that belongs to the device and the shop, the identity last.
    pub fn secrets_of_shop(&self) -> Vec<String> {
        vec![
            self.share_name(&VaultName::Shop),
            self.control_seal_name(),
            self.identity_name(),
        ]
    }
}

/// Which encrypted file a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultName {
    /// `shop.db`.
    Shop,
    /// The vault of one connection.
    Connection(ConnectionId),
}

impl fmt::Display for VaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shop => f.write_str("shop"),
            Self::Connection(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_cut_off_while_it_was_written_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path()).unwrap();
        fs::write(disk::beside(&paths.profile(), ".new"), "0123").unwrap();
        let made = Profile::open_or_create(&paths).unwrap();
        assert_eq!(Profile::open_or_create(&paths).unwrap(), made);
        assert!(layout::is_alone(&paths), "the half-written one is ours");
        assert!(!disk::beside(&paths.profile(), ".new").exists());
    }

    #[test]
    fn any_part_of_a_shop_keeps_a_second_profile_from_being_made() {
        for part in [
            |paths: &Paths| paths.shop().head,
            |paths: &Paths| paths.shop().database,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let paths = Paths::create(folder.path()).unwrap();
            fs::write(part(&paths), "x").unwrap();
            assert!(matches!(
                Profile::open_or_create(&paths),
                Err(Error::NotThere)
            ));
        }
    }

    #[test]
    fn a_profile_is_made_once_and_never_over_existing_files() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path()).unwrap();
        let first = Profile::open_or_create(&paths).unwrap();
        assert_eq!(Profile::open_or_create(&paths).unwrap(), first);

        fs::remove_file(paths.profile()).unwrap();
        fs::write(paths.shop().head, "{}").unwrap();
        assert!(matches!(
            Profile::open_or_create(&paths),
            Err(Error::NotThere)
        ));
        assert!(!paths.profile().exists());
    }
}
