//! `GET /sandbox/help`: the control API and every fault, in words.

use axum::Json;
use serde_json::{Value, json};

use super::fault::{Family, KINDS};
use crate::pictures::SAMPLES;
use crate::world::people::PEOPLE;

const CALLS: &[(&str, &str)] = &[
    (
        "GET /",
        "The customers' phones and the shop's Facebook settings.",
    ),
    (
        "GET /sandbox/state[?after=VERSION][&brief=true]",
        "Everything; with `after` it waits (20 s) for a change.",
    ),
    (
        "GET /sandbox/events",
        "Server-sent events: the version, whenever something happened.",
    ),
    (
        "POST /sandbox/say {channel, from, text?|picture?, reply_to?, account?, minutes_ago?}",
        "A customer writes → {id}. `from: \"shop\", to` is the shop in the platform's own app.",
    ),
    (
        "POST /sandbox/read {channel, from, account?}",
        "A customer opens the thread → {read}.",
    ),
    (
        "POST /sandbox/react {channel, from, message, emoji?, account?}",
        "A customer reacts; without `emoji` takes it back → {success}.",
    ),
    (
        "POST /sandbox/unsend {channel, from, message, account?}",
        "A customer takes a message back → {success}.",
    ),
    (
        "POST /sandbox/login {authorize_url, grant?, accounts?, user?, cancel?}",
        "Answers the login dialog → {redirect}.",
    ),
    (
        "POST /sandbox/deauthorize {user, keep_token?}",
        "A person removes the app → the relay's answer.",
    ),
    (
        "POST /sandbox/deletion {user, keep_token?}",
        "A person asks for deletion (the app is removed too) → the relay's answer.",
    ),
    (
        "GET|POST|DELETE /sandbox/faults {kind, count?, where?, value?}",
        "What goes wrong → {faults, switches}.",
    ),
    (
        "POST /sandbox/webhook[?sign=none|wrong|legacy|double|cut|secret:…]",
        "Any body, signed as it is and delivered → the relay's answer.",
    ),
    (
        "POST /sandbox/redeliver {delivery}",
        "An earlier delivery once more, byte for byte → the relay's answer.",
    ),
    (
        "POST /sandbox/verify",
        "The dashboard's challenge → {status, verified}.",
    ),
    (
        "POST /sandbox/nodes {id: answer|null}",
        "What the Graph API shall say of a node → {nodes}.",
    ),
    (
        "POST /sandbox/clock {seconds}",
        "Moves the sandbox's clock ahead → {now}.",
    ),
];

pub(crate) async fn help() -> Json<Value> {
    let faults: Vec<Value> = KINDS
        .iter()
        .map(|kind| {
            let (family, usual) = match kind.family {
                Family::Strike(place) => ("strike", place),
                Family::State => ("state", ""),
                Family::Switch(_) => ("switch", ""),
                Family::Act(_) => ("act", ""),
            };
            json!({"kind": kind.name, "family": family, "usual_where": usual, "says": kind.says})
        })
        .collect();
    let calls: Vec<Value> = CALLS
        .iter()
        .map(|(call, says)| json!({"call": call, "says": says}))
        .collect();
    let people: Vec<&str> = PEOPLE.iter().map(|person| person.key).collect();
    Json(json!({
        "calls": calls,
        "faults": faults,
        "families": {
            "strike": "happens `count` times (once if absent), where every word of `where` fits",
            "state": "lasts until healed",
            "switch": "a setting",
            "act": "happens at once",
            "healing": "`count: 0` heals a kind (with `where`: of that place); DELETE heals everything",
        },
        "where": "words that must all occur in what is happening: for calls `POST /messages instagram send` (`send` is a message, not a read mark), for webhooks `whatsapp delivery`, for people `messenger clara`",
        "webhook_kinds": ["message", "echo", "delivery", "read", "reaction", "unsend", "sent", "failed", "permission"],
        "people": people,
        "pictures": SAMPLES,
    }))
}
