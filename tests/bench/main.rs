//! How fast, as ratios: each figure of ours beside the same figure of a peer, taken in turns on the
//! same machine in the same run. `cargo xtask bench` prepares and starts this.
//!
//! It asserts nothing about time and fails only if something could not be measured: a shared
//! machine is slow for reasons that are nobody's fault. Each line says whether its goal is met.

mod generator;
mod ground;
mod growth;
mod ingest;
mod insert;
mod languages;
mod paint;
mod report;
mod secrets;

use std::process::ExitCode;

use anyhow::{Result, bail};
use ground::Ground;
use report::{Figure, Form};

/// The benchmarks, in the order in which they run when none is named.
const NAMES: [&str; 4] = [ingest::NAME, insert::NAME, growth::NAME, paint::NAME];

fn main() -> ExitCode {
    match start(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say_apart(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(mut words: Vec<String>) -> Result<()> {
    // What relay, sandbox and engine say in this process must not come between the figures.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_writer(std::io::stderr)
        .init();
    // Started by itself, at a desk whose keychain only a program at that desk can reach.
    if let [verb, folder] = words.as_slice()
        && verb == paint::FURNISH
    {
        return paint::furnish(folder.as_ref());
    }
    if let [verb, side @ ..] = words.as_slice()
        && verb == insert::SIDE
    {
        return insert::side(side);
    }
    let json = words.iter().any(|word| word == "--json");
    let quick = words.iter().any(|word| word == "--quick");
    words.retain(|word| word != "--json" && word != "--quick");
    if let Some(unknown) = words.iter().find(|word| !NAMES.contains(&word.as_str())) {
        bail!(
            "no benchmark is called {unknown}; there are {}",
            NAMES.join(", ")
        );
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let form = if json { Form::Json } else { Form::Table };
    let ground = Ground::lay(quick)?;
    report::begin(form)?;
    for name in NAMES.into_iter().filter(|name| wanted(name)) {
        for figure in measure(name, &ground)? {
            report::tell(form, &figure)?;
            ground.keep(&figure)?;
        }
    }
    Ok(())
}

fn measure(name: &str, ground: &Ground) -> Result<Vec<Figure>> {
    report::say_apart(&format!("· {name} …"));
    match name {
        ingest::NAME => ingest::measure(ground),
        insert::NAME => insert::measure(ground),
        growth::NAME => growth::measure(ground),
        _ => paint::measure(ground),
    }
}
