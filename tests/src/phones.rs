//! The customers' side, and Meta's: what people do on their phones and what goes wrong on purpose,
//! through the sandbox's control interface.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::wait;

/// A client of the sandbox's control interface.
#[derive(Debug, Clone)]
pub struct Phones {
    base: Url,
    http: reqwest::Client,
}

/// An HTTP client for tests: no proxy, no redirect that nobody asked for, a limit.
pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client without certificates can be built")
}

impl Phones {
    /// The phones of the sandbox at this address.
    pub fn new(base: Url) -> Self {
        Self { base, http: http() }
    }

    /// A customer writes. The platform's id of the message comes back.
    pub async fn say(&self, channel: &str, from: &str, text: &str) -> Result<String> {
        self.say_this(json!({"channel": channel, "from": from, "text": text}))
            .await
    }

    /// A customer sends a sample picture.
    pub async fn send_picture(&self, channel: &str, from: &str, picture: &str) -> Result<String> {
        self.say_this(json!({"channel": channel, "from": from, "picture": picture}))
            .await
    }

    /// The shop answers in the platform's own app.
    pub async fn answer_by_phone(&self, channel: &str, to: &str, text: &str) -> Result<String> {
        self.say_this(json!({"channel": channel, "from": "shop", "to": to, "text": text}))
            .await
    }

    /// Something is said, with every detail the sandbox knows.
    pub async fn say_this(&self, body: Value) -> Result<String> {
        let answer = self.post("say", &body).await?;
        let id = answer.get("id").and_then(Value::as_str);
        Ok(id.context("what was said has an id")?.to_owned())
    }

    /// A customer looks at the thread.
    pub async fn read(&self, channel: &str, from: &str) -> Result<()> {
        self.post("read", &json!({"channel": channel, "from": from}))
            .await
            .map(drop)
    }

    /// A customer takes a message back.
    pub async fn unsend(&self, channel: &str, from: &str, message: &str) -> Result<()> {
        let body = json!({"channel": channel, "from": from, "message": message});
        self.post("unsend", &body).await.map(drop)
    }

    /// A customer reacts.
    pub async fn react(&self, channel: &str, from: &str, message: &str, emoji: &str) -> Result<()> {
        let body = json!({"channel": channel, "from": from, "message": message, "emoji": emoji});
        self.post("react", &body).await.map(drop)
    }

    /// Something goes wrong once (or at once, or until healed: as the kind is), where all words of
    /// `place` fit. `GET /sandbox/help` lists the kinds.
    pub async fn fault(&self, kind: &str, place: &str) -> Result<()> {
        self.fault_with(json!({"kind": kind, "where": place})).await
    }

    /// Something goes wrong, with `count` and `value` as the sandbox knows them.
    pub async fn fault_with(&self, body: Value) -> Result<()> {
        self.post("faults", &body).await.map(drop)
    }

    /// All is well again.
    pub async fn heal(&self) -> Result<()> {
        let response = self.http.delete(self.url("faults")?).send().await?;
        ensure!(response.status().is_success(), "the sandbox does not heal");
        Ok(())
    }

    /// Moves the sandbox's clock ahead.
    pub async fn ahead(&self, time: Duration) -> Result<()> {
        self.post("clock", &json!({"seconds": time.as_secs()}))
            .await
            .map(drop)
    }

    /// Asks for deletion at Facebook; the relay's answer.
    pub async fn ask_for_deletion(&self, user: &str) -> Result<Value> {
        self.post("deletion", &json!({"user": user})).await
    }

    /// Removes the app at Facebook.
    pub async fn remove_app(&self, user: &str) -> Result<()> {
        let body = json!({"user": user});
        let (status, text) = self.send("deauthorize", &body).await?;
        ensure!(
            status == 200,
            "the relay answered {status} to a removal: {text}"
        );
        Ok(())
    }

    /// Any bytes as a webhook, signed as told (empty: rightly). The relay's status and body.
    pub async fn webhook(&self, body: Vec<u8>, sign: &str) -> Result<(u16, String)> {
        let mut url = self.url("webhook")?;
        if !sign.is_empty() {
            url.query_pairs_mut().append_pair("sign", sign);
        }
        let response = self.http.post(url).body(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// An earlier delivery once more.
    pub async fn redeliver(&self, delivery: u64) -> Result<u16> {
        Ok(self
            .send("redeliver", &json!({"delivery": delivery}))
            .await?
            .0)
    }

    /// Answers the login dialog; where the browser would go next.
    pub async fn log_in(&self, authorize: &Url, how: &Value) -> Result<Url> {
        let mut body = how.as_object().cloned().unwrap_or_default();
        body.insert("authorize_url".to_owned(), json!(authorize.as_str()));
        let body = Value::Object(body);
        let answer = self.post("login", &body).await?;
        let redirect = answer
            .get("redirect")
            .and_then(Value::as_str)
            .context("a redirect")?;
        Ok(redirect.parse()?)
    }

    /// Everything the sandbox knows.
    pub async fn state(&self) -> Result<Value> {
        let response = self.http.get(self.url("state")?).send().await?;
        Ok(response.json().await?)
    }

    /// Waits until the sandbox's state has what is looked for. It tells of each change.
    pub async fn until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T> {
        let mut version = None;
        let waiting = async {
            loop {
                let mut url = self.url("state")?;
                if let Some(version) = version {
                    url.set_query(Some(&format!("after={version}")));
                }
                let state: Value = self.http.get(url).send().await?.json().await?;
                if let Some(answer) = look(&state) {
                    return anyhow::Ok(answer);
                }
                version = state.get("version").and_then(Value::as_u64);
            }
        };
        let waited = tokio::time::timeout(wait::LIMIT, waiting).await;
        waited.with_context(|| format!("waited {} s for {what}", wait::LIMIT.as_secs()))?
    }

    /// Anything else of the control interface. A refusal is an error.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, text) = self.send(path, body).await?;
        ensure!(
            (200..300).contains(&status),
            "/sandbox/{path} answered {status}: {text}"
        );
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn send(&self, path: &str, body: &Value) -> Result<(u16, String)> {
        let response = self.http.post(self.url(path)?).json(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    fn url(&self, path: &str) -> Result<Url> {
        Ok(self.base.join(&format!("/sandbox/{path}"))?)
    }
}
