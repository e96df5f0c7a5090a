//! Refusals with a cause in the world: something is so, a call meets it, and once it is no longer
//! so the same call is taken.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::refusals::expect;
use crate::world::{INSTAGRAM, PAGE, PAGE2, PHONE, Tokens, WABA, World};

const HOUR: u64 = 3_600;

/// A call that this limit counts, and one that it does not.
async fn call(world: &World, tokens: &Tokens, limit: &str) -> (u16, Value) {
    match limit {
        "application" | "user" => world.get("me", &tokens.user, &[]).await,
        "page_calls" => world.get(PAGE, &tokens.user, &[]).await,
        "pages" => {
            let path = format!("{PAGE}/subscribed_apps");
            world.get(&path, &tokens.page, &[]).await
        }
        "instagram" => world.get(INSTAGRAM, &tokens.page, &[]).await,
        "messenger" => world.answer("messenger", "clara", tokens, "Hi").await,
        "whatsapp" => {
            let path = format!("{WABA}/phone_numbers");
            world.get(&path, &tokens.user, &[]).await
        }
        "throughput" => world.answer("whatsapp", "clara", tokens, "Hi").await,
        other => panic!("no limit {other}"),
    }
}

#[tokio::test]
async fn calls_are_counted_and_the_one_too_many_is_refused_until_the_others_are_old() {
    for (limit, code, seconds, beside) in [
        ("application", 4, HOUR, ""),
        ("user", 17, HOUR, "pages"),
        ("page_calls", 32, HOUR, "pages"),
        ("pages", 80_001, 24 * HOUR, "messenger"),
        ("instagram", 80_002, 24 * HOUR, "pages"),
        ("messenger", 80_006, 24 * HOUR, "pages"),
        ("whatsapp", 80_008, HOUR, "user"),
        ("throughput", 130_429, 1, "whatsapp"),
    ] {
        let (world, tokens) = World::connected().await;
        for channel in ["messenger", "whatsapp"] {
            world.say(channel, "clara", "Hi").await;
        }
        world
            .fault(json!({"kind": "limit", "where": limit, "value": 2}))
            .await;
        for _ in 0..2 {
            let (status, answer) = call(&world, &tokens, limit).await;
            assert_eq!(status, 200, "{limit}: {answer}");
        }
        let wanted = (400, code, None);
        expect(limit, call(&world, &tokens, limit).await, wanted);
        if !beside.is_empty() {
            let (status, answer) = call(&world, &tokens, beside).await;
            assert_eq!(status, 200, "{limit} is not about {beside}: {answer}");
        }
        world.pass(Duration::from_secs(seconds));
        for channel in ["messenger", "whatsapp"] {
            world.say(channel, "clara", "Still here").await;
        }
        for _ in 0..2 {
            assert_eq!(call(&world, &tokens, limit).await.0, 200, "{limit}: later");
        }
        expect(limit, call(&world, &tokens, limit).await, wanted);
    }
}

#[tokio::test]
async fn the_headers_tell_in_how_many_minutes_a_limit_lets_calls_through() {
    let (world, tokens) = World::connected().await;
    world
        .fault(json!({"kind": "limit", "where": "whatsapp", "value": 1}))
        .await;
    assert_eq!(call(&world, &tokens, "whatsapp").await.0, 200);
    world.pass(Duration::from_secs(20 * 60));
    let url = format!("{}/v25.0/{WABA}/phone_numbers", world.sandbox.graph_url());
    let request = world.http.get(url).bearer_auth(&tokens.user);
    let response = request.send().await.unwrap();
    let usage = response.headers()["x-business-use-case-usage"]
        .to_str()
        .unwrap();
    let usage: Value = serde_json::from_str(usage).unwrap();
    assert_eq!(usage[WABA][0]["estimated_time_to_regain_access"], 40);
}

#[tokio::test]
async fn a_whatsapp_number_sends_eighty_a_second_without_being_told_so() {
    let (world, tokens) = World::connected().await;
    for customer in ["clara", "omar"] {
        world.say("whatsapp", customer, "Hi").await;
    }
    world.holds_the_clock();
    let path = format!("{PHONE}/messages");
    let send = async |to: &str| {
        let body = json!({
            "messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "Hi"},
        });
        world.try_post(&path, &tokens.user, body).await
    };
    for number in 0..80 {
        let to = ["447700900142", "971501234568"][number % 2];
        assert_eq!(send(to).await.0, 200, "{number}");
    }
    expect("81", send("447700900142").await, (400, 130_429, None));
    world.pass(Duration::from_secs(1));
    assert_eq!(send("447700900142").await.0, 200);
}

#[tokio::test]
async fn whoever_blocked_the_shop_or_takes_no_messages_is_not_reached() {
    for channel in ["messenger", "instagram"] {
        let (world, tokens) = World::connected().await;
        for customer in ["clara", "omar"] {
            world.say(channel, customer, "Hi").await;
        }
        let place = format!("{channel} clara");
        let answer = async |to: &str| world.answer(channel, to, &tokens, "Hello").await;
        // Meta says it under three codes, and it is the subcode that tells what is meant.
        for (kind, value, wanted) in [
            ("blocked", Value::Null, (400, 551, Some(1_545_041))),
            ("blocked", json!(10), (403, 10, Some(1_545_041))),
            ("blocked", json!(200), (403, 200, Some(1_545_041))),
            ("cannot_receive", Value::Null, (403, 10, Some(2_018_108))),
        ] {
            let wrong = json!({"kind": kind, "where": place, "value": value});
            world.fault(wrong).await;
            expect(kind, answer("clara").await, wanted);
            assert_eq!(answer("omar").await.0, 200, "{kind}: somebody else");
            let healed = json!({"kind": kind, "where": place, "count": 0});
            world.fault(healed).await;
            assert_eq!(answer("clara").await.0, 200, "{kind}: again");
        }
    }
}

#[tokio::test]
async fn a_closed_window_has_an_older_form_too() {
    let (world, tokens) = World::connected().await;
    world.fault(json!({"kind": "window_old_form"})).await;
    world.say("messenger", "clara", "Hi").await;
    let answer = async || world.answer("messenger", "clara", &tokens, "Hello").await;
    assert_eq!(answer().await.0, 200, "open");
    world.pass(Duration::from_secs(24 * HOUR + 5));
    expect("closed", answer().await, (403, 10, Some(2_018_065)));
}

#[tokio::test]
async fn a_whatsapp_number_in_trouble_says_so_itself_and_sends_nothing() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    let answer = async || world.answer("whatsapp", "clara", &tokens, "Hello").await;
    let fields = [("fields", "status,name_status,health_status")];
    for (trouble, wanted, status, name) in [
        ("locked", (403, 131_031, None), "CONNECTED", "APPROVED"),
        ("unnamed", (400, 131_037, None), "CONNECTED", "DECLINED"),
        ("unpaid", (400, 131_042, None), "CONNECTED", "APPROVED"),
        (
            "unregistered",
            (400, 133_010, None),
            "DISCONNECTED",
            "APPROVED",
        ),
        ("maintained", (500, 131_057, None), "CONNECTED", "APPROVED"),
    ] {
        world
            .fault(json!({"kind": "number_trouble", "value": trouble}))
            .await;
        expect(trouble, answer().await, wanted);
        let (_, number) = world.get(PHONE, &tokens.user, &fields).await;
        assert_eq!(number["health_status"]["can_send_message"], "BLOCKED");
        assert_eq!(
            (&number["status"], &number["name_status"]),
            (&json!(status), &json!(name))
        );
        world
            .fault(json!({"kind": "number_trouble", "count": 0}))
            .await;
        assert_eq!(answer().await.0, 200, "{trouble}: no longer");
    }
    let (_, number) = world.get(PHONE, &tokens.user, &fields).await;
    assert_eq!(number["health_status"]["can_send_message"], "AVAILABLE");
}

#[tokio::test]
async fn a_country_the_number_may_not_message_is_refused() {
    let (world, tokens) = World::connected().await;
    for customer in ["clara", "jonas"] {
        world.say("whatsapp", customer, "Hi").await;
    }
    world
        .fault(json!({"kind": "country_barred", "value": 49}))
        .await;
    let answer = async |to: &str| world.answer("whatsapp", to, &tokens, "Hello").await;
    expect("Germany", answer("jonas").await, (403, 130_497, None));
    assert_eq!(answer("clara").await.0, 200, "Great Britain");
}

#[tokio::test]
async fn files_that_are_unknown_too_old_or_another_accounts_are_refused() {
    let (world, tokens) = World::connected().await;
    for channel in ["messenger", "whatsapp"] {
        world.say(channel, "clara", "Hi").await;
    }
    let gone = (400, 100, Some(33));
    let file = async |id: &str, query: &[(&str, &str)]| world.get(id, &tokens.user, query).await;
    expect("no such file", file("4711", &[]).await, gone);
    let part = Part::bytes(b"%PDF-1.4".to_vec()).file_name("p.pdf");
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .part("file", part.mime_str("application/pdf").unwrap());
    let path = format!("{PHONE}/media");
    let (_, upload) = world.upload(&path, &tokens.user, form).await;
    let id = upload["id"].as_str().unwrap();
    let own = [("phone_number_id", PHONE)];
    assert_eq!(file(id, &own).await.0, 200);
    let other = [("phone_number_id", "270914356118874")];
    expect("another number's", file(id, &other).await, gone);
    let body = json!({
        "messaging_product": "whatsapp", "to": "447700900142", "type": "document",
        "document": {"id": id},
    });
    let path = format!("{PHONE}/messages");
    world.post(&path, &tokens.user, body.clone()).await;
    world.pass(Duration::from_secs(30 * 24 * HOUR));
    world.say("whatsapp", "clara", "Me again").await;
    expect("too old to read", file(id, &[]).await, gone);
    let sent = world.try_post(&path, &tokens.user, body).await;
    expect("too old to send", sent, (400, 131_009, None));
    world.say("messenger", "clara", "Me again").await;
    let attachment = json!({"type": "image", "payload": {"attachment_id": "4711"}});
    let body = json!({
        "recipient": {"id": world.customer("messenger", "clara").await},
        "message": {"attachment": attachment},
    });
    let path = format!("{PAGE}/messages");
    let sent = world.try_post(&path, &tokens.page, body).await;
    expect("no such attachment", sent, (400, 100, Some(2_018_047)));
}

#[tokio::test]
async fn people_who_never_wrote_are_not_told_of() {
    let (world, tokens) = World::connected().await;
    let profile = async |channel: &str| {
        let id = world.customer(channel, "clara").await;
        world.get(&id, &tokens.page, &[("fields", "name")]).await
    };
    expect("Instagram", profile("instagram").await, (403, 230, None));
    expect(
        "Messenger",
        profile("messenger").await,
        (400, 100, Some(33)),
    );
    for channel in ["instagram", "messenger"] {
        world.say(channel, "clara", "Hi").await;
        assert_eq!(profile(channel).await.0, 200, "{channel}");
    }
    let path = format!("{PAGE2}/conversations");
    let other = world.get(&path, &tokens.page, &[]).await;
    expect("another Page's", other, (400, 100, Some(33)));
}
