//! The product beside what a user would use instead, in one run: `cargo bench --bench versus`. Prints a table of ratios.
//!
//! It makes its data once (see `data`), starts `serve` as a user would, runs both sides by turns and compares medians. No
//! number here is asserted; benches/README.md keeps them, with the machine, the date and what follows from them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's table is its output")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure has nothing to say")]
#![expect(
    clippy::disallowed_methods,
    reason = "what is measured is the machine, and its clock is the measure"
)]

mod bare;
mod data;
mod export;
mod http;
mod pages;
mod postgres;
mod process;
mod prune;
mod recording;
mod report;
mod set;
mod startup;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Parser;

use crate::set::Set;

/// Compares krosyn-audit with what a user would use instead
#[derive(Parser)]
struct Arguments {
    /// How many entries the first organization of the large set holds; 199 others hold a quarter more
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// How many entries that of the small set holds
    #[arg(long, default_value_t = 10_000)]
    small: u64,
    /// How often both sides of a comparison run
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these: startup, batches, singles, pages, export, prune, postgres
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the data sets are made, and kept for the next run
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/versus"))]
    dir: PathBuf,
    /// What cargo tells every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs().cast_signed();
    std::fs::create_dir_all(&arguments.dir).expect("a directory");
    let set = |entries| Set::of(&arguments.dir, entries, now);
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let mut outcomes = Vec::new();
    if wanted("startup") {
        outcomes.extend(startup::outcomes());
    }
    let Arguments { dir, entries, rounds, .. } = &arguments;
    if wanted("batches") {
        outcomes.push(recording::in_batches(dir, *entries, *rounds, now));
    }
    if wanted("singles") {
        outcomes.extend(recording::in_singles(dir, *entries, *rounds, now));
    }
    if wanted("pages") {
        outcomes.extend(pages::outcomes(&set(arguments.small), &set(arguments.entries)));
    }
    if wanted("export") {
        outcomes.extend(export::outcomes(&set(arguments.entries), arguments.rounds));
    }
    if wanted("prune") {
        outcomes.extend(prune::outcomes(&set(arguments.entries), now));
    }
    if wanted("postgres") {
        outcomes.extend(postgres::outcomes(dir, *entries, *rounds, now));
    }
    report::print(&outcomes);
}
