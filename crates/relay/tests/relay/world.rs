//! A relay, a stand-in for Meta, and one clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use relay::{Clock, Config, MetaApp, QueueLimits, Rates, Running, Secret};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use wire::api::EnrolMode;

use crate::device::Device;
use crate::fake_meta::{APP, FakeMeta, SECRET};

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;
/// When every test begins: 22 November 2026, 10:00 UTC.
pub(crate) const BEGIN: i64 = 1_795_341_600_000;
pub(crate) const VERIFY_TOKEN: &str = "a-word-of-ours";

/// Everything around the devices.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) meta: FakeMeta,
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    now: Arc<AtomicI64>,
    running: Option<Running>,
    url: Url,
    _tasks: TaskTracker,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose relay is told something else.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tasks = TaskTracker::new();
        let meta = FakeMeta::start(&tasks).await;
        let folder = tempfile::tempdir().unwrap();
        relay::init(&folder.path().join("keys")).unwrap();
        let mut config = Config {
            public_url: Url::parse("http://127.0.0.1:1").unwrap(),
            store: folder.path().join("relay.db"),
            keys: folder.path().join("keys"),
            meta: MetaApp {
                id: APP.to_owned(),
                secrets: vec![Secret::new(SECRET)],
                verify_token: Secret::new(VERIFY_TOKEN),
                graph_url: meta.below("/graph"),
                facebook_url: meta.below("/facebook"),
                instagram_url: meta.below("/instagram"),
            },
            operator: "Ribbon Tools Ltd".to_owned(),
            contact: "privacy@example.org".to_owned(),
            enrol: EnrolMode::Open,
            trusted_proxies: Vec::new(),
            metrics_listen: None,
            limits: QueueLimits::default(),
            rates: Rates {
                enrol: 1000,
                pages: 1000,
                ..Rates::default()
            },
        };
        change(&mut config);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .unwrap();
        let now = Arc::new(AtomicI64::new(BEGIN));
        let url = config.public_url.clone();
        let mut world = Self {
            meta,
            folder,
            config,
            http,
            now,
            running: None,
            url,
            _tasks: tasks,
        };
        world.start_relay().await;
        world
    }

    pub(crate) async fn start_relay(&mut self) {
        self.try_start_relay().await.unwrap();
    }

    pub(crate) async fn try_start_relay(&mut self) -> Result<(), relay::ServeError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        self.config.public_url = url.clone();
        let now = Arc::clone(&self.now);
        let clock = Clock::new(move || now.load(Ordering::SeqCst));
        let stop = CancellationToken::new();
        let running = relay::start(listener, self.config.clone(), clock, stop).await?;
        self.running = Some(running);
        self.url = url;
        Ok(())
    }

    pub(crate) async fn stop_relay(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// From now on the relay is one in a process of its own.
    pub(crate) fn lead_to(&mut self, url: &str) {
        self.url = Url::parse(url).unwrap();
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    /// Lets time pass. What time does is done at the relay's next sweep.
    pub(crate) fn pass(&self, milliseconds: i64) {
        self.now.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Lets time pass, and the relay's next sweep happen, which is also its last and first.
    pub(crate) async fn pass_with_restart(&mut self, milliseconds: i64) {
        self.pass(milliseconds);
        self.stop_relay().await;
        self.start_relay().await;
        self.stop_relay().await;
        self.start_relay().await;
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("relay.db")
    }

    /// A look into the store, past the relay.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = rusqlite::Connection::open_with_flags(self.store(), flags).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// A device that is enrolled.
    pub(crate) async fn device(&self, seed: u8) -> Device {
        Device::enrol(self, seed).await
    }

    /// A webhook as Meta sends it; its status.
    pub(crate) async fn webhook(&self, body: &Value) -> u16 {
        self.webhook_bytes(body.to_string().into_bytes()).await
    }

    pub(crate) async fn webhook_bytes(&self, body: Vec<u8>) -> u16 {
        let signature = signature(SECRET, &body);
        self.post_webhook(body, &[("x-hub-signature-256", &signature)])
            .await
    }

    pub(crate) async fn post_webhook(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> u16 {
        let mut request = self.http.post(self.url("/webhooks/meta")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// A callback with this `signed_request`: status and answer.
    pub(crate) async fn callback(&self, path: &str, signed_request: &str) -> (u16, Value) {
        let form = [("signed_request", signed_request)];
        let answer = self
            .http
            .post(self.url(path))
            .form(&form)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// The state of a deletion request, as programs read it.
    pub(crate) async fn deletion(&self, code: &str) -> Value {
        let request = self.http.get(self.url(&format!("/deletion/{code}")));
        request
            .header("accept", "application/json")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }
}

/// What Meta puts into its header.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, body)))
}

pub(crate) fn mac(secret: &str, bytes: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.chain_update(bytes).finalize().into_bytes().to_vec()
}

/// A `signed_request` as Meta makes it.
pub(crate) fn signed_request(user: &str, issued_at: i64) -> String {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = json!({"algorithm": "HMAC-SHA256", "expires": 0, "issued_at": issued_at,
        "user_id": user});
    let payload = base64.encode(payload.to_string());
    format!(
        "{}.{payload}",
        base64.encode(mac(SECRET, payload.as_bytes()))
    )
}

/// A customer's words on a Page or an Instagram account.
pub(crate) fn says(object: &str, account: &str, text: &str) -> Value {
    json!({"object": object, "entry": [{"id": account, "time": BEGIN, "messaging": [{
        "sender": {"id": "5551"}, "recipient": {"id": account}, "timestamp": BEGIN,
        "message": {"mid": format!("m_{text}"), "text": text}}]}]})
}

/// A customer's words on a WhatsApp number.
pub(crate) fn says_on_whatsapp(waba: &str, number: &str, text: &str) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": waba, "changes": [{
        "field": "messages", "value": {"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "442079460101", "phone_number_id": number},
        "messages": [{"from": "447700900001", "id": format!("wamid.{text}"),
        "timestamp": "1795341600", "type": "text", "text": {"body": text}}]}}]}]})
}
