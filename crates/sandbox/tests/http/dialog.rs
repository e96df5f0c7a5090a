//! The login dialog's page, as a person or a simple program fills it in.

use sandbox::APP_ID;
use url::Url;

use crate::login::param;
use crate::world::World;

/// Opens the dialog and gives the fields its form would send, all ticked.
async fn dialog(world: &World, extra: &str) -> (Url, Vec<(String, String)>) {
    let url = world.authorize_url(extra);
    let page = world
        .http
        .get(&url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let mut fields = Vec::new();
    for tag in page.split('<').filter(|tag| tag.starts_with("input ")) {
        let get = |name: &str| {
            let rest = tag.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let ticked = tag.contains("type=\"hidden\"") || tag.contains(" checked");
        if let (true, Some(name), Some(value)) = (ticked, get("name"), get("value")) {
            fields.push((name, value));
        }
    }
    let action = page
        .split_once("action=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    (Url::parse(&url).unwrap().join(&action).unwrap(), fields)
}

async fn submit(world: &World, action: Url, fields: &[(String, String)]) -> Url {
    let response = world.http.post(action).form(fields).send().await.unwrap();
    assert_eq!(response.status(), 302);
    Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
}

fn button(name: &str) -> (String, String) {
    (name.to_owned(), "1".to_owned())
}

#[tokio::test]
async fn a_person_can_log_in_through_the_dialogs_form() {
    let world = World::start().await;
    let (action, mut fields) = dialog(&world, "").await;
    fields.push(button("continue"));
    let back = submit(&world, action, &fields).await;
    assert!(
        back.as_str().starts_with("http://127.0.0.1:9/cb?code=AQ"),
        "{back}"
    );
    assert_eq!(param(&back, "state").as_deref(), Some("s 1"));
    assert_eq!(back.fragment(), Some("_=_"));
    let short = world.exchange(&param(&back, "code").unwrap()).await;
    assert!(short["access_token"].as_str().unwrap().starts_with("EAA"));
    assert!(short["expires_in"].as_i64().unwrap() < 7_200);
}

#[tokio::test]
async fn cancel_comes_back_with_metas_words_and_the_state() {
    let world = World::start().await;
    let (action, mut fields) = dialog(&world, "").await;
    fields.push(button("cancel"));
    let back = submit(&world, action.clone(), &fields).await;
    assert_eq!(param(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(param(&back, "error_reason").as_deref(), Some("user_denied"));
    assert_eq!(param(&back, "state").as_deref(), Some("s 1"));
    assert_eq!(param(&back, "code"), None);
    let again = world.http.post(action).form(&fields).send().await.unwrap();
    assert_eq!(again.status(), 400, "a dialog is answered once");
}

#[tokio::test]
async fn the_dialog_refuses_what_meta_would() {
    let world = World::start().await;
    let base = format!("{}/dialog/oauth?", world.sandbox.facebook_url());
    let good = format!("client_id={APP_ID}&redirect_uri=https%3A%2F%2Fa.example%2F&state=1");
    for (query, status) in [
        (good.clone(), 200),
        (good.replace(APP_ID, "1"), 400),
        (good.replace("https%3A", "javascript%3A"), 400),
        (format!("{good}&response_type=token"), 400),
        (format!("{good}&scope=pages_messaging,everything"), 400),
        (
            format!("{good}&code_challenge=x&code_challenge_method=plain"),
            400,
        ),
        (format!("client_id={APP_ID}&state=1"), 400),
    ] {
        let response = world
            .http
            .get(format!("{base}{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{query}");
    }
}
