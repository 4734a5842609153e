//! Runs a function on many items with all cores.

use std::panic::resume_unwind;
use std::thread;

/// The results of `work` for each item, in order. Each thread gets at least `share` items, so that few items stay on the
/// calling thread, which must be one that may block.
pub fn map<T: Sync, R: Send>(items: &[T], share: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(share).max(1);
    let work = &work;
    thread::scope(|scope| {
        let (own, others) = items.split_at(share.min(items.len()));
        let others =
            others.chunks(share).map(|share| scope.spawn(|| share.iter().map(work).collect::<Vec<R>>()));
        let others: Vec<_> = others.collect();
        let mut results: Vec<R> = own.iter().map(work).collect();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1001).collect();
        for (count, share) in [(0, 1), (1, 1), (7, 100), (1000, 0), (1001, 1), (1001, 300), (1001, 5000)] {
            let doubled = map(&items[..count], share, |item| item * 2);
            assert!(doubled.iter().copied().eq((0..count).map(|item| item * 2)), "{count} by {share}");
        }
    }
}
