//! A platform that answers as it is told and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use url::Url;

/// One call the platform got.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

/// What the platform answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Json(u16, Value),
    Bytes(&'static str, Vec<u8>),
    /// The connection is closed without an answer, after the request was read.
    Vanish,
}

/// A platform that answers as it is told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Platform {
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    calls: Arc<Mutex<Vec<Call>>>,
    meanwhile: Arc<Mutex<Vec<Meanwhile>>>,
}

/// What happens once while the platform answers such a call.
struct Meanwhile {
    method: Method,
    ending: String,
    happens: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.ending)
    }
}

impl Platform {
    /// The next answers to calls whose path ends like this; the last one is repeated.
    pub(crate) fn answers(&self, method: &str, ending: &str, answers: &[Answer]) {
        let key = format!("{method} {ending}");
        self.answers.lock().unwrap().insert(key, answers.to_vec());
    }

    /// What happens while the next call whose path ends like this is answered.
    pub(crate) fn meanwhile(
        &self,
        method: &str,
        ending: &str,
        happens: impl FnOnce() + Send + 'static,
    ) {
        self.meanwhile.lock().unwrap().push(Meanwhile {
            method: method.parse().unwrap(),
            ending: ending.to_owned(),
            happens: Box::new(happens),
        });
    }

    fn let_happen(&self, method: &Method, path: &str) {
        let fits = |one: &Meanwhile| one.method == *method && path.ends_with(&one.ending);
        let mut waiting = self.meanwhile.lock().unwrap();
        let at = waiting.iter().position(fits);
        if let Some(one) = at.map(|at| waiting.remove(at)) {
            (one.happens)();
        }
    }

    pub(crate) fn calls(&self, method: &str, ending: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        let fits = |call: &&Call| call.method.as_str() == method && call.path.ends_with(ending);
        calls.iter().filter(fits).cloned().collect()
    }

    fn answer(&self, method: &Method, path: &str) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let fits = |key: &String| {
            key.split_once(' ')
                .is_some_and(|(wanted, ending)| wanted == method.as_str() && path.ends_with(ending))
        };
        let key = answers
            .keys()
            .filter(|key| fits(key))
            .max_by_key(|key| key.len())
            .cloned();
        let Some(queue) = key.and_then(|key| answers.get_mut(&key)) else {
            let error = json!({"error": {"message": "unknown path", "code": 2500}});
            return Answer::Json(400, error);
        };
        if queue.len() > 1 {
            queue.remove(0)
        } else {
            queue[0].clone()
        }
    }

    pub(crate) async fn serve(&self) -> Url {
        let router = Router::new().fallback(take).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let tasks = tokio_util::task::TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }
}

async fn take(
    State(platform): State<Platform>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers
        .get("authorization")
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    platform.calls.lock().unwrap().push(Call {
        method: method.clone(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    platform.let_happen(&method, uri.path());
    match platform.answer(&method, uri.path()) {
        Answer::Json(status, json) => {
            (StatusCode::from_u16(status).unwrap(), axum::Json(json)).into_response()
        }
        Answer::Bytes(mime, bytes) => ([("content-type", mime)], bytes).into_response(),
        // An answer that breaks off before it has begun.
        Answer::Vanish => {
            let broken = futures_util::stream::once(async {
                Err::<Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
            });
            axum::body::Body::from_stream(broken).into_response()
        }
    }
}

pub(crate) fn ok(json: Value) -> Answer {
    Answer::Json(200, json)
}

pub(crate) fn refused(code: i64, subcode: i64) -> Answer {
    let error = json!({"message": "(#x)", "code": code, "error_subcode": subcode});
    Answer::Json(400, json!({ "error": error }))
}
