//! Routes are the relay's proofs that a connection's events may come here. They last 45 days and
//! are renewed long before; one that stopped, or that a restored relay does not know any more, is
//! proved again at once. Access tokens are shown to the relay for that and forgotten there.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Timestamp;
use domain::time::DAY;
use wire::StreamId;
use wire::api::{ProveAccount, ProveRequest, Proven, RefusalCode, Route};

use crate::connected::{Connected, SignIn};
use crate::error::{Error, Result};
use crate::link::client::RelayError;
use crate::link::inlet::{read_seal_key, start_of};
use crate::shop::Shop;
use crate::tokens::Whose;
use crate::{repair, sealing};

/// A proof with less than this left is renewed.
const RENEW_BEFORE: i64 = 30 * DAY;

/// The relay listed the routes it knows: what it does not know, or has stopped, is to be proved.
pub(crate) async fn learn(shop: &Shop, routes: &[Route]) {
    let (mut to_prove, mut missing) = (false, false);
    for connected in &shop.connections() {
        let Ok(Some(cursor)) = connected.read(|read| read.cursor()).await else {
            continue;
        };
        let stream = StreamId::from_bytes(cursor.stream);
        let route = routes.iter().find(|route| route.stream == stream);
        let live = route.is_some_and(|route| route.live);
        shop.learn(connected, |health| {
            health.route_stopped = !live;
            health.elsewhere = route.map_or(0, |route| route.elsewhere);
            health.proof_good_until = route.map(|route| Timestamp(route.good_until));
        })
        .await;
        to_prove |= !live;
        missing |= route.is_none();
    }
    if to_prove {
        shop.wake.upkeep.notify_one();
    }
    // Where one of ours is missing, a proof may find it under another name among those listed: a
    // relay that was brought back from a backup has given all of them new ones.
    if !missing {
        give_back(shop, routes).await;
    }
}

/// Routes to connections that are not here any more, or never came to be: the relay is told, so
/// that nothing is kept for them.
async fn give_back(shop: &Shop, routes: &[Route]) {
    let Some(relay) = shop.relay() else { return };
    for route in routes {
        // While connections are made the relay knows streams that are not here yet.
        let Ok(_nobody_connects) = shop.connecting.try_lock() else {
            return;
        };
        match ours(shop).await {
            Some(ours) if !ours.contains(&route.stream) => {}
            Some(_) => continue,
            None => return,
        }
        tracing::info!(stream = %route.stream, "giving back a route to nothing");
        if let Err(error) = relay.disconnect(route.stream).await {
            tracing::info!(%error, "given back another time");
        }
    }
}

/// The streams of the connections that are here. `None` if a vault is shut: it cannot say which is
/// its own.
async fn ours(shop: &Shop) -> Option<Vec<StreamId>> {
    let mut ours = Vec::new();
    for connected in shop.connections() {
        let cursor = connected.read(|read| read.cursor()).await.ok()??;
        ours.push(StreamId::from_bytes(cursor.stream));
    }
    Some(ours)
}

/// Proves every route that needs it. An error means: later.
pub(crate) async fn prove_due(shop: &Shop) -> Result<()> {
    let now = shop.now();
    let mut due: BTreeMap<String, Vec<Arc<Connected>>> = BTreeMap::new();
    for connected in shop.connections() {
        let health = connected.health();
        let ends_soon = health
            .proof_good_until
            .is_some_and(|until| until.since(now) < RENEW_BEFORE);
        let new_key = sealing::is_untold(&connected).await;
        let needs_proof = health.route_stopped || ends_soon || new_key;
        // Access that was removed at Meta cannot be proved; only a new login can.
        if health.wipes_at.is_some() || health.locked || !needs_proof {
            continue;
        }
        if let Ok(Some(facts)) = connected.read(|read| read.facts()).await
            && let Some(login) = facts.login
        {
            due.entry(login).or_default().push(connected);
        }
    }
    for (login, connections) in due {
        prove(shop, &login, &connections).await?;
    }
    Ok(())
}

async fn prove(shop: &Shop, login: &str, connections: &[Arc<Connected>]) -> Result<()> {
    let relay = shop.relay().ok_or(Error::RelayUnreachable)?;
    let Some(token) = shop.kept_token(&Whose::Login(login.to_owned())).await? else {
        return Ok(());
    };
    let mut accounts = Vec::new();
    let mut asked = Vec::new();
    for connected in connections {
        if let Some(account) = account(shop, connected).await? {
            accounts.push(account);
            asked.push(connected);
        }
    }
    let request = ProveRequest {
        login: login.parse().map_err(|_| Error::Gone)?,
        token: token.expose_value().to_owned(),
        accounts,
    };
    match relay.prove(&request).await {
        Ok(answer) => {
            for (connected, proven) in asked.into_iter().zip(answer.accounts) {
                take(shop, connected, proven).await?;
            }
            Ok(())
        }
        Err(RelayError::Refused(RefusalCode::TokenRefused)) => {
            for connected in connections {
                shop.learn(connected, |health| health.sign_in = SignIn::Ended)
                    .await;
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn account(shop: &Shop, connected: &Connected) -> Result<Option<ProveAccount>> {
    let Some(cursor) = connected.read(|read| read.cursor()).await? else {
        return Ok(None);
    };
    let name = shop.profile.seal_name(connected.id);
    let secret = shop
        .keychain(move |secrets| Ok(secrets.get(&name)?))
        .await?;
    let Some((key_id, key)) = secret.as_ref().and_then(read_seal_key) else {
        return Ok(None);
    };
    Ok(Some(ProveAccount {
        stream: StreamId::from_bytes(cursor.stream),
        channel: connected.channel().name().to_owned(),
        platform_id: connected.account.own_id().to_owned(),
        key_id,
        seal_key: key.public(),
    }))
}

async fn take(shop: &Shop, connected: &Arc<Connected>, proven: Proven) -> Result<()> {
    match proven {
        Proven::Good {
            stream,
            good_until,
            elsewhere,
        } => {
            go_on_with(shop, connected, stream).await?;
            sealing::is_told(connected).await?;
            shop.learn(connected, |health| {
                health.route_stopped = false;
                health.proof_good_until = Some(Timestamp(good_until));
                health.elsewhere = elsewhere;
                if health.sign_in == SignIn::PermissionMissing {
                    health.sign_in = SignIn::Good;
                }
            })
            .await;
        }
        Proven::RightLost { missing } => {
            tracing::warn!(connection = %connected.id, %missing, "Meta does not confirm the right");
            shop.learn(connected, |health| {
                health.route_stopped = true;
                health.sign_in = SignIn::PermissionMissing;
            })
            .await;
        }
        Proven::Unknown => {}
    }
    Ok(())
}

/// A relay that did not know the route any more has made a new stream: it begins at its beginning,
/// and what came between the two is fetched.
async fn go_on_with(shop: &Shop, connected: &Arc<Connected>, stream: StreamId) -> Result<()> {
    let now = shop.now();
    let changed = connected
        .write(move |write| {
            let cursor = write.cursor()?;
            if cursor.is_some_and(|cursor| cursor.stream == *stream.as_bytes()) {
                return Ok(false);
            }
            write.move_cursor(&start_of(stream))?;
            repair::mark_missing_since_complete(write, now)?;
            Ok(true)
        })
        .await?;
    if changed {
        shop.wake.link.notify_one();
        shop.wake.repair.notify_one();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::{LoginId, SigningSecret};

    use super::*;
    use crate::link::client::{RelayClient, http_client};
    use crate::testing::relay::{FakeRelay, keys};
    use crate::testing::{NOW, TestShop};

    const OURS: StreamId = StreamId::from_bytes([1; 16]);
    const OTHER: StreamId = StreamId::from_bytes([2; 16]);

    fn listed(stream: StreamId) -> Route {
        Route {
            stream,
            login: LoginId::from_bytes([3; 16]),
            live: true,
            good_until: NOW.0,
            elsewhere: 0,
        }
    }

    async fn begin() -> (TestShop, FakeRelay) {
        let (of, relay) = (TestShop::messenger().await, FakeRelay::start(vec![]).await);
        let client = RelayClient::new(
            http_client(),
            (relay.url.clone(), keys()),
            SigningSecret::from_seed(&[4; 32]),
            of.clock.reader(),
        );
        *of.shop.relay.write().unwrap() = Some(Arc::new(client));
        let cursor = start_of(OURS);
        of.vault()
            .write(|write| write.move_cursor(&cursor))
            .unwrap();
        (of, relay)
    }

    #[tokio::test]
    async fn a_route_to_nothing_is_given_back() {
        let (of, relay) = begin().await;
        learn(&of.shop, &[listed(OURS), listed(OTHER)]).await;
        assert_eq!(relay.disconnected(), [OTHER]);
    }

    #[tokio::test]
    async fn a_route_that_a_proof_may_find_again_is_not_given_back() {
        let (of, relay) = begin().await;
        // After a restore the relay has ours under another name.
        learn(&of.shop, &[listed(OTHER)]).await;
        assert!(relay.disconnected().is_empty());
        assert!(of.connected.health().route_stopped, "it is to be proved");
    }

    #[tokio::test]
    async fn nothing_is_given_back_while_connections_are_made() {
        let (of, relay) = begin().await;
        let connecting = of.shop.connecting.lock().await;
        learn(&of.shop, &[listed(OURS), listed(OTHER)]).await;
        assert!(relay.disconnected().is_empty());
        drop(connecting);
    }
}
