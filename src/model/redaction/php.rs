//! What PHP's `serialize` writes: `s:8:"password";s:11:"…";`. Lengths are not trusted, for texts were edited since.

use super::judge::{Writing, hides};
use super::scan::Scan;

/// Hides the values that follow the name of a credential.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    if !text.contains("s:") {
        return;
    }
    let mut from = 0;
    while let Some((name, end)) = string(text, from) {
        from = end;
        // A property that is private or protected has its class before it, between zero bytes.
        let name = text[name].rsplit('\0').next().unwrap_or_default();
        let meaning = scan.judge.meaning(name);
        if !meaning.is_credential() {
            continue;
        }
        let rest = &text[end..];
        if rest.starts_with("s:") {
            if let Some((value, value_end)) = string(text, end)
                && text[end..value.start].len() < 16
            {
                if hides(meaning, &text[value.clone()], Writing::Certain) {
                    scan.hide(value);
                }
                from = value_end;
            }
        } else if rest.starts_with(['a', 'O', 'C']) {
            let end = end + rest.find('}').unwrap_or(rest.len());
            let start = end.min(from + text[from..end].find('{').map_or(0, |open| open + 1));
            scan.hide(start..end);
            from = end;
        } else if rest.starts_with(['i', 'd']) {
            let length = rest.find(';').unwrap_or(rest.len());
            if length > 2 && hides(meaning, &rest[2..length], Writing::Certain) {
                scan.hide(end + 2..end + length);
            }
        }
    }
}

/// The next serialised text at or after a place: its content, and where what follows begins.
fn string(text: &str, from: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let mut from = from;
    loop {
        let at = from + text[from..].find("s:")?;
        let digits = text[at + 2..].find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let open = at + 2 + digits;
        if digits == 0 || digits > 8 || !text[open..].starts_with(":\"") {
            from = at + 2;
            continue;
        }
        let start = open + 2;
        let told: usize = text[at + 2..open].parse().unwrap_or(0);
        let ends_there = text.get(start + told..).is_some_and(|rest| rest.starts_with("\";"));
        let length = if ends_there { told } else { text[start..].find("\";").unwrap_or(text.len() - start) };
        return Some((start..start + length, text.len().min(start + length + 2)));
    }
}
