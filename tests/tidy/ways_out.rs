//! By which roads anything can leave the owner's computer, or the relay: the hosts that are named,
//! the packages that would call somebody else, who puts a message on its way, and what is written
//! where the owner says. What the running window can reach is shown in `tests/window`.

use std::collections::BTreeSet;

use crate::repository::{Source, before_tests, expect_none, sources};

/// The sources of what is installed: the desktop, its window, and the relay.
const PROGRAMS: &[&str] = &[
    "crates/domain/src",
    "crates/wire/src",
    "crates/store/src",
    "crates/channels/src",
    "crates/engine/src",
    "crates/relay/",
    "src-tauri/",
    "ui/src/",
    "ui/public/",
    "ui/index.html",
];

/// Made-up platforms and shops, which no installed program has.
const MADE_UP: &[&str] = &[
    "crates/engine/src/testing",
    "crates/engine/src/road.rs",
    "crates/relay/tests/",
    "ui/src/backend/fake/",
];

/// Every host a program may name, and what for.
const HOSTS: &[(&str, &str)] = &[
    ("graph.facebook.com", "Meta's Graph API"),
    ("graph.instagram.com", "the same for Instagram's own login"),
    ("www.facebook.com", "the login, and where access is ended"),
    ("lookaside.fbsbx.com", "WhatsApp's pictures"),
    (
        "api.twilio.com",
        "SMS, which is not built: nothing is sent there",
    ),
    (
        "business.facebook.com",
        "opened in the browser when the owner asks",
    ),
    ("www.instagram.com", "the same"),
    ("web.whatsapp.com", "the same"),
    ("wa.me", "the same"),
    ("schema.tauri.app", "an editor reads it"),
    ("127.0.0.1", "this computer"),
    ("localhost", "this computer"),
    (
        "ipc.localhost",
        "the window's way to the program on Windows",
    ),
    ("shopmedia.localhost", "its pictures, the same way"),
    ("LISTEN", "this computer: the relay's own address"),
    ("{listen}", "this computer: the relay's own address"),
    ("{text}", "the relay's address, as the owner typed it"),
];

/// What other programs are watched with. None of it is built in.
const WATCHERS: &[&str] = &[
    "sentry",
    "opentelemetry",
    "posthog",
    "mixpanel",
    "amplitude",
    "bugsnag",
    "rollbar",
    "datadog",
    "newrelic",
    "segment-analytics",
    "google-analytics",
    "tauri-plugin-updater",
    "tauri-plugin-aptabase",
];

/// Words that let something out, and where alone they may stand in the desktop's sources.
const DOORS: &[(&str, &[&str])] = &[
    // A message is put on its way by the commands of the composer, which a person pressed.
    (".queue_reply(", &["crates/engine/src/compose.rs"]),
    // A receipt is the one file that is written where the owner says.
    ("save_file(", &["src-tauri/save.rs"]),
    ("pick_folder(", &[]),
    ("clipboard", &[]),
    // The small file with the look of the first frame.
    (
        "fs::write(",
        &[
            "src-tauri/save.rs",
            "src-tauri/appearance.rs",
            "crates/engine/src/testing",
        ],
    ),
    ("File::create", &[]),
];

/// The same for the window: a page has ways of its own to hand something out.
const DOORS_OF_THE_WINDOW: &[&str] = &[
    "showSaveFilePicker",
    "createObjectURL",
    "navigator.clipboard",
    "navigator.share",
    "sendBeacon",
    "execCommand",
    " download=",
];

fn is_of_a_program(source: &Source) -> bool {
    let is_in = |folders: &[&str]| folders.iter().any(|folder| source.is_in(folder));
    is_in(PROGRAMS) && !is_in(MADE_UP) || source.path == "tauri.conf.json"
}

/// What runs, without comments and tests. Addresses keep their two strokes.
fn lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let end = before_tests(&source.text).lines().count();
    source
        .numbered()
        .take(end)
        .filter(|(_, line)| !["//", "* ", "/*", "<!--"].contains(&first_of(line)))
}

/// How a line begins, as far as a comment does.
fn first_of(line: &str) -> &str {
    let line = line.trim_start();
    ["//", "/*", "<!--", "* "]
        .into_iter()
        .find(|mark| line.starts_with(mark))
        .unwrap_or("")
}

/// The hosts of the addresses in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "-._{}".contains(c)));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
    })
}

fn complaints(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| is_of_a_program(source)) {
        for (number, line) in lines(source) {
            for host in hosts(line).filter(|host| !host.is_empty() && !is_known(host)) {
                if !(describes_the_product(source) && host == "github.com") {
                    complaints.push(format!("{}:{number}: calls {host}?", source.path));
                }
            }
            complaints.extend(open_doors(source, (number, line)));
        }
    }
    complaints.extend(watchers(sources));
    complaints
}

/// Where a link to the project's home page stands, which nobody calls.
fn describes_the_product(source: &Source) -> bool {
    source.path == "tauri.conf.json" || source.is(".metainfo.xml")
}

fn is_known(host: &str) -> bool {
    HOSTS.iter().any(|(known, _)| *known == host)
        // `shopbell://relay?…` is a link to ourselves.
        || host == "relay"
}

fn open_doors(source: &Source, (number, line): (usize, &str)) -> Vec<String> {
    let complaint = |word: &str| format!("{}:{number}: {word} lets something out", source.path);
    if source.is_in("ui/src/") {
        let doors = DOORS_OF_THE_WINDOW.iter();
        let open = doors.filter(|word| line.contains(**word));
        return open.map(|word| complaint(word)).collect();
    }
    let of_the_desktop = ["crates/engine/src", "src-tauri/"];
    if !of_the_desktop.iter().any(|folder| source.is_in(folder)) {
        return Vec::new();
    }
    let open = |(word, home): &&(&str, &[&str])| {
        line.contains(word) && !home.iter().any(|path| source.is_in(path))
    };
    let doors = DOORS.iter().filter(open);
    doors.map(|(word, _)| complaint(word)).collect()
}

/// Packages of either world whose name says that they report to somebody.
fn watchers(sources: &[Source]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for source in sources {
        let names: Vec<&str> = match source.path.as_str() {
            "Cargo.lock" => source
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
                .collect(),
            "ui/package-lock.json" => source
                .text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("\"node_modules/")?.split_once('"'))
                .map(|(name, _)| name)
                .collect(),
            _ => continue,
        };
        for name in names {
            if WATCHERS.iter().any(|watcher| name.contains(watcher)) {
                found.insert(format!("{}: {name} watches", source.path));
            }
        }
    }
    found.into_iter().collect()
}

#[test]
fn the_programs_call_nobody_but_the_platforms_and_hand_out_nothing_but_receipts() {
    let sources = sources();
    let looked_at: Vec<_> = sources.iter().filter(|one| is_of_a_program(one)).collect();
    assert!(looked_at.len() > 200, "{} files", looked_at.len());
    let named: BTreeSet<&str> = looked_at
        .iter()
        .flat_map(|source| lines(source))
        .flat_map(|(_, line)| hosts(line))
        .collect();
    for (host, what_for) in HOSTS {
        assert!(
            named.contains(host),
            "nobody names {host} any more: {what_for}"
        );
    }
    for (word, home) in DOORS {
        for path in home.iter().filter(|path| path.ends_with(".rs")) {
            let source = sources.iter().find(|source| source.path == **path);
            let text = &source.expect("it is there").text;
            assert!(text.contains(word), "{path} no longer has {word}");
        }
    }
    expect_none(&complaints(&sources));
}

#[test]
fn control_each_way_out_is_found() {
    let holes = [
        (
            "crates/engine/src/news.rs",
            "    let url = \"https://errors.example.com/report\";",
        ),
        (
            "ui/src/main.ts",
            "fetch('https://cdn.example.net/script.js');",
        ),
        (
            "ui/index.html",
            "<script src=\"https://stats.example.org/a.js\">",
        ),
        (
            "crates/relay/src/serve.rs",
            "let url = format!(\"wss://{host}/x\");",
        ),
        (
            "crates/engine/src/arrivals.rs",
            "    write.queue_reply(&thanks)?;",
        ),
        (
            "src-tauri/commands/inbox.rs",
            "    app.dialog().file().save_file(|_| {});",
        ),
        (
            "src-tauri/notify.rs",
            "    std::fs::write(path, everybody)?;",
        ),
        (
            "ui/src/App.svelte",
            "<a href={everybody} download=\"people.csv\">",
        ),
        ("Cargo.lock", "name = \"sentry-core\""),
        ("ui/package-lock.json", "    \"node_modules/posthog-js\": {"),
    ];
    for (path, line) in holes {
        let found = complaints(&[Source::made_up(path, &format!("{line}\n"))]);
        assert_eq!(found.len(), 1, "{path}: {line}: {found:?}");
    }
    let harmless = [
        ("crates/engine/src/news.rs", "/// See https://example.com/."),
        (
            "crates/engine/src/news.rs",
            "#[cfg(test)]\nmod tests {\n    const AT: &str = \"https://example.com\";\n}",
        ),
        ("tests/flow/login.rs", "let url = \"https://example.com\";"),
        ("Cargo.lock", "name = \"serde\""),
    ];
    for (path, line) in harmless {
        expect_none(&complaints(&[Source::made_up(path, line)]));
    }
}
