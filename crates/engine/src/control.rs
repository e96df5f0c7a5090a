//! What the relay itself has to say: deletion orders, gaps, stopped routes. It comes on the control
//! stream, before everything else, and is written down with that stream's cursor before anything is
//! done about it, so that none is ever forgotten. Carrying orders out is [`crate::orders`]'s.

use std::sync::Arc;

use domain::Timestamp;
use store::shop::orders::{DeletionOrder, OrderState};
use store::shop::streams::Unopened;
use store::{Cursor, ShopWrite};
use wire::StreamId;
use wire::event::{Control, StopReason};

use crate::connected::Connected;
use crate::error::Result;
use crate::repair::{self, Missed};
use crate::shop::Shop;

/// Writes down what was said, with the cursor. What is about a vault is marked there first: marking
/// twice is marking once, should the rest not be written.
pub(crate) async fn take(
    shop: &Shop,
    said: Vec<Control>,
    unopened: Vec<Unopened>,
    cursor: Cursor,
) -> Result<()> {
    hear(shop, said, unopened, Some(cursor)).await
}

/// The same of what opens only now, whose place the cursor passed long ago.
pub(crate) async fn take_late(shop: &Shop, said: Control) -> Result<()> {
    hear(shop, vec![said], Vec::new(), None).await
}

async fn hear(
    shop: &Shop,
    said: Vec<Control>,
    unopened: Vec<Unopened>,
    cursor: Option<Cursor>,
) -> Result<()> {
    for control in &said {
        mark(shop, control).await?;
    }
    let now = shop.now();
    let orders: Vec<DeletionOrder> = said
        .iter()
        .filter_map(|control| order(control, now))
        .collect();
    let cancelled: Vec<Control> = said;
    shop.shop_db(move |db| {
        db.write(|write| {
            for one in &unopened {
                write.keep_unopened(one)?;
            }
            for order in &orders {
                write.receive_order(order)?;
            }
            for control in &cancelled {
                change_waiting(write, control, now)?;
            }
            cursor.map_or(Ok(()), |cursor| write.move_control_cursor(&cursor))
        })
    })
    .await?;
    shop.wake.erasure.notify_one();
    Ok(())
}

/// The order a word of the relay's is, if it is one.
fn order(control: &Control, now: Timestamp) -> Option<DeletionOrder> {
    let body = serde_json::to_string(control).ok()?;
    let received = |id, state, issued_at, received_at, due_at| DeletionOrder {
        id,
        body,
        state,
        issued_at,
        received_at,
        due_at,
        changed_at: now,
    };
    match control {
        Control::DeletionOrder(order) => Some(received(
            order.code.to_string(),
            OrderState::Received,
            Timestamp::from_seconds(order.issued_at),
            Timestamp(order.received_at),
            None,
        )),
        Control::Deauthorized {
            logins,
            at,
            erase_at,
            ..
        } => {
            let first = logins.first()?;
            let id = format!("deauthorized-{first}-{at}");
            let at = Timestamp(*at);
            Some(received(
                id,
                OrderState::Waiting,
                at,
                at,
                Some(Timestamp(*erase_at)),
            ))
        }
        Control::DeauthorizeCancelled { .. }
        | Control::GraceEnded { .. }
        | Control::Gap { .. }
        | Control::RouteStopped { .. }
        | Control::LoginEvent { .. }
        | Control::Restored { .. }
        | Control::Unknown => None,
    }
}

/// A grace that was cancelled, or has ended.
fn change_waiting(write: &ShopWrite<'_>, control: &Control, now: Timestamp) -> store::Result<()> {
    let (logins, state) = match control {
        Control::DeauthorizeCancelled { logins, .. } => (logins, OrderState::Void),
        Control::GraceEnded { logins, .. } => (logins, OrderState::Received),
        _ => return Ok(()),
    };
    for order in write.open_orders()? {
        if order.state != OrderState::Waiting {
            continue;
        }
        let Ok(Control::Deauthorized { logins: theirs, .. }) = serde_json::from_str(&order.body)
        else {
            continue;
        };
        if theirs.iter().any(|login| logins.contains(login)) {
            write.move_order(&order.id, state, None, now)?;
        }
    }
    Ok(())
}

/// Marks what is about a connection.
async fn mark(shop: &Shop, control: &Control) -> Result<()> {
    match control {
        Control::Gap {
            stream,
            since,
            refused,
            until,
            ..
        } => {
            // Counted once, when it has ended; until then only that something is missing.
            let count = until.map_or(0, |_| *refused);
            let Some(connected) = of_stream(shop, *stream).await else {
                let missed = Missed {
                    stream: Some(*stream),
                    since: Some(Timestamp(*since)),
                    lost: count > 0,
                };
                return repair::keep_for_shut(shop, missed).await;
            };
            repair::mark_refused(shop, &connected, count, Timestamp(*since)).await
        }
        Control::RouteStopped { stream, reason, .. } => {
            let Some(connected) = of_stream(shop, *stream).await else {
                return Ok(());
            };
            shop.learn(&connected, |health| health.route_stopped = true)
                .await;
            // What Meta took away comes back by a login, not by asking again.
            if !matches!(reason, StopReason::Deauthorized | StopReason::Deleted) {
                shop.wake.upkeep.notify_one();
            }
            Ok(())
        }
        Control::Restored { from, .. } => mark_all(shop, Timestamp(*from)).await,
        // A permission was given or taken away: the subscription check finds out which.
        Control::LoginEvent { .. } => {
            shop.wake.repair.notify_one();
            Ok(())
        }
        Control::DeletionOrder(_)
        | Control::Deauthorized { .. }
        | Control::DeauthorizeCancelled { .. }
        | Control::GraceEnded { .. } => Ok(()),
        Control::Unknown => {
            tracing::warn!("the relay said something this version does not know");
            Ok(())
        }
    }
}

/// What the relay lost since a moment may be anybody's.
async fn mark_all(shop: &Shop, since: Timestamp) -> Result<()> {
    let missed = Missed {
        stream: None,
        since: Some(since),
        lost: true,
    };
    repair::keep_for_shut(shop, missed).await?;
    for connected in shop.connections() {
        if connected.vault().is_ok() {
            connected
                .write(move |write| repair::mark_uncounted(write, since))
                .await?;
        }
    }
    shop.wake.repair.notify_one();
    shop.wake.upkeep.notify_one();
    Ok(())
}

async fn of_stream(shop: &Shop, stream: StreamId) -> Option<Arc<Connected>> {
    for connected in shop.connections() {
        let cursor = connected.read(|read| read.cursor()).await;
        if let Ok(Some(cursor)) = cursor
            && cursor.stream == *stream.as_bytes()
        {
            return Some(connected);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use wire::LoginId;

    use super::*;

    #[test]
    fn an_order_keeps_the_name_it_came_with() {
        let order_of_meta = wire::order::DeletionOrder {
            code: "ABCDEFGHIJKLMNOPQRSTUVWX".parse().unwrap(),
            logins: vec![LoginId::from_bytes([1; 16])],
            issued_at: 10,
            received_at: 11_000,
            signed_request: "a.b".to_owned(),
        };
        let control = Control::DeletionOrder(order_of_meta);
        let first = order(&control, Timestamp(1)).unwrap();
        let replayed = order(&control, Timestamp(2)).unwrap();
        assert_eq!(first.id, "ABCDEFGHIJKLMNOPQRSTUVWX");
        assert_eq!(first.id, replayed.id);
        assert_eq!(first.issued_at, Timestamp(10_000));
        assert_eq!(
            serde_json::from_str::<Control>(&first.body).unwrap(),
            control
        );
    }

    #[test]
    fn a_deauthorize_waits_out_its_grace() {
        let control = Control::Deauthorized {
            logins: vec![LoginId::from_bytes([1; 16])],
            at: 5,
            erase_at: 99,
            signed_request: "a.b".to_owned(),
        };
        let waits = order(&control, Timestamp(1)).unwrap();
        assert_eq!(
            (waits.state, waits.due_at),
            (OrderState::Waiting, Some(Timestamp(99)))
        );
    }
}
