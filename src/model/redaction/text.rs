//! Reads a text by every format it may hold, until nothing more is found.

use std::borrow::Cow;

use super::judge::Judge;
use super::scan::Scan;
use super::{calls, forms, options, pairs, pem, php, prose, shapes, urls, xml, yaml};

/// How often a text is read again after something was hidden in it. One that still shows more is hidden as a whole.
const MAX_READINGS: usize = 6;

/// Replaces every credential in a text by `marker`.
pub(super) fn scrub<'a>(text: &'a str, marker: &str, judge: &Judge, is_prose: bool) -> Cow<'a, str> {
    let mut scrubbed = Cow::Borrowed(text);
    for _ in 0..MAX_READINGS {
        let mut scan = Scan::new(&scrubbed, judge, is_prose);
        find(&mut scan);
        match scan.hidden(marker) {
            Some(kept) => scrubbed = Cow::Owned(kept),
            None => return scrubbed,
        }
    }
    Cow::Owned(marker.to_owned())
}

fn find(scan: &mut Scan<'_>) {
    // Each format is looked for only where its signs are: most texts have none.
    shapes::find(scan);
    if scan.has("-") {
        pem::find(scan);
    }
    if scan.text.contains(pem::ENCODED) {
        pem::find_encoded(scan);
    }
    if scan.has("/@") {
        urls::find(scan);
    }
    if scan.has(":") {
        options::find_pgpass(scan);
    }
    pairs::find(scan);
    if scan.has("<") {
        xml::find(scan);
    }
    if scan.has("&") && scan.text.contains("&lt;") {
        xml::find_escaped(scan);
    }
    if scan.has("\n") && scan.has(":") {
        yaml::find(scan);
    }
    if scan.has("=") && scan.has("\n") {
        forms::find(scan);
    }
    if scan.has("\"") && scan.has(";") {
        php::find(scan);
    }
    if !scan.text.is_ascii() {
        prose::find_joined(scan);
    }
    if scan.has(" \t") {
        options::find_directives(scan);
        if scan.has("-") {
            options::find(scan);
        }
        if scan.has("'\"") {
            calls::find(scan);
        }
        prose::find(scan);
    }
}
