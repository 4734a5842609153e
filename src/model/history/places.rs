//! Where a recorded field lies: `perform.retry.max` beside `perform` is a place within it, and alone a field of its own.
//!
//! Recorders send whole fields, or dotted paths into them, and names may hold dots themselves. What is meant follows
//! from all entries of the resource together. It knows nothing of time.

use std::collections::{HashMap, HashSet};

use crate::model::change::Change;
use crate::model::history::Path;
use crate::model::json::{Json, RawJson};

/// Which fields hold others, and which keys have dots in them.
pub(super) struct Places<'a> {
    /// Fields that some entry shows to be an object or a list, each with the entries that name it.
    containers: HashMap<&'a str, HashSet<usize>>,
    named_in: HashMap<&'a str, HashSet<usize>>,
    /// Keys within values, longest first.
    dotted_keys: Vec<String>,
}

/// A place, as far as a field's name tells it.
pub(super) struct Place {
    pub(super) path: Path,
    /// The name goes on by a number: into a list, of which the path is the whole.
    pub(super) is_within_list: bool,
}

impl<'a> Places<'a> {
    pub(super) fn new(entries: &'a [Vec<Change>]) -> Self {
        let mut places =
            Self { containers: HashMap::new(), named_in: HashMap::new(), dotted_keys: Vec::new() };
        let has_dots = entries.iter().flatten().any(|change| change.field.contains('.'));
        let mut dotted_keys = HashSet::new();
        for (index, change) in
            entries.iter().enumerate().flat_map(|(index, it)| it.iter().map(move |it| (index, it)))
        {
            places.named_in.entry(&change.field).or_default().insert(index);
            for side in [&change.old, &change.new].into_iter().flatten() {
                if side.get().trim_start().starts_with(['{', '[']) {
                    places.containers.entry(&change.field).or_default();
                    if has_dots {
                        collect_dotted(side, &mut dotted_keys);
                    }
                }
            }
        }
        places.dotted_keys = dotted_keys.into_iter().collect();
        places.dotted_keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
        places
    }

    pub(super) fn of(&self, field: &str) -> Place {
        let dots = field.match_indices('.').map(|(dot, _)| dot).collect::<Vec<_>>();
        let holder = dots.into_iter().rev().find(|&dot| dot > 0 && self.holds(&field[..dot], field));
        let Some(dot) = holder else { return Place { path: vec![field.to_owned()], is_within_list: false } };
        let mut place = self.of(&field[..dot]);
        let mut rest = Some(&field[dot + 1..]);
        while let Some(text) = rest
            && !place.is_within_list
        {
            let (key, behind) = self.split(text);
            if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                place.is_within_list = true;
            } else {
                place.path.push(key.to_owned());
            }
            rest = behind;
        }
        place
    }

    /// Whether `field` names a place in `holder`. An entry that names both has two fields, one with a dot in its name.
    fn holds(&self, holder: &str, field: &str) -> bool {
        self.containers.contains_key(holder)
            && self.named_in.get(holder).zip(self.named_in.get(field)).is_none_or(|(a, b)| a.is_disjoint(b))
    }

    /// The first key of a dotted text, and what follows it.
    fn split<'t>(&self, text: &'t str) -> (&'t str, Option<&'t str>) {
        let is_key = |key: &&String| {
            text.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let end = match self.dotted_keys.iter().find(is_key) {
            Some(key) => key.len(),
            None => text.find('.').unwrap_or(text.len()),
        };
        (&text[..end], text.get(end + 1..))
    }
}

fn collect_dotted(side: &RawJson, keys: &mut HashSet<String>) {
    fn walk(value: &Json, keys: &mut HashSet<String>) {
        match value {
            Json::Object(members) => {
                for (key, value) in members {
                    if key.contains('.') {
                        keys.insert(key.clone());
                    }
                    walk(value, keys);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| walk(item, keys)),
            _ => {}
        }
    }
    if let Ok(value) = side.parse() {
        walk(&value, keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(entries: &[&str], field: &str) -> (String, bool) {
        let entries: Vec<Vec<Change>> =
            entries.iter().map(|text| serde_json::from_str(text).expect(text)).collect();
        let place = Places::new(&entries).of(field);
        (place.path.join("/"), place.is_within_list)
    }

    #[test]
    fn a_dotted_name_is_a_place_within_a_field_that_holds_others() {
        let whole =
            r#"[{"field":"perform","new":{"retry":{"max":3},"x.y":{"z":1}}},{"field":"list","new":[1]}]"#;
        let dotted = r#"[{"field":"perform.retry.max","old":3,"new":4}]"#;
        for (field, path, is_within_list) in [
            ("perform.retry.max", "perform/retry/max", false),
            ("perform.x.y.z", "perform/x.y/z", false),
            ("perform.x.yz", "perform/x/yz", false),
            ("list.0.a", "list", true),
            ("perform.list.3", "perform/list", true),
            ("status.sub", "status.sub", false),
            ("performance.x", "performance.x", false),
            (".perform", ".perform", false),
        ] {
            assert_eq!(place(&[whole, dotted], field), (path.to_owned(), is_within_list), "{field}");
        }
        assert_eq!(place(&[dotted], "perform.retry.max").0, "perform.retry.max", "nothing shows a perform");
    }

    #[test]
    fn an_entry_that_names_both_has_a_field_with_a_dot_in_its_name() {
        let both = r#"[{"field":"a","new":{"x":1}},{"field":"a.b","new":2}]"#;
        assert_eq!(place(&[both], "a.b").0, "a.b");
        assert_eq!(place(&[both], "a.c").0, "a/c");
    }
}
