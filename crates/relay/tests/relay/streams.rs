//! Streams and sockets: cursors, windows, what is erased when, and what a device notices.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use wire::StreamId;
use wire::auth::answer_challenge;
use wire::chain::{Broken, Cursor};
use wire::event::{Control, Event, GapReason};
use wire::frame::{ByeReason, FromDevice, StreamCursor, WINDOW};

use crate::device::Device;
use crate::fake_meta::PAGE;
use crate::socket::{Heard, Socket, Verdict, text_of};
use crate::world::{DAY, MINUTE, World, says};

async fn connected(world: &World) -> (Device, StreamId) {
    let mut device = world.device(1).await;
    let (_, streams) = device.connect(world, "7001", &["messenger"]).await;
    (device, streams[0])
}

async fn write(world: &World, texts: &[&str]) {
    for text in texts {
        assert_eq!(world.webhook(&says("page", PAGE, text)).await, 200);
    }
}

#[tokio::test]
async fn an_envelope_goes_a_day_after_the_device_has_it_for_good() {
    let mut world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["one", "two"]).await;
    let mut socket = device.open_socket(&world).await;
    socket.take(2).await;
    socket.settle().await;
    world.pass_with_restart(2 * DAY).await;
    let held = "SELECT count(*) FROM envelopes";
    assert_eq!(world.count(held), 2, "stored is not durable");
    let device = socket.into_device();
    let mut socket = device.open_socket(&world).await;
    socket.welcome().await;
    // This relay sent nothing on this socket: a device may still report what it checkpointed.
    socket.durable(stream).await;
    socket.settle().await;
    world.pass_with_restart(DAY - MINUTE).await;
    assert_eq!(world.count(held), 2, "not a minute too early");
    world.pass_with_restart(2 * MINUTE).await;
    assert_eq!(world.count(held), 0);
    assert_eq!(world.count("SELECT count(*) FROM heads"), 0);
}

#[tokio::test]
async fn a_device_that_comes_back_behind_gets_what_is_held_and_a_count_of_the_rest() {
    let mut world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["one", "two"]).await;
    let mut socket = device.open_socket(&world).await;
    socket.take(2).await;
    socket.durable(stream).await;
    socket.settle().await;
    world.pass_with_restart(DAY + MINUTE).await;
    write(&world, &["three"]).await;
    // The device was set back to an old copy of itself.
    let mut socket = device.open_socket(&world).await;
    assert_eq!(text_of(&socket.part().await), "three");
    assert_eq!(socket.lost, 2);
}

#[tokio::test]
async fn within_a_day_nothing_is_lost_to_a_device_that_was_set_back() {
    let world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["one", "two"]).await;
    let mut socket = device.open_socket(&world).await;
    socket.take(2).await;
    socket.durable(stream).await;
    socket.settle().await;
    world.pass(DAY - MINUTE);
    let mut socket = device.open_socket(&world).await;
    assert_eq!(socket.take(2).await.len(), 2);
    assert_eq!(socket.lost, 0);
}

#[tokio::test]
async fn no_more_than_a_window_is_sent_ahead() {
    let world = World::start().await;
    let (device, stream) = connected(&world).await;
    let entries: Vec<_> = (0..400)
        .map(|n| says("page", PAGE, &n.to_string())["entry"][0].clone())
        .collect();
    world
        .webhook(&json!({"object": "page", "entry": entries}))
        .await;
    let mut socket = Socket::raw(&world, &device).await;
    hello(&mut socket, &device).await;
    socket.welcome().await;
    let mut sent = 0;
    while sent < WINDOW {
        if let Some(Heard::Envelope(_)) = socket.hear().await {
            sent += 1;
        }
    }
    // The answer to a ping overtakes nothing: no envelope lies before it.
    socket.settle().await;
    socket
        .say(&FromDevice::Stored {
            stream,
            sequence: 10,
        })
        .await;
    let mut more = 0;
    while more < 10 {
        if let Some(Heard::Envelope(_)) = socket.hear().await {
            more += 1;
        }
    }
    socket.settle().await;
}

async fn hello(socket: &mut Socket, device: &Device) {
    let (relay, nonce) = socket.challenge().await;
    let cursors = device.cursors.values();
    let cursors = cursors.map(|at| StreamCursor {
        stream: at.stream,
        stored: at.sequence,
    });
    let signature = answer_challenge(&device.identity, relay, &nonce);
    let (protocol, id) = (wire::PROTOCOL, device.id());
    let cursors = cursors.collect();
    socket
        .say(&FromDevice::Hello {
            protocol,
            device: id,
            signature,
            cursors,
        })
        .await;
}

#[tokio::test]
async fn asked_again_the_relay_sends_again() {
    let world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["one", "two"]).await;
    let mut socket = Socket::raw(&world, &device).await;
    hello(&mut socket, &device).await;
    let (first, _) = socket.raw_delivery(stream).await;
    socket.say(&FromDevice::Again { stream, after: 0 }).await;
    let mut again = Vec::new();
    while again.len() < 2 {
        if let Some(Heard::Envelope(envelope)) = socket.hear().await {
            if envelope.sequence == 1 {
                again.clear();
            }
            again.push(envelope);
        }
    }
    assert_eq!(again[0], first[0]);
}

#[tokio::test]
async fn a_device_notices_every_lie_about_its_stream() {
    let world = World::start().await;
    let (device, stream) = connected(&world).await;
    let entries: Vec<_> = ["a", "b", "c", "d"]
        .map(|text| says("page", PAGE, text)["entry"][0].clone())
        .to_vec();
    world
        .webhook(&json!({"object": "page", "entry": entries}))
        .await;
    let mut socket = Socket::raw(&world, &device).await;
    hello(&mut socket, &device).await;
    let (honest, head) = socket.raw_delivery(stream).await;
    assert_eq!(honest.len(), 4);
    let verifier = socket.verifier(stream);
    let mut deliver = |change: &dyn Fn(&mut Vec<wire::envelope::Envelope>)| -> Verdict {
        let mut envelopes = honest.clone();
        change(&mut envelopes);
        verifier.reset();
        envelopes
            .into_iter()
            .try_for_each(|envelope| verifier.push(envelope))?;
        verifier.close(&head)
    };
    let omitted = deliver(&|all| drop(all.remove(1)));
    assert_eq!(omitted, Err(Broken::Omitted { missing: 2 }));
    let reordered = deliver(&|all| all.swap(0, 2));
    assert_eq!(reordered, Err(Broken::Reordered { sequence: 2 }));
    let replayed = deliver(&|all| all.push(all[0].clone()));
    assert_eq!(replayed, Err(Broken::Replayed { sequence: 1 }));
    let altered = deliver(&|all| all[3].sealed[60] ^= 1);
    assert_eq!(altered, Err(Broken::Altered { sequence: 4 }));
    assert_eq!(
        deliver(&|_| {}).unwrap().len(),
        4,
        "the honest one is accepted"
    );
}

#[tokio::test]
async fn only_the_device_itself_gets_in() {
    let world = World::start().await;
    let (device, _) = connected(&world).await;
    let stranger = Device::unknown(&world, 99).await;
    let mut socket = Socket::raw(&world, &stranger).await;
    hello(&mut socket, &stranger).await;
    assert_eq!(socket.bye().await, ByeReason::UnknownDevice);
    let mut socket = Socket::raw(&world, &device).await;
    let (relay, nonce) = socket.challenge().await;
    let signature = answer_challenge(&stranger.identity, relay, &nonce);
    let (protocol, id) = (wire::PROTOCOL, device.id());
    let cursors = Vec::new();
    socket
        .say(&FromDevice::Hello {
            protocol,
            device: id,
            signature,
            cursors,
        })
        .await;
    assert_eq!(socket.bye().await, ByeReason::WrongAnswer);
    let mut socket = Socket::raw(&world, &device).await;
    socket.challenge().await;
    socket.say_raw(Message::text("nonsense")).await;
    assert_eq!(socket.bye().await, ByeReason::Protocol);
}

#[tokio::test]
async fn another_devices_stream_is_not_sent() {
    let world = World::start().await;
    let (_, stream) = connected(&world).await;
    write(&world, &["secret"]).await;
    let mut other = world.device(2).await;
    other.cursors.insert(stream, Cursor::start(stream));
    let mut socket = other.open_socket(&world).await;
    socket.welcome().await;
    let cursor = StreamCursor { stream, stored: 0 };
    socket.say(&FromDevice::Open { cursor }).await;
    socket
        .say(&FromDevice::Durable {
            stream,
            sequence: 1,
        })
        .await;
    socket.settle().await;
    assert_eq!(
        world.count("SELECT count(*) FROM envelopes WHERE passed_at IS NULL"),
        1
    );
}

#[tokio::test]
async fn a_second_socket_of_a_device_ends_the_first() {
    let world = World::start().await;
    let (device, _) = connected(&world).await;
    let mut first = device.open_socket(&world).await;
    first.welcome().await;
    let mut second = device.open_socket(&world).await;
    second.welcome().await;
    assert_eq!(first.bye().await, ByeReason::Replaced);
    write(&world, &["still here"]).await;
    assert_eq!(text_of(&second.part().await), "still here");
}

#[tokio::test]
async fn a_relay_that_stops_says_so() {
    let mut world = World::start().await;
    let (device, _) = connected(&world).await;
    let mut socket = device.open_socket(&world).await;
    socket.welcome().await;
    let (reason, ()) = tokio::join!(socket.bye(), world.stop_relay());
    assert_eq!(reason, ByeReason::Stopping);
}

#[tokio::test]
async fn a_full_queue_refuses_the_newest_and_marks_the_gap() {
    let world = World::with(|config| config.limits.envelopes = 3).await;
    let (device, stream) = connected(&world).await;
    write(&world, &["1", "2", "3", "4", "5"]).await;
    let mut socket = device.open_socket(&world).await;
    let said = socket.control().await;
    let Control::Gap {
        stream: of,
        until: None,
        refused: 1,
        reason: GapReason::Full,
        ..
    } = said
    else {
        panic!("{said:?}")
    };
    assert_eq!(of, stream);
    assert_eq!(socket.take(3).await.len(), 3);
    socket.durable(stream).await;
    socket.settle().await;
    write(&world, &["6"]).await;
    let events = socket.take(2).await;
    let control = events.iter().find_map(|(_, event)| match event {
        Event::Control(control) => Some(control.clone()),
        Event::Webhook(_) => None,
    });
    assert!(
        matches!(
            control,
            Some(Control::Gap {
                until: Some(_),
                refused: 2,
                ..
            })
        ),
        "the whole count: {control:?}"
    );
}

#[tokio::test]
async fn what_waited_too_long_is_a_gap_and_not_silence() {
    let mut world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["old", "older"]).await;
    world.pass_with_restart(31 * DAY).await;
    write(&world, &["new"]).await;
    let mut socket = device.open_socket(&world).await;
    let said = socket.control().await;
    let Control::Gap {
        stream: of,
        refused: 2,
        reason: GapReason::Expired,
        ..
    } = said
    else {
        panic!("{said:?}")
    };
    assert_eq!(of, stream);
    assert_eq!(text_of(&socket.part().await), "new");
    assert_eq!(socket.lost, 2);
}

#[tokio::test]
async fn what_expired_behind_what_is_still_held_is_skipped_and_counted() {
    let mut world = World::start().await;
    let (device, stream) = connected(&world).await;
    write(&world, &["first", "second"]).await;
    let mut socket = device.open_socket(&world).await;
    let first = socket.raw_delivery(stream).await;
    assert_eq!(first.0.len(), 1);
    world.pass(30 * DAY - MINUTE);
    let said = FromDevice::Durable {
        stream,
        sequence: 1,
    };
    socket.say(&said).await;
    socket.settle().await;
    world.pass_with_restart(3 * MINUTE).await;
    assert_eq!(world.count(CONNECTIONS), 1, "the first is held for a day");
    write(&world, &["third"]).await;
    let mut device = device;
    let second = wire::envelope::Envelope::link(&first.0[0]);
    device.cursors.insert(
        stream,
        Cursor {
            stream,
            sequence: 1,
            link: second,
        },
    );
    let mut socket = device.open_socket(&world).await;
    assert!(matches!(socket.control().await, Control::Gap { .. }));
    assert_eq!(text_of(&socket.part().await), "third");
    assert_eq!(socket.lost, 1);
}

#[tokio::test]
async fn what_time_does_is_done_by_the_relays_clock() {
    let world = World::start().await;
    let (device, _) = connected(&world).await;
    write(&world, &["old"]).await;
    let mut socket = Socket::raw(&world, &device).await;
    let mut asleep = device.clone();
    asleep.cursors.retain(|stream, _| *stream == device.control);
    hello(&mut socket, &asleep).await;
    socket.welcome().await;
    // As when the machine slept: no timer of the system has gone on.
    world.pass(31 * DAY);
    assert!(matches!(socket.control().await, Control::Gap { .. }));
}

const CONNECTIONS: &str = "SELECT count(*) FROM envelopes e JOIN streams s ON s.row = e.stream
                           WHERE s.account IS NOT NULL";
