//! Carries webhooks to the app: one loop per lane, in order while all goes well, batched where
//! several wait, and every failed batch retried on its own by its policy.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

use super::policy::Policy;
use super::update::{self, Lane, Update};
use crate::app::App;
use crate::signing;
use crate::world::{Delivery, World};

/// Meta's own limit of updates in one request.
const BATCH: usize = 1_000;

/// What the loop found to do.
#[derive(Debug)]
struct Batch {
    updates: Vec<Update>,
    twice: bool,
    dropped: bool,
}

/// Sends what waits in this lane until the sandbox stops.
pub(crate) async fn run(app: Arc<App>, lane: Lane) {
    loop {
        let batches = app.look(|world, _| take(world, lane));
        if batches.is_empty() {
            tokio::select! {
                () = app.awakened(lane) => continue,
                () = app.stop.cancelled() => return,
            }
        }
        for batch in batches {
            deliver(&app, lane, batch).await;
        }
    }
}

/// Takes the next batches out of the queue, as the faults of the moment want them.
fn take(world: &mut World, lane: Lane) -> Vec<Batch> {
    if world.faults.holds("webhook_hold", lane.name()).is_some() {
        return Vec::new();
    }
    let Some(queue) = world
        .queues
        .get_mut(&lane)
        .filter(|queue| !queue.is_empty())
    else {
        return Vec::new();
    };
    if let Some(fault) = world.faults.holds("reorder", lane.name()) {
        let wanted = usize::try_from(fault.left.unwrap_or(2)).unwrap_or(2);
        if queue.len() < wanted {
            return Vec::new();
        }
        let mut updates: Vec<Update> = queue.drain(..wanted).collect();
        updates.reverse();
        world.faults.take("reorder", lane.name());
        return updates
            .into_iter()
            .map(|update| prepare(world, lane, vec![update]))
            .collect();
    }
    let updates = queue.drain(..queue.len().min(BATCH)).collect();
    vec![prepare(world, lane, updates)]
}

fn prepare(world: &mut World, lane: Lane, updates: Vec<Update>) -> Batch {
    let kinds: Vec<&str> = updates.iter().map(|update| update.kind).collect();
    let subject = format!("{} {}", lane.name(), kinds.join(" "));
    let twice = world.faults.strike("duplicate", &subject).is_some();
    let dropped = world.faults.strike("webhook_drop", &subject).is_some();
    Batch {
        updates,
        twice,
        dropped,
    }
}

async fn deliver(app: &Arc<App>, lane: Lane, batch: Batch) {
    let body = Bytes::from(signing::escaped(&update::body(lane, &batch.updates)));
    let mut accounts: Vec<String> = batch
        .updates
        .iter()
        .map(|update| update.account.clone())
        .collect();
    accounts.dedup();
    let delivery = Delivery {
        id: 0,
        at: app.now(),
        lane: lane.name(),
        kinds: batch.updates.iter().map(|update| update.kind).collect(),
        accounts: accounts.clone(),
        attempts: 0,
        state: if batch.dropped { "dropped" } else { "sending" },
        status: None,
        problem: None,
        body: body.clone(),
    };
    let id = app.note(|world, _| world.record_delivery(delivery));
    if batch.dropped {
        return;
    }
    let arrived = attempt(app, id, &body).await;
    if batch.twice {
        attempt(app, id, &body).await;
    }
    if !arrived {
        let retrying = retry(
            Arc::clone(app),
            Failed {
                id,
                lane,
                accounts,
                body,
            },
        );
        app.tasks.spawn(retrying);
    }
}

/// A batch the app did not take.
#[derive(Debug)]
struct Failed {
    id: u64,
    lane: Lane,
    accounts: Vec<String>,
    body: Bytes,
}

async fn retry(app: Arc<App>, failed: Failed) {
    let policy = Policy::of(failed.lane);
    let mut since = Duration::ZERO;
    for number in 1_u32.. {
        let Some(gap) = policy.wait(number, since) else {
            break;
        };
        since += gap;
        let gap = gap.div_f64(app.config.time_scale.max(f64::MIN_POSITIVE));
        tokio::select! {
            () = tokio::time::sleep(gap) => {}
            () = app.stop.cancelled() => return,
        }
        // The account may have been unsubscribed by then; what it missed is not sent again.
        let wanted = failed.lane == Lane::Permissions
            || app.look(|world, _| {
                failed
                    .accounts
                    .iter()
                    .any(|account| world.subscriptions.wants(account, "messages"))
            });
        if !wanted {
            break;
        }
        if attempt(&app, failed.id, &failed.body).await {
            return;
        }
    }
    app.note(|world, _| give_up(world, &failed, policy));
}

fn give_up(world: &mut World, failed: &Failed, policy: Policy) {
    let Some(delivery) = world.delivery_mut(failed.id) else {
        return;
    };
    delivery.state = "given_up";
    if !policy.unsubscribes {
        return;
    }
    for account in &failed.accounts {
        // Another batch of the account got through meanwhile: the failure was not continuous.
        let through = world.deliveries.iter().any(|delivery| {
            delivery.id > failed.id
                && delivery.state == "delivered"
                && delivery.accounts.contains(account)
        });
        if !through {
            world.subscriptions.end(account);
        }
    }
}

/// One request. Everything but 200 is a failure.
async fn attempt(app: &App, id: u64, body: &Bytes) -> bool {
    let answer = post(app, body.clone(), &Signature::Right).await;
    let (status, problem) = match answer {
        Ok((200, _)) => (Some(200), None),
        Ok((status, _)) => (Some(status), Some(format!("answered {status}"))),
        Err(problem) => (None, Some(problem)),
    };
    let arrived = status == Some(200);
    app.note(|world, _| {
        let Some(delivery) = world.delivery_mut(id) else {
            return;
        };
        delivery.attempts += 1;
        delivery.status = status;
        delivery.problem = problem;
        // A second copy that fails does not undo the first.
        if delivery.state != "delivered" {
            delivery.state = if arrived { "delivered" } else { "retrying" };
        }
    });
    arrived
}

/// How a webhook is signed; all but the first are for tests of the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    Right,
    /// No signature at all.
    Absent,
    /// Made with another secret.
    With(String),
    /// Only the older header.
    LegacyOnly,
    /// The header twice, the right one second.
    Doubled,
    /// Cut short.
    Cut,
}

/// Posts a body to the app's callback address and gives its status and answer.
pub(crate) async fn post(
    app: &App,
    body: Bytes,
    signature: &Signature,
) -> Result<(u16, Bytes), String> {
    let secret = match signature {
        Signature::With(other) => other.clone(),
        _ => app.look(|world, _| world.app.secret.clone()),
    };
    let right = signing::hub_signature(&secret, &body);
    let legacy = signing::legacy_hub_signature(&secret, &body);
    let mut request = app
        .http
        .post(app.callback_address())
        .header(CONTENT_TYPE, "application/json")
        .header("user-agent", "facebookexternalua");
    let new = "x-hub-signature-256";
    request = match signature {
        Signature::Right | Signature::With(_) => {
            request.header("x-hub-signature", legacy).header(new, right)
        }
        Signature::Absent => request,
        Signature::LegacyOnly => request.header("x-hub-signature", legacy),
        Signature::Doubled => {
            let wrong = signing::hub_signature("another secret", &body);
            request.header(new, wrong).header(new, right)
        }
        Signature::Cut => request.header(new, right.chars().take(40).collect::<String>()),
    };
    let answer = request
        .body(body)
        .send()
        .await
        .map_err(|problem| cause(&problem))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|problem| cause(&problem))?;
    Ok((status, body))
}

/// The innermost cause, which is the one that tells something.
pub(super) fn cause(problem: &dyn std::error::Error) -> String {
    let mut innermost = problem;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}
