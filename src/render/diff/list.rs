//! Compares two lists: added, removed, changed and moved items.
//!
//! Objects with an `id`, `key` or `name` are matched by it. Other items are matched by content, and the rest by position.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::json::Json;
use crate::render::diff::difference::{Difference, PathStep, ValueDiff};
use crate::render::diff::node::Node;
use crate::render::diff::sequence::{Interner, common_pairs, gaps};

/// Compares two matched items.
type Compare<'a> = &'a dyn Fn(Node<'_>, Node<'_>) -> Option<ValueDiff>;

/// Members that identify an item, the most reliable first.
const NAMES: [&str; 3] = ["id", "key", "name"];

/// The differences by position, moves last.
pub(super) fn items(old: &[Node<'_>], new: &[Node<'_>], compare: Compare<'_>) -> Vec<Difference> {
    let named = NAMES.into_iter().find_map(|name| Some((name, named_by(name, old, new)?)));
    let name = named.as_ref().map(|(name, _)| *name);
    let (old_numbers, new_numbers) = named.map_or_else(|| by_content(old, new), |(_, numbers)| numbers);
    let kept = common_pairs(&old_numbers, &new_numbers);
    let moved = moves(&old_numbers, &new_numbers, &kept);

    let at = |index, diff| Difference { at: PathStep::Item(index), diff };
    let mut found = Vec::new();
    if let Some(name) = name {
        for &(i, j) in kept.iter().chain(&moved) {
            let diff = compare(old[i], new[j]);
            found.extend(diff.map(|diff| Difference { at: named_place(j, name, new[j].value), diff }));
        }
    }
    let moved_old: HashSet<usize> = moved.iter().map(|pair| pair.0).collect();
    let moved_new: HashSet<usize> = moved.iter().map(|pair| pair.1).collect();
    for (removed, added) in gaps(&kept, old.len(), new.len()) {
        let mut removed: Vec<usize> = removed.filter(|i| !moved_old.contains(i)).collect();
        let mut added: Vec<usize> = added.filter(|j| !moved_new.contains(j)).collect();
        // Unnamed items of the same kind between the same neighbours count as changed items.
        let alike = removed.iter().zip(&added).all(|(&i, &j)| kind(old[i].value) == kind(new[j].value));
        if name.is_none() && removed.len() == added.len() && alike {
            for (i, j) in removed.drain(..).zip(added.drain(..)) {
                found.extend(compare(old[i], new[j]).map(|diff| at(j, diff)));
            }
        }
        found.extend(removed.into_iter().map(|i| at(i, ValueDiff::Removed(old[i].value.clone()))));
        found.extend(added.into_iter().map(|j| at(j, ValueDiff::Added(new[j].value.clone()))));
    }
    found.sort_by_key(|difference| match &difference.at {
        PathStep::Item(index) | PathStep::Named(index, _) => {
            (*index, !matches!(difference.diff, ValueDiff::Removed(_)))
        }
        PathStep::Member(_) => (0, false),
    });
    let moved = moved.into_iter();
    found.extend(moved.map(|(from, to)| at(to, ValueDiff::Moved { from, item: old[from].value.clone() })));
    found
}

fn named_place(index: usize, name: &str, item: &Json) -> PathStep {
    let value = item.get(name).map(ToString::to_string);
    PathStep::Named(index, format!("{name}={}", value.unwrap_or_default()))
}

/// Ids of the items by a member, if every item of both lists is an object with it and no two of a list share its value.
fn named_by(name: &str, old: &[Node<'_>], new: &[Node<'_>]) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut numbering = Interner::new();
    let mut side = |items: &[Node<'_>]| -> Option<Vec<u32>> {
        let mut seen = HashSet::new();
        items
            .iter()
            .map(|item| {
                let value = match item.value {
                    Json::Object(_) => item.value.get(name)?,
                    _ => return None,
                };
                let is_name = matches!(value, Json::String(_) | Json::Number(_));
                let number = numbering.id(value.to_string());
                (is_name && seen.insert(number)).then_some(number)
            })
            .collect()
    };
    Some((side(old)?, side(new)?))
}

/// Ids of the items by content.
fn by_content(old: &[Node<'_>], new: &[Node<'_>]) -> (Vec<u32>, Vec<u32>) {
    let mut numbering = Interner::new();
    let mut side = |items: &[Node<'_>]| items.iter().map(|item| numbering.id(item.sum())).collect();
    (side(old), side(new))
}

/// Pairs equal items that are out of order: the first on one side with the first on the other.
fn moves(old: &[u32], new: &[u32], kept: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let kept_old: HashSet<usize> = kept.iter().map(|pair| pair.0).collect();
    let kept_new: HashSet<usize> = kept.iter().map(|pair| pair.1).collect();
    let mut left: HashMap<u32, VecDeque<usize>> = HashMap::new();
    for (i, &item) in old.iter().enumerate().filter(|(i, _)| !kept_old.contains(i)) {
        left.entry(item).or_default().push_back(i);
    }
    let added = new.iter().enumerate().filter(|(j, _)| !kept_new.contains(j));
    added.filter_map(|(j, item)| Some((left.get_mut(item)?.pop_front()?, j))).collect()
}

/// Whether an item is a list, an object or a scalar.
fn kind(value: &Json) -> u8 {
    match value {
        Json::Array(_) => 0,
        Json::Object(_) => 1,
        _ => 2,
    }
}
