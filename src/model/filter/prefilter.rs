//! A quick look at an entry's texts as they are stored, before anything is made of them: most entries that a search by text
//! or field does not mean are refused by it. `Filter::matches_content` is the meaning.

use crate::model::field_path::FieldPath;
use crate::model::filter::{Filter, SearchText};
use crate::model::fold::folded;

impl Filter {
    /// Tells, by a quick look at texts as they are stored, whether [`Filter::matches_content`] may be true: where it says
    /// no, the entry need not be made. Given are the changes and the user as JSON, and the resource's name.
    #[must_use]
    pub fn may_match_content(&self, changes: &str, user: &str, model_name: Option<&str>) -> bool {
        let texts = [changes, user, model_name.unwrap_or_default()].map(Stored::of);
        let text = |wanted: &SearchText| texts.iter().any(|text| text.may_hold(wanted.folded()));
        // Every path that touches a field begins as the field does.
        let field = |path: &FieldPath| texts[0].may_hold(&folded(path.first_key()));
        fn any<T>(include: &[T], may: impl Fn(&T) -> bool) -> bool {
            include.is_empty() || include.iter().any(may)
        }
        any(&self.field.include, field) && any(&self.text.include, text)
    }
}

/// A text as it is stored, to be looked through without being parsed.
struct Stored {
    /// Folded. None where escapes hide letters.
    folded: Option<String>,
}

impl Stored {
    fn of(text: &str) -> Self {
        Self { folded: (!hides_letters(text)).then(|| folded(text)) }
    }

    /// Whether the needle, folded, may be in a string or a number in here.
    fn may_hold(&self, needle: &str) -> bool {
        // What JSON writes by other escapes is not looked for in this way.
        let escaped = |c: char| c.is_control() || matches!(c, '"' | '\\' | '/');
        let Some(text) = &self.folded else { return true };
        needle.contains(escaped) || text.contains(needle)
    }
}

/// Whether the text may hold other letters than are seen: by an escape such as `\u0041`, or by one such as `\n` whose
/// letter an accent behind it would seem to belong to.
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
    use crate::model::entry::Entry;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn a_quick_look_refuses_what_is_plainly_not_there() {
        let may = |filter: &str, text: bool, changes: &str| {
            let mut asked = Filter::default();
            if text {
                asked.text.add_list(filter).expect("words");
            } else {
                asked.field.add_list(filter).expect("paths");
            }
            asked.may_match_content(changes, r#"{"id":"7"}"#, Some("Slack"))
        };
        let changes = r#"[{"field":"perform","new":"Zebra\nCafé"}]"#;
        for (filter, text) in [
            ("zebra", true),
            ("sLACK", true),
            ("x,zebra", true),
            ("!zebra", true),
            ("CAFE\u{301}", true),
            ("perform.a", false),
            ("\"perform\"[3]", false),
        ] {
            assert!(may(filter, text, changes), "{filter}");
        }
        assert!(!may("zebras", true, changes) && !may("status,retry.max", false, changes));
        assert!(!may("cafeteria", true, changes), "letters beyond ASCII are no reason to read it all");
        assert!(
            may("zebras", true, r#"[{"field":"a","new":"\u007aebras"}]"#),
            "it may be written in another way"
        );
    }

    /// A JSON string of the text, some of its letters written as escapes.
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
        /// A quick no is never a yes in truth.
        #[test]
        fn what_a_quick_look_refuses_does_not_match(
            name in letters(0..=6),
            field in letters(1..=6),
            value in letters(0..=8),
            text in letters(1..=3),
            path in letters(1..=4),
            cut in (0..8usize, 1..4usize),
            escapes in prop_oneof![Just(0), any::<u32>()],
            by in 0..4u8,
        ) {
            let changes = format!(
                r#"[{{"field":{},"old":{{{}:1}},"new":12.5}}]"#, spelled(&field, escapes), spelled(&value, escapes.rotate_left(7))
            );
            let entry = serde_json::json!({
                "id": 1, "uuid": "01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c", "occurred_at": Timestamp::MIN,
                "recorded_at": Timestamp::MIN, "action": "updated", "model_type": "connector", "model_id": "1",
                "model_name": name, "user": {"id": "7", "name": value}, "changes": [],
            });
            let mut entry: Entry = serde_json::from_str(&entry.to_string()).expect("an entry");
            entry.changes = Changes::from_text(changes).expect("changes");
            // Chosen at random, most texts are not there: half of them are taken from what is.
            let part = |of: &str| of.chars().skip(cut.0 % of.chars().count().max(1)).take(cut.1).collect::<String>();
            let mut filter = Filter::default();
            match by {
                0 => filter.text.include.push(text.parse().expect("a text")),
                1 => filter.text.include.push(part(&value).to_uppercase().parse().expect("a text")),
                2 => filter.field.include.push(path.parse().expect("a path")),
                _ => filter.field.include.push(field.chars().take(cut.1 + 1).collect::<String>().parse().expect("a path")),
            }
            let user = serde_json::to_string(&entry.user).expect("JSON");
            if filter.matches_content(&entry) {
                prop_assert!(filter.may_match_content(entry.changes.get(), &user, entry.model_name.as_deref()));
            }
        }
    }
}
