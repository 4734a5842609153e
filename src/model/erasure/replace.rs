//! Finds the e-mail addresses and names of a person in texts and JSON, and replaces them. Case, accents in composed or
//! decomposed form, and percent-encoding do not hide them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::char::is_combining_mark;

use crate::model::fold::folded;

/// The case-folded texts of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    /// E-mail addresses: they are found within other texts.
    emails: Vec<String>,
    /// Names of several words: they are found within other texts.
    names: Vec<String>,
    /// Names of one word. Other people may have them, so they are found only where they are the whole text.
    words: Vec<String>,
    /// What replaces them.
    label: String,
}

impl Texts {
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a str>, label: &str) -> Self {
        let mut all =
            Self { emails: Vec::new(), names: Vec::new(), words: Vec::new(), label: label.to_owned() };
        for text in texts.map(|text| folded(text.trim())).filter(|text| !text.is_empty()) {
            let kind = if text.contains('@') {
                &mut all.emails
            } else if text.contains(char::is_whitespace) {
                &mut all.names
            } else {
                &mut all.words
            };
            if !kind.contains(&text) {
                kind.push(text);
            }
        }
        // The longer first: `ana@acme.example.com` before `ana@acme.example`.
        all.emails.sort_by_key(|text| std::cmp::Reverse(text.len()));
        all.names.sort_by_key(|text| std::cmp::Reverse(text.len()));
        all
    }

    /// The same, for e-mail addresses only: other people may have the same name.
    pub(super) fn only_emails(&self) -> Self {
        Self { names: Vec::new(), words: Vec::new(), ..self.clone() }
    }

    /// The text without the person, or `None` if it does not name them.
    pub(super) fn replace(&self, text: &str) -> Option<String> {
        let direct = self.replace_plain(text);
        let so_far = direct.as_deref().unwrap_or(text);
        if so_far.contains('%') || so_far.contains('+') {
            return self.replace_encoded(so_far).or(direct);
        }
        direct
    }

    fn replace_plain(&self, text: &str) -> Option<String> {
        let fold = folded(text);
        if self.words.iter().any(|word| *word == fold.trim()) {
            return Some(self.label.clone());
        }
        let all = || {
            self.emails.iter().map(|email| (email, true)).chain(self.names.iter().map(|name| (name, false)))
        };
        if !all().any(|(wanted, _)| fold.contains(wanted)) {
            return None;
        }
        let (mut out, mut last, mut is_found) = (String::with_capacity(text.len()), 0, false);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for start in starts {
            if start < last {
                continue;
            }
            let end = all().find_map(|(wanted, is_email)| end_of(text, start, wanted, is_email));
            if let Some(end) = end {
                out.push_str(&text[last..start]);
                out.push_str(&self.label);
                (last, is_found) = (end, true);
            }
        }
        out.push_str(&text[last..]);
        is_found.then_some(out)
    }

    /// Replaces in the values of a query string, or of any text with percent-encoded parts.
    fn replace_encoded(&self, text: &str) -> Option<String> {
        let mut is_found = false;
        let mut part = |part: &str| -> String {
            let spaces = part.replace('+', " ");
            let decoded: Cow<'_, str> = percent_decode_str(&spaces).decode_utf8_lossy();
            match self.replace_plain(&decoded) {
                Some(replaced) => {
                    is_found = true;
                    form_urlencoded::byte_serialize(replaced.as_bytes()).collect()
                }
                None => part.to_owned(),
            }
        };
        let is_separator = |c: char| matches!(c, '&' | '=' | '?' | '#' | '/' | '"') || c.is_whitespace();
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(is_separator) {
            let end = piece.len()
                - piece.chars().next_back().filter(|c| is_separator(*c)).map_or(0, char::len_utf8);
            out += &part(&piece[..end]);
            out.push_str(&piece[end..]);
        }
        is_found.then_some(out)
    }

    /// The JSON text without the person, or `None` if no string in it names them. All else stays byte for byte.
    pub(super) fn replace_in_json(&self, json: &str) -> Option<String> {
        // Most entries have neither escapes nor the texts.
        if !json.contains(['\\', '%', '+']) && self.words.is_empty() {
            let fold = folded(json);
            if !self.emails.iter().chain(&self.names).any(|wanted| fold.contains(wanted)) {
                return None;
            }
        }
        let (mut out, mut rest, mut is_found) = (String::with_capacity(json.len()), json, false);
        while let Some(begin) = rest.find('"') {
            let end = begin + string_length(&rest[begin..]);
            let (before, string) = (&rest[..begin], &rest[begin..end]);
            out.push_str(before);
            let text: Option<String> = serde_json::from_str(string).ok();
            match text.and_then(|text| self.replace(&text)) {
                Some(replaced) => {
                    is_found = true;
                    out += &serde_json::to_string(&replaced).unwrap_or_default();
                }
                None => out.push_str(string),
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        is_found.then_some(out)
    }
}

/// The length of the JSON string that a text begins with.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// Where an occurrence ends that begins at `start`, as a whole word.
fn end_of(text: &str, start: usize, wanted: &str, is_email: bool) -> Option<usize> {
    let before = text[..start].chars().next_back();
    let is_part = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    if before.is_some_and(|c| is_part(c) || is_email && matches!(c, '.' | '_' | '-' | '+')) {
        return None;
    }
    // A folded text may be longer or shorter than its original, in characters.
    let longest = 4 * wanted.chars().count();
    let mut ends = text[start..].char_indices().take(longest).map(|(at, c)| start + at + c.len_utf8());
    let end = ends.find(|end| {
        let next = text[*end..].chars().next();
        next.is_none_or(|c| !is_part(c)) && folded(&text[start..*end]) == wanted
    })?;
    let mut after = text[end..].chars();
    // `ana@acme.example.org` is another address.
    let goes_on = is_email
        && matches!(after.next(), Some('.' | '-'))
        && after.next().is_some_and(char::is_alphanumeric);
    (!goes_on).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> Texts {
        let all = ["ana.ruiz@acme.example", "Ana María Ruiz", "Anita", "", " "];
        Texts::new(all.into_iter(), "erased-4c1f")
    }

    #[test]
    fn addresses_and_names_are_replaced_as_whole_words() {
        for (text, replaced) in [
            ("ana.ruiz@acme.example", "erased-4c1f"),
            ("mailto:ANA.Ruiz@Acme.Example, bo@acme.example", "mailto:erased-4c1f, bo@acme.example"),
            ("by ANA MARI\u{301}A RUIZ.", "by erased-4c1f."),
            ("Ana María Ruiz (ana.ruiz@acme.example).", "erased-4c1f (erased-4c1f)."),
            ("anita", "erased-4c1f"),
            ("user=is%3Aana.ruiz%40acme.example&via=api", "user=is%3Aerased-4c1f&via=api"),
            ("q=Ana+Mar%C3%ADa+Ruiz", "q=erased-4c1f"),
            (
                "https://x.example/ana.ruiz%40acme.example/?n=Ana%20Mar%C3%ADa%20Ruiz",
                "https://x.example/erased-4c1f/?n=erased-4c1f",
            ),
        ] {
            assert_eq!(texts().replace(text).as_deref(), Some(replaced), "{text}");
        }
        for text in [
            "",
            "ana",
            "Anita Li",
            "juana.ruiz@acme.example",
            "x.ana.ruiz@acme.example",
            "ana.ruiz@acme.example.org",
            "Ana María Ruizo",
            "Juana María Ruiz",
            "1+1 %",
        ] {
            assert_eq!(texts().replace(text), None, "{text}");
        }
    }

    #[test]
    fn json_strings_are_replaced_and_all_else_stays() {
        let json = r#"[{"field":"owner","old":{"ana.ruiz@acme.example":1.10,"n":2e0},"new":["a\"b\\","Ana Mar\u00eda Ruiz"]}]"#;
        let replaced =
            r#"[{"field":"owner","old":{"erased-4c1f":1.10,"n":2e0},"new":["a\"b\\","erased-4c1f"]}]"#;
        assert_eq!(texts().replace_in_json(json).as_deref(), Some(replaced));
        let nested = r#"["{\"owner\":\"ana.ruiz@acme.example\"}"]"#;
        assert_eq!(texts().replace_in_json(nested).as_deref(), Some(r#"["{\"owner\":\"erased-4c1f\"}"]"#));
        assert_eq!(texts().replace_in_json(r#"[{"field":"n","old":1.10,"new":"\u0000"}]"#), None);
        assert_eq!(texts().only_emails().replace_in_json(r#"["Anita"]"#), None);
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_the_person(before in "[ a\"\\\\<é%+&=.:]{0,4}", after in "[ \"\\\\>é%+&=,:]{0,4}", upper: bool) {
            let name = |text: &str| if upper { text.to_uppercase() } else { text.to_owned() };
            let text = format!("{before}({}) <{}>{after}", name("Ana María Ruiz"), name("ana.ruiz@acme.example"));
            let json = serde_json::to_string(&[&text]).expect("JSON");
            let replaced = texts().replace_in_json(&json).expect("found");
            let left: Vec<String> = serde_json::from_str(&replaced).expect("still JSON");
            let fold = folded(&left[0]);
            prop_assert!(!fold.contains("ruiz") && fold.contains("erased-4c1f"), "{fold}");
            prop_assert_eq!(texts().replace_in_json(&replaced), None);
        }
    }
}
