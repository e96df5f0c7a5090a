//! The page of the login dialog: plain HTML whose form a person and a program can fill in.
//!
//! Names that stay: checkboxes `grant` and `account`, radio `user`, hidden `dialog`, buttons
//! `continue` and `cancel`.

use crate::world::logins::Dialog;
use crate::world::shop;

pub(crate) fn page(id: &str, dialog: &Dialog, app: &str) -> String {
    let users = shop::USERS.map(|user| {
        let checked = if user.key == "owner" { " checked" } else { "" };
        format!(
            r#"<label><input type="radio" name="user" value="{}"{checked}> {} <small>{}</small></label>"#,
            user.key,
            text(user.name),
            user.key
        )
    });
    let grants: Vec<String> = dialog
        .scopes
        .iter()
        .map(|scope| tick("grant", scope, says(scope), scope))
        .collect();
    let fields = format!(
        r#"<fieldset><legend>Who are you?</legend>{}</fieldset>
<fieldset><legend>Choose the accounts {app} may use</legend>{}</fieldset>
<fieldset><legend>What {app} is allowed to do</legend>{}</fieldset>"#,
        users.concat(),
        accounts(),
        grants.concat(),
    );
    document(
        &format!("Log in to {app}"),
        &format!(
            r#"<h1>{app} wants to use your Facebook accounts</h1>
<form method="post" action="/facebook/dialog/oauth/answer">
<input type="hidden" name="dialog" value="{id}">
{fields}
<p class="buttons"><button type="submit" name="cancel" value="1" class="quiet" formnovalidate>Cancel</button>
<button type="submit" name="continue" value="1">Continue</button></p>
</form>
<p class="back">You will return to {}</p>"#,
            text(&dialog.redirect_uri)
        ),
    )
}

fn accounts() -> String {
    let mut out = String::new();
    for page in &shop::PAGES {
        out += &tick("account", page.id, page.name, "Facebook Page");
        if let Some(account) = &page.instagram {
            out += &tick("account", account.id, account.username, "Instagram account");
        }
    }
    for waba in &shop::WABAS {
        out += &tick("account", waba.id, waba.display, "WhatsApp account");
    }
    out + &tick(
        "account",
        shop::BUSINESS.0,
        shop::BUSINESS.1,
        "Business portfolio",
    )
}

fn tick(name: &str, value: &str, label: &str, note: &str) -> String {
    format!(
        r#"<label><input type="checkbox" name="{name}" value="{}" checked> {} <small>{}</small></label>"#,
        text(value),
        text(label),
        text(note)
    )
}

/// The permission in the person's words.
fn says(scope: &str) -> &str {
    match scope {
        "public_profile" => "See your name",
        "pages_show_list" => "Show a list of the Pages you manage",
        "pages_manage_metadata" => "Be told of what happens on your Pages",
        "pages_messaging" => "Read and send messages of your Pages",
        "pages_read_engagement" => "Read content posted on your Pages",
        "instagram_basic" => "See your Instagram account's profile",
        "instagram_manage_messages" => "Read and send messages of your Instagram account",
        "whatsapp_business_management" => "Manage your WhatsApp accounts",
        "whatsapp_business_messaging" => "Read and send messages of your WhatsApp accounts",
        "business_management" => "See what belongs to your business",
        other => other,
    }
}

pub(crate) fn problem(message: &str) -> String {
    document(
        "Sorry, something went wrong",
        &format!(
            "<h1>Sorry, something went wrong</h1><p>{}</p>",
            text(message)
        ),
    )
}

fn document(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{STYLE}</style></head>
<body><main><p class="host">Sandbox · stands for www.facebook.com</p>{body}</main></body></html>"#
    )
}

const STYLE: &str = "
:root{color-scheme:light dark;font:16px/1.45 system-ui,sans-serif}
body{margin:0;background:light-dark(#f0f2f5,#18191a);color:light-dark(#1c1e21,#e4e6eb)}
main{max-width:34rem;margin:2rem auto;padding:1.5rem 2rem 2rem;border-radius:.75rem;
 background:light-dark(#fff,#242526);box-shadow:0 1px 12px #0002}
.host{margin:0;font-size:.8rem;color:light-dark(#65676b,#b0b3b8)}
h1{font-size:1.35rem;margin:.75rem 0 1rem}
fieldset{border:1px solid light-dark(#dddfe2,#3e4042);border-radius:.5rem;margin:0 0 1rem;padding:.5rem 1rem .75rem}
legend{font-weight:600;padding:0 .3rem}
label{display:block;padding:.3rem 0}
small{color:light-dark(#65676b,#b0b3b8);margin-inline-start:.25rem}
.buttons{display:flex;gap:.75rem;justify-content:flex-end}
button{font:inherit;font-weight:600;border:0;border-radius:.5rem;padding:.6rem 1.4rem;background:#1668e3;color:#fff;cursor:pointer}
button.quiet{background:light-dark(#e4e6eb,#3a3b3c);color:inherit}
button:focus-visible,input:focus-visible{outline:3px solid #8ab4f8;outline-offset:2px}
.back{font-size:.8rem;color:light-dark(#65676b,#b0b3b8);overflow-wrap:anywhere}
";

/// Text as it may stand in HTML.
pub(crate) fn text(raw: &str) -> String {
    raw.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
