//! Who may name what inside the sources: the network, the clock, the files, the window's host.

use crate::repository::{Source, before_tests, expect_none, sources};

/// Words, where they are at home, and what it is about.
struct Rule {
    about: &'static str,
    /// The sources that are looked at, by the beginning of their path.
    within: &'static [&'static str],
    words: &'static [&'static str],
    /// Where the words may stand, by the beginning of the path.
    home: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        about: "pure crates do no I/O",
        within: &["crates/domain/src", "crates/wire/src"],
        words: &[
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "File::open",
            "println!",
        ],
        home: &[],
    },
    Rule {
        about: "pure crates are not async",
        within: &["crates/domain/src", "crates/wire/src"],
        words: &["async fn", ".await", "std::thread", "std::sync::mpsc"],
        home: &[],
    },
    Rule {
        about: "pure crates read no clock",
        within: &["crates/domain/src", "crates/wire/src"],
        words: &["SystemTime", "Instant::", "::now()"],
        home: &[],
    },
    Rule {
        about: "only the client side of the relay and the login's door touch the network in engine",
        within: &["crates/engine/src"],
        words: &[
            "reqwest",
            "tokio_tungstenite",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
        ],
        home: &[
            "crates/engine/src/link",
            "crates/engine/src/login",
            // Compiled for its own tests only: a made-up relay and a made-up platform.
            "crates/engine/src/testing",
            "crates/engine/src/road.rs",
        ],
    },
    Rule {
        about: "the shell and the store touch no network",
        within: &["src-tauri", "crates/store/src"],
        words: &[
            "reqwest",
            "tungstenite",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
        ],
        home: &[],
    },
    Rule {
        about: "only the shell names tauri",
        within: &["crates", "tests/src"],
        words: &["tauri::", "use tauri", "tauri_"],
        home: &[],
    },
    Rule {
        about: "SQL is at home in the store and in the relay's queue",
        within: &["crates", "src-tauri"],
        words: &["rusqlite"],
        home: &["crates/memory/", "crates/store/", "crates/relay/"],
    },
    Rule {
        about: "what the compiler does not check is at home in `memory`",
        within: &["crates", "src-tauri", "tests/src", "xtask"],
        words: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"],
        home: &["crates/memory/"],
    },
    Rule {
        about: "the keychain is at home in the store",
        within: &["crates", "src-tauri"],
        words: &["keyring::", "keyring_core::"],
        home: &["crates/store/"],
    },
    Rule {
        about: "a test waits for an event, not for a time",
        within: &["tests/flow", "tests/window", "tests/src"],
        words: &["::sleep(", " sleep("],
        home: &["tests/src/wait.rs"],
    },
];

fn complaints(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.is(".rs")) {
        let code = source.code();
        for rule in RULES {
            let looked_at = rule.within.iter().any(|folder| source.is_in(folder));
            let at_home = rule.home.iter().any(|folder| source.is_in(folder));
            if !looked_at || at_home {
                continue;
            }
            for word in rule.words.iter().filter(|word| code.contains(**word)) {
                complaints.push(format!("{}: {word}: {}", source.path, rule.about));
            }
        }
        complaints.extend(tests_that_do_not_run(source));
    }
    complaints.extend(doors_to_the_host(sources));
    complaints
}

/// A test that is left out says nothing, and nobody sees that it says nothing.
fn tests_that_do_not_run(source: &Source) -> Option<String> {
    let left_out = source
        .numbered()
        .find(|(_, line)| line.trim_start().starts_with(concat!("#[", "ignore")));
    left_out.map(|(number, _)| format!("{}:{number}: a test that never runs", source.path))
}

/// The window has one door to its host.
fn doors_to_the_host(sources: &[Source]) -> Vec<String> {
    const DOORS: &[&str] = &["ui/src/backend/tauri.ts", "ui/src/backend/bindings.ts"];
    let names_host = |source: &&Source| source.text.contains("@tauri-apps/");
    sources
        .iter()
        .filter(|source| source.is_in("ui/src/") && !DOORS.contains(&source.path.as_str()))
        .filter(names_host)
        .map(|source| {
            format!(
                "{}: only {} talk to the host",
                source.path,
                DOORS.join(" and ")
            )
        })
        .collect()
}

#[test]
fn sources_name_only_what_they_may() {
    expect_none(&complaints(&sources()));
}

#[test]
fn control_a_word_away_from_home_is_found() {
    let away = [
        (
            "crates/domain/src/id.rs",
            "let text = std::fs::read_to_string(path);",
        ),
        ("crates/wire/src/seal.rs", "pub async fn seal() {}"),
        ("crates/wire/src/seal.rs", "let now = SystemTime::now();"),
        ("crates/engine/src/outbox.rs", "reqwest::get(url)"),
        ("crates/store/src/media.rs", "TcpStream::connect(host)"),
        ("crates/engine/src/news.rs", "use tauri::Emitter;"),
        ("crates/engine/src/read.rs", "rusqlite::params![]"),
        ("crates/store/src/open.rs", "unsafe { free(memory) }"),
        (
            "crates/engine/src/read.rs",
            "keyring_core::Entry::new(a, b)",
        ),
        ("tests/flow/reply.rs", "tokio::time::sleep(SECOND).await;"),
        (
            "crates/wire/src/seal.rs",
            concat!("    #[", "ignore = \"slow\"]"),
        ),
        (
            "ui/src/state/inbox.svelte.ts",
            "import { invoke } from '@tauri-apps/api/core';",
        ),
    ];
    for (path, text) in away {
        let found = complaints(&[Source::made_up(path, text)]);
        assert!(!found.is_empty(), "{path}: {text}");
    }
}

#[test]
fn control_a_word_at_home_or_in_a_comment_is_none() {
    let fine = [
        (
            "crates/engine/src/link/socket.rs",
            "use tokio_tungstenite::connect_async;",
        ),
        (
            "crates/domain/src/time.rs",
            "// never SystemTime::now() here",
        ),
        (
            "crates/domain/src/time.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests { use std::fs::read; }",
        ),
        (
            "ui/src/backend/tauri.ts",
            "import { invoke } from '@tauri-apps/api/core';",
        ),
    ];
    for (path, text) in fine {
        expect_none(&complaints(&[Source::made_up(path, text)]));
    }
    assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests {}"), "a\n");
}
