//! Typed input: filters, searches, exports and copies.

use super::TestBrowser;
use crate::browse::event::{Delay, Effect, ExportSource, ScreenEvent};
use crate::browse::state::Mode;

#[test]
fn the_list_narrows_when_typing_pauses_and_not_at_each_key() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.press("f<Down><Down><Down>marc");
    let waits = browser.left.iter().filter(|effect| matches!(effect, Effect::Wait(_, Delay::Typing))).count();
    assert_eq!(waits, 4);
    assert!(browser.shown().contains("100 entries"), "{}", browser.shown());
    browser.elapse();
    let shown = browser.shown();
    assert!(shown.contains("25 entries") && shown.contains("user marc"), "{shown}");
    assert!(browser.browser.command().contains("--user marc"), "{}", browser.browser.command());
    browser.press("<Enter>");
    assert!(matches!(browser.browser.mode, Mode::Normal));
    // Esc restores the filter from before the form.
    browser.press("f<Down>created");
    browser.elapse();
    assert!(browser.shown().contains("no entries match"), "{}", browser.shown());
    browser.press("<Esc>");
    assert!(browser.shown().contains("25 entries"), "{}", browser.shown());
    browser.press("x");
    assert!(browser.shown().contains("100 entries"), "{}", browser.shown());
}

#[test]
fn an_invalid_value_shows_an_error_and_keeps_the_form() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.press("f<Down>created,nonsense<Enter>");
    assert!(browser.shown().contains("! unknown action \"nonsense\""), "{}", browser.shown());
    assert!(matches!(browser.browser.mode, Mode::Form(_)));
    assert!(browser.shown().contains("100 entries"), "{}", browser.shown());
    browser.press("<C-u>created<Enter>");
    assert!(matches!(browser.browser.mode, Mode::Normal));
    assert!(browser.shown().contains("3 entries"), "{}", browser.shown());
    browser.press("f<Down><Down><Down><Down><Down><Down>2026-01-01 00:00:02<Enter>");
    assert!(browser.shown().contains("1 entry"), "{}", browser.shown());
}

#[test]
fn facets_filter_and_keep_the_counts_of_their_other_values() {
    let mut browser = TestBrowser::new(100, 170, 40);
    let shown = browser.shown();
    assert!(shown.contains("USER") && shown.contains("75 ana.ruiz@acme.io"), "{shown}");
    browser.press("<Tab>G<Enter>");
    let shown = browser.shown();
    assert!(shown.contains("25 entries") && shown.contains("[x]      25 marc.weber"), "{shown}");
    assert!(shown.contains("75 ana.ruiz@acme.io"), "{shown}");
    browser.press(" ");
    assert!(browser.shown().contains("100 entries"), "{}", browser.shown());
    browser.press("/marc<Enter>");
    assert!(browser.shown().contains("> [ ]      25 marc.weber"), "{}", browser.shown());
    browser.press("<Tab>j");
    assert_eq!(browser.selected(), 99, "the keys go to the list again");
}

#[test]
fn a_search_goes_on_in_both_directions_and_says_what_it_does_not_search() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.press("/Marc Weber<Enter>");
    assert_eq!(browser.selected(), 96);
    browser.press("nn");
    assert_eq!(browser.selected(), 88);
    browser.press("N");
    assert_eq!(browser.selected(), 92);
    browser.press("/no such text<Enter>");
    assert!(browser.shown().contains("f searches the whole log"), "{}", browser.shown());
    // Within an opened entry.
    browser.press("g<Enter>/limit<Enter>");
    assert!(!browser.shown().contains("was not found"), "{}", browser.shown());
}

#[test]
fn exports_start_with_an_empty_name_and_take_what_is_marked() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.press("e");
    assert!(browser.shown().contains("Export 100 entries to"), "{}", browser.shown());
    browser.press("mine.jsonl<Enter>");
    let Some(Effect::Export(request, name, ExportSource::Matching(..))) = browser.left.pop() else {
        panic!()
    };
    assert_eq!(name, "mine.jsonl");
    browser.update(ScreenEvent::Done(
        request,
        Ok(crate::browse::event::EffectResult::Exported("done".to_owned())),
    ));
    assert!(browser.shown().lines().last().is_some_and(|line| line == "done"), "{}", browser.shown());
    browser.press("mjme<Enter>");
    let Some(Effect::Export(_, name, source)) = browser.left.pop() else { panic!() };
    assert_eq!((name.as_str(), source), ("audit.csv", ExportSource::Marked(vec![98, 100])));
}

#[test]
fn an_entry_is_copied_in_each_form_and_a_link_only_if_there_is_one() {
    let mut browser = TestBrowser::new(100, 100, 30);
    let copied = |browser: &mut TestBrowser, keys: &str| {
        browser.press(keys);
        match browser.left.pop() {
            Some(Effect::Copy(text)) => text,
            other => panic!("{keys}: {other:?} {}", browser.shown()),
        }
    };
    assert_eq!(copied(&mut browser, "yc"), "krosyn-audit show 100 --server sqlite:a.db");
    assert!(copied(&mut browser, "yj").starts_with("{\"id\":100,"));
    assert!(copied(&mut browser, "yt").contains("limit"));
    assert!(browser.shown().contains("copied the text of entry 100 (OSC 52"), "{}", browser.shown());
    browser.press("yl");
    assert!(browser.shown().contains("! there is no link"), "{}", browser.shown());
    browser.browser.web_url = Some("https://audit.example".to_owned());
    assert_eq!(copied(&mut browser, "yl"), "https://audit.example/audit-logs/100");
    assert_eq!(copied(&mut browser, "<Enter>yc"), "krosyn-audit show 100 --full --server sqlite:a.db");
}

#[test]
fn pasted_text_is_typed_and_never_a_command() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.update(ScreenEvent::Paste("qqq\n".to_owned()));
    assert!(browser.left.is_empty());
    browser.press("/");
    browser.update(ScreenEvent::Paste("Marc\u{1b}[2J\nWeber".to_owned()));
    assert!(browser.shown().contains("/Marc[2JWeber"), "{}", browser.shown());
}

/// Every part that has a flag has a line, also the part that a key such as `c` has set.
#[test]
fn every_filter_flag_has_a_form_line() {
    use crate::browse::form::FilterEditor;
    use crate::model::filter::Filter;
    let mut filter = Filter::default();
    for (parameter, text) in [
        ("action", "updated"),
        ("model_type", "connector"),
        ("user", "ana"),
        ("on_behalf_of", "marc"),
        ("resource", "connector/1"),
        ("field", "limit"),
        ("via", "web"),
        ("request_id", "req_1"),
        ("ip", "198.51.100.0/24"),
        ("reason", "INC-1"),
        ("q", "warehouse"),
    ] {
        filter.list_mut(parameter).expect(parameter).add_text(text).expect(text);
    }
    let browser = TestBrowser::new(10, 100, 40);
    let form = FilterEditor::new(&filter, &browser.browser.style.time);
    // model_id has neither a flag nor a line; the two times are empty.
    let filled: Vec<_> = form.fields.iter().filter(|field| !field.input.text().is_empty()).collect();
    assert_eq!((filled.len(), form.fields.len()), (11, 13));
}

#[test]
fn the_form_leaves_half_of_the_screen_to_the_list_and_gives_examples() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 36)] {
        let mut browser = TestBrowser::new(100, columns, rows);
        browser.press("f");
        let shown = browser.shown();
        let form = shown.lines().position(|line| line.contains(" filters")).expect("a form");
        assert!(form + 1 >= usize::from(rows) / 2 - 1, "{shown}");
        assert!(shown.contains("> Text     names, users, values"), "{shown}");
        browser.press("<Up>");
        assert!(browser.shown().contains("> For      the user for whom"), "{}", browser.shown());
        browser.press("<PgUp><Down>");
        assert!(browser.shown().contains("> Action   updated,deleted"), "{}", browser.shown());
    }
}
