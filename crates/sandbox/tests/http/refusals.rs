//! Each refusal the main road's calls can meet, with Meta's exact code and subcode.

use std::time::Duration;

use sandbox::{APP_ID, APP_SECRET};
use serde_json::{Value, json};

use crate::world::{INSTAGRAM, PAGE, PAGE2, Tokens, WABA, World};

/// The codes Meta calls transient; beside others the word is absent.
const TRANSIENT: [i64; 3] = [2, 4, 17];

/// Checks HTTP status, code, subcode, `is_transient`, and the form every error body has.
pub(crate) fn expect(name: &str, (status, body): (u16, Value), wanted: (u16, i64, Option<i64>)) {
    let error = &body["error"];
    let subcode = error["error_subcode"].as_i64();
    assert_eq!(
        (status, error["code"].as_i64(), subcode),
        (wanted.0, Some(wanted.1), wanted.2),
        "{name}: {body}"
    );
    let transient = TRANSIENT.contains(&wanted.1).then_some(Value::Bool(true));
    assert_eq!(error.get("is_transient"), transient.as_ref(), "{name}");
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

/// What a person does at Facebook, and what the app hears of it: 458 once it was removed; 492 when
/// somebody else took the role on the Page away.
#[tokio::test]
async fn what_a_person_does_at_facebook_ends_every_token_with_its_own_subcode() {
    for (deed, subcode) in [
        ("password_changed", 460),
        ("logged_out", 467),
        ("checkpoint", 459),
        ("unconfirmed", 464),
        ("removed", 458),
        ("role_lost", 492),
    ] {
        let (world, tokens) = World::connected().await;
        let other = world.log_in(json!({"user": "employee"})).await;
        match deed {
            "removed" => drop(world.control("deauthorize", json!({"user": "owner"})).await),
            deed => world.fault(json!({ "kind": deed })).await,
        }
        let ended = (400, 190, Some(subcode));
        expect(deed, world.get("me", &tokens.page, &[]).await, ended);
        if deed != "role_lost" {
            expect(deed, world.get("me", &tokens.user, &[]).await, ended);
        }
        let spared = world.get("me", &other.user, &[]).await;
        assert_eq!(spared.0, 200, "{deed}: somebody else's");
        if !matches!(deed, "removed" | "role_lost") {
            let again = world.log_in(json!({})).await;
            let good = world.get("me", &again.page, &[]).await;
            assert_eq!(good.0, 200, "{deed}: after a new login");
        }
    }
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
