//! `ingest-vs-express`: how many signed webhooks a second are kept durably and answered with 200,
//! against the receiver most teams write (`express/server.mjs`).
//!
//! Both are separate programs on loopback, both verify the signature over the raw bytes, know the
//! account, keep the event in SQLite (WAL, synchronous=FULL) and answer only then. The relay alone
//! seals each event to its device, chains it and signs the chain. After each round the rows are
//! counted: as many as there were 200s, or the round is no figure.

mod device;
mod express;
mod graph;
mod load;
mod relay;

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::ground::{Ground, versions};
use crate::report::{Figure, Goal, Round, say_apart};
use express::Express;
use load::Load;
use relay::Template;

pub(crate) const NAME: &str = "ingest-vs-express";

/// Accounts, what the figure is called, and its goal.
const FIGURES: [(usize, &str, f64); 2] = [(1_000, "1,000 accounts", 3.0), (1, "1 account", 5.0)];
const ROUNDS: u64 = 5;
/// Connections that are kept open, each with one request at a time.
const CONNECTIONS: usize = 64;
/// Not counted: connections open, code is compiled, pages are warm.
const WARM: Duration = Duration::from_secs(1);
/// Counted.
const COUNTED: Duration = Duration::from_secs(8);

/// What a peer is: an address to post to, and its rows once it has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outcome {
    /// 200s a second in the counted time.
    rate: f64,
    /// 200s in all.
    answered: u64,
}

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(all(ground))
}

async fn all(ground: &Ground) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (accounts, name, goal) in FIGURES {
        let template = Template::make(ground, accounts).await?;
        let mut rounds: Vec<Round> = Vec::new();
        let mut peer = String::new();
        for round in 1..=ROUNDS {
            let ours = ours(ground, &template).await?;
            let (other, version) = theirs(ground, &template.accounts).await?;
            say_apart(&format!(
                "  {name}, round {round}: {ours:.0} against {other:.0} a second"
            ));
            rounds.push((ours, other));
            peer = version;
        }
        let versions = versions(&[("peer", peer)]);
        let goal = (Goal::AtLeast(goal), "webhooks/s");
        figures.push(Figure::of((NAME, name), goal, rounds, versions));
    }
    Ok(figures)
}

async fn ours(ground: &Ground, template: &Template) -> Result<f64> {
    let relay = template.start(ground).await?;
    let load = Load::of(&template.accounts, relay::SECRET);
    let outcome = load
        .run(relay.address, CONNECTIONS, (WARM, COUNTED))
        .await?;
    let kept = relay.stop().await?;
    ensure!(
        kept >= outcome.answered,
        "{} were answered and {kept} kept",
        outcome.answered
    );
    Ok(outcome.rate)
}

async fn theirs(ground: &Ground, accounts: &[String]) -> Result<(f64, String)> {
    let peer = Express::start(ground, accounts).await?;
    let load = Load::of(accounts, relay::SECRET);
    let outcome = load.run(peer.address, CONNECTIONS, (WARM, COUNTED)).await?;
    let version = peer.version.clone();
    let kept = peer.stop().await?;
    ensure!(
        kept >= outcome.answered,
        "{} were answered and {kept} kept by the peer",
        outcome.answered
    );
    Ok((outcome.rate, version))
}
