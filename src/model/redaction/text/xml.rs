//! Redacts credentials in XML and HTML, whole or in pieces: in elements, attributes and CDATA, and in values that an
//! element or attribute beside them names.

use std::collections::HashSet;
use std::ops::Range;

use crate::model::redaction::classifier::{ValueSyntax, is_secret};
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::text::scan::{TextScan, find_or_end};
use crate::model::redaction::values::looks_generated;

/// The longest tag that is read, in bytes.
const MAX_TAG: usize = 4096;

struct Tag<'t> {
    name: &'t str,
    attributes: Vec<(&'t str, Range<usize>)>,
    end: usize,
    /// Whether it ends with `/>`.
    is_closed: bool,
}

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let mut from = 0;
    // Elements without a closing tag in the rest of the text: each is searched once.
    let mut unclosed = HashSet::new();
    // The class that the element before names: `<key>password</key><string>…</string>`.
    let mut named = NameClass::Ordinary;
    let mut table = Table::default();
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        let Some(tag) = tag(text, at) else {
            from = at + 1;
            continue;
        };
        from = tag.end;
        let own = scan.classifier.class(local_name(tag.name));
        let by_attribute = redact_attributes(scan, &tag);
        let by_element = std::mem::replace(&mut named, NameClass::Ordinary);
        let text_end = find_or_end(text, tag.end, |c| c == '<');
        if let Some(class) = table.read(scan, tag.name, &text[tag.end..text_end]) {
            let range = content(text, tag.end..text_end);
            if !text[range.clone()].contains(char::is_whitespace) {
                scan.redact_value(class, range, ValueSyntax::LastWord);
            }
            continue;
        }
        let class = [own, by_attribute, by_element].into_iter().find(|it| it.is_credential());
        if tag.is_closed {
            continue;
        }
        if let Some(class) = class {
            let closing = closing_tag(text, &tag, &mut unclosed);
            // `Vec<Token>`
            if closing.is_none() && text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            // `Bearer <token> with each request`: a placeholder.
            let follows = text[tag.end..text_end].trim_end();
            let is_one_word =
                follows.starts_with(|c: char| c.is_alphanumeric()) && !follows.contains(char::is_whitespace);
            if closing.is_none() && tag.attributes.is_empty() && !is_one_word {
                continue;
            }
            let end = closing.unwrap_or(text_end);
            let range = content(text, tag.end..end);
            let inner = text[range.clone()].trim();
            if !inner.is_empty() && is_secret(class, inner, ValueSyntax::Explicit) {
                scan.redact(range);
                from = end;
            }
        } else if KeyName::of(local_name(tag.name)).is_name_member() && text_end - tag.end < MAX_TAG {
            named = scan.classifier.class(text[tag.end..text_end].trim());
            if named.is_credential() {
                // Skip the closing tag of the name.
                from = text[text_end..].find('>').map_or(text_end, |end| text_end + end + 1);
            }
        }
    }
}

/// The names in the cells of a table in HTML, or in a list of terms.
#[derive(Default)]
struct Table {
    /// The classes of the header cells.
    header: Vec<NameClass>,
    /// How many cells of the row were read.
    column: usize,
    /// Whether the row has header cells.
    has_header: bool,
    /// The class of the cell before.
    label: NameClass,
}

impl Table {
    /// Reads an opening tag and the text after it. Returns the class of a cell that holds a credential.
    fn read(&mut self, scan: &TextScan<'_>, tag: &str, text: &str) -> Option<NameClass> {
        let is = |name: &str| tag.eq_ignore_ascii_case(name);
        if tag.len() != 2 {
            return None;
        }
        if is("tr") {
            (self.column, self.has_header, self.label) = (0, false, NameClass::Ordinary);
        } else if is("th") || is("dt") {
            let class = if text.len() < 64 { scan.classifier.class(text) } else { NameClass::Ordinary };
            if !self.has_header {
                self.header.clear();
            }
            self.has_header |= is("th");
            self.header.push(class);
            self.label = class;
        } else if is("td") || is("dd") {
            let column = self.header.get(self.column).copied().unwrap_or_default();
            // Without a header, a row has names and their values.
            let is_after_name = self.column % 2 == 1 && matches!(self.header.len(), 0 | 2);
            let is_beside = self.has_header || is("dd") || is_after_name || looks_generated(text.trim());
            let own = if is_beside { self.label } else { NameClass::Ordinary };
            self.column += 1;
            self.label =
                if self.has_header || text.len() > 64 { self.label } else { scan.classifier.class(text) };
            let column = if self.has_header { NameClass::Ordinary } else { column };
            return [own, column].into_iter().find(|class| class.is_credential());
        }
        None
    }
}

/// A name without its namespace.
pub(super) fn local_name(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Redacts the values in attributes beside a name: `<add key="ApiKey" value="…">`. Returns the class of that name, because
/// the element's content may hold the value as well.
fn redact_attributes(scan: &mut TextScan<'_>, tag: &Tag<'_>) -> NameClass {
    let text = scan.text;
    let mut classes = tag.attributes.iter().map(|(name, value)| match &text[value.clone()] {
        // `<input type="password" value="…">`
        "password" if *name == "type" => NameClass::Password,
        value if KeyName::of(name).is_name_member() => scan.classifier.class(value),
        _ => NameClass::Ordinary,
    });
    let Some(class) = classes.find(|class| class.is_credential()) else { return NameClass::Ordinary };
    for (name, value) in &tag.attributes {
        if KeyName::of(name).is_value_member() || *name == "source" {
            scan.redact_value(class, value.clone(), ValueSyntax::Explicit);
        }
    }
    class
}

/// The range of an element's content without CDATA markup and outer blanks.
fn content(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = text[range.clone()].trim_end();
    let trimmed = inner.trim_start();
    let start = range.start + inner.len() - trimmed.len();
    match trimmed.strip_prefix("<![CDATA[").and_then(|inner| inner.strip_suffix("]]>")) {
        Some(inner) => start + "<![CDATA[".len()..start + "<![CDATA[".len() + inner.len(),
        None => start..start + trimmed.len(),
    }
}

/// Where the closing tag of an element begins.
fn closing_tag<'t>(text: &str, tag: &Tag<'t>, unclosed: &mut HashSet<&'t str>) -> Option<usize> {
    if unclosed.contains(tag.name) {
        return None;
    }
    let found = text[tag.end..].find(&format!("</{}", tag.name)).map(|at| tag.end + at);
    if found.is_none() {
        unclosed.insert(tag.name);
    }
    found
}

/// The opening tag at an index, or `None` for anything else that begins with `<`.
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
