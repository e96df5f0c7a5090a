//! What stands for www.facebook.com: the login dialog a person sees in the browser.

mod dialog;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Form, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{Html, IntoResponse, Response};
use url::Url;

use crate::app::App;
use crate::world::World;
use crate::world::logins::{Answer, Dialog, SCOPES};
use crate::world::shop::{self, User};

/// Shows the dialog, or says what is wrong with the address that opened it.
pub(crate) async fn open(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let opened = app.change(|world, _| {
        let dialog = read(world, &query)?;
        let World { logins, ids, .. } = world;
        let id = logins.open(dialog.clone(), ids);
        Ok::<_, String>((id, dialog))
    });
    match opened {
        Ok((id, dialog)) => Html(dialog::page(&id, &dialog, app.name())).into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, Html(dialog::problem(&problem))).into_response(),
    }
}

/// What the address of the dialog asks for.
pub(crate) fn read(world: &World, query: &str) -> Result<Dialog, String> {
    let get = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    if get("client_id").as_deref() != Some(&world.app.id) {
        return Err(
            "Invalid App ID: The provided app ID does not look like a valid app ID.".into(),
        );
    }
    if get("response_type").is_some_and(|kind| kind != "code") {
        return Err("Unsupported response_type: this app may only ask for a code.".into());
    }
    let redirect_uri = get("redirect_uri")
        .ok_or("Missing redirect_uri parameter: the app must say where to come back to.")?;
    let address = Url::parse(&redirect_uri).ok();
    if !address.is_some_and(|address| matches!(address.scheme(), "http" | "https")) {
        return Err("URL Blocked: the redirect_uri is not an http or https address.".into());
    }
    let scopes = scopes(&get("scope").unwrap_or_default())?;
    let challenge = get("code_challenge").filter(|challenge| !challenge.is_empty());
    let method = get("code_challenge_method");
    if challenge.is_some() && method.as_deref() != Some("S256") {
        return Err("Invalid code_challenge_method: only S256 is supported.".into());
    }
    Ok(Dialog {
        redirect_uri,
        state: get("state"),
        scopes,
        challenge,
    })
}

fn scopes(list: &str) -> Result<Vec<String>, String> {
    let asked = list.split([',', ' ']).filter(|scope| !scope.is_empty());
    let mut scopes: Vec<String> = Vec::new();
    for scope in asked {
        if !SCOPES.contains(&scope) {
            return Err(format!(
                "Invalid Scopes: {scope}. This message is only shown to developers."
            ));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Ok(scopes)
}

/// Takes the person's answer and leads back to the app.
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let all = |name: &str| -> BTreeSet<String> {
        let of = |(key, value): &(String, String)| (key == name).then(|| value.clone());
        form.iter().filter_map(of).collect()
    };
    let first = |name: &str| all(name).into_iter().next();
    let id = first("dialog").unwrap_or_default();
    let user = first("user").unwrap_or_else(|| "owner".to_owned());
    let redirect = app.change(|world, now| {
        let dialog = world.logins.close(&id)?;
        if first("cancel").is_some() {
            return cancelled(&dialog);
        }
        let user = shop::user(&user)?;
        let answer = Answer {
            user,
            granted: all("grant"),
            accounts: all("account"),
        };
        agreed(world, &dialog, &answer, now)
    });
    match redirect {
        Some(mut redirect) => {
            // Meta's browser flow leaves this behind; it never reaches a server.
            redirect.set_fragment(Some("_=_"));
            (StatusCode::FOUND, [(LOCATION, redirect.to_string())]).into_response()
        }
        None => {
            let problem = dialog::problem("This dialog was already answered. Please start again.");
            (StatusCode::BAD_REQUEST, Html(problem)).into_response()
        }
    }
}

/// Back to the app with a code. An account the person has no role on cannot be given.
pub(crate) fn agreed(world: &mut World, dialog: &Dialog, answer: &Answer, now: i64) -> Option<Url> {
    let accounts = answer
        .accounts
        .iter()
        .filter(|id| may_give(world, answer.user, id));
    let answer = Answer {
        user: answer.user,
        granted: answer.granted.clone(),
        accounts: accounts.cloned().collect(),
    };
    let World { logins, ids, .. } = world;
    let code = logins.agree(dialog, &answer, ids, now);
    let mut redirect = Url::parse(&dialog.redirect_uri).ok()?;
    redirect.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = &dialog.state {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    Some(redirect)
}

/// Back to the app without one.
pub(crate) fn cancelled(dialog: &Dialog) -> Option<Url> {
    let mut redirect = Url::parse(&dialog.redirect_uri).ok()?;
    redirect
        .query_pairs_mut()
        .append_pair("error_reason", "user_denied")
        .append_pair("error", "access_denied")
        .append_pair("error_description", "Permissions error");
    if let Some(state) = &dialog.state {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    Some(redirect)
}

/// Every account a person could tick.
pub(crate) fn accounts_of(world: &World, user: &User) -> Vec<&'static str> {
    let pages = shop::PAGES
        .iter()
        .filter(|page| !world.logins.tasks_of(user, page.id).is_empty());
    let pages: Vec<&shop::Page> = pages.collect();
    let instagram = pages
        .iter()
        .filter_map(|page| page.instagram.as_ref())
        .map(|of| of.id);
    let wabas = shop::WABAS
        .iter()
        .filter(|waba| user.wabas.contains(&waba.id))
        .map(|waba| waba.id);
    let business = (!user.wabas.is_empty()).then_some(shop::BUSINESS.0);
    pages
        .iter()
        .map(|page| page.id)
        .chain(instagram)
        .chain(wabas)
        .chain(business)
        .collect()
}

fn may_give(world: &World, user: &User, account: &str) -> bool {
    accounts_of(world, user).contains(&account)
}

/// What a browser asks a host for without being told to.
pub(crate) async fn nothing() -> Response {
    (
        StatusCode::NOT_FOUND,
        [(CONTENT_TYPE, "text/plain")],
        "Not found",
    )
        .into_response()
}
