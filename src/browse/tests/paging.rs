//! Scrolling: pages around the view, ends, jumps, new entries, and failures.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Session;
use crate::browse::event::{Effect, EffectResult, ScreenEvent};
use crate::browse::list::List;
use crate::browse::state::Screen;
use crate::browse::view::draw;
use crate::browse::window::PAGE;

/// More entries than a window may keep.
const MILLIONS: u64 = 10_000_000;

fn list(session: &Session) -> &List {
    match session.browser.screen() {
        Screen::List(list) => list,
        Screen::Document(_) => panic!("a document"),
    }
}

#[test]
fn ten_million_entries_scroll_in_both_directions_with_a_bounded_window() {
    let mut session = Session::new(MILLIONS, 120, 40);
    assert!(session.shown().contains("1 of 10 000 000"), "{}", session.shown());
    let mut expected = MILLIONS;
    for (key, times, step) in [("<PgDn>", 60, -35), ("<PgUp>", 30, 35), ("j", 50, -1), ("<C-u>", 20, 17)] {
        for _ in 0..times {
            session.press(key);
            expected = expected.saturating_add_signed(step).min(MILLIONS);
            assert_eq!(session.selected(), expected, "{key}");
            assert!(list(&session).window.entries().len() <= 3 * PAGE as usize);
        }
    }
    session.press("G");
    assert_eq!(session.selected(), 1);
    assert!(session.shown().contains("10 000 000 of 10 000 000"), "{}", session.shown());
    for _ in 0..40 {
        session.press("<PgUp>");
    }
    assert_eq!(session.selected(), 1 + 40 * 35);
    session.press("g");
    assert_eq!(session.selected(), MILLIONS);
    assert!(session.shown().contains("1 of 10 000 000"), "{}", session.shown());
}

#[test]
fn keys_typed_before_a_page_arrives_go_on_after_it() {
    let mut session = Session::new(1000, 80, 24);
    session.press_only(&"<PgDn>".repeat(30));
    assert_eq!(session.selected(), 1001 - u64::from(PAGE), "the last loaded entry");
    assert!(session.shown().contains("loading"), "{}", session.shown());
    session.answer();
    assert_eq!(session.selected(), 1000 - 30 * 10);
    session.press("<PgDn>");
    assert_eq!(session.selected(), 1000 - 31 * 10);
}

#[test]
fn a_time_is_reached_and_the_list_goes_on_above_it() {
    let mut session = Session::new(MILLIONS, 100, 30);
    session.press("t2026-02-01 00:00<Enter>");
    // January has 31 days of seconds.
    assert_eq!(session.selected(), 31 * 86_400);
    assert!(session.shown().contains(" 7 321 601 of 10 000 000"), "{}", session.shown());
    session.press("k");
    assert_eq!(session.selected(), 31 * 86_400 + 1);
    session.press("tid:17<Enter>");
    assert_eq!(session.selected(), 17);
    session.press("tsomeday<Enter>");
    assert!(session.shown().lines().last().is_some_and(|line| line.starts_with('!')), "{}", session.shown());
    assert_eq!(session.selected(), 17);
}

#[test]
fn following_adds_new_entries_above_and_keeps_the_selection() {
    let mut session = Session::new(50, 80, 24);
    session.press("F");
    session.log.entries = 52;
    session.elapse();
    assert_eq!(session.selected(), 52, "the newest stays selected");
    assert!(session.shown().contains("52 entries") && session.shown().contains("following"));
    assert!(session.browser.command().contains("--follow"), "{}", session.browser.command());
    session.press("jj");
    session.log.entries = 60;
    session.elapse();
    assert_eq!(session.selected(), 50, "an older entry stays selected");
    session.press("F");
    session.log.entries = 70;
    session.elapse();
    assert!(session.shown().contains("60 entries"), "{}", session.shown());
}

#[test]
fn a_failed_page_is_named_and_loaded_again_only_when_asked() {
    let mut session = Session::new(1000, 80, 24);
    session.press_only("G");
    let failed = session.left.pop();
    let Some(Effect::Load(request, _)) = failed else { panic!("{failed:?}") };
    session.update(ScreenEvent::Done(request, Err("cannot reach http://x: refused".to_owned())));
    let shown = session.shown();
    assert!(shown.contains("! cannot reach http://x: refused · r retries"), "{shown}");
    assert!(session.left.is_empty(), "it is not repeated by itself: {:?}", session.left);
    assert_eq!(session.selected(), 1000);
    session.press("r");
    assert_eq!(session.selected(), 1);
}

#[test]
fn stale_results_are_dropped() {
    let mut session = Session::loading(1000, 80, 24);
    let Some(Effect::Load(first, page)) = session.left.pop() else { panic!("no request") };
    session.press_only("r");
    let page = session.log.answer(Effect::Load(first, page));
    session.update(page);
    assert_eq!(session.selected(), 0, "the first request was replaced by another");
    session.update(ScreenEvent::Done(999, Ok(EffectResult::Exported("nothing".to_owned()))));
    session.answer();
    assert_eq!(session.selected(), 1000);
}

#[test]
fn refreshing_keeps_the_selected_entry() {
    let mut session = Session::new(1000, 80, 24);
    session.press("jjj");
    session.log.entries = 1005;
    session.press("r");
    assert_eq!(session.selected(), 997);
    assert!(session.shown().contains("9 of 1 005"), "{}", session.shown());
}

/// Run by hand: `cargo test --lib ten_million_entries_is_cheap -- --ignored --nocapture`.
#[test]
#[ignore = "measures time"]
#[expect(clippy::print_stdout, reason = "it prints a measurement")]
fn a_key_at_ten_million_entries_is_cheap() {
    let mut session = Session::new(MILLIONS, 200, 60);
    session.press("t2026-02-01 00:00<Enter>");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    let [mut keys, mut drawings] = [Duration::ZERO; 2];
    for _ in 0..100 {
        let start = Instant::now();
        session.press("j");
        keys += start.elapsed();
        buffer.reset();
        let start = Instant::now();
        draw(&session.browser, &mut buffer);
        drawings += start.elapsed();
    }
    println!("{:?} for a key, {:?} for its drawing", keys / 100, drawings / 100);
}

#[test]
fn a_time_beyond_all_entries_leads_to_the_last_one_and_a_number_to_its_entry() {
    let mut session = Session::new(1000, 100, 30);
    session.press("t2020-01-01<Enter>");
    assert_eq!(session.selected(), 1);
    assert!(session.shown().contains("this is the last one"), "{}", session.shown());
    session.press("17<Enter>");
    assert_eq!(session.selected(), 17);
    session.press("t420<Enter>");
    assert_eq!(session.selected(), 420);
}

#[test]
fn following_goes_on_after_a_failure() {
    let mut session = Session::new(50, 80, 24);
    session.press("F");
    let look = |session: &mut Session, answer: Result<(), &str>| {
        let Some(Effect::Wait(request, _)) = session.left.pop() else { panic!("no look is planned") };
        session.update(ScreenEvent::Elapsed(request));
        match answer {
            Ok(()) => session.answer(),
            Err(error) => {
                session.left.clear();
                session.update(ScreenEvent::Done(request, Err(error.to_owned())));
            }
        }
    };
    look(&mut session, Err("cannot reach http://x: refused"));
    assert!(
        session.shown().contains("! cannot reach http://x: refused · trying again"),
        "{}",
        session.shown()
    );
    session.log.entries = 51;
    look(&mut session, Ok(()));
    let shown = session.shown();
    assert!(shown.contains("reconnected") && shown.contains("51 entries"), "{shown}");
}
