//! What `SECURITY.md` says of keys and of the window's cage is what stands in the sources.

use crate::repository::{Source, expect_none, sources};

/// Words of the page, and the piece of a source that makes them true.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "Argon2id, 64 MiB, three passes, four lanes",
        "crates/store/src/passphrase.rs",
        "const FLOOR: Cost = Cost {\n    memory_kib: 65_536,\n    passes: 3,\n    lanes: 4,\n};",
    ),
    (
        "Argon2id",
        "crates/store/src/passphrase.rs",
        "Argon2::new(Algorithm::Argon2id, Version::V0x13, params)",
    ),
    (
        "The policy starts with `default-src 'none'`",
        "tauri.conf.json",
        "\"csp\": \"default-src 'none'; ",
    ),
    (
        "`withGlobalTauri` is off",
        "tauri.conf.json",
        "\"withGlobalTauri\": false",
    ),
    (
        "prototypes are frozen",
        "tauri.conf.json",
        "\"freezePrototype\": true",
    ),
    (
        "`npm rebuild better-sqlite3`",
        "xtask/src/bench.rs",
        "[\"rebuild\", \"better-sqlite3\"]",
    ),
];

fn complaints(sources: &[Source]) -> Vec<String> {
    let text = |path: &str| {
        let source = sources.iter().find(|source| source.path == path);
        source.map_or("", |source| &source.text)
    };
    let mut complaints = Vec::new();
    for (said, path, done) in WORDS {
        if !text("SECURITY.md").contains(said) {
            complaints.push(format!("SECURITY.md no longer says “{said}”"));
        }
        if !text(path).contains(done) {
            complaints.push(format!("“{said}” is not what {path} does"));
        }
    }
    complaints
}

#[test]
fn the_security_page_says_what_is_done() {
    expect_none(&complaints(&sources()));
}

#[test]
fn control_weaker_code_and_a_stronger_word_are_found() {
    let changes = [
        (
            "crates/store/src/passphrase.rs",
            "memory_kib: 65_536,",
            "memory_kib: 19_456,",
        ),
        (
            "crates/store/src/passphrase.rs",
            "Algorithm::Argon2id",
            "Algorithm::Argon2d",
        ),
        (
            "tauri.conf.json",
            "default-src 'none'",
            "default-src 'self'",
        ),
        (
            "SECURITY.md",
            "64 MiB, three passes",
            "256 MiB, three passes",
        ),
    ];
    for (path, from, to) in changes {
        let mut sources = sources();
        let source = sources.iter_mut().find(|source| source.path == path);
        let source = source.expect("it is there");
        assert!(source.text.contains(from), "{path} has no {from}");
        source.text = source.text.replace(from, to);
        assert_eq!(complaints(&sources).len(), 1, "{path}: {to}");
    }
}
