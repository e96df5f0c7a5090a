//! Meta's deletion callback: somebody wants their data deleted.

use serde_json::Value;
use wire::StreamId;
use wire::event::Control;
use wire::order::DeletionOrder;

use crate::device::Device;
use crate::fake_meta::PAGE;
use crate::socket::text_of;
use crate::world::{BEGIN, DAY, MINUTE, World, says, signed_request};

const NOW: i64 = BEGIN / 1000;

pub(crate) async fn connected(world: &World, seed: u8, person: &'static str) -> (Device, StreamId) {
    let mut device = world.device(seed).await;
    let (_, streams) = device.connect(world, person, &["messenger"]).await;
    (device, streams[0])
}

pub(crate) async fn delete(world: &World, user: &str, issued_at: i64) -> String {
    let (status, answer) = world
        .callback("/meta/deletion", &signed_request(user, issued_at))
        .await;
    assert_eq!(status, 200);
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    let url = world
        .config
        .public_url
        .join(&format!("/deletion/{code}"))
        .unwrap();
    assert_eq!(answer["url"], url.as_str());
    code
}

async fn order(device: &Device, world: &World) -> DeletionOrder {
    match device.open_socket(world).await.control().await {
        Control::DeletionOrder(order) => order,
        other => panic!("no order but {other:?}"),
    }
}

pub(crate) const ENVELOPES: &str =
    "SELECT count(*) FROM envelopes e JOIN streams s ON s.row = e.stream
                         WHERE s.account IS NOT NULL";

#[tokio::test]
async fn a_deletion_erases_here_at_once_and_orders_the_device() {
    let world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    world.webhook(&says("page", PAGE, "waits")).await;
    world.pass(MINUTE);
    let issued_at = world.now() / 1000;
    let code = delete(&world, "7001", issued_at).await;
    assert_eq!(code.len(), 24);
    assert!(
        code.bytes()
            .all(|one| matches!(one, b'A'..=b'Z' | b'2'..=b'7')),
        "{code}"
    );
    assert_eq!(world.count(ENVELOPES), 0);
    world.webhook(&says("page", PAGE, "dropped")).await;
    assert_eq!(world.count(ENVELOPES), 0);
    let order = order(&device, &world).await;
    assert_eq!(order.code.as_str(), code);
    assert_eq!(
        (order.issued_at, order.received_at),
        (issued_at, world.now())
    );
    assert_eq!(
        order.signed_request,
        signed_request("7001", issued_at),
        "Meta's own word"
    );
    assert_eq!(order.logins.len(), 1);
    let state = world.deletion(&code).await;
    assert_eq!(state["state"], "relay_erased");
    assert_eq!(state["devices"][0]["state"], "waiting");
    assert_eq!(state["relay_erased_at"], "2026-11-22T10:01:00Z");
}

#[tokio::test]
async fn a_repeat_gets_the_same_code_and_erases_nothing_new() {
    let world = World::start().await;
    let (mut device, _) = connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let issued_at = world.now() / 1000;
    let code = delete(&world, "7001", issued_at).await;
    // The person connects again; the old callback is played once more.
    device.connect(&world, "7001", &["messenger"]).await;
    world.pass(MINUTE);
    assert_eq!(delete(&world, "7001", issued_at).await, code);
    world.webhook(&says("page", PAGE, "after")).await;
    assert_eq!(text_of(&part_after_order(&device, &world).await), "after");
}

async fn part_after_order(device: &Device, world: &World) -> wire::event::WebhookPart {
    let mut socket = device.open_socket(world).await;
    loop {
        for (_, event) in socket.events().await {
            if let wire::event::Event::Webhook(part) = event {
                return part;
            }
        }
    }
}

#[tokio::test]
async fn an_order_older_than_the_login_does_not_reach_it() {
    let world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    let code = delete(&world, "7001", NOW - 100_000).await;
    assert_eq!(world.deletion(&code).await["state"], "completed");
    world.webhook(&says("page", PAGE, "still here")).await;
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        "still here"
    );
}

#[tokio::test]
async fn two_logins_on_one_page_are_two_things() {
    let world = World::start().await;
    world
        .meta
        .change("7002", |person| person.tasks = vec!["MESSAGING"]);
    let mut device = world.device(1).await;
    let (_, owner) = device
        .connect(&world, "7001", &["messenger", "instagram"])
        .await;
    let (employee_login, employee) = device.connect(&world, "7002", &["messenger"]).await;
    assert_eq!(owner[0], employee[0], "one connection, two logins");
    world.pass(MINUTE);
    let code = delete(&world, "7001", world.now() / 1000).await;
    // Instagram was the owner's alone; Messenger is the employee's too.
    world.webhook(&says("page", PAGE, "for the employee")).await;
    world
        .webhook(&says(
            "instagram",
            crate::fake_meta::INSTAGRAM,
            "for nobody",
        ))
        .await;
    assert_eq!(world.count(ENVELOPES), 1);
    let order = order(&device, &world).await;
    assert_eq!(order.code.as_str(), code);
    assert!(
        !order.logins.contains(&employee_login.login),
        "only the named login"
    );
}

#[tokio::test]
async fn the_same_page_in_two_shops_is_two_things() {
    let world = World::start().await;
    world
        .meta
        .change("7002", |person| person.tasks = vec!["MESSAGING"]);
    let (_, _) = connected(&world, 1, "7001").await;
    let (other, _) = connected(&world, 2, "7002").await;
    world.pass(MINUTE);
    delete(&world, "7001", world.now() / 1000).await;
    world
        .webhook(&says("page", PAGE, "in the other shop"))
        .await;
    let mut socket = other.open_socket(&world).await;
    assert_eq!(text_of(&socket.part().await), "in the other shop");
}

#[tokio::test]
async fn nobody_known_is_completed_and_nothing_held() {
    let world = World::start().await;
    let code = delete(&world, "9999", NOW).await;
    let state = world.deletion(&code).await;
    assert_eq!(state["state"], "completed");
    assert_eq!(state["devices"], Value::Array(Vec::new()));
    assert_eq!(delete(&world, "9999", NOW).await, code);
}

#[tokio::test]
async fn a_callback_from_the_future_is_refused_and_an_old_one_never() {
    let world = World::start().await;
    let (status, _) = world
        .callback("/meta/deletion", &signed_request("7001", NOW + 301))
        .await;
    assert_eq!(status, 400);
    delete(&world, "7001", NOW + 299).await;
    delete(&world, "7001", NOW - 10_000_000).await;
    assert_eq!(world.count("SELECT count(*) FROM deletions"), 2);
}

#[tokio::test]
async fn forged_callbacks_leave_nothing() {
    let world = World::start().await;
    connected(&world, 1, "7001").await;
    let good = signed_request("7001", NOW);
    let (signature, payload) = good.split_once('.').unwrap();
    let swapped = format!("{payload}.{signature}");
    let other = signed_request("7002", NOW);
    let mixed = format!("{signature}.{}", other.split_once('.').unwrap().1);
    for path in ["/meta/deletion", "/meta/deauthorize"] {
        for forged in [
            "",
            ".",
            "x",
            payload,
            &swapped,
            &mixed,
            &format!(".{payload}"),
        ] {
            let (status, _) = world.callback(path, forged).await;
            assert!((400..500).contains(&status), "{forged}: {status}");
        }
        let twice = [
            ("signed_request", good.as_str()),
            ("signed_request", &other),
        ];
        let request = world.http.post(world.url(path)).form(&twice);
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
    assert_eq!(world.count("SELECT count(*) FROM deletions"), 0);
    let live = "SELECT count(*) FROM logins WHERE deauthorized_at IS NULL AND ended_at IS NULL";
    assert_eq!(world.count(live), 1);
}

#[tokio::test]
async fn a_device_nobody_has_seen_for_180_days_is_not_reached() {
    let mut world = World::start().await;
    connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let code = delete(&world, "7001", world.now() / 1000).await;
    world.pass_with_restart(179 * DAY).await;
    assert_eq!(
        world.deletion(&code).await["devices"][0]["state"],
        "waiting"
    );
    world.pass_with_restart(2 * DAY).await;
    let state = world.deletion(&code).await;
    assert_eq!(state["devices"][0]["state"], "not_reached");
    assert_eq!(
        state["devices"][0]["at"], "2026-11-22T10:00:00Z",
        "when it was last seen"
    );
    assert_eq!(
        state["state"], "relay_erased",
        "the relay claims no more than it knows"
    );
    world.pass_with_restart(220 * DAY).await;
    assert_eq!(
        world.get(&format!("/deletion/{code}")).await.status(),
        404,
        "after 400 days"
    );
}

#[tokio::test]
async fn a_computer_that_comes_back_after_a_year_still_gets_its_order() {
    let mut world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let code = delete(&world, "7001", world.now() / 1000).await;
    world.pass_with_restart(365 * DAY).await;
    let order = order(&device, &world).await;
    assert_eq!(order.code.as_str(), code);
    assert_eq!(
        world.deletion(&code).await["devices"][0]["state"],
        "waiting",
        "it was seen just now"
    );
}

#[tokio::test]
async fn an_order_reaches_a_computer_that_has_slept_for_a_year_before_it_came() {
    let mut world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    world.pass_with_restart(365 * DAY).await;
    let code = delete(&world, "7001", world.now() / 1000).await;
    let state = world.deletion(&code).await;
    assert_eq!(
        state["state"], "relay_erased",
        "that computer still holds everything"
    );
    assert_eq!(state["devices"][0]["state"], "not_reached");
    let mut socket = device.open_socket(&world).await;
    let said = loop {
        match socket.control().await {
            Control::DeletionOrder(order) => break order,
            Control::RouteStopped { .. } => {}
            other => panic!("no order but {other:?}"),
        }
    };
    assert_eq!(said.code.as_str(), code);
}

#[tokio::test]
async fn a_deletion_forgets_a_login_under_way() {
    let world = World::start().await;
    let device = world.device(1).await;
    let returned = device.log_in(&world, "7001").await;
    world.pass(MINUTE);
    delete(&world, "7001", world.now() / 1000).await;
    assert!(device.claim(&world, &returned).await.is_err());
    assert_eq!(world.count("SELECT count(*) FROM pending_logins"), 0);
}
