//! The owner's words: what the window never says to a shop owner.

use crate::repository::{Source, expect_none, sources};

/// Words of other programs and of our own kitchen.
const NOT_THE_OWNERS: &[&str] = &[
    "agent",
    "agents",
    "ticket",
    "tickets",
    "webhook",
    "webhooks",
    "inbox id",
    "oauth",
    "token",
    "tokens",
    "payload",
    "endpoint",
    "database",
    "sqlcipher",
    "oops",
    "please",
    "envelope",
    "envelopes",
];

/// Complaints about the texts of a catalogue: what stands in quotes behind a key.
fn complaints(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in source.numbered() {
        if line.trim_start().starts_with("//") || line.trim_start().starts_with('*') {
            continue;
        }
        for text in quoted(line) {
            let lower = text.to_lowercase();
            let words: Vec<&str> = lower
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .collect();
            let spoken = format!(" {} ", words.join(" "));
            for word in NOT_THE_OWNERS {
                if spoken.contains(&format!(" {word} ")) {
                    complaints.push(format!("{}:{number}: “{word}” in “{text}”", source.path));
                }
            }
            if text.contains('!') {
                complaints.push(format!(
                    "{}:{number}: an exclamation mark: “{text}”",
                    source.path
                ));
            }
        }
    }
    complaints
}

/// The texts between quotes of any of the three kinds. A line is enough: catalogues have one entry
/// or one piece of a text in each.
fn quoted(line: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(['"', '\'', '`']) {
        let (_, after) = rest.split_at(start);
        let quote = after.chars().next().unwrap_or('"');
        let inside = after.get(1..).unwrap_or_default();
        let Some(end) = inside.find(quote) else { break };
        let (text, after) = inside.split_at(end);
        // A name in code or a path of an import is no text for an owner.
        if text.contains(' ') || text.chars().next().is_some_and(char::is_uppercase) {
            texts.push(text.to_owned());
        }
        rest = after.get(1..).unwrap_or_default();
    }
    texts
}

#[test]
fn the_window_speaks_the_owner_s_words() {
    let sources = sources();
    let english: Vec<_> = sources
        .iter()
        .filter(|source| source.is_in("ui/src/i18n/en"))
        .collect();
    assert!(!english.is_empty(), "the English catalogue is missing");
    let said: usize = english
        .iter()
        .flat_map(|page| page.text.lines())
        .map(quoted)
        .map(|t| t.len())
        .sum();
    assert!(
        said > 100,
        "only {said} texts were read: the catalogue has another form now"
    );
    expect_none(&english.into_iter().flat_map(complaints).collect::<Vec<_>>());
}

#[test]
fn control_a_word_of_another_program_is_found() {
    let lines = [
        "  assign: 'Give this to an agent',",
        "  open: \"Open ticket\",",
        "  lost: `No webhook since ${time}`,",
        "  broken: 'Oops, that did not work',",
        "  sent: 'Sent!',",
    ];
    for line in lines {
        let found = complaints(&Source::made_up("ui/src/i18n/en.ts", line));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
    }
    expect_none(&complaints(&Source::made_up(
        "ui/src/i18n/en.ts",
        "  go: 'Connect my shop',",
    )));
}
