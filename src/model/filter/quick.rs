//! A quick look at an entry's texts as they are stored, before anything is made of them: most entries that a search by text
//! or field does not mean are refused by it. `Filter::matches_content` is the meaning.

use crate::model::filter::Filter;

impl Filter {
    /// Tells, by a quick look at texts as they are stored, whether [`Filter::matches_content`] may be true: where it says
    /// no, the entry need not be made. Given are the changes and the user as JSON, and the resource's name.
    #[must_use]
    pub fn may_match_content(&self, changes: &str, user: &str, model_name: Option<&str>) -> bool {
        let texts = [changes, user, model_name.unwrap_or_default()].map(Stored::of);
        let anywhere = |needle: &String| {
            let needle = needle.to_lowercase();
            texts.iter().any(|text| text.may_hold(&needle))
        };
        // Every path that touches a field begins as the field does.
        let field = |path: &String| {
            path.split('.').next().is_none_or(|first| texts[0].may_hold(&first.to_lowercase()))
        };
        let any =
            |include: &[String], may: &dyn Fn(&String) -> bool| include.is_empty() || include.iter().any(may);
        any(&self.field.include, &field) && any(&self.text.include, &anywhere)
    }
}

/// A text as it is stored, to be looked through without being parsed.
struct Stored {
    /// None where the text may hold more than its letters tell: by an escape such as `\u0041`, or by letters beyond ASCII,
    /// of which some are ASCII in lower case.
    plain: Option<String>,
}

impl Stored {
    fn of(text: &str) -> Self {
        let plain = text.is_ascii() && !text.contains("\\u");
        Self { plain: plain.then(|| text.to_ascii_lowercase()) }
    }

    /// Whether the needle, in lower case, may be in a string or a number in here, in whatever case.
    fn may_hold(&self, needle: &str) -> bool {
        // What JSON writes by other escapes is not looked for in this way.
        let escaped = |c: char| c.is_control() || matches!(c, '"' | '\\' | '/');
        let Some(plain) = &self.plain else { return true };
        needle.contains(escaped) || plain.contains(needle)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::entry::Entry;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn a_quick_look_refuses_what_is_plainly_not_there() {
        let may = |filter: &str, text: bool, changes: &str| {
            let mut asked = Filter::default();
            let choice = if text { &mut asked.text } else { &mut asked.field };
            choice.add_list(filter).expect("words");
            asked.may_match_content(changes, r#"{"id":"7"}"#, Some("Slack"))
        };
        let changes = r#"[{"field":"perform","new":"Zebra\n"}]"#;
        for (filter, text) in
            [("zebra", true), ("sLACK", true), ("x,zebra", true), ("!zebra", true), ("perform.a", false)]
        {
            assert!(may(filter, text, changes), "{filter}");
        }
        assert!(!may("zebras", true, changes) && !may("status,retry.max", false, changes));
        assert!(
            may("zebras", true, r#"[{"field":"a","new":"\u007aebras"}]"#),
            "it may be written in another way"
        );
    }

    proptest! {
        /// A quick no is never a yes in truth.
        #[test]
        fn what_a_quick_look_refuses_does_not_match(
            name in "[aAkK\u{212a}\u{130}é\"\\\\/. ]{0,6}",
            field in "[ab]{1,2}(\\.[ab]{1,2}){0,2}",
            value in "[aAkK\u{212a}\u{130}é\u{7}\n\"\\\\/.]{0,6}",
            text in "[akKi\u{307}\u{212a}\n\"\\\\/.e]{1,3}",
            path in "[ab]{1,2}(\\.[ab]{1,2}){0,2}",
            by_text in any::<bool>(),
        ) {
            let entry = serde_json::json!({
                "id": 1, "uuid": "01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c", "occurred_at": Timestamp::MIN,
                "recorded_at": Timestamp::MIN, "action": "updated", "model_type": "connector", "model_id": "1",
                "model_name": name, "user": {"id": "7", "name": value},
                "changes": [{"field": field, "old": {"k": value}, "new": 12.5}],
            });
            let entry: Entry = serde_json::from_str(&entry.to_string()).expect("an entry");
            let mut filter = Filter::default();
            if by_text {
                filter.text.include.push(text);
            } else {
                filter.field.include.push(path);
            }
            let user = serde_json::to_string(&entry.user).expect("JSON");
            if filter.matches_content(&entry) {
                prop_assert!(filter.may_match_content(entry.changes.get(), &user, entry.model_name.as_deref()));
            }
        }
    }
}
