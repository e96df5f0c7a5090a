//! Refusals of messages: whom they are for, when, and what is in them.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::refusals::expect;
use crate::world::{PAGE, PAGE2, PHONE, World};

#[tokio::test]
async fn recipients_that_are_unknown_or_gone_are_refused() {
    let (world, tokens) = World::connected().await;
    let to = async |id: &str| {
        let body = json!({"recipient": {"id": id}, "message": {"text": "Hi"}});
        world
            .try_post(&format!("{PAGE}/messages"), &tokens.page, body)
            .await
    };
    expect("nobody", to("999").await, (400, 100, Some(2_018_001)));
    let never = world.customer("messenger", "clara").await;
    expect("never wrote", to(&never).await, (400, 100, Some(2_018_001)));
    world.say("messenger", "clara", "Hi").await;
    let other = json!({"channel": "messenger", "from": "omar", "text": "Hi", "account": PAGE2});
    world.control("say", other).await;
    let state = world.state().await;
    let threads = state["conversations"].as_array().unwrap();
    let of_other = threads
        .iter()
        .find(|thread| thread["account"] == PAGE2)
        .unwrap();
    let foreign = of_other["customer_id"].as_str().unwrap();
    expect(
        "another Page's customer",
        to(foreign).await,
        (400, 100, Some(2_018_001)),
    );
}

#[tokio::test]
async fn the_reply_window_closes_and_a_person_may_answer_for_seven_days() {
    let (world, tokens) = World::connected().await;
    for channel in ["messenger", "instagram", "whatsapp"] {
        world.say(channel, "clara", "Hi").await;
    }
    let human = async |channel: &str| {
        let body = json!({
            "recipient": {"id": world.customer(channel, "clara").await},
            "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT",
            "message": {"text": "Still there?"},
        });
        world
            .try_post(&format!("{PAGE}/messages"), &tokens.page, body)
            .await
    };
    world.pass(Duration::from_secs(24 * 3600 + 5));
    let answer = async |channel: &str| world.answer(channel, "clara", &tokens, "Hello").await;
    let windows = [
        ("messenger", (403, 10, Some(2_018_278))),
        ("instagram", (403, 10, Some(2_534_022))),
        ("whatsapp", (400, 131_047, None)),
    ];
    for (channel, wanted) in windows {
        expect(channel, answer(channel).await, wanted);
    }
    assert_eq!(human("messenger").await.0, 200);
    assert_eq!(human("instagram").await.0, 200);
    world.fault(json!({"kind": "human_agent_off"})).await;
    expect("no Human Agent", human("instagram").await, (400, 3, None));
    world
        .fault(json!({"kind": "human_agent_off", "count": 0}))
        .await;
    world.pass(Duration::from_secs(6 * 24 * 3600));
    expect(
        "after a week",
        human("messenger").await,
        (403, 10, Some(2_018_278)),
    );
    expect(
        "after a week",
        human("instagram").await,
        (403, 10, Some(2_534_022)),
    );
    for channel in ["messenger", "instagram", "whatsapp"] {
        world.say(channel, "clara", "Me again").await;
        assert_eq!(answer(channel).await.0, 200, "a new message opens it again");
    }
}

#[tokio::test]
async fn messages_that_are_too_long_empty_or_odd_are_refused() {
    let (world, tokens) = World::connected().await;
    for channel in ["messenger", "instagram", "whatsapp"] {
        world.say(channel, "clara", "Hi").await;
    }
    let answer =
        async |channel: &str, text: &str| world.answer(channel, "clara", &tokens, text).await;
    let ok = 200;
    assert_eq!(answer("messenger", &"é".repeat(1_999)).await.0, ok);
    expect(
        "2000 characters",
        answer("messenger", &"é".repeat(2_000)).await,
        (400, 100, None),
    );
    assert_eq!(answer("instagram", &"é".repeat(500)).await.0, ok);
    expect(
        "1002 bytes",
        answer("instagram", &"é".repeat(501)).await,
        (400, 100, None),
    );
    assert_eq!(answer("whatsapp", &"é".repeat(4_096)).await.0, ok);
    expect(
        "4097 characters",
        answer("whatsapp", &"é".repeat(4_097)).await,
        (400, 131_009, None),
    );
    expect("nothing", answer("messenger", "").await, (400, 100, None));
    expect(
        "nothing",
        answer("whatsapp", "").await,
        (400, 131_008, None),
    );
    let to = world.customer("messenger", "clara").await;
    let bodies = [
        json!({"message": {"text": "Hi"}}),
        json!({"recipient": {"id": to}}),
        json!({"recipient": {"id": to}, "message": {}}),
        json!({"recipient": {"id": to}, "message": {"text": 5}}),
        json!({"recipient": {"id": to}, "message": {"text": "a"}, "sender_action": "mark_seen"}),
        json!({"recipient": {"id": to}, "sender_action": "dance"}),
        json!({"recipient": {"id": to}, "messaging_type": "SHOUT", "message": {"text": "a"}}),
        json!({"recipient": {"id": to}, "messaging_type": "MESSAGE_TAG", "message": {"text": "a"}}),
        json!({"recipient": {"id": to}, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE", "message": {"text": "a"}}),
        json!({"recipient": {"id": to}, "messaging_type": "RESPONSE", "tag": "HUMAN_AGENT", "message": {"text": "a"}}),
        json!({"recipient": {"id": to}, "message": {"text": "a", "metadata": "x".repeat(1_000)}}),
        json!({"recipient": {"id": to}, "message": {"text": "a"}, "reply_to": {"mid": "m_none"}}),
        json!({"recipient": {"id": to}, "message": {"attachment": {"type": "dance", "payload": {}}}}),
        json!({"recipient": {"id": to}, "message": {"attachment": {"type": "image", "payload": {}}}}),
    ];
    for body in bodies {
        let answer = world
            .try_post(&format!("{PAGE}/messages"), &tokens.page, body.clone())
            .await;
        expect(&body.to_string(), answer, (400, 100, None));
    }
}

/// A text to Clara with other things in it.
fn to_clara(changes: &Value) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp", "to": "+447700900142", "type": "text",
        "text": {"body": "Hello"},
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Name, changes, HTTP status, code.
async fn expect_whatsapp(table: &[(&str, Value, u16, i64)]) {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    let path = format!("{PHONE}/messages");
    for (name, changes, status, code) in table {
        let answer = world.try_post(&path, &tokens.user, to_clara(changes)).await;
        expect(name, answer, (*status, *code, None));
    }
    world.post(&path, &tokens.user, to_clara(&json!({}))).await;
}

#[tokio::test]
#[rustfmt::skip]
async fn whatsapps_parameters_are_checked() {
    let long = "x".repeat(513);
    expect_whatsapp(&[
        ("no product", json!({"messaging_product": null}), 400, 100),
        ("nobody", json!({"to": null}), 400, 131_008),
        ("no number", json!({"to": "clara"}), 400, 131_009),
        ("ourselves", json!({"to": "+44 20 7946 0817"}), 400, 131_021),
        ("a group", json!({"recipient_type": "group"}), 400, 131_009),
        ("no such type", json!({"type": "dance"}), 400, 131_008),
        ("a dance", json!({"type": "dance", "dance": {}}), 400, 131_009),
        ("no words", json!({"text": {}}), 400, 131_008),
        ("too much of ours", json!({"biz_opaque_callback_data": long}), 400, 131_009),
        ("no context", json!({"context": {"message_id": "wamid.0"}}), 400, 131_009),
        ("a status", json!({"status": "heard"}), 400, 131_009),
        ("nothing read", json!({"status": "read"}), 400, 131_008),
        ("read", json!({"status": "read", "message_id": "wamid.0"}), 400, 131_009),
    ])
    .await;
}

#[tokio::test]
#[rustfmt::skip]
async fn whatsapps_files_templates_and_reactions_are_checked() {
    let image = |image: Value| json!({"type": "image", "image": image});
    let reaction = |reaction: Value| json!({"type": "reaction", "reaction": reaction});
    let caption = "x".repeat(1_025);
    let template = json!({"type": "template", "template": {"name": "hello"}});
    expect_whatsapp(&[
        ("an unknown file", image(json!({"id": "1"})), 400, 131_009),
        ("no file", image(json!({})), 400, 131_008),
        ("a dead link", image(json!({"link": "http://127.0.0.1:9/"})), 400, 131_053),
        ("a long caption", image(json!({"id": "1", "caption": caption})), 400, 131_009),
        ("a template", template, 404, 132_001),
        ("a reaction to nothing", reaction(json!({"emoji": "👍"})), 400, 131_008),
        ("to an unknown", reaction(json!({"emoji": "👍", "message_id": "x"})), 400, 131_009),
    ])
    .await;
}

#[tokio::test]
async fn uploads_that_are_no_pictures_or_too_large_are_refused() {
    let (world, tokens) = World::connected().await;
    let part = |bytes: Vec<u8>| {
        Part::bytes(bytes)
            .file_name("p")
            .mime_str("image/png")
            .unwrap()
    };
    let large = || {
        let mut bytes = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
        bytes.resize(9 * 1024 * 1024, 0);
        bytes
    };
    let message = json!({"attachment": {"type": "image", "payload": {"is_reusable": true}}});
    for bytes in [b"no picture".to_vec(), large()] {
        let form = Form::new()
            .text("platform", "instagram")
            .text("message", message.to_string())
            .part("filedata", part(bytes));
        let path = format!("{PAGE}/message_attachments");
        expect(
            "attachment",
            world.upload(&path, &tokens.page, form).await,
            (400, 100, Some(2_018_047)),
        );
    }
    let form = |bytes: Vec<u8>, mime: &str| {
        let part = Part::bytes(bytes).file_name("p").mime_str(mime).unwrap();
        Form::new()
            .text("messaging_product", "whatsapp")
            .part("file", part)
    };
    let path = format!("{PHONE}/media");
    let odd = world
        .upload(
            &path,
            &tokens.user,
            form(b"odd".to_vec(), "application/x-odd"),
        )
        .await;
    expect("odd file", odd, (400, 100, None));
    let huge = world
        .upload(&path, &tokens.user, form(large(), "image/png"))
        .await;
    expect("huge file", huge, (400, 131_053, None));
}
