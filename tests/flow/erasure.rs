//! Forgetting by the owner's own hand: one connection, or everything.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use domain::{Channel, Delivery};
use engine::Phase;
use serde_json::Value;
use tests::files;
use tests::shop::Shop;
use tests::world::World;

fn subscribed(state: &Value, channel: &str) -> Option<bool> {
    let accounts = state["accounts"].as_array()?;
    accounts.iter().find(|of| of["channel"] == channel)?["subscribed"].as_bool()
}

fn installed(state: &Value) -> Option<bool> {
    state["users"]
        .as_array()?
        .iter()
        .find(|of| of["key"] == "owner")?["app_installed"]
        .as_bool()
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_one_leaves_nothing_of_it_and_its_sibling_alone() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    world
        .phones
        .say("instagram", "clara", "To be forgotten")
        .await?;
    world.phones.say("messenger", "jonas", "To be kept").await?;
    shop.hears("To be forgotten").await?;
    let (kept, _) = shop.hears("To be kept").await?;
    let gone = shop.connection(Channel::Instagram).await?.id.to_string();

    let receipt = shop.disconnect(Channel::Instagram).await?;
    let verified = wire::receipt::VerifiedReceipt::verify(&receipt, None);
    let stated = verified.ok().and_then(|receipt| receipt.statement);
    let stated = stated.context("the relay's part")?;
    assert_eq!((stated.streams, stated.routes), (1, 1), "{receipt}");
    assert!(stated.envelopes >= 1, "{receipt}");
    for name in ["Clara", "clara", "fern", "Fern", &gone] {
        assert!(
            !receipt.contains(name),
            "the receipt names {name}:\n{receipt}"
        );
    }
    assert!(!shop.secrets.names().iter().any(|name| name.contains(&gone)));
    let left = files::under(shop.folder())?;
    let of_it = left
        .iter()
        .filter(|file| file.to_string_lossy().contains(&gone));
    assert_eq!(of_it.count(), 0, "{left:?}");
    assert!(
        shop.engine
            .search("forgotten".to_owned(), 9)
            .await?
            .messages
            .is_empty()
    );

    // Nothing of the person's permissions or of the Page's subscription was taken away.
    let state = world.phones.state().await?;
    assert_eq!(
        (installed(&state), subscribed(&state, "messenger")),
        (Some(true), Some(true))
    );
    world
        .phones
        .say("instagram", "clara", "Into the void")
        .await?;
    world
        .phones
        .say("messenger", "jonas", "Still here?")
        .await?;
    shop.hears("Still here?").await?;
    shop.answer(kept.id, "Of course").await?;
    shop.told("Of course", Delivery::Delivered).await?;
    assert_eq!(shop.conversations().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_connection_takes_permissions_and_subscription_along() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Instagram, Channel::Messenger])
        .await?;
    assert!(!shop.connection(Channel::Messenger).await?.last_of_login);
    shop.disconnect(Channel::Instagram).await?;
    assert!(shop.connection(Channel::Messenger).await?.last_of_login);
    let receipt = shop.disconnect(Channel::Messenger).await?;
    assert!(receipt.contains("confirmed"), "{receipt}");
    let state = world.phones.state().await?;
    assert_eq!(
        (installed(&state), subscribed(&state, "messenger")),
        (Some(false), Some(false))
    );
    assert_eq!(shop.engine.phase(), Phase::FirstRun);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_has_to_be_typed() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let connections = shop.connect(&world, &[Channel::Whatsapp]).await?;
    let [one] = connections.as_slice() else {
        panic!("one connection: {connections:?}")
    };
    // Its name is its siblings' name too: only its number says which one is meant.
    assert_ne!(one.typed_as(), one.name);
    for typed in ["something else", &one.name] {
        let refused = shop.engine.disconnect(one.id, typed.to_owned()).await;
        assert!(refused.is_err(), "{typed}");
    }
    assert_eq!(shop.engine.connections().await?.len(), 1);
    let spaceless: String = one.typed_as().split_whitespace().collect();
    shop.engine.disconnect(one.id, spaceless).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wipe_without_the_relay_is_complete_here_and_told_eight_days_later() -> Result<()> {
    let mut world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    let connections = shop.connect(&world, &[Channel::Messenger]).await?;
    let gone = &connections[0];
    world.stop_relay().await;
    shop.engine
        .disconnect(gone.id, gone.typed_as().to_owned())
        .await?;
    shop.until("the data to be dead", async |engine| {
        Ok((engine.wipe_progress() == engine::read::WipeProgress::WaitingForRelay).then_some(()))
    })
    .await?;
    assert!(files::under(&shop.data.join("vaults"))?.is_empty());
    assert!(!shop.engine.receipts().await?.remove(0).complete);
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    world.pass(Duration::from_secs(8 * 24 * 3600)).await?;
    world.start_relay().await?;
    let shop = Shop::open_with(&world, data, secrets).await?;
    shop.until("the relay's signature", async |engine| {
        Ok(engine
            .receipts()
            .await?
            .iter()
            .all(|receipt| receipt.complete)
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_everything_leaves_the_receipts_and_nothing_else() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    let canary = "CANARY everything 4711";
    for channel in ["instagram", "messenger", "whatsapp"] {
        world.phones.say(channel, "clara", canary).await?;
    }
    shop.hears(canary).await?;
    let mut settings = shop.engine.settings().await;
    settings.shop_name = "CANARY name".to_owned();
    shop.engine.set_settings(settings).await?;
    shop.engine
        .delete_everything("CANARY name".to_owned())
        .await?;
    shop.wiped().await?;
    let left: Vec<_> = files::under(shop.folder())?
        .into_iter()
        .filter(|file| !file.to_string_lossy().contains("receipts"))
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let harmless = ["CACHEDIR.TAG", "lock", "wipe.a", "wipe.b"];
    assert!(
        left.iter().all(|name| harmless.contains(&name.as_str())),
        "left: {left:?}"
    );
    assert_eq!(shop.secrets.names(), Vec::<String>::new());
    for words in [
        canary,
        "CANARY name",
        "Clara Whitfield",
        "10229384756102938",
    ] {
        assert_eq!(
            files::holding(shop.folder(), words)?,
            Vec::<std::path::PathBuf>::new()
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_checked_offline_and_fails_on_any_changed_byte() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let receipt = shop.disconnect(Channel::Whatsapp).await?;
    let file = world.folder().join("receipt.txt");
    std::fs::write(&file, &receipt)?;
    engine::receipt::verify_file(&file, None).context("the true one")?;
    for index in 0..receipt.len() {
        let mut changed = receipt.clone().into_bytes();
        changed[index] ^= 1;
        std::fs::write(&file, &changed)?;
        assert!(
            engine::receipt::verify_file(&file, None).is_err(),
            "byte {index} was changed"
        );
    }
    Ok(())
}
