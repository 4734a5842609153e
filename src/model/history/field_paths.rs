//! Resolves recorded field names to paths: `perform.retry.max` is a path into `perform` if that field exists, and a
//! field name otherwise.
//!
//! Recorders send whole fields or dotted paths, and names may contain dots. The meaning follows from all entries of the
//! resource together, whatever their order: a name means the same at every time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use crate::model::change::Change;
use crate::model::history::path::KeyPath;
use crate::model::json::Json;

/// Fields that contain others, and keys that contain dots.
#[derive(Debug, Default)]
pub(super) struct FieldPaths {
    /// Fields that are an object or a list in some entry.
    containers: HashSet<String>,
    /// Pairs such as (`a`, `a.b`) that one entry names side by side: there `a.b` is a field of its own, not a path into `a`.
    separate: HashSet<(String, String)>,
    /// Whether any field has a dot in its name. If not, every field name is its path.
    pub(super) has_dots: bool,
    /// Keys with dots within values.
    dotted_keys: BTreeSet<LongestFirst>,
}

/// A key that sorts before shorter ones.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LongestFirst(Reverse<usize>, String);

/// The path that a field name resolves to.
pub(super) struct ResolvedPath {
    pub(super) path: KeyPath,
    /// The name continues with an index into a list; the path is the list.
    pub(super) is_within_list: bool,
}

impl FieldPaths {
    /// Learns from the changes of one entry.
    pub(super) fn learn(&mut self, changes: &[Change]) {
        for change in changes {
            for side in [&change.old, &change.new].into_iter().flatten() {
                if side.get().trim_start().starts_with(['{', '[']) {
                    if !self.containers.contains(&change.field) {
                        self.containers.insert(change.field.clone());
                    }
                    self.learn_keys(side.get());
                }
            }
        }
        if !changes.iter().any(|change| change.field.contains('.')) {
            return;
        }
        self.has_dots = true;
        let named: HashSet<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        for field in changes.iter().map(|change| &change.field) {
            let prefixes = field.match_indices('.').map(|(dot, _)| &field[..dot]);
            let prefixes = prefixes.filter(|prefix| named.contains(prefix));
            self.separate.extend(prefixes.map(|prefix| (prefix.to_owned(), field.clone())));
        }
    }

    /// Finds the keys with dots in valid JSON text.
    fn learn_keys(&mut self, value: &str) {
        let mut rest = value;
        while let Some((_, text)) = rest.split_once('"') {
            let Some((raw, behind)) = text.split_at_checked(end_of_string(text)) else { return };
            rest = behind.get(1..).unwrap_or_default();
            let is_key = rest.trim_start().starts_with(':');
            if is_key
                && raw.contains(['.', '\\'])
                && let Ok(Json::String(key)) = Json::parse(&format!("\"{raw}\""))
                && key.contains('.')
            {
                self.dotted_keys.insert(LongestFirst(Reverse(key.len()), key));
            }
        }
    }

    pub(super) fn resolve(&self, field: &str) -> ResolvedPath {
        let dots = field.match_indices('.').map(|(dot, _)| dot).collect::<Vec<_>>();
        let prefix = dots.into_iter().rev().find(|&dot| dot > 0 && self.is_path_into(&field[..dot], field));
        let Some(dot) = prefix else {
            return ResolvedPath { path: vec![field.to_owned()], is_within_list: false };
        };
        let mut resolved = self.resolve(&field[..dot]);
        let mut rest = Some(&field[dot + 1..]);
        while let Some(text) = rest
            && !resolved.is_within_list
        {
            let (key, following) = self.split(text);
            if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                resolved.is_within_list = true;
            } else {
                resolved.path.push(key.to_owned());
            }
            rest = following;
        }
        resolved
    }

    /// Whether `field` is a path into `prefix`. If one entry names both, they are separate fields.
    fn is_path_into(&self, prefix: &str, field: &str) -> bool {
        self.containers.contains(prefix) && !self.separate.contains(&(prefix.to_owned(), field.to_owned()))
    }

    /// Splits the first key off a dotted text.
    fn split<'t>(&self, text: &'t str) -> (&'t str, Option<&'t str>) {
        let is_key = |key: &&LongestFirst| {
            let LongestFirst(_, key) = key;
            text.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let end = match self.dotted_keys.iter().find(is_key) {
            Some(LongestFirst(_, key)) => key.len(),
            None => text.find('.').unwrap_or(text.len()),
        };
        (&text[..end], text.get(end + 1..))
    }
}

/// The position of the closing quote, for text that starts within a string.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(entries: &[&str], field: &str) -> (String, bool) {
        let mut paths = FieldPaths::default();
        for text in entries {
            let changes: Vec<Change> = serde_json::from_str(text).expect(text);
            paths.learn(&changes);
        }
        let ResolvedPath { path, is_within_list } = paths.resolve(field);
        (path.join("/"), is_within_list)
    }

    #[test]
    fn dotted_names_resolve_into_containers() {
        let whole = r#"[{"field":"perform","new":{"retry":{"max":3},"x.y":{"z":"\"k.l\":1"},"u\u002ev":0}},{"field":"list","new":[1]}]"#;
        let dotted = r#"[{"field":"perform.retry.max","old":3,"new":4}]"#;
        for (field, path, is_within_list) in [
            ("perform.retry.max", "perform/retry/max", false),
            ("perform.x.y.z", "perform/x.y/z", false),
            ("perform.x.yz", "perform/x/yz", false),
            ("perform.u.v", "perform/u.v", false),
            ("perform.k.l", "perform/k/l", false),
            ("list.0.a", "list", true),
            ("perform.list.3", "perform/list", true),
            ("status.sub", "status.sub", false),
            ("performance.x", "performance.x", false),
            (".perform", ".perform", false),
        ] {
            assert_eq!(resolved(&[whole, dotted], field), (path.to_owned(), is_within_list), "{field}");
        }
        assert_eq!(
            resolved(&[dotted], "perform.retry.max").0,
            "perform.retry.max",
            "nothing shows a perform"
        );
    }

    #[test]
    fn fields_named_beside_their_prefix_keep_their_dots() {
        let both = r#"[{"field":"a","new":{"x":1}},{"field":"a.b","new":2}]"#;
        assert_eq!(resolved(&[both], "a.b").0, "a.b");
        assert_eq!(resolved(&[both], "a.c").0, "a/c");
    }
}
