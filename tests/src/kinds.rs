//! Every kind of thing that is stored, by the schema's own word and not by a list somebody keeps:
//! every column of every table that holds anything, every file, every secret.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use domain::secrets::Secrets as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sha2::Sha256;
use store::{MemorySecrets, Paths, Profile, VaultName};

use crate::files;

/// What is stored, by its kind.
pub type Kinds = BTreeMap<String, Vec<Vec<u8>>>;

/// What a receipt names, and may: the numbers of streams, logins, computer and relay, drawn at random,
/// and public keys.
const IN_RECEIPTS: [&str; 8] = [
    "vault cursor.stream",
    "vault facts.login",
    "shop connection_logins.login",
    "shop connections.login",
    "shop device.device_id",
    "shop device.relay_id",
    "shop device.relay_keys",
    "shop logins.id",
];
/// The program's own words: names of tables and of its own marks.
const OWN_WORDS: [&str; 2] = ["vault marks.name", "vault sqlite_sequence.name"];
/// Of each kind that many examples are looked for.
const EXAMPLES: usize = 4;
/// Shorter ones are words of the program's own, or could stand anywhere by chance.
const SHORTEST: usize = 8;

/// Everything in the folder and the keychain of a shop that is closed, or of a copy of one.
pub fn stored(data: &Path, secrets: &MemorySecrets) -> Result<Kinds> {
    let paths = Paths::create(data)?;
    let profile = Profile::open_or_create(&paths)?;
    let mut kinds = Kinds::new();
    let shop = (VaultName::Shop, paths.shop(), "shop");
    let vaults = paths.vaults_on_disk()?.into_iter();
    let vaults = vaults.map(|id| (VaultName::Connection(id), paths.vault(id), "vault"));
    for (name, files, label) in vaults.chain([shop]) {
        let share_a = secrets.get(&profile.share_name(&name)).ok().flatten();
        let share_a = share_a.context("share A")?;
        let share_b = std::fs::read(&files.share)?;
        let key = database_key(share_a.expose_secret_bytes(), &share_b, &name);
        add_rows(&mut kinds, &files.database, &key, label)?;
        add(&mut kinds, format!("{label} key"), key);
        add(&mut kinds, format!("{label} key share B"), share_b);
    }
    for name in secrets.names() {
        let kind = name.rsplit('/').next().unwrap_or_default();
        let secret = secrets.get(&name).ok().flatten().context("it is there")?;
        let value = secret.expose_secret_bytes().to_vec();
        add(&mut kinds, format!("keychain {kind}"), value);
    }
    for file in files::under(&paths.all_media())? {
        let name = file.file_name().context("a name")?.as_encoded_bytes();
        add(&mut kinds, "name of a media file".to_owned(), name.to_vec());
        let bytes = std::fs::read(&file)?;
        let middle = bytes.get(64..128).unwrap_or(&bytes).to_vec();
        add(&mut kinds, "media file".to_owned(), middle);
    }
    add(
        &mut kinds,
        "profile".to_owned(),
        profile.id().as_bytes().to_vec(),
    );
    Ok(kinds)
}

/// The key of a database as the store makes it of its two halves.
pub fn database_key(share_a: &[u8], share_b: &[u8], vault: &VaultName) -> Vec<u8> {
    let hash = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let whole = hash(vault.to_string().as_bytes(), &[share_a, share_b]);
    hash(&whole, &[b"shopbell/db/v1", &[1]])
}

fn add_rows(kinds: &mut Kinds, database: &Path, key: &[u8], label: &str) -> Result<()> {
    let sql = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    sql.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex::encode(key)))?;
    sql.execute_batch("PRAGMA cipher_hmac_algorithm = HMAC_SHA256;")?;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let tables: Vec<String> = sql
        .prepare(tables)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let mut rows = sql.prepare(&format!("SELECT * FROM {table}"))?;
        let columns: Vec<String> = rows
            .column_names()
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            for (n, column) in columns.iter().enumerate() {
                if let ValueRef::Text(value) | ValueRef::Blob(value) = row.get_ref(n)? {
                    add(kinds, format!("{label} {table}.{column}"), value.to_vec());
                }
            }
        }
    }
    Ok(())
}

fn add(kinds: &mut Kinds, kind: String, value: Vec<u8>) {
    let mut known = IN_RECEIPTS.iter().chain(&OWN_WORDS);
    if value.len() < SHORTEST || known.any(|known| kind == *known) {
        return;
    }
    let examples = kinds.entry(kind).or_default();
    if examples.len() < EXAMPLES && !examples.contains(&value) {
        // The middle of a long one is enough to know it by.
        let from = value.len().saturating_sub(96) / 2;
        examples.push(value.into_iter().skip(from).take(96).collect());
    }
}
