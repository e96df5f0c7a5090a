//! A sandbox, a relay that writes everything down, a clock, and a person who logs in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use hmac::{Hmac, KeyInit, Mac};
use sandbox::{APP_ID, APP_SECRET, Clock, Config, Sandbox};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use crate::relay::{Got, Relay, take};

/// The longest a test waits for something that should happen at once.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) const PAGE: &str = "104729583016472";
pub(crate) const PAGE2: &str = "108310962447153";
pub(crate) const INSTAGRAM: &str = "17841405822304914";
pub(crate) const WABA: &str = "382910475561204";
pub(crate) const PHONE: &str = "270914356118873";
pub(crate) const OWNER: &str = "10229384756102938";
pub(crate) const BEGINNING: i64 = 1_795_340_000_000;

pub(crate) const SCOPES: &str = "pages_show_list,pages_manage_metadata,pages_messaging,instagram_basic,instagram_manage_messages,whatsapp_business_management,whatsapp_business_messaging,business_management,pages_read_engagement";

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) relay: Arc<Relay>,
    pub(crate) relay_url: Url,
    pub(crate) http: reqwest::Client,
    clock: Arc<AtomicI64>,
    /// How much later each look at the clock is.
    tick: Arc<AtomicI64>,
}

/// What a login gives.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) user: String,
    pub(crate) page: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_at_pace(3_600.0).await
    }

    /// A world whose retries run so many times faster.
    pub(crate) async fn start_at_pace(time_scale: f64) -> Self {
        let relay = Arc::new(Relay::default());
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(take).with_state(Arc::clone(&relay));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        tasks.detach_all();
        let relay_url = Url::parse(&format!("http://{address}")).unwrap();
        let clock = Arc::new(AtomicI64::new(BEGINNING));
        let tick = Arc::new(AtomicI64::new(1));
        let (reader, step) = (Arc::clone(&clock), Arc::clone(&tick));
        // Each look at the clock is a millisecond later, so that nothing happens at once.
        let config = Config {
            relay: relay_url.clone(),
            time_scale,
            clock: Clock::from_fn(move || {
                reader.fetch_add(step.load(Ordering::SeqCst), Ordering::SeqCst)
            }),
            seed: Some(7),
            ..Config::default()
        };
        let sandbox = sandbox::start(config).await.unwrap();
        let http = client();
        Self {
            sandbox,
            relay,
            relay_url,
            http,
            clock,
            tick,
        }
    }

    /// A world whose owner has logged in and whose accounts are subscribed.
    pub(crate) async fn connected() -> (Self, Tokens) {
        let world = Self::start().await;
        let tokens = world.connect().await;
        (world, tokens)
    }

    pub(crate) async fn connect(&self) -> Tokens {
        let tokens = self.log_in(json!({})).await;
        let fields = "messages,message_echoes,message_deliveries,message_reads,message_reactions";
        let page = json!({"subscribed_fields": fields});
        self.post(&format!("{PAGE}/subscribed_apps"), &tokens.page, page)
            .await;
        self.post(&format!("{WABA}/subscribed_apps"), &tokens.user, json!({}))
            .await;
        tokens
    }

    /// From now on time passes only when it is told to.
    pub(crate) fn holds_the_clock(&self) {
        self.tick.store(0, Ordering::SeqCst);
    }

    /// What the sandbox's clock says.
    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock
            .fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The whole login by the control API, to the long-lived token and the first Page's.
    pub(crate) async fn log_in(&self, how: Value) -> Tokens {
        let code = self.code(how).await;
        let short = self.exchange(&code).await;
        let long = self
            .get(
                "oauth/access_token",
                "",
                &[
                    ("grant_type", "fb_exchange_token"),
                    ("client_id", APP_ID),
                    ("client_secret", APP_SECRET),
                    ("fb_exchange_token", short["access_token"].as_str().unwrap()),
                ],
            )
            .await
            .1;
        let user = long["access_token"].as_str().unwrap().to_owned();
        let pages = self.get("me/accounts", &user, &[]).await.1;
        let page = pages["data"][0]["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Tokens { user, page }
    }

    pub(crate) fn authorize_url(&self, extra: &str) -> String {
        format!(
            "{}/v25.0/dialog/oauth?client_id={APP_ID}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb&state=s%201&response_type=code&scope={SCOPES}{extra}",
            self.sandbox.facebook_url()
        )
    }

    pub(crate) async fn code(&self, how: Value) -> String {
        let mut body = how;
        body["authorize_url"] = json!(self.authorize_url(""));
        let (_, answer) = self.control("login", body).await;
        let redirect = Url::parse(answer["redirect"].as_str().unwrap()).unwrap();
        let code = redirect.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    }

    pub(crate) async fn exchange(&self, code: &str) -> Value {
        let (status, answer) = self
            .get(
                "oauth/access_token",
                "",
                &[
                    ("client_id", APP_ID),
                    ("client_secret", APP_SECRET),
                    ("redirect_uri", "http://127.0.0.1:9/cb"),
                    ("code", code),
                ],
            )
            .await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    fn graph(&self, path: &str) -> Url {
        Url::parse(&format!("{}/v25.0/{path}", self.sandbox.graph_url())).unwrap()
    }

    pub(crate) async fn get(
        &self,
        path: &str,
        token: &str,
        query: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = self.http.get(self.graph(path)).query(query);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        read(request.send().await.unwrap()).await
    }

    /// A call that must be taken.
    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, token, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn try_post(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.post(self.graph(path)).json(&body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.http.delete(self.graph(path)).bearer_auth(token);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn upload(
        &self,
        path: &str,
        token: &str,
        form: reqwest::multipart::Form,
    ) -> (u16, Value) {
        let request = self
            .http
            .post(self.graph(path))
            .bearer_auth(token)
            .multipart(form);
        read(request.send().await.unwrap()).await
    }

    /// A body for the control API.
    pub(crate) async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = self.sandbox.url.join(&format!("/sandbox/{path}")).unwrap();
        read(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn say(&self, channel: &str, from: &str, text: &str) -> String {
        let body = json!({"channel": channel, "from": from, "text": text});
        let (status, answer) = self.control("say", body).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn fault(&self, body: Value) {
        let (status, answer) = self.control("faults", body).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn state(&self) -> Value {
        let url = self.sandbox.url.join("/sandbox/state").unwrap();
        read(self.http.get(url).send().await.unwrap()).await.1
    }

    /// The id under which the shop's account knows a customer.
    pub(crate) async fn customer(&self, channel: &str, key: &str) -> String {
        let state = self.state().await;
        let people = state["people"].as_array().unwrap();
        let person = people.iter().find(|person| person["key"] == key).unwrap();
        person["ids"][channel].as_str().unwrap().to_owned()
    }

    /// The shop writes; gives status and answer.
    pub(crate) async fn answer(
        &self,
        channel: &str,
        key: &str,
        tokens: &Tokens,
        text: &str,
    ) -> (u16, Value) {
        let to = self.customer(channel, key).await;
        if channel == "whatsapp" {
            let body = json!({
                "messaging_product": "whatsapp", "recipient_type": "individual",
                "to": format!("+{to}"), "type": "text", "text": {"body": text},
                "biz_opaque_callback_data": "our-id",
            });
            return self
                .try_post(&format!("{PHONE}/messages"), &tokens.user, body)
                .await;
        }
        let body = json!({
            "recipient": {"id": to}, "messaging_type": "RESPONSE",
            "message": {"text": text, "metadata": "our-id"},
        });
        self.try_post(&format!("{PAGE}/messages"), &tokens.page, body)
            .await
    }
}

/// A client that is none of ours.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LIMIT)
        .build()
        .unwrap()
}

pub(crate) async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

/// Whether a webhook is signed with the app's secret over exactly these bytes.
pub(crate) fn signed(got: &Got) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
    mac.update(&got.body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    got.headers
        .get("x-hub-signature-256")
        .is_some_and(|header| header == expected.as_str())
}

/// The first element of `messaging` with this key.
pub(crate) fn event<'a>(body: &'a Value, key: &str) -> Option<&'a Value> {
    let entries = body["entry"].as_array()?;
    entries
        .iter()
        .filter_map(|entry| entry["messaging"].as_array())
        .flatten()
        .find(|event| !event[key].is_null())
}

/// The first item under this key in WhatsApp's values.
pub(crate) fn cloud<'a>(body: &'a Value, key: &str) -> Option<&'a Value> {
    let entries = body["entry"].as_array()?;
    entries
        .iter()
        .filter_map(|entry| entry["changes"].as_array())
        .flatten()
        .find_map(|change| change["value"][key].get(0))
}
