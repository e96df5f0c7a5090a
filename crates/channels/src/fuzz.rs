//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use std::time::Duration;

use domain::inbound::Event;
use domain::outbound::Outcome;
use domain::{Channel, ContactKey, ContactKind, Timestamp};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::json::{list, word};
use crate::meta::errors::Refusal;
use crate::meta::history::Thread;
use crate::meta::hosts::may_fetch;
use crate::meta::login::TokenFacts;
use crate::meta::message::{attachments, event};
use crate::meta::{
    Account, PlatformUrls, accounts, messenger, profile, subscription, usage, whatsapp,
};
use crate::{RawPart, normalize};

const NOW: Timestamp = Timestamp(1_795_341_600_000);

/// A part of a webhook. Whatever it holds something comes of it, and the same the next time.
pub fn part(channel: Channel, object: &str, bytes: &[u8]) {
    let part = RawPart {
        object,
        entry_id: "17841400000000001",
        entry_time: Some(1_795_341_600),
        received_at: NOW,
        account: "17841400000000001",
        part: bytes,
    };
    let (events, again) = (normalize(channel, &part), normalize(channel, &part));
    assert!(!events.is_empty(), "a part vanished");
    let keys = |events: &[Event]| events.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&events), keys(&again), "the same part, other events");
}

/// An answer of the Graph API, as an error and as facts about a token.
pub fn answer(bytes: &[u8]) {
    headers(bytes);
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    for status in [400, 500] {
        if let Some(refusal) = Refusal::read(&body, status, Some(Duration::from_secs(60))) {
            // Whatever Meta says, the owner gets a reason with a number.
            assert!(refusal.failure().code.is_some_and(|code| !code.is_empty()));
            let error = crate::meta::Error::Refused(refusal);
            let _ = (error.outcome(NOW), error.outcome_before_sending(NOW));
        }
    }
    let _ = TokenFacts::read(&body);
}

/// The headers in which Meta says how much of its patience is left.
fn headers(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    for name in [
        "x-app-usage",
        "x-ad-account-usage",
        "x-business-use-case-usage",
        "retry-after",
    ] {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.clone())]);
        let _ = usage::usage(&headers);
    }
}

/// What Meta says of accounts, people, subscriptions, media and sent messages: read, and no picture is fetched
/// from anywhere but Meta's own picture networks, whatever address it gives.
pub fn facts(bytes: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let _ = subscription::read(&answer);
    took(&answer);
    for node in list(&answer, "data").iter().chain([&answer]) {
        let _ = accounts::Page::read(node);
        let _ = accounts::Number::read(node);
        let picture = profile::read(node).picture;
        for link in picture.into_iter().chain(word(node, "url")) {
            fetched_only_from_meta(&link);
        }
    }
}

/// What a sent message is answered with: one that counts as sent has an id, and whoever else the
/// platform takes the person for has a name.
fn took(answer: &Value) {
    let to = ContactKey {
        kind: ContactKind::Phone,
        value: "15550123456".to_owned(),
    };
    for outcome in [messenger::sent(answer, NOW), whatsapp::sent(answer, &to)] {
        match outcome {
            Outcome::Sent {
                platform_id,
                contact,
            } => {
                assert!(!platform_id.is_empty(), "sent, and nobody knows what");
                assert!(contact.is_none_or(|key| key != to && !key.value.is_empty()));
            }
            outcome => assert_eq!(outcome, Outcome::Unconfirmed, "it may have been sent"),
        }
    }
}

fn fetched_only_from_meta(link: &str) {
    let Ok(url) = Url::parse(link) else {
        return;
    };
    if may_fetch(&PlatformUrls::meta(), &url) {
        let host = url.host_str().unwrap_or_default();
        let theirs = [".fbcdn.net", ".cdninstagram.com"];
        let is_theirs = host == "lookaside.fbsbx.com" || theirs.iter().any(|of| host.ends_with(of));
        assert!(is_theirs, "{url}");
        assert_eq!((url.scheme(), url.port()), ("https", None), "{url}");
    }
}

/// A page of conversations, or of one conversation's messages, as repair reads it.
pub fn history(bytes: &[u8]) {
    let Ok(page) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let of = |page: &str, instagram: Option<&str>| match instagram {
        Some(instagram) => Account::Instagram {
            page: page.to_owned(),
            instagram: instagram.to_owned(),
        },
        None => Account::Messenger {
            page: page.to_owned(),
        },
    };
    let _ = accounts::next(&page);
    for account in [of("1", None), of("1", Some("17841400000000001"))] {
        let thread = Thread {
            id: "t_1".to_owned(),
            updated_at: NOW,
            contact: None,
        };
        for node in list(&page, "data") {
            let inside = Thread::read(&account, node);
            let messages = node
                .get("messages")
                .map_or(&[][..], |all| list(all, "data"));
            for (thread, node) in messages
                .iter()
                .map(|message| (inside.as_ref().unwrap_or(&thread), message))
                .chain([(&thread, node)])
            {
                let _ = attachments(node);
                if let Some(event) = event(&account, thread, node, NOW) {
                    assert!(
                        !event.key.is_empty(),
                        "an event nobody can tell from another"
                    );
                }
            }
        }
    }
}
