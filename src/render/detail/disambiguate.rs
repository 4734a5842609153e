//! Escapes characters in lines that differ but look the same, and adds a note about the difference.

use std::collections::HashMap;

use crate::render::detail::line::{DetailLine, LineMark, Span};
use crate::render::lookalike::{
    DifferingChars, appearance_key, escape_differences, lookalike, within_quotes,
};
use crate::render::style::Role;

/// Disambiguates the lines of one field: old and new values, and removed and added lines.
pub(super) fn values(lines: &mut [DetailLine]) {
    let (mut removed, mut added): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for (place, line) in lines.iter_mut().enumerate() {
        match line.mark {
            Some(LineMark::Removed) => removed.push(place),
            Some(LineMark::Added) => added.push(place),
            _ if !line.value.is_empty() && !line.new_value.is_empty() => {
                let (is_text, new_value) = (line.is_text, std::mem::take(&mut line.new_value));
                let mut sides = [std::mem::take(&mut line.value), new_value];
                if let Some(words) = spans(&mut sides, is_text) {
                    note(line, words);
                }
                [line.value, line.new_value] = sides;
            }
            _ => {}
        }
    }
    if removed.is_empty() || added.is_empty() {
        return;
    }
    // The n-th removed line is compared with the n-th added line of the same appearance.
    let mut by_appearance: HashMap<String, Vec<usize>> = HashMap::new();
    for place in added.into_iter().rev() {
        by_appearance.entry(appearance_key(&text(&lines[place]))).or_default().push(place);
    }
    for old in removed {
        let key = appearance_key(&text(&lines[old]));
        let Some(new) = by_appearance.get_mut(&key).and_then(Vec::pop) else { continue };
        let is_text = lines[old].is_text && lines[new].is_text;
        let mut sides = [old, new].map(|place| std::mem::take(&mut lines[place].value));
        let words = spans(&mut sides, is_text);
        [lines[old].value, lines[new].value] = sides;
        if let Some(words) = words {
            note(&mut lines[new], words);
        }
    }
}

/// Disambiguates labels that look the same.
pub(super) fn labels(lines: &mut [DetailLine]) {
    let has_hidden = |line: &DetailLine| {
        line.label.as_ref().is_some_and(|label| !label.bytes().all(|byte| matches!(byte, b'!'..=b'~')))
    };
    if !lines.iter().any(has_hidden) {
        return;
    }
    let mut same: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        if let Some(label) = &line.label {
            same.entry(appearance_key(label)).or_default().push(place);
        }
    }
    for places in same.into_values() {
        let Some(first) = places.first().and_then(|first| lines[*first].label.clone()) else { continue };
        let mut shown_first = None;
        for place in &places {
            let Some(label) = lines[*place].label.clone() else { continue };
            if let Some(differs) = lookalike(&first, &label) {
                let [was, is] = escape_differences(unquoted(&first), unquoted(&label), differs);
                shown_first = Some(was);
                lines[*place].label = Some(is);
            }
        }
        if shown_first.is_some() {
            let of_first = places.iter().filter(|place| lines[**place].label.as_ref() == Some(&first));
            for place in of_first.copied().collect::<Vec<_>>() {
                lines[place].label.clone_from(&shown_first);
            }
        }
    }
}

/// A label without its quotes, if it has any.
fn unquoted(label: &str) -> &str {
    label.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(label)
}

fn note(line: &mut DetailLine, words: &str) {
    if line.note.contains(words) {
        return;
    }
    if !line.note.is_empty() {
        line.note.push_str(", ");
    }
    line.note.push_str(words);
}

fn joined(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// A line's label and value.
fn text(line: &DetailLine) -> String {
    format!("{} {}", line.label.as_deref().unwrap_or_default(), joined(&line.value))
}

/// Escapes the differing characters of two sides that look the same and describes the difference. Plain text is quoted,
/// so that escapes are recognisable.
fn spans(sides: &mut [Vec<Span>; 2], is_text: bool) -> Option<&'static str> {
    let [old, new] = [joined(&sides[0]), joined(&sides[1])];
    let differs = lookalike(&old, &new)?;
    let differing = DifferingChars::between(&old, &new, differs);
    for (side, spans) in sides.iter_mut().enumerate() {
        let mut at = 0;
        for span in &mut *spans {
            let is_ours = span.role == Role::Dim;
            let mut shown = String::with_capacity(span.text.len());
            for c in span.text.chars() {
                match differing.escape(side, at, c) {
                    Some(escape) if !is_ours => shown.push_str(&escape),
                    _ if is_text && !is_ours => shown.push_str(&within_quotes(c)),
                    _ => shown.push(c),
                }
                at += c.len_utf8();
            }
            span.text = shown;
        }
        if is_text {
            let role = spans.first().map_or(Role::Plain, |span| span.role);
            let quote = || Span { text: "\"".to_owned(), role };
            spans.insert(0, quote());
            spans.push(quote());
        }
    }
    Some(differs.description())
}
