//! What a person may let the app near: Pages, businesses, WhatsApp accounts, and permissions.

use serde_json::{Map, Value, json};

use super::call::{Call, Caller};
use super::error::Refusal;
use super::fields::{Node, cursor, cursor_position};
use super::nodes;
use crate::webhooks::update::Update;
use crate::world::logins::TokenKind;
use crate::world::shop::{self, BUSINESS, User};
use crate::world::{Callback, World};

/// The person's own token, asked about that person.
fn own(caller: &Caller, id: &str, method: &str) -> Result<&'static User, Refusal> {
    let token = caller.token()?;
    if token.user.id == id && matches!(token.kind, TokenKind::User { .. }) {
        return Ok(token.user);
    }
    Err(Refusal::no_object(method, id))
}

/// The ticked Pages with their tokens. What was not ticked is absent, without an error.
pub(crate) fn pages(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<Value, Refusal> {
    let user = own(caller, id, "get")?;
    let token = caller.token()?.clone();
    let mut data = Vec::new();
    for page in &shop::PAGES {
        let listed = world.logins.allows(user, "pages_show_list", Some(page.id));
        let tasks = world.logins.tasks_of(user, page.id);
        if !listed || tasks.is_empty() {
            continue;
        }
        let World { logins, ids, .. } = &mut *world;
        let page_token = logins.page_token(page.id, &token, ids, now);
        let mut value = nodes::page_fields(world, caller, page, now);
        value.insert("access_token".into(), json!(page_token));
        value.insert("tasks".into(), json!(tasks));
        let node = Node {
            kind: "Page",
            value,
            empty: nodes::PAGE_EMPTY,
            usual: &[
                "access_token",
                "category",
                "category_list",
                "name",
                "id",
                "tasks",
            ],
        };
        data.push(node.answer(call.params.text("fields").as_deref())?);
    }
    Ok(paged(call, data))
}

/// One page of an edge, with cursors and `next` as Meta gives them.
pub(crate) fn paged(call: &Call, data: Vec<Value>) -> Value {
    let limit = call
        .params
        .text("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(25_usize);
    let after = call
        .params
        .text("after")
        .and_then(|after| cursor_position(&after))
        .unwrap_or(0);
    let total = data.len();
    let slice: Vec<Value> = data.into_iter().skip(after).take(limit.max(1)).collect();
    if slice.is_empty() {
        return json!({"data": []});
    }
    let end = after + slice.len();
    let mut paging = json!({"cursors": {"before": cursor(after), "after": cursor(end)}});
    if let Some(paging) = paging.as_object_mut()
        && end < total
    {
        let path = call.path.join("/");
        let token = call.token.as_deref().unwrap_or_default();
        let next = format!(
            "https://graph.facebook.com/{}/{path}?access_token={token}&limit={limit}&after={}",
            call.version,
            cursor(end)
        );
        paging.insert("next".into(), json!(next));
    }
    json!({"data": slice, "paging": paging})
}

pub(crate) fn permissions(world: &World, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let user = own(caller, id, "get")?;
    let grants = world.logins.grants_of(user);
    let shown = |(scope, grant): (&String, &crate::world::logins::Grant)| {
        let status = if grant.granted { "granted" } else { "declined" };
        json!({"permission": scope, "status": status})
    };
    let data: Vec<Value> = grants.into_iter().flatten().map(shown).collect();
    Ok(json!({"data": data}))
}

/// Takes back one permission, or everything, which removes the app.
pub(crate) fn revoke(
    world: &mut World,
    caller: &Caller,
    (id, scope): (&str, Option<&str>),
    now: i64,
) -> Result<Value, Refusal> {
    let user = match caller {
        Caller::App => shop::user(id).ok_or_else(|| Refusal::no_object("delete", id))?,
        Caller::Token(_) => own(caller, id, "delete")?,
    };
    take_back(world, user, scope, now);
    Ok(json!({"success": true}))
}

/// What happens when a person takes a permission (or all) back, wherever they do it.
pub(crate) fn take_back(world: &mut World, user: &'static User, scope: Option<&str>, now: i64) {
    let targets = scope
        .and_then(|scope| {
            world
                .logins
                .grants_of(user)?
                .get(scope)
                .map(|grant| grant.targets.clone())
        })
        .unwrap_or_default();
    if !world.logins.revoke(user, scope) {
        return;
    }
    match scope {
        Some(scope) => {
            let update = Update::permission(user.id, scope, ("revoked", &targets), now);
            world.announce(update);
        }
        None => world.callbacks.push(Callback::Deauthorize(user.id)),
    }
    world.drop_uncovered();
}

pub(crate) fn businesses(world: &World, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let user = own(caller, id, "get")?;
    if !world.logins.allows(user, "business_management", None) {
        return Ok(json!({"data": []}));
    }
    Ok(json!({"data": [{"id": BUSINESS.0, "name": BUSINESS.1}]}))
}

/// The WhatsApp accounts of the business which the person ticked.
pub(crate) fn wabas(world: &World, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    if id != BUSINESS.0 {
        return Err(Refusal::no_object("get", id));
    }
    let user = caller.needs(world, "business_management", None)?;
    let ticked = |waba: &&shop::Waba| {
        world
            .logins
            .allows(user, "whatsapp_business_management", Some(waba.id))
    };
    let data: Vec<Value> = shop::WABAS
        .iter()
        .filter(ticked)
        .map(|waba| json!({"id": waba.id, "name": waba.name}))
        .collect();
    Ok(json!({"data": data}))
}

pub(crate) fn phone_numbers(
    world: &World,
    call: &Call,
    caller: &Caller,
    id: &str,
) -> Result<Value, Refusal> {
    let waba = managed_waba(world, caller, id)?;
    let node = Node {
        kind: "WhatsAppBusinessPhoneNumber",
        value: nodes::phone_fields(world, waba),
        empty: &[],
        usual: nodes::PHONE_USUAL,
    };
    let data = vec![node.answer(call.params.text("fields").as_deref())?];
    Ok(paged(call, data))
}

/// The WhatsApp account, if the person works with it and let the app near it.
pub(crate) fn managed_waba(
    world: &World,
    caller: &Caller,
    id: &str,
) -> Result<&'static shop::Waba, Refusal> {
    let waba = shop::waba(id).ok_or_else(|| Refusal::no_object("get", id))?;
    let user = caller.token()?.user;
    if !user.wabas.contains(&waba.id) {
        return Err(Refusal::no_object("get", id));
    }
    caller.needs(world, "whatsapp_business_management", Some(waba.id))?;
    Ok(waba)
}

/// An object as a map, for nodes.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
