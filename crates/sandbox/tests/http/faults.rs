//! Answers that are lost, late or no answers at all.

use serde_json::{Value, json};

use crate::world::{PAGE, Tokens, World};

async fn send(world: &World, tokens: &Tokens, text: &str) -> reqwest::Result<(u16, String)> {
    let to = world.customer("messenger", "clara").await;
    let url = format!("{}/v25.0/{PAGE}/messages", world.sandbox.graph_url());
    let body = json!({"recipient": {"id": to}, "message": {"text": text}});
    let response = world
        .http
        .post(url)
        .bearer_auth(&tokens.page)
        .json(&body)
        .send()
        .await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

fn sent(state: &Value) -> usize {
    state["sent"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_message_was_taken() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world.fault(json!({"kind": "drop_after_accept"})).await;
    assert!(
        send(&world, &tokens, "a").await.is_err(),
        "the connection was cut"
    );
    world.fault(json!({"kind": "http_500_after_accept"})).await;
    assert_eq!(send(&world, &tokens, "b").await.unwrap().0, 500);
    world
        .fault(json!({"kind": "garbage_after_accept", "where": "messenger"}))
        .await;
    let (status, body) = send(&world, &tokens, "c").await.unwrap();
    assert!(status == 200 && body.starts_with("<!DOCTYPE"));
    world.fault(json!({"kind": "silence", "value": 0})).await;
    assert!(send(&world, &tokens, "d").await.is_err());
    assert_eq!(sent(&world.state().await), 4, "all four were taken");
    assert_eq!(send(&world, &tokens, "e").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_call_can_fail_before_anything_was_done() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    for (kind, status) in [
        ("http_500", Some(500)),
        ("unavailable", Some(503)),
        ("garbage", Some(200)),
        ("drop", None),
    ] {
        world.fault(json!({"kind": kind, "where": "send"})).await;
        assert_eq!(
            send(&world, &tokens, "a").await.ok().map(|answer| answer.0),
            status,
            "{kind}"
        );
    }
    assert_eq!(sent(&world.state().await), 0);
}

#[tokio::test]
async fn a_lost_answer_waits_for_a_message_and_not_for_a_read_mark() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world
        .fault(json!({"kind": "drop_after_accept", "where": "messenger"}))
        .await;
    let to = world.customer("messenger", "clara").await;
    let seen = json!({"recipient": {"id": to}, "sender_action": "mark_seen"});
    world
        .post(&format!("{PAGE}/messages"), &tokens.page, seen)
        .await;
    assert!(send(&world, &tokens, "a").await.is_err());
}

#[tokio::test]
async fn faults_strike_where_and_as_often_as_asked_and_can_be_healed() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world
        .fault(json!({"kind": "http_500", "count": 2, "where": "instagram send"}))
        .await;
    assert_eq!(
        send(&world, &tokens, "a").await.unwrap().0,
        200,
        "another channel"
    );
    world
        .fault(json!({"kind": "http_500", "count": 2, "where": "messenger send"}))
        .await;
    assert_eq!(send(&world, &tokens, "b").await.unwrap().0, 500);
    world
        .fault(json!({"kind": "http_500", "count": 0, "where": "messenger"}))
        .await;
    assert_eq!(send(&world, &tokens, "c").await.unwrap().0, 200);
    let (status, problem) = world.control("faults", json!({"kind": "earthquake"})).await;
    assert!(status == 404 && problem["error"].as_str().unwrap().contains("rate_limit"));
}
