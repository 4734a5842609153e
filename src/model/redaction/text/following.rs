//! Redacts what belongs to a value but follows it: the new value after an arrow (`"old" -> "new"`), and further pieces of a
//! text in a program (`"abc" + "def"`).

use crate::model::redaction::classifier::{ValueSyntax, is_secret};
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::scan::{TextScan, skip_blanks};
use crate::model::redaction::text::value::{ValueSpan, value_at};
use crate::model::redaction::values::{is_harmless_text, looks_generated};

const ARROWS: [&str; 5] = ["->", "=>", "→", "⇒", "➜"];
/// Operators that join texts in programs.
const OPERATORS: [&str; 6] = ["+", "..", ".", "&", "||", "<>"];

/// Whether an arrow stands at the start of a text.
pub(super) fn begins_with_arrow(text: &str) -> bool {
    ARROWS.iter().any(|arrow| text.starts_with(arrow))
}

/// Whether the line ends after `at`, or a further arrow follows.
fn ends_pair(text: &str, at: usize) -> bool {
    let rest = &text[skip_blanks(text, at)..];
    rest.is_empty() || rest.starts_with(['\n', '\r']) || begins_with_arrow(rest)
}

/// Redacts what follows a value of a name of this class. Returns where it ends, if there is anything.
pub(super) fn redact(scan: &mut TextScan<'_>, class: NameClass, span: &ValueSpan) -> Option<usize> {
    let text = scan.text;
    // `password -> hash -> check` names steps.
    let before = text[..span.start].trim_end_matches(' ');
    let is_bare = !text[span.start..span.end].contains(['(', ')', '[', ']', '{', '}'])
        && !ARROWS.iter().any(|arrow| before.ends_with(arrow));
    let mut end = None;
    let mut after = span.end + usize::from(span.is_quoted && text[span.end..].starts_with(['"', '\'', '`']));
    let is_absent = || is_harmless_text(&text[span.start..span.end], class);
    loop {
        let at = skip_blanks(text, after);
        let rest = &text[at..];
        let arrow = ARROWS.iter().find(|arrow| rest.starts_with(**arrow));
        let operator = || OPERATORS.iter().find(|operator| span.is_quoted && rest.starts_with(**operator));
        let Some(sign) = arrow.or_else(operator) else { return end };
        let start = text.len() - text[at + sign.len()..].trim_start().len();
        let next = value_at(text, start, false);
        let value = &text[next.start..next.end];
        let is_value = if next.is_quoted {
            (span.is_quoted || is_absent()) && is_secret(class, value, ValueSyntax::Explicit)
        } else {
            // `a -> b` at the end of a line is a change, and not the type of a function.
            let is_last = !scan.is_prose && is_bare && ends_pair(text, next.end);
            arrow.is_some()
                && (looks_generated(value) || is_last && is_secret(class, value, ValueSyntax::LastWord))
        };
        if !is_value {
            return end;
        }
        scan.redact(next.start..next.end);
        end = Some(next.end);
        after = next.end + usize::from(next.is_quoted);
        if after > text.len() || !text.is_char_boundary(after) {
            return end;
        }
    }
}
