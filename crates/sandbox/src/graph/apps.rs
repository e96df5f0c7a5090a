//! The app's own settings that an API can reach: where its webhooks go.

use serde_json::{Value, json};
use url::Url;

use super::call::{Call, Caller};
use super::error::Refusal;
use crate::world::World;

const OBJECTS: [&str; 4] = [
    "page",
    "instagram",
    "whatsapp_business_account",
    "permissions",
];

pub(crate) fn subscriptions(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    id: &str,
) -> Result<Value, Refusal> {
    if id != world.app.id {
        return Err(Refusal::no_object(call.method.as_str(), id));
    }
    if !matches!(caller, Caller::App) {
        return Err(Refusal::new(
            15,
            "(#15) This method must be called with an app access_token.",
        ));
    }
    match call.method.as_str() {
        "POST" => subscribe(world, call),
        "DELETE" => Ok(json!({"success": true})),
        _ => Ok(json!({"data": OBJECTS.map(|object| listed(world, object))})),
    }
}

fn listed(world: &World, object: &str) -> Value {
    let address = world.callback_url.as_ref().map(Url::as_str);
    json!({
        "object": object,
        "callback_url": address,
        "active": true,
        "fields": [{"name": "messages", "version": "v25.0"}],
    })
}

fn subscribe(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let object = call.params.needed("object")?;
    if !OBJECTS.contains(&object.as_str()) {
        return Err(Refusal::parameter(&format!(
            "Param object must be one of {OBJECTS:?}."
        )));
    }
    let address = call.params.needed("callback_url")?;
    call.params.needed("verify_token")?;
    call.params.needed("fields")?;
    let address = Url::parse(&address)
        .map_err(|_| Refusal::parameter("callback_url must be a valid address."))?;
    if call.fetched.as_ref().is_none_or(Result::is_err) {
        return Err(Refusal::new(
            2200,
            "(#2200) Callback verification failed: the challenge was not echoed.",
        ));
    }
    world.callback_url = Some(address);
    Ok(json!({"success": true}))
}
