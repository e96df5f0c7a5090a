//! How often, and what was counted.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// For how long a test goes on beyond its short count: `SHOPBELL_TORTURE_MINUTES`, set by
/// `cargo xtask torture`.
///
/// Each round is written down as it begins, so that a run that fails or is ended leaves how far it
/// came; [`report`] puts the counts in its place.
#[derive(Debug)]
pub(crate) struct Rounds {
    test: &'static str,
    short: u32,
    until: Option<Instant>,
    done: u32,
}

impl Rounds {
    /// At least this many, of the test that reports under this name.
    pub(crate) fn at_least(short: u32, test: &'static str) -> Self {
        let minutes = std::env::var("SHOPBELL_TORTURE_MINUTES").ok();
        let minutes = minutes.and_then(|text| text.parse::<u64>().ok());
        let until = minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
        Self {
            test,
            short,
            until,
            done: 0,
        }
    }
}

impl Rounds {
    /// The next round, if there is time for one or something is still missing.
    pub(crate) fn next_until(&mut self, enough: bool) -> Option<u32> {
        let more = self.until.is_some_and(|until| Instant::now() < until);
        if enough && self.done >= self.short && !more {
            return None;
        }
        self.done += 1;
        let so_far = format!("unfinished: it was in round {}", self.done);
        // Only for whoever looks into a run that broke off.
        drop(write(self.test, &so_far));
        Some(self.done)
    }
}

impl Iterator for Rounds {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.next_until(true)
    }
}

/// Goes through the steps of a journey, one after the other, until one is longer than it; then again
/// from the first. So what was covered has no gap.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    survived: u32,
    last: usize,
    furthest: usize,
}

impl Walk {
    /// The step before which the next one is killed.
    pub(crate) const fn next(&self) -> usize {
        self.last + 1
    }

    /// Whether it was killed there, or came to its end before.
    pub(crate) fn went(&mut self, killed: bool) {
        if killed {
            self.last += 1;
            self.furthest = self.furthest.max(self.last);
        } else {
            self.last = 0;
            self.survived += 1;
        }
    }

    /// How often it was gone through from the first step to the last.
    pub(crate) const fn times(&self) -> u32 {
        self.survived
    }

    /// How many steps were covered.
    pub(crate) const fn steps(&self) -> usize {
        self.furthest
    }
}

/// Writes down what a test counted, and says it.
pub(crate) fn report(test: &str, text: &str) -> Result<()> {
    write(test, text)?;
    let mut out = std::io::stdout();
    Ok(writeln!(out, "{test}: {text}")?)
}

fn write(test: &str, text: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{test}.txt")), format!("{text}\n"))
        .context("the counts cannot be written")
}

/// Numbers that look random and are the same in every run of a seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(z % limit).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}
