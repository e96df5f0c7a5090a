//! Access tokens: in the keychain, in memory while the shop is open, and nowhere else. What only
//! the app secret can make (a proof, a longer life) is asked of the relay, which forgets it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use channels::meta::{Error as PlatformError, Token, Verdict};
use domain::secrets::Secret;
use domain::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;
use wire::api::{FreshToken, TokenRequest};
use wire::seal::{Opener, Use};
use zeroize::Zeroize;

use crate::error::{Error, Result};
use crate::link::client::RelayError;
use crate::random;
use crate::shop::Shop;

/// A token as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptToken {
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
    /// Where it was issued; it is sent nowhere else.
    origin: Url,
    /// When it was got.
    pub(crate) got_at: Timestamp,
    /// When it ends; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
}

impl fmt::Debug for KeptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Drop for KeptToken {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// A connection's: the Page's, or for WhatsApp the login's own.
    Connection(ConnectionId),
    /// A login's own, by the login's id.
    Login(String),
}

/// The tokens in memory.
#[derive(Default)]
pub(crate) struct Tokens {
    known: Mutex<HashMap<Whose, KeptToken>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

/// Why there is no fresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotRenewed {
    /// There is no token to renew, or the relay's platform refuses it: the sign-in is over.
    Ended,
    /// Later perhaps.
    Later,
}

impl KeptToken {
    /// A token that a login brought.
    pub(crate) fn new(
        (value, proof): (String, Option<String>),
        origin: Url,
        got_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            value,
            proof,
            origin,
            got_at,
            expires_at,
        }
    }

    /// As the client for the platform wants it.
    pub(crate) fn token(&self) -> Token {
        let secret = |text: &String| Secret::new(text.clone().into_bytes());
        Token::new(
            secret(&self.value),
            self.proof.as_ref().map(secret),
            self.origin.clone(),
        )
    }

    /// The token itself, for the relay's token service and proofs alone.
    pub(crate) fn expose_value(&self) -> &str {
        &self.value
    }

    /// The same sign-in with what the relay brought.
    fn renewed(&self, fresh: &FreshToken, asked_at: Timestamp) -> Self {
        // A proof alone does not start a new life.
        let same = fresh.token == self.value;
        Self {
            value: fresh.token.clone(),
            proof: Some(fresh.proof.clone()),
            origin: self.origin.clone(),
            got_at: if same { self.got_at } else { asked_at },
            expires_at: fresh.expires_at.map(Timestamp).or(self.expires_at),
        }
    }

    /// Whether half of its life is over.
    pub(crate) fn is_half_spent(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| {
            let life = end.since(self.got_at);
            now.since(self.got_at) >= life / 2
        })
    }
}

impl Shop {
    fn token_name(&self, whose: &Whose) -> String {
        match whose {
            Whose::Connection(id) => self.profile.token_name(*id),
            Whose::Login(login) => self.profile.login_token_name(login),
        }
    }

    /// The token, from memory or the keychain.
    pub(crate) async fn kept_token(&self, whose: &Whose) -> Result<Option<KeptToken>> {
        if let Some(known) = self.tokens.get(whose) {
            return Ok(Some(known));
        }
        let name = self.token_name(whose);
        let secret = self
            .keychain(move |secrets| Ok(secrets.get(&name)?))
            .await?;
        let kept: Option<KeptToken> =
            secret.and_then(|secret| serde_json::from_slice(secret.expose_secret_bytes()).ok());
        if let Some(kept) = &kept {
            self.tokens.put(whose.clone(), kept.clone());
        }
        Ok(kept)
    }

    /// The token of a connection, for a call to the platform.
    pub(crate) async fn token_of(&self, connection: ConnectionId) -> Result<Option<Token>> {
        let kept = self.kept_token(&Whose::Connection(connection)).await?;
        Ok(kept.map(|kept| kept.token()))
    }

    pub(crate) async fn keep_token(&self, whose: Whose, kept: KeptToken) -> Result<()> {
        let name = self.token_name(&whose);
        let bytes = serde_json::to_vec(&kept).expect("text and numbers are JSON");
        let secret = Secret::new(bytes);
        self.keychain(move |secrets| Ok(secrets.set(&name, &secret)?))
            .await?;
        self.tokens.put(whose, kept);
        Ok(())
    }

    /// Asks Meta something with a kept token and, if it finds the proof wrong, once more with a
    /// fresh one: the app's secret may have been changed. `None` if there is no token.
    pub(crate) async fn ask_meta<T, F>(
        &self,
        whose: &Whose,
        fresh: Fresh,
        ask: impl Fn(Token) -> F,
    ) -> Result<Option<std::result::Result<T, PlatformError>>>
    where
        F: Future<Output = std::result::Result<T, PlatformError>>,
    {
        let Some(kept) = self.kept_token(whose).await? else {
            return Ok(None);
        };
        let answer = ask(kept.token()).await;
        let wrong = |error: &PlatformError| error.verdict() == Some(Verdict::ProofWrong);
        if !answer.as_ref().err().is_some_and(wrong) {
            return Ok(Some(answer));
        }
        let renewed = match fresh {
            Fresh::Kept => self.renew_token(whose, Extend::No).await,
            Fresh::ForThisAlone => self.fresh_token(kept, Extend::No).await,
        };
        match renewed {
            Ok(renewed) => Ok(Some(ask(renewed.token()).await)),
            Err(error) => {
                tracing::warn!(?error, "no fresh proof from the relay");
                Ok(Some(answer))
            }
        }
    }

    /// Asks the relay for a fresh proof and, with `extend`, a longer life. The same token stays in
    /// use until the fresh one is in the keychain.
    pub(crate) async fn renew_token(
        &self,
        whose: &Whose,
        extend: Extend,
    ) -> std::result::Result<KeptToken, NotRenewed> {
        let kept = self
            .kept_token(whose)
            .await
            .map_err(|_| NotRenewed::Later)?;
        let kept = kept.ok_or(NotRenewed::Ended)?;
        let fresh = self.fresh_token(kept, extend).await?;
        self.keep_token(whose.clone(), fresh.clone())
            .await
            .map_err(|_| NotRenewed::Later)?;
        Ok(fresh)
    }

    async fn fresh_token(
        &self,
        kept: KeptToken,
        extend: Extend,
    ) -> std::result::Result<KeptToken, NotRenewed> {
        let relay = self.relay().ok_or(NotRenewed::Later)?;
        let (key_id, key) = random::seal_key();
        // Its life is counted from before it was asked for: too short rather than too long.
        let asked_at = self.now();
        let request = TokenRequest {
            token: kept.value.clone(),
            extend: extend == Extend::Yes,
            key_id,
            seal_key: key.public(),
        };
        let answer = relay
            .fresh_token(&request)
            .await
            .map_err(|error| match error {
                RelayError::Refused(wire::api::RefusalCode::TokenRefused) => NotRenewed::Ended,
                RelayError::Refused(_) | RelayError::Unreachable | RelayError::NotARelay => {
                    NotRenewed::Later
                }
            })?;
        let about = (Use::Token, *relay.device().as_bytes());
        let mut opener = Opener::new(about, relay.keys().relay, key_id, key);
        let opened = opener
            .open(&answer.sealed.0)
            .map_err(|_| NotRenewed::Later)?;
        let fresh: FreshToken = serde_json::from_slice(&opened).map_err(|_| NotRenewed::Later)?;
        Ok(kept.renewed(&fresh, asked_at))
    }
}

/// What becomes of a fresh proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It goes to the keychain.
    Kept,
    /// It is used once and written nowhere: the token is about to be erased, and what is still on
    /// its way to the keychain then would outlive it.
    ForThisAlone,
}

/// Whether a longer life is wanted along with the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extend {
    /// At half of its life.
    Yes,
    /// Only the proof was wrong.
    No,
}

impl Tokens {
    fn get(&self, whose: &Whose) -> Option<KeptToken> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(whose)
            .cloned()
    }

    fn put(&self, whose: Whose, kept: KeptToken) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(whose, kept);
    }

    pub(crate) fn forget(&self, whose: &Whose) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(whose);
    }

    /// When the shop is locked or erased.
    pub(crate) fn forget_all(&self) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl From<NotRenewed> for Error {
    fn from(error: NotRenewed) -> Self {
        Self::Unexpected(format!("token: {error:?}"))
    }
}

#[cfg(test)]
mod tests {
    use channels::meta::login::{Probe, probe};
    use domain::time::DAY;
    use serde_json::json;

    use super::*;
    use crate::link::client::{RelayClient, http_client};
    use crate::testing::relay::{FakeRelay, keys};
    use crate::testing::{Answer, NOW, TestShop, ok};

    fn kept(expires_at: Option<i64>) -> KeptToken {
        let origin = Url::parse("https://graph.facebook.com").unwrap();
        let text = ("EAAsecret".to_owned(), Some("p00f".to_owned()));
        KeptToken::new(text, origin, Timestamp(0), expires_at.map(Timestamp))
    }

    #[test]
    fn a_token_is_renewed_at_half_of_its_life() {
        let sixty_days = kept(Some(60 * DAY));
        assert!(!sixty_days.is_half_spent(Timestamp(29 * DAY)));
        assert!(sixty_days.is_half_spent(Timestamp(30 * DAY)));
        assert!(!kept(None).is_half_spent(Timestamp(i64::MAX)));
    }

    /// Which proofs Meta was shown when it took the first for a wrong one, what it answered in the
    /// end, and which proof is kept then.
    async fn asked(fresh: Fresh, knows: bool) -> (Vec<&'static str>, bool, Option<String>) {
        let of = TestShop::messenger().await;
        let relay = FakeRelay::start(Vec::new()).await;
        let identity = random::signing_secret();
        if knows {
            relay.knows(identity.public());
        }
        let clock = std::sync::Arc::clone(&of.shop.clock);
        let client = RelayClient::new(http_client(), (relay.url, keys()), identity, clock);
        of.shop.set_relay(Some(std::sync::Arc::new(client)));
        let whose = Whose::Login("l".to_owned());
        let words = ("EAAuser".to_owned(), Some("stale".to_owned()));
        let kept = KeptToken::new(words, of.shop.origin.clone(), NOW, None);
        of.shop.keep_token(whose.clone(), kept).await.unwrap();
        let message = "Invalid appsecret_proof provided in the API argument";
        let wrong = Answer::Json(400, json!({"error": {"message": message, "code": 100}}));
        of.platform
            .answers("GET", "/me", &[wrong, ok(json!({"id": "42"}))]);
        let ask = |token| {
            let shop = &of.shop;
            async move { probe(&shop.graph, &token).await }
        };
        let answer = of.shop.ask_meta(&whose, fresh, ask).await.unwrap();
        let accepted = matches!(answer, Some(Ok(Probe::Accepted)));
        let calls = of.platform.calls("GET", "/me");
        let shown = calls.iter().map(|call| {
            let shows = |proof: &str| call.query.contains(&format!("appsecret_proof={proof}"));
            let known = ["stale", "fresh"].into_iter().find(|proof| shows(proof));
            known.unwrap_or("none")
        });
        // What the keychain holds, not what is remembered.
        of.shop.tokens.forget_all();
        let kept = of.shop.kept_token(&whose).await.unwrap().unwrap();
        (shown.collect(), accepted, kept.proof.clone())
    }

    #[tokio::test]
    async fn a_wrong_proof_is_renewed_once_and_kept_only_where_the_token_stays() {
        let proof = |text: &str| Some(text.to_owned());
        let renewed = vec!["stale", "fresh"];
        let staying = asked(Fresh::Kept, true).await;
        assert_eq!(staying, (renewed.clone(), true, proof("fresh")));
        let going = asked(Fresh::ForThisAlone, true).await;
        assert_eq!(going, (renewed, true, proof("stale")));
        let alone = asked(Fresh::Kept, false).await;
        assert_eq!(alone, (vec!["stale"], false, proof("stale")));
    }

    #[test]
    fn a_kept_token_is_never_printed_and_fits_the_keychain() {
        let shown = format!("{:?}", kept(Some(1)));
        assert!(
            !shown.contains("EAAsecret") && !shown.contains("p00f"),
            "{shown}"
        );
        let mut long = kept(Some(i64::MAX));
        long.value = "E".repeat(500);
        assert!(serde_json::to_vec(&long).unwrap().len() < 1_900);
    }
}
