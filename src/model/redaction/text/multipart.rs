//! Redacts fields of multipart forms: `Content-Disposition: form-data; name="password"`, an empty line, and the value up
//! to the boundary.

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::text::scan::{TextScan, find_or_end};

/// The most that the other headers of a field may take, in bytes.
const MAX_HEADERS: usize = 1024;

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for (at, disposition) in text.match_indices("form-data;") {
        if at < done {
            continue;
        }
        let line_end = find_or_end(text, at, |c| c == '\n');
        let Some(name_at) = text[at..line_end].find(" name=").map(|it| at + it + 6) else { continue };
        let name = text[name_at.max(at + disposition.len())..line_end].split(';').next().unwrap_or_default();
        let class = scan.classifier.class(name.trim().trim_matches('"'));
        if !class.is_credential() {
            continue;
        }
        let headers = &text[line_end..text.floor_char_boundary(line_end + MAX_HEADERS)];
        let empty_line = ["\n\r\n", "\n\n"].iter().filter_map(|it| Some((headers.find(it)?, it.len())));
        let Some((offset, length)) = empty_line.min() else { continue };
        let start = line_end + offset + length;
        // One search: a second one for `\r\n--` would read the rest of a text that has none for each field.
        done = text[start..].find("\n--").map_or(text.len(), |end| start + end);
        let end = start + text[start..done].strip_suffix('\r').map_or(done - start, str::len);
        scan.redact_value(class, start..end, ValueSyntax::Explicit);
    }
}
