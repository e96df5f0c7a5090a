//! What one page says of another is there: files that Markdown links to, and headings in them.

use std::collections::BTreeSet;

use crate::repository::{Source, expect_none, root, sources};

/// A page's own pages must exist.
fn complaints(sources: &[Source], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.is(".md")) {
        let folder = source
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        for link in links(&source.text) {
            let elsewhere = ["https://", "http://", "mailto:", "shopbell://"];
            if elsewhere.iter().any(|scheme| link.starts_with(scheme)) {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let path = if file.is_empty() {
                source.path.clone()
            } else {
                join(folder, file)
            };
            if !exists(&path) {
                complaints.push(format!("{}: {link} leads nowhere", source.path));
            } else if let Some(page) = sources.iter().find(|page| page.path == path)
                && page.is(".md")
                && !heading.is_empty()
                && !headings(&page.text).contains(heading)
            {
                complaints.push(format!("{}: {link}: no such heading", source.path));
            }
        }
    }
    complaints
}

/// The targets of `[words](target)`.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut code = false;
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if code {
            continue;
        }
        let ends = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        links.extend(ends.map(|(target, _)| target.trim().to_owned()));
    }
    links
}

/// The anchors of a page's headings, as code hosts make them.
fn headings(text: &str) -> BTreeSet<String> {
    let anchor = |title: &str| {
        let kept = title.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

fn join(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn pages_link_to_what_is_there() {
    expect_none(&complaints(&sources(), |path| root().join(path).exists()));
}

#[test]
fn the_pages_a_newcomer_looks_for_are_there() {
    for path in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "docs/owner/README.md",
        "docs/relay/README.md",
    ] {
        assert!(root().join(path).is_file(), "{path} is missing");
    }
    let licence = std::fs::read_to_string(root().join("LICENSE")).unwrap();
    assert!(licence.contains("Apache License") && licence.contains("END OF TERMS AND CONDITIONS"));
}

#[test]
fn control_a_dead_link_is_found() {
    let page = Source::made_up(
        "docs/owner/README.md",
        "# A day\n[a](../x.md) [b](#a-day) [c](#b)",
    );
    let there = |path: &str| path == "docs/owner/README.md";
    let found = complaints(&[page], there);
    assert_eq!(found.len(), 2, "{found:?}");
}
