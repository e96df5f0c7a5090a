//! What people read.

use serde_json::Value;

use crate::callbacks::delete;
use crate::fake_meta::PAGE;
use crate::notices::carry_out;
use crate::world::{DAY, MINUTE, World, says, signed_request};

async fn page(world: &World, path: &str) -> (u16, String, String) {
    let answer = world.get(path).await;
    let status = answer.status().as_u16();
    let policy = answer.headers().get("content-security-policy").cloned();
    let policy = policy
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default();
    (status, policy, answer.text().await.unwrap())
}

async fn a_request(world: &World) -> String {
    let mut device = world.device(1).await;
    device.connect(world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "waits")).await;
    world.pass(MINUTE);
    let asked = signed_request("7001", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    answer["confirmation_code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_of_a_request_says_how_far_it_is() {
    let world = World::start().await;
    let code = a_request(&world).await;
    let (status, policy, html) = page(&world, &format!("/deletion/{code}")).await;
    assert_eq!(status, 200);
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    let grouped = format!("{}-{}", &code.get(..4).unwrap(), &code.get(4..8).unwrap());
    for said in [
        "Your deletion request is under way",
        "22 November 2026, 10:01:00 UTC",
        "Sealed messages erased: 1. It could read none of them.",
        "None of 1 has confirmed yet.",
        "One was last seen on 22 November 2026.",
        "Ribbon Tools Ltd",
        "mailto:privacy@example.org",
        &grouped,
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
    assert!(!html.contains("<script") && !html.contains("7001"));
    assert!(html.contains("Can I prove it?"));
    let small = code.to_lowercase();
    assert_eq!(
        page(&world, &format!("/deletion/{small}")).await.0,
        200,
        "as people type it"
    );
}

/// What the page says beside one of its three steps, and whether that is done.
fn step(html: &str, name: &str) -> (bool, String) {
    let items = html.split("<li").skip(1);
    let mut items = items.filter_map(|item| item.split("</div>").next());
    let item = items.find(|item| item.contains(&format!("<b>{name}")));
    let item = item.unwrap_or_else(|| panic!("{name} is not in {html}"));
    (item.starts_with(" class=\"done\""), item.to_owned())
}

const STEPS: [&str; 3] = [
    "Received from Meta",
    "Erased from this relay",
    "Erased from the shop’s computers",
];

#[tokio::test]
async fn the_page_tells_the_moment_of_each_step_once_every_computer_has_confirmed() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, _) = device.connect(&world, "7001", &["messenger"]).await;
    world.pass(MINUTE);
    let code = delete(&world, "7001", world.now() / 1000).await;
    let path = format!("/deletion/{code}");
    // Control: as long as the computer has said nothing, nothing is said of it.
    let (_, _, before) = page(&world, &path).await;
    assert_eq!(STEPS.map(|name| step(&before, name).0), [true, true, false]);
    let computers = step(&before, STEPS[2]).1;
    assert!(!computers.contains("onfirmed by every"), "{computers}");
    assert!(!before.contains(&format!("{path}/receipt")), "{before}");
    world.pass(MINUTE);
    carry_out(&world, &device, hand_off.login, &code).await;
    let (_, _, html) = page(&world, &path).await;
    assert!(html.contains("Your deletion request is done"), "{html}");
    let said = [
        "<time datetime=\"2026-11-22T10:01:00Z\">22 November 2026, 10:01:00 UTC</time>",
        "<time datetime=\"2026-11-22T10:01:00Z\">22 November 2026, 10:01:00 UTC</time>",
        "Confirmed by every computer (1), signed, the last on 22 November 2026, 10:02:00 UTC.",
    ];
    for (name, said) in STEPS.into_iter().zip(said) {
        let (done, text) = step(&html, name);
        assert!(done && text.contains(said), "{said} is not in {text}");
    }
    assert!(html.contains(&format!("{path}/receipt")), "{html}");
}

#[tokio::test]
async fn the_page_names_what_became_of_each_computer() {
    let world = World::start().await;
    let mut devices = Vec::new();
    let mut logins = Vec::new();
    for seed in 1..=3 {
        let mut device = world.device(seed).await;
        let (hand_off, _) = device.connect(&world, "7001", &["messenger"]).await;
        devices.push(device);
        logins.push(hand_off.login);
    }
    world.pass(MINUTE);
    let code = delete(&world, "7001", world.now() / 1000).await;
    let computers = async || {
        let (_, _, html) = page(&world, &format!("/deletion/{code}")).await;
        assert!(
            html.contains("Your deletion request is under way"),
            "{html}"
        );
        let (done, text) = step(&html, STEPS[2]);
        assert!(!done, "{text}");
        text
    };
    let lost = "could not be reached for 180 days.";
    let none = computers().await;
    assert!(none.contains("None of 3 has confirmed yet."), "{none}");
    world.pass(MINUTE);
    carry_out(&world, &devices[0], logins[0], &code).await;
    let some = computers().await;
    let one = "1 of 3 confirmed, signed, the last on 22 November 2026, 10:02:00 UTC.";
    assert!(some.contains(one), "{some}");
    let waiting = "One was last seen on 22 November 2026.";
    assert_eq!(some.matches(waiting).count(), 2, "{some}");
    assert!(!some.contains(lost), "{some}");
    // After half a year the two are given up.
    world.pass(181 * DAY);
    let late = computers().await;
    for said in [one, &format!("2 {lost}")] {
        assert!(late.contains(said), "{said} is not in {late}");
    }
    assert!(!late.contains(waiting), "{late}");
}

#[tokio::test]
async fn where_nothing_is_held_no_receipt_is_promised() {
    let world = World::start().await;
    let asked = signed_request("9999", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    let code = answer["confirmation_code"].as_str().unwrap();
    let (_, _, html) = page(&world, &format!("/deletion/{code}")).await;
    assert!(html.contains("Nothing is held"), "{html}");
    assert!(!html.contains("Can I prove it?"), "{html}");
}

#[tokio::test]
async fn every_page_speaks_four_languages_and_each_its_own() {
    let world = World::start().await;
    let code = a_request(&world).await;
    let paths = [
        format!("/deletion/{code}"),
        "/".into(),
        "/privacy".into(),
        "/data-deletion".into(),
    ];
    for path in &paths {
        let mut texts = std::collections::BTreeSet::new();
        for (language, direction) in [("en", "ltr"), ("es", "ltr"), ("ar", "rtl"), ("de", "ltr")] {
            let (status, _, html) = page(&world, &format!("{path}?lang={language}")).await;
            assert_eq!(status, 200);
            let tag = format!("<html lang=\"{language}\" dir=\"{direction}\">");
            assert!(html.contains(&tag), "{path} in {language}");
            assert!(html.contains("Ribbon Tools Ltd"), "the operator is named");
            let heading = html
                .split("<h1>")
                .nth(1)
                .unwrap()
                .split("</h1>")
                .next()
                .unwrap();
            texts.insert(heading.to_owned());
            assert!(
                !html.contains("{count}") && !html.contains("{date}"),
                "{html}"
            );
        }
        assert_eq!(texts.len(), 4, "{path}: {texts:?}");
    }
}

#[tokio::test]
async fn a_code_nobody_has_is_not_found_in_either_form() {
    let world = World::start().await;
    for code in ["AAAAAAAAAAAAAAAAAAAAAAAA", "x", "%3Cscript%3E"] {
        let (status, _, html) = page(&world, &format!("/deletion/{code}")).await;
        assert_eq!(status, 404);
        assert!(html.contains("There is no such request here") && !html.contains("<script"));
        let request = world.http.get(world.url(&format!("/deletion/{code}")));
        let json = request
            .header("accept", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(json.status(), 404);
    }
}

#[tokio::test]
async fn whoever_has_only_the_address_finds_whose_relay_it_is_and_where_to_read_on() {
    let world = World::start().await;
    let (status, policy, html) = page(&world, "/").await;
    assert_eq!(status, 200);
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for said in [
        "This is a Shopbell relay",
        "Ribbon Tools Ltd",
        "mailto:privacy@example.org",
        "<a href=\"/privacy?lang=en\">What this relay knows</a>",
        "<a href=\"/data-deletion?lang=en\">",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
}

#[tokio::test]
async fn privacy_says_what_is_kept_and_data_deletion_how_to_end_it() {
    let world = World::start().await;
    let (status, _, html) = page(&world, "/privacy").await;
    assert_eq!(status, 200);
    for said in [
        "30 days at most",
        "A keyed hash of each delivery, for eight days, to know one that Meta repeats.",
        "A request sealed for a computer that is off waits until that is on.",
        "Tokens are sealed",
        "Pseudonyms of connected accounts",
    ] {
        assert!(html.contains(said), "{said}");
    }
    let (status, _, html) = page(&world, "/data-deletion").await;
    assert_eq!(status, 200);
    assert!(html.contains("Disconnect and wipe") && html.contains("privacy@example.org"));
    // The name that Facebook gives the place, the same as in the guides.
    assert!(html.contains("Facebook settings, Business integrations"));
}

#[tokio::test]
async fn an_operators_name_is_text() {
    let world = World::with(|config| {
        config.operator = "<script>alert(1)</script>".into();
        config.contact = "javascript:alert(1)".into();
    })
    .await;
    let (_, _, html) = page(&world, "/privacy").await;
    assert!(
        !html.contains("<script>") && !html.contains("href=\"javascript"),
        "{html}"
    );
}

#[tokio::test]
async fn what_programs_read_is_there() {
    let world = World::start().await;
    assert_eq!(page(&world, "/healthz").await.0, 200);
    assert_eq!(page(&world, "/readyz").await.0, 200);
    let openapi: Value = world.get("/openapi.json").await.json().await.unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."));
    let paths: Vec<&String> = openapi["paths"].as_object().unwrap().keys().collect();
    for path in [
        "/webhooks/meta",
        "/oauth/meta/callback",
        "/meta/deauthorize",
        "/meta/deletion",
        "/deletion/{code}",
        "/deletion/{code}/receipt",
        "/",
        "/privacy",
        "/data-deletion",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/keys",
        "/v1/relay",
        "/v1/enrol",
        "/v1/logins",
        "/v1/claim",
        "/v1/connections",
        "/v1/connections/prove",
        "/v1/connections/{stream}",
        "/v1/tokens",
        "/v1/stream",
        "/v1/deletions",
        "/v1/deletions/refused",
    ] {
        assert!(
            paths.iter().any(|known| *known == path),
            "{path} is not described"
        );
        let asked = path.replace("{code}", "x").replace("{stream}", "x");
        let methods = openapi["paths"][path].as_object().unwrap();
        for method in methods.keys() {
            let request = world
                .http
                .request(method.to_uppercase().parse().unwrap(), world.url(&asked))
                .send();
            let status = request.await.unwrap().status().as_u16();
            assert_ne!(status, 405, "{method} {path} is described and not there");
        }
    }
    assert_eq!(paths.len(), 24, "nothing is described that is not above");
}

#[tokio::test]
async fn what_is_not_built_is_not_there() {
    let world = World::start().await;
    for path in [
        "/webhooks/twilio/x/inbound",
        "/webhooks/twilio/x/status",
        "/v1",
        "/admin",
        "/metrics",
    ] {
        assert_eq!(page(&world, path).await.0, 404, "{path}");
        let posted = world.http.post(world.url(path)).send().await.unwrap();
        assert_eq!(posted.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn metrics_have_a_listener_of_their_own() {
    let world = World::with(|config| {
        config.metrics_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    world.webhook(&says("page", PAGE, "secret words")).await;
    world.webhook_bytes(b"x".to_vec()).await;
    let address = world.running().metrics_address().unwrap();
    let text = world
        .http
        .get(format!("http://{address}/metrics"))
        .send()
        .await
        .unwrap();
    let text = text.text().await.unwrap();
    assert!(
        text.contains("shopbell_relay_webhooks_total{outcome=\"Accepted\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("shopbell_relay_webhooks_total{outcome=\"NotJson\"} 1"),
        "{text}"
    );
    assert!(!text.contains("secret words") && !text.contains(PAGE));
}
