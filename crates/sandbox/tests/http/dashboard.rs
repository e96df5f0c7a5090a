//! What Meta's dashboard and a person's Facebook settings send to the relay.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn any_body_is_signed_as_it_is_and_the_relays_answer_comes_back() {
    let world = World::start().await;
    let post = async |sign: &str, body: &str| {
        let url = world
            .sandbox
            .url
            .join(&format!("/sandbox/webhook{sign}"))
            .unwrap();
        let response = world
            .http
            .post(url)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        response.status().as_u16()
    };
    assert_eq!(post("", "not json \u{e9}").await, 200);
    world.relay.answer(401);
    for sign in [
        "?sign=wrong",
        "?sign=none",
        "?sign=legacy",
        "?sign=double",
        "?sign=cut",
        "?sign=secret:x",
    ] {
        assert_eq!(post(sign, "{}").await, 401);
    }
    assert_eq!(post("?sign=nicely", "{}").await, 400);
    let got = world.relay.got();
    assert_eq!(got[0].body, "not json \u{e9}");
    assert!(crate::world::signed(&got[0]));
    assert!(got[1..].iter().all(|one| !crate::world::signed(one)));
    let headers = |index: usize| {
        got[index]
            .headers
            .get_all("x-hub-signature-256")
            .iter()
            .count()
    };
    assert_eq!(
        (headers(1), headers(2), headers(3), headers(4)),
        (1, 0, 0, 2)
    );
}

#[tokio::test]
async fn the_dashboard_verifies_and_moves_the_callback_address() {
    let world = World::start().await;
    let (_, verified) = world.control("verify", json!({})).await;
    assert_eq!(verified, json!({"status": 200, "verified": true}));
    let app = format!("{}|{}", sandbox::APP_ID, sandbox::APP_SECRET);
    let path = format!("{}/subscriptions", sandbox::APP_ID);
    let wrong = json!({
        "object": "page", "callback_url": world.sandbox.url.join("/nowhere").unwrap(),
        "verify_token": "t", "fields": "messages",
    });
    assert_eq!(
        world.try_post(&path, &app, wrong).await.1["error"]["code"],
        2200
    );
    assert_eq!(
        world.get(&path, &app, &[]).await.1["data"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn both_callbacks_give_the_relays_own_answer() {
    let (world, tokens) = World::connected().await;
    let (status, answer) = world
        .control("deletion", json!({"user": "owner", "keep_token": true}))
        .await;
    assert_eq!((status, &answer["confirmation_code"]), (200, &json!("AB")));
    assert_eq!(
        world.get("me", &tokens.user, &[]).await.0,
        200,
        "the token was kept"
    );
    let (status, _) = world.control("deauthorize", json!({"user": "owner"})).await;
    assert_eq!(status, 200);
    assert_eq!(
        world.get("me", &tokens.user, &[]).await.1["error"]["error_subcode"],
        458
    );
    let paths: Vec<String> = world.relay.got().into_iter().map(|got| got.path).collect();
    assert_eq!(paths, ["/meta/deletion", "/meta/deauthorize"]);
    assert_eq!(
        world.control("deletion", json!({"user": "nobody"})).await.0,
        404
    );
}

#[tokio::test]
async fn a_changed_secret_signs_proves_and_exchanges() {
    let (world, tokens) = World::connected().await;
    world
        .fault(json!({"kind": "secret_changed", "value": "the next secret"}))
        .await;
    world.say("instagram", "clara", "Hi").await;
    let got = world.relay.until(|got| got.first().cloned()).await;
    assert!(!crate::world::signed(&got));
    let old = format!("{}|{}", sandbox::APP_ID, sandbox::APP_SECRET);
    let query = [("input_token", tokens.user.as_str())];
    assert_eq!(world.get("debug_token", &old, &query).await.0, 400);
    let new = format!("{}|the next secret", sandbox::APP_ID);
    assert_eq!(world.get("debug_token", &new, &query).await.0, 200);
    let (status, _) = world
        .control("faults", json!({"kind": "secret_changed"}))
        .await;
    assert_eq!(status, 400);
}
