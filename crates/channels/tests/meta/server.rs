//! A server that writes down what it is asked and answers what it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use channels::meta::{Account, Graph, Pace, PlatformUrls, Token};
use domain::outbound::{Body, Outgoing};
use domain::reply_window::Means;
use domain::secrets::Secret;
use domain::{ContactKey, ContactKind, OurId, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "EAAverysecrettoken";
pub(crate) const PROOF: &str = "0123456789abcdefproof";
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.headers
            .get("authorization")
            .map(|value| value.to_str().unwrap())
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = url_pairs(&self.query);
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Whether the token is anywhere but in its header.
    pub(crate) fn leaks(&self) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| *name != "authorization");
        self.path.contains(TOKEN)
            || self.query.contains(TOKEN)
            || body.contains(TOKEN)
            || headers
                .into_iter()
                .any(|(_, value)| value.as_bytes() == TOKEN.as_bytes())
    }
}

fn url_pairs(query: &str) -> Vec<(String, String)> {
    let url = url::Url::parse(&format!("http://x/?{query}")).unwrap();
    url.query_pairs()
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

type Answer = dyn Fn(&Asked, usize) -> Response + Send + Sync;

#[derive(Clone)]
struct Told {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answer>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    told: Told,
    _tasks: JoinSet<()>,
}

impl Server {
    /// A server whose answer is made from the request and how many came before it.
    pub(crate) async fn start(
        answer: impl Fn(&Asked, usize) -> Response + Send + Sync + 'static,
    ) -> Self {
        let told = Told {
            asked: Arc::default(),
            answer: Arc::new(answer),
        };
        let router = Router::new().fallback(serve).with_state(told.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            told,
            _tasks: tasks,
        }
    }

    /// A server that always answers the same JSON.
    pub(crate) async fn says(status: u16, json: Value) -> Self {
        Self::start(move |_, _| reply(status, &json)).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.told.asked.lock().unwrap().clone()
    }

    pub(crate) fn origin(&self) -> url::Url {
        format!("http://{}/graph", self.address).parse().unwrap()
    }

    pub(crate) fn graph(&self) -> Graph {
        graph(self.origin())
    }

    pub(crate) fn token(&self) -> Token {
        token(self.origin())
    }
}

async fn serve(State(told): State<Told>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, 64 * 1024 * 1024).await.unwrap(),
    };
    let before = {
        let mut all = told.asked.lock().unwrap();
        all.push(asked.clone());
        all.len() - 1
    };
    (told.answer)(&asked, before)
}

pub(crate) fn reply(status: u16, json: &Value) -> Response {
    let body = (StatusCode::from_u16(status).unwrap(), json.to_string());
    ([("content-type", "application/json")], body).into_response()
}

pub(crate) fn graph(origin: url::Url) -> Graph {
    let mut urls = PlatformUrls::meta();
    urls.graph = origin;
    Graph::with_pace(urls, quick()).unwrap()
}

/// Patience for tests: long enough never to matter, except where silence is the test.
pub(crate) fn quick() -> Pace {
    Pace {
        connect: Duration::from_secs(20),
        call: Duration::from_secs(20),
        upload: Duration::from_secs(20),
        read: Duration::from_secs(20),
        instagram_history: Duration::ZERO,
    }
}

pub(crate) fn token(origin: url::Url) -> Token {
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
    Token::new(secret(TOKEN), Some(secret(PROOF)), origin)
}

pub(crate) fn messenger() -> Account {
    Account::Messenger {
        page: "1042".to_owned(),
    }
}

pub(crate) fn instagram() -> Account {
    Account::Instagram {
        page: "1042".to_owned(),
        instagram: "17841".to_owned(),
    }
}

pub(crate) fn whatsapp() -> Account {
    Account::Whatsapp {
        phone_number: "2100".to_owned(),
        business_account: "2000".to_owned(),
    }
}

pub(crate) const OUR_ID: &str = "07070707070707070707070707070707";

pub(crate) fn person(account: &Account) -> ContactKey {
    let (kind, value) = match account {
        Account::Messenger { .. } => (ContactKind::Psid, "7300000000000042"),
        Account::Instagram { .. } => (ContactKind::Igsid, "6100000000000055"),
        Account::Whatsapp { .. } => (ContactKind::Phone, "46701740605"),
    };
    ContactKey {
        kind,
        value: value.to_owned(),
    }
}

pub(crate) fn text(account: &Account, text: &str) -> Outgoing {
    outgoing(account, Body::Text(text.to_owned()))
}

pub(crate) fn picture(account: &Account, bytes: Vec<u8>) -> Outgoing {
    outgoing(
        account,
        Body::Picture {
            bytes,
            mime: "image/jpeg".to_owned(),
        },
    )
}

fn outgoing(account: &Account, body: Body) -> Outgoing {
    let our_id = OurId::from_bytes([7; 16]);
    Outgoing {
        our_id,
        to: person(account),
        body,
        means: Means::Response,
    }
}

#[test]
fn a_leaked_token_is_noticed() {
    let clean = Asked {
        method: "GET".to_owned(),
        path: "/graph/v25.0/me".to_owned(),
        query: "fields=id".to_owned(),
        headers: [(
            "authorization".parse().unwrap(),
            format!("Bearer {TOKEN}").parse().unwrap(),
        )]
        .into_iter()
        .collect(),
        body: Bytes::new(),
    };
    assert!(!clean.leaks());
    assert!(
        Asked {
            query: format!("access_token={TOKEN}"),
            ..clean.clone()
        }
        .leaks()
    );
    assert!(
        Asked {
            path: format!("/{TOKEN}"),
            ..clean.clone()
        }
        .leaks()
    );
    assert!(
        Asked {
            body: Bytes::from(TOKEN),
            ..clean.clone()
        }
        .leaks()
    );
    let mut other = clean;
    other.headers.insert("x-token", TOKEN.parse().unwrap());
    assert!(other.leaks());
}
