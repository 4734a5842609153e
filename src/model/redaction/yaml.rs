//! YAML over several lines: block texts, values on the next line, lists and maps under a key, and `name:` beside
//! `value:`. What stands on one line is a pair, and read as such.
//!
//! Most YAML in a log is a piece of a file or stands in a sentence, which a parser would refuse; so lines are read by
//! their indentation.

use std::ops::Range;

use super::judge::{Writing, hides};
use super::names::{Meaning, Name};
use super::scan::Scan;
use super::values::looks_made;

/// A line: how far its key is indented, the key, and where the value stands.
struct Line<'t> {
    indent: usize,
    is_item: bool,
    key: Option<&'t str>,
    value: Range<usize>,
}

/// Hides what stands under a key that names a credential.
pub(super) fn find(scan: &mut Scan<'_>) {
    let lines = lines(scan.text);
    let mut under: Option<(usize, Meaning)> = None;
    let mut named: Option<(usize, Meaning)> = None;
    for line in &lines {
        let text = &scan.text[line.value.clone()];
        if line.key.is_none() && text.trim().is_empty() {
            continue;
        }
        if let Some((indent, meaning)) = under {
            if line.indent > indent || line.is_item && line.indent >= indent {
                beneath(scan, line, meaning);
                continue;
            }
            under = None;
        }
        let Some(key) = line.key else { continue };
        if let Some((indent, meaning)) = named
            && indent == line.indent
            && !line.is_item
        {
            let name = Name::of(key);
            if (name.holds_value() || name.holds_source()) && hides(meaning, unquoted(text), Writing::Certain)
            {
                scan.hide(line.value.clone());
            }
        } else {
            named = None;
        }
        let meaning = scan.judge.meaning(key);
        if meaning.is_credential() && opens(text) {
            under = Some((line.indent, meaning));
        }
        if Name::of(key).tells_name() {
            let meaning = scan.judge.meaning(unquoted(text));
            named = meaning.is_credential().then_some((line.indent, meaning)).or(named);
        }
    }
}

/// A line under a credential's key: a text, an item, or a member whose own name may make it harmless.
fn beneath(scan: &mut Scan<'_>, line: &Line<'_>, meaning: Meaning) {
    let text = unquoted(&scan.text[line.value.clone()]);
    let is_about = line.key.is_some_and(|key| Name::of(key).is_attribute()) && !looks_made(text);
    // What describes a credential and holds none: `type: string`.
    let meaning = if line.key.is_some() && meaning == Meaning::Password { Meaning::Key } else { meaning };
    if !is_about && !opens(text) && hides(meaning, text, Writing::Certain) {
        scan.hide(line.value.clone());
    }
}

/// Whether a value follows on further lines: nothing stands here, or the sign of a block.
fn opens(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value.rsplit([' ', '\t']).next().unwrap_or(value);
    value.is_empty() || value.starts_with(['|', '>', '!', '&']) && value.len() <= 3
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let mut content = line.trim_start_matches([' ', '\t']);
        let mut is_item = false;
        // `- key: value`, `? key`: the key stands behind the mark.
        while let Some(rest) = content.strip_prefix("- ").or_else(|| content.strip_prefix("? ")) {
            is_item = true;
            content = rest.trim_start();
        }
        let indent = line.len() - content.len();
        let is_pure_item = is_item && !line.trim_start().starts_with("? ");
        lines.push(read(content, start + indent, indent, is_pure_item, line.trim_start().starts_with("? ")));
        start += whole.len();
    }
    lines
}

fn read(content: &str, at: usize, indent: usize, is_item: bool, is_question: bool) -> Line<'_> {
    let end = at + content.len();
    if is_question {
        // The value follows behind `:` on the next line.
        return Line {
            indent: indent.saturating_sub(2),
            is_item: false,
            key: Some(content),
            value: end..end,
        };
    }
    if let Some(answer) = content.strip_prefix(": ") {
        return Line { indent: indent + 2, is_item: false, key: None, value: end - answer.len()..end };
    }
    let colon = content.find(": ").or_else(|| content.ends_with(':').then(|| content.len() - 1));
    let key = colon
        .map(|colon| content[..colon].trim().trim_matches(['"', '\'']))
        .filter(|key| key.len() < 128 && !key.is_empty());
    match (key, colon) {
        (Some(key), Some(colon)) => {
            let value = content[colon + 1..].trim_start();
            // An item's dash is further left than its key: the list of a key at the same place.
            Line { indent, is_item, key: Some(key), value: end - value.len()..end }
        }
        _ => Line { indent, is_item, key: None, value: at..end },
    }
}
