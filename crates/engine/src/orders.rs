//! Orders to erase that came from outside: Meta's data-deletion callback, and a deauthorize whose
//! grace is over. They reach logins, not accounts: a connection goes only if no other live login on
//! this computer covers it, and only for logins made before the order. Before one is carried out
//! Meta itself is asked once: a relay that was stolen cannot wipe a shop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::time::{DAY, HOUR};
use domain::{ConnectionId, Timestamp};
use store::shop::logins::{Login, LoginState};
use store::shop::orders::{DeletionOrder, OrderState};
use tokio_util::sync::CancellationToken;
use wire::api::OrderRefused;
use wire::event::Control;
use wire::receipt::{AskedBy, Scope};

use crate::connected::Connected;
use crate::erasure::{Asked, wipe_connections};
use crate::error::{Error, Result};
use crate::phase::Phase;
use crate::shop::Shop;
use crate::upkeep::{self, Standing};

/// How often to look without being woken.
const EVERY: Duration = Duration::from_secs(60);
/// After so long without the relay a grace ends by this computer's own clock.
const LONGEST_SILENCE: i64 = 30 * DAY;
/// How long the owner has to answer when Meta still accepts the login.
const TO_ANSWER: i64 = 72 * HOUR;

/// Carries out what is due; then waits.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    loop {
        let done = tokio::select! {
            () = stop.cancelled() => return,
            done = once(&shop) => done,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "an order waits");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.erasure.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn once(shop: &Arc<Shop>) -> Result<()> {
    let orders = shop
        .shop_db(|db| db.read(|read| read.open_orders()))
        .await?;
    show_waiting(shop, &orders).await?;
    for order in &orders {
        let done = match order.state {
            OrderState::Received => look_at(shop, order).await,
            OrderState::Asked if is_due(order, shop.now()) => carry_out(shop, order).await,
            OrderState::Waiting if is_grace_over(shop, order) => look_at(shop, order).await,
            OrderState::Erasing => carry_out(shop, order).await,
            OrderState::Asked | OrderState::Waiting | OrderState::Done | OrderState::Void => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "an order waits");
        }
    }
    ask_owner(shop).await
}

fn is_due(order: &DeletionOrder, now: Timestamp) -> bool {
    order.due_at.is_some_and(|due| due <= now)
}

/// The grace runs by the relay's time, which it says at every connect. A relay that never comes back
/// does not keep data for ever; by then a wrong clock of this computer's would have shown.
fn is_grace_over(shop: &Shop, order: &DeletionOrder) -> bool {
    let by_relay = shop
        .relay()
        .and_then(|relay| relay.known_time())
        .map(Timestamp);
    by_relay.is_some_and(|now| is_due(order, now))
        || is_due(order, shop.now().plus(-LONGEST_SILENCE))
}

/// Whom an order reaches: who asked for it, with which code, and which logins it names.
struct Reach {
    by: AskedBy,
    code: Option<wire::order::DeletionCode>,
    logins: Vec<String>,
    /// Logins made after this moment are not meant.
    until: Timestamp,
}

fn reach(order: &DeletionOrder) -> Option<Reach> {
    let names = |logins: &[wire::LoginId]| logins.iter().map(ToString::to_string).collect();
    match serde_json::from_str(&order.body).ok()? {
        Control::DeletionOrder(order) => Some(Reach {
            by: AskedBy::Meta,
            code: Some(order.code),
            logins: names(&order.logins),
            // Meta's moment is a whole second, taken to its end.
            until: Timestamp::from_seconds(order.issued_at.saturating_add(1)),
        }),
        Control::Deauthorized { logins, at, .. } => Some(Reach {
            by: AskedBy::Deauthorized,
            code: None,
            logins: names(&logins),
            until: Timestamp(at),
        }),
        _ => None,
    }
}

/// The logins an order means, and the connections that go with them.
struct Meant {
    logins: Vec<Login>,
    connections: Vec<Arc<Connected>>,
}

async fn meant(shop: &Shop, reach: &Reach) -> Result<Meant> {
    let (named, until) = (reach.logins.clone(), reach.until);
    let (logins, going) = shop
        .shop_db(move |db| {
            db.read(|read| {
                let mut logins = Vec::new();
                for id in &named {
                    logins.extend(read.login(id)?.filter(|login| login.made_at < until));
                }
                let meant: BTreeSet<&str> = logins.iter().map(|login| login.id.as_str()).collect();
                let mut going = BTreeSet::new();
                for login in &logins {
                    for connection in read.connections_of_login(&login.id)? {
                        let kept = read
                            .live_logins_of(connection)?
                            .iter()
                            .any(|other| !meant.contains(other.id.as_str()));
                        if !kept {
                            going.insert(connection);
                        }
                    }
                }
                Ok((logins, going))
            })
        })
        .await?;
    let connections: Vec<_> = going
        .into_iter()
        .filter_map(|id| shop.connection(id).ok())
        .collect();
    Ok(Meant {
        logins,
        connections,
    })
}

/// An order that has just come: Meta is asked whether it still accepts the login.
async fn look_at(shop: &Arc<Shop>, order: &DeletionOrder) -> Result<()> {
    let Some(reach) = reach(order) else {
        return put(shop, order, OrderState::Void, None).await;
    };
    let meant = meant(shop, &reach).await?;
    if meant.logins.is_empty() {
        // Not for us, or it is a replay of one that was carried out.
        return put(shop, order, OrderState::Void, None).await;
    }
    let mut ended = true;
    for login in &meant.logins {
        match upkeep::standing(shop, &login.id).await? {
            Standing::Ended => {}
            Standing::Accepted | Standing::NoToken => ended = false,
            // Meta cannot be asked now: nothing is decided without it.
            Standing::Unknown => {
                let why = "Meta did not say whether it still accepts the login";
                return Err(Error::Unexpected(why.to_owned()));
            }
        }
    }
    if ended {
        return carry_out(shop, order).await;
    }
    // Meta does not stand behind it: the data is locked and the owner asked.
    for connected in &meant.connections {
        shop.learn(connected, |health| health.locked = true).await;
    }
    let due = shop.now().plus(TO_ANSWER);
    put(shop, order, OrderState::Asked, Some(due)).await
}

async fn carry_out(shop: &Arc<Shop>, order: &DeletionOrder) -> Result<()> {
    let Some(reach) = reach(order) else {
        return put(shop, order, OrderState::Void, None).await;
    };
    put(shop, order, OrderState::Erasing, order.due_at).await?;
    let meant = meant(shop, &reach).await?;
    let asked = Asked {
        by: reach.by,
        at: order.received_at,
        code: reach.code,
        scope: Scope::Login,
    };
    // Also if no connection goes: the relay is told that this computer did its part.
    wipe_connections(shop, meant.connections, meant.logins, asked).await?;
    put(shop, order, OrderState::Done, None).await?;
    let none_left = shop.connections().is_empty();
    if none_left {
        set_phase(shop, Phase::FirstRun);
    }
    Ok(())
}

async fn put(
    shop: &Shop,
    order: &DeletionOrder,
    state: OrderState,
    due_at: Option<Timestamp>,
) -> Result<()> {
    let (id, now) = (order.id.clone(), shop.now());
    shop.shop_db(move |db| db.write(|write| write.move_order(&id, state, due_at, now)))
        .await
}

/// A deauthorize that waits shows on its connections; one that was cancelled does not any more.
async fn show_waiting(shop: &Shop, orders: &[DeletionOrder]) -> Result<()> {
    let mut waiting: Vec<(ConnectionId, Timestamp)> = Vec::new();
    for order in orders
        .iter()
        .filter(|order| order.state == OrderState::Waiting)
    {
        let (Some(reach), Some(due)) = (reach(order), order.due_at) else {
            continue;
        };
        let meant = meant(shop, &reach).await?;
        set_logins(shop, &meant.logins, LoginState::Deauthorized).await?;
        waiting.extend(
            meant
                .connections
                .iter()
                .map(|connected| (connected.id, due)),
        );
    }
    for connected in shop.connections() {
        let due = waiting
            .iter()
            .find(|(id, _)| *id == connected.id)
            .map(|(_, due)| *due);
        shop.learn(&connected, |health| health.wipes_at = due).await;
    }
    Ok(())
}

async fn set_logins(shop: &Shop, logins: &[Login], state: LoginState) -> Result<()> {
    let changed: Vec<Login> = logins
        .iter()
        .filter(|login| login.state != state)
        .map(|login| Login {
            state,
            ..login.clone()
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    shop.shop_db(move |db| {
        db.write(|write| changed.iter().try_for_each(|login| write.set_login(login)))
    })
    .await
}

/// The question the window shows, if there is one: the one that is due first.
pub(crate) fn question(orders: &[DeletionOrder]) -> Option<Phase> {
    let asked = orders
        .iter()
        .filter(|order| order.state == OrderState::Asked);
    let first = asked.min_by_key(|order| order.due_at)?;
    let asked_at = first.changed_at;
    let wipes_at = first.due_at.unwrap_or(asked_at.plus(TO_ANSWER));
    Some(Phase::DeletionAsked { asked_at, wipes_at })
}

async fn ask_owner(shop: &Shop) -> Result<()> {
    let orders = shop
        .shop_db(|db| db.read(|read| read.open_orders()))
        .await?;
    match question(&orders) {
        Some(phase) => set_phase(shop, phase),
        None if matches!(*shop.phase.borrow(), Phase::DeletionAsked { .. }) => {
            let empty = shop.connections().is_empty();
            set_phase(shop, if empty { Phase::FirstRun } else { Phase::Ready });
        }
        None => {}
    }
    Ok(())
}

pub(crate) fn set_phase(shop: &Shop, phase: Phase) {
    let changed = shop.phase.send_if_modified(|known| {
        let differs = *known != phase;
        *known = phase;
        differs
    });
    if changed {
        shop.herald.tell(crate::news::News::App);
    }
}

/// The owner's answer to every order that is asked about.
pub(crate) async fn answer(shop: &Arc<Shop>, wipe: bool) -> Result<()> {
    let orders = shop
        .shop_db(|db| db.read(|read| read.open_orders()))
        .await?;
    let asked: Vec<_> = orders
        .into_iter()
        .filter(|order| order.state == OrderState::Asked)
        .collect();
    if asked.is_empty() {
        return Err(Error::Gone);
    }
    for order in &asked {
        if wipe {
            carry_out(shop, order).await?;
        } else {
            refuse(shop, order).await?;
        }
    }
    ask_owner(shop).await
}

/// The relay shows the refusal on the order's page; until it can be told, the order stays open.
async fn refuse(shop: &Arc<Shop>, order: &DeletionOrder) -> Result<()> {
    let Some(reach) = reach(order) else {
        return put(shop, order, OrderState::Void, None).await;
    };
    if let Some(code) = reach.code {
        let relay = shop.relay().ok_or(Error::RelayUnreachable)?;
        let reason = "The owner of this computer refused: Meta still accepts the login.".to_owned();
        relay.refuse_order(&OrderRefused { code, reason }).await?;
    }
    let meant = meant(shop, &reach).await?;
    put(shop, order, OrderState::Void, None).await?;
    // The relay has carried the order out on its side: it knows no route here until each is proved
    // again, and what was written meanwhile is fetched then.
    for connected in &meant.connections {
        shop.learn(connected, |health| {
            health.locked = false;
            health.route_stopped = true;
        })
        .await;
    }
    shop.wake.upkeep.notify_one();
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::Cursor;
    use url::Url;
    use wire::LoginId;
    use wire::order::DeletionOrder as Ordered;

    use super::*;
    use crate::control;
    use crate::testing::relay::FakeRelay;
    use crate::testing::{NOW, TestShop, ok, refused};
    use crate::tokens::{KeptToken, Whose};

    const OLD: LoginId = LoginId::from_bytes([1; 16]);
    const OTHER: LoginId = LoginId::from_bytes([2; 16]);

    /// A login that covers the shop's connection.
    async fn covers(of: &TestShop, login: LoginId, made_at: Timestamp) {
        let record = Login {
            id: login.to_string(),
            platform: "meta".to_owned(),
            user_id: Some(format!("user-{login}")),
            user_name: None,
            granted: Vec::new(),
            declined: Vec::new(),
            state: LoginState::Live,
            made_at,
            expires_at: None,
        };
        let id = of.connected.id;
        let db = &of.shop.db;
        db.write(|write| {
            write.set_login(&record)?;
            write.cover(id, &record.id)
        })
        .unwrap();
        let words = ("EAAuser".to_owned(), None);
        let kept = KeptToken::new(words, of.shop.origin.clone(), made_at, None);
        of.shop
            .keep_token(Whose::Login(login.to_string()), kept)
            .await
            .unwrap();
    }

    fn order(logins: &[LoginId], issued_at: i64) -> Control {
        Control::DeletionOrder(Ordered {
            code: "ABCDEFGHIJKLMNOPQRSTUVWX".parse().unwrap(),
            logins: logins.to_vec(),
            issued_at,
            received_at: issued_at * 1_000,
            signed_request: "a.b".to_owned(),
        })
    }

    async fn receive(of: &TestShop, control: Control) {
        let cursor = Cursor {
            stream: [9; 16],
            seq: 1,
            chain: [0; 32],
            durable: 0,
        };
        control::take(&of.shop, vec![control], Vec::new(), cursor)
            .await
            .unwrap();
        once(&of.shop).await.unwrap();
    }

    fn state(of: &TestShop, id: &str) -> OrderState {
        of.shop
            .db
            .read(|read| read.order(id))
            .unwrap()
            .unwrap()
            .state
    }

    const CODE: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

    async fn with_relay(of: &TestShop) {
        let relay = FakeRelay::start(Vec::new()).await;
        let keys = crate::testing::relay::keys();
        let base: Url = relay.url.clone();
        let http = crate::link::client::http_client();
        let identity = crate::random::signing_secret();
        let clock = Arc::clone(&of.shop.clock);
        let client = crate::link::client::RelayClient::new(http, (base, keys), identity, clock);
        of.shop.set_relay(Some(Arc::new(client)));
    }

    #[tokio::test]
    async fn an_order_that_meta_stands_behind_is_carried_out_at_once() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform.answers("GET", "/me", &[refused(190, 458)]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert!(of.shop.connections().is_empty());
        assert_eq!(state(&of, CODE), OrderState::Done);
        assert!(!of.shop.paths.vault_folder(of.connected.id).exists());
        assert_eq!(*of.shop.phase.borrow(), Phase::FirstRun);
        assert!(
            of.secrets
                .names()
                .iter()
                .all(|name| !name.contains("login"))
        );
    }

    #[tokio::test]
    async fn an_order_that_meta_does_not_confirm_locks_and_asks() {
        let of = TestShop::messenger().await;
        with_relay(&of).await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform
            .answers("GET", "/me", &[ok(json!({"id": "42"}))]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert_eq!(state(&of, CODE), OrderState::Asked);
        assert!(of.connected.health().locked);
        assert!(matches!(
            *of.shop.phase.borrow(),
            Phase::DeletionAsked { .. }
        ));
        answer(&of.shop, false).await.unwrap();
        assert_eq!(state(&of, CODE), OrderState::Void);
        assert!(!of.connected.health().locked);
        assert_eq!(*of.shop.phase.borrow(), Phase::Ready);
        assert_eq!(of.shop.connections().len(), 1, "nothing was erased");
    }

    #[tokio::test]
    async fn without_an_answer_it_is_carried_out_after_72_hours() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform
            .answers("GET", "/me", &[ok(json!({"id": "42"}))]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        of.clock.pass(71 * HOUR);
        once(&of.shop).await.unwrap();
        assert_eq!(of.shop.connections().len(), 1);
        of.clock.pass(2 * HOUR);
        once(&of.shop).await.unwrap();
        assert!(of.shop.connections().is_empty());
    }

    #[tokio::test]
    async fn a_meta_that_cannot_be_asked_decides_nothing() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform
            .answers("GET", "/me", &[refused(2, 0), refused(190, 458)]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert_eq!(state(&of, CODE), OrderState::Received);
        assert_eq!(of.shop.connections().len(), 1);
        once(&of.shop).await.unwrap();
        assert!(of.shop.connections().is_empty());
    }

    #[tokio::test]
    async fn a_login_without_a_token_is_asked_about_and_not_taken_for_gone() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        let whose = Whose::Login(OLD.to_string());
        of.shop.tokens.forget(&whose);
        use domain::secrets::Secrets as _;
        of.secrets
            .remove(&of.shop.profile.login_token_name(&OLD.to_string()))
            .unwrap();
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert_eq!(state(&of, CODE), OrderState::Asked);
    }

    #[tokio::test]
    async fn an_order_reaches_no_login_that_was_made_after_it() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW).await;
        receive(&of, order(&[OLD], NOW.seconds() - 60)).await;
        assert_eq!(state(&of, CODE), OrderState::Void);
        assert_eq!(of.shop.connections().len(), 1);
    }

    #[tokio::test]
    async fn another_live_login_keeps_the_connection() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        covers(&of, OTHER, NOW.plus(-DAY)).await;
        of.platform.answers("GET", "/me", &[refused(190, 458)]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert_eq!(state(&of, CODE), OrderState::Done);
        assert_eq!(of.shop.connections().len(), 1);
        let logins = of.shop.db.read(|read| read.logins()).unwrap();
        assert_eq!(logins.len(), 1, "the login that was named is gone");
        assert_eq!(logins[0].id, OTHER.to_string());
    }

    #[tokio::test]
    async fn a_replayed_order_changes_nothing() {
        let of = TestShop::messenger().await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform
            .answers("GET", "/me", &[ok(json!({"id": "42"}))]);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        let asked = of.shop.db.read(|read| read.order(CODE)).unwrap();
        of.clock.pass(HOUR);
        receive(&of, order(&[OLD], NOW.seconds())).await;
        assert_eq!(of.shop.db.read(|read| read.order(CODE)).unwrap(), asked);
    }

    #[tokio::test]
    async fn a_deauthorize_waits_out_its_grace_by_the_relay_s_time_and_can_be_cancelled() {
        let of = TestShop::messenger().await;
        with_relay(&of).await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform.answers("GET", "/me", &[refused(190, 458)]);
        let erase_at = NOW.plus(7 * DAY).0;
        let control = Control::Deauthorized {
            logins: vec![OLD],
            at: NOW.0,
            erase_at,
            signed_request: "a.b".to_owned(),
        };
        receive(&of, control).await;
        let trouble = of.connected.trouble(of.clock.now());
        let wipes_at = Timestamp(erase_at);
        assert_eq!(
            trouble,
            Some(crate::read::Trouble::AccessRemoved { wipes_at })
        );
        // This computer's clock alone does not end the grace.
        of.clock.pass(8 * DAY);
        once(&of.shop).await.unwrap();
        assert_eq!(of.shop.connections().len(), 1);
        let cancelled = Control::DeauthorizeCancelled {
            logins: vec![OLD],
            at: NOW.0 + 1,
        };
        receive(&of, cancelled).await;
        assert_eq!(of.connected.health().wipes_at, None);
        of.shop.relay().unwrap().learn_time(NOW.plus(9 * DAY).0);
        once(&of.shop).await.unwrap();
        assert_eq!(of.shop.connections().len(), 1, "cancelled is cancelled");
    }

    #[tokio::test]
    async fn when_the_grace_has_ended_the_data_goes() {
        let of = TestShop::messenger().await;
        with_relay(&of).await;
        covers(&of, OLD, NOW.plus(-DAY)).await;
        of.platform.answers("GET", "/me", &[refused(190, 458)]);
        let control = Control::Deauthorized {
            logins: vec![OLD],
            at: NOW.0,
            erase_at: NOW.plus(7 * DAY).0,
            signed_request: "a.b".to_owned(),
        };
        receive(&of, control).await;
        of.shop.relay().unwrap().learn_time(NOW.plus(7 * DAY).0);
        once(&of.shop).await.unwrap();
        assert!(of.shop.connections().is_empty());
    }
}
