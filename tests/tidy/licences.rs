//! Every package the programs are built from has a licence that `deny.toml` allows, comes from the
//! registry, and runs no script when it is installed; so has what only fuzzes and measures them,
//! with the exceptions that are named here.
//!
//! `cargo deny` asks the same of the crates and more; this needs no installation and covers the
//! window's packages as well. Neither knows of advisories: that list lies elsewhere.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::repository::{expect_none, root};

/// Licences of packages that only build or test the window, and never reach an owner.
const TOOLS_ONLY: &[&str] = &["MIT-0", "0BSD", "BlueOak-1.0.0", "CC0-1.0"];

/// Licences of what only drives the fuzz targets: libFuzzer's own.
const FUZZ_ONLY: &[&str] = &["NCSA"];

/// The packages whose script is run, each by name and for the benchmark's peer alone.
const SCRIPTED: &[&str] = &["better-sqlite3"];

/// Licences of the window's letters: they are shipped, and may be, with their own text.
const LETTERS: &[&str] = &["OFL-1.1"];

/// One package of either world.
#[derive(Debug)]
struct Package {
    name: String,
    licence: Option<String>,
    complaint: Option<&'static str>,
}

fn allowed() -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let rules: toml::Value = toml::from_str(&text).expect("deny.toml reads");
    let list = rules.get("licenses").and_then(|rules| rules.get("allow"));
    let list = list.and_then(toml::Value::as_array).expect("a list");
    list.iter()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

/// Whether one of the choices the expression leaves is allowed in full.
fn may_be_used(expression: &str, allowed: &[String]) -> bool {
    // Old manifests write a slash where SPDX says OR.
    let expression = expression.replace('/', " OR ");
    let Ok(parsed) = spdx::Expression::parse(&expression) else {
        return false;
    };
    parsed.evaluate(|asked| {
        allowed
            .iter()
            .any(|name| spdx::Licensee::parse(name).is_ok_and(|licensee| licensee.satisfies(asked)))
    })
}

fn complaints(packages: &[Package], allowed: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        if let Some(complaint) = package.complaint {
            complaints.push(format!("{}: {complaint}", package.name));
        }
        match &package.licence {
            None => complaints.push(format!("{}: names no licence", package.name)),
            Some(licence) if !may_be_used(licence, allowed) => complaints.push(format!(
                "{}: {licence} is not allowed in deny.toml",
                package.name
            )),
            Some(_) => {}
        }
    }
    complaints
}

/// Those of `deny.toml`, and some more.
fn allowed_with(more: &[&str]) -> Vec<String> {
    let more = more.iter().map(|name| (*name).to_owned());
    allowed().into_iter().chain(more).collect()
}

fn crates(workspace: &str) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(root().join(workspace))
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.expect("packages");
    packages
        .iter()
        .map(|package| {
            let source = package["source"].as_str();
            let from_registry = source.is_none_or(|source| source.starts_with("registry+"));
            Package {
                name: format!("{} {}", package["name"], package["version"]),
                licence: package["license"].as_str().map(str::to_owned),
                complaint: (!from_registry).then_some("does not come from the registry"),
            }
        })
        .collect()
}

/// The packages of a lock file, and whether each is a tool alone.
fn packages(lock: &str) -> Vec<(Package, bool)> {
    let path = root().join(lock);
    let lock: Value = serde_json::from_str(&fs::read_to_string(path).expect("a lock file"))
        .expect("the lock file is JSON");
    let packages = lock.get("packages").and_then(Value::as_object);
    let packages = packages.expect("packages");
    packages
        .iter()
        .map(|(path, package)| {
            let scripted = package["hasInstallScript"].as_bool() == Some(true);
            let listed = Package {
                name: path.trim_start_matches("node_modules/").to_owned(),
                licence: package["license"].as_str().map(str::to_owned),
                complaint: scripted.then_some("runs a script when it is installed"),
            };
            (listed, package["dev"].as_bool() == Some(true))
        })
        .collect()
}

#[test]
fn every_crate_may_be_used() {
    for (workspace, least, more) in [(".", 400, &[][..]), ("tests/fuzz", 300, FUZZ_ONLY)] {
        let crates = crates(workspace);
        assert!(crates.len() > least, "only {} crates", crates.len());
        expect_none(&complaints(&crates, &allowed_with(more)));
    }
}

#[test]
fn every_package_of_the_window_may_be_used_and_runs_nothing() {
    let (tools, shipped): (Vec<_>, Vec<_>) = packages("ui/package-lock.json")
        .into_iter()
        .partition(|(_, tool)| *tool);
    assert!(shipped.len() > 5, "only {} packages", shipped.len());
    let plain = |list: Vec<(Package, bool)>| list.into_iter().map(|(package, _)| package);
    let shipped: Vec<_> = plain(shipped).collect();
    let tools: Vec<_> = plain(tools).collect();
    expect_none(&complaints(&shipped, &allowed_with(LETTERS)));
    expect_none(&complaints(&tools, &allowed_with(TOOLS_ONLY)));
}

#[test]
fn every_package_of_the_benchmarks_peer_may_be_used_and_one_runs_a_script() {
    let listed = packages("tests/bench/express/package-lock.json").into_iter();
    let (scripted, others): (Vec<_>, Vec<_>) = listed
        .map(|(package, _)| package)
        .partition(|package| SCRIPTED.contains(&package.name.as_str()));
    assert!(others.len() > 50, "only {} packages", others.len());
    expect_none(&complaints(&others, &allowed_with(TOOLS_ONLY)));
    assert_eq!(scripted.len(), SCRIPTED.len(), "an exception for nothing");
    for package in scripted {
        let licence = package.licence.expect("a licence");
        assert!(may_be_used(&licence, &allowed()), "{licence}");
        assert!(package.complaint.is_some(), "{} is none", package.name);
    }
}

#[test]
fn control_a_forbidden_licence_a_script_and_a_foreign_source_are_found() {
    let package = |licence: Option<&str>, complaint| Package {
        name: "made-up".to_owned(),
        licence: licence.map(str::to_owned),
        complaint,
    };
    let found = complaints(
        &[
            package(Some("AGPL-3.0-only"), None),
            package(Some("MIT AND GPL-2.0-only"), None),
            package(None, None),
            package(Some("MIT"), Some("runs a script when it is installed")),
            package(Some("GPL-2.0-only OR MIT"), None),
            package(Some("MIT/Apache-2.0"), None),
        ],
        &allowed(),
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}
