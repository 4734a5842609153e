//! Rejects most entries of a text or field search by their stored bytes, before JSON is parsed. It has no false
//! negatives; `Filter::matches_content` decides about the rest.

use crate::model::field_path::term::FieldTerm;
use crate::model::filter::{Filter, SearchText, StoredTexts};
use crate::model::fold::folded;

impl Filter {
    /// Whether [`Filter::matches_content`] can be true for an entry stored as these texts. If not, the entry need not be
    /// decoded.
    #[must_use]
    pub fn may_match_content(&self, stored: &StoredTexts<'_>) -> bool {
        let StoredTexts { changes, user, on_behalf_of, model_name, origin } = *stored;
        let [reason, ip, ..] = origin;
        if !self.ip.admits_address(ip) || !self.reason.admits_text(reason) {
            return false;
        }
        if self.field.include.is_empty() && self.text.include.is_empty() {
            return true;
        }
        let changes = StoredText::of(changes);
        let others = [Some(user), on_behalf_of, model_name].into_iter().chain(origin).flatten();
        let others: Vec<_> = others.map(StoredText::of).collect();
        let text = |wanted: &SearchText| {
            changes.may_hold(wanted.folded()) || others.iter().any(|text| text.may_hold(wanted.folded()))
        };
        // A path that matches a field starts with the same key.
        let field = |term: &FieldTerm| changes.may_hold(&folded(term.path().first_key()));
        fn any<T>(include: &[T], may: impl Fn(&T) -> bool) -> bool {
            include.is_empty() || include.iter().any(may)
        }
        any(&self.field.include, field) && any(&self.text.include, text)
    }
}

/// A stored text that is searched without being parsed.
struct StoredText {
    /// The text, case-folded. None if JSON escapes hide letters.
    folded: Option<String>,
}

impl StoredText {
    fn of(text: &str) -> Self {
        Self { folded: (!hides_letters(text)).then(|| folded(text)) }
    }

    /// Whether a string or number in the text may contain the case-folded needle.
    fn may_hold(&self, needle: &str) -> bool {
        // JSON escapes these characters, so the needle may be stored in another form.
        let escaped = |c: char| c.is_control() || matches!(c, '"' | '\\' | '/');
        let Some(text) = &self.folded else { return true };
        needle.contains(escaped) || text.contains(needle)
    }
}

/// Whether escapes may hide letters: `\u0041` does, and so does `\n` before a combining accent, which would combine with
/// the `n`.
fn hides_letters(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut rest = 0;
    while let Some(at) = bytes.get(rest..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        let escape = rest + at + 1;
        if bytes.get(escape) == Some(&b'u') || bytes.get(escape + 1).is_some_and(|byte| !byte.is_ascii()) {
            return true;
        }
        rest = escape + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::change::Changes;
    use crate::model::entry::User;
    use crate::model::fixtures::entry_with;
    use crate::model::signature::{Gram, SignatureBuilder};

    #[test]
    fn entries_without_the_text_or_field_are_rejected() {
        let may = |filter: &str, text: bool, changes: &str| {
            let mut query = Filter::default();
            if text {
                query.text.add_list(filter).expect("words");
            } else {
                query.field.add_list(filter).expect("paths");
            }
            query.may_match_content(&StoredTexts {
                changes,
                user: r#"{"id":"7"}"#,
                on_behalf_of: Some(r#"{"name":"Ana"}"#),
                model_name: Some("Slack"),
                origin: [Some("INC-7"), Some("198.51.100.7"), None, Some("req_9")],
            })
        };
        let changes = r#"[{"field":"perform","new":"Zebra\nCafé"}]"#;
        for (filter, text) in [
            ("zebra", true),
            ("sLACK", true),
            ("ANA", true),
            ("inc-7", true),
            ("51.100", true),
            ("req_9", true),
            ("x,zebra", true),
            ("!zebra", true),
            ("CAFE\u{301}", true),
            ("perform.a", false),
            ("\"perform\"[3]", false),
        ] {
            assert!(may(filter, text, changes), "{filter}");
        }
        assert!(!may("zebras", true, changes) && !may("status,retry.max", false, changes));
        assert!(!may("cafeteria", true, changes), "letters beyond ASCII alone do not defeat the prefilter");
        assert!(may("zebras", true, r#"[{"field":"a","new":"\u007aebras"}]"#), "an escape may hide the text");
    }

    /// A JSON string of the text, with some of its letters as escapes.
    fn spelled(text: &str, escapes: u32) -> String {
        let mut json = "\"".to_owned();
        for (place, c) in text.chars().enumerate() {
            match c {
                _ if escapes >> (place % 32) & 1 == 1 => {
                    c.encode_utf16(&mut [0; 2])
                        .iter()
                        .for_each(|unit| json.push_str(&format!("\\u{unit:04x}")));
                }
                '/' if escapes.is_multiple_of(2) => json.push_str("\\/"),
                '"' | '\\' => json.extend(['\\', c]),
                '\n' => json.push_str("\\n"),
                '\t' => json.push_str("\\t"),
                c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
        json + "\""
    }

    fn letters(length: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
        let one = proptest::string::string_regex(LETTER).expect("a class");
        prop::collection::vec(one, length).prop_map(|letters| letters.concat())
    }

    const LETTER: &str = "[aAkKsSiI\u{212a}\u{130}\u{131}é\u{301}\u{307}ßσςΣ\u{7}\n\t\"\\\\/.e\\[\\]1]";

    proptest! {
        /// The prefilter and the signatures have no false negatives.
        #[test]
        fn rejected_entries_do_not_match(
            name in letters(0..=6),
            field in letters(1..=6),
            value in letters(0..=8),
            text in letters(1..=3),
            path in letters(1..=4),
            cut in (0..8usize, 1..4usize),
            escapes in prop_oneof![Just(0), any::<u32>()],
            by in 0..6u8,
        ) {
            let changes = format!(
                r#"[{{"field":{},"old":{{{}:1}},"new":12.5}}]"#, spelled(&field, escapes), spelled(&value, escapes.rotate_left(7))
            );
            let mut entry = entry_with([serde_json::json!({
                "model_name": name, "user": {"id": "7", "name": value},
                "reason": (escapes % 3 == 0).then(|| value.clone()),
                "context": {"user_agent": text, "ip": "198.51.100.7"},
                "on_behalf_of": (escapes == 0).then(|| serde_json::json!({"name": text})),
            })]);
            entry.changes = Changes::from_text(changes).expect("changes");
            // Most random texts do not occur, so half of them are taken from the entry.
            let part = |of: &str| of.chars().skip(cut.0 % of.chars().count().max(1)).take(cut.1).collect::<String>();
            let mut filter = Filter::default();
            match by {
                0 => filter.text.include.push(text.parse().expect("a text")),
                1 => filter.text.include.push(part(&value).to_uppercase().parse().expect("a text")),
                4 => filter.reason.include.push(part(&value).parse().expect("a text")),
                5 => filter.field.include.push(format!("{field}={value}").parse().expect("a term")),
                2 => filter.field.include.push(path.parse().expect("a path")),
                _ => filter.field.include.push(field.chars().take(cut.1 + 1).collect::<String>().parse().expect("a path")),
            }
            let json = |user: &User| serde_json::to_string(user).expect("JSON");
            let (user, on_behalf_of) = (json(&entry.user), entry.on_behalf_of.as_ref().map(json));
            if filter.matches_content(&entry) {
                let name = entry.model_name.as_deref();
                let stored = StoredTexts {
                    changes: entry.changes.get(),
                    user: &user,
                    on_behalf_of: on_behalf_of.as_deref(),
                    model_name: name,
                    origin: entry.origin_texts(),
                };
                prop_assert!(filter.may_match_content(&stored));
                let mut signature = SignatureBuilder::default();
                let names = (name, entry.users(), entry.origin_texts());
                signature.add_entry(names, &entry.changes.list().expect("changes"));
                let signature = signature.finish();
                if let Some(query) = filter.gram_query() {
                    let has = |gram: &Gram| vec![u8::from(gram.is_in(signature[gram.place() as usize % signature.len()]))];
                    let has: Vec<_> = query.grams().iter().map(has).collect();
                    prop_assert_eq!(query.blocks(1, |gram| Some(&has[gram])), [1]);
                    prop_assert_eq!(query.blocks(1, |gram| gram.is_multiple_of(2).then_some(&has[gram])), [1]);
                }
            }
        }
    }
}
