//! Merges the state after earlier entries with the state that later entries show.

use crate::model::history::known_state::KnownState;
use crate::model::history::leaf::LeafContent;
use crate::model::history::path::KeyPath;
use crate::model::json::Json;

impl KnownState {
    /// Adds what later entries show. Where both states know a value and differ, it becomes unknown.
    pub(in crate::model::history) fn merge(&mut self, later: &Self) {
        self.reveal(later);
        for (path, leaf) in later.in_order() {
            let is_there = self.leaf_above(path).is_some() || self.beneath(path).next().is_some();
            let is_known = is_there || self.is_known(path);
            if !is_known {
                self.insert(path.clone(), leaf.content.clone(), leaf.origin);
            } else if !matches!(leaf.content, LeafContent::Redacted | LeafContent::Unknown(_))
                && !self.leaf(path).is_some_and(|mine| mine.content.same(&leaf.content))
            {
                let at = self.leaf_above(path).unwrap_or_else(|| path.clone());
                self.mark_unknown(&at, leaf.origin.index());
            }
        }
        for (place, index) in &later.complete {
            // Values that existed before and are absent later become unknown. A later secret may have been added in between.
            let has_secrets = |path: &[String]| {
                let mut beneath = later.beneath(path).peekable();
                beneath.peek().is_some() && beneath.all(|(_, leaf)| leaf.content == LeafContent::Redacted)
            };
            let is_shown = |path: &[String]| {
                later.leaf(path).is_some() || later.leaf_above(path).is_some() || has_secrets(path)
            };
            let beneath =
                self.beneath(place).filter(|(path, leaf)| leaf.content.is_exact() && !is_shown(path));
            for path in beneath.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                self.mark_unknown(&path, *index);
            }
            if !self.is_known(place) {
                self.adopt_order(place, later.in_order_beneath(place).into_iter().map(|(path, _)| path));
                self.mark_complete(place, *index);
            }
        }
    }

    /// Replaces redacted and unknown leaves by the values that later entries show.
    fn reveal(&mut self, later: &Self) {
        let hidden = self.leaves.iter().filter(|(_, leaf)| !matches!(leaf.content, LeafContent::Value(_)));
        let hidden: Vec<_> = hidden
            .map(|(path, leaf)| (path.clone(), leaf.origin, leaf.content == LeafContent::Redacted))
            .collect();
        for (place, origin, is_secret) in hidden {
            let shown = later.leaf(&place).map(|leaf| &leaf.content);
            let tells_nothing = match shown {
                Some(LeafContent::Unknown(_)) => true,
                Some(LeafContent::Redacted) => is_secret,
                Some(LeafContent::Value(_)) | None => !later.is_known(&place),
            };
            if tells_nothing {
                continue;
            }
            match later.leaf_above(&place) {
                None if is_secret || later.beneath(&place).next().is_some() => {
                    let shown: Vec<_> = later.in_order_beneath(&place);
                    if shown.first().is_some_and(|(path, _)| path.len() > place.len()) {
                        self.replace_with_object(&place);
                    } else {
                        self.leaves.remove(&place);
                    }
                    for (path, leaf) in shown {
                        self.insert(path.clone(), leaf.content.clone(), origin);
                    }
                    self.remove_empty_objects(&place);
                }
                // The secret was removed, and it was the last member of its object.
                Some(above)
                    if is_secret && later.leaf(&above).is_some_and(|leaf| leaf.content.is_empty_object()) =>
                {
                    self.leaves.remove(&place);
                    self.remove_empty_objects(&place);
                    if self.beneath(&above).next().is_none() {
                        self.insert(above, LeafContent::Value(Json::Object(Vec::new())), origin);
                    }
                }
                None | Some(_) => {}
            }
        }
    }

    /// The paths of all leaves that are not exact, in order.
    pub(in crate::model::history) fn inexact_paths(&self) -> Vec<KeyPath> {
        let hidden = self.in_order().into_iter().filter(|(_, leaf)| !leaf.content.is_exact());
        hidden.map(|(path, _)| path.clone()).collect()
    }
}
