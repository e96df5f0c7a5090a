//! Every kind of thing that is stored, by the schema's own word and not by a list somebody keeps:
//! every column of every table that holds anything, every file, every secret. After everything was
//! deleted none of it lies anywhere, in any form.

use anyhow::{Context, Result, ensure};
use domain::{Channel, Delivery};
use serde_json::{Value, json};
use tests::kinds::stored;
use tests::shop::{Shop, is, messages};
use tests::traces;
use tests::world::World;

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
