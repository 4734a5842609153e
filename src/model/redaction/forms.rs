//! Multipart forms: `Content-Disposition: form-data; name="password"`, a blank line, and the value up to the boundary.

use super::heads::floor;
use super::judge::{Writing, hides};
use super::scan::Scan;

/// The most that the other headers of a part may take, in bytes.
const MAX_HEADERS: usize = 1024;

/// Hides the parts whose name names a credential.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for (at, mark) in text.match_indices("form-data;") {
        if at < done {
            continue;
        }
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let Some(name_at) = text[at..line_end].find(" name=").map(|it| at + it + 6) else { continue };
        let name = text[name_at.max(at + mark.len())..line_end].split(';').next().unwrap_or_default();
        let meaning = scan.judge.meaning(name.trim().trim_matches('"'));
        if !meaning.is_credential() {
            continue;
        }
        // Other headers of the part may follow; a blank line ends them.
        let rest = &text[line_end..floor(text, line_end + MAX_HEADERS)];
        let Some((blank, length)) =
            ["\n\r\n", "\n\n"].iter().filter_map(|it| Some((rest.find(it)?, it.len()))).min()
        else {
            continue;
        };
        let start = line_end + blank + length;
        let end = ["\r\n--", "\n--"]
            .iter()
            .filter_map(|it| text[start..].find(it))
            .min()
            .map_or(text.len(), |end| start + end);
        if hides(meaning, &text[start..end], Writing::Certain) {
            scan.hide(start..end);
        }
        done = end;
    }
}
