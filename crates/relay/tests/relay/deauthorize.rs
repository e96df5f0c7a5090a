//! Meta's deauthorize callback: somebody removed the app, and the grace runs.

use wire::event::Control;

use crate::callbacks::{ENVELOPES, connected, delete};
use crate::fake_meta::PAGE;
use crate::world::{DAY, MINUTE, World, says, signed_request};

#[tokio::test]
async fn a_deauthorize_stops_at_once_keeps_the_queue_and_erases_after_the_grace() {
    let mut world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    world.webhook(&says("page", PAGE, "sealed before")).await;
    world.pass(MINUTE);
    let (status, _) = world
        .callback(
            "/meta/deauthorize",
            &signed_request("7001", world.now() / 1000),
        )
        .await;
    assert_eq!(status, 200);
    world.webhook(&says("page", PAGE, "not forwarded")).await;
    assert_eq!(
        world.count(ENVELOPES),
        1,
        "the queue is kept, and nothing added"
    );
    let mut socket = device.open_socket(&world).await;
    let (_, routes) = socket.welcome().await;
    assert!(!routes[0].live);
    let said = socket.control().await;
    let Control::Deauthorized {
        logins,
        at,
        erase_at,
        signed_request: word,
    } = said
    else {
        panic!("{said:?}")
    };
    assert_eq!(
        (logins.len(), at, erase_at),
        (1, world.now(), world.now() + 7 * DAY)
    );
    assert_eq!(word, signed_request("7001", world.now() / 1000));
    let device = socket.into_device();
    world.pass_with_restart(7 * DAY - MINUTE).await;
    assert_eq!(world.count(ENVELOPES), 1);
    world.pass_with_restart(2 * MINUTE).await;
    assert_eq!(world.count(ENVELOPES), 0);
    let said = device.open_socket(&world).await.control().await;
    assert!(matches!(said, Control::GraceEnded { .. }), "{said:?}");
}

#[tokio::test]
async fn logging_in_again_ends_the_grace_without_erasing() {
    let mut world = World::start().await;
    let (mut device, stream) = connected(&world, 1, "7001").await;
    world.webhook(&says("page", PAGE, "before")).await;
    world.pass(MINUTE);
    let removed = signed_request("7001", world.now() / 1000);
    world.callback("/meta/deauthorize", &removed).await;
    world.pass(DAY);
    let (_, streams) = device.connect(&world, "7001", &["messenger"]).await;
    assert_eq!(streams, [stream]);
    world.callback("/meta/deauthorize", &removed).await;
    world.pass_with_restart(8 * DAY).await;
    world.webhook(&says("page", PAGE, "after")).await;
    let mut socket = device.open_socket(&world).await;
    let mut said = Vec::new();
    let mut sealed = 0;
    while sealed < 2 {
        for (_, event) in socket.events().await {
            match event {
                wire::event::Event::Control(control) => said.push(control),
                wire::event::Event::Webhook(_) => sealed += 1,
            }
        }
    }
    assert!(matches!(said[0], Control::Deauthorized { .. }));
    assert!(
        matches!(said[1], Control::DeauthorizeCancelled { .. }),
        "{said:?}"
    );
    assert_eq!(said.len(), 2, "nothing is erased: {said:?}");
}

#[tokio::test]
async fn all_that_was_connected_goes_on_when_the_grace_is_cancelled() {
    let world = World::start().await;
    let mut first = world.device(1).await;
    let channels = ["messenger", "instagram"];
    first.connect(&world, "7001", &channels).await;
    let (second, _) = connected(&world, 2, "7001").await;
    world.pass(MINUTE);
    let removed = signed_request("7001", world.now() / 1000);
    world.callback("/meta/deauthorize", &removed).await;
    world.webhook(&says("page", PAGE, "meanwhile")).await;
    assert_eq!(world.count(ENVELOPES), 0, "stopped everywhere");
    world.pass(DAY);
    // The owner lets the app in again, on one computer and for one of the two.
    first.connect(&world, "7001", &["messenger"]).await;
    let instagram = says(
        "instagram",
        crate::fake_meta::INSTAGRAM,
        "the other channel",
    );
    world.webhook(&instagram).await;
    assert_eq!(world.count(ENVELOPES), 1);
    world.webhook(&says("page", PAGE, "both computers")).await;
    assert_eq!(world.count(ENVELOPES), 3);
    let mut socket = second.open_socket(&world).await;
    let (_, routes) = socket.welcome().await;
    assert!(routes[0].live);
}

#[tokio::test]
async fn an_old_deauthorize_played_again_reaches_nobody_who_logged_in_since() {
    let mut world = World::start().await;
    let (mut device, _) = connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let removed = signed_request("7001", world.now() / 1000);
    world.callback("/meta/deauthorize", &removed).await;
    world.pass(DAY);
    device.connect(&world, "7001", &["messenger"]).await;
    let waiting = "SELECT count(*) FROM logins WHERE deauthorized_at IS NOT NULL";
    // Longer than the body of a callback is remembered.
    world.pass_with_restart(9 * DAY).await;
    let (status, _) = world.callback("/meta/deauthorize", &removed).await;
    assert_eq!((status, world.count(waiting)), (200, 0));
    // A new one does reach both logins.
    let again = signed_request("7001", world.now() / 1000);
    world.callback("/meta/deauthorize", &again).await;
    assert_eq!(world.count(waiting), 2);
}

#[tokio::test]
async fn a_deauthorize_that_comes_after_the_new_login_it_is_older_than_does_nothing() {
    let world = World::start().await;
    let (mut device, _) = connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let late = signed_request("7001", world.now() / 1000);
    world.pass(DAY);
    device.connect(&world, "7001", &["messenger"]).await;
    world.callback("/meta/deauthorize", &late).await;
    let waiting = "SELECT count(*) FROM logins WHERE deauthorized_at IS NOT NULL";
    assert_eq!(world.count(waiting), 0);
}

#[tokio::test]
async fn a_deletion_within_the_grace_ends_it_at_once() {
    let world = World::start().await;
    let (device, _) = connected(&world, 1, "7001").await;
    world.webhook(&says("page", PAGE, "waits")).await;
    world.pass(MINUTE);
    let now = world.now() / 1000;
    world
        .callback("/meta/deauthorize", &signed_request("7001", now))
        .await;
    let code = delete(&world, "7001", now).await;
    assert_eq!(world.count(ENVELOPES), 0);
    let mut socket = device.open_socket(&world).await;
    let said: Vec<_> = socket.take(2).await;
    assert_eq!(said.len(), 2);
    assert_eq!(
        world.deletion(&code).await["devices"][0]["state"],
        "waiting"
    );
}

#[tokio::test]
async fn a_deletion_after_which_the_deauthorize_comes_is_the_same() {
    let world = World::start().await;
    connected(&world, 1, "7001").await;
    world.pass(MINUTE);
    let now = world.now() / 1000;
    delete(&world, "7001", now).await;
    let (status, _) = world
        .callback("/meta/deauthorize", &signed_request("7001", now))
        .await;
    assert_eq!(status, 200);
    let waiting = "SELECT count(*) FROM logins WHERE deauthorized_at IS NOT NULL";
    assert_eq!(world.count(waiting), 0);
}
