//! The window has no network and no power beyond its own commands: what its configuration says.
//! That the running window keeps to it is shown in `tests/window`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::repository::{Source, expect_none, sources};

/// Each directive of the content security policy and all that it may allow.
const POLICY: &[(&str, &[&str])] = &[
    ("default-src", &["'none'"]),
    ("script-src", &["'self'"]),
    ("style-src", &["'self'"]),
    ("font-src", &["'self'"]),
    (
        "img-src",
        &[
            "'self'",
            "shopmedia:",
            "http://shopmedia.localhost",
            "blob:",
        ],
    ),
    ("media-src", &["shopmedia:", "http://shopmedia.localhost"]),
    ("connect-src", &["ipc:", "http://ipc.localhost"]),
    ("object-src", &["'none'"]),
    ("base-uri", &["'none'"]),
    ("form-action", &["'none'"]),
    ("frame-ancestors", &["'none'"]),
];

/// What a capability may grant beside the application's own commands.
const CORE: &[&str] = &["core:event:allow-listen", "core:event:allow-unlisten"];

fn policy_complaints(policy: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut seen = BTreeSet::new();
    for directive in policy
        .split(';')
        .map(str::trim)
        .filter(|directive| !directive.is_empty())
    {
        let mut words = directive.split_whitespace();
        let name = words.next().unwrap_or_default();
        seen.insert(name);
        let Some((_, allowed)) = POLICY.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("the policy has {name}, which nobody asked for"));
            continue;
        };
        for source in words.filter(|source| !allowed.contains(source)) {
            complaints.push(format!("the policy's {name} allows {source}"));
        }
    }
    for (name, _) in POLICY.iter().filter(|(name, _)| !seen.contains(name)) {
        complaints.push(format!("the policy lacks {name}"));
    }
    complaints
}

fn configuration_complaints(configuration: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let expected = [
        ("/app/withGlobalTauri", json!(false)),
        ("/app/security/freezePrototype", json!(true)),
        ("/app/security/assetProtocol/enable", json!(false)),
        ("/app/security/capabilities", json!(["main"])),
        ("/app/windows", json!([])),
    ];
    for (pointer, value) in expected {
        if configuration.pointer(pointer) != Some(&value) {
            complaints.push(format!("tauri.conf.json: {pointer} is not {value}"));
        }
    }
    for absent in [
        "/app/security/devCsp",
        "/app/security/dangerousDisableAssetCspModification",
    ] {
        if configuration.pointer(absent).is_some() {
            complaints.push(format!("tauri.conf.json: {absent} is set"));
        }
    }
    let policy = configuration
        .pointer("/app/security/csp")
        .and_then(Value::as_str);
    complaints.extend(policy_complaints(policy.unwrap_or_default()));
    complaints
}

/// A capability is for one window, grants commands of ours and to listen, and no remote page.
fn capability_complaints(capability: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let known = [
        "$schema",
        "identifier",
        "description",
        "windows",
        "permissions",
        "local",
    ];
    let keys = capability
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str());
    complaints.extend(
        keys.filter(|key| !known.contains(key))
            .map(|key| format!("capability: {key}")),
    );
    if capability.get("windows") != Some(&json!(["main"])) {
        complaints.push("capability: it is not for the window “main” alone".to_owned());
    }
    let none = Vec::new();
    let permissions = capability
        .get("permissions")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    for permission in permissions {
        let name = permission.as_str().unwrap_or("one with a scope");
        let own = name.starts_with("allow-");
        if !own && !CORE.contains(&name) {
            complaints.push(format!("capability: {name} is granted"));
        }
    }
    complaints
}

/// Every command of the window is granted by name, and no other.
fn grant_complaints(capability: &Value, commands: &BTreeSet<String>) -> Vec<String> {
    let granted: BTreeSet<String> = capability
        .get("permissions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(|name| name.strip_prefix("allow-"))
        .map(|name| name.replace('-', "_"))
        .collect();
    let difference = granted.symmetric_difference(commands);
    difference
        .map(|name| format!("{name}: granted or a command, but not both"))
        .collect()
}

/// The commands the generated bindings know.
fn commands(bindings: &str) -> BTreeSet<String> {
    bindings
        .split("__TAURI_INVOKE(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn read<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let source = sources.iter().find(|source| source.path == path);
    &source.expect("the window's configuration is there").text
}

fn json_of(sources: &[Source], path: &str) -> Value {
    serde_json::from_str(read(sources, path)).expect("it is JSON")
}

#[test]
fn the_window_may_reach_nothing_but_its_own_commands() {
    let sources = sources();
    let mut complaints = configuration_complaints(&json_of(&sources, "tauri.conf.json"));
    let capabilities: Vec<_> = sources
        .iter()
        .filter(|source| source.is_in("src-tauri/capabilities/"))
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(capabilities, ["src-tauri/capabilities/main.json"]);
    let capability = json_of(&sources, "src-tauri/capabilities/main.json");
    complaints.extend(capability_complaints(&capability));
    let commands = commands(read(&sources, "ui/src/backend/bindings.ts"));
    assert!(commands.len() > 20, "the bindings have another form now");
    complaints.extend(grant_complaints(&capability, &commands));
    expect_none(&complaints);
}

#[test]
fn control_each_hole_in_the_configuration_is_found() {
    let sources = sources();
    let sound = json_of(&sources, "tauri.conf.json");
    let holes = [
        ("/app/withGlobalTauri", json!(true)),
        ("/app/security/freezePrototype", json!(false)),
        ("/app/security/assetProtocol/enable", json!(true)),
        // An empty list means every capability there is.
        ("/app/security/capabilities", json!([])),
        ("/app/security/csp", Value::Null),
    ];
    for (pointer, value) in holes {
        let mut configuration = sound.clone();
        *configuration.pointer_mut(pointer).expect("it is there") = value;
        assert!(
            !configuration_complaints(&configuration).is_empty(),
            "{pointer}"
        );
    }
}

#[test]
fn control_each_hole_in_the_policy_is_found() {
    let sources = sources();
    let configuration = json_of(&sources, "tauri.conf.json");
    let sound = configuration
        .pointer("/app/security/csp")
        .and_then(Value::as_str)
        .unwrap();
    expect_none(&policy_complaints(sound));
    let holes = [
        sound.replace("connect-src ipc:", "connect-src * ipc:"),
        sound.replace("img-src 'self'", "img-src https: 'self'"),
        sound.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'"),
        sound.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
        sound.replace("default-src 'none'; ", ""),
        format!("{sound}; worker-src blob:"),
    ];
    for hole in holes {
        assert_eq!(policy_complaints(&hole).len(), 1, "{hole}");
    }
}

#[test]
fn control_a_capability_too_many_is_found() {
    let grant = |permission: &str| json!({"windows": ["main"], "permissions": [permission]});
    for name in [
        "shell:allow-open",
        "core:default",
        "fs:default",
        "core:window:allow-close",
    ] {
        assert_eq!(capability_complaints(&grant(name)).len(), 1, "{name}");
    }
    let remote = json!({"windows": ["main"], "permissions": [], "remote": {"urls": ["https://*"]}});
    assert_eq!(capability_complaints(&remote).len(), 1);
    assert_eq!(
        capability_complaints(&json!({"windows": ["*"], "permissions": []})).len(),
        1
    );
    let commands = BTreeSet::from(["send".to_owned()]);
    assert_eq!(grant_complaints(&grant("allow-export"), &commands).len(), 2);
}
