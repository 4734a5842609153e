//! Compares krosyn-audit with the tools that a user would use instead: `cargo bench --bench versus`. Prints a table of ratios.
//!
//! It generates its data once (see `data`), starts `serve`, runs both sides in turns and compares medians. Nothing is
//! asserted; benches/README.md keeps the figures with the machine, the date and the conclusions.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's table is its output")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure should stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures with the machine's clock")]

mod bare;
mod data;
mod export;
mod http;
mod integrity;
mod limits;
mod page;
mod pages;
mod postgres;
mod process;
mod prune;
mod recording;
mod report;
mod set;
mod startup;
mod wide;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Parser;

use crate::set::Set;

/// Compares krosyn-audit with the tools that a user would use instead
#[derive(Parser)]
struct Arguments {
    /// Entries of the first organization in the large set; 199 others have a quarter of that together
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Entries of the first organization in the small set
    #[arg(long, default_value_t = 10_000)]
    small: u64,
    /// Runs of each side
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Run only these: startup, batches, singles, pages, export, prune, integrity, wide, postgres
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The directory of the data sets, which are kept for the next run
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/versus"))]
    dir: PathBuf,
    /// Passed by cargo to every benchmark
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
        outcomes.push(page::outcome(&set(arguments.entries)));
    }
    if wanted("export") {
        outcomes.extend(export::outcomes(&set(arguments.entries), arguments.rounds));
    }
    if wanted("prune") {
        outcomes.extend(prune::outcomes(&set(arguments.entries), now));
    }
    if wanted("integrity") {
        outcomes.extend(integrity::outcomes(dir, &set(arguments.entries), now));
    }
    if wanted("wide") {
        outcomes.extend(wide::outcomes(dir, *rounds));
    }
    if wanted("postgres") {
        outcomes.extend(postgres::outcomes(dir, *entries, *rounds, now));
    }
    report::print(&outcomes);
}
