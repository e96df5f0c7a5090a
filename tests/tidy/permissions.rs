//! The permissions at Meta: the relay asks for those the pages name and for no other, each with its
//! reason and with what stops without it, and the window has words for each. So it is with a Page's
//! webhooks: what the desktop subscribes the operator's page has.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{Source, expect_none, sources};

/// The permissions messages need. Whoever asks for one more writes down here why.
const FOR_MESSAGES: &[&str] = &[
    "business_management",
    "instagram_basic",
    "instagram_manage_messages",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_show_list",
    "whatsapp_business_management",
    "whatsapp_business_messaging",
];

const ASKED: &str = "crates/relay/src/platform/mod.rs";
const SUBSCRIBED: &str = "crates/channels/src/meta/subscription.rs";
const REASONS: &str = "docs/relay/meta-app.md";
const REVIEW: &str = "docs/relay/app-review.md";
const CATALOGUES: [&str; 2] = ["ui/src/i18n/en.ts", "ui/src/i18n/ar.ts"];

fn text<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let source = sources.iter().find(|source| source.path == path);
    source.map_or("", |source| &source.text)
}

/// What the relay asks for.
fn asked(sources: &[Source]) -> BTreeSet<&str> {
    let list = text(sources, ASKED).split_once("const SCOPES:");
    let list = list.and_then(|(_, rest)| rest.split_once("];"));
    let list = list.map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

/// The webhooks of a Page that the desktop asks for.
fn subscribed(sources: &[Source]) -> BTreeSet<&str> {
    let list = text(sources, SUBSCRIBED).split_once("PAGE_FIELDS: &str = \"");
    let list = list.and_then(|(_, rest)| rest.split_once('"'));
    let list = list.map_or("", |(list, _)| list);
    list.split([',', '\\', '\n'])
        .filter(|field| !field.is_empty())
        .collect()
}

/// The webhooks of a Page that the operator is told to tick.
fn ticked(sources: &[Source]) -> BTreeSet<&str> {
    let mut lines = text(sources, REASONS).lines();
    let row = lines.find(|line| line.starts_with("| Page | `https://"));
    let fields = row.and_then(|row| row.split(" | ").nth(2)).unwrap_or("");
    fields.split('`').skip(1).step_by(2).collect()
}

/// The rows of a page's tables whose first cell is a permission, with the other cells.
fn rows<'a>(sources: &'a [Source], path: &str) -> BTreeMap<&'a str, Vec<&'a str>> {
    let cells = |line: &'a str| -> Option<(&'a str, Vec<&'a str>)> {
        let inside = line.strip_prefix("| `")?.strip_suffix(" |")?;
        let (name, rest) = inside.split_once("` | ")?;
        let is_name =
            name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && name.contains('_');
        is_name.then(|| (name, rest.split(" | ").map(str::trim).collect()))
    };
    text(sources, path).lines().filter_map(cells).collect()
}

/// The permissions a catalogue has words for.
fn worded<'a>(sources: &'a [Source], path: &str) -> BTreeSet<&'a str> {
    let name = |line: &'a str| line.trim().strip_prefix("'permission.")?.split_once('\'');
    let names = text(sources, path).lines().filter_map(name);
    names
        .map(|(name, _)| name)
        .filter(|name| *name != "other")
        .collect()
}

fn complaints(sources: &[Source]) -> Vec<String> {
    let asked = asked(sources);
    let mut complaints = Vec::new();
    let mut compare = |what: &str, names: BTreeSet<&str>| {
        for name in names.symmetric_difference(&asked) {
            complaints.push(format!(
                "{what}: {name} is asked for or named, but not both"
            ));
        }
    };
    compare("what messages need", FOR_MESSAGES.iter().copied().collect());
    for path in CATALOGUES {
        compare(path, worded(sources, path));
    }
    for path in [REASONS, REVIEW] {
        compare(path, rows(sources, path).into_keys().collect());
    }
    for field in subscribed(sources).symmetric_difference(&ticked(sources)) {
        complaints.push(format!(
            "{REASONS}: {field} of a Page is subscribed or ticked, but not both"
        ));
    }
    for (path, cells) in [(REASONS, 2), (REVIEW, 1)] {
        for (name, said) in rows(sources, path) {
            if said.len() != cells || said.iter().any(|cell| cell.len() < 10) {
                complaints.push(format!("{path}: {name} has no reason"));
            }
        }
    }
    complaints
}

#[test]
fn every_permission_that_is_asked_for_has_its_reason_and_no_other_is() {
    let sources = sources();
    assert_eq!(
        asked(&sources).len(),
        9,
        "the relay's list has another form now"
    );
    assert_eq!(subscribed(&sources).len(), 10, "so has the desktop's");
    expect_none(&complaints(&sources));
}

#[test]
fn control_a_permission_too_many_and_one_without_a_reason_are_found() {
    let changed = |path: &str, from: &str, to: &str| {
        let mut sources = sources();
        let source = sources.iter_mut().find(|source| source.path == path);
        let source = source.expect("it is there");
        assert!(source.text.contains(from), "{path} has no {from}");
        source.text = source.text.replace(from, to);
        complaints(&sources).len()
    };
    assert_eq!(changed(ASKED, "only ever", "never but"), 0);
    // One more, of which nobody says why: missing on the list, on both pages and in both catalogues.
    let more = "\"pages_show_list\",\n    \"ads_read\",";
    assert_eq!(changed(ASKED, "\"pages_show_list\",", more), 5);
    assert_eq!(changed(REASONS, "| `instagram_basic` |", "| x |"), 1);
    assert_eq!(changed(REASONS, ", `standby` |", " |"), 1);
    assert_eq!(changed(SUBSCRIBED, ",standby", ",standby,ads"), 1);
    assert_eq!(changed(REASONS, "Messenger stays silent", ""), 1);
    assert_eq!(changed(REVIEW, "| `pages_messaging` |", "| x |"), 1);
    assert_eq!(
        changed(CATALOGUES[1], "'permission.pages_messaging'", "'other'"),
        1
    );
}
