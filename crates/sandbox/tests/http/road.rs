//! A customer writes, the shop answers: what Meta tells of it on each channel.

use serde_json::{Value, json};

use crate::world::{INSTAGRAM, PAGE, PHONE, WABA, World, cloud, event, signed};

#[tokio::test]
async fn a_customers_words_arrive_signed_over_metas_escaped_form() {
    let (world, _) = World::connected().await;
    let words = "Café 🌷 مرحباً https://x.example/1";
    let id = world.say("instagram", "misaki", words).await;
    let got = world
        .relay
        .until(|got| got.iter().find(|got| got.path == "/webhooks/meta").cloned())
        .await;
    assert!(signed(&got), "signed over the bytes as they were sent");
    assert!(got.body.is_ascii(), "everything beyond ASCII is escaped");
    let text = std::str::from_utf8(&got.body).unwrap();
    assert!(
        text.contains("Caf\\u00e9 \\ud83c\\udf37") && text.contains("https:\\/\\/x.example\\/1")
    );
    assert!(
        got.headers["x-hub-signature"]
            .to_str()
            .unwrap()
            .starts_with("sha1=")
    );
    let body = got.json();
    assert_eq!(
        (&body["object"], &body["entry"][0]["id"]),
        (&json!("instagram"), &json!(INSTAGRAM))
    );
    let event = event(&body, "message").unwrap();
    assert_eq!(event["message"], json!({"mid": id, "text": words}));
    assert_eq!(
        event["sender"]["id"],
        world.customer("instagram", "misaki").await
    );
    assert_eq!(event["recipient"]["id"], INSTAGRAM);
}

#[tokio::test]
async fn messenger_answers_with_echo_delivery_and_read() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    let (status, answer) = world
        .answer("messenger", "clara", &tokens, "Hello 🌷")
        .await;
    assert_eq!(status, 200, "{answer}");
    let mid = answer["message_id"].clone();
    assert!(mid.as_str().unwrap().starts_with("m_"));
    let echo = world
        .relay
        .webhook(|body| {
            event(body, "message")
                .filter(|e| e["message"]["is_echo"] == true)
                .cloned()
        })
        .await;
    assert_eq!(echo["message"]["mid"], mid);
    assert_eq!(echo["message"]["metadata"], "our-id");
    assert_eq!(echo["message"]["app_id"], 1_055_501_234_567_890_i64);
    assert_eq!(echo["sender"]["id"], PAGE);
    assert_eq!(echo["recipient"]["id"], answer["recipient_id"]);
    let delivery = world
        .relay
        .webhook(|body| event(body, "delivery").cloned())
        .await;
    assert_eq!(delivery["delivery"]["mids"], json!([mid]));
    let (_, read) = world
        .control("read", json!({"channel": "messenger", "from": "clara"}))
        .await;
    assert_eq!(read, json!({"read": 1}));
    let read = world
        .relay
        .webhook(|body| event(body, "read").cloned())
        .await;
    assert_eq!(read["read"]["watermark"], echo["timestamp"]);
}

#[tokio::test]
async fn instagrams_echo_has_no_metadata_and_read_names_the_message() {
    let (world, tokens) = World::connected().await;
    world.say("instagram", "clara", "Hi").await;
    let (_, answer) = world.answer("instagram", "clara", &tokens, "Hello").await;
    let echo = world
        .relay
        .webhook(|body| {
            event(body, "message")
                .filter(|e| e["message"]["is_echo"] == true)
                .cloned()
        })
        .await;
    let mid = answer["message_id"].clone();
    assert_eq!(
        echo["message"],
        json!({"mid": mid, "text": "Hello", "is_echo": true})
    );
    // Whoever writes has read what was there.
    world.say("instagram", "clara", "Thanks").await;
    let read = world
        .relay
        .webhook(|body| event(body, "read").cloned())
        .await;
    assert_eq!(read["read"], json!({"mid": mid}));
    let state = world.state().await;
    let kinds: Vec<Value> = state["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kinds"].clone())
        .collect();
    assert!(
        !kinds
            .iter()
            .any(|kinds| kinds.to_string().contains("delivery"))
    );
}

#[tokio::test]
async fn whatsapp_reports_sent_delivered_and_read_with_our_id() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    let message = world
        .relay
        .webhook(|body| cloud(body, "messages").cloned())
        .await;
    assert_eq!(
        (&message["type"], &message["text"]["body"]),
        (&json!("text"), &json!("Hi"))
    );
    let (_, answer) = world.answer("whatsapp", "clara", &tokens, "Hello").await;
    let id = answer["messages"][0]["id"].clone();
    assert!(id.as_str().unwrap().starts_with("wamid.HBg"));
    assert_eq!(answer["contacts"][0]["wa_id"], "447700900142");
    world
        .control("read", json!({"channel": "whatsapp", "from": "clara"}))
        .await;
    for status in ["sent", "delivered", "read"] {
        let told = world
            .relay
            .webhook(|body| {
                let changes = body["entry"]
                    .as_array()?
                    .iter()
                    .filter_map(|e| e["changes"].as_array());
                changes
                    .flatten()
                    .filter_map(|change| change["value"]["statuses"].get(0))
                    .find(|one| one["status"] == status)
                    .cloned()
            })
            .await;
        assert_eq!(told["id"], id);
        assert_eq!(told["biz_opaque_callback_data"], "our-id");
        assert_eq!(told["recipient_id"], "447700900142");
    }
}

#[tokio::test]
async fn whoever_hides_the_number_is_answered_by_scoped_id() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "mia", "Huhu 👋").await;
    let value = world
        .relay
        .webhook(|body| {
            cloud(body, "messages")?;
            Some(body["entry"][0]["changes"][0]["value"].clone())
        })
        .await;
    assert_eq!(value["messages"][0]["from"], Value::Null);
    assert_eq!(value["contacts"][0]["wa_id"], Value::Null);
    let scoped = value["messages"][0]["from_user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(scoped.starts_with("CH."), "{scoped}");
    let body = json!({
        "messaging_product": "whatsapp", "recipient": scoped,
        "type": "text", "text": {"body": "Hallo Mia"},
    });
    let answer = world
        .post(&format!("{PHONE}/messages"), &tokens.user, body)
        .await;
    assert_eq!(
        answer["contacts"][0],
        json!({"input": scoped, "user_id": scoped})
    );
}

#[tokio::test]
async fn reactions_and_unsending_are_told_in_each_channels_way() {
    let (world, _) = World::connected().await;
    for channel in ["instagram", "messenger", "whatsapp"] {
        let id = world.say(channel, "layla", "شكراً").await;
        let touch = |emoji: Option<&str>| json!({"channel": channel, "from": "layla", "message": id, "emoji": emoji});
        assert_eq!(world.control("react", touch(Some("❤️"))).await.0, 200);
        assert_eq!(world.control("unsend", touch(None)).await.0, 200);
        let (reaction, removed) = if channel == "whatsapp" {
            let of = |kind: &'static str| {
                move |body: &Value| {
                    cloud(body, "messages")
                        .filter(|m| m["type"] == kind)
                        .cloned()
                }
            };
            let reaction = world.relay.webhook(of("reaction")).await["reaction"].clone();
            let revoke = world.relay.webhook(of("revoke")).await["revoke"].clone();
            (
                reaction["message_id"].clone(),
                revoke["original_message_id"].clone(),
            )
        } else {
            let ours = |event: &&Value| {
                event["reaction"]["mid"] == id.as_str() || event["message"]["is_deleted"] == true
            };
            let all = |body: &Value| -> Vec<Value> {
                let entries = body["entry"].as_array().cloned().unwrap_or_default();
                entries
                    .iter()
                    .filter_map(|e| e["messaging"].as_array())
                    .flatten()
                    .filter(ours)
                    .cloned()
                    .collect()
            };
            let reaction = world
                .relay
                .webhook(|body| all(body).into_iter().find(|e| !e["reaction"].is_null()))
                .await;
            let removed = world
                .relay
                .webhook(|body| {
                    all(body)
                        .into_iter()
                        .find(|e| e["message"]["mid"] == id.as_str())
                })
                .await;
            assert_eq!(reaction["reaction"]["action"], "react");
            (
                reaction["reaction"]["mid"].clone(),
                removed["message"]["mid"].clone(),
            )
        };
        assert_eq!((&reaction, &removed), (&json!(id), &json!(id)), "{channel}");
    }
}

#[tokio::test]
async fn what_the_shop_writes_on_its_own_phone_is_echoed_without_our_app() {
    let (world, _) = World::connected().await;
    world.say("messenger", "jonas", "Hallo").await;
    let body = json!({"channel": "messenger", "from": "shop", "to": "jonas", "text": "Ja!"});
    assert_eq!(world.control("say", body).await.0, 200);
    let echo = world
        .relay
        .webhook(|body| {
            event(body, "message")
                .filter(|e| e["message"]["is_echo"] == true)
                .cloned()
        })
        .await;
    assert_eq!(echo["message"]["app_id"], 263_902_037_430_900_i64);
    assert_eq!(echo["message"]["metadata"], Value::Null);
}

#[tokio::test]
async fn nothing_is_told_without_a_subscription() {
    let world = World::start().await;
    let tokens = world.log_in(json!({})).await;
    world.say("instagram", "clara", "Before").await;
    world.say("whatsapp", "clara", "Before").await;
    let fields = json!({"subscribed_fields": "messages"});
    world
        .post(&format!("{PAGE}/subscribed_apps"), &tokens.page, fields)
        .await;
    world
        .post(&format!("{WABA}/subscribed_apps"), &tokens.user, json!({}))
        .await;
    world.say("instagram", "clara", "After").await;
    world
        .relay
        .webhook(|body| event(body, "message").cloned())
        .await;
    world.say("whatsapp", "clara", "After").await;
    world
        .relay
        .webhook(|body| cloud(body, "messages").cloned())
        .await;
    for got in world.relay.got() {
        assert!(!String::from_utf8_lossy(&got.body).contains("Before"));
    }
}

#[tokio::test]
async fn read_marks_and_typing_of_the_shop_show_on_the_phone() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "omar", "Hi").await;
    let wamid = world.say("whatsapp", "omar", "Hi").await;
    let to = world.customer("messenger", "omar").await;
    for action in ["mark_seen", "typing_on"] {
        let body = json!({"recipient": {"id": to}, "sender_action": action});
        let answer = world
            .post(&format!("{PAGE}/messages"), &tokens.page, body)
            .await;
        assert_eq!(answer, json!({"recipient_id": to}));
    }
    let body = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": wamid,
        "typing_indicator": {"type": "text"},
    });
    let answer = world
        .post(&format!("{PHONE}/messages"), &tokens.user, body)
        .await;
    assert_eq!(answer, json!({"success": true}));
    let state = world.state().await;
    for thread in state["conversations"].as_array().unwrap() {
        assert_eq!(thread["shop_types"], true, "{thread}");
        assert!(thread["seen_by_shop_at"].is_i64());
    }
}
