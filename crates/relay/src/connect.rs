//! Routes and tokens: what a device confirms, proves anew, gives back, and asks the app secret for.

use axum::Json;
use axum::extract::{Path, State};
use wire::api::{
    ConnectAccount, ConnectAnswer, ConnectRequest, ConnectedStream, DisconnectAnswer, FreshToken,
    ProveAccount, ProveAnswer, ProveRequest, Proven, RefusalCode, TokenAnswer, TokenRequest,
};
use wire::event::{Control, StopReason};
use wire::seal::{Target, Use};
use wire::{Blob, LoginId, RelayId, StreamId};

use crate::answer::Refused;
use crate::clock::{SECOND, minute_of};
use crate::login::{ends_at, right, sealer, token_target};
use crate::platform::{self, Account, PlatformError, Rights};
use crate::pseudonym::{Kind, Pseudonym};
use crate::queue::logins::Login;
use crate::queue::pending::{self, Handed, Shown};
use crate::queue::routes::PROOF_LIFE;
use crate::queue::streams::{self, About, SealTo};
use crate::queue::{Commit, Result as QueueResult, logins, routes};
use crate::relay::Relay;
use crate::signed::Signed;

/// `POST /v1/connections`: from the owner's own machine, for the accounts the owner chose. Only
/// here is a route ever written for a login.
pub(crate) async fn connect(
    State(relay): State<Relay>,
    asked: Signed<ConnectRequest>,
) -> Result<Json<ConnectAnswer>, Refused> {
    let Signed { device, body, now } = asked;
    let id = relay.keys().relay();
    if body.accounts.iter().any(|chosen| !is_owned(id, chosen)) {
        return Err(Refused::malformed("nobody can own one of the seal keys"));
    }
    let shown = Shown {
        login: body.login,
        device: device.row,
        handoff: relay.keys().pepper().name(Kind::Code, &body.handoff),
        verifier_hash: None,
    };
    let outcome = relay
        .queue()
        .write(now, move |commit| {
            match pending::hand_over(commit, shown, now)? {
                Handed::Right(prepared, expires_at) => {
                    let written = write_routes(commit, &prepared, (device.row, &body), now)?;
                    Ok((Handed::Right(prepared, expires_at), written))
                }
                other => Ok((other, Written::Unknown)),
            }
        })
        .await?;
    let (handed, written) = outcome;
    right(handed)?;
    let refused = match written {
        Written::Routes(streams) => {
            relay.metrics().logins_completed.inc();
            return Ok(Json(ConnectAnswer { streams }));
        }
        Written::Unknown => Refused::gone("an account is not among those of this login"),
        Written::Crowded => Refused::new(
            RefusalCode::Crowded,
            "an account is connected on eight other computers",
        ),
    };
    Err(refused.at(now))
}

/// `POST /v1/connections/prove`.
pub(crate) async fn prove(
    State(relay): State<Relay>,
    asked: Signed<ProveRequest>,
) -> Result<Json<ProveAnswer>, Refused> {
    let Signed { device, body, now } = asked;
    let Reached {
        person,
        issued_at,
        accounts,
    } = reach(&relay, &body.token).await?;
    let pepper = relay.keys().pepper().clone();
    let verdicts: Vec<_> = body
        .accounts
        .into_iter()
        .map(|asked| {
            let account = platform::account_of(&accounts, &asked.channel, &asked.platform_id);
            let verdict = match account {
                None => Err("account".to_owned()),
                Some(account) => match (account.lacks, account.about(&pepper)) {
                    (None, Some(about)) => Ok(about),
                    (lacks, _) => Err(lacks.unwrap_or("account").to_owned()),
                },
            };
            (asked, verdict)
        })
        .collect();
    let login = body.login;
    let made_at = issued_at.map_or(now, |seconds| seconds.saturating_mul(SECOND).min(now));
    let answer = relay
        .queue()
        .write(now, move |commit| {
            let Some(login) = login_of(commit, (login, person), device.row, made_at)? else {
                return Ok(None);
            };
            let mut proven = Vec::new();
            for (asked, verdict) in verdicts {
                proven.push(prove_one(commit, &login, &asked, verdict)?);
            }
            Ok(Some(proven))
        })
        .await?;
    let accounts = answer.ok_or(Refused::new(
        RefusalCode::TokenRefused,
        "the token is of another person than the login",
    ))?;
    Ok(Json(ProveAnswer { accounts }))
}

/// `DELETE /v1/connections/{stream}`. The same twice as once.
pub(crate) async fn disconnect(
    State(relay): State<Relay>,
    Path(stream): Path<String>,
    asked: Signed<()>,
) -> Result<Json<DisconnectAnswer>, Refused> {
    let Signed { device, now, .. } = asked;
    let id: StreamId = stream
        .parse()
        .map_err(|_| Refused::malformed("this is no stream"))?;
    let answer = relay
        .queue()
        .write(now, move |commit| {
            let stream = streams::of_device(commit, device.row, id)?;
            // The control stream is no connection, and ends with the device alone.
            let Some(stream) = stream.filter(|stream| stream.account.is_some()) else {
                return Ok(None);
            };
            let last_on_subscription = !routes::subscription_is_shared(commit, &stream, now)?;
            let last_of_login = !routes::person_has_another(commit, &stream)?;
            let rested_on = logins::of_stream(commit, stream.row)?;
            routes::stop_all(commit, stream.row, StopReason::Deleted)?;
            let erased = streams::discard(commit, &stream, None, now)?;
            commit.erased();
            for login in rested_on {
                if routes::streams_of_login(commit, login)?.is_empty() {
                    logins::end(commit, login, now)?;
                }
            }
            Ok(Some(DisconnectAnswer {
                last_on_subscription,
                last_of_login,
                erased,
            }))
        })
        .await?;
    answer
        .map(Json)
        .ok_or(Refused::gone("there is no such stream"))
}

/// `POST /v1/tokens`: what only the app secret can make. The token is forgotten with the answer.
pub(crate) async fn tokens(
    State(relay): State<Relay>,
    asked: Signed<TokenRequest>,
) -> Result<Json<TokenAnswer>, Refused> {
    let Signed { device, body, now } = asked;
    let target = token_target(relay.keys().relay(), device.id, body.key_id, body.seal_key);
    let mut sealer = sealer(&target).ok_or(Refused::malformed("nobody can own this seal key"))?;
    let platform = relay.platform();
    // Meta says whether it is a token of this app; for any other the secret makes nothing.
    let debugged = platform.debug(&body.token).await?;
    let longer = match body.extend {
        true => match platform.lengthen(&body.token).await {
            Ok(longer) => Some(longer),
            // A Page's token cannot be lengthened; its proof is still wanted.
            Err(PlatformError::Refused { .. }) => None,
            Err(other) => return Err(other.into()),
        },
        false => None,
    };
    let fresh = match longer {
        Some(longer) => FreshToken {
            proof: platform.proof_of(longer.token.expose()),
            expires_at: ends_at(longer.lasts, &debugged, now),
            token: longer.token.expose().to_owned(),
        },
        None => FreshToken {
            proof: platform.proof_of(&body.token),
            expires_at: ends_at(None, &debugged, now),
            token: body.token,
        },
    };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&fresh).unwrap_or_default());
    Ok(Json(TokenAnswer {
        sealed: Blob(sealer.seal(minute_of(now), &plain)),
    }))
}

fn is_owned(relay: RelayId, chosen: &ConnectAccount) -> bool {
    let target = Target {
        what: Use::Envelope,
        relay,
        about: [0; 16],
        key_id: chosen.key_id,
        key: chosen.seal_key,
    };
    sealer(&target).is_some()
}

/// The most computers that get an account's events: each event is sealed to every one of them.
const COMPUTERS: u32 = 8;

/// Whether one computer more would be too many for an account.
fn is_crowded(commit: &Commit<'_>, device: i64, about: About, now: i64) -> QueueResult<bool> {
    let has_it = streams::of_account(commit, device, about.account)?.is_some();
    Ok(!has_it && routes::elsewhere(commit, about.account, device, now)? >= COMPUTERS)
}

/// What came of writing routes.
enum Written {
    Routes(Vec<ConnectedStream>),
    /// An account or the login is not what it should be.
    Unknown,
    /// An account has its eight computers.
    Crowded,
}

fn write_routes(
    commit: &mut Commit<'_>,
    prepared: &pending::Prepared,
    (device, asked): (i64, &ConnectRequest),
    now: i64,
) -> QueueResult<Written> {
    let mut chosen = Vec::new();
    for account in &asked.accounts {
        let found = prepared
            .found
            .iter()
            .find(|found| found.account_ref == account.account_ref);
        let Some(about) = found.and_then(pending::Found::about) else {
            return Ok(Written::Unknown);
        };
        if is_crowded(commit, device, about, now)? {
            return Ok(Written::Crowded);
        }
        chosen.push((account, about));
    }
    let login = logins::make(
        commit,
        (asked.login, prepared.person),
        device,
        prepared.made_at,
    )?;
    let Some(login) = login else {
        return Ok(Written::Unknown);
    };
    let mut streams = Vec::new();
    for (account, about) in chosen {
        let seal_to = SealTo {
            key_id: account.key_id,
            key: account.seal_key,
        };
        let (stream, kept) = stream_for(commit, device, about, seal_to)?;
        routes::prove(commit, stream.row, login.row, now)?;
        streams.push(ConnectedStream {
            account_ref: account.account_ref,
            stream: stream.id,
            kept,
            good_until: now + PROOF_LIFE,
            elsewhere: routes::elsewhere(commit, about.account, device, now)?,
        });
    }
    let_in_again(commit, prepared.person, prepared.made_at)?;
    pending::burn(commit, asked.login)?;
    Ok(Written::Routes(streams))
}

fn stream_for(
    commit: &Commit<'_>,
    device: i64,
    about: About,
    seal_to: SealTo,
) -> QueueResult<(streams::Stream, bool)> {
    if let Some(stream) = streams::of_account(commit, device, about.account)? {
        streams::reseal(commit, stream.row, seal_to)?;
        return Ok((stream, true));
    }
    Ok((
        streams::make(commit, device, Some(about), seal_to, commit.now())?,
        false,
    ))
}

/// The person has let the app in again: what waited for the end of the grace is not erased, and
/// goes on wherever it was connected.
fn let_in_again(commit: &mut Commit<'_>, person: Pseudonym, at: i64) -> QueueResult<()> {
    let waiting: Vec<_> = logins::of_person(commit, person)?
        .into_iter()
        .filter(|login| login.deauthorized_at.is_some())
        .collect();
    logins::let_in(commit, person, at)?;
    for login in waiting {
        let told = Control::DeauthorizeCancelled {
            logins: vec![login.id],
            at: commit.now(),
        };
        commit.tell(login.device, &told)?;
    }
    Ok(())
}

/// What a token reaches at Meta.
struct Reached {
    person: Pseudonym,
    /// Seconds.
    issued_at: Option<i64>,
    accounts: Vec<Account>,
}

async fn reach(relay: &Relay, token: &str) -> Result<Reached, Refused> {
    let platform = relay.platform();
    let debugged = platform.debug(token).await?;
    let person = debugged.user_id.clone().ok_or(PlatformError::Nonsense)?;
    let rights = Rights::of(&debugged);
    let accounts = platform::accounts(platform, &rights, token).await?;
    let person = relay.keys().pepper().name(Kind::Person, person);
    Ok(Reached {
        person,
        issued_at: debugged.issued_at,
        accounts,
    })
}

/// The login a proof is for. A relay that was restored may have to learn of it again; it then counts
/// as made when the token was, so that an older deletion order still reaches it.
fn login_of(
    commit: &Commit<'_>,
    (id, person): (LoginId, Pseudonym),
    device: i64,
    made_at: i64,
) -> QueueResult<Option<Login>> {
    let known = logins::make(commit, (id, person), device, made_at)?;
    Ok(known.filter(|login| login.person == person))
}

fn prove_one(
    commit: &mut Commit<'_>,
    login: &Login,
    asked: &ProveAccount,
    verdict: Result<About, String>,
) -> QueueResult<Proven> {
    let (device, now) = (login.device, commit.now());
    let known = streams::of_device(commit, device, asked.stream)?;
    let about = match verdict {
        Ok(about) => about,
        Err(missing) => {
            if let Some(stream) = known {
                routes::stop(commit, stream.row, login.row, StopReason::RightLost)?;
            }
            return Ok(Proven::RightLost { missing });
        }
    };
    let seal_to = SealTo {
        key_id: asked.key_id,
        key: asked.seal_key,
    };
    let fits = |stream: &streams::Stream| {
        stream.ended_at.is_none() && stream.account == Some(about.account)
    };
    let stream = match known.filter(fits) {
        Some(stream) => {
            streams::reseal(commit, stream.row, seal_to)?;
            stream
        }
        None if is_crowded(commit, device, about, now)? => {
            let missing = "account".to_owned();
            return Ok(Proven::RightLost { missing });
        }
        None => stream_for(commit, device, about, seal_to)?.0,
    };
    routes::prove(commit, stream.row, login.row, now)?;
    Ok(Proven::Good {
        stream: stream.id,
        good_until: now + PROOF_LIFE,
        elsewhere: routes::elsewhere(commit, about.account, device, now)?,
    })
}
