//! Words that have no place in the repository, and what each crate's manifest must say.
//!
//! The words are put together from halves, so that this file does not find itself.

use crate::repository::{Source, expect_none, root, sources};

/// What a generator or a hurried hand leaves behind.
const PLACEHOLDERS: &[&str] = &[
    concat!("lorem ", "ipsum"),
    concat!("your", "domain."),
    concat!("your-", "domain"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("coming ", "soon"),
    concat!("Show more ", "lines"),
    concat!("<insert", " "),
];

/// Paths of one computer.
const MACHINE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("C:\\", "Users"),
];

fn complaints(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let letters = source.is("package-lock.json") || source.is("Cargo.lock");
        for (number, line) in source.numbered().filter(|_| !letters) {
            for word in PLACEHOLDERS.iter().chain(MACHINE) {
                if line.contains(word) {
                    complaints.push(format!("{}:{number}: {word}", source.path));
                }
            }
        }
        complaints.extend(foreign_registry(source));
        complaints.extend(manifest_without_lints(source));
    }
    complaints
}

/// Packages come from the public registries and from nowhere else.
fn foreign_registry(source: &Source) -> Option<String> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let foreign = |line: &str| match name {
        "Cargo.lock" => {
            line.starts_with("source = ")
                && !line.contains("registry+https://github.com/rust-lang/crates.io-index")
        }
        "package-lock.json" => {
            line.contains("\"resolved\"") && !line.contains("\"https://registry.npmjs.org/")
        }
        _ => false,
    };
    let (number, line) = source.numbered().find(|(_, line)| foreign(line))?;
    Some(format!("{}:{number}: {}", source.path, line.trim()))
}

/// The crate that may have `unsafe`. What is forbidden to all cannot be allowed to one, so its lints
/// are a copy.
const UNSAFE: &str = "crates/memory/Cargo.toml";

/// The lints of the workspace that the crate with `unsafe` lacks.
fn lints_lacking(workspace: &str, copy: &str) -> Vec<String> {
    let lints = workspace.split("[workspace.lints.").skip(1);
    let lines = lints.flat_map(|table| {
        table
            .lines()
            .skip(1)
            .take_while(|line| !line.starts_with('['))
    });
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("unsafe_code"))
        .filter(|line| !copy.lines().any(|there| there == *line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_crate_with_unsafe_has_every_other_lint() {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).expect("a manifest");
    let (workspace, copy) = (text("Cargo.toml"), text(UNSAFE));
    assert_eq!(lints_lacking(&workspace, &copy), [] as [String; 0]);
    let without = copy.replace("string_slice = \"deny\"", "");
    assert_eq!(
        lints_lacking(&workspace, &without),
        ["string_slice = \"deny\""],
        "the control"
    );
}

/// A crate without the workspace's lints is a crate without lints.
fn manifest_without_lints(source: &Source) -> Option<String> {
    // The fuzz targets are a workspace of their own, with lints of their own.
    let apart = source.text.contains("\n[workspace]\n") && source.text.contains("\n[lints.rust]\n");
    let shared = source.text.contains("[lints]\nworkspace = true");
    let missing = source.is("Cargo.toml") && !shared && !apart && source.path != UNSAFE;
    missing.then(|| format!("{}: does not take the workspace's lints", source.path))
}

#[test]
fn nothing_is_left_unfinished_or_bound_to_one_computer() {
    expect_none(&complaints(&sources()));
}

#[test]
fn control_each_word_is_found() {
    for word in PLACEHOLDERS.iter().chain(MACHINE) {
        let source = Source::made_up("docs/owner/start.md", &format!("Open {word} now."));
        assert!(!complaints(&[source]).is_empty(), "{word}");
    }
    let other = "source = \"registry+https://mirror.example/index\"";
    for path in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        assert_eq!(complaints(&[Source::made_up(path, other)]).len(), 1);
    }
    let other = "  \"resolved\": \"https://mirror.example/a.tgz\"";
    for path in ["ui", "tests/bench/express"].map(|of| format!("{of}/package-lock.json")) {
        assert_eq!(complaints(&[Source::made_up(&path, other)]).len(), 1);
    }
    let bare = "[package]\nname = \"x\"\n";
    assert_eq!(
        complaints(&[Source::made_up("crates/x/Cargo.toml", bare)]).len(),
        1
    );
}
