//! A figure, how it varies, and how it is told: a line of JSON or a line of a table.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Result;
use serde::Serialize;

/// How figures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One object a line.
    Json,
    /// For a person.
    Table,
}

/// What a ratio should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// Ours divided by the other's, at least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

/// One round: ours, then the other's, one right after the other.
pub(crate) type Round = (f64, f64);

/// Names and versions of what was measured.
pub(crate) type Versions = BTreeMap<&'static str, String>;

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// The benchmark.
    pub(crate) name: &'static str,
    /// Which of its figures.
    pub(crate) figure: &'static str,
    /// The median of ours.
    pub(crate) ours: f64,
    /// The median of the other's.
    pub(crate) other: f64,
    /// What both are counted in.
    pub(crate) unit: &'static str,
    /// Ours divided by the other's.
    pub(crate) ratio: f64,
    /// What the ratio should be.
    pub(crate) goal: f64,
    /// Whether the ratio should be at least or at most the goal.
    pub(crate) wanted: &'static str,
    /// Whether it is.
    pub(crate) met: bool,
    /// The lowest and the highest ratio of a single round, apart, in parts of the ratio.
    pub(crate) spread: f64,
    /// How often both sides were measured.
    pub(crate) rounds: usize,
    /// Each round as it was.
    pub(crate) each: Vec<Round>,
    /// What was measured.
    pub(crate) versions: Versions,
}

impl Figure {
    /// Puts rounds together.
    pub(crate) fn of(
        (name, figure): (&'static str, &'static str),
        (goal, unit): (Goal, &'static str),
        each: Vec<Round>,
        versions: Versions,
    ) -> Self {
        let ours = median(each.iter().map(|round| round.0));
        let other = median(each.iter().map(|round| round.1));
        let ratio = ours / other;
        let ratios = each.iter().map(|round| round.0 / round.1);
        let (low, high) = ratios.fold((f64::MAX, f64::MIN), |(low, high), one| {
            (low.min(one), high.max(one))
        });
        let (wanted, goal, met) = match goal {
            Goal::AtLeast(goal) => ("at least", goal, ratio >= goal),
            Goal::AtMost(goal) => ("at most", goal, ratio <= goal),
        };
        Self {
            name,
            figure,
            ours,
            other,
            unit,
            ratio,
            goal,
            wanted,
            met,
            spread: (high - low) / ratio,
            rounds: each.len(),
            each,
            versions,
        }
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|at| values.get(at));
    (lower.copied().unwrap_or(f64::NAN) + upper) / 2.0
}

/// The head of the table; a stream of JSON has none.
pub(crate) fn begin(form: Form) -> Result<()> {
    if form == Form::Json {
        return Ok(());
    }
    let head = format!(
        "{:<18} {:<16} {:>10} {:>10} {:>9} {:>7} {:>14} {:>7}",
        "benchmark", "figure", "ours", "other", "", "ratio", "goal", "spread"
    );
    line(&head)
}

/// Tells a figure on the standard output.
pub(crate) fn tell(form: Form, figure: &Figure) -> Result<()> {
    if form == Form::Json {
        return line(&serde_json::to_string(figure)?);
    }
    let met = if figure.met { "met" } else { "NOT met" };
    line(&format!(
        "{:<18} {:<16} {:>10.2} {:>10.2} {:>9} {:>7.2} {:>14} {:>6.0}%  {met}, {} rounds",
        figure.name,
        figure.figure,
        figure.ours,
        figure.other,
        figure.unit,
        figure.ratio,
        format!("{} {:.2}", figure.wanted, figure.goal),
        figure.spread * 100.0,
        figure.rounds
    ))
}

fn line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// For a person, apart from what a program may read. A closed terminal is no reason to stop.
pub(crate) fn say_apart(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(goal: Goal, each: &[Round]) -> Figure {
        Figure::of(("a", "b"), (goal, "ms"), each.to_vec(), Versions::new())
    }

    #[test]
    fn one_slow_round_moves_the_spread_and_not_the_ratio() {
        let each = [
            (30.0, 10.0),
            (31.0, 10.0),
            (29.0, 10.0),
            (30.0, 40.0),
            (30.0, 10.0),
        ];
        let figure = figure(Goal::AtLeast(3.0), &each);
        assert_eq!((figure.ratio, figure.rounds, figure.met), (3.0, 5, true));
        assert!((figure.spread - (3.1 - 0.75) / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_goal_that_is_missed_is_told_as_missed() {
        let each = [(1.4, 1.0), (1.4, 1.0)];
        assert!(!figure(Goal::AtMost(1.35), &each).met);
        assert!(figure(Goal::AtMost(1.5), &each).met);
        assert!(!figure(Goal::AtLeast(1.5), &each).met);
    }

    #[test]
    fn a_line_of_json_has_what_its_readers_look_for() {
        let figure = figure(Goal::AtMost(1.5), &[(1.0, 1.0)]);
        let json = serde_json::to_value(figure).unwrap();
        for key in [
            "name", "ours", "other", "ratio", "goal", "spread", "rounds", "versions",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
    }
}
