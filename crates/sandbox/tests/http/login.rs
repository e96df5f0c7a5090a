//! The login dialog, the code, the tokens, and what they are good for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandbox::{APP_ID, APP_SECRET};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::world::{INSTAGRAM, OWNER, PAGE, PAGE2, PHONE, WABA, World, read};

pub(crate) fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn what_was_not_ticked_is_absent_and_what_was_declined_is_named() {
    let world = World::start().await;
    let tokens = world
        .log_in(json!({
            "grant": ["pages_show_list", "pages_messaging"],
            "accounts": ["page", "instagram"],
        }))
        .await;
    let pages = world.get("me/accounts", &tokens.user, &[]).await.1;
    assert_eq!(pages["data"].as_array().unwrap().len(), 1);
    assert_eq!(pages["data"][0]["id"], PAGE);
    let fields = [("fields", "id,instagram_business_account")];
    let pages = world.get("me/accounts", &tokens.user, &fields).await.1;
    assert_eq!(
        pages["data"][0],
        json!({"id": PAGE}),
        "instagram_basic was declined"
    );
    let permissions = world.get("me/permissions", &tokens.user, &[]).await.1;
    let status = |name: &str| {
        let list = permissions["data"].as_array().unwrap();
        list.iter().find(|one| one["permission"] == name).unwrap()["status"].clone()
    };
    assert_eq!(status("pages_messaging"), "granted");
    assert_eq!(status("instagram_manage_messages"), "declined");
    assert_eq!(status("public_profile"), "granted");
}

#[tokio::test]
async fn pages_come_with_tasks_instagram_and_tokens_that_do_not_expire() {
    let world = World::start().await;
    let tokens = world.log_in(json!({})).await;
    let fields = [(
        "fields",
        "id,name,tasks,access_token,instagram_business_account{id,username}",
    )];
    let pages = world.get("me/accounts", &tokens.user, &fields).await.1;
    let [first, second] = pages["data"].as_array().unwrap().as_slice() else {
        panic!("{pages}")
    };
    assert_eq!(first["instagram_business_account"]["id"], INSTAGRAM);
    assert_eq!(
        first["instagram_business_account"]["username"],
        "fern.and.ribbon"
    );
    assert_eq!(
        (&second["id"], &second["instagram_business_account"]),
        (&json!(PAGE2), &Value::Null)
    );
    assert!(
        first["tasks"]
            .as_array()
            .unwrap()
            .contains(&json!("MESSAGING"))
    );
    let pictures = world
        .get("me/accounts", &tokens.user, &[("fields", "picture{url}")])
        .await
        .1;
    let url = pictures["data"][0]["picture"]["data"]["url"]
        .as_str()
        .unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 200);
    let about = debug(&world, first["access_token"].as_str().unwrap()).await;
    assert_eq!(
        (&about["type"], &about["expires_at"]),
        (&json!("PAGE"), &json!(0))
    );
    assert_eq!(
        (&about["user_id"], &about["profile_id"]),
        (&json!(OWNER), &json!(PAGE))
    );
}

async fn debug(world: &World, token: &str) -> Value {
    let app = format!("{APP_ID}|{APP_SECRET}");
    let query = [("input_token", token), ("access_token", &app)];
    world.get("debug_token", "", &query).await.1["data"].clone()
}

#[tokio::test]
async fn debug_token_tells_scopes_their_targets_and_the_end() {
    let world = World::start().await;
    let tokens = world
        .log_in(json!({"accounts": ["page", "instagram", "whatsapp"]}))
        .await;
    let about = debug(&world, &tokens.user).await;
    assert_eq!(
        (&about["is_valid"], &about["app_id"]),
        (&json!(true), &json!(APP_ID))
    );
    let granular = about["granular_scopes"].as_array().unwrap();
    let targets = |scope: &str| {
        granular.iter().find(|one| one["scope"] == scope).unwrap()["target_ids"].clone()
    };
    assert_eq!(targets("pages_messaging"), json!([PAGE]));
    assert_eq!(targets("instagram_manage_messages"), json!([INSTAGRAM]));
    assert_eq!(targets("whatsapp_business_management"), json!([WABA]));
    let days = (about["expires_at"].as_i64().unwrap() * 1000 - 1_795_340_000_000) / 86_400_000;
    assert_eq!(days, 59);
    world
        .fault(json!({"kind": "token_expired", "where": "user"}))
        .await;
    let about = debug(&world, &tokens.user).await;
    assert_eq!(
        (&about["is_valid"], &about["error"]["subcode"]),
        (&json!(false), &json!(463))
    );
    let unknown = debug(&world, "EAAnothing").await;
    assert_eq!(
        (&unknown["is_valid"], &unknown["error"]["code"]),
        (&json!(false), &json!(190))
    );
}

#[tokio::test]
async fn the_road_to_whatsapp_leads_from_the_account_to_its_number() {
    let world = World::start().await;
    let tokens = world.log_in(json!({})).await;
    let numbers = world
        .get(&format!("{WABA}/phone_numbers"), &tokens.user, &[])
        .await
        .1;
    assert_eq!(numbers["data"][0]["id"], PHONE);
    assert_eq!(
        numbers["data"][0]["display_phone_number"],
        "+44 20 7946 0817"
    );
    let businesses = world.get("me/businesses", &tokens.user, &[]).await.1;
    let business = businesses["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("{business}/owned_whatsapp_business_accounts");
    assert_eq!(
        world.get(&path, &tokens.user, &[]).await.1["data"][0]["id"],
        WABA
    );
}

#[tokio::test]
async fn the_employee_has_the_page_without_the_messaging_task_and_no_whatsapp() {
    let world = World::start().await;
    let tokens = world.log_in(json!({"user": "employee"})).await;
    let pages = world.get("me/accounts", &tokens.user, &[]).await.1;
    assert_eq!(pages["data"].as_array().unwrap().len(), 1);
    assert!(
        !pages["data"][0]["tasks"]
            .as_array()
            .unwrap()
            .contains(&json!("MESSAGING"))
    );
    let (status, answer) = world
        .get(&format!("{WABA}/phone_numbers"), &tokens.user, &[])
        .await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)));
}

#[tokio::test]
async fn a_code_with_a_challenge_needs_its_verifier() {
    let world = World::start().await;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("the verifier"));
    let extra = format!("&code_challenge={challenge}&code_challenge_method=S256");
    let body = json!({"authorize_url": world.authorize_url(&extra)});
    let answer = world.control("login", body).await.1;
    let back = Url::parse(answer["redirect"].as_str().unwrap()).unwrap();
    let code = param(&back, "code").unwrap();
    let exchange = async |verifier: Option<&str>, redirect: &str| {
        let mut query = vec![
            ("client_id", APP_ID),
            ("client_secret", APP_SECRET),
            ("redirect_uri", redirect),
            ("code", &code),
        ];
        query.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        world.get("oauth/access_token", "", &query).await
    };
    let here = "http://127.0.0.1:9/cb";
    assert_eq!(exchange(None, here).await.0, 400);
    assert_eq!(exchange(Some("another"), here).await.0, 400);
    let elsewhere = exchange(Some("the verifier"), "http://127.0.0.1:9/other")
        .await
        .1;
    assert_eq!(elsewhere["error"]["error_subcode"], 36008);
    assert_eq!(exchange(Some("the verifier"), here).await.0, 200);
    let again = exchange(Some("the verifier"), here).await.1;
    assert_eq!(again["error"]["error_subcode"], 36009);
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let world = World::start().await;
    let code = world.code(json!({})).await;
    world.pass(Duration::from_secs(601));
    let query = [
        ("client_id", APP_ID),
        ("client_secret", APP_SECRET),
        ("redirect_uri", "http://127.0.0.1:9/cb"),
        ("code", &code),
    ];
    let (status, answer) = world.get("oauth/access_token", "", &query).await;
    assert_eq!(
        (status, &answer["error"]["error_subcode"]),
        (400, &json!(36007))
    );
}

#[tokio::test]
async fn removing_the_app_over_the_api_kills_tokens_and_calls_back() {
    let (world, tokens) = World::connected().await;
    let (status, answer) = world
        .delete(&format!("{OWNER}/permissions"), &tokens.user)
        .await;
    assert_eq!((status, answer), (200, json!({"success": true})));
    for token in [&tokens.user, &tokens.page] {
        let (_, answer) = world.get("me", token, &[]).await;
        assert_eq!(answer["error"]["error_subcode"], 458);
    }
    let called = |got: &[crate::relay::Got]| {
        got.iter()
            .find(|got| got.path == "/meta/deauthorize")
            .map(|got| got.body.clone())
    };
    let body = world.relay.until(called).await;
    let request = body.strip_prefix(b"signed_request=").unwrap();
    let (_, payload) = std::str::from_utf8(request)
        .unwrap()
        .split_once('.')
        .unwrap();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(payload["user_id"], OWNER);
    let state = world.state().await;
    assert!(
        state["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["subscribed"] == false)
    );
}

#[tokio::test]
async fn one_permission_can_go_alone_and_the_app_is_told() {
    let (world, tokens) = World::connected().await;
    let path = format!("{OWNER}/permissions/instagram_manage_messages");
    assert_eq!(world.delete(&path, &tokens.user).await.0, 200);
    assert_eq!(world.get("me", &tokens.user, &[]).await.0, 200);
    let change = world
        .relay
        .webhook(|body| (body["object"] == "permissions").then(|| body["entry"][0].clone()))
        .await;
    assert_eq!(change["id"], OWNER);
    assert_eq!(change["changes"][0]["field"], "instagram_manage_messages");
    assert_eq!(change["changes"][0]["value"]["verb"], "revoked");
}

#[tokio::test]
async fn subscribed_apps_can_be_set_read_and_ended() {
    let world = World::start().await;
    let tokens = world.log_in(json!({})).await;
    let path = format!("{PAGE}/subscribed_apps");
    assert_eq!(
        world.get(&path, &tokens.page, &[]).await.1,
        json!({"data": []})
    );
    let fields = json!({"subscribed_fields": ["messages", "message_reads"]});
    assert_eq!(
        world.post(&path, &tokens.page, fields).await,
        json!({"success": true})
    );
    let (_, listed) = world.get(&path, &tokens.page, &[]).await;
    assert_eq!(
        listed["data"][0]["subscribed_fields"],
        json!(["message_reads", "messages"])
    );
    assert_eq!(listed["data"][0]["id"], APP_ID);
    assert_eq!(world.delete(&path, &tokens.page).await.0, 200);
    assert_eq!(
        world.get(&path, &tokens.page, &[]).await.1,
        json!({"data": []})
    );
    let waba = format!("{WABA}/subscribed_apps");
    world.post(&waba, &tokens.user, json!({})).await;
    let (_, listed) = world.get(&waba, &tokens.user, &[]).await;
    assert_eq!(
        listed["data"][0]["whatsapp_business_api_data"]["id"],
        APP_ID
    );
}

#[tokio::test]
async fn a_path_without_version_and_a_token_in_the_query_work_too() {
    let world = World::start().await;
    let tokens = world.log_in(json!({})).await;
    let url = format!(
        "{}/me?access_token={}",
        world.sandbox.graph_url(),
        tokens.user
    );
    let response = world.http.get(url).send().await.unwrap();
    assert_eq!(response.headers()["facebook-api-version"], "v25.0");
    let (_, me) = read(response).await;
    assert_eq!(me, json!({"name": "Rosa Lindqvist", "id": OWNER}));
    let calls = world.state().await["calls"].clone();
    assert_eq!(
        calls.as_array().unwrap().last().unwrap()["token_in"],
        "query"
    );
}
