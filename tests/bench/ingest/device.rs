//! A computer that is enrolled at the relay and has routes to accounts: only its requests, since
//! what is measured is what lies in the queue for it while it sleeps.

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tests::clock::Clock;
use url::Url;
use wire::api::{
    ClaimAnswer, ClaimRequest, ConnectAccount, ConnectAnswer, ConnectRequest, EnrolAnswer,
    EnrolRequest, HandOff, LoginAnswer, LoginRequest, Platform, RelayAbout,
};
use wire::auth::{RequestHeaders, RequestParts};
use wire::seal::{Opener, SealSecret, Use};
use wire::{KeyId, Nonce, RelayId, SigningSecret, Verifier};

use crate::generator::Dice;

/// An enrolled device.
#[derive(Debug)]
pub(super) struct Device {
    base: Url,
    http: Client,
    identity: SigningSecret,
    relay: RelayId,
    dice: Dice,
}

impl Device {
    pub(super) async fn enrol(base: Url) -> Result<Self> {
        let http = tests::phones::http();
        let about = http.get(base.join("/v1/relay")?).send().await?;
        let about: RelayAbout = about.error_for_status()?.json().await?;
        let mut device = Self {
            base,
            http,
            identity: SigningSecret::from_seed(&[7; 32]),
            relay: about.keys.relay,
            dice: Dice::new(11),
        };
        let (key_id, secret) = device.key();
        let asked = EnrolRequest {
            identity: device.identity.public(),
            key_id,
            seal_key: secret.public(),
            code: None,
        };
        let _: EnrolAnswer = device.post("/v1/enrol", &asked).await?;
        Ok(device)
    }

    /// Logs in as this person and connects every Instagram account found: how many.
    pub(super) async fn connect(&mut self, person: usize) -> Result<usize> {
        let verifier = Verifier::from_bytes(self.dice.bytes());
        let (key_id, secret) = self.key();
        let asked = LoginRequest {
            platform: Platform::Facebook,
            verifier_hash: verifier.hash(),
            loopback_port: 45_678,
            key_id,
            seal_key: secret.public(),
            ask_again: false,
        };
        let login: LoginAnswer = self.post("/v1/logins", &asked).await?;
        let handoff = self.agree(&login.authorize_url, person).await?;
        let asked = ClaimRequest {
            login: login.login,
            handoff: handoff.clone(),
            verifier,
        };
        let claimed: ClaimAnswer = self.post("/v1/claim", &asked).await?;
        let about = (Use::HandOff, *login.login.as_bytes());
        let opened = Opener::new(about, self.relay, key_id, secret).open(&claimed.sealed.0)?;
        let found: HandOff = serde_json::from_slice(&opened)?;
        let wanted = found
            .accounts
            .iter()
            .filter(|one| one.channel == "instagram");
        let accounts: Vec<ConnectAccount> = wanted
            .map(|account| {
                let (key_id, secret) = self.key();
                ConnectAccount {
                    account_ref: account.account_ref,
                    key_id,
                    seal_key: secret.public(),
                }
            })
            .collect();
        let asked = ConnectRequest {
            login: login.login,
            handoff,
            accounts,
        };
        let connected: ConnectAnswer = self.post("/v1/connections", &asked).await?;
        Ok(connected.streams.len())
    }

    /// The person agrees in the dialog and the browser comes back: the one-time code.
    async fn agree(&self, authorize: &str, person: usize) -> Result<String> {
        let authorize = Url::parse(authorize)?;
        let part = |name: &str| {
            let found = authorize.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        let mut back = Url::parse(&part("redirect_uri").context("the dialog leads back")?)?;
        back.query_pairs_mut()
            .append_pair("code", &format!("code-{person}"))
            .append_pair("state", &part("state").context("a login has a state")?);
        let answer = self.http.get(back).send().await?;
        let target = answer.headers().get("location");
        let target = target.context("the relay sends the browser on")?.to_str()?;
        let target = Url::parse(target)?;
        let code = target.query_pairs().find(|(name, _)| name == "c");
        let code = code.with_context(|| format!("the login failed: {target}"))?;
        Ok(code.1.into_owned())
    }

    async fn post<A: DeserializeOwned>(&mut self, path: &str, asked: &impl Serialize) -> Result<A> {
        let body = serde_json::to_vec(asked)?;
        let parts = RequestParts {
            method: "POST",
            path,
            query: "",
            body: &body,
        };
        let stamp = (Clock::default().now(), Nonce::from_bytes(self.dice.bytes()));
        let headers = RequestHeaders::sign(&self.identity, self.relay, stamp, parts);
        let mut request = self.http.post(self.base.join(path)?);
        for (name, value) in headers.to_pairs() {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(
            status.is_success(),
            "{path} was answered with {status}: {text}"
        );
        Ok(serde_json::from_str(&text)?)
    }

    fn key(&mut self) -> (KeyId, SealSecret) {
        let id = KeyId::from_bytes(self.dice.bytes());
        (id, SealSecret::from_bytes(self.dice.bytes()))
    }
}
