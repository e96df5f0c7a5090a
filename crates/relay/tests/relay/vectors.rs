//! The shared vectors, over HTTP. Each is checked at a relay that has the vector's own secret. Twilio's
//! are in [`crate::twilio`]: no route takes them yet.

use std::collections::BTreeMap;

use base64::Engine as _;
use relay::Secret;
use serde_json::Value;

use crate::world::World;

fn all() -> Value {
    serde_json::from_str(include_str!("../vectors.json")).unwrap()
}

pub(crate) fn vectors(kind: &str) -> Vec<Value> {
    all()[kind].as_array().unwrap().clone()
}

pub(crate) fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name]
        .as_str()
        .unwrap_or_else(|| panic!("{vector} has no {name}"))
}

/// One relay per secret that occurs.
async fn by_secret(vectors: Vec<Value>) -> Vec<(World, Vec<Value>)> {
    let mut secrets: Vec<String> = vectors
        .iter()
        .map(|vector| text(vector, "app_secret").to_owned())
        .collect();
    secrets.sort();
    secrets.dedup();
    let mut worlds = Vec::new();
    for secret in secrets {
        let own = vectors
            .iter()
            .filter(|vector| text(vector, "app_secret") == secret)
            .cloned();
        let own = own.collect();
        let world = World::with(|config| config.meta.secrets = vec![Secret::new(secret)]).await;
        worlds.push((world, own));
    }
    worlds
}

/// A kind that comes to the file is read by a test of its own or named in
/// `docs/assurance/not-run.md`.
#[test]
fn no_kind_of_vector_is_passed_over() {
    let all = all();
    let count = |vectors: &Value| vectors.as_array().map_or(0, Vec::len);
    let counts = all.as_object().unwrap().iter();
    let counts: BTreeMap<&str, usize> = counts
        .map(|(kind, vectors)| (kind.as_str(), count(vectors)))
        .collect();
    assert_eq!(
        counts,
        BTreeMap::from([
            ("about", 0),
            ("appsecret_proof", 4),
            ("signed_request", 22),
            ("twilio", 16),
            ("webhook_verification_get", 5),
            ("x_hub_signature_256", 18),
            ("x_hub_signature_sha1_legacy", 1),
        ])
    );
}

#[tokio::test]
async fn webhook_signatures() {
    let vectors = vectors("x_hub_signature_256");
    assert_eq!(vectors.len(), 18);
    for (world, vectors) in by_secret(vectors).await {
        for vector in vectors {
            let body = base64::engine::general_purpose::STANDARD
                .decode(text(&vector, "body_base64"))
                .unwrap();
            let header = (text(&vector, "header_name"), text(&vector, "header"));
            let status = world.post_webhook(body, &[header]).await;
            let expected = if text(&vector, "expected") == "valid" {
                200
            } else {
                401
            };
            assert_eq!(status, expected, "{}", text(&vector, "id"));
        }
    }
}

#[tokio::test]
async fn the_old_signature_alone_is_not_enough() {
    for (world, vectors) in by_secret(vectors("x_hub_signature_sha1_legacy")).await {
        for vector in vectors {
            let body = base64::engine::general_purpose::STANDARD
                .decode(text(&vector, "body_base64"))
                .unwrap();
            let header = (text(&vector, "header_name"), text(&vector, "header"));
            assert_eq!(world.post_webhook(body, &[header]).await, 401);
        }
    }
}

#[tokio::test]
async fn webhook_verification() {
    let vectors = vectors("webhook_verification_get");
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let token = text(&vector, "verify_token").to_owned();
        let world = World::with(|config| config.meta.verify_token = Secret::new(token)).await;
        let answer = world
            .get(&format!("/webhooks/meta?{}", text(&vector, "query")))
            .await;
        let id = text(&vector, "id");
        assert_eq!(
            u64::from(answer.status().as_u16()),
            vector["expected_status"],
            "{id}"
        );
        if let Some(expected) = vector["expected_body"].as_str() {
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert!(header("content-type").starts_with("text/plain"), "{id}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{id}");
            assert_eq!(answer.text().await.unwrap(), expected, "{id}");
        }
    }
}

#[tokio::test]
async fn signed_requests() {
    let vectors = vectors("signed_request");
    assert_eq!(vectors.len(), 22);
    for (world, vectors) in by_secret(vectors).await {
        for vector in vectors {
            let id = text(&vector, "id");
            for path in ["/meta/deletion", "/meta/deauthorize"] {
                let request = world.http.post(world.url(path));
                let request = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(text(&vector, "form_body").to_owned());
                let status = request.send().await.unwrap().status();
                let expected = text(&vector, "expected") == "valid";
                assert_eq!(status.is_success(), expected, "{id} at {path}: {status}");
                assert!(
                    expected || status.is_client_error(),
                    "{id} at {path}: {status}"
                );
            }
        }
        let kept = world.count("SELECT count(*) FROM deletions");
        assert!(kept <= 10, "what was refused left {kept} records");
    }
}
