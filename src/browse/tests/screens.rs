//! Snapshots of screens at the sizes of small, usual and large windows.

use super::TestBrowser;
use crate::browse::event::{EffectResult, ScreenEvent};
use crate::browse::state::Screen;
use crate::browse::window::{LoadedPage, PageAnchor};
use crate::render::sanitize::width;

#[test]
fn the_list_at_each_size() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut browser = TestBrowser::new(5000, columns, rows);
        browser.press("jjm");
        insta::assert_snapshot!(format!("list_{columns}x{rows}"), browser.shown());
    }
}

#[test]
fn other_screens() {
    for (name, keys) in [
        ("entry", "<Enter>"),
        ("filters", "f"),
        ("facets", "<Tab>jj"),
        ("help", "?"),
        ("blame", "b"),
        ("revert", "R"),
        ("copy", "y"),
        ("export", "e"),
    ] {
        let mut browser = TestBrowser::new(100, 80, 24);
        browser.press(keys);
        insta::assert_snapshot!(format!("{name}_80x24"), browser.shown());
    }
}

/// Wide letters, emoji and escape sequences in names: no cell holds a control character, and no row is wider than the screen.
#[test]
fn hostile_names_and_wide_letters_fit_every_size() {
    let names = [
        "\u{1b}]0;owned\u{7}\u{1b}[2J",
        "受注データ同期 → 東京倉庫",
        "👩‍👩‍👧‍👦🏳️‍🌈 Family",
        "\u{202e}gpj.exe",
        "a\nb\tc",
    ];
    for is_ascii in [false, true] {
        let mut browser = TestBrowser::loading(10, 80, 24);
        browser.browser.style.ascii = is_ascii;
        let entries = (0..10).map(|index| {
            let mut entry = super::entry(10 - index);
            entry.model_name = Some(names[usize::try_from(index).expect("small") % names.len()].repeat(3));
            entry
        });
        let page = LoadedPage {
            anchor: PageAnchor::First,
            entries: entries.collect(),
            is_end: true,
            total: Some(10),
            before: None,
            as_of: 10,
        };
        let Screen::List(list) = browser.browser.screen() else { panic!("a document") };
        let request = list.page_request.expect("a request").0;
        browser.update(ScreenEvent::Done(request, Ok(EffectResult::Page(page))));
        for (columns, rows) in [(1, 1), (7, 3), (20, 5), (40, 12), (80, 24), (121, 30), (165, 50)] {
            browser.resize(columns, rows);
            for keys in ["", "j", "<Enter>", "qf", "<Esc><Tab>", "<Tab>?"] {
                browser.press(keys);
                let shown = browser.shown();
                assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
                assert!(!shown.contains('\u{202e}'), "{shown:?}");
                assert!(shown.lines().all(|line| width(line) <= usize::from(columns)), "{columns}: {shown}");
                assert!(!is_ascii || shown.is_ascii(), "{shown}");
            }
            browser.press("q");
        }
    }
}
