//! Wipes that devices report, and the receipts they get.

use wire::api::{DeletionAnswer, DeletionNotice, OrderRefused, RefusalCode};
use wire::order::DeletionCode;
use wire::receipt::{
    AskedBy, AtMeta, RelayStatement, Scope, VerifiedReceipt, WipeCompletion, WipeNotice,
};
use wire::{DeletionId, Digest, LoginId, RelayId, SigningSecret, StreamId};

use crate::device::Device;
use crate::fake_meta::PAGE;
use crate::world::{DAY, MINUTE, World, says, signed_request};

/// A wipe of a device's, as it is reported.
struct Wipe {
    notice: WipeNotice,
    wipe_key: SigningSecret,
}

impl Wipe {
    fn new(device: &Device, scope: Scope, streams: &[StreamId], logins: &[LoginId]) -> Self {
        let wipe_key = SigningSecret::from_seed(&[200; 32]);
        let notice = WipeNotice {
            deletion: DeletionId::from_bytes(crate::device::fresh()),
            asked_by: AskedBy::Owner,
            asked_at: crate::world::BEGIN,
            code: None,
            scope,
            identity: device.identity.public(),
            wipe_key: wipe_key.public(),
            relay: device.relay.relay,
            streams: streams.to_vec(),
            logins: logins.to_vec(),
        };
        Self { notice, wipe_key }
    }

    fn told(&self, device: &Device) -> DeletionNotice {
        let notice = self.notice.sign(&device.identity);
        let completion = WipeCompletion {
            deletion: self.notice.deletion,
            notice: Digest::of(notice.as_bytes()),
            completed_at: self.notice.asked_at + 2000,
            erased: vec![("connections".into(), 1)],
            kept: vec![("orders".into(), 0)],
            revoked: AtMeta::Confirmed,
            unsubscribed: AtMeta::Confirmed,
            backups: Vec::new(),
        };
        let completion = completion.sign(&self.wipe_key);
        DeletionNotice { notice, completion }
    }
}

/// A device reports that it has wiped these streams.
pub(crate) async fn report_wipe(world: &World, device: &Device, streams: &[StreamId]) {
    let told = Wipe::new(device, Scope::Connection, streams, &[]).told(device);
    tell(world, &told).await.unwrap();
}

/// A device does what an order asks of it, and says so.
pub(crate) async fn carry_out(world: &World, device: &Device, login: LoginId, code: &str) {
    let mut wipe = Wipe::new(device, Scope::Login, &[], &[login]);
    wipe.notice.asked_by = AskedBy::Meta;
    wipe.notice.code = Some(code.parse().unwrap());
    tell(world, &wipe.told(device)).await.unwrap();
}

async fn tell(world: &World, told: &DeletionNotice) -> Result<String, u16> {
    let answer = world
        .http
        .post(world.url("/v1/deletions"))
        .json(told)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(status);
    }
    Ok(answer.json::<DeletionAnswer>().await.unwrap().statement)
}

fn receipt(told: &DeletionNotice, statement: &str, device: &Device) -> RelayStatement {
    let receipt = VerifiedReceipt::assemble(&told.notice, &told.completion, Some(statement));
    let verified = VerifiedReceipt::verify(&receipt, Some(&device.relay.current)).unwrap();
    verified.statement.unwrap()
}

#[tokio::test]
async fn a_wipe_is_answered_with_a_receipt_anyone_can_check() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, streams) = device
        .connect(&world, "7001", &["messenger", "instagram"])
        .await;
    world.webhook(&says("page", PAGE, "waits")).await;
    let wipe = Wipe::new(&device, Scope::Connection, &streams[..1], &[]);
    let told = wipe.told(&device);
    let statement = tell(&world, &told).await.unwrap();
    let said = receipt(&told, &statement, &device);
    assert_eq!((said.streams, said.envelopes, said.routes), (1, 1, 1));
    assert_eq!(
        world.count("SELECT count(*) FROM logins WHERE ended_at IS NULL"),
        1
    );
    let wipe = Wipe::new(&device, Scope::Login, &streams[1..], &[hand_off.login]);
    tell(&world, &wipe.told(&device)).await.unwrap();
    assert_eq!(
        world.count("SELECT count(*) FROM logins WHERE ended_at IS NULL"),
        0
    );
}

#[tokio::test]
async fn told_again_it_answers_the_same_and_erases_once() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (_, streams) = device.connect(&world, "7001", &["messenger"]).await;
    let told = Wipe::new(&device, Scope::Connection, &streams, &[]).told(&device);
    let first = tell(&world, &told).await.unwrap();
    world.pass(DAY);
    assert_eq!(tell(&world, &told).await.unwrap(), first);
}

#[tokio::test]
async fn a_full_wipe_removes_the_device_and_is_still_taken_from_it_later() {
    let mut world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let told = Wipe::new(&device, Scope::Everything, &[], &[]).told(&device);
    let first = tell(&world, &told).await.unwrap();
    assert_eq!(
        world.count("SELECT count(*) FROM devices WHERE removed_at IS NULL"),
        0
    );
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 0);
    assert_eq!(
        world.count("SELECT count(*) FROM streams WHERE dropped_at IS NULL"),
        0
    );
    world.pass_with_restart(8 * DAY).await;
    assert_eq!(
        tell(&world, &told).await.unwrap(),
        first,
        "eight days later, the same"
    );
    let late = Wipe::new(&device, Scope::Connection, &[device.control], &[]).told(&device);
    let statement = tell(&world, &late).await.unwrap();
    assert_eq!(
        receipt(&late, &statement, &device).streams,
        0,
        "nothing was left"
    );
}

#[tokio::test]
async fn a_device_the_relay_never_knew_gets_an_answer_and_leaves_no_trace() {
    let world = World::start().await;
    let device = Device::unknown(&world, 77).await;
    let told = Wipe::new(&device, Scope::Everything, &[], &[]).told(&device);
    let statement = tell(&world, &told).await.unwrap();
    assert_eq!(receipt(&told, &statement, &device).streams, 0);
    assert_eq!(world.count(RECEIPTS), 0);
    // Control: what a known device tells is kept.
    let known = world.device(1).await;
    let told = Wipe::new(&known, Scope::Everything, &[], &[]).told(&known);
    tell(&world, &told).await.unwrap();
    assert_eq!(world.count(RECEIPTS), 1);
}

const RECEIPTS: &str = "SELECT count(*) FROM receipts";

/// A connected device that an order waits for: its login, its stream, the order's code.
async fn ordered(world: &World) -> (Device, LoginId, StreamId, String) {
    let mut device = world.device(1).await;
    let (hand_off, streams) = device.connect(world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "waits")).await;
    world.pass(MINUTE);
    let asked = signed_request("7001", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    (device, hand_off.login, streams[0], code)
}

#[tokio::test]
async fn nobody_hangs_a_receipt_on_somebody_elses_request() {
    let world = World::start().await;
    let (_, _, _, code) = ordered(&world).await;
    let strangers = [Device::unknown(&world, 77).await, world.device(2).await];
    for stranger in strangers {
        let mut wipe = Wipe::new(&stranger, Scope::Everything, &[], &[]);
        wipe.notice.code = Some(code.parse().unwrap());
        tell(&world, &wipe.told(&stranger)).await.unwrap();
    }
    let path = format!("/deletion/{code}/receipt");
    assert_eq!(world.get(&path).await.status(), 404);
    assert_eq!(world.deletion(&code).await["state"], "relay_erased");
}

#[tokio::test]
async fn an_owner_who_wiped_first_has_done_what_the_order_asks() {
    let world = World::start().await;
    let (device, login, stream, code) = ordered(&world).await;
    // Control: a wipe that ends no login of the order's completes nothing.
    let sibling = Wipe::new(&device, Scope::Connection, &[], &[]).told(&device);
    tell(&world, &sibling).await.unwrap();
    assert_eq!(world.deletion(&code).await["state"], "relay_erased");
    let wipe = Wipe::new(&device, Scope::Connection, &[stream], &[login]);
    let told = wipe.told(&device);
    let statement = tell(&world, &told).await.unwrap();
    let said = receipt(&told, &statement, &device);
    assert_eq!((said.streams, said.envelopes, said.routes), (1, 1, 1));
    let state = world.deletion(&code).await;
    assert_eq!(state["state"], "completed");
    assert_eq!(state["devices"][0]["state"], "erased");
    let file = world.get(&format!("/deletion/{code}/receipt")).await;
    assert!(VerifiedReceipt::verify(&file.text().await.unwrap(), None).is_ok());
}

#[tokio::test]
async fn an_owner_who_wiped_everything_has_done_what_the_order_asks() {
    let world = World::start().await;
    let (device, _, _, code) = ordered(&world).await;
    let told = Wipe::new(&device, Scope::Everything, &[], &[]).told(&device);
    let statement = tell(&world, &told).await.unwrap();
    let said = receipt(&told, &statement, &device);
    // The connection's stream, erased for the order, and the control stream with the order in it.
    assert_eq!((said.streams, said.envelopes, said.routes), (2, 2, 1));
    assert_eq!(world.deletion(&code).await["state"], "completed");
}

#[tokio::test]
async fn the_statement_after_an_order_counts_what_went_when_the_order_came() {
    for days in [0, 40] {
        let mut world = World::start().await;
        let (device, login, stream, code) = ordered(&world).await;
        let erased_at = world.now();
        world.pass_with_restart(days * DAY + MINUTE).await;
        let mut wipe = Wipe::new(&device, Scope::Login, &[stream], &[login]);
        wipe.notice.code = Some(code.parse().unwrap());
        let told = wipe.told(&device);
        let statement = tell(&world, &told).await.unwrap();
        let said = receipt(&told, &statement, &device);
        let counts = (said.streams, said.envelopes, said.routes);
        assert_eq!(counts, (1, 1, 1), "after {days} days");
        assert_eq!(said.erased_at, erased_at);
    }
}

#[tokio::test]
async fn the_statement_after_a_disconnect_counts_what_went_with_it() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, streams) = device.connect(&world, "7001", &["messenger"]).await;
    world.webhook(&says("page", PAGE, "waits")).await;
    let path = format!("/v1/connections/{}", streams[0]);
    let answer: wire::api::DisconnectAnswer = device.delete(&world, &path).await.unwrap();
    assert_eq!(answer.erased, 1);
    let wipe = Wipe::new(&device, Scope::Connection, &streams, &[hand_off.login]);
    let told = wipe.told(&device);
    let statement = tell(&world, &told).await.unwrap();
    let said = receipt(&told, &statement, &device);
    assert_eq!((said.streams, said.envelopes, said.routes), (1, 1, 1));
}

#[tokio::test]
async fn nothing_of_a_connection_is_left_once_its_wipe_is_reported() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let channels = ["messenger", "instagram"];
    let (_, streams) = device.connect(&world, "7001", &channels).await;
    let mut socket = device.open_socket(&world).await;
    socket.welcome().await;
    let accounts = "SELECT count(*) FROM streams WHERE account IS NOT NULL";
    assert_eq!(world.count(accounts), 2);
    let wipe = Wipe::new(&device, Scope::Connection, &streams[..1], &[]);
    tell(&world, &wipe.told(&device)).await.unwrap();
    assert_eq!(world.count(accounts), 1, "not even who it was, by HMAC");
    assert_eq!(world.count("SELECT count(*) FROM routes"), 1);
    // The socket that stood goes on with the sibling.
    let instagram = says("instagram", crate::fake_meta::INSTAGRAM, "goes on");
    world.webhook(&instagram).await;
    assert_eq!(crate::socket::text_of(&socket.part().await), "goes on");
}

#[tokio::test]
async fn a_notice_is_of_its_device_alone() {
    let world = World::start().await;
    let mut victim = world.device(1).await;
    let (hand_off, streams) = victim.connect(&world, "7001", &["messenger"]).await;
    let attacker = world.device(2).await;
    // Under its own name, an attacker reaches nothing of the victim's.
    let told = Wipe::new(&attacker, Scope::Login, &streams, &[hand_off.login]).told(&attacker);
    let statement = tell(&world, &told).await.unwrap();
    assert_eq!(receipt(&told, &statement, &attacker).streams, 0);
    // Under the victim's name, it cannot sign.
    let mut forged = Wipe::new(&victim, Scope::Everything, &[], &[]);
    let signed = forged.told(&attacker);
    assert_eq!(tell(&world, &signed).await, Err(400));
    // Nor with another wipe key, nor for another relay.
    forged.wipe_key = attacker.identity.clone();
    assert_eq!(tell(&world, &forged.told(&victim)).await, Err(400));
    let mut elsewhere = Wipe::new(&victim, Scope::Everything, &[], &[]);
    elsewhere.notice.relay = RelayId::from_bytes([0; 16]);
    assert_eq!(tell(&world, &elsewhere.told(&victim)).await, Err(400));
    world.webhook(&says("page", PAGE, "still here")).await;
    assert_eq!(world.count("SELECT count(*) FROM envelopes"), 1);
}

#[tokio::test]
async fn an_order_is_completed_by_the_devices_own_signature() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    let (hand_off, streams) = device.connect(&world, "7001", &["messenger"]).await;
    world.pass(MINUTE);
    let asked = signed_request("7001", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    let receipt_path = format!("/deletion/{code}/receipt");
    assert_eq!(world.get(&receipt_path).await.status(), 404);
    let mut wipe = Wipe::new(&device, Scope::Login, &streams, &[hand_off.login]);
    wipe.notice.asked_by = AskedBy::Meta;
    wipe.notice.code = Some(code.parse().unwrap());
    world.pass(MINUTE);
    tell(&world, &wipe.told(&device)).await.unwrap();
    let state = world.deletion(&code).await;
    assert_eq!(state["state"], "completed");
    assert_eq!(state["devices"][0]["state"], "erased");
    assert_eq!(state["devices"][0]["at"], "2026-11-22T10:02:00Z");
    let file = world.get(&receipt_path).await.text().await.unwrap();
    let verified = VerifiedReceipt::verify(&file, Some(&device.relay.current)).unwrap();
    assert_eq!(
        verified.notice.code.map(|code| code.to_string()),
        Some(code)
    );
    assert!(
        !file.contains("7001") && !file.contains("Olive"),
        "no personal data"
    );
}

#[tokio::test]
async fn an_owner_may_refuse_an_order_and_the_page_says_why() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.pass(MINUTE);
    let asked = signed_request("7001", world.now() / 1000);
    let (_, answer) = world.callback("/meta/deletion", &asked).await;
    let code: DeletionCode = answer["confirmation_code"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let refused = OrderRefused {
        code,
        reason: "<b>Meta\nstill accepts</b> the token".into(),
    };
    let stranger = world.device(2).await;
    let path = "/v1/deletions/refused";
    let not_asked = stranger
        .post::<serde_json::Value>(&world, path, &refused)
        .await;
    assert_eq!(not_asked, Err(RefusalCode::Gone));
    let heard = device
        .post::<serde_json::Value>(&world, path, &refused)
        .await;
    assert!(heard.is_ok());
    let state = world.deletion(code.as_str()).await;
    assert_eq!(state["state"], "refused");
    assert_eq!(state["reason"], "<b>Metastill accepts</b> the token");
    let page = world
        .get(&format!("/deletion/{code}"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("&#60;b&#62;Metastill accepts") || page.contains("&lt;b&gt;"),
        "{page}"
    );
}
