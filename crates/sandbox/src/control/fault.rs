//! `/sandbox/faults`: what can go wrong, by name.
//!
//! Four families. A *strike* happens so many times (once if no `count` is given). A *state* lasts
//! until it is healed. A *switch* is a setting. An *act* happens at once. `count: 0` heals a kind,
//! with a `where` only what was asked for with the same words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Problem, acts};
use crate::app::App;
use crate::world::faults::Fault;
use crate::world::{Switches, World};

/// One kind of fault, as `help` lists it.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) says: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Family {
    /// With the place it strikes if none is named.
    Strike(&'static str),
    State,
    Switch(fn(&mut Switches, bool)),
    Act(fn(&mut World, &acts::Act, i64) -> Result<usize, Problem>),
}

/// A message on its way out, not a read mark or a typing sign.
const SENDS: &str = "POST /messages send";

const fn strike(name: &'static str, place: &'static str, says: &'static str) -> Kind {
    Kind {
        name,
        family: Family::Strike(place),
        says,
    }
}

const fn state(name: &'static str, says: &'static str) -> Kind {
    Kind {
        name,
        family: Family::State,
        says,
    }
}

const fn switch(name: &'static str, set: fn(&mut Switches, bool), says: &'static str) -> Kind {
    Kind {
        name,
        family: Family::Switch(set),
        says,
    }
}

const fn act(
    name: &'static str,
    run: fn(&mut World, &acts::Act, i64) -> Result<usize, Problem>,
    says: &'static str,
) -> Kind {
    Kind {
        name,
        family: Family::Act(run),
        says,
    }
}

#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    // Calls to the Graph API, before they are carried out.
    strike("rate_limit", "", "A Graph call is refused with code `value` (4, on WhatsApp 130429) and full usage headers."),
    strike("graph_error", "", "A Graph call is refused with code `value`, or `value: {code, subcode}`."),
    strike("http_500", "", "A Graph call answers 500 with code 2, not carried out."),
    strike("unavailable", "", "A Graph call answers 503 with a page instead of JSON, not carried out."),
    strike("garbage", "", "A Graph call answers 200 with a page instead of JSON, not carried out."),
    strike("drop", "", "The connection is cut before a Graph call is carried out."),
    strike("slow", "", "A Graph call waits `value` seconds (60) and is then carried out."),
    // The same calls afterwards: the deed is done, the answer is lost.
    strike("http_500_after_accept", SENDS, "A message is accepted, the answer is 500."),
    strike("garbage_after_accept", SENDS, "A message is accepted, the answer is no JSON."),
    strike("drop_after_accept", SENDS, "A message is accepted, the connection is cut."),
    strike("silence", SENDS, "A message is accepted, nothing comes for `value` seconds (60), then the connection is cut."),
    // What follows a message.
    strike("echo_never", "", "The echo (on WhatsApp: `sent`) of a message is never told."),
    strike("echo_late", "", "The echo (on WhatsApp: `sent`) comes `value` seconds (2) late."),
    strike("whatsapp_failed", "", "A WhatsApp message is accepted and then fails with code `value` (131026)."),
    // Webhooks.
    strike("webhook_never", "", "An update is never told."),
    strike("webhook_late", "", "An update is told `value` seconds (2) late."),
    strike("webhook_drop", "", "A request with webhooks is lost on the way and not repeated."),
    strike("duplicate", "", "A request with webhooks is sent twice."),
    strike("reorder", "", "The next `count` (2) updates of a lane wait for each other and are sent last first, one by one."),
    // States.
    state("webhook_hold", "Webhooks wait; `webhook_release` sends them as one batch."),
    state("phone_off", "The phone is off: nothing is delivered until `phone_on`."),
    state("blocked", "The customer blocked the shop: 551/1545041 (`value` 10 or 200: the same subcode under that code), on WhatsApp a failed status 131026."),
    state("cannot_receive", "The customer's account takes no messages: 10/2018108."),
    state("number_trouble", "The WhatsApp number is `value`: locked (131031), unnamed (131037), unpaid (131042), unregistered (133010), maintained (131057)."),
    state("country_barred", "The WhatsApp number may not message the country with the calling code `value`: 130497."),
    state("limit", "No more than `value` calls. `where`: application (4), user (17), page_calls (32: a Page's, with a person's token) or whatsapp (80008) an hour, pages (80001), instagram (80002) or messenger (80006) a day, throughput (130429; 80 if not set) a second."),
    // Switches.
    switch("proof_required", |of, on| of.proof_required = on, "Calls need an appsecret_proof."),
    switch("human_agent_off", |of, on| of.human_agent = !on, "The app does not have the Human Agent feature."),
    switch("window_old_form", |of, on| of.window_old_form = on, "Messenger refuses a closed reply window with 10/2018065."),
    switch("allow_list", |of, on| of.allow_list = on, "The WhatsApp number is a test number: 131030 for whoever never wrote."),
    switch("conversations_paced", |of, on| of.conversations_paced = on, "Two calls per second on an account's conversations, then 613."),
    switch("targets_absent", |of, on| of.targets_absent = on, "debug_token leaves target_ids out, which means all."),
    switch("task_ignored", |of, on| of.task_enforced = !on, "Messages are taken from people without the MESSAGING task."),
    // Acts.
    act("token_expired", acts::token_expired, "Tokens expire now (190/463). `where`: user, page, owner, an id."),
    act("token_revoked", acts::token_revoked, "Tokens die with subcode `value` (460: password changed)."),
    act("password_changed", acts::password_changed, "A person (owner) changes the password: all of that person's tokens answer 190/460."),
    act("logged_out", acts::logged_out, "A person (owner) ends all sessions: 190/467."),
    act("checkpoint", acts::checkpoint, "A person (owner) has to confirm who they are: 190/459."),
    act("unconfirmed", acts::unconfirmed, "A person's (owner's) account is no longer confirmed: 190/464."),
    act("permission_lost", acts::permission_lost, "The permissions named in `where` are taken back (by the owner)."),
    act("role_lost", acts::role_lost, "A person (owner) loses the role on a Page (all); the Page's token answers 190/492."),
    act("task_lost", acts::task_lost, "A person (owner) loses the MESSAGING task on a Page (all)."),
    act("task_given", acts::task_given, "A person (employee) is given the MESSAGING task on a Page (all)."),
    act("secret_changed", acts::secret_changed, "The app's secret is `value` from now on; the old one is worth nothing."),
    act("unsubscribe", acts::unsubscribe, "The app is unsubscribed from accounts (`where`: channels or ids; all)."),
    act("message_too_old", acts::message_too_old, "Everything said so far is `value` hours (25) older. `where`: channel, customer."),
    act("link_expired", acts::link_expired, "Every link to a file given so far has expired."),
    act("media_lost", acts::media_lost, "Every stored file is gone."),
    act("phone_on", acts::phone_on, "Phones that were off get what waited."),
    act("webhook_release", acts::webhook_release, "Webhooks held back go out."),
    act("heal", acts::heal, "No strikes and states any more, all switches as at the start."),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    kind: String,
    count: Option<u64>,
    #[serde(rename = "where", default)]
    place: String,
    #[serde(default)]
    value: Value,
}

/// `POST /sandbox/faults`
pub(crate) async fn add(State(app): State<Arc<App>>, Json(wanted): Json<Wanted>) -> Answer {
    let kind = KINDS
        .iter()
        .find(|kind| kind.name == wanted.kind)
        .ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            Problem::unknown(format!(
                "no fault {}; there are {}",
                wanted.kind,
                names.join(", ")
            ))
        })?;
    app.change(|world, now| {
        apply(world, kind, &wanted, now)?;
        Ok(Json(listed(world)))
    })
}

fn apply(world: &mut World, kind: &Kind, wanted: &Wanted, now: i64) -> Result<(), Problem> {
    let healed = wanted.count == Some(0);
    match kind.family {
        Family::Switch(set) => set(&mut world.switches, !healed),
        Family::Act(run) => {
            let act = acts::Act {
                place: wanted.place.clone(),
                value: wanted.value.clone(),
            };
            if !healed {
                run(world, &act, now)?;
            }
        }
        Family::Strike(_) | Family::State if healed => {
            world.faults.heal(kind.name, &wanted.place);
        }
        Family::Strike(usual) => {
            let once = if kind.name == "reorder" { 2 } else { 1 };
            let left = Some(wanted.count.unwrap_or(once));
            // Whoever names a path means that path, and no usual place beside it.
            let place = if wanted.place.contains('/') {
                wanted.place.clone()
            } else {
                format!("{usual} {}", wanted.place).trim().to_owned()
            };
            world.faults.add(fault(kind, left, &place, wanted));
        }
        Family::State => world.faults.add(fault(kind, None, &wanted.place, wanted)),
    }
    Ok(())
}

fn fault(kind: &Kind, left: Option<u64>, place: &str, wanted: &Wanted) -> Fault {
    Fault {
        kind: kind.name.to_owned(),
        left,
        place: place.to_owned(),
        value: wanted.value.clone(),
    }
}

/// `GET /sandbox/faults`
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.look(|world, _| listed(world)))
}

/// `DELETE /sandbox/faults`
pub(crate) async fn clear(State(app): State<Arc<App>>) -> Answer {
    app.change(|world, now| {
        let all = acts::Act {
            place: String::new(),
            value: Value::Null,
        };
        acts::heal(world, &all, now)?;
        Ok(Json(listed(world)))
    })
}

pub(crate) fn listed(world: &World) -> Value {
    json!({"faults": world.faults.list(), "switches": world.switches})
}
