//! What Meta answered others, read on the road by which its answers to us are read. The files lie
//! beside the repository; without them these tests say so and end: `tests/relay` shows the same on
//! answers of our own, always.

#[path = "../../../channels/tests/beside/mod.rs"]
mod beside;

use std::collections::HashMap;
use std::path::Path;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use wire::api::FoundState;

use beside::recorded;

use super::{Account, Authorization, Debugged, Platform, PlatformError, Rights, accounts};
use crate::config::MetaApp;
use crate::secret::Secret;

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

/// A platform that answers each path by a file. What goes on after it ends at once.
async fn platform(answers: Vec<(&str, Value)>) -> Platform {
    let mut router = Router::new();
    for (path, answer) in answers {
        let say = |State(answer): State<Value>, Query(query): Query<HashMap<String, String>>| async move {
            let more = query.contains_key("after");
            axum::Json(if more { json!({ "data": [] }) } else { answer })
        };
        router = router.route(&format!("/v25.0/{path}"), get(say).with_state(answer));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let graph = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
    let url = || graph.parse().unwrap();
    Platform::new(MetaApp {
        id: "appId".to_owned(),
        secrets: vec![Secret::new("secret")],
        verify_token: Secret::new("word"),
        graph_url: url(),
        facebook_url: url(),
        instagram_url: url(),
    })
}

#[tokio::test]
async fn a_token_and_one_that_lasts_longer_are_read() {
    let Some(oauth) = recorded("oauth") else {
        return;
    };
    let answer = read(&oauth, "long_lived_token.json");
    let meta = platform(vec![("oauth/access_token", answer)]).await;
    let login = Authorization {
        state: "state".to_owned(),
        pkce_verifier: "v".repeat(43),
        redirect_url: "http://127.0.0.1/callback".to_owned(),
    };
    for token in [
        meta.exchange(&login, "code").await.unwrap(),
        meta.lengthen("a short one").await.unwrap(),
    ] {
        assert_eq!(token.token.expose(), "token");
        assert_eq!(token.lasts, Some(5_184_000));
    }
}

#[tokio::test]
async fn what_a_token_may_do_is_read() {
    let Some(oauth) = recorded("oauth") else {
        return;
    };
    let meta = platform(vec![("debug_token", read(&oauth, "debug_token.json"))]).await;
    let debugged = meta.debug("token").await.unwrap();
    assert_eq!(debugged.user_id.as_deref(), Some("userId"));
    assert_eq!(debugged.expires_at, 1_577_347_200);
    let rights = Rights::of(&debugged);
    assert_eq!(rights.granted().len(), 5);
    assert!(rights.allows("pages_show_list", "any Page"));
    // This one says what its scopes are for, and is another app's.
    let granular = read(&oauth, "debug_token.granular_scopes.json");
    let debugged: Debugged = serde_json::from_value(granular.clone()).unwrap();
    let rights = Rights::of(&debugged);
    assert!(rights.allows("pages_show_list", "any Page"));
    assert!(rights.allows("instagram_basic", "{connected-ig-user-id}"));
    assert!(!rights.allows("instagram_basic", "another account"));
    let meta = platform(vec![("debug_token", json!({ "data": granular }))]).await;
    let refused = meta.debug("token").await.unwrap_err();
    let expected = PlatformError::Refused {
        code: 190,
        subcode: 0,
    };
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn pages_and_numbers_are_read() {
    let (Some(oauth), Some(graph)) = (recorded("oauth"), recorded("graph")) else {
        return;
    };
    let pages = read(&oauth, "me_accounts.p1.json");
    let numbers = read(&graph, "whatsapp.phone_numbers.json");
    let meta = platform(vec![
        ("me/accounts", pages),
        ("2000/phone_numbers", numbers),
    ])
    .await;
    let debugged = json!({
        "scopes": [
            "pages_show_list", "pages_messaging", "pages_manage_metadata", "instagram_basic",
            "whatsapp_business_management", "whatsapp_business_messaging",
        ],
        "granular_scopes": [
            { "scope": "whatsapp_business_management", "target_ids": ["2000"] },
        ],
    });
    let rights = Rights::of(&serde_json::from_value(debugged).unwrap());
    let all = accounts(&meta, &rights, "token").await.unwrap();
    let of = |channel: &str| -> Vec<&Account> {
        all.iter().filter(|one| one.channel == channel).collect()
    };
    let ready: Vec<(&str, &str)> = all
        .iter()
        .filter(|one| one.state == FoundState::Ready)
        .map(|one| (one.platform_id.as_str(), one.name.as_str()))
        .collect();
    assert_eq!(
        ready,
        [
            ("123", "AAAAAAAAA"),
            ("1234", "BBBBBBBB"),
            ("123512", "EEEEEEEE"),
            ("1234624", "FFFFFFFFFF"),
            ("1906385232743451", "Jasper's Market"),
            ("1913623884432103", "Jasper's Ice Cream"),
        ]
    );
    for page in of("messenger") {
        let token = page.token.as_ref().map(Secret::expose);
        assert_eq!(token, Some("access_token"), "{}", page.name);
    }
    let handle = of("whatsapp")[0].handle.as_deref();
    assert_eq!(handle, Some("+1 631-555-5555"));
    // No Page among them has an Instagram account.
    for none in of("instagram") {
        assert_eq!(none.state, FoundState::NoProfessionalAccount);
    }
}
