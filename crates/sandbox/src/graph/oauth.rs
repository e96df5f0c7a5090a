//! Codes and tokens: the exchange, the longer token, and what a token is.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Refusal;
use crate::world::World;
use crate::world::logins::{LONG_LIFE, Logins, Token, TokenKind};

pub(crate) fn access_token(world: &mut World, call: &Call, now: i64) -> Result<Value, Refusal> {
    let params = &call.params;
    if params.needed("client_id")? != world.app.id {
        return Err(Refusal::wrong_app());
    }
    let secret = params
        .text("client_secret")
        .ok_or_else(|| Refusal::new(1, "Missing client_secret parameter."))?;
    if secret != world.app.secret {
        return Err(Refusal::wrong_secret());
    }
    match params.text("grant_type").as_deref() {
        None | Some("authorization_code") => exchange(world, call, now),
        Some("fb_exchange_token") => lengthen(world, call, now),
        Some("client_credentials") => {
            let token = format!("{}|{}", world.app.id, world.app.secret);
            Ok(json!({"access_token": token, "token_type": "bearer"}))
        }
        Some(other) => Err(Refusal::parameter(&format!(
            "Unsupported grant_type {other}."
        ))),
    }
}

fn exchange(world: &mut World, call: &Call, now: i64) -> Result<Value, Refusal> {
    let code = call
        .params
        .text("code")
        .ok_or_else(|| Refusal::new(1, "Missing authorization code"))?;
    let redirect_uri = call
        .params
        .text("redirect_uri")
        .ok_or_else(|| Refusal::new(191, "Missing redirect_uri parameter."))?;
    let verifier = call.params.text("code_verifier");
    let World { logins, ids, .. } = world;
    let value = logins.redeem(&code, (&redirect_uri, verifier.as_deref()), ids, now)?;
    let expires_at = logins.token(&value).and_then(|token| token.expires_at);
    let expires_in = expires_at.map(|at| (at - now) / 1000);
    Ok(json!({"access_token": value, "token_type": "bearer", "expires_in": expires_in}))
}

fn lengthen(world: &mut World, call: &Call, now: i64) -> Result<Value, Refusal> {
    let value = call.params.needed("fb_exchange_token")?;
    let token = world.logins.check(&value, &world.app.id, now)?;
    if !matches!(token.kind, TokenKind::User { .. }) {
        return Err(Refusal::malformed_token());
    }
    let World { logins, ids, .. } = world;
    let longer = logins.lengthen(&token, ids, now);
    Ok(json!({"access_token": longer, "token_type": "bearer", "expires_in": LONG_LIFE / 1000}))
}

/// Tells the app what a token is.
pub(crate) fn debug_token(world: &World, call: &Call, now: i64) -> Result<Value, Refusal> {
    let own = format!("{}|{}", world.app.id, world.app.secret);
    match &call.token {
        None => return Err(Refusal::no_token(false)),
        Some(token) if *token != own && token.contains('|') => {
            return Err(Refusal::malformed_token());
        }
        Some(token) if *token != own => return Err(Refusal::app_token_needed()),
        Some(_) => {}
    }
    let input = call.params.needed("input_token")?;
    let Some(token) = world.logins.token(&input) else {
        let error = json!({"code": 190, "message": "Invalid OAuth access token."});
        return Ok(json!({"data": {"error": error, "is_valid": false, "scopes": []}}));
    };
    Ok(json!({"data": described(world, token, &input, now)}))
}

fn described(world: &World, token: &Token, input: &str, now: i64) -> Value {
    let mut data = Map::new();
    let kind = match token.kind {
        TokenKind::User { .. } => "USER",
        TokenKind::Page(_) => "PAGE",
    };
    data.insert("app_id".into(), json!(world.app.id));
    data.insert("type".into(), json!(kind));
    data.insert("application".into(), json!(world.app.name));
    let data_access = Logins::data_access_until(token) / 1000;
    data.insert("data_access_expires_at".into(), json!(data_access));
    let verdict = world.logins.check(input, &world.app.id, now);
    if let Err(refusal) = &verdict {
        let body = refusal.body("");
        let message = body.pointer("/error/message").cloned().unwrap_or_default();
        let error = json!({"code": refusal.code, "message": message, "subcode": refusal.subcode});
        data.insert("error".into(), error);
    }
    data.insert(
        "expires_at".into(),
        json!(token.expires_at.map_or(0, |at| at / 1000)),
    );
    data.insert("is_valid".into(), json!(verdict.is_ok()));
    data.insert("issued_at".into(), json!(token.issued_at / 1000));
    if let TokenKind::Page(page) = token.kind {
        data.insert("profile_id".into(), json!(page));
    }
    let (scopes, granular) = scopes(world, token);
    data.insert("scopes".into(), json!(scopes));
    data.insert("granular_scopes".into(), json!(granular));
    data.insert("user_id".into(), json!(token.user.id));
    Value::Object(data)
}

fn scopes(world: &World, token: &Token) -> (Vec<String>, Vec<Value>) {
    let (mut scopes, mut granular) = (Vec::new(), Vec::new());
    let grants = world.logins.grants_of(token.user);
    for (scope, grant) in grants
        .into_iter()
        .flatten()
        .filter(|(_, grant)| grant.granted)
    {
        scopes.push(scope.clone());
        if scope == "public_profile" || scope == "email" {
            continue;
        }
        if world.switches.targets_absent {
            granular.push(json!({"scope": scope}));
        } else {
            granular.push(json!({"scope": scope, "target_ids": grant.targets}));
        }
    }
    (scopes, granular)
}
