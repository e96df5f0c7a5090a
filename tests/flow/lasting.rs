//! What only time brings: keys that are replaced, a relay that was brought back from a backup, a
//! disk that is full, a person who was erased.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::secrets::Secrets as _;
use domain::{Channel, ConversationId};
use engine::read::{Item, Trouble};
use store::{MemorySecrets, Paths, Profile, Vault};
use tests::shop::Shop;
use tests::world::World;

/// The seal key of the shop's only connection, as the keychain has it.
fn seal_key(secrets: &MemorySecrets) -> Result<Vec<u8>> {
    let names = secrets.names();
    let name = names
        .iter()
        .find(|name| name.ends_with("/seal") && !name.contains("/device/"))
        .with_context(|| format!("a seal key among {names:?}"))?;
    let secret = secrets.get(name).ok().flatten().context("it is there")?;
    Ok(secret.expose_secret_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_week_another_key_is_used_and_the_one_before_is_destroyed() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let id = shop.connection(Channel::Whatsapp).await?.id;
    world.phones.say("whatsapp", "clara", "First key").await?;
    let (conversation, _) = shop.hears("First key").await?;
    let first = seal_key(&shop.secrets)?;
    // The control: a day changes nothing.
    world.pass_days(1).await?;
    shop.engine.wake();
    world.phones.say("whatsapp", "clara", "A day later").await?;
    shop.hears("A day later").await?;
    assert_eq!(seal_key(&shop.secrets)?, first);
    world.pass_days(7).await?;
    shop.engine.wake();
    tests::wait::until("another key", async || {
        Ok((seal_key(&shop.secrets)? != first).then_some(()))
    })
    .await?;
    world
        .phones
        .say("whatsapp", "clara", "By either key")
        .await?;
    shop.hears("By either key").await?;
    world.pass(Duration::from_secs(3_600)).await?;
    world.phones.say("whatsapp", "clara", "Second key").await?;
    shop.hears("Second key").await?;
    assert_eq!(shop.words(conversation.id).await?.len(), 4);
    assert_eq!(shop.connection(Channel::Whatsapp).await?.trouble, None);
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    let paths = Paths::create(data.clone())?;
    let profile = Profile::open_or_create(&paths)?;
    let vault = Vault::open(&paths, &profile, secrets.as_ref(), id)?;
    assert!(vault.read(|read| read.earlier_seal_keys())?.is_empty());
    vault.close();
    let shop = Shop::open_with(&world, data, secrets).await?;
    world
        .phones
        .say("whatsapp", "clara", "After a start")
        .await?;
    shop.hears("After a start").await.map(drop)
}

/// Runs a command of the relay's on the world's store.
async fn relay_command(world: &World, words: &[&str]) -> Result<()> {
    let folder = world.relay_folder();
    let store = format!("sqlite:{}", folder.join("relay.db").display());
    let keys = folder.join("keys").display().to_string();
    let environment = [("SHOPBELL_STORE", store), ("SHOPBELL_KEYS", keys)];
    let environment = environment.map(|(name, value)| (name.to_owned(), value));
    let arguments: Vec<OsString> = ["shopbell-relay"]
        .iter()
        .chain(words)
        .map(OsString::from)
        .collect();
    let ended = tokio::task::spawn_blocking(move || relay::cli::run(arguments, environment));
    ensure!(ended.await? == ExitCode::SUCCESS, "{words:?} failed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_from_a_backup_is_noticed_and_what_can_come_back_does() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    for channel in ["messenger", "whatsapp"] {
        let words = format!("Before ({channel})");
        world.phones.say(channel, "clara", &words).await?;
        shop.hears(&words).await?;
    }
    let before = shop.connection(Channel::Messenger).await?.id;
    let (data, secrets) = (shop.data.clone(), shop.secrets.clone());
    shop.close().await;
    let backup = world.folder().join("backup.db");
    let to = backup.display().to_string();
    relay_command(&world, &["backup", &to]).await?;
    world.pass(Duration::from_secs(60)).await?;
    for channel in ["messenger", "whatsapp"] {
        let words = format!("Lost with the relay ({channel})");
        world.phones.say(channel, "clara", &words).await?;
    }
    world
        .phones
        .until("the relay to have both", |state| {
            let deliveries = state["deliveries"].as_array()?;
            let waiting = deliveries.iter().any(|of| of["state"] != "delivered");
            (!waiting).then_some(())
        })
        .await?;
    world.stop_relay().await;
    lose_the_store(&world)?;
    relay_command(&world, &["restore", &to]).await?;
    world.start_relay().await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.listens().await?;
    // The routes are proved again on new streams, in place.
    shop.until("nothing to be wrong", async |engine| {
        let all = engine.connections().await?;
        Ok(all.iter().all(|one| one.trouble.is_none()).then_some(()))
    })
    .await?;
    assert_eq!(shop.connection(Channel::Messenger).await?.id, before);
    // Messenger's history has it; WhatsApp lets nobody look back.
    let (conversation, message) = shop.hears("Lost with the relay (messenger)").await?;
    assert!(message.recovered, "it came late and says so");
    for channel in ["messenger", "whatsapp"] {
        let words = format!("After ({channel})");
        world.phones.say(channel, "clara", &words).await?;
        shop.hears(&words).await?;
    }
    let words = shop.words(conversation.id).await?;
    assert_eq!(words.len(), 3, "nothing came twice: {words:?}");
    assert_eq!(gaps(&shop, conversation.id).await?, [] as [u32; 0]);
    // How much of WhatsApp's went nobody counted: that something may be missing is said.
    let (conversation, _) = shop.hears("After (whatsapp)").await?;
    let said = shop.until("the loss to be said", async |_| {
        let said = gaps(&shop, conversation.id).await?;
        Ok((!said.is_empty()).then_some(said))
    });
    assert_eq!(said.await?, [0]);
    Ok(())
}

fn lose_the_store(world: &World) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let file = world.relay_folder().join(format!("relay.db{ending}"));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// The gaps a thread shows, each with how many messages it speaks of.
async fn gaps(shop: &Shop, conversation: ConversationId) -> Result<Vec<u32>> {
    let thread = shop.engine.thread(conversation, None, None, 99).await?;
    let counts = thread.items.iter().filter_map(|item| match item {
        Item::Gap { count, .. } => Some(*count),
        Item::Message(_) => None,
    });
    Ok(counts.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_whatsapp_may_have_lost_with_its_subscription_is_said_once() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "clara", "Before").await?;
    let (conversation, _) = shop.hears("Before").await?;
    shop.engine.check_connections().await?;
    assert_eq!(gaps(&shop, conversation.id).await?, [] as [u32; 0]);
    world.phones.fault("unsubscribe", "whatsapp").await?;
    world.phones.say("whatsapp", "clara", "Never sent").await?;
    for _ in 0..2 {
        shop.engine.check_connections().await?;
    }
    world.phones.say("whatsapp", "clara", "After").await?;
    shop.hears("After").await?;
    assert_eq!(gaps(&shop, conversation.id).await?, [0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_was_erased_does_not_come_back_by_repair() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger]).await?;
    world
        .phones
        .say("messenger", "sofia", "To be erased")
        .await?;
    let (conversation, _) = shop.hears("To be erased").await?;
    shop.engine.erase_person(conversation.id).await?;
    assert!(shop.conversations().await?.is_empty());
    world.pass(Duration::from_secs(2)).await?;
    // Meta's history still has all of it, and is read.
    world.phones.fault("unsubscribe", "").await?;
    world.phones.say("messenger", "sofia", "A new word").await?;
    shop.engine.check_connections().await?;
    let (conversation, message) = shop.hears("A new word").await?;
    assert!(message.recovered);
    assert_eq!(shop.words(conversation.id).await?, ["A new word"]);
    Ok(())
}

/// In the test's second run: where a disk of eight megabytes is.
const SMALL_DISK: &str = "SHOPBELL_TEST_SMALL_DISK";

/// Runs a test again beside a disk of eight megabytes, in a name space of its own.
async fn again(test: &str) -> Result<()> {
    let unshare = |spaces: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        command.args(spaces).args(["--mount", "sh", "-c", script]);
        command
    };
    // Root may mount without a name space of users, which some systems refuse.
    let ways = [["--user", "--map-root-user"].as_slice(), &[]];
    let works = |spaces: &&&[&str]| {
        let status = unshare(spaces, "true").status();
        status.is_ok_and(|status| status.success())
    };
    let Some(spaces) = ways.iter().find(works) else {
        use std::io::Write as _;
        writeln!(
            std::io::stderr(),
            "skipped: needs unshare with user name spaces, or root"
        )?;
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let script = format!(
        "mount -t tmpfs -o size=8m tmpfs \"${SMALL_DISK}\" && exec \"$0\" \"$1\" --exact --nocapture"
    );
    let mut inside = unshare(spaces, &script);
    inside
        .arg(std::env::current_exe()?)
        .arg(test)
        .env(SMALL_DISK, folder.path());
    let output = tokio::task::spawn_blocking(move || inside.output()).await??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success() && said.contains("1 passed"),
        "{said}{wrong}"
    );
    Ok(())
}

/// Not a byte is left.
fn fill(disk: &Path) -> Result<PathBuf> {
    use std::io::Write as _;
    let path = disk.join("filler");
    let mut file = std::fs::File::create(&path)?;
    for size in [1 << 20, 1 << 16, 1 << 12, 1 << 9] {
        let block = vec![1; size];
        while file.write_all(&block).is_ok() {}
    }
    Ok(path)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_acknowledged_and_everything_comes_when_there_is_room()
-> Result<()> {
    let Some(disk) = std::env::var_os(SMALL_DISK).map(PathBuf::from) else {
        let name = "on_a_full_disk_nothing_is_acknowledged_and_everything_comes_when_there_is_room";
        return again(&format!("lasting::{name}")).await;
    };
    let world = World::start().await?;
    let shop = Shop::open_with(&world, disk.join("shop"), Arc::new(MemorySecrets::new())).await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "clara", "Room enough").await?;
    let (conversation, _) = shop.hears("Room enough").await?;
    let filler = fill(&disk)?;
    // Larger than what a database has left over in its own files.
    let long = format!("No room {}", "x".repeat(4_000));
    for number in 0..20 {
        let words = format!("{number} {long}");
        world.phones.say("whatsapp", "clara", &words).await?;
    }
    shop.until("the trouble", async |engine| {
        let trouble = engine.connections().await?.remove(0).trouble;
        Ok((trouble == Some(Trouble::DiskFull)).then_some(()))
    })
    .await?;
    // What was written down before stays, and can be read.
    assert_eq!(shop.words(conversation.id).await?[0], "Room enough");
    std::fs::remove_file(filler)?;
    shop.engine.wake();
    shop.hears(&format!("19 {long}")).await?;
    let words = shop.words(conversation.id).await?;
    assert_eq!(words.len(), 21, "each of them once");
    shop.until("the trouble to be over", async |engine| {
        let trouble = engine.connections().await?.remove(0).trouble;
        Ok(trouble.is_none().then_some(()))
    })
    .await
}
