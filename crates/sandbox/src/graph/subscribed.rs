//! `subscribed_apps`: whether an account's webhooks come to the app, and which.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::accounts::managed_waba;
use super::call::{Call, Caller};
use super::error::Refusal;
use crate::world::World;
use crate::world::shop;
use crate::world::subscriptions::PAGE_FIELDS;

pub(crate) fn apps(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    id: &str,
) -> Result<Value, Refusal> {
    if shop::waba(id).is_some() {
        return waba_apps(world, call, caller, id);
    }
    let page = shop::page(id).ok_or_else(|| Refusal::no_object(call.method.as_str(), id))?;
    if caller.page()? != page.id {
        return Err(Refusal::page_token_needed());
    }
    caller.needs(world, "pages_manage_metadata", Some(page.id))?;
    match call.method.as_str() {
        "POST" => {
            let fields = page_fields(call)?;
            world.subscriptions.subscribe_page(page.id, fields);
            Ok(json!({"success": true}))
        }
        "DELETE" => {
            world.subscriptions.end(page.id);
            Ok(json!({"success": true}))
        }
        _ => {
            let Some(fields) = world.subscriptions.of_page(page.id) else {
                return Ok(json!({"data": []}));
            };
            Ok(json!({"data": [{
                "category": "Business",
                "link": format!("https://www.facebook.com/games/?app_id={}", world.app.id),
                "name": world.app.name,
                "id": world.app.id,
                "subscribed_fields": fields,
            }]}))
        }
    }
}

/// The fields asked for: a list, or names with commas between.
fn page_fields(call: &Call) -> Result<BTreeSet<String>, Refusal> {
    let needed = || Refusal::parameter_needed("subscribed_fields");
    let fields: BTreeSet<String> = match call.params.raw("subscribed_fields") {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(list) => list,
            Err(_) => text
                .split(',')
                .map(|field| field.trim().to_owned())
                .collect(),
        },
        _ => return Err(needed()),
    };
    if fields.is_empty() || fields.contains("") {
        return Err(needed());
    }
    match fields
        .iter()
        .find(|field| !PAGE_FIELDS.contains(&field.as_str()))
    {
        Some(unknown) => Err(Refusal::parameter(&format!(
            "Param subscribed_fields[0] must be one of {{{}}} - got \"{unknown}\".",
            PAGE_FIELDS.join(", ")
        ))),
        None => Ok(fields),
    }
}

fn waba_apps(world: &mut World, call: &Call, caller: &Caller, id: &str) -> Result<Value, Refusal> {
    let waba = managed_waba(world, caller, id)?;
    match call.method.as_str() {
        "POST" => {
            world.subscriptions.subscribe_waba(waba.id);
            Ok(json!({"success": true}))
        }
        "DELETE" => {
            world.subscriptions.end(waba.id);
            Ok(json!({"success": true}))
        }
        _ if world.subscriptions.has_waba(waba.id) => {
            let link = format!("https://www.facebook.com/games/?app_id={}", world.app.id);
            let app = json!({"link": link, "name": world.app.name, "id": world.app.id});
            Ok(json!({"data": [{"whatsapp_business_api_data": app}]}))
        }
        _ => Ok(json!({"data": []})),
    }
}
