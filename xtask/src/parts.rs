//! `cargo xtask test`: every part runs, also after one failed; the last line has the sum.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::{self, Counts};
use crate::workspace::Workspace;
use crate::{bindings, fuzz, interrupt, npm, say, setup, skipped, step, torture};

/// How a part's result becomes a count.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// It holds or it does not.
    Check,
    /// A runner that says how many tests passed and failed.
    Runner,
}

#[derive(Debug, Default)]
struct Results {
    counts: Counts,
    failed: Vec<&'static str>,
    /// Tests that this machine lacks something for.
    skipped: Vec<String>,
}

/// Runs everything. Fails if any part fails.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let begun = Instant::now();
    let mut results = Results::default();
    let ready = setup::everything(workspace).and_then(|()| setup::nextest(workspace));
    if let Err(error) = ready {
        results.broke("set-up", &error);
    }
    checks(workspace, &mut results)?;
    runners(workspace, &mut results)?;
    fuzzed(workspace, &mut results)?;
    if !results.failed.is_empty() {
        say::line(&format!("\nFailed: {}.", results.failed.join(", ")));
    }
    if !results.skipped.is_empty() {
        let (count, names) = (results.skipped.len(), results.skipped.join(", "));
        say::line(&format!("\n{count} said nothing here: {names}."));
    }
    say::line(&format!("\nAfter {}:", say::span(begun.elapsed())));
    say::line(&results.counts.to_string());
    Ok(if results.counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn checks(workspace: &Workspace, results: &mut Results) -> Result<()> {
    let cargo = |arguments: &[&str]| workspace.cargo(arguments);
    results.part(
        workspace,
        "formatting",
        cargo(&["fmt", "--all", "--check"]),
        Kind::Check,
    )?;
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    results.part(workspace, "lints", cargo(&lints), Kind::Check)?;
    results.part(workspace, "build", cargo(setup::BUILD), Kind::Check)?;
    let mut pages = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    pages.env("RUSTDOCFLAGS", "-D warnings");
    results.part(workspace, "documentation", pages, Kind::Check)?;
    match bindings::check(workspace) {
        Ok(()) => results.passed("bindings"),
        Err(error) => results.broke("bindings", &error),
    }
    for (name, script) in [("window: style", "lint"), ("window: types", "check")] {
        results.part(
            workspace,
            name,
            npm::npm(workspace, &["run", script]),
            Kind::Check,
        )?;
    }
    Ok(())
}

fn runners(workspace: &Workspace, results: &mut Results) -> Result<()> {
    let nextest = |filter: &str| {
        let mut command = workspace.cargo(&["nextest", "run", "--workspace", "--locked"]);
        command.args(["--no-fail-fast", "--profile", "all", "-E", filter]);
        command
    };
    let name = "units, flows and tidy";
    let quick = nextest("not binary(window) and not binary(torture)");
    results.part(workspace, name, quick, Kind::Runner)?;
    for (name, script) in [
        ("window: components", "test"),
        ("window: pages", "test:pages"),
    ] {
        results.part(
            workspace,
            name,
            npm::npm(workspace, &["run", script]),
            Kind::Runner,
        )?;
    }
    if cfg!(target_os = "linux") {
        results.part(
            workspace,
            "the real window",
            nextest("binary(window)"),
            Kind::Runner,
        )?;
        torture::forget_counts(workspace)?;
        let name = "torture";
        results.part(workspace, name, nextest("binary(torture)"), Kind::Runner)?;
        torture::say_counts(workspace)?;
    } else {
        say::line("– the real window: its driver exists on Linux only; not run here");
        say::line("– torture: its way of killing was tried on Linux only; not run here");
    }
    Ok(())
}

/// Every target for its twenty seconds; each is one that passed or failed.
fn fuzzed(workspace: &Workspace, results: &mut Results) -> Result<()> {
    if !cfg!(target_os = "linux") {
        say::line("– fuzzing: tried on Linux only; not run here");
        return Ok(());
    }
    match fuzz::run(workspace, &fuzz::Wish::of_the_tests()) {
        Ok(counts) => {
            results.counts += counts;
            if counts.failed > 0 {
                results.failed.push("fuzzing");
            }
        }
        Err(error) => results.broke("fuzzing", &error),
    }
    interrupt::check()
}

impl Results {
    fn part(
        &mut self,
        workspace: &Workspace,
        name: &'static str,
        command: Command,
        kind: Kind,
    ) -> Result<()> {
        let limit = Duration::from_secs(45 * 60);
        skipped::forget(workspace)?;
        let outcome = step::run(name, command, workspace.log(name), limit)?;
        let counts = match kind {
            Kind::Check => counts::of_check(outcome.passed),
            Kind::Runner => {
                let mut counts = counts::of_runner(&outcome.output, outcome.passed);
                for name in skipped::names(workspace) {
                    counts.skip(1);
                    self.skipped.push(name);
                }
                say::line(&format!("  {counts}"));
                counts
            }
        };
        self.counts += counts;
        if counts.failed > 0 {
            self.failed.push(name);
            say::line(&outcome.tail(200));
        }
        interrupt::check()
    }

    fn passed(&mut self, name: &'static str) {
        say::line(&format!("✓ {name}"));
        self.counts += counts::of_check(true);
    }

    fn broke(&mut self, name: &'static str, error: &anyhow::Error) {
        say::line(&format!("✗ {name}\n{error:#}"));
        self.counts += counts::of_check(false);
        self.failed.push(name);
    }
}
