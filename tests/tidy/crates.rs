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

/// Which of our crates each of our crates uses, as ARCHITECTURE.md draws it.
fn drawn() -> BTreeMap<String, Vec<String>> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let drawing = page.split("```").nth(1).expect("the page has a drawing");
    let arrows = drawing.lines().filter_map(|line| line.split_once(" ─► "));
    arrows
        .map(|(name, needs)| {
            let needs = needs.split(", ").map(|need| need.trim().to_owned());
            let needs = needs.filter(|need| need != "nothing of ours").collect();
            (name.trim().to_owned(), needs)
        })
        .collect()
}

/// Which of our crates may name a foreign one: the crate's name or its beginning, and who.
const FOREIGN: &[(&str, &[&str])] = &[
    // The tests have the benchmarks' peer in it: plain SQLite beside the store.
    ("rusqlite", &["memory", "store", "relay", "tests"]),
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
    let drawn = drawn();
    let mut complaints = Vec::new();
    for member in members {
        let Some(allowed) = drawn.get(&member.name) else {
            complaints.push(format!(
                "{} is not in the picture of the crates",
                member.name
            ));
            continue;
        };
        for need in allowed {
            if !member.needs.iter().any(|(name, _)| name == need) {
                complaints.push(format!(
                    "{} is drawn with {need} and does without",
                    member.name
                ));
            }
        }
        for (need, kind) in &member.needs {
            let name = &member.name;
            if names.contains(&need.as_str()) && !allowed.contains(need) {
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

/// Both workspaces: the programs', and that of the fuzz targets.
const WORKSPACES: [&str; 2] = [".", "tests/fuzz"];

fn metadata(workspace: &str) -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root().join(workspace))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo speaks JSON")
}

fn members() -> Vec<Member> {
    let metadata = metadata(".");
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
    assert_eq!(members.len(), drawn().len(), "a crate came or went");
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

#[test]
fn control_an_arrow_that_is_drawn_in_vain_is_found() {
    let mut members = members();
    let engine = members.iter_mut().find(|member| member.name == "engine");
    engine
        .expect("a crate of ours")
        .needs
        .retain(|(need, _)| need != "store");
    let found = complaints(&members);
    assert_eq!(found, ["engine is drawn with store and does without"]);
}

/// What `deny.toml` bans, as far as this asks of it, in the lock file's packages and the manifests.
fn banned(packages: &[String], wanted: &[(String, String)]) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let rules: toml::Value = toml::from_str(&text).expect("deny.toml reads");
    let bans = rules.get("bans").expect("bans");
    assert_eq!(
        bans.get("wildcards").and_then(toml::Value::as_str),
        Some("deny")
    );
    let bans = bans.get("deny").and_then(toml::Value::as_array);
    let bans: Vec<&str> = bans
        .expect("a list")
        .iter()
        .map(|ban| ban["crate"].as_str().expect("a crate's name"))
        .collect();
    assert!(bans.len() >= 3, "{bans:?}");
    let there = packages.iter().filter(|name| bans.contains(&name.as_str()));
    let any = wanted.iter().filter(|(_, version)| version == "*");
    there
        .map(|name| format!("{name} is banned"))
        .chain(any.map(|(name, _)| format!("{name} in any version")))
        .collect()
}

fn locked(workspace: &str) -> Vec<String> {
    let path = root().join(workspace).join("Cargo.lock");
    let text = std::fs::read_to_string(path).expect("Cargo.lock is there");
    let lock: toml::Value = toml::from_str(&text).expect("Cargo.lock reads");
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let name = |package: &toml::Value| package["name"].as_str().map(str::to_owned);
    packages
        .expect("packages")
        .iter()
        .filter_map(name)
        .collect()
}

/// Every foreign crate that a manifest names, and in which versions.
fn versions(workspace: &str) -> Vec<(String, String)> {
    let metadata = metadata(workspace);
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.expect("there are packages");
    let needs = packages
        .iter()
        .flat_map(|package| package["dependencies"].as_array());
    let foreign = needs.flatten().filter(|need| need["path"].is_null());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    foreign
        .map(|need| (text(&need["name"]), text(&need["req"])))
        .collect()
}

#[test]
fn nothing_that_is_banned_is_locked_and_no_version_is_left_open() {
    for (workspace, least) in WORKSPACES.into_iter().zip([100, 2]) {
        let (locked, versions) = (locked(workspace), versions(workspace));
        assert!(
            locked.len() > 300 && versions.len() > least,
            "{workspace}: {} {}",
            locked.len(),
            versions.len()
        );
        expect_none(&banned(&locked, &versions));
    }
}

#[test]
fn control_what_is_banned_and_what_is_left_open_is_found() {
    let versions = [("serde".to_owned(), "*".to_owned())];
    let found = banned(&["openssl".to_owned(), "openssl-sys".to_owned()], &versions);
    assert_eq!(found, ["openssl is banned", "serde in any version"]);
}
