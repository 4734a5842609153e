//! Redacts tables in texts: cells under a header that names a credential, a cell beside its name, and a line under its name.

use std::ops::Range;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::scan::TextScan;
use crate::model::redaction::values::looks_generated;

/// The most characters of a line that is read as a row.
const MAX_LINE: usize = 4096;

/// How many lines of a text may be headers: the names in each are classified.
const MAX_HEADERS: usize = 8;

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    if scan.has("|") {
        for line in lines(text) {
            redact_beside_name(scan, line);
        }
    }
    if !scan.has("\n") {
        return;
    }
    for (separator, sign) in [('\t', "\t"), (',', ","), (';', ";"), ('|', "|")] {
        if scan.has(sign) {
            redact_columns(scan, separator);
        }
    }
    redact_under_name(scan);
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        range
    })
}

/// The cells of a line, without blanks and quotes.
fn cells(text: &str, line: Range<usize>, separator: char) -> Vec<Range<usize>> {
    if line.len() > MAX_LINE {
        return Vec::new();
    }
    let mut start = line.start;
    let cell = |cell: &str| {
        let trimmed = cell.trim().trim_matches('"');
        let at = start + cell.find(trimmed).unwrap_or(0);
        start += cell.len() + separator.len_utf8();
        at..at + trimmed.len()
    };
    text[line].split(separator).map(cell).collect()
}

/// Redacts the cells under the names of credentials, in lines with as many cells as the header.
fn redact_columns(scan: &mut TextScan<'_>, separator: char) {
    let text = scan.text;
    let mut header: Vec<NameClass> = Vec::new();
    let mut attempts = 0;
    for line in lines(text) {
        if header.is_empty() && attempts == MAX_HEADERS {
            return;
        }
        let cells = cells(text, line, separator);
        if cells.len() < 2 || cells.len() != header.len() {
            let is_name = |cell: &Range<usize>| {
                let cell = &text[cell.clone()];
                cell.len() < 48 && !cell.contains(['=', ':', '(', '{'])
            };
            let class = |cell: &Range<usize>| scan.classifier.class(&text[cell.clone()]);
            let may_be_header = cells.len() > 1 && attempts < MAX_HEADERS && cells.iter().all(is_name);
            attempts += usize::from(may_be_header);
            let is_header = may_be_header && cells.iter().any(|cell| class(cell).is_credential());
            header = if is_header { cells.iter().map(class).collect() } else { Vec::new() };
            continue;
        }
        for (cell, class) in cells.into_iter().zip(&header) {
            if class.is_credential() && !cell.is_empty() {
                scan.redact_value(*class, cell, ValueSyntax::MaybeProse);
            }
        }
    }
}

/// Redacts a generated cell beside the name of a credential: `| password | x7Yz90aB |`.
fn redact_beside_name(scan: &mut TextScan<'_>, line: Range<usize>) {
    let text = scan.text;
    for pair in cells(text, line, '|').windows(2) {
        let [name, value] = [&pair[0], &pair[1]].map(|cell| text[cell.clone()].trim_matches(['*', '`']));
        if looks_generated(value) && scan.classifier.is_credential(name) {
            scan.redact_value(scan.classifier.class(name), pair[1].clone(), ValueSyntax::Explicit);
        }
    }
}

/// Redacts a line of one generated word under a line that only names a credential.
fn redact_under_name(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let mut above = "";
    for line in lines(text) {
        let words = text[line.clone()].trim();
        if words.is_empty() {
            continue;
        }
        let name = above.trim_end_matches(':').trim_matches(['*', '#', ' ']);
        let is_under_name = !words.contains(char::is_whitespace)
            && name.len() < 48
            && name.split_whitespace().count() < 4
            && looks_generated(words)
            && scan.classifier.is_credential(name);
        if is_under_name {
            scan.redact_value(scan.classifier.class(name), line, ValueSyntax::Explicit);
        }
        above = words;
    }
}
