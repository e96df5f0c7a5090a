//! No file grows until nobody reads it.

use crate::repository::{Source, before_tests, expect_none, sources};

/// Files that may be longer, each with its limit and why.
const LONGER: &[(&str, usize, &str)] = &[
    ("ui/src/backend/bindings.ts", usize::MAX, "generated"),
    (
        "ui/src/i18n/en.ts",
        900,
        "a catalogue: every word of the window",
    ),
    (
        "ui/src/i18n/ar.ts",
        900,
        "a catalogue: every word of the window",
    ),
];

/// The most lines a file may have, by its kind.
fn limit(source: &Source) -> Option<usize> {
    let limits = [
        (".svelte.ts", 200),
        (".svelte", 250),
        (".test.ts", 500),
        (".rs", 400),
        (".ts", 300),
        (".css", 400),
    ];
    limits
        .iter()
        .find(|(ending, _)| source.is(ending))
        .map(|(_, limit)| *limit)
}

fn complaints(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let Some(usual) = limit(source) else { continue };
        let exception = LONGER.iter().find(|(path, ..)| *path == source.path);
        let limit = exception.map_or(usual, |(_, limit, _)| *limit);
        let lines = before_tests(&source.text).lines().count();
        if lines > limit {
            complaints.push(format!("{}: {lines} lines, at most {limit}", source.path));
        }
    }
    complaints
}

#[test]
fn files_are_short() {
    expect_none(&complaints(&sources()));
}

#[test]
fn each_exception_is_still_there() {
    let sources = sources();
    let gone = |path: &str| !sources.iter().any(|source| source.path == path);
    let paths = LONGER.iter().map(|(path, ..)| (*path).to_owned());
    expect_none(&paths.filter(|path| gone(path)).collect::<Vec<_>>());
}

#[test]
fn control_a_long_file_is_found_and_its_tests_do_not_count() {
    let long = "let a = 1;\n".repeat(401);
    assert_eq!(
        complaints(&[Source::made_up("crates/wire/src/seal.rs", &long)]).len(),
        1
    );
    assert_eq!(
        complaints(&[Source::made_up("ui/src/views/Inbox.svelte", &long)]).len(),
        1
    );
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    expect_none(&complaints(&[Source::made_up(
        "crates/wire/src/seal.rs",
        &tested,
    )]));
}
