//! What differs between two lists: items added, removed, changed and moved.
//!
//! Objects that carry an `id`, `key` or `name` are the same item wherever they stand; other items are known by
//! their content, and what changed in between is paired by place.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::json::Json;
use crate::render::diff::difference::{Difference, Place, What};
use crate::render::diff::sequence::{Numbering, common};

/// How two items are compared once they are known to be the same item.
type Compare<'a> = &'a dyn Fn(&Json, &Json) -> Option<What>;

/// Members that name an item, the surest first.
const NAMES: [&str; 3] = ["id", "key", "name"];

/// The differences by place, moves last.
pub(super) fn items(old: &[Json], new: &[Json], compare: Compare<'_>) -> Vec<Difference> {
    let named = NAMES.iter().find_map(|name| named_by(name, old, new));
    let is_named = named.is_some();
    let (old_numbers, new_numbers) = named.unwrap_or_else(|| by_content(old, new));
    let kept = common(&old_numbers, &new_numbers);
    let moved = moves(&old_numbers, &new_numbers, &kept);

    let mut found = Vec::new();
    if is_named {
        for &(i, j) in kept.iter().chain(&moved) {
            found.extend(changed(&old[i], &new[j], j, compare));
        }
    }
    for (mut gone, mut came) in gaps(&kept, &moved, old.len(), new.len()) {
        // Items without a name that stand between the same neighbours and are of the same kind are taken for one
        // item that changed.
        let alike = gone.iter().zip(&came).all(|(&i, &j)| kind(&old[i]) == kind(&new[j]));
        if !is_named && gone.len() == came.len() && alike {
            for (i, j) in gone.drain(..).zip(came.drain(..)) {
                found.extend(changed(&old[i], &new[j], j, compare));
            }
        }
        found.extend(
            gone.into_iter().map(|i| Difference { at: Place::Item(i), what: What::Removed(old[i].clone()) }),
        );
        found.extend(
            came.into_iter().map(|j| Difference { at: Place::Item(j), what: What::Added(new[j].clone()) }),
        );
    }
    found.sort_by_key(|difference| match &difference.at {
        Place::Item(index) => (*index, !matches!(difference.what, What::Removed(_))),
        Place::Member(_) => (0, false),
    });
    found.extend(moved.into_iter().map(|(from, to)| Difference {
        at: Place::Item(to),
        what: What::Moved { from, item: old[from].clone() },
    }));
    found
}

fn changed(old: &Json, new: &Json, at: usize, compare: Compare<'_>) -> Option<Difference> {
    compare(old, new).map(|what| Difference { at: Place::Item(at), what })
}

/// Numbers the items by a member, when every item of both lists is an object that has it and no two share it.
fn named_by(name: &str, old: &[Json], new: &[Json]) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut numbering = Numbering::new();
    let mut side = |items: &[Json]| -> Option<Vec<u32>> {
        let mut seen = HashSet::new();
        items
            .iter()
            .map(|item| {
                let value = match item {
                    Json::Object(_) => item.get(name)?,
                    _ => return None,
                };
                let is_name = matches!(value, Json::String(_) | Json::Number(_));
                let number = numbering.number(value.to_string());
                (is_name && seen.insert(number)).then_some(number)
            })
            .collect()
    };
    Some((side(old)?, side(new)?))
}

/// Numbers the items by what they hold. Numbers count as written here: `1` and `1.0` meet again by place.
fn by_content(old: &[Json], new: &[Json]) -> (Vec<u32>, Vec<u32>) {
    let mut numbering = Numbering::new();
    let mut side =
        |items: &[Json]| items.iter().map(|item| numbering.number(ordered(item).to_string())).collect();
    (side(old), side(new))
}

/// The value with every object's members in the order of their names.
fn ordered(value: &Json) -> Json {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(ordered).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(key, value)| (key.clone(), ordered(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members)
        }
        other => other.clone(),
    }
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
