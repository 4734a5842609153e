//! Pages that arrive late, and entries that were recorded or pruned meanwhile.

use super::*;
use crate::browse::tests::entry;

fn page(anchor: PageAnchor, ids: &[u64], is_end: bool, total: Option<u64>) -> LoadedPage {
    let entries = ids.iter().map(|id| entry(*id)).collect();
    LoadedPage { anchor, entries, is_end, total, before: None, as_of: 100 }
}

fn ids(window: &Window) -> Vec<u64> {
    window.entries().iter().map(|entry| entry.id).collect()
}

#[test]
fn new_entries_go_to_their_place_even_if_they_are_late() {
    let mut window = Window::default();
    window.take(page(PageAnchor::First, &[9, 7, 5], false, Some(30)), Order::Descending);
    let shift = window.take(page(PageAnchor::Recorded(9), &[8, 11, 2], true, None), Order::Descending);
    assert_eq!((ids(&window), shift, window.total), (vec![11, 9, 8, 7, 5], 1, 33));
    // Above a window that does not begin with the newest entry, only the indexes change.
    window.take(page(PageAnchor::Last, &[3, 2, 1], false, Some(33)), Order::Descending);
    assert_eq!(window.first(), 30);
    assert_eq!(window.take(page(PageAnchor::Recorded(11), &[12], true, None), Order::Descending), 1);
    assert_eq!((ids(&window), window.first(), window.end()), (vec![3, 2, 1], 31, 34));
}

#[test]
fn the_start_is_reached_also_if_entries_were_pruned_or_recorded_meanwhile() {
    for (counted, loaded) in [(30, 27), (3, 20)] {
        let mut window = Window::default();
        let last: Vec<u64> = (1..=3).rev().collect();
        window.take(page(PageAnchor::Last, &last, false, Some(counted + 3)), Order::Descending);
        let above: Vec<u64> = (4..4 + loaded).rev().collect();
        window.take(page(PageAnchor::Before(entry(3).position()), &above, true, None), Order::Descending);
        assert_eq!((window.first(), window.total, window.end()), (0, loaded + 3, loaded + 3));
        assert!(window.has_start() && window.missing(0, 10).is_none());
    }
}
