//! Proofs that a device may have an account's events, and what only the app secret can make.

use wire::StreamId;
use wire::api::{
    FreshToken, HandOff, ProveAccount, ProveAnswer, ProveRequest, Proven, RefusalCode, TokenAnswer,
    TokenRequest,
};
use wire::event::{Control, StopReason};
use wire::seal::{Opener, SealSecret, Use};
use wire::{KeyId, LoginId};

use crate::device::{Device, fresh};
use crate::fake_meta::{PAGE, SECRET};
use crate::socket::text_of;
use crate::world::{DAY, MINUTE, World, mac, says};

const LIFE: i64 = 45 * DAY;

async fn prove(
    world: &World,
    device: &mut Device,
    (login, stream): (LoginId, StreamId),
    token: &str,
) -> Result<Proven, RefusalCode> {
    let (key_id, seal_key) = device.rekey(stream);
    let account = ProveAccount {
        stream,
        channel: "messenger".into(),
        platform_id: PAGE.into(),
        key_id,
        seal_key,
    };
    let asked = ProveRequest {
        login,
        token: token.into(),
        accounts: vec![account],
    };
    let answer: ProveAnswer = device.post(world, "/v1/connections/prove", &asked).await?;
    Ok(answer.accounts[0].clone())
}

async fn connected(world: &World) -> (Device, HandOff, StreamId) {
    let mut device = world.device(1).await;
    let (hand_off, streams) = device.connect(world, "7001", &["messenger"]).await;
    (device, hand_off, streams[0])
}

#[tokio::test]
async fn without_renewal_a_route_stops_with_a_notice() {
    let mut world = World::start().await;
    let (device, _, stream) = connected(&world).await;
    world.pass(LIFE - MINUTE);
    world.webhook(&says("page", PAGE, "in time")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
    world.pass_with_restart(2 * MINUTE).await;
    world.webhook(&says("page", PAGE, "too late")).await;
    let mut socket = device.open_socket(&world).await;
    let (_, routes) = socket.welcome().await;
    assert!(!routes[0].live);
    let said = socket.control().await;
    let stopped = Control::RouteStopped {
        stream,
        at: world.now(),
        reason: StopReason::ProofExpired,
    };
    assert_eq!(said, stopped);
    assert_eq!(text_of(&socket.part().await), "in time");
    let parts = "SELECT count(*) FROM envelopes e JOIN streams s ON s.row = e.stream
                 WHERE s.account IS NOT NULL";
    assert_eq!(world.count(parts), 1);
}

#[tokio::test]
async fn a_proof_is_renewed_by_the_token_and_the_token_forgotten() {
    let mut world = World::start().await;
    let (mut device, hand_off, stream) = connected(&world).await;
    world.pass(LIFE - DAY);
    let proven = prove(
        &world,
        &mut device,
        (hand_off.login, stream),
        &hand_off.user.token,
    )
    .await;
    let good_until = world.now() + LIFE;
    assert_eq!(
        proven,
        Ok(Proven::Good {
            stream,
            good_until,
            elsewhere: 0
        })
    );
    world.pass_with_restart(2 * DAY).await;
    world.webhook(&says("page", PAGE, "still here")).await;
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        "still here"
    );
}

#[tokio::test]
async fn a_stopped_route_is_proven_again() {
    let mut world = World::start().await;
    let (mut device, hand_off, stream) = connected(&world).await;
    world.pass_with_restart(LIFE + DAY).await;
    let proven = prove(
        &world,
        &mut device,
        (hand_off.login, stream),
        &hand_off.user.token,
    )
    .await;
    assert!(matches!(proven, Ok(Proven::Good { stream: same, .. }) if same == stream));
    world.webhook(&says("page", PAGE, "again")).await;
    assert_eq!(
        world.count("SELECT count(*) FROM envelopes WHERE stream = 2"),
        1
    );
}

#[tokio::test]
async fn a_role_that_was_taken_away_ends_the_route() {
    let world = World::start().await;
    let (mut device, hand_off, stream) = connected(&world).await;
    world
        .meta
        .change("7001", |person| person.tasks = vec!["ANALYZE"]);
    let proven = prove(
        &world,
        &mut device,
        (hand_off.login, stream),
        &hand_off.user.token,
    )
    .await;
    assert_eq!(
        proven,
        Ok(Proven::RightLost {
            missing: "MESSAGING".into()
        })
    );
    world.webhook(&says("page", PAGE, "not any more")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 0);
    world.meta.change("7001", |person| {
        person.tasks = vec!["MESSAGING"];
        person.scopes.remove("pages_messaging");
    });
    let proven = prove(
        &world,
        &mut device,
        (hand_off.login, stream),
        &hand_off.user.token,
    )
    .await;
    assert_eq!(
        proven,
        Ok(Proven::RightLost {
            missing: "pages_messaging".into()
        })
    );
}

#[tokio::test]
async fn a_proof_needs_a_good_token_of_the_same_person() {
    let world = World::start().await;
    let (mut device, hand_off, stream) = connected(&world).await;
    let route = (hand_off.login, stream);
    let refused = Err(RefusalCode::TokenRefused);
    assert_eq!(
        prove(&world, &mut device, route, "EAAlong-nobody").await,
        refused
    );
    assert_eq!(
        prove(&world, &mut device, route, "EAAlong-7002").await,
        refused
    );
    world
        .meta
        .change("7001", |person| person.tokens_valid = false);
    assert_eq!(
        prove(&world, &mut device, route, "EAAlong-7001").await,
        refused
    );
    world.meta.known.lock().unwrap().down = true;
    let down = prove(&world, &mut device, route, "EAAlong-7001").await;
    assert_eq!(down, Err(RefusalCode::PlatformUnreachable), "not a verdict");
    world.webhook(&says("page", PAGE, "still live")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
}

#[tokio::test]
async fn another_devices_login_proves_nothing() {
    let world = World::start().await;
    let (_, hand_off, stream) = connected(&world).await;
    let mut other = world.device(2).await;
    let stolen = prove(&world, &mut other, (hand_off.login, stream), "EAAlong-7001").await;
    assert_eq!(stolen, Err(RefusalCode::TokenRefused));
}

async fn fresh_token(
    world: &World,
    device: &Device,
    (token, extend): (&str, bool),
) -> Result<FreshToken, RefusalCode> {
    let (key_id, secret) = (KeyId::from_bytes(fresh()), SealSecret::from_bytes(fresh()));
    let seal_key = secret.public();
    let asked = TokenRequest {
        token: token.into(),
        extend,
        key_id,
        seal_key,
    };
    let answer: TokenAnswer = device.post(world, "/v1/tokens", &asked).await?;
    let about = (Use::Token, *device.id().as_bytes());
    let mut opener = Opener::new(about, device.relay.relay, key_id, secret);
    Ok(serde_json::from_slice(&opener.open(&answer.sealed.0).unwrap()).unwrap())
}

#[tokio::test]
async fn a_token_gets_a_fresh_proof_and_where_possible_a_longer_life() {
    let world = World::start().await;
    let device = world.device(1).await;
    let page = fresh_token(&world, &device, ("EAApage-7001", false))
        .await
        .unwrap();
    assert_eq!(page.token, "EAApage-7001");
    assert_eq!(page.proof, hex::encode(mac(SECRET, b"EAApage-7001")));
    let longer = fresh_token(&world, &device, ("EAAshort-7001", true))
        .await
        .unwrap();
    assert_eq!(longer.token, "EAAlong-7001");
    assert_eq!(longer.proof, hex::encode(mac(SECRET, b"EAAlong-7001")));
    assert_eq!(longer.expires_at, Some(world.now() + 5_184_000_000));
}

/// The proof of a token is HMAC(app secret, token), and so is a webhook's signature of its body: a
/// relay that proved whatever it is given would sign forged webhooks and deletion orders.
#[tokio::test]
async fn the_token_service_signs_nothing_but_tokens() {
    let world = World::start().await;
    let device = world.device(1).await;
    let payload = crate::world::signed_request("7001", 1_795_341_600);
    let payload = payload.split_once('.').unwrap().1;
    for forged in [
        says("page", PAGE, "forged").to_string().as_str(),
        payload,
        "",
    ] {
        for extend in [false, true] {
            let refused = fresh_token(&world, &device, (forged, extend)).await;
            assert_eq!(refused.unwrap_err(), RefusalCode::TokenRefused, "{forged}");
        }
    }
}
