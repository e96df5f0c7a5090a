//! Each refusal the main road's calls can meet, with Meta's exact code and subcode.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use sandbox::{APP_ID, APP_SECRET};
use serde_json::{Value, json};

use crate::world::{INSTAGRAM, PAGE, PAGE2, PHONE, Tokens, WABA, World};

/// Checks HTTP status, code, subcode, and the form every error body has.
fn expect(name: &str, (status, body): (u16, Value), wanted: (u16, i64, Option<i64>)) {
    let error = &body["error"];
    let subcode = error["error_subcode"].as_i64();
    assert_eq!(
        (status, error["code"].as_i64(), subcode),
        (wanted.0, Some(wanted.1), wanted.2),
        "{name}: {body}"
    );
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{name}"
    );
    assert!(
        error["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("Exception")),
        "{name}"
    );
    let trace = error["fbtrace_id"].as_str().unwrap_or_default();
    assert!(
        trace.len() == 23 && trace.starts_with('A'),
        "{name}: {trace}"
    );
    if wanted.1 >= 130_000 {
        assert_eq!(
            error["error_data"]["messaging_product"], "whatsapp",
            "{name}"
        );
        assert!(error["error_data"]["details"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn tokens_are_refused_by_what_is_wrong_with_them() {
    let (world, tokens) = World::connected().await;
    expect(
        "no token",
        world.get("me", "", &[]).await,
        (400, 2500, None),
    );
    expect(
        "no token elsewhere",
        world.get(PAGE, "", &[]).await,
        (400, 104, None),
    );
    expect(
        "malformed",
        world.get("me", "nonsense", &[]).await,
        (400, 190, None),
    );
    expect(
        "unknown",
        world.get("me", "EAAunknown", &[]).await,
        (400, 190, None),
    );
    for subcode in [458, 459, 460, 464, 467, 492] {
        let fresh = world.log_in(json!({})).await;
        world
            .fault(json!({"kind": "token_revoked", "where": "owner", "value": subcode}))
            .await;
        expect(
            "dead",
            world.get("me", &fresh.user, &[]).await,
            (400, 190, Some(subcode)),
        );
    }
    let fresh = world.log_in(json!({})).await;
    world.pass(Duration::from_secs(61 * 24 * 3600));
    let expired = world.get("me", &fresh.user, &[]).await;
    let message = expired.1["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("Session has expired on"), "{message}");
    expect("expired", expired, (400, 190, Some(463)));
    let query = [
        ("grant_type", "fb_exchange_token"),
        ("client_id", APP_ID),
        ("client_secret", APP_SECRET),
        ("fb_exchange_token", &fresh.user),
    ];
    expect(
        "lengthened too late",
        world.get("oauth/access_token", "", &query).await,
        (400, 190, Some(463)),
    );
    assert_eq!(
        world.get("me", &fresh.page, &[]).await.0,
        200,
        "a Page's token has no end"
    );
    drop(tokens);
}

#[tokio::test]
async fn the_exchange_refuses_wrong_apps_secrets_and_codes() {
    let world = World::start().await;
    let get = async |id: &str, secret: &str, code: &str| {
        let query = [
            ("client_id", id),
            ("client_secret", secret),
            ("redirect_uri", "http://127.0.0.1:9/cb"),
            ("code", code),
        ];
        world.get("oauth/access_token", "", &query).await
    };
    expect(
        "wrong app",
        get("1", APP_SECRET, "x").await,
        (400, 101, None),
    );
    expect(
        "wrong secret",
        get(APP_ID, "other", "x").await,
        (400, 1, None),
    );
    expect(
        "unknown code",
        get(APP_ID, APP_SECRET, "x").await,
        (400, 100, None),
    );
    let debug = world
        .get(
            "debug_token",
            &format!("{APP_ID}|wrong"),
            &[("input_token", "x")],
        )
        .await;
    expect("wrong app token", debug, (400, 190, None));
    let tokens = world.log_in(json!({})).await;
    let debug = world
        .get("debug_token", &tokens.user, &[("input_token", "x")])
        .await;
    expect("debug with a person's token", debug, (400, 100, None));
}

#[tokio::test]
async fn a_proof_is_needed_when_the_app_says_so_and_checked_whenever_it_comes() {
    let (world, tokens) = World::connected().await;
    let wrong = [("appsecret_proof", "00")];
    expect(
        "wrong proof",
        world.get("me", &tokens.user, &wrong).await,
        (400, 100, None),
    );
    world.fault(json!({"kind": "proof_required"})).await;
    let missing = world.get("me", &tokens.user, &[]).await;
    assert_eq!(missing.1["error"]["type"], "GraphMethodException");
    expect("missing proof", missing, (400, 100, None));
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
    mac.update(tokens.user.as_bytes());
    let proof = hex::encode(mac.finalize().into_bytes());
    assert_eq!(
        world
            .get("me", &tokens.user, &[("appsecret_proof", &proof)])
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn objects_paths_and_fields_that_do_not_exist_are_refused() {
    let (world, tokens) = World::connected().await;
    expect(
        "no object",
        world.get("123456789", &tokens.user, &[]).await,
        (400, 100, Some(33)),
    );
    expect(
        "no alias",
        world.get("nobody", &tokens.page, &[]).await,
        (404, 803, None),
    );
    expect(
        "no path",
        world.get("me/somewhere", &tokens.user, &[]).await,
        (400, 2500, None),
    );
    expect(
        "no deep path",
        world.get("me/a/b", &tokens.user, &[]).await,
        (400, 2500, None),
    );
    let fields = [("fields", "id,colour")];
    expect(
        "no field",
        world.get("me", &tokens.user, &fields).await,
        (400, 100, None),
    );
    let broken = [("fields", "id{")];
    expect(
        "broken fields",
        world.get("me", &tokens.user, &broken).await,
        (400, 2500, None),
    );
    let foreign = world
        .get(&format!("{PAGE2}/conversations"), &tokens.page, &[])
        .await;
    expect("another Page", foreign, (400, 100, Some(33)));
    let own = world
        .get(&format!("{PAGE}/conversations"), &tokens.user, &[])
        .await;
    expect("a person's token for a Page's edge", own, (403, 210, None));
    let fields = json!({"subscribed_fields": "messages,everything"});
    let unknown = world
        .try_post(&format!("{PAGE}/subscribed_apps"), &tokens.page, fields)
        .await;
    expect("no such webhook field", unknown, (400, 100, None));
    let none = world
        .try_post(&format!("{PAGE}/subscribed_apps"), &tokens.page, json!({}))
        .await;
    expect("no webhook fields", none, (400, 100, None));
}

#[tokio::test]
async fn a_missing_permission_has_its_own_code_for_each_channel() {
    for (scope, channel, wanted) in [
        ("pages_messaging", "messenger", (403, 230, None)),
        ("instagram_manage_messages", "instagram", (403, 10, None)),
        (
            "whatsapp_business_messaging",
            "whatsapp",
            (403, 131_005, None),
        ),
    ] {
        let (world, tokens) = World::connected().await;
        world.say(channel, "clara", "Hi").await;
        world
            .fault(json!({"kind": "permission_lost", "where": scope}))
            .await;
        expect(
            scope,
            world.answer(channel, "clara", &tokens, "Hello").await,
            wanted,
        );
    }
    let (world, tokens) = World::connected().await;
    world
        .fault(json!({"kind": "permission_lost", "where": "whatsapp_business_management"}))
        .await;
    let numbers = world
        .get(&format!("{WABA}/phone_numbers"), &tokens.user, &[])
        .await;
    assert_eq!(numbers.1["error"]["error_user_title"], "Permission Denied");
    expect("management", numbers, (403, 200, Some(1_349_174)));
    world
        .fault(json!({"kind": "permission_lost", "where": "pages_manage_metadata"}))
        .await;
    let fields = json!({"subscribed_fields": "messages"});
    let apps = world
        .try_post(&format!("{PAGE}/subscribed_apps"), &tokens.page, fields)
        .await;
    expect("metadata", apps, (403, 200, None));
}

#[tokio::test]
async fn a_lost_role_and_a_lost_task_differ() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world
        .fault(json!({"kind": "task_lost", "where": "owner"}))
        .await;
    expect(
        "task",
        world.answer("messenger", "clara", &tokens, "Hi").await,
        (403, 200, None),
    );
    world
        .fault(json!({"kind": "role_lost", "where": "owner"}))
        .await;
    expect(
        "role",
        world.answer("messenger", "clara", &tokens, "Hi").await,
        (400, 190, Some(492)),
    );
}

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
    world
        .fault(json!({"kind": "blocked", "where": "messenger clara"}))
        .await;
    expect("blocked", to(&never).await, (400, 551, Some(1_545_041)));
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
async fn whatsapps_pair_limit_and_test_numbers_are_enforced() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    for number in 0..45 {
        assert_eq!(
            world
                .answer("whatsapp", "clara", &tokens, &format!("{number}"))
                .await
                .0,
            200
        );
    }
    expect(
        "pair",
        world.answer("whatsapp", "clara", &tokens, "46").await,
        (400, 131_056, None),
    );
    world.pass(Duration::from_secs(7));
    assert_eq!(
        world.answer("whatsapp", "clara", &tokens, "46").await.0,
        200
    );
    world.fault(json!({"kind": "allow_list"})).await;
    expect(
        "test number",
        world.answer("whatsapp", "omar", &tokens, "Hi").await,
        (400, 131_030, None),
    );
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

/// The limits, outages and blocks that only Meta decides: channel, code, subcode, HTTP status.
#[rustfmt::skip]
const DECIDED: [(&str, i64, Option<i64>, u16); 37] = [
    ("messenger", 1, Some(99), 500), ("messenger", 2, None, 500), ("messenger", 4, None, 400),
    ("messenger", 4, Some(2_446_079), 400), ("messenger", 9, Some(2_018_352), 400),
    ("messenger", 10, Some(2_018_065), 403), ("messenger", 10, Some(2_018_108), 403),
    ("messenger", 17, None, 400), ("messenger", 32, None, 400),
    ("messenger", 200, Some(1_545_041), 403), ("messenger", 341, None, 400),
    ("messenger", 368, None, 400), ("messenger", 551, Some(1_545_041), 400),
    ("messenger", 613, None, 400), ("messenger", 613, Some(1996), 400),
    ("messenger", 80_001, None, 400), ("messenger", 80_002, None, 400),
    ("messenger", 80_006, None, 400),
    ("whatsapp", 0, None, 401), ("whatsapp", 80_007, None, 400), ("whatsapp", 80_008, None, 400),
    ("whatsapp", 130_429, None, 400), ("whatsapp", 130_472, None, 400),
    ("whatsapp", 130_497, None, 403), ("whatsapp", 131_000, None, 500),
    ("whatsapp", 131_016, None, 500), ("whatsapp", 131_026, None, 400),
    ("whatsapp", 131_031, None, 403), ("whatsapp", 131_037, None, 400),
    ("whatsapp", 131_042, None, 400), ("whatsapp", 131_045, None, 500),
    ("whatsapp", 131_048, None, 400), ("whatsapp", 131_049, None, 400),
    ("whatsapp", 131_052, None, 400), ("whatsapp", 131_056, None, 400),
    ("whatsapp", 131_057, None, 500), ("whatsapp", 133_010, None, 400),
];

#[tokio::test]
async fn limits_and_outages_have_their_codes() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world.say("whatsapp", "clara", "Hi").await;
    for (channel, code, subcode, status) in DECIDED {
        let value = json!({"code": code, "subcode": subcode});
        world
            .fault(json!({"kind": "graph_error", "value": value, "where": "send"}))
            .await;
        let answer = world.answer(channel, "clara", &tokens, "Hello").await;
        let transient = answer.1["error"]["is_transient"] == true;
        assert_eq!(transient, matches!(code, 2 | 4 | 17), "{code}");
        expect(&format!("{code}"), answer, (status, code, subcode));
    }
    assert_eq!(
        world.state().await["sent"],
        json!([]),
        "a refused message is not sent"
    );
}

#[tokio::test]
async fn a_rate_limit_shows_in_the_usage_headers() {
    let (world, tokens) = World::connected().await;
    world
        .fault(json!({"kind": "rate_limit", "where": "phone_numbers", "value": 80_008}))
        .await;
    let url = format!("{}/v25.0/{WABA}/phone_numbers", world.sandbox.graph_url());
    let response = world
        .http
        .get(&url)
        .bearer_auth(&tokens.user)
        .send()
        .await
        .unwrap();
    let usage = response.headers()["x-business-use-case-usage"]
        .to_str()
        .unwrap();
    let usage: Value = serde_json::from_str(usage).unwrap();
    assert_eq!(usage[WABA][0]["call_count"], 100);
    assert_eq!(usage[WABA][0]["estimated_time_to_regain_access"], 1);
    let response = world
        .http
        .get(&url)
        .bearer_auth(&tokens.user)
        .send()
        .await
        .unwrap();
    let usage: Value =
        serde_json::from_str(response.headers()["x-app-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage["call_count"], 1);
}

#[tokio::test]
async fn conversations_can_be_paced() {
    let (world, tokens) = World::connected().await;
    world.fault(json!({"kind": "conversations_paced"})).await;
    let path = format!("{PAGE}/conversations");
    let get = async || {
        world
            .get(&path, &tokens.page, &[("platform", "instagram")])
            .await
    };
    assert_eq!(get().await.0, 200);
    assert_eq!(get().await.0, 200);
    expect("third in a second", get().await, (400, 613, None));
    world.pass(Duration::from_secs(1));
    assert_eq!(get().await.0, 200);
}

#[tokio::test]
async fn the_host_of_instagram_login_knows_no_facebook_token() {
    let (world, tokens) = World::connected().await;
    let url = format!("{}/v25.0/me", world.sandbox.instagram_url());
    let response = world
        .http
        .get(url)
        .bearer_auth(&tokens.page)
        .send()
        .await
        .unwrap();
    let answer = crate::world::read(response).await;
    assert_eq!(answer.1["error"]["type"], "IGApiException");
    expect("wrong host", answer, (400, 190, None));
}

#[tokio::test]
async fn a_node_can_be_told_what_to_say() {
    let (world, tokens) = World::connected().await;
    let Tokens { user, page } = tokens;
    let error = json!({"error": {"code": 190, "error_subcode": 458}});
    let nodes = json!({"4711": {"id": "4711", "name": "Told"}, INSTAGRAM: error});
    world.control("nodes", nodes).await;
    assert_eq!(world.get("4711", &user, &[]).await.1["name"], "Told");
    expect(
        "told",
        world.get(INSTAGRAM, &page, &[]).await,
        (400, 190, Some(458)),
    );
    world.control("nodes", json!({INSTAGRAM: null})).await;
    assert_eq!(world.get(INSTAGRAM, &page, &[]).await.0, 200);
}
