//! What the sandbox sends has the shapes of the webhooks that the client's tests are written from,
//! and of the recorded ones, where those lie beside the project.

#[path = "../../../channels/tests/beside/folder.rs"]
mod beside;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::World;

/// Folders with a folder for each channel in them.
fn fixtures() -> Vec<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../channels/fixtures");
    [Some(ours), beside::folder()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every path of keys in a value, lists counting once: `entry.changes.value.messages.id`.
fn paths(value: &Value, here: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = format!("{here}.{key}");
                paths(value, &path, out);
                out.push(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, here, out)),
        _ => {}
    }
}

/// The kind of scalar at a path, by its JSON type.
fn known(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        paths(&serde_json::from_str(&text).unwrap(), "", &mut all);
    }
    all
}

#[tokio::test]
async fn every_key_the_sandbox_sends_is_known_from_a_webhook() {
    let (world, tokens) = World::connected().await;
    for channel in ["instagram", "messenger", "whatsapp"] {
        let id = world.say(channel, "clara", "Hi").await;
        world.control("say", json!({"channel": channel, "from": "clara", "picture": "tulips", "text": "Look", "reply_to": id})).await;
        world.say(channel, "mia", "Huhu").await;
        assert_eq!(
            world.answer(channel, "clara", &tokens, "Hello").await.0,
            200
        );
        world
            .control("read", json!({"channel": channel, "from": "clara"}))
            .await;
        let touch = json!({"channel": channel, "from": "clara", "message": id, "emoji": "❤️"});
        world.control("react", touch).await;
        let touch = json!({"channel": channel, "from": "clara", "message": id});
        world.control("react", touch.clone()).await;
        world.control("unsend", touch).await;
    }
    world.say("whatsapp", "omar", "last").await;
    let last = |got: &[crate::relay::Got]| {
        let found = got
            .iter()
            .any(|got| String::from_utf8_lossy(&got.body).contains("\"last\""));
        found.then(|| got.to_vec())
    };
    let got = world.relay.until(last).await;
    for (object, folder) in [
        ("instagram", "instagram"),
        ("page", "messenger"),
        ("whatsapp_business_account", "whatsapp"),
    ] {
        let folders = fixtures();
        let known: Vec<String> = folders
            .iter()
            .flat_map(|fixtures| known(&fixtures.join(folder)))
            .collect();
        let mut sent = Vec::new();
        for body in got
            .iter()
            .map(crate::relay::Got::json)
            .filter(|body| body["object"] == object)
        {
            paths(&body, "", &mut sent);
        }
        assert!(sent.len() > 20, "{object}");
        for path in sent {
            // In current documentation, not in a recording.
            let documented = [
                "from_user_id",
                "from_parent_user_id",
                "recipient_user_id",
                "recipient_parent_user_id",
            ]
            .iter()
            .any(|name| path.ends_with(name));
            assert!(
                documented || known.contains(&path),
                "{object} never has {path}"
            );
        }
    }
}
