//! None of the recorded answers of the Graph API and of the login is passed over: each is read by a
//! test, or belongs to a call that no program here makes.

use std::collections::BTreeSet;

use super::recorded::{beside::recorded, names};

/// The tests that read them.
const TESTS: [&str; 2] = [
    include_str!("recorded.rs"),
    include_str!("../../../relay/src/platform/recorded.rs"),
];

/// How the names begin of what nobody here asks for or sends, and why.
const NOT_CALLED: [(&str, &str); 20] = [
    ("ig.", "posts, comments, stories and figures of an account"),
    ("lead", "what people filled in on an advertisement"),
    ("page.comment", "comments below posts"),
    ("page.post", "reactions to posts"),
    ("whatsapp.register", "a number is registered at Meta"),
    (
        "whatsapp.template",
        "templates are written and approved at Meta",
    ),
    ("whatsapp.send.request.audio", NOT_SENT),
    ("whatsapp.send.request.contacts", NOT_SENT),
    ("whatsapp.send.request.document", NOT_SENT),
    ("whatsapp.send.request.image.by_link", BY_ID),
    ("whatsapp.send.request.interactive", NOT_SENT),
    ("whatsapp.send.request.location", NOT_SENT),
    ("whatsapp.send.request.reaction", NOT_SENT),
    ("whatsapp.send.request.sticker", NOT_SENT),
    ("whatsapp.send.request.template", NOT_SENT),
    (
        "whatsapp.send.request.text.preview_url",
        "links get no preview",
    ),
    (
        "whatsapp.send.request.text.reply",
        "an answer quotes nothing",
    ),
    ("whatsapp.send.request.video", NOT_SENT),
    ("instagram.code_exchange", BY_PAGE),
    ("error.instagram_code_exchange", BY_PAGE),
];
const NOT_SENT: &str = "words and pictures are what is sent";
const BY_ID: &str = "pictures are handed over, not linked to";
const BY_PAGE: &str = "Instagram is connected by its Page's login";

fn is_read(name: &str) -> bool {
    let request = name.strip_prefix("whatsapp.send.request.");
    let quoted = format!("\"{}\"", request.unwrap_or(name));
    TESTS.iter().any(|test| test.contains(&quoted))
}

#[test]
fn each_recorded_file_is_read_or_of_a_call_nobody_makes() {
    let mut used = BTreeSet::new();
    for folder in ["graph", "oauth"] {
        let Some(path) = recorded(folder) else { return };
        for name in names(&path) {
            let reason = NOT_CALLED
                .iter()
                .find(|(beginning, _)| name.starts_with(beginning));
            assert!(
                is_read(&name) != reason.is_some(),
                "{folder}/{name}: read {}, not called {reason:?}",
                is_read(&name)
            );
            used.extend(reason.map(|(beginning, _)| *beginning));
        }
    }
    assert_eq!(used.len(), NOT_CALLED.len(), "some name no file: {used:?}");
}

#[test]
fn a_file_nobody_reads_is_noticed() {
    assert!(is_read("whatsapp.media.get.json"));
    assert!(is_read("whatsapp.send.request.text.json"));
    assert!(!is_read("whatsapp.media.got.json"));
}
