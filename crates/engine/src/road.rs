//! The main road, from the first screen to the last receipt, against a relay and a platform of this
//! crate's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Channel, Delivery};
use serde_json::json;
use store::MemorySecrets;
use tokio::io::AsyncWriteExt;
use url::Url;
use wire::event::{PartKind, WebhookPart};

use crate::config::{Config, Platforms};
use crate::decode::Decoder;
use crate::engine::{Engine, SecretsSource};
use crate::phase::{LinkState, Phase};
use crate::read::{Filter, Item, Login, Progress, WipeProgress};
use crate::testing::relay::{FakeRelay, found};
use crate::testing::{NOW, PAGE, PERSON, Platform, ok};

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(20);

struct Road {
    engine: Engine,
    relay: FakeRelay,
    platform: Platform,
    secrets: Arc<MemorySecrets>,
    folder: tempfile::TempDir,
    opened: Arc<Mutex<Vec<Url>>>,
}

async fn begin() -> Road {
    let accounts = vec![
        found("messenger", PAGE, "Clara’s Cakes"),
        found("instagram", "17841", "clara"),
    ];
    let relay = FakeRelay::start(accounts).await;
    let platform = Platform::default();
    let graph = platform.serve().await;
    let fields = [
        "messages",
        "message_deliveries",
        "message_reads",
        "message_echoes",
    ];
    let apps = json!({"data": [{"id": "1055501234567890", "subscribed_fields": fields}]});
    platform.answers("GET", "/subscribed_apps", &[ok(apps)]);
    let profile = json!({"name": "Amina", "id": PERSON});
    platform.answers("GET", &format!("/{PERSON}"), &[ok(profile)]);
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::new());
    let opened = Arc::new(Mutex::new(Vec::new()));
    let engine = start(folder.path(), graph, &secrets, &opened);
    until(&engine, "the first screen", || {
        engine.phase() == Phase::FirstRun
    })
    .await;
    Road {
        engine,
        relay,
        platform,
        secrets,
        folder,
        opened,
    }
}

fn start(
    folder: &std::path::Path,
    graph: Url,
    secrets: &Arc<MemorySecrets>,
    opened: &Arc<Mutex<Vec<Url>>>,
) -> Engine {
    let config = Config {
        data_dir: folder.join("shop"),
        relay_url: None,
        platforms: Platforms {
            graph,
            ..Platforms::real()
        },
        version: "test".to_owned(),
        decoder: Decoder::Here,
        browser: None,
    };
    let opened = Arc::clone(opened);
    let opener = move |url: &Url| {
        opened.lock().unwrap().push(url.clone());
        true
    };
    let secrets = SecretsSource::Given(Arc::clone(secrets) as Arc<_>);
    Engine::start(config, secrets, Arc::new(|| NOW), Arc::new(opener))
}

/// Waits for news until something is true.
async fn until(engine: &Engine, what: &str, is: impl Fn() -> bool) {
    let mut news = engine.news();
    let waiting = async {
        while !is() {
            let _ = news.recv().await;
        }
    };
    assert!(
        tokio::time::timeout(LIMIT, waiting).await.is_ok(),
        "waited for {what}"
    );
}

impl Road {
    async fn connect(&self) {
        let url = self.relay.url.to_string();
        let met = self.engine.meet_relay(url.clone()).await.unwrap();
        assert_eq!(met.words.len(), 12);
        self.engine.trust_relay(url, None).await.unwrap();
        self.engine.start_login(None).await.unwrap();
        self.come_back().await;
        let engine = &self.engine;
        let choosing = || matches!(engine.login(), Login::Choose { .. });
        until(engine, "the choice", choosing).await;
        let Login::Choose { accounts, .. } = engine.login() else {
            panic!("no choice")
        };
        let ids = accounts.iter().map(|account| account.id.clone()).collect();
        engine.connect_accounts(ids).await.unwrap();
        assert_eq!(engine.phase(), Phase::Ready);
        until(engine, "the road", || engine.link() == LinkState::Online).await;
    }

    async fn come_back(&self) {
        let url = Url::parse(&self.relay.come_back()).unwrap();
        let port = url.port().unwrap();
        let mut browser = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let request = format!(
            "GET {}?{} HTTP/1.1\r\n\r\n",
            url.path(),
            url.query().unwrap()
        );
        browser.write_all(request.as_bytes()).await.unwrap();
    }

    /// A person writes to the Page.
    fn says(&self, stream: wire::StreamId, mid: &str, text: &str) {
        let event = json!({
            "sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": NOW.0,
            "message": {"mid": mid, "text": text}
        });
        let part = WebhookPart {
            object: "page".to_owned(),
            entry_id: PAGE.to_owned(),
            time: Some(NOW.0),
            received_at: NOW.0,
            kind: PartKind::Entry,
            body: serde_json::to_vec(&json!({"id": PAGE, "messaging": [event]})).unwrap(),
        };
        self.relay.push(stream, &part.to_bytes());
    }

    /// The stream of the Page: the vault says which it is.
    async fn page_stream(&self) -> wire::StreamId {
        let shop = self.engine.shop().unwrap();
        let page = shop
            .connections()
            .into_iter()
            .find(|one| one.channel() == Channel::Messenger);
        let cursor = page
            .unwrap()
            .read(|read| read.cursor())
            .await
            .unwrap()
            .unwrap();
        wire::StreamId::from_bytes(cursor.stream)
    }

    async fn last_text(&self) -> Option<String> {
        let page = self
            .engine
            .conversations(Filter::All, None, 10)
            .await
            .unwrap();
        page.rows.first()?.last.as_ref()?.text.clone()
    }
}

#[tokio::test]
async fn a_message_arrives_and_an_answer_leaves() {
    let road = begin().await;
    road.connect().await;
    assert_eq!(
        road.opened.lock().unwrap().len(),
        1,
        "the browser was opened once"
    );
    let mut arrivals = road.engine.arrivals();
    let stream = road.page_stream().await;
    road.says(stream, "m_1", "Do you have rye bread?");
    let arrival = tokio::time::timeout(LIMIT, arrivals.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(arrival.name, "Amina", "the notification waits for the name");
    assert_eq!(arrival.text.as_deref(), Some("Do you have rye bread?"));
    assert_eq!(
        road.last_text().await.as_deref(),
        Some("Do you have rye bread?")
    );
    let counts = road.engine.counts().await.unwrap();
    assert_eq!((counts.all, counts.unread, counts.unanswered), (1, 1, 1));

    let sent = json!({"recipient_id": PERSON, "message_id": "m_2"});
    road.platform.answers("POST", "/messages", &[ok(sent)]);
    let mut settings = road.engine.settings().await;
    settings.hold_seconds = 0;
    road.engine.set_settings(settings).await.unwrap();
    let mut news = road.engine.news();
    road.engine
        .send(arrival.conversation, "Until noon.".to_owned())
        .await
        .unwrap();
    let sent = async {
        loop {
            let thread = road
                .engine
                .thread(arrival.conversation, None, None, 9)
                .await
                .unwrap();
            if let Some(Item::Message(last)) = thread.items.last()
                && last.delivery == Some(Progress::At(Delivery::Sent))
            {
                return;
            }
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(LIMIT, sent).await.unwrap();
    road.engine.stop().await;
}

#[tokio::test]
async fn what_is_durable_here_is_reported_and_nothing_comes_twice() {
    let road = begin().await;
    road.connect().await;
    let stream = road.page_stream().await;
    for number in 0..3 {
        road.says(stream, &format!("m_{number}"), "hello");
    }
    let mut news = road.engine.news();
    let seen = async {
        while road.engine.counts().await.unwrap().unread == 0 {
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(LIMIT, seen).await.unwrap();
    // A clean stop makes everything durable and says so.
    road.engine.stop().await;
    assert_eq!(road.relay.durable(stream), 3);
    let graph = road.engine.config().platforms.graph.clone();
    let again = start(road.folder.path(), graph, &road.secrets, &road.opened);
    until(&again, "the inbox", || again.phase() == Phase::Ready).await;
    until(&again, "the road", || again.link() == LinkState::Online).await;
    let connections = again.connections().await.unwrap();
    assert_eq!(connections.iter().map(|one| one.messages).sum::<u32>(), 3);
    assert!(connections.iter().all(|one| one.elsewhere == 2));
    again.stop().await;
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_leaves_no_secret_and_no_route() {
    let road = begin().await;
    let engine = &road.engine;
    let url = road.relay.url.to_string();
    engine.meet_relay(url.clone()).await.unwrap();
    engine.trust_relay(url, None).await.unwrap();
    engine.start_login(None).await.unwrap();
    road.come_back().await;
    until(engine, "the choice", || {
        matches!(engine.login(), Login::Choose { .. })
    })
    .await;
    let before = road.secrets.names();
    // Where vaults would be made there is something else.
    let vaults = road.folder.path().join("shop/vaults");
    let _ = std::fs::remove_dir_all(&vaults);
    std::fs::write(&vaults, b"in the way").unwrap();
    let Login::Choose { accounts, .. } = engine.login() else {
        panic!("no choice")
    };
    let ids = vec![accounts[0].id.clone()];
    assert!(engine.connect_accounts(ids).await.is_err());
    assert_eq!(road.relay.disconnected().len(), 1);
    let names = road.secrets.names();
    let left = names.iter().filter(|name| !before.contains(name));
    // The login has a record, by which its token is found again.
    assert!(left.clone().all(|name| name.contains("login")), "{names:?}");
    engine.stop().await;
}

#[tokio::test]
async fn disconnecting_one_leaves_its_sibling_and_a_receipt() {
    let road = begin().await;
    road.connect().await;
    let engine = &road.engine;
    let stream = road.page_stream().await;
    road.says(stream, "m_1", "CANARY");
    let mut news = engine.news();
    let seen = async {
        while road.last_text().await.is_none() {
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(LIMIT, seen).await.unwrap();
    let connections = engine.connections().await.unwrap();
    let page = connections
        .iter()
        .find(|one| one.channel == Channel::Messenger)
        .unwrap();
    let wrong = engine.disconnect(page.id, "Clara".to_owned()).await;
    assert!(matches!(wrong, Err(crate::Error::NameDiffers)));
    engine
        .disconnect(page.id, "clara’s cakes".to_owned())
        .await
        .unwrap();
    let done = || matches!(engine.wipe_progress(), WipeProgress::Done { .. });
    until(engine, "the receipt", done).await;
    assert_eq!(road.relay.disconnected(), [stream]);
    assert_eq!(road.relay.notices().len(), 1);
    assert_eq!(
        engine.connections().await.unwrap().len(),
        1,
        "the sibling stays"
    );
    let receipts = engine.receipts().await.unwrap();
    assert!(receipts[0].complete);
    assert!(!receipts[0].text.contains("Clara"), "it names nobody");
    assert_eq!(engine.phase(), Phase::Ready);
    let folder = road
        .folder
        .path()
        .join("shop/vaults")
        .join(page.id.to_string());
    assert!(!folder.exists());
    assert!(
        !road
            .secrets
            .names()
            .iter()
            .any(|name| name.contains(&page.id.to_string()))
    );
    engine.stop().await;
}

#[tokio::test]
async fn deleting_everything_leaves_receipts_and_tells_the_relay_when_it_is_back() {
    let road = begin().await;
    road.connect().await;
    let engine = &road.engine;
    road.relay.set_down(true);
    engine
        .delete_everything("shopbell".to_owned())
        .await
        .unwrap();
    assert_eq!(engine.phase(), Phase::Erasing);
    assert_eq!(engine.wipe_progress(), WipeProgress::WaitingForRelay);
    let left: Vec<String> = std::fs::read_dir(road.folder.path().join("shop"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let allowed = ["wipe.a", "wipe.b", "receipts", "lock"];
    assert!(
        left.iter().all(|name| allowed.contains(&name.as_str())),
        "{left:?}"
    );
    assert!(road.secrets.names().is_empty());
    let receipts = engine.receipts().await.unwrap();
    assert!(!receipts[0].complete);
    road.relay.set_down(false);
    let done = || matches!(engine.wipe_progress(), WipeProgress::Done { .. });
    until(engine, "the relay's answer", done).await;
    assert!(engine.receipts().await.unwrap()[0].complete);
    // The owner begins anew.
    engine.open_again().await.unwrap();
    until(engine, "the first screen", || {
        engine.phase() == Phase::FirstRun
    })
    .await;
    engine.stop().await;
}
