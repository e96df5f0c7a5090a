//! The little of Meta the relay asks: the exchange, what a token is, and what it reaches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

pub(crate) const APP: &str = "1055501234567890";
pub(crate) const SECRET: &str = "the-app-secret";

/// A person who may log in, and what they let the app near.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// Scopes with the ids they are for; `None` is all.
    pub(crate) scopes: BTreeMap<&'static str, Option<Vec<&'static str>>>,
    pub(crate) tasks: Vec<&'static str>,
    pub(crate) tokens_valid: bool,
}

/// What the stand-in knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) secret: String,
    pub(crate) people: BTreeMap<&'static str, Person>,
    /// Codes that were given out: who, state's challenge, redirect.
    codes: BTreeMap<String, (&'static str, String, String)>,
    pub(crate) down: bool,
    /// What was asked, without secrets.
    pub(crate) asked: Vec<String>,
}

pub(crate) type Shared = Arc<Mutex<Known>>;

/// A running stand-in.
#[derive(Clone, Debug)]
pub(crate) struct FakeMeta {
    pub(crate) url: Url,
    pub(crate) known: Shared,
}

pub(crate) const PAGE: &str = "101";
pub(crate) const INSTAGRAM: &str = "17841400000000101";
pub(crate) const WABA: &str = "501";
pub(crate) const NUMBER: &str = "601";

/// Somebody who granted everything and may answer.
pub(crate) fn person(id: &'static str, name: &'static str) -> Person {
    let scopes = [
        ("pages_show_list", PAGE),
        ("pages_manage_metadata", PAGE),
        ("pages_messaging", PAGE),
        ("pages_read_engagement", PAGE),
        ("instagram_basic", INSTAGRAM),
        ("instagram_manage_messages", INSTAGRAM),
        ("whatsapp_business_management", WABA),
        ("whatsapp_business_messaging", WABA),
    ];
    let mut scopes: BTreeMap<_, _> = scopes
        .into_iter()
        .map(|(scope, id)| (scope, Some(vec![id])))
        .collect();
    scopes.insert("business_management", None);
    Person {
        id,
        name,
        scopes,
        tasks: vec!["MESSAGING", "MANAGE"],
        tokens_valid: true,
    }
}

impl FakeMeta {
    pub(crate) async fn start(tasks: &tokio_util::task::TaskTracker) -> Self {
        let people = [
            person("7001", "Olive Owner"),
            person("7002", "Erin Employee"),
        ];
        let known = Known {
            secret: SECRET.to_owned(),
            people: people
                .into_iter()
                .map(|person| (person.id, person))
                .collect(),
            codes: BTreeMap::new(),
            down: false,
            asked: Vec::new(),
        };
        let known = Arc::new(Mutex::new(known));
        let router = Router::new()
            .route("/graph/v25.0/oauth/access_token", get(access_token))
            .route("/graph/v25.0/debug_token", get(debug_token))
            .route("/graph/v25.0/{node}", get(node))
            .route("/graph/v25.0/{node}/{edge}", get(edge))
            .with_state(Arc::clone(&known));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, known }
    }

    pub(crate) fn below(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// The person agrees in the dialog: the address the browser goes to next.
    pub(crate) fn agree(&self, authorize_url: &str, person: &'static str) -> Url {
        let (mut back, state, challenge) = read_dialog(authorize_url);
        let code = format!(
            "code#{person}-{}",
            state.len() + self.known.lock().unwrap().codes.len()
        );
        let redirect = back.to_string();
        let given = (person, challenge, redirect);
        self.known.lock().unwrap().codes.insert(code.clone(), given);
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &state);
        back
    }

    /// The person cancels.
    pub(crate) fn cancel(authorize_url: &str) -> Url {
        let (mut back, state, _) = read_dialog(authorize_url);
        back.query_pairs_mut()
            .append_pair("error_reason", "user_denied")
            .append_pair("error", "access_denied")
            .append_pair("error_description", "Permissions error")
            .append_pair("state", &state);
        back
    }

    pub(crate) fn change(&self, person: &str, change: impl FnOnce(&mut Person)) {
        change(self.known.lock().unwrap().people.get_mut(person).unwrap());
    }
}

fn read_dialog(authorize_url: &str) -> (Url, String, String) {
    let url = Url::parse(authorize_url).unwrap();
    let get = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {url}"))
            .1
            .into_owned()
    };
    assert_eq!(get("client_id"), APP);
    assert_eq!(get("response_type"), "code");
    assert_eq!(get("code_challenge_method"), "S256");
    assert!(
        get("scope")
            .split(',')
            .any(|scope| scope == "pages_messaging")
    );
    (
        Url::parse(&get("redirect_uri")).unwrap(),
        get("state"),
        get("code_challenge"),
    )
}

fn refusal(code: i64, subcode: i64, message: &str) -> Response {
    let error = json!({"error": {"message": message, "type": "OAuthException", "code": code,
        "error_subcode": subcode, "fbtrace_id": "A"}});
    (StatusCode::BAD_REQUEST, Json(error)).into_response()
}

type Asked = Query<BTreeMap<String, String>>;

async fn access_token(State(known): State<Shared>, Query(asked): Asked) -> Response {
    let mut known = known.lock().unwrap();
    known.asked.push("access_token".into());
    if known.down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let get = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    if get("client_id") != APP || get("client_secret") != known.secret {
        return refusal(1, 0, "Error validating client secret.");
    }
    if get("grant_type") == "fb_exchange_token" {
        let token = get("fb_exchange_token").replace("EAAshort", "EAAlong");
        return Json(
            json!({"access_token": token, "token_type": "bearer", "expires_in": 5_184_000}),
        )
        .into_response();
    }
    let Some((person, challenge, redirect)) = known.codes.remove(get("code")) else {
        return refusal(100, 36_009, "This authorization code has been used.");
    };
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
    if redirect != get("redirect_uri") || verifier != challenge {
        return refusal(100, 36_008, "Error validating verification code.");
    }
    // As Meta may: without a token type.
    Json(json!({"access_token": format!("EAAshort-{person}"), "expires_in": 5000})).into_response()
}

async fn debug_token(
    State(known): State<Shared>,
    headers: HeaderMap,
    Query(asked): Asked,
) -> Response {
    let mut known = known.lock().unwrap();
    known.asked.push("debug_token".into());
    if known.down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if bearer(&headers) != format!("{APP}|{}", known.secret) {
        return refusal(190, 0, "Invalid OAuth access token signature.");
    }
    let token = asked.get("input_token").cloned().unwrap_or_default();
    let Some(person) = owner(&known, &token) else {
        let error = json!({"code": 190, "message": "Invalid OAuth access token."});
        return Json(json!({"data": {"error": error, "is_valid": false, "scopes": []}}))
            .into_response();
    };
    let granular: Vec<Value> = person
        .scopes
        .iter()
        .map(|(scope, ids)| match ids {
            Some(ids) => json!({"scope": scope, "target_ids": ids}),
            None => json!({"scope": scope}),
        })
        .collect();
    Json(json!({"data": {
        "app_id": APP, "type": "USER", "is_valid": person.tokens_valid, "user_id": person.id,
        "expires_at": 0, "scopes": person.scopes.keys().collect::<Vec<_>>(),
        "granular_scopes": granular,
    }}))
    .into_response()
}

async fn node(
    State(known): State<Shared>,
    Path(node): Path<String>,
    headers: HeaderMap,
    Query(asked): Asked,
) -> Response {
    let mut known = known.lock().unwrap();
    known.asked.push(node.clone());
    if node == APP && bearer(&headers).contains('|') {
        let good = bearer(&headers) == format!("{APP}|{}", known.secret);
        return match good {
            true => Json(json!({"id": APP})).into_response(),
            false => refusal(190, 0, "Invalid OAuth access token signature."),
        };
    }
    match caller(&known, &headers, &asked) {
        Err(refused) => *refused,
        Ok(person) if node == "me" => {
            Json(json!({"id": person.id, "name": person.name})).into_response()
        }
        Ok(_) => refusal(100, 33, "Unsupported get request."),
    }
}

async fn edge(
    State(known): State<Shared>,
    Path((node, edge)): Path<(String, String)>,
    headers: HeaderMap,
    Query(asked): Asked,
) -> Response {
    let mut known = known.lock().unwrap();
    known.asked.push(format!("{node}/{edge}"));
    let person = match caller(&known, &headers, &asked) {
        Err(refused) => return *refused,
        Ok(person) => person,
    };
    let listed = |scope: &str| person.scopes.contains_key(scope);
    let data = match (node.as_str(), edge.as_str()) {
        ("me", "accounts") => {
            let mut page = json!({"id": PAGE, "name": "Fern & Ribbon", "tasks": person.tasks,
                "access_token": format!("EAApage-{}", person.id)});
            if listed("instagram_basic") {
                page["instagram_business_account"] = json!({"id": INSTAGRAM,
                    "username": "fern.ribbon", "name": "Fern & Ribbon Flowers"});
            }
            let bare = json!({"id": "102", "name": "Bare Page", "tasks": ["MESSAGING"],
                "access_token": format!("EAApage2-{}", person.id)});
            // Two pages of one, so that paging is needed.
            return match asked.get("after").map(String::as_str) {
                None => Json(
                    json!({"data": [page], "paging": {"cursors": {"after": "QQ"},
                    "next": "https://graph.example/?access_token=secret"}}),
                )
                .into_response(),
                Some(_) => Json(json!({"data": [bare],
                    "paging": {"cursors": {"after": "QQ"}}}))
                .into_response(),
            };
        }
        ("me", "businesses") => json!([{"id": "900", "name": "Fern Ltd"}]),
        ("900", "owned_whatsapp_business_accounts") => json!([{"id": WABA, "name": "Fern"}]),
        ("900", _) => json!([]),
        (WABA, "phone_numbers") if listed("whatsapp_business_management") => {
            json!([{"id": NUMBER, "display_phone_number": "+44 20 7946 0101",
                "verified_name": "Fern & Ribbon"}])
        }
        _ => return refusal(100, 33, "Unsupported get request."),
    };
    Json(json!({"data": data})).into_response()
}

fn caller<'a>(
    known: &'a Known,
    headers: &HeaderMap,
    asked: &BTreeMap<String, String>,
) -> Result<&'a Person, Box<Response>> {
    if known.down {
        return Err(Box::new(StatusCode::BAD_GATEWAY.into_response()));
    }
    let token = bearer(headers);
    let mac = Hmac::<Sha256>::new_from_slice(known.secret.as_bytes()).unwrap();
    let proof = hex::encode(mac.chain_update(&token).finalize().into_bytes());
    if asked.get("appsecret_proof") != Some(&proof) {
        let why = "Invalid appsecret_proof provided in the API argument";
        return Err(Box::new(refusal(100, 0, why)));
    }
    if asked.contains_key("access_token") {
        return Err(Box::new(refusal(100, 0, "a token in an address")));
    }
    owner(known, &token)
        .filter(|person| person.tokens_valid)
        .ok_or_else(|| Box::new(refusal(190, 460, "The session has been invalidated.")))
}

fn owner<'a>(known: &'a Known, token: &str) -> Option<&'a Person> {
    let (kind, person) = token.split_once('-')?;
    let ours = ["EAAshort", "EAAlong", "EAApage", "EAApage2"].contains(&kind);
    known.people.get(person).filter(|_| ours)
}

fn bearer(headers: &HeaderMap) -> String {
    let value = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned()
}
