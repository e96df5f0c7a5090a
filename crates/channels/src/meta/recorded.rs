//! The recorded answers of the Graph API and of the login, read by what the client reads with.
//! They lie beside the repository; without them these tests say so and end: the tests in
//! `tests/meta` show the same on answers of our own, always.

#[path = "../../tests/beside/mod.rs"]
pub(super) mod beside;

use std::path::Path;

use domain::inbound::{AttachmentKind, Author, What};
use domain::outbound::{Body, Outcome, Outgoing};
use domain::reply_window::Means;
use domain::{ContactKey, ContactKind, OurId, Timestamp};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use beside::recorded;

use super::accounts::{Number, Page, next};
use super::errors::Refusal;
use super::history::Thread;
use super::login::TokenFacts;
use super::media::MediaNode;
use super::message::event;
use super::subscription::SubscribedApp;
use super::{Account, Verdict, messenger, subscription, usage, whatsapp};
use crate::json::{list, word};

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn an_error_is_an_error_and_nothing_else_is() {
    for folder in ["graph", "oauth"] {
        let Some(path) = recorded(folder) else { return };
        for name in names(&path) {
            let refusal = Refusal::read(&read(&path, &name), 400, None);
            assert_eq!(
                refusal.is_some(),
                name.starts_with("error."),
                "{folder}/{name}"
            );
        }
    }
}

#[test]
fn each_recorded_error_comes_to_what_somebody_can_do() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    for (name, verdict) in [
        ("error.10.2018278.json", Verdict::WindowClosed),
        ("error.100.2018001.json", Verdict::UnknownRecipient),
        ("error.100.2018047.json", Verdict::PictureRefused),
        ("error.100.missing_permission.json", Verdict::Refused),
        (
            "error.130429.json",
            Verdict::TooFast(domain::outbound::Holds::Connection),
        ),
        ("error.190.458.json", Verdict::SignInEnded),
        ("error.190.460.json", Verdict::SignInEnded),
        ("error.190.463.json", Verdict::SignInEnded),
        ("error.190.463.waba.json", Verdict::SignInEnded),
        ("error.2.transient.json", Verdict::Down),
        ("error.200.1349174.json", Verdict::PermissionMissing),
        ("error.2500.IGApiException.json", Verdict::Refused),
        (
            "error.32.json",
            Verdict::TooFast(domain::outbound::Holds::Connection),
        ),
        (
            "error.4.2446079.json",
            Verdict::TooFast(domain::outbound::Holds::Connection),
        ),
        (
            "error.4.json",
            Verdict::TooFast(domain::outbound::Holds::Connection),
        ),
        ("error.551.1545041.json", Verdict::PersonUnavailable),
        ("error.803.json", Verdict::Gone),
    ] {
        let refusal = Refusal::read(&read(&graph, name), 400, None).unwrap();
        assert_eq!(refusal.verdict, verdict, "{name}");
    }
}

#[test]
fn the_error_inside_a_batch_is_read_too() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let batch = read(&graph, "batch.mixed.json");
    let first = word(&batch[0], "body").unwrap();
    let refusal = Refusal::read(&serde_json::from_str(&first).unwrap(), 400, None).unwrap();
    assert_eq!(refusal.code, 100);
}

#[test]
fn what_was_sent_has_an_id() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let phone = ContactKey {
        kind: ContactKind::Phone,
        value: "48XXXXXXXXX".to_owned(),
    };
    for (name, id) in [
        (
            "whatsapp.send.response.json",
            "wamid.gBGGSFcCNEOPAgkO_KJ55r4w_ww",
        ),
        ("whatsapp.send.response.bsuid.json", "wamid.foobar"),
        ("whatsapp.send.response.group.json", "wamid.foobar"),
    ] {
        let Outcome::Sent { platform_id, .. } = whatsapp::sent(&read(&graph, name), &phone) else {
            panic!("{name}")
        };
        assert_eq!(platform_id, id);
    }
    let answer = read(&graph, "messenger.send.response.json");
    let Outcome::Sent { platform_id, .. } = messenger::sent(&answer, Timestamp(1)) else {
        panic!("{answer}")
    };
    assert_eq!(platform_id, "mid.1456970487936:c34767dfe57ee6e339");
    let media = MediaNode::read(&read(&graph, "whatsapp.media.get.json"));
    assert_eq!(media.mime.as_deref(), Some("image/jpeg"));
    assert_eq!(media.size, Some(303_833));
    // The published answer has no address in it.
    assert_eq!(media.url, None);
    let upload = read(&graph, "whatsapp.media.upload.json");
    assert_eq!(word(&upload, "id").unwrap(), "4490709327384033");
}

/// Our requests say what Meta's examples say, and our own id besides.
#[test]
fn our_requests_look_like_the_recorded_ones() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let message = |kind, value: &str| Outgoing {
        our_id: OurId::from_bytes([1; 16]),
        to: ContactKey {
            kind,
            value: value.to_owned(),
        },
        body: Body::Text(String::new()),
        means: Means::Response,
    };
    let to = message(ContactKind::Phone, "15550001111");
    let bsuid = message(ContactKind::Bsuid, "US.13491208655302741918");
    let text = json!({ "body": "text-message-content", "preview_url": false });
    for (name, ours) in [
        ("text.json", whatsapp::request(&to, "text", text)),
        (
            "image.by_id.json",
            whatsapp::request(&to, "image", json!({ "id": "<IMAGE_OBJECT_ID>" })),
        ),
        (
            "text.recipient_bsuid.json",
            whatsapp::request(&bsuid, "text", json!({ "body": "hello via bsuid" })),
        ),
        (
            "read_and_typing.json",
            whatsapp::read_request(
                "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUYzMjEzNDM2RTZGQ0MzMDJBRgA=",
            ),
        ),
    ] {
        let theirs = read(&graph, &format!("whatsapp.send.request.{name}"));
        for (member, value) in theirs.as_object().unwrap() {
            // Nobody is shown that the shop is writing.
            if member == "typing_indicator" {
                continue;
            }
            let same = member == "to" || ours[member] == *value;
            assert!(same && ours.get(member).is_some(), "{name}: {member}");
        }
    }
}

#[test]
fn a_message_of_the_graph_api_is_read() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let thread = Thread {
        id: "t".to_owned(),
        updated_at: Timestamp(1),
        contact: None,
    };
    let shop = Account::Messenger {
        page: "2129755181405060".to_owned(),
    };
    let page = read(&graph, "message.page.attachment.json");
    let read_back = event(&shop, &thread, &page, Timestamp(1)).unwrap();
    let What::Message(message) = read_back.what else {
        panic!("a message")
    };
    assert_eq!(message.author, Author::Person);
    assert_eq!(message.contact.name.as_deref(), Some("Jane Sample"));
    assert_eq!(message.attachments[0].kind, AttachmentKind::Picture);

    let own = Account::Messenger {
        page: "325327235726".to_owned(),
    };
    let answer = event(
        &own,
        &thread,
        &read(&graph, "message.page.json"),
        Timestamp(1),
    )
    .unwrap();
    let What::Message(message) = answer.what else {
        panic!("a message")
    };
    assert_eq!(
        (message.author, message.text.as_deref()),
        (Author::Shop, Some("Test"))
    );
    assert_eq!(message.contact.keys[0].value, "6217463217");

    let insta = Account::Instagram {
        page: "1".to_owned(),
        instagram: "17841".to_owned(),
    };
    let story = read(&graph, "message.instagram.story_reply.json");
    let What::Message(message) = event(&insta, &thread, &story, Timestamp(1)).unwrap().what else {
        panic!("a message")
    };
    assert_eq!(
        message.story.unwrap().id.as_deref(),
        Some("18052776426878770")
    );
    assert_eq!(message.contact.handle.as_deref(), Some("some_username"));
    // Answered and mentioned a story at once, with the flag written as text.
    let full = read(&graph, "message.instagram.full.json");
    let What::Message(message) = event(&insta, &thread, &full, Timestamp(1)).unwrap().what else {
        panic!("a message")
    };
    assert_eq!(message.unsupported.as_deref(), Some("unsupported"));
}

#[test]
fn conversations_numbers_pages_and_subscriptions_are_read() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let shop = Account::Messenger {
        page: "1".to_owned(),
    };
    let thread = Thread::read(&shop, &read(&graph, "conversation.page.json")).unwrap();
    assert_eq!(thread.updated_at, Timestamp(1_627_032_530_000));
    let insta = Account::Instagram {
        page: "1".to_owned(),
        instagram: "<IGID>".to_owned(),
    };
    let thread = read(&graph, "conversations.instagram.thread.json");
    assert!(Thread::read(&insta, &thread).is_some());
    let numbers = read(&graph, "whatsapp.phone_numbers.json");
    let read_numbers: Vec<_> = list(&numbers, "data")
        .iter()
        .filter_map(Number::read)
        .collect();
    assert_eq!(read_numbers[0].name.as_deref(), Some("Jasper's Market"));
    assert_eq!((read_numbers.len(), next(&numbers)), (2, None));
    let full = Number::read(&read(&graph, "whatsapp.phone_number.full.json")).unwrap();
    assert_eq!(full.name.as_deref(), Some("Business Phone Numbers Name"));
    let apps = subscription::read(&read(&graph, "whatsapp.subscribed_apps.json"));
    let ids: Vec<&str> = apps
        .iter()
        .map(|app: &SubscribedApp| app.id.as_str())
        .collect();
    assert_eq!(ids, ["1234567890123456", "2345678901234567"]);
    let Some(oauth) = recorded("oauth") else {
        return;
    };
    let accounts = read(&oauth, "me_accounts.p1.json");
    let pages: Vec<Page> = list(&accounts, "data")
        .iter()
        .filter_map(Page::read)
        .collect();
    assert_eq!(
        (pages.len(), next(&accounts).as_deref()),
        (4, Some("after"))
    );
    assert!(pages.iter().all(Page::may_message));
}

#[test]
fn usage_headers_are_read() {
    let Some(graph) = recorded("graph") else {
        return;
    };
    let file = read(&graph, "headers.rate_limits.json");
    let headers: HeaderMap = file
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, value.as_str().unwrap().parse().unwrap())
        })
        .collect();
    let usage = usage::usage(&headers);
    assert_eq!(
        (usage.percent, usage.wait.unwrap().as_secs()),
        (100, 19 * 60)
    );
}

#[test]
fn a_token_tells_what_it_is_for() {
    let Some(oauth) = recorded("oauth") else {
        return;
    };
    let facts = TokenFacts::read(&read(&oauth, "debug_token.json"));
    assert!(facts.valid);
    assert_eq!(facts.expires_at, Some(Timestamp(1_577_347_200_000)));
    assert_eq!(facts.scopes.len(), 5);
    let granular = TokenFacts::read(&read(&oauth, "debug_token.granular_scopes.json"));
    let of = |scope: &str| {
        granular
            .scopes
            .iter()
            .find(|(name, _)| name == scope)
            .unwrap()
            .1
            .len()
    };
    assert_eq!((of("pages_show_list"), of("instagram_basic")), (0, 1));
}
