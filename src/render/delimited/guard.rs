//! The guard against formulas: a `'` before what a spreadsheet would compute, and how it is taken away again.
//!
//! Where the separator is a semicolon, a spreadsheet cuts `a;=1` into two cells, whatever quotes stand around it, and it
//! begins a row at a line break. So each piece of a cell is judged as a cell. A piece that begins with `'` before a formula
//! gets one more, so that taking one away always gives what was there.

use std::borrow::Cow;

/// What may end a cell for some reader.
const SEPARATORS: [char; 4] = [';', '\t', '\n', '\r'];

/// Tells whether a spreadsheet may compute the cell: it begins with `=`, `+`, `-`, `@` (also of full width), a tab or a
/// carriage return, also behind blanks. A plain number such as `-5` is none.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    let start = cell.trim_start_matches(|c: char| c.is_whitespace() && !matches!(c, '\t' | '\r'));
    start.starts_with(is_formula_start) && !is_number(cell)
}

const fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r')
}

/// Digits with a sign, a point and an exponent at most: what a float reads, without its words `inf` and `nan`.
fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) && cell.parse::<f64>().is_ok()
}

/// Whether a piece is a formula, apart from any `'` before it.
fn is_formula_behind_marks(piece: &str) -> bool {
    is_formula(piece.trim_start_matches('\''))
}

/// The cell with its guards.
#[must_use]
pub fn guarded(cell: Cow<'_, str>) -> Cow<'_, str> {
    let at_start = is_formula_behind_marks(&cell);
    if !at_start && !cell.contains(SEPARATORS) {
        return cell;
    }
    let pieces = later_pieces(&cell, |piece, out| {
        if is_formula_behind_marks(piece) {
            out.push('\'');
        }
        out.push_str(piece);
    });
    if at_start { format!("'{pieces}").into() } else { pieces.into() }
}

/// The cell without its guards: what [`guarded`] was given.
#[must_use]
pub fn unguarded(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    let without = later_pieces(cell, |piece, out| out.push_str(without_guard(piece)));
    match without_guard(&without) {
        same if same.len() == without.len() => without.into(),
        shorter => shorter.to_owned().into(),
    }
}

/// A piece without the `'` that guards it.
fn without_guard(piece: &str) -> &str {
    piece.strip_prefix('\'').filter(|_| is_formula_behind_marks(piece)).unwrap_or(piece)
}

/// Whether the cell may come from [`guarded`]: nothing in it is a formula.
#[must_use]
pub fn is_guarded(cell: &str) -> bool {
    let mut all = !is_formula(cell);
    later_pieces(cell, |piece, _| all &= !is_formula(piece));
    all
}

/// Copies a cell, its pieces behind separators by `piece`.
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

/// JSON in a cell whose texts hold no formula behind a semicolon: the formula's first character is written as an escape,
/// which means the same.
#[must_use]
pub fn guarded_json(cell: Cow<'_, str>) -> Cow<'_, str> {
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
    fn each_piece_that_would_be_computed_is_guarded() {
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
            assert_eq!(guarded(cell.into()), expected, "{cell:?}");
            assert_eq!(unguarded(expected), cell, "{expected:?}");
            assert!(
                is_guarded(expected) && is_guarded(cell) == cell.trim_start_matches("a;").starts_with('\'')
            );
        }
        for harmless in
            ["-5", "+3.2", "-1e-3", "a=b", "'", "3-4", "", "a;b", "a;-5", "it's; fine", "'quoted'"]
        {
            assert_eq!(guarded(harmless.into()), harmless);
            assert_eq!(unguarded(harmless), harmless);
        }
        let json = r#"[{"field":"a","new":"x; =1;-2;b"}]"#;
        let guarded = guarded_json(json.into());
        assert_eq!(guarded, r#"[{"field":"a","new":"x; \u003d1;\u002d2;b"}]"#);
        let values =
            [json, &guarded].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(values[0], values[1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_guard_is_taken_away_exactly(cell in "[=+\\-@＝'; \t\n\r15eaé]{0,10}") {
            let guarded = guarded(cell.as_str().into());
            prop_assert!(is_guarded(&guarded), "{:?}", guarded);
            prop_assert_eq!(unguarded(&guarded), cell.as_str());
        }
    }
}
