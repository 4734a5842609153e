//! Splits rendered lines into spans of text and role, for screens that colour cells themselves.
//!
//! Rendered text has no escapes but those of [`Style::paint`], because all untrusted text is sanitized. Roles that a
//! theme paints alike need no distinction.

use std::io;

use crate::render::detail::line::Span;
use crate::render::style::{Role, Style};

/// The end of painted text.
const RESET: &str = "\x1b[0m";

pub(crate) type SpanLine = Vec<Span>;

/// Runs a renderer, and returns what it writes, line by line.
pub(crate) fn span_lines(
    style: &Style,
    render: impl FnOnce(&mut Vec<u8>, &Style) -> io::Result<()>,
) -> Vec<SpanLine> {
    // The roles are recovered from the colours, so the colours are needed even if the screen shows none.
    let style = Style { color: true, ..*style };
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    drop(render(&mut text, &style));
    let starts = starts(&style);
    String::from_utf8_lossy(&text).lines().map(|line| split(line, &starts)).collect()
}

/// Sanitized text as lines of one role.
pub(crate) fn plain_lines(text: &str, role: Role, style: &Style) -> Vec<SpanLine> {
    text.lines().map(|line| vec![Span { text: style.text(line).into_owned(), role }]).collect()
}

pub(crate) fn line_text(line: &[Span]) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}

/// The escape sequence that begins each role.
fn starts(style: &Style) -> Vec<(String, Role)> {
    const ROLES: [Role; 9] = [
        Role::Dim,
        Role::Title,
        Role::Added,
        Role::Removed,
        Role::Changed,
        Role::AddedWord,
        Role::RemovedWord,
        Role::Name,
        Role::Text,
    ];
    let start = |role| style.paint(role, "x").split('x').next().map(|start| (start.to_owned(), role));
    ROLES.into_iter().filter_map(start).collect()
}

fn split(line: &str, starts: &[(String, Role)]) -> SpanLine {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\x1b') {
        let (plain, painted) = rest.split_at(at);
        push(&mut spans, plain, Role::Plain);
        let found =
            starts.iter().find_map(|(start, role)| Some((painted.strip_prefix(start.as_str())?, *role)));
        let Some((painted, role)) = found else {
            // No role begins like this: the escape is dropped, and the terminal never sees it.
            rest = &painted[1..];
            continue;
        };
        let (text, behind) = painted.split_once(RESET).unwrap_or((painted, ""));
        push(&mut spans, text, role);
        rest = behind;
    }
    push(&mut spans, rest, Role::Plain);
    spans
}

fn push(spans: &mut SpanLine, text: &str, role: Role) {
    if !text.is_empty() {
        spans.push(Span { text: text.to_owned(), role });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::detail::{DetailOptions, detail};
    use crate::render::samples::{printed, style, updated};
    use crate::render::style::Theme;

    #[test]
    fn painted_text_becomes_spans_of_its_role() {
        let style = style(80);
        let lines = span_lines(&style, |out, style| {
            use std::io::Write as _;
            writeln!(out, "a {} b", style.paint(Role::Added, "new"))?;
            writeln!(out, "{}{}", style.paint(Role::RemovedWord, "old"), style.paint(Role::Dim, "…"))
        });
        let shown =
            |line: &SpanLine| line.iter().map(|span| (span.text.clone(), span.role)).collect::<Vec<_>>();
        let text = str::to_owned;
        assert_eq!(
            shown(&lines[0]),
            [(text("a "), Role::Plain), (text("new"), Role::Added), (text(" b"), Role::Plain)]
        );
        assert_eq!(shown(&lines[1]), [(text("old"), Role::RemovedWord), (text("…"), Role::Dim)]);
    }

    #[test]
    fn spans_hold_the_same_text_in_each_theme() {
        let plain = printed(|out| detail(out, &updated(), DetailOptions::default(), &style(90)));
        for theme in [Theme::Default, Theme::Colorblind, Theme::Mono] {
            let style = Style { theme, ..style(90) };
            let lines =
                span_lines(&style, |out, style| detail(out, &updated(), DetailOptions::default(), style));
            let text: Vec<_> = lines.iter().map(|line| line_text(line)).collect();
            assert_eq!(text.join("\n"), plain.trim_end_matches('\n'), "{theme:?}");
        }
    }
}
