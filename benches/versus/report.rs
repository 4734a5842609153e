//! Computes medians and ratios and prints the table. Both sides run in turns, so that other load affects both.

use crate::process::Cost;

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) what: String,
    /// The goal: a ratio or a figure.
    pub(crate) bar: Bar,
    pub(crate) ratio: f64,
    pub(crate) ours: Cost,
    pub(crate) theirs: Cost,
}

/// Whether the figure should be at most or at least the goal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    /// No goal: a figure to compare with.
    None,
}

impl Outcome {
    /// A figure without a baseline.
    pub(crate) fn bound(what: &str, at_most: f64, figure: f64) -> Self {
        let (ours, theirs) = (Cost::default(), Cost::default());
        Self { what: what.to_owned(), bar: Bar::AtMost(at_most), ratio: figure, ours, theirs }
    }

    /// A figure without a baseline; larger is better.
    pub(crate) fn at_least(what: &str, at_least: f64, figure: f64) -> Self {
        Self { bar: Bar::AtLeast(at_least), ..Self::bound(what, at_least, figure) }
    }

    /// The ratio of two rates; larger is better.
    pub(crate) fn rates(what: &str, at_least: f64, ours: Cost, theirs: Cost) -> Self {
        let ratio = theirs.wall_s / ours.wall_s;
        Self { what: what.to_owned(), bar: Bar::AtLeast(at_least), ratio, ours, theirs }
    }

    const fn is_met(&self) -> bool {
        match self.bar {
            Bar::AtMost(bar) => self.ratio <= bar,
            Bar::AtLeast(bar) => self.ratio >= bar,
            Bar::None => true,
        }
    }
}

/// Runs both in turns and compares the medians of their wall times.
pub(crate) fn alternate(
    what: &str,
    at_most: f64,
    rounds: usize,
    ours: &dyn Fn() -> Cost,
    theirs: &dyn Fn() -> Cost,
) -> Outcome {
    let (ours, theirs) = by_turns(rounds, ours, theirs);
    let ratio = ours.wall_s / theirs.wall_s;
    Outcome { what: what.to_owned(), bar: Bar::AtMost(at_most), ratio, ours, theirs }
}

/// Runs both in turns and returns their medians.
pub(crate) fn by_turns(rounds: usize, ours: &dyn Fn() -> Cost, theirs: &dyn Fn() -> Cost) -> (Cost, Cost) {
    let pairs: Vec<(Cost, Cost)> = (0..rounds).map(|_| (ours(), theirs())).collect();
    (middle(pairs.iter().map(|pair| pair.0)), middle(pairs.iter().map(|pair| pair.1)))
}

/// The median of each measure, but the maximum of memory.
fn middle(costs: impl Iterator<Item = Cost> + Clone) -> Cost {
    Cost {
        wall_s: median(costs.clone().map(|cost| cost.wall_s)),
        cpu_s: median(costs.clone().map(|cost| cost.cpu_s)),
        peak_kib: costs.map(|cost| cost.peak_kib).max().unwrap_or(0),
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    percentile(values.collect(), 50)
}

/// A percentile.
pub(crate) fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(place).copied().unwrap_or(f64::NAN)
}

/// Prints the table, as Markdown.
pub(crate) fn print(outcomes: &[Outcome]) {
    println!("| work | bar | figure | | wall ms | CPU ms | peak MiB |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for outcome in outcomes {
        let bar = match outcome.bar {
            Bar::AtMost(bar) => format!("≤ {bar}"),
            Bar::AtLeast(bar) => format!("≥ {bar}"),
            Bar::None => String::new(),
        };
        let met = match outcome.bar {
            Bar::None => "",
            _ if outcome.is_met() => "met",
            _ => "missed",
        };
        let both = |part: &dyn Fn(&Cost) -> f64, digits: usize| match outcome.theirs.wall_s {
            0.0 => String::new(),
            _ => format!("{:.digits$} : {:.digits$}", part(&outcome.ours), part(&outcome.theirs)),
        };
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let mib = |cost: &Cost| cost.peak_kib as f64 / 1024.0;
        println!(
            "| {} | {bar} | {:.3} | {met} | {} | {} | {} |",
            outcome.what,
            outcome.ratio,
            both(&|cost| cost.wall_s * 1000.0, 3),
            both(&|cost| cost.cpu_s * 1000.0, 3),
            both(&mib, 0),
        );
    }
}
