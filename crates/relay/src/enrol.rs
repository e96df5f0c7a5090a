//! Devices become known: what a relay says about itself, and enrolling.

use std::net::SocketAddr;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use wire::api::{EnrolAnswer, EnrolMode, EnrolRequest, RefusalCode, RelayAbout};
use wire::auth::RequestParts;
use wire::seal::{Sealer, Target, Use};
use wire::{DeviceId, MAX_BODY, PROTOCOL};

use crate::answer::Refused;
use crate::limits::client_of;
use crate::pseudonym::Kind;
use crate::queue::streams::{self, SealTo};
use crate::queue::{devices, enrol_codes};
use crate::relay::Relay;
use crate::{random, signed};

/// `GET /v1/relay` and `GET /keys`.
pub(crate) async fn about(State(relay): State<Relay>) -> Json<RelayAbout> {
    let config = relay.config();
    Json(RelayAbout {
        protocol: PROTOCOL,
        keys: relay.keys().public(),
        operator: config.operator.clone(),
        contact: config.contact.clone(),
        app_id: config.meta.id.clone(),
        enrol: config.enrol,
        now: relay.clock().now(),
    })
}

/// `POST /v1/enrol`. Signed by the identity it names; enrolling twice is the same as once.
pub(crate) async fn enrol(
    State(relay): State<Relay>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Json<EnrolAnswer>, Refused> {
    let now = relay.clock().now();
    let client = client_of(peer, request.headers(), &relay.config().trusted_proxies);
    if !relay.limits().may_enrol(client) {
        return Err(Refused::new(RefusalCode::TooMany, "too many devices enrol from here").at(now));
    }
    let asked = read(&relay, request, now)
        .await
        .map_err(|why| why.at(now))?;
    let answer = make_known(&relay, asked, now)
        .await
        .map_err(|why| why.at(now))?;
    tracing::info!(device = ?relay.logged(answer.device.as_bytes()), "a device is enrolled");
    Ok(Json(answer))
}

async fn read(relay: &Relay, request: Request, now: i64) -> Result<EnrolRequest, Refused> {
    let (parts, body) = request.into_parts();
    let headers = signed::read_headers(&parts.headers)?;
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Refused::malformed("the body is too long or was cut short"))?;
    let asked: EnrolRequest = serde_json::from_slice(&body)
        .map_err(|_| Refused::malformed("the body is not what this route takes"))?;
    let signed_parts = RequestParts {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        body: &body,
    };
    signed::check(relay, &headers, (&asked.identity, now), signed_parts)?;
    Ok(asked)
}

async fn make_known(relay: &Relay, asked: EnrolRequest, now: i64) -> Result<EnrolAnswer, Refused> {
    if !can_be_owned(relay, &asked) {
        return Err(Refused::malformed("nobody can own this seal key"));
    }
    let code = asked.code.as_deref().map(|code| {
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        relay
            .keys()
            .pepper()
            .name(Kind::Code, code.to_ascii_uppercase())
    });
    let needs_code = relay.config().enrol == EnrolMode::Code;
    let answer = relay
        .queue()
        .write(now, move |commit| {
            let id = DeviceId::of(&asked.identity);
            let known = devices::find(commit, id)?.is_some();
            let let_in = match (needs_code && !known, code) {
                (false, _) => true,
                (true, Some(code)) => enrol_codes::redeem(commit, code, now)?,
                (true, None) => false,
            };
            if !let_in {
                return Ok(None);
            }
            let device = devices::enrol(commit, &asked.identity, now)?;
            let seal_to = SealTo {
                key_id: asked.key_id,
                key: asked.seal_key,
            };
            let control = match streams::control_of(commit, device)? {
                Some(control) => {
                    streams::reseal(commit, control.row, seal_to)?;
                    control.id
                }
                None => streams::make(commit, device, None, seal_to, now)?.id,
            };
            Ok(Some(EnrolAnswer {
                device: id,
                control,
            }))
        })
        .await?;
    answer.ok_or(Refused::new(
        RefusalCode::EnrolCode,
        "a code from the operator is needed",
    ))
}

/// Whether a box can be sealed to the key at all.
fn can_be_owned(relay: &Relay, asked: &EnrolRequest) -> bool {
    let target = Target {
        what: Use::Envelope,
        relay: relay.keys().relay(),
        about: [0; 16],
        key_id: asked.key_id,
        key: asked.seal_key,
    };
    Sealer::new(&target, random::bytes()).is_some()
}
