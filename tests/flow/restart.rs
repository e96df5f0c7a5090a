//! The program ends and begins again, and what can be in the way of opening a shop.

use std::sync::Arc;

use anyhow::Result;
use domain::Channel;
use domain::secrets::SecretsError;
use engine::Phase;
use engine::read::Trouble;
use store::MemorySecrets;
use tests::desktop::run;
use tests::files;
use tests::shop::Shop;
use tests::world::World;

/// Waits until the shop stands there.
async fn stands(shop: &Shop, wanted: impl Fn(Phase) -> bool) -> Result<Phase> {
    shop.until("another screen", async |engine| {
        let phase = engine.phase();
        Ok(wanted(phase).then_some(phase))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_still_there() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    world.phones.say("instagram", "clara", "Seen").await?;
    world.phones.say("messenger", "jonas", "Unseen").await?;
    let (seen, _) = shop.hears("Seen").await?;
    let (unseen, _) = shop.hears("Unseen").await?;
    shop.engine.mark_read(seen.id).await?;
    shop.engine
        .save_draft(unseen.id, "Half a sent".to_owned())
        .await?;
    let mut settings = shop.engine.settings().await;
    settings.shop_name = "Fern".to_owned();
    shop.engine.set_settings(settings).await?;

    let shop = shop.restart(&world).await?;
    assert_eq!(shop.engine.phase(), Phase::Ready);
    assert_eq!(shop.engine.conversation(seen.id).await?.unread, 0);
    assert_eq!(shop.engine.conversation(unseen.id).await?.unread, 1);
    assert_eq!(shop.thread(unseen.id).await?.draft.text, "Half a sent");
    assert_eq!(shop.engine.settings().await.shop_name, "Fern");
    let counts = shop.engine.counts().await?;
    assert_eq!((counts.all, counts.unread), (2, 1));
    assert_eq!(
        shop.engine
            .search("unsee".to_owned(), 9)
            .await?
            .messages
            .len(),
        1
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn read_marks_reach_the_platform() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    for channel in ["messenger", "whatsapp"] {
        let words = format!("Read me ({channel})");
        world.phones.say(channel, "clara", &words).await?;
        let (conversation, _) = shop.hears(&words).await?;
        shop.engine.mark_read(conversation.id).await?;
        world
            .phones
            .until("the platform to know", |state| {
                let threads = state["conversations"].as_array()?;
                let ours = threads.iter().find(|of| of["channel"] == channel)?;
                ours["seen_by_shop_at"].is_number().then_some(())
            })
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_is_waited_for_and_nothing_is_made_anew() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    world.phones.say("whatsapp", "lucia", "Safe").await?;
    let (conversation, _) = shop.hears("Safe").await?;
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    for (trouble, screen) in [
        (SecretsError::Locked, Phase::KeychainLocked),
        (SecretsError::Denied, Phase::KeychainDenied),
    ] {
        secrets.set_trouble(Some(trouble));
        let before = files::under(&data)?;
        let shop = Shop::begin(&world, data.clone(), Arc::clone(&secrets));
        stands(&shop, |phase| phase == screen).await?;
        assert_eq!(files::under(&data)?, before, "a file came or went");
        secrets.set_trouble(None);
        shop.engine.open_again().await?;
        stands(&shop, |phase| phase == Phase::Ready).await?;
        assert_eq!(shop.words(conversation.id).await?, ["Safe"]);
        shop.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_keychain_is_said_and_no_file_is_touched() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let data = shop.data.clone();
    shop.close().await;
    let before = databases(&data)?;
    let shop = Shop::begin(&world, data.clone(), Arc::new(MemorySecrets::new()));
    stands(&shop, |phase| phase == Phase::KeyMissing).await?;
    shop.close().await;
    assert_eq!(databases(&data)?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_vault_is_named_and_the_others_go_on() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let connections = shop
        .connect(&world, &[Channel::Messenger, Channel::Whatsapp])
        .await?;
    let broken = connections
        .iter()
        .find(|of| of.channel == Channel::Whatsapp)
        .expect("connected");
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    let vault = data
        .join("vaults")
        .join(broken.id.to_string())
        .join("vault.db");
    let mut bytes = std::fs::read(&vault)?;
    for byte in bytes.iter_mut().take(8_192) {
        *byte ^= 0x5a;
    }
    std::fs::write(&vault, &bytes)?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    assert_eq!(
        shop.connection(Channel::Whatsapp).await?.trouble,
        Some(Trouble::Damaged)
    );
    assert_eq!(
        std::fs::read(&vault)?,
        bytes,
        "the damaged file was changed"
    );
    world
        .phones
        .say("messenger", "clara", "The other one works")
        .await?;
    shop.hears("The other one works").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_on_the_same_folder_does_not_open_it() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let second = Shop::begin(&world, shop.data.clone(), Arc::clone(&shop.secrets));
    // A start on a folder of its own, begun later, comes through: the second had its time.
    let other = Shop::open(&world, "other").await?;
    assert_eq!(other.engine.phase(), Phase::FirstRun);
    other.close().await;
    world.phones.say("whatsapp", "omar", "To the first").await?;
    let (conversation, _) = shop.hears("To the first").await?;
    assert_eq!(second.engine.phase(), Phase::InUse);
    shop.close().await;
    // It was the folder alone that it waited for.
    stands(&second, |phase| phase == Phase::Ready).await?;
    assert_eq!(second.words(conversation.id).await?, ["To the first"]);
    second.close().await;
    Ok(())
}

/// The databases of a folder with their bytes.
fn databases(folder: &std::path::Path) -> Result<Vec<(std::path::PathBuf, Vec<u8>)>> {
    let all = files::under(folder)?;
    let databases = all
        .into_iter()
        .filter(|file| file.extension().is_some_and(|end| end == "db"));
    databases
        .map(|file| Ok((file.clone(), std::fs::read(file)?)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_nobody_may_write_in_is_said_and_is_no_full_disk() -> Result<()> {
    let world = World::start().await?;
    let place = world.folder().join("a-file");
    std::fs::write(&place, "not a folder")?;
    let shop = Shop::begin(&world, place.join("shop"), Arc::default());
    stands(&shop, |phase| phase == Phase::FolderRefused).await?;
    shop.engine.open_again().await?;
    stands(&shop, |phase| phase == Phase::FolderRefused).await?;
    std::fs::remove_file(&place)?;
    shop.engine.open_again().await?;
    stands(&shop, |phase| phase == Phase::FirstRun).await?;
    shop.close().await;
    Ok(())
}

#[tokio::test]
async fn a_word_that_is_neither_job_nor_link_opens_nothing() -> Result<()> {
    let (fine, said) = run("shopbell", &["frobnicate"]).await?;
    assert!(!fine, "{said}");
    assert!(said.contains("neither a job nor a link"), "{said}");
    Ok(())
}
