//! The pages that are text: what is kept here, and how to have it deleted.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::language::Language;
use super::words::Words;
use super::{Contact, STYLE, page};
use crate::relay::Relay;

#[derive(Template)]
#[template(path = "text.html")]
pub(super) struct Text<'a> {
    t: &'static Words,
    style: &'static str,
    operator: &'a str,
    contact: Contact,
    others: Vec<Language>,
    heading: &'static str,
    paragraphs: &'static [&'static str],
    answers: &'static [(&'static str, &'static str)],
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    t: &'static Words,
    style: &'static str,
    operator: &'a str,
    contact: Contact,
    others: Vec<Language>,
}

/// `GET /`: what somebody finds who has only the address.
pub(crate) async fn home(
    State(relay): State<Relay>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::asked(&query.unwrap_or_default(), &headers);
    let home = Home {
        t: Words::of(language),
        style: STYLE,
        operator: relay.config().operator.trim(),
        contact: Contact::of(&relay.config().contact),
        others: language.others(),
    };
    page(StatusCode::OK, &home)
}

/// `GET /privacy`.
pub(crate) async fn privacy(
    State(relay): State<Relay>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::asked(&query.unwrap_or_default(), &headers);
    let t = Words::of(language);
    let said = (t.privacy_title, t.privacy_text, t.privacy_answers);
    page(StatusCode::OK, &Text::of(&relay, language, said))
}

/// `GET /data-deletion`.
pub(crate) async fn data_deletion(
    State(relay): State<Relay>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let language = Language::asked(&query.unwrap_or_default(), &headers);
    let t = Words::of(language);
    let said = (t.deletion_title, t.deletion_text, t.deletion_answers);
    page(StatusCode::OK, &Text::of(&relay, language, said))
}

type Said = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

impl<'a> Text<'a> {
    fn of(relay: &'a Relay, language: Language, (heading, paragraphs, answers): Said) -> Self {
        Self {
            t: Words::of(language),
            style: STYLE,
            operator: relay.config().operator.trim(),
            contact: Contact::of(&relay.config().contact),
            others: language.others(),
            heading,
            paragraphs,
            answers,
        }
    }

    /// The page of a login nobody waits for any more.
    pub(super) fn login_over(relay: &Relay, language: Language) -> Response {
        let t = Words::of(language);
        let text = Text::of(relay, language, (t.over_title, t.over_text, &[]));
        page(StatusCode::BAD_REQUEST, &text)
    }

    /// The page of somebody who asked too often.
    pub(super) fn busy(relay: &Relay, language: Language) -> Response {
        let t = Words::of(language);
        let text = Text::of(relay, language, (t.busy_title, t.busy_text, &[]));
        page(StatusCode::TOO_MANY_REQUESTS, &text.in_this_language())
    }

    /// The page of a relay that cannot use its store, or is too slow.
    pub(super) fn down(relay: &Relay, language: Language) -> Response {
        let t = Words::of(language);
        let text = Text::of(relay, language, (t.down_title, t.down_text, &[]));
        page(StatusCode::SERVICE_UNAVAILABLE, &text.in_this_language())
    }

    /// Without the links to other languages, which would lose what the address says beside it: a
    /// browser that comes back from a login is to load the very same address again.
    fn in_this_language(self) -> Self {
        Self {
            others: Vec::new(),
            ..self
        }
    }

    /// The page of a code nobody has.
    pub(super) fn unknown_request(relay: &Relay, language: Language) -> Response {
        let t = Words::of(language);
        let text = Text::of(relay, language, (t.unknown, t.unknown_text, &[]));
        page(StatusCode::NOT_FOUND, &text)
    }
}
