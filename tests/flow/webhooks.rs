//! Bad input at the relay's door: a clear answer, nothing stored, nothing lost.

use anyhow::Result;
use domain::Channel;
use serde_json::{Value, json};
use tests::shop::Shop;
use tests::world::World;

/// A webhook as Meta would send it, with these words.
fn message(words: &str, at: i64) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{
        "id": "382910475561204",
        "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": [{"profile": {"name": "Clara"}, "wa_id": "447700900142"}],
            "messages": [{"from": "447700900142", "id": format!("wamid.{words}"),
                          "timestamp": (at / 1_000).to_string(), "type": "text",
                          "text": {"body": words}}],
        }}],
    }]})
}

/// Sends a true message and waits for it: whatever came before has been handled then.
async fn all_that_arrived(world: &World, shop: &Shop) -> Result<Vec<String>> {
    world
        .phones
        .say("whatsapp", "clara", "The true one")
        .await?;
    let (conversation, _) = shop.hears("The true one").await?;
    shop.words(conversation.id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_is_refused_and_stored_nowhere() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    for sign in [
        "none",
        "wrong",
        "legacy",
        "double",
        "cut",
        "secret:another-app-s-secret",
    ] {
        let body = serde_json::to_vec(&message(sign, world.clock.now()))?;
        let (status, _) = world.phones.webhook(body, sign).await?;
        assert_eq!(status, 401, "{sign}");
    }
    assert_eq!(all_that_arrived(&world, &shop).await?, ["The true one"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_the_same_webhook_rightly_signed_arrives() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let body = serde_json::to_vec(&message("Rightly signed", world.clock.now()))?;
    assert_eq!(world.phones.webhook(body, "").await?.0, 200);
    shop.hears("Rightly signed").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_json_under_a_right_signature_are_counted_and_answered() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    for body in [
        &b"{\"object\":"[..],
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"\"text\"",
        b"{}",
    ] {
        let (status, _) = world.phones.webhook(body.to_vec(), "").await?;
        assert_eq!(status, 200, "{body:?}: Meta would unsubscribe the shop");
    }
    assert_eq!(all_that_arrived(&world, &shop).await?, ["The true one"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_nobody_connected_is_dropped_with_a_200() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let mut stranger = message("For somebody else", world.clock.now());
    stranger["entry"][0]["id"] = json!("999999999999999");
    stranger["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] =
        json!("888888888888");
    let (status, _) = world
        .phones
        .webhook(serde_json::to_vec(&stranger)?, "")
        .await?;
    assert_eq!(status, 200);
    assert_eq!(all_that_arrived(&world, &shop).await?, ["The true one"]);
    assert!(tests::files::holding(&world.relay_folder(), "999999999999999")?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_is_taken_and_a_larger_one_is_not() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let mut batch = message("A large one", world.clock.now());
    batch["entry"][0]["padding"] = json!("x".repeat(3 * 1024 * 1024));
    let (status, _) = world
        .phones
        .webhook(serde_json::to_vec(&batch)?, "")
        .await?;
    assert_eq!(status, 200, "WhatsApp sends up to 3 MB");
    shop.hears("A large one").await?;
    batch["entry"][0]["padding"] = json!("x".repeat(5 * 1024 * 1024));
    let (status, _) = world
        .phones
        .webhook(serde_json::to_vec(&batch)?, "")
        .await?;
    assert_eq!(status, 413);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_s_disk_holds_nothing_a_person_said_or_is_called() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    shop.close().await;
    let canary = "CANARY-4711-Müller";
    for channel in ["instagram", "messenger", "whatsapp"] {
        world.phones.say(channel, "clara", canary).await?;
    }
    world
        .phones
        .until("three deliveries", |state| {
            let deliveries = state["deliveries"].as_array()?;
            let arrived = deliveries
                .iter()
                .filter(|of| of["state"] == "delivered")
                .count();
            (arrived >= 3).then_some(())
        })
        .await?;
    let state = world.phones.state().await?;
    let clara = state["people"]
        .as_array()
        .and_then(|people| people.first())
        .cloned();
    let clara = clara.unwrap_or_default();
    let mut secret = vec![
        canary.to_owned(),
        "Whitfield".to_owned(),
        "447700900142".to_owned(),
    ];
    for id in [
        "104729583016472",
        "17841405822304914",
        "270914356118873",
        "10229384756102938",
    ] {
        secret.push(id.to_owned());
    }
    for channel in ["instagram", "messenger"] {
        secret.extend(clara["ids"][channel].as_str().map(str::to_owned));
    }
    for words in secret {
        let found = tests::files::holding(&world.relay_folder(), &words)?;
        assert!(found.is_empty(), "{words} lies in {found:?}");
    }
    // The control: the envelopes are there, so the search looked at the right place.
    let size: u64 = tests::files::under(&world.relay_folder())?
        .iter()
        .filter_map(|file| file.metadata().ok())
        .map(|found| found.len())
        .sum();
    assert!(size > 4_096, "{size} bytes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_s_challenge_is_echoed_only_for_the_right_word() -> Result<()> {
    let world = World::start().await?;
    let answer = world.phones.post("verify", &json!({})).await?;
    assert_eq!(answer["verified"], true);
    for query in [
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong-word",
        "hub.mode=subscribe&hub.challenge=1158201444",
    ] {
        let url = world.relay_url().join(&format!("/webhooks/meta?{query}"))?;
        let response = tests::phones::http().get(url).send().await?;
        assert!(
            response.status().is_client_error(),
            "{query}: {}",
            response.status()
        );
    }
    // Whatever is echoed is no page: a browser shows it as plain text.
    let query =
        "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=sandbox-verify-token";
    let url = world.relay_url().join(&format!("/webhooks/meta?{query}"))?;
    let response = tests::phones::http().get(url).send().await?;
    assert_eq!(response.status().as_u16(), 200);
    let header = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok()
    };
    assert!(header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.text().await?, "<script>");
    Ok(())
}

/// The largest delivery Meta makes: a thousand updates at once, for as many people.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_in_one_webhook_arrive() -> Result<()> {
    let world = World::start().await?;
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(&world, &[Channel::Whatsapp]).await?;
    let seconds = world.clock.now() / 1_000 - 2_000;
    let number = |of: usize| format!("4477009{of:05}");
    let contacts: Vec<Value> = (0..1_000)
        .map(|of| json!({"profile": {"name": format!("Person {of}")}, "wa_id": number(of)}))
        .collect();
    let messages: Vec<Value> = (0..1_000_i64)
        .map(|of| {
            let from = number(usize::try_from(of).expect("a small number"));
            json!({"from": from, "id": format!("wamid.many{of}"), "type": "text",
                   "timestamp": (seconds + of).to_string(),
                   "text": {"body": format!("{of:04} {}", "🌷 and many words ".repeat(130))}})
        })
        .collect();
    let mut body = message("", seconds * 1_000);
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["contacts"] = Value::Array(contacts);
    value["messages"] = Value::Array(messages);
    let body = serde_json::to_vec(&body)?;
    let (status, _) = world.phones.webhook(body, "").await?;
    assert_eq!(status, 200);
    shop.until("all of them", async |engine| {
        let counts = engine.counts().await?;
        Ok((counts.all == 1_000).then_some(()))
    })
    .await?;
    Ok(())
}
