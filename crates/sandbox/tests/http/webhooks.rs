//! How webhooks travel: batches, retries, giving up, and everything that goes wrong on purpose.

use serde_json::{Value, json};

use crate::relay::Got;
use crate::world::{World, cloud, event};

fn texts(got: &[Got]) -> Vec<String> {
    let of = |got: &Got| -> Vec<String> {
        let body = got.json();
        let entries = body["entry"].as_array().cloned().unwrap_or_default();
        let messages = entries
            .iter()
            .filter_map(|entry| entry["messaging"].as_array())
            .flatten();
        messages
            .filter_map(|event| event["message"]["text"].as_str().map(str::to_owned))
            .collect()
    };
    got.iter().flat_map(of).collect()
}

/// Waits until the state of the sandbox shows something.
async fn shown(world: &World, look: impl Fn(&Value) -> bool) -> Value {
    let mut version = 0;
    for _ in 0..500 {
        let url = world
            .sandbox
            .url
            .join(&format!("/sandbox/state?after={version}"))
            .unwrap();
        let (_, state) = crate::world::read(world.http.get(url).send().await.unwrap()).await;
        if look(&state) {
            return state;
        }
        version = state["version"].as_u64().unwrap();
    }
    panic!("the state never showed it")
}

#[tokio::test]
async fn what_was_refused_is_repeated_byte_for_byte_until_it_is_taken() {
    let (world, _) = World::connected().await;
    world.relay.answer(503);
    world.say("instagram", "clara", "Hi 🌷").await;
    let got = world
        .relay
        .until(|got| (got.len() >= 3).then(|| got.to_vec()))
        .await;
    assert!(got.iter().all(|one| one.body == got[0].body));
    world.relay.answer(200);
    shown(&world, |state| {
        let delivery = &state["deliveries"][0];
        delivery["state"] == "delivered" && delivery["attempts"].as_u64() >= Some(3)
    })
    .await;
}

#[tokio::test]
async fn after_an_hour_of_failures_a_page_is_unsubscribed_and_the_number_is_not() {
    let world = World::start_at_pace(36_000.0).await;
    let tokens = world.connect().await;
    world.relay.answer(500);
    world.say("instagram", "clara", "Lost").await;
    world.say("whatsapp", "clara", "Late").await;
    let state = shown(&world, |state| state["accounts"][0]["subscribed"] == false).await;
    let subscribed = |id: &str| {
        let accounts = state["accounts"].as_array().unwrap();
        accounts.iter().find(|one| one["id"] == id).unwrap()["subscribed"].clone()
    };
    assert_eq!(subscribed(crate::world::INSTAGRAM), false);
    assert_eq!(subscribed(crate::world::PHONE), true);
    world.relay.answer(200);
    world
        .relay
        .webhook(|body| cloud(body, "messages").cloned())
        .await;
    world.say("instagram", "clara", "Nobody hears").await;
    let fields = json!({"subscribed_fields": "messages"});
    world
        .post(
            &format!("{}/subscribed_apps", crate::world::PAGE),
            &tokens.page,
            fields,
        )
        .await;
    world.say("instagram", "clara", "Heard").await;
    let heard = |got: &[Got]| texts(got).contains(&"Heard".to_owned()).then_some(());
    world.relay.until(heard).await;
    assert!(!texts(&world.relay.got()).contains(&"Nobody hears".to_owned()));
}

#[tokio::test]
async fn a_relay_that_starts_later_gets_what_waited() {
    let (world, _) = World::connected().await;
    world
        .sandbox
        .set_relay("http://127.0.0.1:9".parse().unwrap());
    world.say("whatsapp", "clara", "Waiting").await;
    let state = shown(&world, |state| {
        state["deliveries"][0]["attempts"].as_u64() >= Some(2)
    })
    .await;
    assert_eq!(state["deliveries"][0]["state"], "retrying");
    assert!(state["deliveries"][0]["problem"].is_string());
    world.sandbox.set_relay(world.relay_url.clone());
    let message = world
        .relay
        .webhook(|body| cloud(body, "messages").cloned())
        .await;
    assert_eq!(message["text"]["body"], "Waiting");
    shown(&world, |state| {
        state["deliveries"][0]["state"] == "delivered"
    })
    .await;
}

#[tokio::test]
async fn held_webhooks_go_out_as_one_batch() {
    let (world, _) = World::connected().await;
    world
        .fault(json!({"kind": "webhook_hold", "where": "instagram"}))
        .await;
    for number in 0..4 {
        world.say("instagram", "clara", &format!("{number}")).await;
        world.say("instagram", "omar", &format!("{number}")).await;
    }
    world.say("messenger", "clara", "not held").await;
    world
        .relay
        .until(|got| (texts(got) == ["not held"]).then_some(()))
        .await;
    world.fault(json!({"kind": "webhook_release"})).await;
    let got = world.relay.until(|got| got.get(1).cloned()).await;
    assert_eq!(
        got.json()["entry"][0]["messaging"]
            .as_array()
            .unwrap()
            .len(),
        8
    );
}

#[tokio::test]
async fn a_duplicate_comes_twice_and_a_dropped_one_never() {
    let (world, _) = World::connected().await;
    world
        .fault(json!({"kind": "duplicate", "where": "messenger"}))
        .await;
    world.say("messenger", "clara", "twice").await;
    world
        .relay
        .until(|got| (texts(got) == ["twice", "twice"]).then_some(()))
        .await;
    world
        .fault(json!({"kind": "webhook_drop", "where": "messenger message"}))
        .await;
    world.say("messenger", "clara", "never").await;
    shown(&world, |state| {
        state["deliveries"].to_string().contains("dropped")
    })
    .await;
    world.say("messenger", "clara", "once").await;
    world
        .relay
        .until(|got| (texts(got) == ["twice", "twice", "once"]).then_some(()))
        .await;
}

#[tokio::test]
async fn reordered_updates_come_last_first() {
    let (world, _) = World::connected().await;
    world
        .fault(json!({"kind": "reorder", "count": 3, "where": "instagram"}))
        .await;
    for text in ["one", "two", "three", "four"] {
        world.say("instagram", "clara", text).await;
    }
    let order = ["three", "two", "one", "four"];
    world
        .relay
        .until(|got| (texts(got) == order).then_some(()))
        .await;
}

#[tokio::test]
async fn an_echo_can_be_late_or_missing() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world.fault(json!({"kind": "echo_late", "value": 1})).await;
    world.answer("messenger", "clara", &tokens, "late").await;
    world.fault(json!({"kind": "echo_never"})).await;
    world.answer("messenger", "clara", &tokens, "missing").await;
    world.answer("messenger", "clara", &tokens, "plain").await;
    let echoed = |got: &[Got]| {
        let texts = texts(got);
        (texts.contains(&"late".to_owned()) && texts.contains(&"plain".to_owned())).then_some(texts)
    };
    let texts = world.relay.until(echoed).await;
    assert!(!texts.contains(&"missing".to_owned()));
    let place = |text: &str| texts.iter().position(|one| one == text);
    assert!(place("late") > place("plain"), "{texts:?}");
}

#[tokio::test]
async fn a_phone_that_is_off_gets_everything_later() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    world
        .fault(json!({"kind": "phone_off", "where": "whatsapp clara"}))
        .await;
    world.answer("whatsapp", "clara", &tokens, "Hello").await;
    assert_eq!(world.state().await["sent"][0]["tick"], "sent");
    let read = world
        .control("read", json!({"channel": "whatsapp", "from": "clara"}))
        .await;
    assert_eq!(
        read.1,
        json!({"read": 0}),
        "what has not arrived cannot be read"
    );
    world
        .fault(json!({"kind": "phone_on", "where": "whatsapp clara"}))
        .await;
    assert_eq!(world.state().await["sent"][0]["tick"], "delivered");
}

#[tokio::test]
async fn a_whatsapp_message_can_fail_after_it_was_accepted() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    world
        .fault(json!({"kind": "whatsapp_failed", "value": 131_049}))
        .await;
    assert_eq!(
        world.answer("whatsapp", "clara", &tokens, "Hello").await.0,
        200
    );
    let failed = |body: &Value| {
        let changes = body["entry"]
            .as_array()?
            .iter()
            .filter_map(|e| e["changes"].as_array());
        let statuses = changes
            .flatten()
            .filter_map(|change| change["value"]["statuses"].get(0));
        statuses
            .into_iter()
            .find(|status| status["status"] == "failed")
            .cloned()
    };
    let told = world.relay.webhook(failed).await;
    assert_eq!(told["errors"][0]["code"], 131_049);
    assert!(told["errors"][0]["error_data"]["details"].is_string());
    let body = json!({
        "messaging_product": "whatsapp", "to": "+15550001111", "type": "text",
        "text": {"body": "Anybody?"},
    });
    let path = format!("{}/messages", crate::world::PHONE);
    let answer = world.post(&path, &tokens.user, body).await;
    let id = answer["messages"][0]["id"].clone();
    let nobody = |body: &Value| failed(body).filter(|status| status["id"] == id);
    assert_eq!(
        world.relay.webhook(nobody).await["errors"][0]["code"],
        131_026
    );
}

#[tokio::test]
async fn an_earlier_delivery_can_be_sent_again() {
    let (world, _) = World::connected().await;
    world.say("instagram", "clara", "again").await;
    let state = shown(&world, |state| {
        state["deliveries"][0]["state"] == "delivered"
    })
    .await;
    let (status, _) = world
        .control(
            "redeliver",
            json!({"delivery": state["deliveries"][0]["id"]}),
        )
        .await;
    assert_eq!(status, 200);
    let got = world.relay.got();
    assert_eq!((got.len(), &got[0].body), (2, &got[1].body));
    assert_eq!(
        world.control("redeliver", json!({"delivery": 99})).await.0,
        404
    );
}

#[tokio::test]
async fn an_unsubscribed_account_is_silent_until_it_is_subscribed_again() {
    let (world, _) = World::connected().await;
    world
        .fault(json!({"kind": "unsubscribe", "where": "instagram"}))
        .await;
    world
        .say("messenger", "clara", "one Page, one subscription")
        .await;
    world.say("whatsapp", "clara", "heard").await;
    world
        .relay
        .webhook(|body| cloud(body, "messages").cloned())
        .await;
    assert!(
        world
            .relay
            .got()
            .iter()
            .all(|got| event(&got.json(), "message").is_none())
    );
}
