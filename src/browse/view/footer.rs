//! Draws the last two lines: the equal command, and the keys of the screen, a message or an input.

use ratatui::layout::{Position, Rect};

use crate::browse::content::DocumentContent;
use crate::browse::copy::COPY_KEYS;
use crate::browse::layout::document_areas;
use crate::browse::line_input::LineInput;
use crate::browse::list::{Focus, ListPurpose};
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::view::painter::Painter;
use crate::render::detail::line::Span;
use crate::render::filter_summary::counted;
use crate::render::sanitize::width;
use crate::render::style::Role;

const LIST_KEYS: &str = "? help · q quit · Enter open · f filter · / search · t time · Tab facets · h history · b blame · y copy · e export · F follow";
const FACET_KEYS: &str =
    "Space filter by this value · Tab back to the list · j k move · / search · x clear all filters";
const COMPARE_KEYS: &str = "Enter compare with this entry · j k move · q cancel";
const ENTRY_KEYS: &str = "? help · q back · j k scroll · J K next, previous entry · / search · h history · b blame · d difference · R revert · y copy";
const DOCUMENT_KEYS: &str =
    "? help · q back · j k scroll · / search · n N next, previous match · y copy · r refresh";
/// What an empty input stands for, or may hold.
const TIMES: &str = "2h, yesterday, monday, 2026-11-20 14:03, id:1287";
const EXPORT_NAMES: &str = "audit.csv, or .tsv .json .jsonl, with .gz or .zst";
const FORM_KEYS: &str = "Up Down move · Enter keep · Esc undo";

/// Draws both lines. Returns where the cursor is, if a line is being typed.
pub(super) fn draw(painter: &mut Painter<'_>, browser: &Browser) -> Option<Position> {
    let areas = document_areas(browser.size);
    painter.text(areas.command, 0, &browser.command(), Role::Dim);
    let typed = match &browser.mode {
        Mode::Search(input) => Some(("/".to_owned(), input, "")),
        Mode::Jump(input) => Some(("Go to: ".to_owned(), input, TIMES)),
        Mode::Export(input) => Some((export_question(browser), input, EXPORT_NAMES)),
        Mode::Normal | Mode::Copy | Mode::Form(_) => None,
    };
    if let Some((question, input, placeholder)) = typed {
        return Some(draw_input(painter, areas.keys, &question, input, placeholder));
    }
    match (&browser.message, &browser.mode) {
        // Beside its value there may be no room for an error.
        (_, Mode::Form(form)) if form.error().is_some() => {
            let error = form.error().unwrap_or_default();
            painter.text(areas.keys, 0, &format!("! {error}"), Role::Removed);
        }
        (_, Mode::Copy) => painter.text(areas.keys, 0, COPY_KEYS, Role::Title),
        (Some(message), _) if message.is_error => {
            painter.text(areas.keys, 0, &format!("! {}", message.text), Role::Removed);
        }
        (Some(message), _) => painter.text(areas.keys, 0, &message.text, Role::Title),
        (None, _) => painter.text(areas.keys, 0, keys(browser), Role::Plain),
    }
    None
}

fn keys(browser: &Browser) -> &'static str {
    match (browser.screen(), &browser.mode) {
        (_, Mode::Form(_)) => FORM_KEYS,
        (Screen::List(list), _) if list.focus == Focus::Facets => FACET_KEYS,
        (Screen::List(list), _) if list.purpose != ListPurpose::Browse => COMPARE_KEYS,
        (Screen::List(_), _) => LIST_KEYS,
        (Screen::Document(document), _) if matches!(document.content, Some(DocumentContent::Entry(_))) => {
            ENTRY_KEYS
        }
        (Screen::Document(_), _) => DOCUMENT_KEYS,
    }
}

fn export_question(browser: &Browser) -> String {
    let (marked, matching) = match browser.screen() {
        Screen::List(list) => (list.marks.len() as u64, list.window.total),
        Screen::Document(_) => (0, 0),
    };
    let entries = if marked > 0 {
        format!("{} marked", counted(marked, "entry", "entries"))
    } else {
        counted(matching, "entry", "entries")
    };
    format!("Export {entries} to: ")
}

fn draw_input(
    painter: &mut Painter<'_>,
    area: Rect,
    question: &str,
    input: &LineInput,
    placeholder: &str,
) -> Position {
    let question = painter.cut(question, usize::from(area.width) * 3 / 5);
    let room = usize::from(area.width).saturating_sub(width(&question));
    let (text, at) = input.window(room);
    let at = u16::try_from(width(&question) + at).unwrap_or(u16::MAX);
    let mut spans = vec![Span { text: question, role: Role::Title }];
    if text.is_empty() {
        spans.push(Span { text: placeholder.to_owned(), role: Role::Dim });
    } else {
        spans.push(Span { text: painter.sanitized(&text), role: Role::Plain });
    }
    painter.spans(area, 0, &spans, 0, false);
    Position { x: area.x + at.min(area.width.saturating_sub(1)), y: area.y }
}
