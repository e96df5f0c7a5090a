//! Tests that this machine lacks something for: they write a line that begins with `skipped:` and
//! end, and the runner takes them for passed. By `.config/nextest.toml` it keeps what every test
//! wrote; there they are found again.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::Workspace;

/// Forgets what an earlier run kept.
pub(crate) fn forget(workspace: &Workspace) -> Result<()> {
    match std::fs::remove_file(kept(workspace)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The tests of the last run that passed and said nothing.
pub(crate) fn names(workspace: &Workspace) -> Vec<String> {
    std::fs::read_to_string(kept(workspace)).map_or_else(|_| Vec::new(), |kept| in_report(&kept))
}

/// The runner keeps it in the repository, wherever the build folder is.
fn kept(workspace: &Workspace) -> PathBuf {
    workspace.root.join("target/nextest/all/junit.xml")
}

fn in_report(report: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut current = None;
    for line in report.lines().map(str::trim_start) {
        if let Some(test) = line.strip_prefix("<testcase ") {
            current = attribute(test, "classname").zip(attribute(test, "name"));
        } else if line.starts_with("<failure") || line.starts_with("<error") {
            current = None;
        }
        let said = ["<system-out>", "<system-err>"];
        let said = said.iter().find_map(|tag| line.strip_prefix(tag));
        if said.unwrap_or(line).starts_with("skipped: ")
            && let Some((binary, name)) = current.take()
        {
            names.push(format!("{binary} {name}"));
        }
    }
    names
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag
        .split(' ')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))?;
    rest.strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_nothing_is_told_apart_from_who_passed_and_who_failed() {
        let report = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4" failures="1">
    <testsuite name="store::store" tests="2">
        <testcase name="full::a_full_disk" classname="store::store" timestamp="x" time="0.1">
            <system-out>
running 1 test
</system-out>
            <system-err>skipped: needs root
</system-err>
        </testcase>
        <testcase name="road::all_is_there" classname="store::store" time="0.1">
            <system-err>nothing was skipped: all was there
</system-err>
        </testcase>
    </testsuite>
    <testsuite name="relay" tests="2">
        <testcase name="recorded::failed" classname="relay" time="0.1">
            <failure message="test failed" type="test failure">x</failure>
            <system-err>skipped: no payloads
</system-err>
        </testcase>
        <testcase name="recorded::twice" classname="relay" time="0.1">
            <system-err>a warning
skipped: no payloads
skipped: no payloads
</system-err>
        </testcase>
    </testsuite>
</testsuites>"#;
        assert_eq!(
            in_report(report),
            ["store::store full::a_full_disk", "relay recorded::twice"]
        );
    }
}
