//! Which call goes where.

use axum::http::Method;
use serde_json::Value;

use super::call::{Call, Caller, Host};
use super::error::Refusal;
use super::{
    accounts, apps, attachments, history, limits, messages, nodes, oauth, subscribed, whatsapp,
    whatsapp_media,
};
use crate::world::World;
use crate::world::logins::TokenKind;
use crate::world::shop;

pub(crate) fn answer(world: &mut World, call: &Call, now: i64) -> Result<Value, Refusal> {
    if call.host == Host::Instagram {
        // Tokens of Facebook Login are not known there, and no other login is built yet.
        let refusal = match call.token {
            Some(_) => Refusal::malformed_token(),
            None => Refusal::no_token(true),
        };
        return Err(refusal.for_instagram_login());
    }
    match call.segments().as_slice() {
        ["oauth", "access_token"] => return oauth::access_token(world, call, now),
        ["debug_token"] if call.method == Method::GET => {
            return oauth::debug_token(world, call, now);
        }
        [] => return Err(Refusal::unknown_path("")),
        _ => {}
    }
    let caller = call.caller(world, now)?;
    let first = call.path.first().map_or("", String::as_str);
    let object = resolve(first, &caller).unwrap_or(first);
    limits::hold(world, call, &caller, (object, now))?;
    match call.segments().as_slice() {
        [id] => node(world, call, &caller, (resolve(id, &caller)?, now)),
        [id, edge] => edge_of(world, call, &caller, (resolve(id, &caller)?, edge, now)),
        [id, "permissions", scope] if call.method == Method::DELETE => {
            accounts::revoke(world, &caller, (resolve(id, &caller)?, Some(scope)), now)
        }
        segments => {
            let rest: Vec<&str> = segments.iter().skip(1).copied().collect();
            Err(Refusal::unknown_path(&rest.join("/")))
        }
    }
}

/// `me` is whoever the token is for.
fn resolve<'a>(id: &'a str, caller: &'a Caller) -> Result<&'a str, Refusal> {
    if id != "me" {
        return Ok(id);
    }
    let token = caller.token()?;
    Ok(match token.kind {
        TokenKind::User { .. } => token.user.id,
        TokenKind::Page(page) => page,
    })
}

fn node(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    match call.method {
        Method::GET => nodes::read(world, call, caller, (id, now)),
        Method::DELETE => whatsapp_media::delete_media(world, caller, id),
        _ => Err(Refusal::no_object(call.method.as_str(), id)),
    }
}

fn edge_of(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, edge, now): (&str, &str, i64),
) -> Result<Value, Refusal> {
    let phone = shop::phone(id).is_some();
    match (call.method.as_str(), edge) {
        ("GET", "accounts") => accounts::pages(world, call, caller, (id, now)),
        ("GET", "permissions") => accounts::permissions(world, caller, id),
        ("DELETE", "permissions") => {
            let scope = call.params.text("permission");
            accounts::revoke(world, caller, (id, scope.as_deref()), now)
        }
        ("GET", "businesses") => accounts::businesses(world, caller, id),
        ("GET", "owned_whatsapp_business_accounts") => accounts::wabas(world, caller, id),
        // Nobody has shared an account with the shop.
        ("GET", "client_whatsapp_business_accounts") => {
            accounts::wabas(world, caller, id).map(|_| serde_json::json!({"data": []}))
        }
        ("GET", "phone_numbers") => accounts::phone_numbers(world, call, caller, id),
        ("GET" | "POST" | "DELETE", "subscribed_apps") => subscribed::apps(world, call, caller, id),
        ("GET" | "POST" | "DELETE", "subscriptions") => {
            apps::subscriptions(world, call, caller, id)
        }
        ("POST", "messages") if phone => whatsapp::messages(world, call, caller, (id, now)),
        ("POST", "media") if phone => whatsapp_media::upload(world, call, caller, (id, now)),
        ("POST", "messages") => messages::send(world, call, caller, (id, now)),
        ("POST", "message_attachments") => attachments::upload(world, call, caller, (id, now)),
        ("GET", "conversations") => history::conversations(world, call, caller, (id, now)),
        ("GET", "messages") => history::messages(world, call, caller, (id, now)),
        ("POST", "accounts" | "permissions" | "phone_numbers" | "conversations")
        | ("GET", "message_attachments" | "media") => {
            Err(Refusal::no_object(call.method.as_str(), id))
        }
        _ => Err(Refusal::unknown_path(edge)),
    }
}
