//! Every kind of thing that is stored, by the schema's own word and not by a list somebody keeps:
//! every column of every table that holds anything, every file, every secret. After everything was
//! deleted none of it lies anywhere, in any form.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::secrets::Secrets as _;
use domain::{Channel, Delivery};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use sha2::Sha256;
use store::{MemorySecrets, Paths, Profile, VaultName};
use tests::shop::{Shop, is, messages};
use tests::world::World;
use tests::{files, traces};

/// What is stored, by its kind.
type Kinds = BTreeMap<String, Vec<Vec<u8>>>;

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

/// Uses the shop until as much as possible is stored.
async fn use_it(world: &World, shop: &Shop) -> Result<()> {
    let phones = &world.phones;
    for (channel, from) in [
        ("instagram", "clara"),
        ("messenger", "jonas"),
        ("whatsapp", "misaki"),
    ] {
        let words = format!("Canary asked on {channel}");
        let asked = phones.say(channel, from, &words).await?;
        let (conversation, _) = shop.hears(&words).await?;
        phones.send_picture(channel, from, "bouquet").await?;
        let answer = format!("Canary answered on {channel}");
        shop.answer(conversation.id, &answer).await?;
        shop.told(
            &answer,
            if channel == "instagram" {
                Delivery::Sent
            } else {
                Delivery::Delivered
            },
        )
        .await?;
        phones.react(channel, from, &asked, "🌷").await?;
        let drafted = format!("Canary drafted on {channel}");
        shop.engine.save_draft(conversation.id, drafted).await?;
        let picture = tests::pictures::with_camera_data();
        shop.engine.attach_picture(conversation.id, picture).await?;
        shop.until("the picture", async |engine| {
            let thread = engine.thread(conversation.id, None, None, 50).await?;
            let mut all = messages(&thread).flat_map(|message| &message.attachments);
            Ok(all
                .any(|one| format!("{:?}", one.state).contains("Ready"))
                .then_some(()))
        })
        .await?;
    }
    let (conversation, _) = shop.hears("Canary asked on messenger").await?;
    phones.fault("blocked", "messenger jonas").await?;
    shop.answer(conversation.id, "Canary refused").await?;
    shop.until("the refusal", async |engine| {
        let thread = engine.thread(conversation.id, None, None, 50).await?;
        Ok(messages(&thread)
            .any(|one| is(one, Delivery::Failed))
            .then_some(()))
    })
    .await?;
    phones.heal().await?;
    phones
        .answer_by_phone("messenger", "jonas", "Canary by phone")
        .await?;
    shop.hears("Canary by phone").await?;
    strange(world, shop).await?;
    let mut settings = shop.engine.settings().await;
    settings.shop_name = "Canary Flowers".to_owned();
    Ok(shop.engine.set_settings(settings).await?)
}

/// Something of a kind that nobody knows, which is kept raw.
async fn strange(world: &World, shop: &Shop) -> Result<()> {
    let state = world.phones.state().await?;
    let people = state.pointer("/people").and_then(Value::as_array);
    let people = people.context("people")?;
    let jonas = people.iter().find(|one| one["key"] == "jonas");
    let page = &shop.connection(Channel::Messenger).await?;
    let accounts = state.pointer("/accounts").and_then(Value::as_array);
    let accounts = accounts.context("accounts")?;
    let account = accounts
        .iter()
        .find(|one| one["channel"] == "messenger" && one["name"] == page.name.as_str());
    let from = jonas.and_then(|one| one.pointer("/ids/messenger"));
    let to = account.and_then(|one| one.get("id"));
    let (from, to) = (from.context("Jonas")?, to.context("the Page")?);
    let body = json!({"object": "page", "entry": [{"id": to, "time": 1_795_341_600_000_i64,
        "messaging": [{"sender": {"id": from}, "recipient": {"id": to},
        "timestamp": 1_795_341_600_000_i64, "canary_kind": {"says": "Canary kept raw"}}]}]});
    world
        .phones
        .webhook(body.to_string().into_bytes(), "")
        .await?;
    shop.until("what is kept raw", async |engine| {
        let all = engine.connections().await?;
        Ok(all.iter().any(|one| one.unsupported > 0).then_some(()))
    })
    .await
}

/// Everything in the closed shop's folder and keychain.
fn stored(data: &Path, secrets: &MemorySecrets) -> Result<Kinds> {
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

/// As the store makes it.
fn database_key(share_a: &[u8], share_b: &[u8], vault: &VaultName) -> Vec<u8> {
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

#[tokio::test(flavor = "multi_thread")]
async fn of_every_kind_that_is_stored_nothing_is_left() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let channels = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];
    shop.connect(&world, &channels).await?;
    use_it(&world, &shop).await?;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    let kinds = stored(&data, &secrets)?;
    ensure!(
        kinds.len() >= 40,
        "only {}: {:?}",
        kinds.len(),
        kinds.keys()
    );

    // The control: stored in the clear, each would be found.
    let clear = tempfile::tempdir()?;
    for (n, examples) in kinds.values().enumerate() {
        std::fs::write(clear.path().join(n.to_string()), examples.concat())?;
    }
    let all: Vec<Vec<u8>> = kinds.values().flatten().cloned().collect();
    let found = traces::files_with(&all, &[clear.path().to_path_buf()]).await?;
    ensure!(
        found.len() == kinds.len(),
        "control: {} of {}",
        found.len(),
        kinds.len()
    );

    let shop = Shop::open_with(&world, data.clone(), secrets.clone()).await?;
    shop.engine
        .delete_everything("Canary Flowers".to_owned())
        .await?;
    shop.wiped().await?;
    shop.close().await;
    let mut left = Vec::new();
    for (kind, examples) in &kinds {
        let files = traces::files_with(examples, std::slice::from_ref(&data)).await?;
        left.extend(files.into_iter().map(|file| (kind, file)));
    }
    ensure!(left.is_empty(), "left: {left:?}");
    ensure!(secrets.names().is_empty(), "left: {:?}", secrets.names());
    Ok(())
}
