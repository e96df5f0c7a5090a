//! Logging in at Meta: the device starts it, the browser comes back here, the exchange is sealed to
//! the device and forgotten.
//!
//! What comes back prepares and decides nothing: no route is written before the device shows the
//! one-time code that arrived on the owner's own machine ([`crate::connect`]). A login link somebody
//! planted therefore wins neither a token nor an envelope.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;
use wire::api::{
    ClaimAnswer, ClaimRequest, FoundAccount, HandOff, HandOffUser, LoginAnswer, LoginFailure,
    LoginRequest, RefusalCode, loopback,
};
use wire::seal::{Sealer, Target, Use};
use wire::{AccountRef, Blob, LoginId};

use crate::answer::Refused;
use crate::clock::{SECOND, minute_of};
use crate::limits::client_of;
use crate::pages;
use crate::platform::{self, Account, Authorization, Debugged, PlatformError, Rights, SCOPES};
use crate::pseudonym::{Kind, Pseudonym};
use crate::queue::pending::{self, Found, Handed, LOGIN_LIFE, Prepared, Shown, Started};
use crate::queue::{Result as QueueResult, routes};
use crate::random;
use crate::relay::Relay;
use crate::secret::Secret;
use crate::signed::Signed;

/// The path Meta sends the browser back to.
pub(crate) const CALLBACK: &str = "/oauth/meta/callback";

/// `POST /v1/logins`.
pub(crate) async fn start(
    State(relay): State<Relay>,
    asked: Signed<LoginRequest>,
) -> Result<Json<LoginAnswer>, Refused> {
    let Signed { device, body, now } = asked;
    let state = random::url_token();
    let started = Started {
        id: LoginId::from_bytes(random::bytes()),
        state: relay.keys().pepper().name(Kind::State, &state),
        device: device.row,
        verifier_hash: body.verifier_hash,
        port: body.loopback_port,
        key_id: body.key_id,
        seal_key: body.seal_key,
        expires_at: now + LOGIN_LIFE,
    };
    if body.loopback_port < 1024 || sealer(&started.target(relay.keys().relay())).is_none() {
        return Err(Refused::malformed(
            "nobody can own this seal key, or the port is no port",
        ));
    }
    let authorization = authorization(&relay, state);
    let answer = LoginAnswer {
        login: started.id,
        authorize_url: relay
            .platform()
            .authorize_url(&authorization, body.ask_again),
        expires_at: started.expires_at,
    };
    relay
        .queue()
        .write(now, move |commit| Ok(pending::start(commit, &started)?))
        .await?;
    relay.metrics().logins_started.inc();
    Ok(Json(answer))
}

/// `GET /oauth/meta/callback`. The state decides whose login it is; it is good once.
pub(crate) async fn callback(
    State(relay): State<Relay>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let now = relay.clock().now();
    let client = client_of(peer, &headers, &relay.config().trusted_proxies);
    if !relay.limits().may_return(client) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let query = query.unwrap_or_default();
    let back = CameBack::read(&query);
    let state = relay.keys().pepper().name(Kind::State, &back.state);
    let taken = relay
        .queue()
        .write(now, move |commit| Ok(pending::take(commit, state, now)?));
    let started = match taken.await {
        Ok(Some(started)) => started,
        // There is nobody to send the browser on to.
        Ok(None) => return pages::login_over(&relay, &query, &headers),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let outcome = match &back.code {
        Some(code) => exchange(&relay, &started, &back.state, code).await,
        None => Err(back.failure()),
    };
    match outcome {
        Ok(handoff) => to_loopback(started.port, (loopback::CODE, &handoff)),
        Err(failure) => {
            let login = relay.logged(started.id.as_bytes());
            tracing::info!(?login, failure = failure.name(), "a login brought nothing");
            to_loopback(started.port, (loopback::FAILURE, failure.name()))
        }
    }
}

/// `POST /v1/claim`.
pub(crate) async fn claim(
    State(relay): State<Relay>,
    asked: Signed<ClaimRequest>,
) -> Result<Json<ClaimAnswer>, Refused> {
    let Signed { device, body, now } = asked;
    let shown = Shown {
        login: body.login,
        device: device.row,
        handoff: relay.keys().pepper().name(Kind::Code, &body.handoff),
        verifier_hash: Some(body.verifier.hash()),
    };
    let handed = relay.queue().write(now, move |commit| {
        Ok(pending::hand_over(commit, shown, now)?)
    });
    let (prepared, expires_at) = right(handed.await?)?;
    Ok(Json(ClaimAnswer {
        sealed: Blob(prepared.sealed),
        expires_at,
    }))
}

/// What was shown was right, or why not.
pub(crate) fn right(handed: Handed) -> Result<(Prepared, i64), Refused> {
    match handed {
        Handed::Right(prepared, expires_at) => Ok((prepared, expires_at)),
        Handed::Wrong => Err(Refused::new(
            RefusalCode::WrongCode,
            "the code is not the one",
        )),
        Handed::Gone => Err(Refused::gone("there is no such login, or it is over")),
    }
}

/// A sealer, unless nobody can own the key.
pub(crate) fn sealer(target: &Target) -> Option<Sealer> {
    Sealer::new(target, random::bytes())
}

fn authorization(relay: &Relay, state: String) -> Authorization {
    Authorization {
        pkce_verifier: relay.keys().pepper().pkce_verifier(&state),
        redirect_url: relay.config().public(CALLBACK),
        state,
    }
}

/// What the browser brought back.
#[derive(Debug, Default)]
pub(crate) struct CameBack {
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    denied: bool,
}

impl CameBack {
    pub(crate) fn read(query: &str) -> Self {
        let mut back = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "state" => back.state = value.into_owned(),
                // The browser flow may hang a fragment's letters on.
                "code" => back.code = Some(value.trim_end_matches("#_=_").to_owned()),
                "error" => back.denied = value == "access_denied",
                _ => {}
            }
        }
        back.code = back.code.filter(|code| !code.is_empty());
        back
    }

    const fn failure(&self) -> LoginFailure {
        if self.denied {
            LoginFailure::Cancelled
        } else {
            LoginFailure::Failed
        }
    }
}

async fn exchange(
    relay: &Relay,
    started: &Started,
    state: &str,
    code: &str,
) -> Result<String, LoginFailure> {
    let reached = reach(relay, state, code).await.map_err(|why| {
        relay.metrics().platform_failures.inc();
        tracing::warn!(%why, "Meta did not complete a login");
        match why {
            PlatformError::Unreachable => LoginFailure::Unreachable,
            PlatformError::Refused { .. } | PlatformError::Nonsense => LoginFailure::Failed,
        }
    })?;
    prepare(relay, started, reached).await.map_err(|why| {
        tracing::error!(%why, "a login could not be kept");
        LoginFailure::Unreachable
    })
}

/// What a login reached at Meta.
struct Reached {
    user: HandOffUser,
    rights: Rights,
    accounts: Vec<Account>,
}

async fn reach(relay: &Relay, state: &str, code: &str) -> Result<Reached, PlatformError> {
    #[derive(Deserialize)]
    struct Me {
        #[serde(default)]
        name: String,
    }
    let platform = relay.platform();
    let now = relay.clock().now();
    let short = platform
        .exchange(&authorization(relay, state.to_owned()), code)
        .await?;
    let long = platform.lengthen(short.token.expose()).await?;
    let token = long.token.expose();
    let debugged = platform.debug(token).await?;
    let person = debugged.user_id.clone().ok_or(PlatformError::Nonsense)?;
    let me: Me = platform.get("me", &[("fields", "id,name")], token).await?;
    let rights = Rights::of(&debugged);
    let accounts = platform::accounts(platform, &rights, token).await?;
    let user = HandOffUser {
        app_scoped_id: person,
        name: me.name,
        proof: platform.proof_of(token),
        expires_at: ends_at(long.lasts, &debugged, now),
        token: token.to_owned(),
    };
    Ok(Reached {
        user,
        rights,
        accounts,
    })
}

/// When a token ends: as the exchange says, else as Meta's inspection says.
pub(crate) fn ends_at(lasts: Option<i64>, debugged: &Debugged, now: i64) -> Option<i64> {
    match lasts {
        Some(seconds) => Some(now.saturating_add(seconds.saturating_mul(SECOND))),
        None => (debugged.expires_at > 0).then(|| debugged.expires_at.saturating_mul(SECOND)),
    }
}

async fn prepare(relay: &Relay, started: &Started, reached: Reached) -> QueueResult<String> {
    let now = relay.clock().now();
    let pepper = relay.keys().pepper().clone();
    let handoff = random::url_token();
    let mut found = Vec::new();
    let mut shown = Vec::new();
    for account in reached.accounts {
        let account_ref = AccountRef::from_bytes(random::bytes());
        let about = account.about(&pepper);
        let elsewhere = elsewhere(relay, about.map(|about| about.account), started.device, now);
        let elsewhere = elsewhere.await?;
        if let Some(about) = about.filter(|_| account.lacks.is_none()) {
            found.push(Found::new(account_ref, about));
        }
        shown.push(found_account(
            relay,
            account,
            &reached.user,
            (account_ref, elsewhere),
        ));
    }
    let person = pepper.name(Kind::Person, &reached.user.app_scoped_id);
    let granted = reached.rights.granted().to_vec();
    let declined = SCOPES.iter().filter(|scope| !reached.rights.has(scope));
    let hand_off = HandOff {
        login: started.id,
        made_at: now,
        declined: declined.map(|scope| (*scope).to_owned()).collect(),
        granted,
        user: reached.user,
        accounts: shown,
    };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&hand_off).unwrap_or_default());
    let sealed = sealer(&started.target(relay.keys().relay()))
        .map(|mut sealer| sealer.seal(minute_of(now), &plain))
        .unwrap_or_default();
    let prepared = Prepared {
        person,
        made_at: now,
        handoff: pepper.name(Kind::Code, &handoff),
        sealed,
        found,
    };
    let id = started.id;
    relay
        .queue()
        .write(now, move |commit| {
            Ok(pending::prepare(commit, id, &prepared)?)
        })
        .await?;
    Ok(handoff)
}

async fn elsewhere(
    relay: &Relay,
    account: Option<Pseudonym>,
    device: i64,
    now: i64,
) -> QueueResult<u32> {
    let Some(account) = account else { return Ok(0) };
    relay
        .queue()
        .read(move |connection| routes::elsewhere(connection, account, device, now))
        .await
}

fn found_account(
    relay: &Relay,
    account: Account,
    user: &HandOffUser,
    (account_ref, elsewhere): (AccountRef, u32),
) -> FoundAccount {
    // A Page's token made from a long-lived one has no end of its own; the person's has.
    let (token, proof, expires_at) = match account.token.as_ref().map(Secret::expose) {
        Some(token) => (token.to_owned(), relay.platform().proof_of(token), None),
        None => (user.token.clone(), user.proof.clone(), user.expires_at),
    };
    FoundAccount {
        account_ref,
        channel: account.channel.to_owned(),
        platform_id: account.platform_id,
        name: account.name,
        handle: account.handle,
        picture_url: account.picture_url,
        page_id: account.page_id,
        waba_id: account.waba_id,
        token,
        proof,
        expires_at,
        state: account.state,
        elsewhere,
    }
}

/// Sends the browser on to the device that waits on the same machine (RFC 8252, section 7.3).
fn to_loopback(port: u16, (name, value): (&str, &str)) -> Response {
    let base = format!("http://127.0.0.1:{port}{}", loopback::PATH);
    let target = Url::parse_with_params(&base, [(name, value)]);
    let target = target.expect("a loopback address with a parameter is an address");
    let headers = [
        (header::LOCATION, target.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Whom a fresh token is sealed to.
pub(crate) const fn token_target(
    relay: wire::RelayId,
    device: wire::DeviceId,
    key_id: wire::KeyId,
    key: wire::SealKey,
) -> Target {
    Target {
        what: Use::Token,
        relay,
        about: *device.as_bytes(),
        key_id,
        key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_read_as_meta_sends_it() {
        let back = CameBack::read("code=AQ%23x&state=s%20t#_=_");
        assert_eq!(
            (back.code.as_deref(), back.state.as_str()),
            (Some("AQ#x"), "s t#_=_")
        );
        let back = CameBack::read("code=AQx%23_%3D_&state=s");
        assert_eq!(back.code.as_deref(), Some("AQx"));
        let back = CameBack::read(
            "error_reason=user_denied&error=access_denied&error_description=Permissions+error&state=s",
        );
        assert_eq!(
            (back.code.as_deref(), back.failure()),
            (None, LoginFailure::Cancelled)
        );
        let back = CameBack::read("error_code=1349220&error_message=x&state=s");
        assert_eq!(
            (back.code.as_deref(), back.failure()),
            (None, LoginFailure::Failed)
        );
    }

    #[test]
    fn the_browser_is_sent_to_this_machine_and_nowhere_else() {
        let response = to_loopback(4567, (loopback::CODE, "a&b=c"));
        let target = response
            .headers()
            .get(header::LOCATION)
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(target, "http://127.0.0.1:4567/h?c=a%26b%3Dc");
    }
}
