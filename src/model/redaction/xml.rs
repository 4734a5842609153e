//! XML and HTML, whole or in pieces: elements, attributes, CDATA, nested elements, and pairs of `name` and `value`.

use std::collections::HashSet;
use std::ops::Range;

use super::judge::{Writing, hides};
use super::names::{Meaning, Name};
use super::scan::Scan;

/// The longest tag that is read, in bytes.
const MAX_TAG: usize = 4096;

/// A tag as it stands in a text.
struct Tag<'t> {
    name: &'t str,
    attributes: Vec<(&'t str, Range<usize>)>,
    end: usize,
    is_closed: bool,
}

/// Hides the content of elements that name a credential, and values that an attribute or an element beside them names.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut from = 0;
    // Names whose closing tag was looked for in vain: it is not further on either.
    let mut unclosed = HashSet::new();
    // What the element before names: `<key>password</key><string>…</string>`.
    let mut named = Meaning::Plain;
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        let Some(tag) = tag(text, at) else {
            from = at + 1;
            continue;
        };
        from = tag.end;
        let own = scan.judge.meaning(local(tag.name));
        let by_attribute = attribute(scan, &tag);
        let told = std::mem::replace(&mut named, Meaning::Plain);
        let meaning = [own, by_attribute, told].into_iter().find(|it| it.is_credential());
        if tag.is_closed {
            continue;
        }
        let name = Name::of(local(tag.name));
        let plain = text[tag.end..].find('<').map_or(text.len(), |end| tag.end + end);
        if let Some(meaning) = meaning {
            let end = closing(text, &tag, &mut unclosed).unwrap_or(plain);
            let place = content(text, tag.end..end);
            let inner = &text[place.clone()];
            let writing = if inner.contains('<') { Writing::Certain } else { writing(own, meaning) };
            if hides(meaning, inner.trim(), writing) && !inner.trim().is_empty() {
                scan.hide(place);
                from = end;
            }
        } else if name.tells_name() && plain - tag.end < MAX_TAG {
            named = scan.judge.meaning(text[tag.end..plain].trim());
            if named.is_credential() {
                // The closing tag of the name.
                from = text[plain..].find('>').map_or(plain, |end| plain + end + 1);
            }
        }
    }
}

/// Hides the same where it was escaped to stand in a text: `&lt;password&gt;…&lt;/password&gt;`.
pub(super) fn find_escaped(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for (at, open) in text.match_indices("&lt;") {
        let start = at + open.len();
        let name_end = text[start..]
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
            .map_or(text.len(), |end| start + end);
        if at < done || !text[name_end..].starts_with("&gt;") {
            continue;
        }
        let value =
            name_end + 4..text[name_end + 4..].find("&lt;").map_or(text.len(), |end| name_end + 4 + end);
        done = value.end;
        if hides(scan.judge.meaning(local(&text[start..name_end])), &text[value.clone()], Writing::Certain) {
            scan.hide(value);
        }
    }
}

/// An element of its own is a value for certain.
fn writing(own: Meaning, meaning: Meaning) -> Writing {
    if own == meaning || meaning.is_credential() { Writing::Certain } else { Writing::Loose }
}

/// The name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// What the attributes name: `<add key="ApiKey" value="…">` hides the value, and the content of the element too.
fn attribute(scan: &mut Scan<'_>, tag: &Tag<'_>) -> Meaning {
    if tag.attributes.is_empty() {
        return Meaning::Plain;
    }
    let text = scan.text;
    let meanings = tag.attributes.iter().map(|(name, value)| match &text[value.clone()] {
        // `<input type="password" value="…">`
        "password" if *name == "type" => Meaning::Password,
        value if Name::of(name).tells_name() => scan.judge.meaning(value),
        _ => Meaning::Plain,
    });
    let mut meanings = meanings.filter(|it| it.is_credential());
    let meaning = meanings.next().unwrap_or(Meaning::Plain);
    if meaning.is_credential() {
        for (name, value) in &tag.attributes {
            if (Name::of(name).holds_value() || *name == "source")
                && hides(meaning, &text[value.clone()], Writing::Certain)
            {
                scan.hide(value.clone());
            }
        }
    }
    meaning
}

/// The content of an element without the frame of CDATA and the blanks around it.
fn content(text: &str, place: Range<usize>) -> Range<usize> {
    let inner = &text[place.clone()];
    let start = place.start + inner.len() - inner.trim_start().len();
    let end = place.end - (inner.len() - inner.trim_end().len());
    let place = start..end.max(start);
    match text[place.clone()].strip_prefix("<![CDATA[").and_then(|inner| inner.strip_suffix("]]>")) {
        Some(inner) => place.start + 9..place.start + 9 + inner.len(),
        None => place,
    }
}

/// Where the element's closing tag begins.
fn closing<'t>(text: &str, tag: &Tag<'t>, unclosed: &mut HashSet<&'t str>) -> Option<usize> {
    if unclosed.contains(tag.name) {
        return None;
    }
    let found = text[tag.end..].find(&format!("</{}", tag.name)).map(|at| tag.end + at);
    if found.is_none() {
        unclosed.insert(tag.name);
    }
    found
}

/// The opening tag at a place; none for anything else that begins with `<`.
fn tag(text: &str, at: usize) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let limit = bytes.len().min(at + MAX_TAG);
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':') || *byte >= 0x80
    };
    let run = |from: usize| from + bytes[from..limit].iter().take_while(|byte| is_name(byte)).count();
    let blank =
        |from: usize| from + bytes[from..limit].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = at + 1;
    if start >= limit || !(bytes[start].is_ascii_alphabetic() || bytes[start] == b'_' || bytes[start] >= 0x80)
    {
        return None;
    }
    let mut from = run(start);
    let name = text.get(start..from)?;
    let mut attributes = Vec::new();
    while from < limit {
        from = blank(from);
        match bytes.get(from)? {
            b'>' => return Some(Tag { name, attributes, end: from + 1, is_closed: false }),
            b'/' if bytes.get(from + 1) == Some(&b'>') => {
                return Some(Tag { name, attributes, end: from + 2, is_closed: true });
            }
            b'<' => return None,
            byte if is_name(byte) => {
                let end = run(from);
                let attribute = text.get(from..end)?;
                from = blank(end);
                if bytes.get(from) == Some(&b'=') {
                    from = blank(from + 1);
                    let quote = bytes.get(from).copied().filter(|byte| matches!(byte, b'"' | b'\''));
                    let value = match quote {
                        Some(quote) => {
                            let start = from + 1;
                            let length =
                                bytes[start.min(limit)..limit].iter().position(|&byte| byte == quote)?;
                            start..start + length
                        }
                        None => {
                            from..from
                                + bytes[from.min(limit)..limit]
                                    .iter()
                                    .take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'>')
                                    .count()
                        }
                    };
                    from = value.end + usize::from(quote.is_some());
                    attributes.push((attribute, value));
                }
            }
            _ => from += 1,
        }
    }
    None
}
