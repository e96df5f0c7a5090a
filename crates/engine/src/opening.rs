//! Opens the shop: lock, wipe journal, secrets, `shop.db`, vaults, in this order. Each thing that
//! can be wrong has its own screen; nothing that does not open is ever deleted or made anew. An
//! erasure that was begun is finished before any file is opened.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use domain::secrets::Secrets;
use domain::{ConnectionId, Timestamp};
use sha2::{Digest, Sha256};
use store::shop::connections::{ConnectionRecord, ConnectionState};
use store::shop::device::Device;
use store::shop::orders::DeletionOrder;
use store::vault::facts::Facts;
use store::{Keychain, PassphraseSecrets, Paths, Profile, ShopDb, Vault};
use url::Url;
use wire::{RelayKeys, SigningSecret};

use crate::compose;
use crate::connected::{Connected, Health, account_of};
use crate::engine::SecretsSource;
use crate::phase::Phase;
use crate::read::{Returned, Trouble};
use crate::repair;
use crate::settings::{SETTINGS, Settings};

/// What an opened shop consists of, before anything runs.
pub(crate) struct Opened {
    pub(crate) profile: Profile,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) db: Arc<ShopDb>,
    pub(crate) settings: Settings,
    pub(crate) connections: BTreeMap<ConnectionId, Arc<Connected>>,
    pub(crate) relay: Option<Enrolled>,
    /// Orders to erase that are not finished.
    pub(crate) orders: Vec<DeletionOrder>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("connections", &self.connections.len())
            .finish()
    }
}

/// The relay this computer is enrolled at.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub(crate) base: Url,
    pub(crate) keys: RelayKeys,
    pub(crate) identity: SigningSecret,
}

/// Where the secrets are, or which screen asks for them. `unlocked` are those a passphrase opened.
pub(crate) fn secrets(
    source: &SecretsSource,
    paths: &Paths,
    unlocked: Option<Arc<PassphraseSecrets>>,
) -> Result<Arc<dyn Secrets>, Phase> {
    match source {
        SecretsSource::Given(secrets) => return Ok(Arc::clone(secrets)),
        SecretsSource::Keychain => {}
    }
    if let Some(unlocked) = unlocked {
        return Ok(unlocked);
    }
    if PassphraseSecrets::exists(&paths.sealed_secrets()) {
        return Err(Phase::Passphrase {
            first: false,
            wrong: false,
        });
    }
    let keychain = Keychain::new();
    if keychain.answers() {
        return Ok(Arc::new(keychain));
    }
    // A shop that is there was opened with a keychain: it has to come back, not be replaced.
    Err(if ShopDb::exists(paths) {
        Phase::KeyMissing
    } else {
        Phase::Passphrase {
            first: true,
            wrong: false,
        }
    })
}

/// Opens every file.
pub(crate) fn open(
    paths: &Paths,
    secrets: Arc<dyn Secrets>,
    now: Timestamp,
) -> Result<Opened, Phase> {
    let profile = Profile::open_or_create(paths).map_err(|error| phase_of(&error))?;
    let db = ShopDb::open_or_create(paths, &profile, secrets.as_ref());
    let db = Arc::new(db.map_err(|error| first_phase_of(&error, paths))?);
    let records = records(paths, &db, now).map_err(|error| phase_of(&error))?;
    let mut connections = BTreeMap::new();
    for record in records {
        if let Some(connected) = connect(paths, &profile, secrets.as_ref(), (&record, now))? {
            connections.insert(record.id, Arc::new(connected));
        }
    }
    adopt(
        paths,
        &profile,
        secrets.as_ref(),
        (&db, now),
        &mut connections,
    )?;
    repair::mark_opened(&db, &connections, now).map_err(|error| phase_of(&error))?;
    let settings: Option<Settings> = db
        .read(|read| read.setting(SETTINGS))
        .map_err(|error| phase_of(&error))?;
    let device = db
        .read(|read| read.device())
        .map_err(|error| phase_of(&error))?;
    let relay = match device {
        Some(device) => enrolled(&device, &profile, secrets.as_ref())?,
        None => None,
    };
    let orders = db
        .read(|read| read.open_orders())
        .map_err(|error| phase_of(&error))?;
    let settings = settings.unwrap_or_default().within_bounds();
    Ok(Opened {
        profile,
        secrets,
        db,
        settings,
        connections,
        relay,
        orders,
    })
}

/// The connections that are to be opened. One whose wipe was carried out is forgotten; one whose
/// wipe was cut off before it began is as it was.
fn records(paths: &Paths, db: &ShopDb, now: Timestamp) -> store::Result<Vec<ConnectionRecord>> {
    db.write(|write| {
        let mut kept = Vec::new();
        for mut record in write.connections()? {
            let was_erasing = record.state == ConnectionState::Erasing;
            if was_erasing && !Vault::exists(paths, record.id) {
                write.remove_connection(record.id)?;
                continue;
            }
            if was_erasing || record.state == ConnectionState::Connecting {
                write.set_connection_state(record.id, ConnectionState::Live, now)?;
                record.state = ConnectionState::Live;
            }
            kept.push(record);
        }
        Ok(kept)
    })
}

fn connect(
    paths: &Paths,
    profile: &Profile,
    secrets: &dyn Secrets,
    (record, now): (&ConnectionRecord, Timestamp),
) -> Result<Option<Connected>, Phase> {
    let Some(account) = account_of(record) else {
        return Ok(None);
    };
    let name = (record.id, record.name.clone());
    let opened = Vault::open(paths, profile, secrets, record.id).and_then(|vault| {
        let fell_back = vault.fell_back();
        // Before anything is sent: what was on its way is unconfirmed, what was held is a draft.
        vault.write(|write| {
            for conversation in write.recover_outbox(now)?.drafts {
                compose::mark_returned(write, conversation, Some(Returned::Restart))?;
            }
            if fell_back {
                // The relay sends again what it brought; what was written here is gone.
                repair::mark_missing_since_complete(write, now)?;
                repair::mark_uncounted(write, now)?;
            }
            Ok(())
        })?;
        if fell_back {
            tracing::warn!(connection = %record.id, "a log was damaged; its last commits are gone");
        }
        Ok(Arc::new(vault))
    });
    let vault = match opened {
        Ok(vault) => Ok(vault),
        Err(error) => {
            tracing::warn!(connection = %record.id, %error, "a vault does not open");
            Err(trouble_of(&error)?)
        }
    };
    Ok(Some(Connected::new(
        name,
        account,
        vault,
        Health::of(record),
    )))
}

/// A vault without a record was made just before the program was cut off: it gets its record.
fn adopt(
    paths: &Paths,
    profile: &Profile,
    secrets: &dyn Secrets,
    (db, now): (&ShopDb, Timestamp),
    connections: &mut BTreeMap<ConnectionId, Arc<Connected>>,
) -> Result<(), Phase> {
    let on_disk = paths.vaults_on_disk().map_err(|error| phase_of(&error))?;
    for id in on_disk {
        if connections.contains_key(&id) {
            continue;
        }
        let Ok(vault) = Vault::open(paths, profile, secrets, id) else {
            continue;
        };
        let Ok(Some(facts)) = vault.read(|read| read.facts()) else {
            continue;
        };
        vault.close();
        let record = record_of(id, &facts);
        let written = db.write(|write| {
            let taken = write.connection_of_account(record.channel, &record.platform_id)?;
            if taken.is_some() {
                return Ok(false);
            }
            write.set_connection(&record)?;
            Ok(true)
        });
        if !written.map_err(|error| phase_of(&error))? {
            continue;
        }
        if let Some(connected) = connect(paths, profile, secrets, (&record, now))? {
            connections.insert(id, Arc::new(connected));
        }
    }
    Ok(())
}

/// What Settings needs to know of a connection without its vault.
pub(crate) fn record_of(id: ConnectionId, facts: &Facts) -> ConnectionRecord {
    ConnectionRecord {
        id,
        channel: facts.channel,
        platform_id: facts.platform_id.clone(),
        name: facts.name.clone(),
        handle: facts.handle.clone(),
        page_id: facts.page_id.clone(),
        waba_id: facts.waba_id.clone(),
        phone: facts.phone.clone(),
        login: facts.login.clone(),
        state: ConnectionState::Live,
        state_since: facts.connected_at,
        token_expires_at: None,
        last_event_at: None,
        checked_at: None,
        connected_at: facts.connected_at,
    }
}

fn enrolled(
    device: &Device,
    profile: &Profile,
    secrets: &dyn Secrets,
) -> Result<Option<Enrolled>, Phase> {
    let keys = device
        .relay_keys
        .first()
        .and_then(|text| serde_json::from_str(text).ok());
    let (Some(keys), Ok(base)) = (keys, Url::parse(&device.relay_url)) else {
        return Ok(None);
    };
    let identity = secrets
        .get(&profile.identity_name())
        .map_err(|error| phase_of(&store::Error::from(error)))?;
    let seed: Option<[u8; 32]> =
        identity.and_then(|secret| secret.expose_secret_bytes().try_into().ok());
    // Without its identity the device is a new one: the relay has to be met again.
    Ok(seed.map(|seed| Enrolled {
        base,
        keys,
        identity: SigningSecret::from_seed(&seed),
    }))
}

/// The screen for what is wrong when `shop.db` is opened or made. A keychain that answers and has
/// nowhere to keep anything is found only by trying: with no shop to lose, a passphrase takes its
/// place.
fn first_phase_of(error: &store::Error, paths: &Paths) -> Phase {
    match error {
        store::Error::KeychainAbsent if !ShopDb::exists(paths) => Phase::Passphrase {
            first: true,
            wrong: false,
        },
        other => phase_of(other),
    }
}

/// The screen for what is wrong with the folder itself.
pub(crate) fn phase_of_folder(error: &store::Error) -> Phase {
    match error {
        store::Error::Io(_) => Phase::FolderRefused,
        other => phase_of(other),
    }
}

/// The screen for what is wrong with the shop's own files.
fn phase_of(error: &store::Error) -> Phase {
    use store::Error as Store;
    match error {
        Store::MissingShareA | Store::MissingShareB => Phase::KeyMissing,
        Store::KeychainLocked => Phase::KeychainLocked,
        Store::KeychainDenied | Store::KeychainFailed => Phase::KeychainDenied,
        Store::KeychainAbsent => Phase::KeyMissing,
        Store::WrongKey => Phase::WrongKey,
        Store::Newer { .. } => Phase::Newer,
        Store::DiskFull => Phase::DiskFull,
        Store::ReadOnly => Phase::FolderRefused,
        Store::Io(error) if error.kind() == ErrorKind::PermissionDenied => Phase::FolderRefused,
        Store::InUse => Phase::InUse,
        Store::Busy | Store::Closed => Phase::Opening,
        Store::WrongPassphrase | Store::WeakParameters => Phase::Passphrase {
            first: false,
            wrong: true,
        },
        Store::Damaged(_)
        | Store::NotThere
        | Store::AlreadyThere
        | Store::Invalid(_)
        | Store::Io(_)
        | Store::Database(_) => Phase::Damaged,
    }
}

/// What is wrong with one vault; a keychain that does not answer concerns the whole shop.
fn trouble_of(error: &store::Error) -> Result<Trouble, Phase> {
    match phase_of(error) {
        Phase::KeychainLocked => Err(Phase::KeychainLocked),
        Phase::KeychainDenied => Err(Phase::KeychainDenied),
        Phase::KeyMissing => Ok(Trouble::KeyMissing),
        Phase::WrongKey => Ok(Trouble::WrongKey),
        Phase::DiskFull => Ok(Trouble::DiskFull),
        _ => Ok(Trouble::Damaged),
    }
}

/// A name for the single instance of a data folder: two folders are two shops and run beside each
/// other. Where the folder cannot say its name, its address stands in.
pub fn instance_name(data_dir: &Path) -> String {
    let profile = Paths::create(data_dir).and_then(|paths| Profile::open_or_create(&paths));
    match profile {
        Ok(profile) => profile.id().to_owned(),
        Err(_) => {
            let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
            hex::encode(digest).chars().take(32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::Channel;
    use domain::secrets::{Secrets as _, SecretsError};
    use store::MemorySecrets;

    use super::*;
    use crate::testing::{NOW, TestShop};

    /// A closed shop with one connection, as a start finds it.
    async fn closed() -> (TestShop, Paths) {
        let of = TestShop::messenger().await;
        of.hears("m_1", "hello");
        of.vault().close();
        of.shop.db.close();
        let paths = of.shop.paths.clone();
        (of, paths)
    }

    fn reopen(of: &TestShop) -> Result<Opened, Phase> {
        open(&of.shop.paths, Arc::clone(&of.secrets) as Arc<_>, NOW)
    }

    /// Every file of the folder with its bytes: nothing may be made or removed.
    fn files(paths: &Paths) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![paths.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.display().to_string(), fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    fn phase(opened: Result<Opened, Phase>) -> Phase {
        opened.map_or_else(|phase| phase, |_| Phase::Ready)
    }

    #[tokio::test]
    async fn everything_is_still_there() {
        let (of, _) = closed().await;
        let opened = reopen(&of).unwrap();
        assert_eq!(opened.connections.len(), 1);
        assert_eq!(
            opened.connections[&of.connected.id].channel(),
            Channel::Messenger
        );
    }

    #[tokio::test]
    async fn each_thing_that_can_be_wrong_has_its_own_screen_and_touches_no_file() {
        let (of, paths) = closed().await;
        let before = files(&paths);
        for (trouble, expected) in [
            (SecretsError::Locked, Phase::KeychainLocked),
            (SecretsError::Denied, Phase::KeychainDenied),
            (SecretsError::Absent, Phase::KeyMissing),
        ] {
            of.secrets.set_trouble(Some(trouble));
            assert_eq!(phase(reopen(&of)), expected);
            assert_eq!(files(&paths), before, "{expected:?}");
        }
        of.secrets.set_trouble(None);
        let other = Arc::new(MemorySecrets::new());
        assert_eq!(phase(open(&paths, other, NOW)), Phase::KeyMissing);
        assert_eq!(files(&paths), before);
    }

    #[test]
    fn a_keychain_that_keeps_nothing_asks_a_new_shop_for_a_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path().join("shop")).unwrap();
        let secrets = Arc::new(MemorySecrets::new());
        secrets.set_trouble(Some(SecretsError::Absent));
        let first = Phase::Passphrase {
            first: true,
            wrong: false,
        };
        let opened = || open(&paths, Arc::clone(&secrets) as Arc<_>, NOW);
        assert_eq!(phase(opened()), first);
        // What the attempt left behind is in nobody's way.
        secrets.set_trouble(None);
        assert_eq!(phase(opened()), Phase::Ready);
    }

    #[tokio::test]
    async fn a_foreign_key_is_told_from_a_damaged_file() {
        let (of, paths) = closed().await;
        let name = of.shop.profile.share_name(&store::VaultName::Shop);
        let right = of.secrets.get(&name).unwrap().unwrap();
        of.secrets
            .set(&name, &domain::secrets::Secret::new(vec![7; 32]))
            .unwrap();
        assert_eq!(phase(reopen(&of)), Phase::WrongKey);
        of.secrets.set(&name, &right).unwrap();
        let database = paths.shop().database;
        let mut bytes = fs::read(&database).unwrap();
        for byte in bytes.iter_mut().skip(4_096).step_by(100) {
            *byte ^= 1;
        }
        bytes[100] ^= 1;
        fs::write(&database, &bytes).unwrap();
        assert_eq!(phase(reopen(&of)), Phase::Damaged);
        assert_eq!(fs::read(&database).unwrap(), bytes, "the file is as it was");
    }

    #[tokio::test]
    async fn one_damaged_vault_is_that_connection_s_trouble_alone() {
        let (of, paths) = closed().await;
        let database = paths.vault(of.connected.id).database;
        let mut bytes = fs::read(&database).unwrap();
        bytes[100] ^= 1;
        fs::write(&database, &bytes).unwrap();
        let opened = reopen(&of).unwrap();
        let connected = &opened.connections[&of.connected.id];
        assert_eq!(connected.trouble(NOW), Some(Trouble::Damaged));
    }

    #[tokio::test]
    async fn commits_that_a_damaged_log_took_are_missing_and_said_to_be() {
        let of = TestShop::messenger().await;
        let database = of.shop.paths.vault(of.connected.id).database;
        let log = database.with_extension("db-wal");
        for n in 0..5 {
            of.hears(&format!("m_{n}"), "hello");
        }
        let crashed = (fs::read(&database).unwrap(), fs::read(&log).unwrap());
        of.vault().close();
        of.shop.db.close();
        for flipped in [false, true] {
            let mut bytes = crashed.1.clone();
            bytes[crashed.1.len() / 2] ^= u8::from(flipped);
            fs::write(&database, &crashed.0).unwrap();
            fs::write(&log, &bytes).unwrap();
            let opened = reopen(&of).unwrap();
            let vault = opened.connections[&of.connected.id].vault().unwrap();
            let last = vault.read(|read| read.message_with_platform_id("m_4"));
            assert_eq!(last.unwrap().is_none(), flipped);
            let said = vault.read(|read| read.mark("lost_uncounted")).unwrap();
            assert_eq!(said.is_some(), flipped);
            vault.close();
            opened.db.close();
        }
    }

    #[tokio::test]
    async fn a_vault_whose_record_was_not_written_any_more_gets_it() {
        let (of, _) = closed().await;
        let id = of.connected.id;
        let db = ShopDb::open(&of.shop.paths, &of.shop.profile, of.secrets.as_ref()).unwrap();
        db.write(|write| write.remove_connection(id)).unwrap();
        db.close();
        let opened = reopen(&of).unwrap();
        assert!(opened.connections.contains_key(&id));
        assert!(
            opened
                .db
                .read(|read| read.connection(id))
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_wipe_that_was_carried_out_is_forgotten_and_one_that_never_began_is_as_it_was() {
        let (of, paths) = closed().await;
        let id = of.connected.id;
        let erasing = || {
            let db = ShopDb::open(&paths, &of.shop.profile, of.secrets.as_ref()).unwrap();
            db.write(|write| write.set_connection_state(id, ConnectionState::Erasing, NOW))
                .unwrap();
            db.close();
        };
        erasing();
        let opened = reopen(&of).unwrap();
        let record = opened.db.read(|read| read.connection(id)).unwrap().unwrap();
        assert_eq!(record.state, ConnectionState::Live);
        opened.connections[&id].close().await;
        opened.db.close();
        erasing();
        fs::remove_dir_all(paths.vault_folder(id)).unwrap();
        let opened = reopen(&of).unwrap();
        assert!(opened.connections.is_empty());
    }

    #[tokio::test]
    async fn where_there_is_no_keychain_a_passphrase_is_chosen_only_for_a_new_shop() {
        let (_of, paths) = closed().await;
        fs::write(paths.sealed_secrets(), b"{}").unwrap();
        let asked = secrets(&SecretsSource::Keychain, &paths, None).map(drop);
        assert_eq!(
            asked,
            Err(Phase::Passphrase {
                first: false,
                wrong: false
            })
        );
    }

    #[test]
    fn two_folders_are_two_shops() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = instance_name(one.path());
        assert_eq!(name, instance_name(one.path()));
        assert_ne!(name, instance_name(other.path()));
        assert_eq!(name.len(), 32);
    }
}
