//! Walks a login as a browser would: the dialog's page, its form, and the redirects back to this
//! machine. The demo and the tests name it in `BROWSER`; the programs know nothing of it.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::form::{self, Field, Form, Kind};
use crate::say;

/// The most pages and redirects a login has.
const MOST_STEPS: usize = 20;

/// What the one who logs in chooses. The default grants everything.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// The values to tick; all of them if there is no list.
    grant: Option<Vec<String>>,
    /// The accounts to tick; all of them if there is no list.
    accounts: Option<Vec<String>>,
    /// Who logs in, where the page asks.
    user: Option<String>,
    /// Presses cancel.
    cancel: bool,
}

impl Choice {
    /// `SHOPBELL_WALK_GRANT`, `SHOPBELL_WALK_ACCOUNTS` (lists with commas), `SHOPBELL_WALK_USER`
    /// and `SHOPBELL_WALK_CANCEL=1`.
    pub(crate) fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let list = |name: &str| {
            let words = text(name)?;
            let words = words
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            Some(words.map(str::to_owned).collect())
        };
        Self {
            grant: list("SHOPBELL_WALK_GRANT"),
            accounts: list("SHOPBELL_WALK_ACCOUNTS"),
            user: text("SHOPBELL_WALK_USER"),
            cancel: text("SHOPBELL_WALK_CANCEL").is_some_and(|value| value == "1"),
        }
    }

    /// What the form sends with these choices.
    fn answer(&self, form: &Form) -> Vec<(String, String)> {
        let mut answer: Vec<(String, String)> = Vec::new();
        for field in form.fields.iter().filter(|field| !field.disabled) {
            let sent = match field.kind {
                Kind::Text => true,
                Kind::Tick => self.ticks(field),
                Kind::Choice => self
                    .user
                    .as_ref()
                    .map_or(field.set, |user| *user == field.value),
                Kind::Button => false,
            };
            if sent {
                answer.push((field.name.clone(), field.value.clone()));
            }
        }
        let buttons: Vec<&Field> = form
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Button)
            .collect();
        let cancels = |field: &&&Field| is_cancel(&field.name) || is_cancel(&field.value);
        let pressed = if self.cancel {
            buttons.iter().find(cancels)
        } else {
            buttons.iter().find(|field| !cancels(field))
        };
        answer.extend(pressed.map(|field| (field.name.clone(), field.value.clone())));
        answer
    }

    fn ticks(&self, field: &Field) -> bool {
        let name = field.name.to_ascii_lowercase();
        let list = if ["account", "page", "asset"]
            .iter()
            .any(|word| name.contains(word))
        {
            &self.accounts
        } else {
            &self.grant
        };
        list.as_ref().is_none_or(|list| list.contains(&field.value))
    }
}

/// Whether a login begins there. The program opens other addresses by the same way.
pub(crate) fn is_login(address: &str) -> bool {
    without_query(address).ends_with("/dialog/oauth")
}

/// Walks from `address` to the page that ends the login on this machine.
pub(crate) fn login(address: &str, choice: &Choice) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut address = address.to_owned();
    let mut answer = None;
    for _ in 0..MOST_STEPS {
        let step = step(&agent, &address, answer.take())?;
        match step.next(&address, choice)? {
            Next::Go(to) => address = to,
            Next::Answer(to, fields) => {
                address = to;
                answer = Some(fields);
            }
            Next::End => return Ok(()),
        }
    }
    bail!(
        "the login goes in circles, last at {}",
        without_query(&address)
    )
}

/// What came back for one address.
struct Step {
    status: u16,
    location: Option<String>,
    page: String,
}

enum Next {
    Go(String),
    Answer(String, Vec<(String, String)>),
    End,
}

impl Step {
    fn next(&self, address: &str, choice: &Choice) -> Result<Next> {
        if (300..400).contains(&self.status) {
            let location = self
                .location
                .as_deref()
                .context("a redirect without an address")?;
            return Ok(Next::Go(join(address, location)?));
        }
        if self.status >= 400 {
            let page: String = self.page.chars().take(400).collect();
            bail!(
                "{} answered {}: {page}",
                without_query(address),
                self.status
            );
        }
        if let Some(form) = form::forms(&self.page).into_iter().next() {
            let to = if form.action.is_empty() {
                address.to_owned()
            } else {
                join(address, &form.action)?
            };
            let fields = choice.answer(&form);
            return Ok(if form.post {
                Next::Answer(to, fields)
            } else {
                Next::Go(with_query(&to, &fields))
            });
        }
        if let Some(onward) = form::onward(&self.page) {
            return Ok(Next::Go(join(address, &onward)?));
        }
        say::line(&format!("The login ended at {}.", without_query(address)));
        Ok(Next::End)
    }
}

fn step(agent: &ureq::Agent, address: &str, answer: Option<Vec<(String, String)>>) -> Result<Step> {
    let result = match answer {
        Some(fields) => agent.post(address).send_form(fields),
        None => agent.get(address).call(),
    };
    let mut response =
        result.with_context(|| format!("{} does not answer", without_query(address)))?;
    let location = response
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let page = response.body_mut().read_to_string().unwrap_or_default();
    Ok(Step {
        status: response.status().as_u16(),
        location,
        page,
    })
}

/// An address as a page at `base` means it. Knows what login pages use, no dots in paths.
fn join(base: &str, link: &str) -> Result<String> {
    if link.starts_with("http://") || link.starts_with("https://") {
        return Ok(link.to_owned());
    }
    let (scheme, rest) = base
        .split_once("://")
        .context("an address without a scheme")?;
    let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(link) = link.strip_prefix("//") {
        return Ok(format!("{scheme}://{link}"));
    }
    if link.starts_with('?') {
        return Ok(format!("{scheme}://{rest}{link}"));
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if link.starts_with('/') {
        return Ok(format!("{scheme}://{host}{link}"));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let slash = if folder.is_empty() { "" } else { "/" };
    Ok(format!("{scheme}://{host}/{folder}{slash}{link}"))
}

fn with_query(address: &str, fields: &[(String, String)]) -> String {
    let (base, _) = address.split_once('?').unwrap_or((address, ""));
    let query: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    format!("{base}?{}", query.join("&"))
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// Codes stand in the query and belong on no terminal.
fn without_query(address: &str) -> &str {
    address
        .split_once('?')
        .map_or(address, |(before, _)| before)
}

fn is_cancel(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["cancel", "deny", "decline", "notnow", "not_now"]
        .iter()
        .any(|no| word.contains(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let page = r#"<form method="post" action="">
            <input type="hidden" name="state" value="s">
            <input type="checkbox" name="grant" value="pages_messaging" checked>
            <input type="checkbox" name="grant" value="instagram_basic">
            <input type="checkbox" name="accounts" value="17">
            <input type="radio" name="user" value="owner" checked>
            <input type="radio" name="user" value="employee">
            <button name="action" value="cancel">Not now</button>
            <button name="action" value="allow">Continue</button></form>"#;
        form::forms(page).remove(0)
    }

    fn answered(choice: &Choice) -> String {
        with_query("", &choice.answer(&form()))
    }

    #[test]
    fn nothing_but_a_login_is_walked() {
        assert!(is_login(
            "http://127.0.0.1:8700/facebook/v25.0/dialog/oauth?client_id=1&state=2"
        ));
        for address in [
            "https://example.com/",
            "http://127.0.0.1:8700/",
            "https://evil.example/?next=/dialog/oauth",
            "https://evil.example/dialog/oauth/more",
        ] {
            assert!(!is_login(address), "{address}");
        }
    }

    #[test]
    fn everything_is_granted_unless_told_otherwise() {
        assert_eq!(
            answered(&Choice::default()),
            "?state=s&grant=pages_messaging&grant=instagram_basic&accounts=17&user=owner&action=allow"
        );
    }

    #[test]
    fn a_list_grants_only_what_it_names() {
        let choice = Choice {
            grant: Some(vec!["instagram_basic".to_owned()]),
            accounts: Some(Vec::new()),
            user: Some("employee".to_owned()),
            cancel: false,
        };
        assert_eq!(
            answered(&choice),
            "?state=s&grant=instagram_basic&user=employee&action=allow"
        );
    }

    #[test]
    fn cancel_presses_the_other_button() {
        let choice = Choice {
            cancel: true,
            ..Choice::default()
        };
        assert!(answered(&choice).ends_with("action=cancel"));
    }

    #[test]
    fn links_are_read_as_a_browser_reads_them() {
        let base = "http://127.0.0.1:1/a/b?x=1";
        for (link, expected) in [
            ("http://h/p", "http://h/p"),
            ("//h/p", "http://h/p"),
            ("/p?q", "http://127.0.0.1:1/p?q"),
            ("?q", "http://127.0.0.1:1/a/b?q"),
            ("c", "http://127.0.0.1:1/a/c"),
        ] {
            assert_eq!(join(base, link).unwrap(), expected);
        }
    }
}
