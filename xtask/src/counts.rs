//! Reads how many tests passed and failed out of what the runners say at their end.

use std::fmt;
use std::ops::AddAssign;

/// Passed and failed, and those that could say nothing on this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// So many of those that passed said nothing.
    pub(crate) fn skip(&mut self, many: u64) {
        self.passed = self.passed.saturating_sub(many);
        self.skipped += many;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The counts of a runner that ended with `passed`.
///
/// A runner that failed without naming a failed test (it did not compile, it crashed) counts as
/// one failure, and so does one that claims success and ran nothing.
pub(crate) fn of_runner(output: &str, passed: bool) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        counts += of_line(line.trim());
    }
    if counts.failed == 0 && (!passed || counts.passed == 0) {
        counts.failed = 1;
    }
    counts
}

/// A check has no tests of its own: it holds or it does not.
pub(crate) fn of_check(passed: bool) -> Counts {
    Counts {
        passed: u64::from(passed),
        failed: u64::from(!passed),
        ..Counts::default()
    }
}

/// Only the line in which a runner adds up: what a failed test printed may hold another runner's.
fn of_line(line: &str) -> Counts {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        // cargo-nextest: "Summary [   1.2s] 12 tests run: 10 passed, 1 failed, 1 timed out".
        ["Summary", ..] => before_words(line.split_once("run:").map_or("", |(_, rest)| rest)),
        // Vitest: "Tests  1 failed | 118 passed | 2 skipped (121)".
        ["Tests", ..] => before_words(line),
        _ => Counts::default(),
    }
}

/// Every "N word" in a line of them.
fn before_words(line: &str) -> Counts {
    let words: Vec<&str> = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut counts = Counts::default();
    for pair in words.windows(2) {
        if let [number, word] = pair {
            counts += one(number, word);
        }
    }
    counts
}

fn one(number: &str, word: &str) -> Counts {
    match word {
        "passed" => Counts {
            passed: parse(number),
            ..Counts::default()
        },
        // A flaky test failed once; nothing here is retried on purpose.
        "failed" | "flaky" | "timed" | "exec" | "interrupted" => Counts {
            failed: parse(number),
            ..Counts::default()
        },
        _ => Counts::default(),
    }
}

fn parse(number: &str) -> u64 {
    number.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped: 0,
        }
    }

    #[test]
    fn who_said_nothing_did_not_pass() {
        let mut all = counts(12, 1);
        assert_eq!(all.to_string(), "12 passed, 1 failed");
        all.skip(3);
        assert_eq!(all.to_string(), "9 passed, 1 failed");
    }

    #[test]
    fn each_runner_s_own_words_are_understood() {
        let cases = [
            (
                "     Summary [   3.481s] 12 tests run: 12 passed, 3 skipped",
                counts(12, 0),
            ),
            (
                "     Summary [   3.481s] 12 tests run: 12 passed (2 slow), 3 skipped",
                counts(12, 0),
            ),
            (
                "Summary [ 90.1s] 9/12 tests run: 6 passed, 2 failed, 1 timed out, 0 skipped",
                counts(6, 3),
            ),
            ("      Tests  118 passed (118)", counts(118, 0)),
            (
                "      Tests  1 failed | 118 passed | 2 skipped (121)",
                counts(118, 1),
            ),
            (" Test Files  1 failed | 9 passed (10)", counts(0, 0)),
            // A failed test's own words, which nextest prints again.
            (
                "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured",
                counts(0, 0),
            ),
            ("we passed the shop", counts(0, 0)),
        ];
        for (line, expected) in cases {
            assert_eq!(of_line(line.trim()), expected, "{line}");
        }
    }

    #[test]
    fn a_runner_that_broke_without_a_count_is_one_failure() {
        assert_eq!(of_runner("error: could not compile", false), counts(0, 1));
        assert_eq!(
            of_runner("Tests  14 passed (14)\nsomething broke", false),
            counts(14, 1)
        );
    }

    #[test]
    fn a_runner_that_ran_nothing_did_not_pass() {
        assert_eq!(
            of_runner("Summary [ 0.0s] 0 tests run: 0 passed", true),
            counts(0, 1)
        );
        assert_eq!(of_runner("", true), counts(0, 1));
    }
}
