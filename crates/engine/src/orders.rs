//! Orders to erase that came from outside: Meta's data-deletion callback, and a deauthorize whose
//! grace is over. They reach logins, not accounts: a connection goes only if no other live login on
//! this computer covers it, and only for logins made before the order. Before one is carried out
//! Meta itself is asked once: a relay that was stolen cannot wipe a shop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::time::HOUR;
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
use crate::upkeep;

/// How often to look without being woken.
const EVERY: Duration = Duration::from_secs(60);
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
        match order.state {
            OrderState::Received => look_at(shop, order).await?,
            OrderState::Asked if is_due(order, shop.now()) => carry_out(shop, order).await?,
            // The relay says when the grace ends; should it never come back, its own date counts.
            OrderState::Waiting if is_due(order, relay_now(shop)) => carry_out(shop, order).await?,
            OrderState::Erasing => carry_out(shop, order).await?,
            OrderState::Asked | OrderState::Waiting | OrderState::Done | OrderState::Void => {}
        }
    }
    ask_owner(shop).await
}

fn is_due(order: &DeletionOrder, now: Timestamp) -> bool {
    order.due_at.is_some_and(|due| due <= now)
}

fn relay_now(shop: &Shop) -> Timestamp {
    shop.relay()
        .map_or_else(|| shop.now(), |relay| Timestamp(relay.relay_now()))
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
    let mut accepted = false;
    for login in &meant.logins {
        match upkeep::is_accepted(shop, &login.id).await? {
            Some(answer) => accepted |= answer,
            // Meta cannot be asked now: nothing is decided without it.
            None => return Err(Error::Unexpected("Meta was not reached".to_owned())),
        }
    }
    if !accepted {
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
    wipe_connections(shop, meant.connections, asked).await?;
    forget_logins(shop, &meant.logins).await?;
    put(shop, order, OrderState::Done, None).await?;
    let none_left = shop.connections().is_empty();
    if none_left {
        set_phase(shop, Phase::FirstRun);
    }
    Ok(())
}

/// What a login leaves that ends while another one keeps its connections.
async fn forget_logins(shop: &Shop, logins: &[Login]) -> Result<()> {
    for login in logins {
        shop.drop_token(&crate::tokens::Whose::Login(login.id.clone()))
            .await?;
    }
    let ids: Vec<String> = logins.iter().map(|login| login.id.clone()).collect();
    shop.shop_db(move |db| db.write(|write| ids.iter().try_for_each(|id| write.remove_login(id))))
        .await
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

/// The window shows one question at a time: the one that is due first.
async fn ask_owner(shop: &Shop) -> Result<()> {
    let orders = shop
        .shop_db(|db| db.read(|read| read.open_orders()))
        .await?;
    let asked = orders
        .iter()
        .filter(|order| order.state == OrderState::Asked);
    let first = asked.min_by_key(|order| order.due_at);
    match first {
        Some(order) => {
            let asked_at = order.changed_at;
            let wipes_at = order.due_at.unwrap_or(asked_at.plus(TO_ANSWER));
            set_phase(shop, Phase::DeletionAsked { asked_at, wipes_at });
        }
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
    for connected in &meant.connections {
        shop.learn(connected, |health| health.locked = false).await;
    }
    Ok(())
}
