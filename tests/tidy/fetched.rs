//! What the platforms are asked for: every field of a request stands in `docs/data-map.toml` with its
//! purpose, and every one that stands there is asked for.

use std::collections::BTreeSet;

use crate::repository::{Source, before_tests, expect_none, sources};

/// Where requests to the platform are written.
const REQUESTS: &[&str] = &[
    "crates/channels/src/meta/",
    "crates/relay/src/platform/",
    "crates/relay/src/login.rs",
];

/// Recorded answers, for tests alone.
const RECORDED: &str = "crates/channels/src/meta/recorded.rs";

/// The fields a source asks for: texts of several plain names with commas between them.
fn fields(source: &Source) -> BTreeSet<String> {
    let joined = joined(before_tests(&source.text));
    let literals = joined.split('"').skip(1).step_by(2);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_,{}".contains(c);
    let lists = literals.filter(|text| text.contains(',') && text.len() > 2);
    lists
        .filter(|text| text.chars().all(plain))
        .flat_map(|text| text.split([',', '{', '}']))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The code without comments, with texts over several lines put together.
fn joined(code: &str) -> String {
    let mut joined = String::new();
    for line in code.lines().map(str::trim) {
        if !line.starts_with("//") {
            joined.push_str(line.trim_end_matches('\\'));
            let goes_on = line.ends_with('\\');
            joined.push_str(if goes_on { "" } else { "\n" });
        }
    }
    joined
}

fn asked(sources: &[Source]) -> BTreeSet<String> {
    let of_requests = |source: &&Source| {
        REQUESTS.iter().any(|folder| source.is_in(folder)) && source.path != RECORDED
    };
    sources
        .iter()
        .filter(of_requests)
        .flat_map(fields)
        .collect()
}

fn mapped(sources: &[Source]) -> BTreeSet<String> {
    let map = sources
        .iter()
        .find(|source| source.path == "docs/data-map.toml");
    let map: toml::Table = map
        .and_then(|map| map.text.parse().ok())
        .expect("the map reads");
    let fetched = map.get("fetched").and_then(toml::Value::as_table);
    let with_purpose = fetched.into_iter().flatten().filter(|(_, purpose)| {
        let purpose = purpose.as_str().unwrap_or_default();
        purpose.len() > 5
    });
    with_purpose
        .flat_map(|(names, _)| names.split_whitespace())
        .map(str::to_owned)
        .collect()
}

fn complaints(sources: &[Source]) -> Vec<String> {
    let (asked, mapped) = (asked(sources), mapped(sources));
    let mut complaints = Vec::new();
    for name in asked.difference(&mapped) {
        complaints.push(format!("{name} is asked for: what for?"));
    }
    for name in mapped.difference(&asked) {
        complaints.push(format!("{name} has a purpose and is not asked for"));
    }
    complaints
}

#[test]
fn what_the_platforms_are_asked_for_has_its_purpose() {
    let sources = sources();
    assert!(asked(&sources).len() > 20, "{:?}", asked(&sources));
    expect_none(&complaints(&sources));
}

#[test]
fn control_a_field_too_many_and_a_purpose_too_many_are_found() {
    let found = |path: &str, from: &str, to: &str| {
        let mut sources = sources();
        let source = sources.iter_mut().find(|source| source.path == path);
        let source = source.expect("it is there");
        assert!(source.text.contains(from), "{path} has no {from}");
        source.text = source.text.replace(from, to);
        complaints(&sources)
    };
    let (profile, accounts) = (
        "crates/channels/src/meta/profile.rs",
        "crates/relay/src/platform/accounts.rs",
    );
    let (plain, more) = (
        "\"name,username,profile_pic\"",
        "\"name,username,profile_pic,follower_count\"",
    );
    let follower = ["follower_count is asked for: what for?"];
    assert_eq!(found(profile, plain, more), follower);
    // Over two lines, and inside braces.
    let (plain, more) = (
        "\"id,name,access_token,",
        "\"id,name,followers{gender},\\\n    access_token,",
    );
    assert_eq!(found(accounts, plain, more).len(), 2);
    let map = "docs/data-map.toml";
    assert_eq!(
        found(map, "display_phone_number ", "display_phone_number age ").len(),
        1
    );
    assert_eq!(
        found(map, "\"which WhatsApp number it is\"", "\"\"").len(),
        2
    );
}
