//! The formula guard: adds a `'` before text that a spreadsheet would evaluate, and removes it again.
//!
//! Spreadsheets that separate cells by semicolons split `a;=1` even inside quotes, and start a row at a line break.
//! Therefore each piece between separators is guarded like a cell. A piece that already has a `'` before a formula gets
//! another one, so that removing one always restores the original.

use std::borrow::Cow;

/// Characters that may end a cell, depending on the spreadsheet.
const SEPARATORS: [char; 4] = [';', '\t', '\n', '\r'];

/// Whether a spreadsheet may evaluate the cell: after optional whitespace, it begins with `=`, `+`, `-`, `@` (also
/// full-width), a tab or a carriage return. Plain numbers such as `-5` are excluded.
pub fn is_formula(cell: &str) -> bool {
    let start = cell.trim_start_matches(|c: char| c.is_whitespace() && !matches!(c, '\t' | '\r'));
    start.starts_with(is_formula_start) && !is_number(cell)
}

const fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r')
}

/// Whether the cell is a decimal number. Unlike the float parser, it rejects `inf` and `nan`.
fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) && cell.parse::<f64>().is_ok()
}

/// Whether a piece is a formula when all leading `'` are ignored.
fn is_formula_ignoring_quotes(piece: &str) -> bool {
    is_formula(piece.trim_start_matches('\''))
}

/// Adds a `'` before each piece that a spreadsheet may evaluate.
pub fn escape_formulas(cell: Cow<'_, str>) -> Cow<'_, str> {
    let at_start = is_formula_ignoring_quotes(&cell);
    if !at_start && !cell.contains(SEPARATORS) {
        return cell;
    }
    let pieces = later_pieces(&cell, |piece, out| {
        if is_formula_ignoring_quotes(piece) {
            out.push('\'');
        }
        out.push_str(piece);
    });
    if at_start { format!("'{pieces}").into() } else { pieces.into() }
}

/// Removes the guards: the inverse of [`guarded`].
pub fn unescape_formulas(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    let without = later_pieces(cell, |piece, out| out.push_str(without_guard(piece)));
    match without_guard(&without) {
        same if same.len() == without.len() => without.into(),
        shorter => shorter.to_owned().into(),
    }
}

fn without_guard(piece: &str) -> &str {
    piece.strip_prefix('\'').filter(|_| is_formula_ignoring_quotes(piece)).unwrap_or(piece)
}

/// Whether no piece of the cell is a formula. This holds for every result of [`guarded`].
pub fn is_guarded(cell: &str) -> bool {
    let mut all = !is_formula(cell);
    later_pieces(cell, |piece, _| all &= !is_formula(piece));
    all
}

/// Copies a cell. `piece` writes each part that follows a separator, and may change it.
fn later_pieces(cell: &str, mut piece: impl FnMut(&str, &mut String)) -> String {
    let mut out = String::with_capacity(cell.len() + 2);
    let mut rest = cell;
    let mut is_first = true;
    loop {
        let end = rest.find(SEPARATORS).unwrap_or(rest.len());
        if is_first {
            out.push_str(&rest[..end]);
        } else {
            piece(&rest[..end], &mut out);
        }
        is_first = false;
        let Some(separator) = rest[end..].chars().next() else { return out };
        out.push(separator);
        rest = &rest[end + separator.len_utf8()..];
    }
}

/// Guards JSON: replaces the first character of a formula after a semicolon by its equivalent `\uXXXX` escape.
pub fn escape_formulas_in_json(cell: Cow<'_, str>) -> Cow<'_, str> {
    if !cell.contains(';') {
        return cell;
    }
    let mut out = String::with_capacity(cell.len() + 8);
    let mut is_behind = false;
    for c in cell.chars() {
        if is_behind && is_formula_start(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
        is_behind = c == ';' || is_behind && c.is_whitespace();
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_guarded_in_every_piece() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("  =1", "'  =1"),
            ("\n-a", "'\n'-a"),
            ("-inf", "'-inf"),
            ("-webkit-box", "'-webkit-box"),
            ("＝1", "'＝1"),
            ("－1+2", "'－1+2"),
            ("a;=1", "a;'=1"),
            ("a; +b;c", "a;' +b;c"),
            ("two\n=lines", "two\n'=lines"),
            ("'=1", "''=1"),
            ("''@x", "'''@x"),
            ("a;'=1", "a;''=1"),
        ] {
            assert_eq!(escape_formulas(cell.into()), expected, "{cell:?}");
            assert_eq!(unescape_formulas(expected), cell, "{expected:?}");
            assert!(
                is_guarded(expected) && is_guarded(cell) == cell.trim_start_matches("a;").starts_with('\'')
            );
        }
        for harmless in
            ["-5", "+3.2", "-1e-3", "a=b", "'", "3-4", "", "a;b", "a;-5", "it's; fine", "'quoted'"]
        {
            assert_eq!(escape_formulas(harmless.into()), harmless);
            assert_eq!(unescape_formulas(harmless), harmless);
        }
        let json = r#"[{"field":"a","new":"x; =1;-2;b"}]"#;
        let guarded = escape_formulas_in_json(json.into());
        assert_eq!(guarded, r#"[{"field":"a","new":"x; \u003d1;\u002d2;b"}]"#);
        let values =
            [json, &guarded].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(values[0], values[1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn unguarding_restores_the_cell(cell in "[=+\\-@＝'; \t\n\r15eaé]{0,10}") {
            let guarded = escape_formulas(cell.as_str().into());
            prop_assert!(is_guarded(&guarded), "{:?}", guarded);
            prop_assert_eq!(unescape_formulas(&guarded), cell.as_str());
        }
    }
}
