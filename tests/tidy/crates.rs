//! The manifest is the architecture: who may depend on whom, and who may name what.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::repository::{expect_none, root};

/// A member of the workspace and the names of what it depends on.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// Name and kind: `normal`, `dev` or `build`.
    needs: Vec<(String, String)>,
}

/// Which of our crates each of our crates may use.
const OURS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &[]),
    ("store", &["domain"]),
    ("channels", &["domain"]),
    ("engine", &["domain", "wire", "store", "channels"]),
    ("relay", &["wire"]),
    ("sandbox", &[]),
    ("shopbell", &["domain", "engine"]),
    (
        "tests",
        &[
            "domain", "wire", "store", "channels", "engine", "relay", "sandbox",
        ],
    ),
    ("xtask", &[]),
];

/// Which of our crates may name a foreign one: the crate's name or its beginning, and who.
const FOREIGN: &[(&str, &[&str])] = &[
    // The tests have the benchmarks' peer in it: plain SQLite beside the store.
    ("rusqlite", &["store", "relay", "tests"]),
    ("libsqlite3-sys", &[]),
    ("keyring", &["store"]),
    ("keyring-core", &["store"]),
    ("tauri", &["shopbell"]),
    (
        "reqwest",
        &["channels", "engine", "relay", "sandbox", "tests"],
    ),
    ("tokio-tungstenite", &["engine", "relay", "tests"]),
    ("axum", &["relay", "sandbox", "tests"]),
    ("hyper", &["relay", "sandbox", "tests"]),
    ("async-nats", &["relay"]),
    ("ureq", &["xtask"]),
    ("fantoccini", &["tests"]),
    ("oauth2", &["relay"]),
];

/// Who may name a foreign crate in its tests only: a made-up platform has to answer somehow.
const FOREIGN_IN_TESTS: &[(&str, &[&str])] = &[("axum", &["channels", "engine"])];

/// What the pure crates may not even know.
const NOT_PURE: &[&str] = &[
    "tokio",
    "futures",
    "async",
    "reqwest",
    "hyper",
    "axum",
    "rusqlite",
    "keyring",
    "tempfile",
    "tracing-subscriber",
    "chrono",
];

fn complaints(members: &[Member]) -> Vec<String> {
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut complaints = Vec::new();
    for member in members {
        let Some((_, allowed)) = OURS.iter().find(|(name, _)| *name == member.name) else {
            complaints.push(format!(
                "{} is not in the picture of the crates",
                member.name
            ));
            continue;
        };
        for (need, kind) in &member.needs {
            let name = &member.name;
            if names.contains(&need.as_str()) && !allowed.contains(&need.as_str()) {
                complaints.push(format!("{name} may not use {need} ({kind})"));
            }
            let pure = ["domain", "wire"].contains(&name.as_str()) && kind == "normal";
            if pure && NOT_PURE.iter().any(|word| is_or_belongs_to(need, word)) {
                complaints.push(format!("{name} is pure and may not name {need}"));
            }
            for (foreign, who) in FOREIGN {
                let in_tests = kind == "dev"
                    && FOREIGN_IN_TESTS
                        .iter()
                        .any(|(known, who)| known == foreign && who.contains(&name.as_str()));
                let allowed = in_tests || who.contains(&name.as_str());
                if is_or_belongs_to(need, foreign) && !allowed {
                    complaints.push(format!("{name} may not name {need} ({kind})"));
                }
            }
        }
    }
    complaints
}

fn is_or_belongs_to(name: &str, family: &str) -> bool {
    name == family
        || name
            .strip_prefix(family)
            .is_some_and(|rest| rest.starts_with(['-', '_']))
}

fn members() -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata.get("packages").and_then(Value::as_array);
    let of = |package: &Value| Member {
        name: text(&package["name"]),
        needs: package["dependencies"]
            .as_array()
            .expect("a list of dependencies")
            .iter()
            .map(|need| {
                let kind = need["kind"].as_str().unwrap_or("normal").to_owned();
                (text(&need["name"]), kind)
            })
            .collect(),
    };
    packages
        .expect("there are packages")
        .iter()
        .map(of)
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_as_drawn() {
    let members = members();
    assert_eq!(members.len(), OURS.len(), "a crate came or went");
    expect_none(&complaints(&members));
}

#[test]
fn control_a_forbidden_dependency_is_found() {
    let forbidden = [
        ("relay", "store", "normal"),
        ("relay", "domain", "dev"),
        ("sandbox", "channels", "normal"),
        ("sandbox", "relay", "dev"),
        ("domain", "tokio", "normal"),
        ("domain", "futures-util", "normal"),
        ("wire", "reqwest", "normal"),
        ("channels", "rusqlite", "normal"),
        ("engine", "keyring-core", "normal"),
        ("engine", "tauri-plugin-notification", "normal"),
        ("store", "reqwest", "dev"),
        ("shopbell", "reqwest", "normal"),
        ("shopbell", "store", "normal"),
    ];
    for (name, need, kind) in forbidden {
        let mut members: BTreeMap<String, Member> = members()
            .into_iter()
            .map(|member| (member.name.clone(), member))
            .collect();
        let member = members.get_mut(name).expect("a crate of ours");
        member.needs.push((need.to_owned(), kind.to_owned()));
        let members: Vec<Member> = members.into_values().collect();
        let found = complaints(&members);
        let complaint = |text: &String| text.starts_with(name) && text.contains(need);
        assert!(
            found.iter().any(complaint),
            "{name} → {need} ({kind}): {found:?}"
        );
    }
}
