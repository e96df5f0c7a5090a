//! A relay that was brought back from a backup says so, and goes on without lying.

use std::path::Path;

use wire::StreamId;
use wire::api::{HandOff, ProveAccount, ProveAnswer, ProveRequest, Proven};
use wire::event::{Control, Event};

use crate::command_line::run;
use crate::device::Device;
use crate::fake_meta::PAGE;
use crate::socket::text_of;
use crate::world::{World, says};

fn copy(from: &Path, to: &Path) {
    for tail in ["", "-wal", "-shm"] {
        let with = |path: &Path| format!("{}{tail}", path.display());
        let _ = std::fs::remove_file(with(to));
        if Path::new(&with(from)).exists() {
            std::fs::copy(with(from), with(to)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_store_is_refused_until_it_is_restored() {
    let mut world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, streams) = device.connect(&world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "in the backup")).await;
    world.stop_relay().await;
    let snapshot = world.folder.path().join("snapshot.db");
    copy(&world.store(), &snapshot);
    world.start_relay().await;
    world.webhook(&says("page", PAGE, "after the backup")).await;
    let mut socket = device.open_socket(&world).await;
    socket.take(2).await;
    let mut device = socket.into_device();
    world.stop_relay().await;
    copy(&snapshot, &world.store());
    let refused = world.try_start_relay().await.unwrap_err();
    assert!(
        refused.to_string().contains("shopbell-relay restore"),
        "{refused}"
    );
    let (code, said) = run(&world, &["restore"]);
    assert!(code, "{said}");
    world.start_relay().await;

    let mut socket = device.open_socket(&world).await;
    let (control, routes) = socket.welcome().await;
    assert_ne!(control, device.control, "every stream has a new id");
    assert_ne!(routes[0].stream, streams[0]);
    device.follow(device.control, control);
    device.control = control;
    let restored = device.open_socket(&world).await.control().await;
    assert!(matches!(restored, Control::Restored { .. }), "{restored:?}");
    let proven = prove_again(&world, &mut device, &hand_off, streams[0]).await;
    assert_eq!(proven, routes[0].stream);
    device.follow(streams[0], proven);
    world
        .webhook(&says("page", PAGE, "after the restore"))
        .await;
    assert_eq!(
        first_text_of(&device, &world, proven).await,
        "after the restore"
    );
}

async fn prove_again(
    world: &World,
    device: &mut Device,
    hand_off: &HandOff,
    stream: StreamId,
) -> StreamId {
    let (key_id, seal_key) = device.rekey(stream);
    let account = ProveAccount {
        stream,
        channel: "messenger".into(),
        platform_id: PAGE.into(),
        key_id,
        seal_key,
    };
    let asked = ProveRequest {
        login: hand_off.login,
        token: hand_off.user.token.clone(),
        accounts: vec![account],
    };
    let answer: ProveAnswer = device
        .post(world, "/v1/connections/prove", &asked)
        .await
        .unwrap();
    let Proven::Good { stream, .. } = answer.accounts[0] else {
        panic!("{answer:?}")
    };
    stream
}

async fn first_text_of(device: &Device, world: &World, stream: StreamId) -> String {
    let mut socket = device.open_socket(world).await;
    loop {
        for (of, event) in socket.events().await {
            if let (true, Event::Webhook(part)) = (of == stream, event) {
                return text_of(&part);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_by_us_is_never_served_by_mistake() {
    let mut world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "waits")).await;
    let backup = world.folder.path().join("backup.db");
    let (made, said) = run(&world, &["backup", backup.to_str().unwrap()]);
    assert!(made, "{said}");
    let (again, _) = run(&world, &["backup", backup.to_str().unwrap()]);
    assert!(!again, "nothing is overwritten");
    world.stop_relay().await;
    copy(&backup, &world.store());
    assert!(world.try_start_relay().await.is_err());
    let (_, doctor) = run(&world, &["doctor"]);
    assert!(
        doctor.contains("FAIL  store: older than the one"),
        "{doctor}"
    );
    for tail in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{tail}", world.store().display()));
    }
    // What is no backup is looked at before it takes the store's place.
    let other = world.folder.path().join("other.db");
    std::fs::write(&other, "no database").unwrap();
    let (taken, said) = run(&world, &["restore", other.to_str().unwrap()]);
    assert!(
        !taken && said.contains("is no backup of a relay's store"),
        "{said}"
    );
    assert!(!world.store().exists());
    let (restored, said) = run(&world, &["restore", backup.to_str().unwrap()]);
    assert!(restored, "{said}");
    world.start_relay().await;
    // What waited in the old stream can still be fetched there.
    let mut socket = device.open_socket(&world).await;
    assert_eq!(text_of(&socket.part().await), "waits");
}

#[tokio::test]
async fn a_store_that_vanished_is_not_replaced_silently() {
    let mut world = World::start().await;
    world.stop_relay().await;
    std::fs::remove_file(world.store()).unwrap();
    assert!(world.try_start_relay().await.is_err());
}

#[tokio::test]
async fn a_relay_that_was_killed_between_its_two_records_starts_again() {
    let mut world = World::start().await;
    world.stop_relay().await;
    let boot = world.folder.path().join("keys/boot");
    let before = std::fs::read(&boot).unwrap();
    world.start_relay().await;
    world.stop_relay().await;
    // The store's record was written, the keys folder's was not.
    std::fs::write(&boot, before).unwrap();
    world.start_relay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waited_is_heard_after_a_restore_before_anything_new() {
    let mut world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.pass(crate::world::MINUTE);
    let asked = crate::world::signed_request("7001", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    let backup = world.folder.path().join("backup.db");
    let (made, said) = run(&world, &["backup", backup.to_str().unwrap()]);
    assert!(made, "{said}");
    world.stop_relay().await;
    for tail in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{tail}", world.store().display()));
    }
    let (restored, said) = run(&world, &["restore", backup.to_str().unwrap()]);
    assert!(restored, "{said}");
    world.start_relay().await;

    let mut socket = device.open_socket(&world).await;
    let (control, _) = socket.welcome().await;
    assert_eq!(control, device.control, "the one with the order in it");
    let Control::DeletionOrder(order) = socket.control().await else {
        panic!("no order")
    };
    assert_eq!(order.code.as_str(), answer["confirmation_code"]);
    // Now that it is written down, the device hears of its new control stream.
    let (control, _) = socket.welcome().await;
    assert_ne!(control, device.control);
    let mut device = socket.into_device();
    device.follow(device.control, control);
    let mut socket = device.open_socket(&world).await;
    assert_eq!(socket.welcome().await.0, control);
    let restored = socket.control().await;
    assert!(matches!(restored, Control::Restored { .. }), "{restored:?}");
}

#[tokio::test]
async fn keys_that_have_lost_their_record_serve_no_store() {
    let mut world = World::start().await;
    world.stop_relay().await;
    let boot = world.folder.path().join("keys/boot");
    let kept = world.folder.path().join("boot.kept");
    std::fs::rename(&boot, &kept).unwrap();
    assert!(world.try_start_relay().await.is_err());
    std::fs::rename(&kept, &boot).unwrap();
    world.start_relay().await;
}
