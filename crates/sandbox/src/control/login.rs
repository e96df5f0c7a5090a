//! `POST /sandbox/login`: answers the login dialog without a browser.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Answer, Problem};
use crate::app::App;
use crate::login;
use crate::world::World;
use crate::world::logins;
use crate::world::shop;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    authorize_url: Url,
    /// Permissions to grant; all that were asked for if absent.
    grant: Option<Vec<String>>,
    /// Accounts to tick, by id or as `page`, `page2`, `instagram`, `whatsapp`; all if absent.
    accounts: Option<Vec<String>>,
    /// `owner` or `employee`.
    user: Option<String>,
    /// Press "Cancel" instead.
    #[serde(default)]
    cancel: bool,
}

pub(crate) async fn login(State(app): State<Arc<App>>, Json(body): Json<Login>) -> Answer {
    let query = body.authorize_url.query().unwrap_or_default().to_owned();
    let redirect = app.change(|world, now| {
        let dialog = login::read(world, &query).map_err(Problem::bad)?;
        if body.cancel {
            return Ok(login::cancelled(&dialog));
        }
        let answer = filled_in(world, &body, &dialog)?;
        Ok(login::agreed(world, &dialog, &answer, now))
    })?;
    let redirect = redirect.ok_or_else(|| Problem::bad("the redirect_uri is no address"))?;
    Ok(Json(json!({"redirect": redirect})))
}

fn filled_in(
    world: &World,
    body: &Login,
    dialog: &logins::Dialog,
) -> Result<logins::Answer, Problem> {
    let name = body.user.as_deref().unwrap_or("owner");
    let user = shop::user(name).ok_or_else(|| Problem::unknown(format!("no user {name}")))?;
    let granted = match &body.grant {
        Some(list) => list.iter().cloned().collect(),
        None => dialog.scopes.iter().cloned().collect(),
    };
    let accounts = match &body.accounts {
        Some(list) => list
            .iter()
            .map(|name| account(name))
            .collect::<Result<_, _>>()?,
        None => login::accounts_of(world, user)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    Ok(logins::Answer {
        user,
        granted,
        accounts,
    })
}

/// An account's id from its id, or from a short name.
fn account(name: &str) -> Result<String, Problem> {
    let known = |id: &str| {
        shop::page(id).is_some()
            || shop::instagram(id).is_some()
            || shop::waba(id).is_some()
            || id == shop::BUSINESS.0
    };
    let id = match name {
        "page" | "messenger" => shop::PAGES[0].id,
        "page2" => shop::PAGES[1].id,
        "instagram" => shop::usual_account(shop::Channel::Instagram),
        "whatsapp" => shop::WABAS[0].id,
        "business" => shop::BUSINESS.0,
        id if known(id) => id,
        phone => {
            let waba = shop::phone(phone).map(|waba| waba.id);
            waba.ok_or_else(|| Problem::unknown(format!("the shop has no account {name}")))?
        }
    };
    Ok(id.to_owned())
}
