//! What a package says of itself, read by the program that will install it: what it needs, what it
//! would like to have beside it, and what lies in it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::bundle::must;
use crate::say;
use crate::workspace::which;

/// A kind of package: its ending, who reads it, and the questions with what each answer names.
struct Kind {
    end: &'static str,
    reader: &'static str,
    questions: [Question; 3],
}

/// The words before the file and after it, and what the answer has to name.
struct Question {
    before: &'static [&'static str],
    after: &'static [&'static str],
    named: &'static [&'static str],
}

/// The program, how it is found, and how a shop of programs shows it; a .deb tells its paths
/// without the first stroke.
const INSIDE: &[&str] = &[
    "usr/bin/shopbell",
    "usr/share/applications/Shopbell.desktop",
    "usr/share/metainfo/app.shopbell.desktop.metainfo.xml",
];

const KINDS: [Kind; 2] = [
    Kind {
        end: "deb",
        reader: "dpkg-deb",
        questions: [
            Question {
                before: &["--field"],
                after: &["Depends"],
                named: &["libwebkit2gtk-4.1", "libgtk-3", "xdg-utils"],
            },
            Question {
                before: &["--field"],
                after: &["Recommends"],
                named: &["gnome-keyring", "fonts-noto-core", "fonts-noto-color-emoji"],
            },
            Question {
                before: &["--contents"],
                after: &[],
                named: INSIDE,
            },
        ],
    },
    Kind {
        end: "rpm",
        reader: "rpm",
        questions: [
            Question {
                before: &["--query", "--package", "--requires"],
                after: &[],
                named: &["libwebkit2gtk-4.1", "libgtk-3", "xdg-utils"],
            },
            Question {
                before: &["--query", "--package", "--recommends"],
                after: &[],
                named: &[
                    "gnome-keyring",
                    "google-noto-sans-arabic-fonts",
                    "google-noto-color-emoji-fonts",
                ],
            },
            Question {
                before: &["--query", "--package", "--list"],
                after: &[],
                named: INSIDE,
            },
        ],
    },
];

/// Reads a package, if it is of a kind with fields and its reader is there.
pub(crate) fn read(package: &Path) -> Result<()> {
    let end = package.extension().and_then(|end| end.to_str());
    let Some(kind) = KINDS.iter().find(|kind| Some(kind.end) == end) else {
        return Ok(());
    };
    if which(kind.reader).is_none() {
        say::line(&format!(
            "  the .{} is not read: there is no {} here",
            kind.end, kind.reader
        ));
        return Ok(());
    }
    for question in &kind.questions {
        let mut command = Command::new(kind.reader);
        command
            .args(question.before)
            .arg(package)
            .args(question.after);
        let said = must(&mut command)?;
        let missing = missing(&said, question.named);
        ensure!(
            missing.is_empty(),
            "{command:?} does not name {}:\n{said}",
            missing.join(", ")
        );
    }
    say::line(&format!(
        "✓ the .{} names what it needs and recommends, and holds program, desktop file and metainfo",
        kind.end
    ));
    Ok(())
}

fn missing(said: &str, named: &[&'static str]) -> Vec<&'static str> {
    let named = named.iter().copied();
    named.filter(|name| !said.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_does_not_name_is_missing() {
        let said = "libwebkit2gtk-4.1.so.0()(64bit)\nxdg-utils\n";
        let [needs, ..] = &KINDS[1].questions;
        assert_eq!(missing(said, needs.named), ["libgtk-3"]);
        assert!(missing("/usr/bin/shopbell\n", &["usr/bin/shopbell"]).is_empty());
    }
}
