//! Measures functions in turns, so that other load on the machine slows all of them equally.

use std::time::{Duration, Instant};

/// The median duration of each function over `runs` runs.
pub(crate) fn medians<const N: usize>(runs: usize, functions: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..runs {
        for (run, times) in functions.iter().zip(&mut times) {
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
