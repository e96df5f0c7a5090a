//! The repository's own commands: set up, demo, test, bench.
//!
//! Thin on purpose: few dependencies, so that it is the first thing that compiles. What a rule of
//! the repository is belongs into a test (`tests/tidy.rs`), not here.

mod bench;
mod bindings;
mod bundle;
mod clean_root;
mod counts;
mod demo;
mod fields;
mod form;
mod fuzz;
mod group;
mod headless;
mod interrupt;
mod looks;
mod npm;
mod open;
mod parts;
mod say;
mod services;
mod setup;
mod skipped;
mod step;
mod system;
mod torture;
mod walk;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use workspace::Workspace;

const USAGE: &str = "\
cargo xtask setup                     install what building and testing need
cargo xtask demo [--headless] [--keep] [--browser] [--built]
                                      sandbox, relay and desktop on this machine
    --headless   no display: play the whole story through the real window and report
    --keep       keep the demo's data from the last time; the sandbox is new, so sign in again
    --browser    log in through your own browser instead of the built-in walk
    --built      start what is built already: nothing is installed, nothing compiled
cargo xtask test                      every check and test of the repository
cargo xtask bench [NAME…] [--json] [--quick]
                                      how fast, beside its peers (docs/benchmarks.md)
    --quick      shops of a tenth the size
cargo xtask fuzz [NAME…] [--seconds N] [--seed N] feed every parser with bytes nobody thought of
cargo xtask torture [NAME] [--minutes N]
                                      kill, cut off and obstruct, for as long as wished
cargo xtask bundle [--try]            the packages people install
    --try        install and start the .deb in a clean Debian (root, mmdebstrap)
cargo xtask looks [--keep] [--renders FOLDER]
                                      the real window beside the design's renders
    --keep       lay out the pictures of the last time
cargo xtask bindings                  write the window's typed bindings again
cargo xtask walk-login URL            walk an authorise address through the sandbox's login;
                                      any other address is opened in the browser";

fn main() -> ExitCode {
    interrupt::watch();
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["setup"] => {
            setup::everything(&Workspace::find()?)?;
            say::line("Ready.");
        }
        ["test"] => return parts::run(&Workspace::find()?),
        ["demo", flags @ ..] => return demo::run(&Workspace::find()?, flags),
        ["bench", words @ ..] => return bench::run(&Workspace::find()?, words),
        ["fuzz", words @ ..] => return fuzz::command(&Workspace::find()?, words),
        ["torture", words @ ..] => return torture::run(&Workspace::find()?, words),
        ["bundle", flags @ ..] => return bundle::run(&Workspace::find()?, flags),
        ["looks", words @ ..] => return looks::run(&Workspace::find()?, words),
        ["bindings"] => {
            let workspace = Workspace::find()?;
            setup::everything(&workspace)?;
            bindings::write(&workspace)?;
        }
        ["walk-login", url] if walk::is_login(url) => {
            walk::login(url, &walk::Choice::from_environment())?;
        }
        // A customer's link, a picture, the phones.
        ["walk-login", url] => open::address(url)?,
        [] | ["help", ..] => say::line(USAGE),
        words if words.iter().any(|word| matches!(*word, "--help" | "-h")) => say::line(USAGE),
        other => bail!("no such command: {}\n{USAGE}", other.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
