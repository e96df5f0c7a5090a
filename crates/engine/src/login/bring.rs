//! From the browser's return to what the login brought: the code is claimed at the relay, the
//! hand-off opened, and the browser told how that went.

use wire::api::{self, ClaimRequest, HandOff};
use wire::seal::{Opener, SealSecret, Use};
use wire::{KeyId, LoginId, Verifier};

use super::{Brought, Waiting};
use crate::link::client::{RelayClient, RelayError};
use crate::link::loopback::{CameBack, Said};
use crate::read::LoginFailure;
use crate::shop::Shop;

/// Waits for the browser, claims what it brought the code for, and tells it how that went.
pub(super) async fn bring(shop: &Shop, waiting: Waiting) -> Result<Brought, LoginFailure> {
    let Waiting {
        relay,
        login,
        loopback,
        verifier,
        key,
        ..
    } = waiting;
    let came_back = loopback.wait().await;
    let (came_back, guest) = came_back.map_err(|_| LoginFailure::Unexpected)?;
    let (brought, said) = match came_back {
        CameBack::Code(code) => {
            let brought = claim(shop, &relay, (login, code, verifier), key).await;
            let said = match &brought {
                Ok(_) => Said::GoOn,
                Err(LoginFailure::Refused) => Said::NotKnown,
                Err(_) => Said::NothingConnected,
            };
            (brought, said)
        }
        CameBack::Failed(failure) => {
            let failure = match failure {
                api::LoginFailure::Cancelled => LoginFailure::Cancelled,
                api::LoginFailure::Failed => LoginFailure::Refused,
                api::LoginFailure::Unreachable => LoginFailure::RelayUnreachable,
                api::LoginFailure::Unknown => LoginFailure::Unexpected,
            };
            (Err(failure), Said::NothingConnected)
        }
    };
    guest.show(said).await;
    brought
}

async fn claim(
    shop: &Shop,
    relay: &RelayClient,
    (login, code, verifier): (LoginId, String, Verifier),
    (key_id, key): (KeyId, SealSecret),
) -> Result<Brought, LoginFailure> {
    let request = ClaimRequest {
        login,
        handoff: code.clone(),
        verifier,
    };
    let answer = relay.claim(&request).await.map_err(|error| match error {
        RelayError::Unreachable => LoginFailure::RelayUnreachable,
        // A code that is not of this login: somebody else's browser came by.
        RelayError::Refused(_) | RelayError::NotARelay => LoginFailure::Refused,
    })?;
    let about = (Use::HandOff, *login.as_bytes());
    let mut opener = Opener::new(about, relay.keys().relay, key_id, key);
    let opened = opener
        .open(&answer.sealed.0)
        .map_err(|_| LoginFailure::Refused)?;
    let hand_off: HandOff =
        serde_json::from_slice(&opened).map_err(|_| LoginFailure::Unexpected)?;
    if hand_off.login != login {
        return Err(LoginFailure::Refused);
    }
    let known = shop
        .connections()
        .iter()
        .map(|connected| (connected.channel(), connected.account.own_id().to_owned()))
        .collect();
    Ok(Brought {
        login,
        code,
        hand_off,
        known,
    })
}
