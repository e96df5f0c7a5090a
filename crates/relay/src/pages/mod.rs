//! What people read: whose relay this is, the state of a deletion request, what is kept here, how to have it deleted.
//!
//! No script, no cookie, nothing from elsewhere, no name. Escaping is the templates'.

mod language;
mod status;
mod text;
mod turned_away;
mod words;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub(crate) use status::{deletion, receipt};
pub(crate) use text::{data_deletion, home, privacy};
pub(crate) use turned_away::in_words;

use crate::relay::Relay;

/// The one style of all pages.
const STYLE: &str = include_str!("../../templates/page.css");

/// The description of the whole surface.
pub(crate) const OPENAPI: &str = include_str!("../../openapi.json");

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// A browser came back from a login that is unknown here, used, or too old.
pub(crate) fn login_over(relay: &Relay, query: &str, headers: &HeaderMap) -> Response {
    text::Text::login_over(relay, language::Language::asked(query, headers))
}

/// The tag of the language a page is in, and all there are.
#[cfg(fuzzing)]
pub(crate) fn tag(query: &str, headers: &HeaderMap) -> (&'static str, Vec<&'static str>) {
    let tags = language::LANGUAGES.iter().map(|language| language.tag);
    (
        language::Language::asked(query, headers).tag,
        tags.collect(),
    )
}

/// Everything that is not here.
pub(crate) async fn not_found(State(_relay): State<Relay>) -> StatusCode {
    StatusCode::NOT_FOUND
}

/// Where to reach the operator, as it can be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contact {
    None,
    Mail(String),
    Link(String),
    Text(String),
}

impl Contact {
    fn of(contact: &str) -> Self {
        let contact = contact.trim();
        let mail = contact.contains('@') && !contact.contains([' ', ':', '/']);
        if contact.is_empty() {
            Self::None
        } else if mail {
            Self::Mail(contact.to_owned())
        } else if contact.starts_with("https://") || contact.starts_with("http://") {
            Self::Link(contact.to_owned())
        } else {
            Self::Text(contact.to_owned())
        }
    }
}

/// A page as it is answered.
fn page(status: StatusCode, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (status, headers, html).into_response()
}

/// Whether a program asks rather than a person.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_linked_only_where_it_can_be() {
        assert_eq!(
            Contact::of("a@example.org"),
            Contact::Mail("a@example.org".into())
        );
        assert_eq!(
            Contact::of("https://example.org/x"),
            Contact::Link("https://example.org/x".into())
        );
        assert_eq!(
            Contact::of("javascript:alert@1"),
            Contact::Text("javascript:alert@1".into())
        );
        assert_eq!(
            Contact::of("1 High Street"),
            Contact::Text("1 High Street".into())
        );
        assert_eq!(Contact::of(" "), Contact::None);
    }
}
