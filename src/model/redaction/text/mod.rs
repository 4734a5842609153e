//! Redacts credentials in a text. A text may mix formats, so the detectors of all formats read it, until they find no more.

mod blocks;
mod calls;
mod command_line;
mod encoded;
mod flow;
mod following;
mod key;
mod key_value;
mod label_tables;
mod listed;
mod multipart;
mod option_lists;
pub(super) mod pem;
mod php;
mod positions;
mod scan;
mod sentences;
mod separators;
mod sql;
mod tables;
mod token_formats;
mod urls;
mod value;
mod xml;
mod yaml;

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::text::listed::ListedPatterns;
use crate::model::redaction::text::scan::TextScan;

/// How often a text is read at most. A text that still shows more is replaced as a whole.
const MAX_PASSES: usize = 6;

/// Replaces every credential in a text by `marker`. `is_prose` marks a name, a description or a reason, in which
/// sentences are usual.
pub(super) fn redact<'a>(
    text: &'a str,
    marker: &str,
    classifier: &Classifier,
    is_prose: bool,
) -> Cow<'a, str> {
    let mut redacted = Cow::Borrowed(text);
    for _ in 0..MAX_PASSES {
        let mut scan = TextScan::new(&redacted, classifier, is_prose);
        detect(&mut scan);
        match scan.replaced_by(marker) {
            Some(kept) => redacted = Cow::Owned(kept),
            None => return redacted,
        }
    }
    Cow::Owned(marker.to_owned())
}

/// The listed patterns of all detectors.
static LISTED: LazyLock<ListedPatterns> = LazyLock::new(|| {
    let tables = [token_formats::listed(), positions::listed(), calls::listed()];
    ListedPatterns::new(tables.into_iter().flatten().collect())
});

/// Runs each detector whose characters occur in the text. Most texts need few of them.
fn detect(scan: &mut TextScan<'_>) {
    let listed = LISTED.in_text(scan.text);
    token_formats::detect(scan, &listed);
    if scan.has("-") {
        pem::detect(scan);
    }
    if scan.text.contains(pem::ENCODED) {
        pem::detect_encoded(scan);
    }
    if scan.has("/@") {
        urls::detect(scan);
    }
    if scan.has(":") {
        command_line::detect_pgpass(scan);
    }
    key_value::detect(scan);
    if scan.has("=:") {
        blocks::detect(scan);
    }
    if scan.has("<") {
        xml::detect(scan);
    }
    if scan.has("&%") {
        encoded::detect_xml(scan);
    }
    if scan.has("\n") && scan.has(":") {
        yaml::detect(scan);
    }
    if scan.has("=") && scan.has("\n") {
        multipart::detect(scan);
    }
    if scan.has("\"") && scan.has(";") {
        php::detect(scan);
    }
    if scan.has("'\"") {
        calls::detect_listed(scan, &listed);
    }
    if scan.has("(") && scan.has("'\"") {
        calls::detect(scan);
    }
    if scan.has("-") {
        option_lists::detect(scan);
    }
    if scan.has("\n|") {
        tables::detect(scan);
    }
    if !scan.text.is_ascii() {
        sentences::detect_unspaced(scan);
    }
    if scan.has(" \t") {
        command_line::detect_directives(scan);
        command_line::detect(scan);
        positions::detect(scan, &listed);
        if scan.has("'\"")
            || scan.text.contains("dentified")
            || scan.text.contains("IDENTIFIED")
            || scan.text.contains("$$")
            || scan.text.contains("stdin")
            || scan.text.contains("STDIN")
        {
            sql::detect(scan);
        }
        sentences::detect(scan);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_listed_patterns_compile() {
        super::LISTED.compile_all();
    }
}
