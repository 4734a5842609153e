//! What is compared runs by turns, so that whatever slows the machine down slows all of it down.

use std::time::{Duration, Instant};

/// The medians of the times that each takes, of so many runs.
pub(crate) fn medians<const N: usize>(runs: usize, what: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..runs {
        for (run, times) in what.iter().zip(&mut times) {
            let start = Instant::now();
            run();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[runs / 2]
    })
}
