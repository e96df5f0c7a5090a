//! The fixed public surface, word for word: what the program says of itself, and the JSON that Meta
//! and whoever has a code are answered. What devices exchange has its golden file in `wire`.

use serde_json::Value;

use crate::command_line::run;
use crate::world::{MINUTE, World, signed_request};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_is_this() {
    let world = World::start().await;
    let mut said = String::new();
    for arguments in [
        ["--help"].as_slice(),
        &["serve", "--help"],
        &["init", "--help"],
        &["doctor", "--help"],
        &["enrol-code", "--help"],
        &["backup", "--help"],
        &["restore", "--help"],
        &["healthcheck", "--help"],
    ] {
        let (helped, help) = run(&world, arguments);
        assert!(helped, "{help}");
        let own = |line: &&str| !is_a_setting(line) || arguments.contains(&"serve");
        let lines: Vec<&str> = help.lines().filter(own).map(str::trim_end).collect();
        said += &format!("$ shopbell-relay {}\n", arguments.join(" "));
        said += &format!("{}\n\n", lines.join("\n"));
    }
    insta::assert_snapshot!("command_line", said.trim_end());
}

/// Every command takes every setting; one of them is enough in the file.
fn is_a_setting(line: &str) -> bool {
    line.contains("[env: SHOPBELL_") && !line.contains("SHOPBELL_CONFIG")
}

#[tokio::test]
async fn the_answers_to_meta_and_to_whoever_has_a_code_are_these() {
    let world = World::start().await;
    let mut said = String::new();
    let mut tell = |what: &str, (status, body): (u16, Value)| {
        said += &format!("{what}\n{status} {body:#}\n");
    };
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.pass(MINUTE);
    let asked = signed_request("7001", world.now() / 1000);
    let deauthorized = world.callback("/meta/deauthorize", &asked).await;
    tell("POST /meta/deauthorize", deauthorized);
    let (status, answer) = world.callback("/meta/deletion", &asked).await;
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    tell("POST /meta/deletion", (status, answer));
    tell("GET /deletion/{code}", (200, world.deletion(&code).await));
    let stranger = signed_request("9999", world.now() / 1000);
    let (_, unknown) = world.callback("/meta/deletion", &stranger).await;
    let other = unknown["confirmation_code"].as_str().unwrap().to_owned();
    let held = world.deletion(&other).await;
    tell("GET /deletion/{code} of somebody unknown", (200, held));
    let refused = world.http.post(world.url("/v1/claim")).body("{}");
    let refused = refused.send().await.unwrap();
    let status = refused.status().as_u16();
    tell(
        "POST /v1/claim unsigned",
        (status, refused.json().await.unwrap()),
    );
    let relay = world.config.public_url.as_str().to_owned();
    let said = said
        .replace(&relay, "https://relay/")
        .replace(&code, "{code}")
        .replace(&other, "{code}");
    insta::assert_snapshot!("answers", said.trim_end());
}
