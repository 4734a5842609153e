//! Redacts tables in texts: cells under a header that names a credential, a cell beside its name, and a line under its name.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr3};

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::label_tables;
use crate::model::redaction::text::scan::TextScan;
use crate::model::redaction::values::looks_generated;

/// The most characters of a line that is read as a row.
const MAX_LINE: usize = 4096;

/// How many lines of a text may be headers: the names in each are classified.
const MAX_HEADERS: usize = 8;

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let without_return =
        |line: &Range<usize>| line.start..line.start + scan.text[line.clone()].trim_end_matches('\r').len();
    let lines: Vec<_> = scan.lines.iter().map(without_return).collect();
    if scan.has("|") {
        for line in &lines {
            redact_beside_name(scan, line);
        }
    }
    let is_label = label_tables::detect(scan, &lines, is_rule);
    if !scan.has("\n") {
        return;
    }
    // The lines of other tables, and in place of the lines of tables with labels empty ones.
    let lines: Vec<_> = lines
        .into_iter()
        .zip(is_label)
        .map(|(line, is_label)| if is_label { line.end..line.end } else { line })
        .collect();
    for (separator, sign) in [(b'\t', "\t"), (b',', ","), (b';', ";"), (b'|', "|")] {
        if scan.has(sign) {
            redact_columns(scan, &lines, separator);
        }
    }
    redact_under_name(scan, &lines);
    redact_aligned(scan, &lines);
}

/// Whether a line only separates others: `-----`, `+----+----+`, `|---|---|`.
fn is_rule(line: &[u8]) -> bool {
    line.len() > 2 && line.iter().all(|byte| matches!(byte, b'-' | b'+' | b'=' | b'|' | b':' | b' '))
}

/// Redacts cells in columns that are aligned by blanks, under a header that names a credential: `NAME  TOKEN`.
fn redact_aligned(scan: &mut TextScan<'_>, lines: &[Range<usize>]) {
    let text = scan.text;
    let mut header: Vec<(usize, NameClass)> = Vec::new();
    // Two words may also be prose.
    let mut may_be_prose = false;
    let mut attempts = 0;
    for (index, line) in lines.iter().enumerate() {
        let content = &text[line.clone()];
        if header.is_empty() && attempts == MAX_HEADERS {
            return;
        }
        // The header begins with a letter, as no line of a program in a block does.
        if header.is_empty()
            && (content.len() > 128 || !content.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            continue;
        }
        if content.len() > MAX_LINE || memchr3(b'=', b':', b'(', content.as_bytes()).is_some() {
            header.clear();
            continue;
        }
        if !header.is_empty() {
            let words: Vec<_> = words(content).collect();
            if words.len() == header.len() {
                for ((at, word), (column, class)) in words.into_iter().zip(&header) {
                    let is_cell = at == *column && !may_be_prose || looks_generated(word);
                    if class.is_credential() && is_cell {
                        let start = line.start + at;
                        scan.redact_value(*class, start..start + word.len(), ValueSyntax::LastWord);
                    }
                }
                continue;
            }
            header.clear();
        }
        // The next line has as many words.
        let has_row = |count: usize| {
            lines
                .get(index + 1)
                .is_some_and(|next| next.len() <= MAX_LINE && words(&text[next.clone()]).count() == count)
        };
        let count = words(content).count();
        may_be_prose = !content.contains("  ") && content.bytes().any(|byte| byte.is_ascii_lowercase());
        let is_header = count > 1
            && (count == 2 || !may_be_prose)
            && words(content).all(|(_, word)| is_name(word))
            && has_row(count);
        if is_header {
            attempts += 1;
            let columns = words(content).map(|(at, word)| (at, scan.classifier.class(word)));
            header.extend(columns);
            if !header.iter().any(|(_, class)| class.is_credential()) {
                header.clear();
            }
        }
    }
}

/// Whether a word may be the name of a column.
fn is_name(word: &str) -> bool {
    word.contains(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
}

/// The words of a line with their indices.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    line.split([' ', '\t']).filter_map(move |word| {
        let at = next;
        next += word.len() + 1;
        (!word.is_empty()).then_some((at, word))
    })
}

/// The cells of a line, without blanks and quotes.
fn cells(text: &str, line: &Range<usize>, separator: u8) -> impl Iterator<Item = Range<usize>> {
    let mut start = line.start;
    text[line.clone()].split(char::from(separator)).map(move |cell| {
        let outer = cell.trim_start().trim_start_matches('"');
        let at = start + cell.len() - outer.len();
        start += cell.len() + 1;
        at..at + outer.trim_end().trim_end_matches('"').len()
    })
}

/// The cells of a line that may be a header. Jira doubles its bars: `|| system || token ||`.
fn header_cells(text: &str, line: &Range<usize>, separator: u8) -> impl Iterator<Item = Range<usize>> {
    let is_doubled = separator == b'|' && text[line.clone()].starts_with("||");
    cells(text, line, separator)
        .enumerate()
        .filter(move |(index, _)| !is_doubled || index % 2 == 0)
        .map(|it| it.1)
}

/// Redacts the cells under the names of credentials, in lines with as many cells as the header.
fn redact_columns(scan: &mut TextScan<'_>, lines: &[Range<usize>], separator: u8) {
    let text = scan.text;
    let mut header: Vec<NameClass> = Vec::new();
    let mut syntax = ValueSyntax::MaybeProse;
    let mut attempts = 0;
    for line in lines {
        if header.is_empty() && attempts == MAX_HEADERS {
            return;
        }
        let content = text[line.clone()].as_bytes();
        // The rule between the header and the rows: `------+----------`.
        if !header.is_empty() && is_rule(content) {
            continue;
        }
        let is_row = line.len() <= MAX_LINE && memchr(separator, content).is_some();
        if is_row && !header.is_empty() && memchr_iter(separator, content).count() + 1 == header.len() {
            for (cell, class) in cells(text, line, separator).zip(&header) {
                // Under a header that may be a sentence, a cell of several words is one, too.
                let is_sentence =
                    syntax == ValueSyntax::MaybeProse && text[cell.clone()].contains(char::is_whitespace);
                if class.is_credential() && !cell.is_empty() && !is_sentence {
                    scan.redact_value(*class, cell, syntax);
                }
            }
            continue;
        }
        header.clear();
        let may_be_header = is_row
            && attempts < MAX_HEADERS
            && memchr3(b'=', b':', b'(', content).or_else(|| memchr(b'{', content)).is_none()
            && cells(text, line, separator).all(|cell| cell.len() < 48);
        if may_be_header {
            attempts += 1;
            header.extend(header_cells(text, line, separator).map(|cell| scan.classifier.class(&text[cell])));
            if !header.iter().any(|class| class.is_credential()) {
                header.clear();
            }
            if header.is_empty() {
                continue;
            }
            // A header of single words is no sentence: its cells may be words, too.
            let is_name = |cell: Range<usize>| !cell.is_empty() && !text[cell].contains(char::is_whitespace);
            let outer = usize::from(separator == b'|' && content.first() == Some(&b'|'));
            let mut names =
                header_cells(text, line, separator).skip(outer).take(header.len().saturating_sub(2 * outer));
            syntax = if names.all(is_name) { ValueSyntax::LastWord } else { ValueSyntax::MaybeProse };
        }
    }
}

/// Redacts a generated cell beside the name of a credential: `| password | x7Yz90aB |`.
fn redact_beside_name(scan: &mut TextScan<'_>, line: &Range<usize>) {
    let text = scan.text;
    if line.len() > MAX_LINE || memchr(b'|', text[line.clone()].as_bytes()).is_none() {
        return;
    }
    let mut name = "";
    for cell in cells(text, line, b'|') {
        let value = text[cell.clone()].trim_matches(['*', '`']);
        if looks_generated(value) && scan.classifier.is_credential(name) {
            scan.redact_value(scan.classifier.class(name), cell, ValueSyntax::Explicit);
        }
        name = value;
    }
}

/// Redacts a line of one generated word under a line that only names a credential.
fn redact_under_name(scan: &mut TextScan<'_>, lines: &[Range<usize>]) {
    let text = scan.text;
    let mut above = "";
    for line in lines {
        let words = text[line.clone()].trim();
        if words.is_empty() || is_rule(words.as_bytes()) {
            continue;
        }
        let name = above.trim_end_matches(':').trim_matches(['*', '#', ' ']);
        let is_under_name = !words.contains(char::is_whitespace)
            && name.len() < 48
            && name.split_whitespace().count() < 4
            && looks_generated(words)
            && scan.classifier.is_credential(name);
        if is_under_name {
            scan.redact_value(scan.classifier.class(name), line.clone(), ValueSyntax::Explicit);
        }
        above = words;
    }
}
