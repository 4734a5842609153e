//! The order of an object's members: as in the last entry with the whole object; later members follow.

use crate::model::history::known_state::KnownState;
use crate::model::history::leaf::{Leaf, LeafContent, ValueOrigin};
use crate::model::history::path::KeyPath;

impl KnownState {
    pub(in crate::model::history) fn in_order(&self) -> Vec<(&KeyPath, &Leaf)> {
        self.in_order_beneath(&[])
    }

    pub(in crate::model::history) fn in_order_beneath<'a>(
        &'a self,
        place: &'a [String],
    ) -> Vec<(&'a KeyPath, &'a Leaf)> {
        let mut leaves: Vec<_> = self.beneath(place).collect();
        leaves.sort_by_cached_key(|(path, leaf)| {
            let objects = (place.len() + 1..path.len()).map(|end| self.objects.get(&path[..end]).copied());
            objects.chain([Some(leaf.order)]).collect::<Vec<_>>()
        });
        leaves
    }

    /// Sets a leaf. It takes the position of what it replaces, or else the last one.
    pub(in crate::model::history) fn insert(
        &mut self,
        path: KeyPath,
        content: LeafContent,
        origin: ValueOrigin,
    ) {
        for end in 1..path.len() {
            if !self.objects.contains_key(&path[..end]) {
                let order = self.leaves.get(&path[..end]).map(|leaf| leaf.order);
                let order = order.unwrap_or_else(|| self.take_order());
                self.objects.insert(path[..end].to_vec(), order);
            }
        }
        let order =
            self.leaves.get(&path).map(|leaf| leaf.order).or_else(|| self.objects.get(&path).copied());
        let order = order.unwrap_or_else(|| self.take_order());
        self.leaves.insert(path, Leaf { content, origin, order });
    }

    /// Replaces a leaf by an object, so that members can be inserted.
    pub(super) fn replace_with_object(&mut self, leaf: &[String]) {
        if let Some(Leaf { order, .. }) = self.leaves.remove(leaf) {
            self.objects.insert(leaf.to_vec(), order);
        }
    }

    /// Removes the objects that held a removed leaf and are empty now.
    pub(super) fn remove_empty_objects(&mut self, gone: &[String]) {
        for end in (1..=gone.len()).rev() {
            if self.has_members(&gone[..end]) {
                return;
            }
            self.objects.remove(&gone[..end]);
        }
    }

    /// Orders everything beneath a path as an entry lists its leaves.
    pub(in crate::model::history) fn adopt_order<'a>(
        &mut self,
        place: &[String],
        leaves: impl Iterator<Item = &'a KeyPath>,
    ) {
        let mut last: &[String] = &[];
        for path in leaves {
            let shared = last.iter().zip(path).take_while(|(a, b)| a == b).count();
            for end in shared.max(place.len()) + 1..=path.len() {
                let next = self.next_order;
                let order = match self.leaves.get_mut(&path[..end]) {
                    Some(leaf) => Some(&mut leaf.order),
                    None => self.objects.get_mut(&path[..end]),
                };
                if let Some(order) = order {
                    *order = next;
                    self.next_order += 1;
                }
            }
            last = path;
        }
    }

    const fn take_order(&mut self) -> usize {
        self.next_order += 1;
        self.next_order - 1
    }
}
