//! Limits, outages and blocks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::refusals::expect;
use crate::world::{PAGE, WABA, World};

#[tokio::test]
async fn whatsapps_pair_limit_and_test_numbers_are_enforced() {
    let (world, tokens) = World::connected().await;
    world.say("whatsapp", "clara", "Hi").await;
    for number in 0..45 {
        assert_eq!(
            world
                .answer("whatsapp", "clara", &tokens, &format!("{number}"))
                .await
                .0,
            200
        );
    }
    expect(
        "pair",
        world.answer("whatsapp", "clara", &tokens, "46").await,
        (400, 131_056, None),
    );
    world.pass(Duration::from_secs(7));
    assert_eq!(
        world.answer("whatsapp", "clara", &tokens, "46").await.0,
        200
    );
    world.fault(json!({"kind": "allow_list"})).await;
    expect(
        "test number",
        world.answer("whatsapp", "omar", &tokens, "Hi").await,
        (400, 131_030, None),
    );
}

/// What has no cause a stand-in could know, by why: these are asked for by their codes, and what
/// is looked at is their form. Everything else in `refusals`, `message_refusals`, `causes` and
/// above is refused because something in the world is so. Channel, code, subcode, HTTP status.
#[rustfmt::skip]
const DECIDED: [(&str, &[Refused]); 6] = [
    ("Meta's own machines fail", &[
        ("messenger", 1, Some(99), 500), ("messenger", 1, Some(1_357_046), 500),
        ("messenger", 2, None, 500), ("messenger", 2, Some(2_018_344), 500),
        ("whatsapp", 131_000, None, 500), ("whatsapp", 131_016, None, 500),
        ("whatsapp", 133_004, None, 503), ("whatsapp", 135_000, None, 400),
    ]),
    ("Meta judges what was said, by rules it does not tell", &[
        ("messenger", 368, None, 400), ("whatsapp", 131_048, None, 400),
        ("whatsapp", 131_049, None, 400), ("whatsapp", 130_472, None, 400),
    ]),
    ("limits whose measure Meta does not tell", &[
        ("messenger", 9, Some(2_018_352), 400), ("messenger", 341, None, 400),
        ("messenger", 613, Some(1_996), 400),
    ]),
    ("other forms of what has a cause elsewhere: of 4, 100/33, 190, 133010 and 80008", &[
        ("messenger", 4, Some(2_018_354), 400), ("messenger", 4, Some(2_446_079), 400),
        ("messenger", 33, None, 400), ("messenger", 102, None, 400),
        ("whatsapp", 0, None, 401), ("whatsapp", 131_045, None, 500),
        ("whatsapp", 80_007, None, 400),
    ]),
    ("comes as a failed status, which has its cause in `webhooks`; at once it is only a form", &[
        ("whatsapp", 131_026, None, 400),
    ]),
    ("about messages we never send: of another type, or a customer's file", &[
        ("whatsapp", 131_051, None, 400), ("whatsapp", 131_052, None, 400),
    ]),
];

type Refused = (&'static str, i64, Option<i64>, u16);

#[tokio::test]
async fn what_only_meta_decides_has_its_codes() {
    let (world, tokens) = World::connected().await;
    world.say("messenger", "clara", "Hi").await;
    world.say("whatsapp", "clara", "Hi").await;
    let all = DECIDED
        .iter()
        .flat_map(|(why, all)| all.iter().map(move |one| (why, one)));
    for (why, (channel, code, subcode, status)) in all {
        let value = json!({"code": code, "subcode": subcode});
        world
            .fault(json!({"kind": "graph_error", "value": value, "where": "send"}))
            .await;
        let answer = world.answer(channel, "clara", &tokens, "Hello").await;
        expect(
            &format!("{why}: {code}"),
            answer,
            (*status, *code, *subcode),
        );
    }
    assert_eq!(
        world.state().await["sent"],
        json!([]),
        "a refused message is not sent"
    );
}

#[tokio::test]
async fn a_rate_limit_shows_in_the_usage_headers() {
    let (world, tokens) = World::connected().await;
    world
        .fault(json!({"kind": "rate_limit", "where": "phone_numbers", "value": 80_008}))
        .await;
    let url = format!("{}/v25.0/{WABA}/phone_numbers", world.sandbox.graph_url());
    let response = world
        .http
        .get(&url)
        .bearer_auth(&tokens.user)
        .send()
        .await
        .unwrap();
    let usage = response.headers()["x-business-use-case-usage"]
        .to_str()
        .unwrap();
    let usage: Value = serde_json::from_str(usage).unwrap();
    assert_eq!(usage[WABA][0]["call_count"], 100);
    assert_eq!(usage[WABA][0]["estimated_time_to_regain_access"], 1);
    let response = world
        .http
        .get(&url)
        .bearer_auth(&tokens.user)
        .send()
        .await
        .unwrap();
    let usage: Value =
        serde_json::from_str(response.headers()["x-app-usage"].to_str().unwrap()).unwrap();
    assert_eq!(usage["call_count"], 1);
}

#[tokio::test]
async fn conversations_can_be_paced() {
    let (world, tokens) = World::connected().await;
    world.fault(json!({"kind": "conversations_paced"})).await;
    let path = format!("{PAGE}/conversations");
    let get = async || {
        world
            .get(&path, &tokens.page, &[("platform", "instagram")])
            .await
    };
    assert_eq!(get().await.0, 200);
    assert_eq!(get().await.0, 200);
    expect("third in a second", get().await, (400, 613, None));
    world.pass(Duration::from_secs(1));
    assert_eq!(get().await.0, 200);
}
