//! `docs/promises.toml`: what five privacy policies of this field only promise, and where we stand.
//!
//! A promise is kept when a test that exists shows it. The ledger knows every promise by its id.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::repository::{Source, expect_none, sources};

/// How many promises each of the five policies makes.
const POLICIES: [(&str, u32); 5] = [("S0", 38), ("S1", 32), ("S2", 18), ("S3", 56), ("S4", 39)];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promise {
    state: State,
    /// What is kept and what is missing; why it is declined.
    #[serde(default)]
    says: String,
    /// `path: name` of each test that shows it.
    #[serde(default)]
    tests: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Kept,
    Partly,
    Open,
    Declined,
}

fn complaints(ledger: &str, sources: &[Source]) -> Vec<String> {
    let ledger: toml::Table = match ledger.parse() {
        Ok(ledger) => ledger,
        Err(error) => return vec![error.to_string()],
    };
    let known = ids();
    let mut complaints: Vec<String> = known
        .iter()
        .filter(|id| !ledger.contains_key(*id))
        .map(|id| format!("{id} is missing"))
        .collect();
    for (id, value) in ledger {
        if !known.contains(&id) {
            complaints.push(format!("{id} is no promise"));
        }
        match value.try_into::<Promise>() {
            Ok(promise) => complaints.extend(of_one(&id, &promise, sources)),
            Err(error) => complaints.push(format!("{id}: {error}")),
        }
    }
    complaints
}

fn of_one(id: &str, promise: &Promise, sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    match promise.state {
        State::Kept if promise.tests.is_empty() => {
            complaints.push(format!("{id} is kept, but no test shows it"));
        }
        State::Partly if promise.tests.is_empty() || promise.says.is_empty() => {
            complaints.push(format!(
                "{id} is partly kept: which part, and which test shows it?"
            ));
        }
        State::Declined if promise.says.is_empty() => {
            complaints.push(format!("{id} is declined without a reason"));
        }
        State::Open if !promise.tests.is_empty() => {
            complaints.push(format!("{id} is open, yet a test shows something of it"));
        }
        _ => {}
    }
    for test in promise.tests.iter().filter(|test| !exists(test, sources)) {
        complaints.push(format!("{id}: there is no test “{test}”"));
    }
    complaints
}

/// `path: name` is a test if that file declares it.
fn exists(test: &str, sources: &[Source]) -> bool {
    let Some((path, name)) = test.split_once(": ") else {
        return false;
    };
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return false;
    };
    if !source.is(".rs") {
        return ["it(", "test("].iter().any(|call| {
            ["'", "\"", "`"]
                .iter()
                .any(|quote| source.text.contains(&format!("{call}{quote}{name}{quote}")))
        });
    }
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let declares = |line: &str| {
        line.starts_with(&format!("fn {name}(")) || line.starts_with(&format!("async fn {name}("))
    };
    let is_test = |line: &str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    lines.iter().enumerate().any(|(number, line)| {
        let attributes = lines
            .iter()
            .take(number)
            .rev()
            .take_while(|line| line.starts_with("#["));
        declares(line) && attributes.copied().any(is_test)
    })
}

fn ids() -> BTreeSet<String> {
    POLICIES
        .iter()
        .flat_map(|(policy, count)| (1..=*count).map(move |n| format!("{policy}-{n:02}")))
        .collect()
}

#[test]
fn every_promise_has_its_true_state() {
    let sources = sources();
    let ledger = sources
        .iter()
        .find(|source| source.path == "docs/promises.toml");
    let ledger = ledger.expect("the ledger is there");
    assert_eq!(ids().len(), 183);
    expect_none(&complaints(&ledger.text, &sources));
}

#[test]
fn control_a_claim_without_a_test_is_found() {
    let source = Source::made_up(
        "tests/flow/erasure.rs",
        "#[tokio::test]\nasync fn nothing_is_left() {}\nfn helper() {}\n",
    );
    let page = Source::made_up("ui/a.test.ts", "it('shows the reason', () => {});");
    let sources = [source, page];
    let of = |entry: &str| {
        let others = ids().into_iter().filter(|id| id != "S0-01");
        let others: String = others
            .map(|id| format!("[{id}]\nstate = \"open\"\n"))
            .collect();
        complaints(&format!("{others}[S0-01]\n{entry}\n"), &sources).len()
    };
    assert_eq!(of("state = \"open\""), 0);
    assert_eq!(
        of("state = \"kept\"\ntests = [\"tests/flow/erasure.rs: nothing_is_left\"]"),
        0
    );
    assert_eq!(
        of("state = \"kept\"\ntests = [\"ui/a.test.ts: shows the reason\"]"),
        0
    );

    assert_eq!(of("state = \"kept\""), 1);
    assert_eq!(
        of("state = \"kept\"\ntests = [\"tests/flow/erasure.rs: nothing\"]"),
        1
    );
    assert_eq!(
        of("state = \"kept\"\ntests = [\"tests/flow/erasure.rs: helper\"]"),
        1
    );
    assert_eq!(
        of("state = \"kept\"\ntests = [\"tests/flow/gone.rs: nothing_is_left\"]"),
        1
    );
    assert_eq!(
        of("state = \"partly\"\ntests = [\"ui/a.test.ts: shows the reason\"]"),
        1
    );
    assert_eq!(of("state = \"declined\""), 1);
    assert_eq!(of("state = \"nearly\""), 1);
    assert_eq!(complaints("", &sources).len(), 183);
    assert_eq!(of("state = \"open\"\n[S9-01]\nstate = \"open\""), 1);
}
