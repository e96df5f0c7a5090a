//! Disconnecting one connection, and what becomes of the others.

use wire::StreamId;
use wire::api::{DisconnectAnswer, RefusalCode};

use crate::device::Device;
use crate::fake_meta::{INSTAGRAM, NUMBER, PAGE, WABA};
use crate::socket::text_of;
use crate::world::{World, says, says_on_whatsapp};

async fn disconnect(
    world: &World,
    device: &Device,
    stream: StreamId,
) -> Result<DisconnectAnswer, RefusalCode> {
    device
        .delete(world, &format!("/v1/connections/{stream}"))
        .await
}

#[tokio::test]
async fn a_sibling_of_the_same_login_goes_on() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let channels = ["messenger", "instagram", "whatsapp"];
    let (_, streams) = device.connect(&world, "7001", &channels).await;
    world.webhook(&says("instagram", INSTAGRAM, "waits")).await;
    let instagram = disconnect(&world, &device, streams[1]).await.unwrap();
    let expected = DisconnectAnswer {
        last_on_subscription: false,
        last_of_login: false,
        erased: 1,
    };
    assert_eq!(instagram, expected, "the Page still needs its subscription");
    world
        .webhook(&says("instagram", INSTAGRAM, "dropped"))
        .await;
    world.webhook(&says("page", PAGE, "still here")).await;
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        "still here"
    );
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
    let messenger = disconnect(&world, &device, streams[0]).await.unwrap();
    assert!(messenger.last_on_subscription && !messenger.last_of_login);
    let whatsapp = disconnect(&world, &device, streams[2]).await.unwrap();
    assert!(whatsapp.last_on_subscription && whatsapp.last_of_login);
    assert_eq!(
        world.count("SELECT count(*) FROM logins WHERE ended_at IS NULL"),
        0
    );
}

#[tokio::test]
async fn asking_again_gets_the_same_answer() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, streams) = device.connect(&world, "7001", &["whatsapp"]).await;
    world
        .webhook(&says_on_whatsapp(WABA, NUMBER, "waits"))
        .await;
    let first = disconnect(&world, &device, streams[0]).await.unwrap();
    assert_eq!(first.erased, 1);
    let again = disconnect(&world, &device, streams[0]).await.unwrap();
    assert_eq!(
        (again.last_on_subscription, again.last_of_login),
        (true, true)
    );
    assert_eq!(again.erased, 0);
}

#[tokio::test]
async fn the_last_route_is_counted_over_all_computers() {
    let world = World::start().await;
    let mut first = world.device(1).await;
    let (_, here) = first.connect(&world, "7001", &["messenger"]).await;
    let mut second = world.device(2).await;
    let (_, there) = second.connect(&world, "7001", &["messenger"]).await;
    let answer = disconnect(&world, &first, here[0]).await.unwrap();
    assert!(
        !answer.last_on_subscription,
        "the other computer needs the subscription"
    );
    assert!(
        !answer.last_of_login,
        "revoking would end the other computer's tokens"
    );
    let answer = disconnect(&world, &second, there[0]).await.unwrap();
    assert!(answer.last_on_subscription && answer.last_of_login);
}

#[tokio::test]
async fn reconnecting_makes_a_new_stream() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, before) = device.connect(&world, "7001", &["messenger"]).await;
    disconnect(&world, &device, before[0]).await.unwrap();
    let (_, after) = device.connect(&world, "7001", &["messenger"]).await;
    assert_ne!(before, after);
}

#[tokio::test]
async fn nobody_disconnects_for_somebody_else() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, streams) = device.connect(&world, "7001", &["messenger"]).await;
    let other = world.device(2).await;
    assert_eq!(
        disconnect(&world, &other, streams[0]).await,
        Err(RefusalCode::Gone)
    );
    assert_eq!(
        disconnect(&world, &other, other.control).await,
        Err(RefusalCode::Gone)
    );
    world.webhook(&says("page", PAGE, "still here")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
}

#[tokio::test]
async fn an_account_goes_to_eight_computers_and_no_ninth() {
    let world = World::start().await;
    for seed in 1..=8 {
        let mut device = world.device(seed).await;
        device.connect(&world, "7001", &["messenger"]).await;
    }
    let mut ninth = world.device(9).await;
    let returned = ninth.log_in(&world, "7001").await;
    let hand_off = ninth.claim(&world, &returned).await.unwrap();
    let chosen = [crate::device::ready(&hand_off, "messenger")];
    let refused = ninth.confirm(&world, &returned, &chosen).await;
    assert_eq!(refused.unwrap_err(), RefusalCode::Crowded);
    // Another account of the same login is not crowded, and who has the account keeps it.
    let chosen = [crate::device::ready(&hand_off, "instagram")];
    assert!(ninth.confirm(&world, &returned, &chosen).await.is_ok());
    let mut first = world.device(1).await;
    first.connect(&world, "7001", &["messenger"]).await;
    let live = "SELECT count(DISTINCT device) FROM streams
                WHERE account IS NOT NULL AND ended_at IS NULL";
    assert_eq!(world.count(live), 9);
}
