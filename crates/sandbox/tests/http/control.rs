//! The control API's bodies, each with its golden file.

use serde_json::{Value, json};

use crate::world::{World, read};

async fn post(world: &World, path: &str, body: Value) -> String {
    let (status, answer) = world.control(path, body.clone()).await;
    format!("POST /sandbox/{path} {body}\n{status} {answer:#}\n")
}

async fn get(world: &World, path: &str) -> String {
    let url = world.sandbox.url.join(&format!("/sandbox/{path}")).unwrap();
    let (status, answer) = read(world.http.get(url).send().await.unwrap()).await;
    format!("GET /sandbox/{path}\n{status} {answer:#}\n")
}

/// Every body in turn, with its answer; what is another in each run is taken out.
async fn told(world: &World, bodies: &[(&str, Value)]) -> String {
    let mut said = String::new();
    for (path, body) in bodies {
        said += &post(world, path, body.clone()).await;
    }
    said.replace(world.sandbox.url.as_str(), "http://sandbox/")
}

#[tokio::test]
async fn what_customers_do_is_answered_like_this() {
    let world = World::start().await;
    let clara = |more: Value| {
        let mut body = json!({"channel": "instagram", "from": "clara"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let bodies = [
        ("say", clara(json!({"text": "Hi"}))),
        (
            "say",
            json!({"channel": "messenger", "from": "田中 美咲", "picture": "bouquet"}),
        ),
        (
            "say",
            json!({"channel": "whatsapp", "from": "mia", "text": "🌷"}),
        ),
        (
            "say",
            json!({"channel": "messenger", "from": "shop", "to": "misaki", "text": "はい"}),
        ),
        (
            "say",
            json!({"channel": "telegram", "from": "clara", "text": "Hi"}),
        ),
        (
            "say",
            json!({"channel": "instagram", "from": "nobody", "text": "Hi"}),
        ),
        ("say", clara(json!({}))),
        ("say", clara(json!({"picture": "nothing"}))),
        ("say", clara(json!({"text": "Hi", "account": "1"}))),
        ("read", clara(json!({}))),
        ("react", clara(json!({"message": "x", "emoji": "👍"}))),
        ("unsend", clara(json!({"message": "x"}))),
        ("unsend", clara(json!({}))),
    ];
    insta::assert_snapshot!("customers", told(&world, &bodies).await);
}

#[tokio::test]
async fn what_meta_does_is_answered_like_this() {
    let world = World::start().await;
    let authorize = world
        .authorize_url("")
        .replace(world.sandbox.url.as_str(), "http://sandbox/");
    let login = |more: Value| {
        let mut body = json!({"authorize_url": authorize});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let fault = json!({"kind": "rate_limit", "count": 3, "where": "POST /messages", "value": 32});
    let bodies = [
        (
            "login",
            login(json!({"grant": ["pages_show_list"], "accounts": ["page"]})),
        ),
        ("login", login(json!({"cancel": true}))),
        ("login", login(json!({"user": "nobody"}))),
        ("login", login(json!({"accounts": ["everything"]}))),
        (
            "login",
            json!({"authorize_url": "http://sandbox/?client_id=1"}),
        ),
        ("deletion", json!({"user": "owner"})),
        ("deauthorize", json!({"user": "10160192837465567"})),
        ("deauthorize", json!({"user": "nobody"})),
        ("faults", fault),
        ("faults", json!({"kind": "proof_required"})),
        ("nodes", json!({"1": {"id": "1"}})),
        ("clock", json!({"seconds": -1})),
        ("redeliver", json!({"delivery": 9})),
        ("verify", json!({})),
        ("webhook", json!({"object": "page", "entry": []})),
        ("webhook?sign=nicely", json!({})),
    ];
    let mut said = told(&world, &bodies).await;
    said += &get(&world, "faults").await;
    insta::assert_snapshot!("meta", said);
}

#[tokio::test]
async fn the_state_is_this() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    let told = |body: &Value| {
        body["entry"][0]["changes"][0]["value"]["messages"]
            .get(0)
            .cloned()
    };
    world.relay.webhook(told).await;
    let (_, answer) = world.answer("whatsapp", "clara", &tokens, "Hello").await;
    assert!(answer["messages"][0]["id"].is_string());
    let mut state = world.state().await;
    // How the reports are batched, and so how often the state changed, is another in each run.
    let entry = state.as_object_mut().unwrap();
    for name in ["version", "now", "calls", "deliveries"] {
        let value = entry.insert(name.to_owned(), json!("…")).unwrap();
        assert!(!value.is_null());
        if let Some(first) = value.get(0) {
            let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
            entry.insert(name.to_owned(), json!([keys]));
        }
    }
    for message in state["conversations"][0]["messages"]
        .as_array_mut()
        .unwrap()
    {
        message["at"] = json!("…");
    }
    state["sent"][0]["at"] = json!("…");
    insta::assert_snapshot!("state", format!("{state:#}"));
}

#[tokio::test]
async fn the_help_is_this() {
    let world = World::start().await;
    insta::assert_snapshot!("help", get(&world, "help").await);
}

#[tokio::test]
async fn brief_state_leaves_the_long_lists_out() {
    let world = World::start().await;
    let brief = get(&world, "state?brief=true").await;
    assert!(brief.contains("\"people\"") && !brief.contains("\"calls\""));
}

#[tokio::test]
async fn changes_are_told_live() {
    let world = World::start().await;
    let url = world.sandbox.url.join("/sandbox/events").unwrap();
    let mut events = world.http.get(url).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let first = events.chunk().await.unwrap().unwrap();
    assert_eq!(first, "data: 0\n\n");
    world.say("instagram", "clara", "Hi").await;
    let next = events.chunk().await.unwrap().unwrap();
    assert!(next.starts_with(b"data: ") && next != first);
}

#[tokio::test]
async fn the_phones_page_needs_nothing_from_elsewhere() {
    let world = World::start().await;
    let page = world
        .http
        .get(world.sandbox.url.clone())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("The shop's Facebook settings"));
    for outside in ["https://", "http://", "src=\"//", "@import"] {
        assert!(!page.contains(outside), "the page names {outside}");
    }
}

#[tokio::test]
async fn stopping_ends_listening() {
    let world = World::start().await;
    let url = world.sandbox.url.clone();
    world.sandbox.stop().await;
    assert!(world.http.get(url).send().await.is_err());
}
