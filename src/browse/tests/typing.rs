//! Typed input: filters, searches, exports and copies.

use super::Session;
use crate::browse::event::{Delay, Effect, ExportSource, ScreenEvent};
use crate::browse::state::Mode;

#[test]
fn the_list_narrows_when_typing_pauses_and_not_at_each_key() {
    let mut session = Session::new(100, 100, 30);
    session.press("f<Down><Down><Down>marc");
    let waits = session.left.iter().filter(|effect| matches!(effect, Effect::Wait(_, Delay::Typing))).count();
    assert_eq!(waits, 4);
    assert!(session.shown().contains("100 entries"), "{}", session.shown());
    session.elapse();
    let shown = session.shown();
    assert!(shown.contains("25 entries") && shown.contains("user marc"), "{shown}");
    assert!(session.browser.command().contains("--user marc"), "{}", session.browser.command());
    session.press("<Enter>");
    assert!(matches!(session.browser.mode, Mode::Normal));
    // Esc restores the filter from before the form.
    session.press("f<Down>created");
    session.elapse();
    assert!(session.shown().contains("no entries match"), "{}", session.shown());
    session.press("<Esc>");
    assert!(session.shown().contains("25 entries"), "{}", session.shown());
    session.press("x");
    assert!(session.shown().contains("100 entries"), "{}", session.shown());
}

#[test]
fn an_invalid_value_shows_an_error_and_keeps_the_form() {
    let mut session = Session::new(100, 100, 30);
    session.press("f<Down>created,nonsense<Enter>");
    assert!(session.shown().contains("! unknown action \"nonsense\""), "{}", session.shown());
    assert!(matches!(session.browser.mode, Mode::Form(_)));
    assert!(session.shown().contains("100 entries"), "{}", session.shown());
    session.press("<C-u>created<Enter>");
    assert!(matches!(session.browser.mode, Mode::Normal));
    assert!(session.shown().contains("3 entries"), "{}", session.shown());
    session.press("f<Down><Down><Down><Down><Down><Down>2026-01-01 00:00:02<Enter>");
    assert!(session.shown().contains("1 entry"), "{}", session.shown());
}

#[test]
fn facets_filter_and_keep_the_counts_of_their_other_values() {
    let mut session = Session::new(100, 170, 40);
    let shown = session.shown();
    assert!(shown.contains("USER") && shown.contains("75 ana.ruiz@acme.io"), "{shown}");
    session.press("<Tab>G<Enter>");
    let shown = session.shown();
    assert!(shown.contains("25 entries") && shown.contains("[x]      25 marc.weber"), "{shown}");
    assert!(shown.contains("75 ana.ruiz@acme.io"), "{shown}");
    session.press(" ");
    assert!(session.shown().contains("100 entries"), "{}", session.shown());
    session.press("/marc<Enter>");
    assert!(session.shown().contains("> [ ]      25 marc.weber"), "{}", session.shown());
    session.press("<Tab>j");
    assert_eq!(session.selected(), 99, "the keys go to the list again");
}

#[test]
fn a_search_goes_on_in_both_directions_and_says_what_it_does_not_search() {
    let mut session = Session::new(100, 100, 30);
    session.press("/Marc Weber<Enter>");
    assert_eq!(session.selected(), 96);
    session.press("nn");
    assert_eq!(session.selected(), 88);
    session.press("N");
    assert_eq!(session.selected(), 92);
    session.press("/no such text<Enter>");
    assert!(session.shown().contains("f searches the whole log"), "{}", session.shown());
    // Within an opened entry.
    session.press("g<Enter>/limit<Enter>");
    assert!(!session.shown().contains("is not in"), "{}", session.shown());
}

#[test]
fn exports_start_with_an_empty_name_and_take_what_is_marked() {
    let mut session = Session::new(100, 100, 30);
    session.press("e");
    assert!(session.shown().contains("Export 100 entries to"), "{}", session.shown());
    session.press("mine.jsonl<Enter>");
    let Some(Effect::Export(request, name, ExportSource::Matching(..))) = session.left.pop() else {
        panic!()
    };
    assert_eq!(name, "mine.jsonl");
    session.update(ScreenEvent::Done(
        request,
        Ok(crate::browse::event::EffectResult::Exported("done".to_owned())),
    ));
    assert!(session.shown().lines().last().is_some_and(|line| line == "done"), "{}", session.shown());
    session.press("mjme<Enter>");
    let Some(Effect::Export(_, name, source)) = session.left.pop() else { panic!() };
    assert_eq!((name.as_str(), source), ("audit.csv", ExportSource::Marked(vec![98, 100])));
}

#[test]
fn an_entry_is_copied_in_each_form_and_a_link_only_if_there_is_one() {
    let mut session = Session::new(100, 100, 30);
    let copied = |session: &mut Session, keys: &str| {
        session.press(keys);
        match session.left.pop() {
            Some(Effect::Copy(text)) => text,
            other => panic!("{keys}: {other:?} {}", session.shown()),
        }
    };
    assert_eq!(copied(&mut session, "yc"), "krosyn-audit show 100 --server sqlite:a.db");
    assert!(copied(&mut session, "yj").starts_with("{\"id\":100,"));
    assert!(copied(&mut session, "yt").contains("limit"));
    assert!(session.shown().contains("copied the text of entry 100 (OSC 52"), "{}", session.shown());
    session.press("yl");
    assert!(session.shown().contains("! there is no link"), "{}", session.shown());
    session.browser.web_url = Some("https://audit.example".to_owned());
    assert_eq!(copied(&mut session, "yl"), "https://audit.example/audit-logs/100");
    assert_eq!(copied(&mut session, "<Enter>yc"), "krosyn-audit show 100 --full --server sqlite:a.db");
}

#[test]
fn pasted_text_is_typed_and_never_a_command() {
    let mut session = Session::new(100, 100, 30);
    session.update(ScreenEvent::Paste("qqq\n".to_owned()));
    assert!(session.left.is_empty());
    session.press("/");
    session.update(ScreenEvent::Paste("Marc\u{1b}[2J\nWeber".to_owned()));
    assert!(session.shown().contains("/Marc[2JWeber"), "{}", session.shown());
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
    let session = Session::new(10, 100, 40);
    let form = FilterEditor::new(&filter, &session.browser.style.time);
    // model_id has neither a flag nor a line; the two times are empty.
    let filled: Vec<_> = form.fields.iter().filter(|field| !field.input.text().is_empty()).collect();
    assert_eq!((filled.len(), form.fields.len()), (11, 13));
}

#[test]
fn the_form_leaves_half_of_the_screen_to_the_list_and_gives_examples() {
    for (columns, rows) in [(40, 12), (80, 24), (120, 36)] {
        let mut session = Session::new(100, columns, rows);
        session.press("f");
        let shown = session.shown();
        let form = shown.lines().position(|line| line.contains(" filters")).expect("a form");
        assert!(form + 1 >= usize::from(rows) / 2 - 1, "{shown}");
        assert!(shown.contains("> Text     names, users, values"), "{shown}");
        session.press("<Up>");
        assert!(session.shown().contains("> For      the user for whom"), "{}", session.shown());
        session.press("<PgUp><Down>");
        assert!(session.shown().contains("> Action   updated,deleted"), "{}", session.shown());
    }
}
