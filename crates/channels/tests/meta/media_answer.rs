//! What WhatsApp says of a file, as its own description has it: our fixture always, the recorded
//! one where it lies beside the repository. Address and hash are left open in both.

use axum::response::{IntoResponse, Response};
use channels::meta::media::{Fetched, MEDIA_LIMIT, MediaError, fetch};
use domain::inbound::MediaSource;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::beside::folder;
use crate::server::{Server, reply, whatsapp};

const VASE: &[u8] = b"\xff\xd8\xff a blue vase";
const OURS: &str = include_str!("whatsapp_media.json");

/// The recorded answer.
fn recorded_answer() -> Option<Value> {
    let file = folder()?.join("graph/whatsapp.media.get.json");
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

fn ours() -> Value {
    serde_json::from_str(OURS).unwrap()
}

fn answers() -> Vec<Value> {
    [Some(ours()), recorded_answer()]
        .into_iter()
        .flatten()
        .collect()
}

/// Fetches the file of an answer, in which these members are others and the address leads to the
/// file; and how many requests that took.
async fn fetched(answer: &Value, changes: Value) -> (Result<Fetched, MediaError>, Vec<u8>, usize) {
    let mut node = answer.clone();
    for (name, value) in changes.as_object().unwrap() {
        node[name] = value.clone();
    }
    let id = node["id"].as_str().unwrap().to_owned();
    let path = format!("/graph/v25.0/{id}");
    let server = Server::start(move |asked, _| {
        if asked.path != path {
            return bare();
        }
        let host = asked.headers["host"].to_str().unwrap();
        let mut node = node.clone();
        if node["url"] == "<URL>" {
            node["url"] = json!(format!("http://{host}/file"));
        }
        reply(200, &node)
    })
    .await;
    let source = MediaSource::Id { id, sha256: None };
    let mut sink = Vec::new();
    let graph = server.graph();
    let got = fetch(&graph, &whatsapp(), &server.token(), &source, &mut sink).await;
    (got, sink, server.asked().len())
}

/// The file alone, without a word on what it is.
fn bare() -> Response {
    let mut response = VASE.to_vec().into_response();
    response.headers_mut().remove("content-type");
    response
}

#[tokio::test]
async fn the_file_of_each_answer_is_fetched_and_is_what_the_answer_says() {
    for answer in answers() {
        let hash = json!({"sha256": hex::encode(Sha256::digest(VASE))});
        let (got, sink, _) = fetched(&answer, hash).await;
        assert_eq!(sink, VASE);
        assert_eq!(got.unwrap().mime.as_deref(), Some("image/jpeg"));
        // As it stands there: a hash that is none cannot be checked.
        assert!(fetched(&answer, json!({})).await.0.is_ok());
    }
}

#[tokio::test]
async fn hash_size_and_address_of_each_answer_count() {
    for answer in answers() {
        let other = json!({"sha256": hex::encode(Sha256::digest(b"other"))});
        let (got, ..) = fetched(&answer, other).await;
        assert!(matches!(got, Err(MediaError::Corrupt)), "{got:?}");
        let large = json!({"file_size": (MEDIA_LIMIT + 1).to_string()});
        let (got, sink, requests) = fetched(&answer, large).await;
        assert!(matches!(got, Err(MediaError::TooLarge)), "{got:?}");
        assert_eq!((sink.len(), requests), (0, 1), "not even begun");
        let (got, ..) = fetched(&answer, json!({"url": "no address"})).await;
        assert!(matches!(got, Err(MediaError::Platform(_))), "{got:?}");
    }
}

#[test]
fn our_answer_has_the_shape_of_the_recorded_one() {
    let Some(recorded) = recorded_answer() else {
        return;
    };
    let shape = |answer: &Value| -> Vec<(String, bool)> {
        let members = answer.as_object().unwrap().iter();
        members
            .map(|(name, value)| (name.clone(), value.is_string()))
            .collect()
    };
    assert_eq!(shape(&ours()), shape(&recorded));
}
