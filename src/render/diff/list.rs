//! What differs between two lists: items added, removed, changed and moved.
//!
//! Objects that carry an `id`, `key` or `name` are the same item wherever they stand; other items are known by
//! their content, and what changed in between is paired by place.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::json::Json;
use crate::render::diff::difference::{Difference, PathStep, ValueDiff};
use crate::render::diff::node::Node;
use crate::render::diff::sequence::{Interner, common_pairs};

/// How two items are compared once they are known to be the same item.
type Compare<'a> = &'a dyn Fn(Node<'_>, Node<'_>) -> Option<ValueDiff>;

/// Members that name an item, the surest first.
const NAMES: [&str; 3] = ["id", "key", "name"];

/// The differences by place, moves last.
pub(super) fn items(old: &[Node<'_>], new: &[Node<'_>], compare: Compare<'_>) -> Vec<Difference> {
    let named = NAMES.into_iter().find_map(|name| Some((name, named_by(name, old, new)?)));
    let name = named.as_ref().map(|(name, _)| *name);
    let (old_numbers, new_numbers) = named.map_or_else(|| by_content(old, new), |(_, numbers)| numbers);
    let kept = common_pairs(&old_numbers, &new_numbers);
    let moved = moves(&old_numbers, &new_numbers, &kept);

    let mut found = Vec::new();
    if let Some(name) = name {
        for &(i, j) in kept.iter().chain(&moved) {
            let what = compare(old[i], new[j]);
            found.extend(what.map(|what| Difference { at: named_place(j, name, new[j].value), what }));
        }
    }
    for (mut gone, mut came) in gaps(&kept, &moved, old.len(), new.len()) {
        // Items without a name that stand between the same neighbours and are of the same kind are taken for one
        // item that changed.
        let alike = gone.iter().zip(&came).all(|(&i, &j)| kind(old[i].value) == kind(new[j].value));
        if name.is_none() && gone.len() == came.len() && alike {
            for (i, j) in gone.drain(..).zip(came.drain(..)) {
                found.extend(compare(old[i], new[j]).map(|what| Difference { at: PathStep::Item(j), what }));
            }
        }
        found.extend(
            gone.into_iter()
                .map(|i| Difference { at: PathStep::Item(i), what: ValueDiff::Removed(old[i].value.clone()) }),
        );
        found.extend(
            came.into_iter()
                .map(|j| Difference { at: PathStep::Item(j), what: ValueDiff::Added(new[j].value.clone()) }),
        );
    }
    found.sort_by_key(|difference| match &difference.at {
        PathStep::Item(index) | PathStep::Named(index, _) => (*index, !matches!(difference.what, ValueDiff::Removed(_))),
        PathStep::Member(_) => (0, false),
    });
    found.extend(moved.into_iter().map(|(from, to)| Difference {
        at: PathStep::Item(to),
        what: ValueDiff::Moved { from, item: old[from].value.clone() },
    }));
    found
}

fn named_place(index: usize, name: &str, item: &Json) -> PathStep {
    let value = item.get(name).map(ToString::to_string);
    PathStep::Named(index, format!("{name}={}", value.unwrap_or_default()))
}

/// Numbers the items by a member, when every item of both lists is an object that has it and no two share it.
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

/// Numbers the items by what they mean.
fn by_content(old: &[Node<'_>], new: &[Node<'_>]) -> (Vec<u32>, Vec<u32>) {
    let mut numbering = Interner::new();
    let mut side = |items: &[Node<'_>]| items.iter().map(|item| numbering.id(item.sum())).collect();
    (side(old), side(new))
}

/// Equal items that are on both sides but out of order: the first of each on one side with the first on the other.
fn moves(old: &[u32], new: &[u32], kept: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let kept_old: HashSet<usize> = kept.iter().map(|pair| pair.0).collect();
    let kept_new: HashSet<usize> = kept.iter().map(|pair| pair.1).collect();
    let mut left: HashMap<u32, VecDeque<usize>> = HashMap::new();
    for (i, &item) in old.iter().enumerate().filter(|(i, _)| !kept_old.contains(i)) {
        left.entry(item).or_default().push_back(i);
    }
    let came = new.iter().enumerate().filter(|(j, _)| !kept_new.contains(j));
    came.filter_map(|(j, item)| Some((left.get_mut(item)?.pop_front()?, j))).collect()
}

/// What is on one side only, between each two neighbours that both sides kept.
fn gaps(
    kept: &[(usize, usize)],
    moved: &[(usize, usize)],
    old_len: usize,
    new_len: usize,
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let moved_old: HashSet<usize> = moved.iter().map(|pair| pair.0).collect();
    let moved_new: HashSet<usize> = moved.iter().map(|pair| pair.1).collect();
    let (mut i, mut j) = (0, 0);
    let borders = kept.iter().copied().chain([(old_len, new_len)]);
    borders
        .map(|(i_end, j_end)| {
            let gone = (i..i_end).filter(|i| !moved_old.contains(i)).collect();
            let came = (j..j_end).filter(|j| !moved_new.contains(j)).collect();
            (i, j) = (i_end + 1, j_end + 1);
            (gone, came)
        })
        .collect()
}

/// What kind of value it is, as far as one can become another by a change.
fn kind(value: &Json) -> u8 {
    match value {
        Json::Array(_) => 0,
        Json::Object(_) => 1,
        _ => 2,
    }
}
