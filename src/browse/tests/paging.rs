//! Scrolling: pages around the view, ends, jumps, new entries, and failures.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::TestBrowser;
use crate::browse::event::{Effect, EffectResult, ScreenEvent};
use crate::browse::list::List;
use crate::browse::state::Screen;
use crate::browse::view::draw;
use crate::browse::window::PAGE;

/// More entries than a window may keep.
const MILLIONS: u64 = 10_000_000;

fn list(browser: &TestBrowser) -> &List {
    match browser.browser.screen() {
        Screen::List(list) => list,
        Screen::Document(_) => panic!("a document"),
    }
}

#[test]
fn ten_million_entries_scroll_in_both_directions_with_a_bounded_window() {
    let mut browser = TestBrowser::new(MILLIONS, 120, 40);
    assert!(browser.shown().contains("1 of 10 000 000"), "{}", browser.shown());
    let mut expected = MILLIONS;
    for (key, times, step) in [("<PgDn>", 60, -35), ("<PgUp>", 30, 35), ("j", 50, -1), ("<C-u>", 20, 17)] {
        for _ in 0..times {
            browser.press(key);
            expected = expected.saturating_add_signed(step).min(MILLIONS);
            assert_eq!(browser.selected(), expected, "{key}");
            assert!(list(&browser).window.entries().len() <= 3 * PAGE as usize);
        }
    }
    browser.press("G");
    assert_eq!(browser.selected(), 1);
    assert!(browser.shown().contains("10 000 000 of 10 000 000"), "{}", browser.shown());
    for _ in 0..40 {
        browser.press("<PgUp>");
    }
    assert_eq!(browser.selected(), 1 + 40 * 35);
    browser.press("g");
    assert_eq!(browser.selected(), MILLIONS);
    assert!(browser.shown().contains("1 of 10 000 000"), "{}", browser.shown());
}

#[test]
fn keys_typed_before_a_page_arrives_go_on_after_it() {
    let mut browser = TestBrowser::new(1000, 80, 24);
    browser.press_only(&"<PgDn>".repeat(30));
    assert_eq!(browser.selected(), 1001 - u64::from(PAGE), "the last loaded entry");
    assert!(browser.shown().contains("loading"), "{}", browser.shown());
    browser.answer();
    assert_eq!(browser.selected(), 1000 - 30 * 10);
    browser.press("<PgDn>");
    assert_eq!(browser.selected(), 1000 - 31 * 10);
}

#[test]
fn a_time_is_reached_and_the_list_goes_on_above_it() {
    let mut browser = TestBrowser::new(MILLIONS, 100, 30);
    browser.press("t2026-02-01 00:00<Enter>");
    // January has 31 days of seconds.
    assert_eq!(browser.selected(), 31 * 86_400);
    assert!(browser.shown().contains(" 7 321 601 of 10 000 000"), "{}", browser.shown());
    browser.press("k");
    assert_eq!(browser.selected(), 31 * 86_400 + 1);
    browser.press("tid:17<Enter>");
    assert_eq!(browser.selected(), 17);
    browser.press("tsomeday<Enter>");
    assert!(browser.shown().lines().last().is_some_and(|line| line.starts_with('!')), "{}", browser.shown());
    assert_eq!(browser.selected(), 17);
}

#[test]
fn following_adds_new_entries_above_and_keeps_the_selection() {
    let mut browser = TestBrowser::new(50, 80, 24);
    browser.press("F");
    browser.log.entries = 52;
    browser.elapse();
    assert_eq!(browser.selected(), 52, "the newest stays selected");
    assert!(browser.shown().contains("52 entries") && browser.shown().contains("following"));
    assert!(browser.browser.command().contains("--follow"), "{}", browser.browser.command());
    browser.press("jj");
    browser.log.entries = 60;
    browser.elapse();
    assert_eq!(browser.selected(), 50, "an older entry stays selected");
    browser.press("F");
    browser.log.entries = 70;
    browser.elapse();
    assert!(browser.shown().contains("60 entries"), "{}", browser.shown());
}

#[test]
fn a_failed_page_is_named_and_loaded_again_only_when_asked() {
    let mut browser = TestBrowser::new(1000, 80, 24);
    browser.press_only("G");
    let failed = browser.left.pop();
    let Some(Effect::Load(request, _)) = failed else { panic!("{failed:?}") };
    browser.update(ScreenEvent::Done(request, Err("cannot reach http://x: refused".to_owned())));
    let shown = browser.shown();
    assert!(shown.contains("! cannot reach http://x: refused · r retries"), "{shown}");
    assert!(browser.left.is_empty(), "it is not repeated by itself: {:?}", browser.left);
    assert_eq!(browser.selected(), 1000);
    browser.press("r");
    assert_eq!(browser.selected(), 1);
}

#[test]
fn stale_results_are_dropped() {
    let mut browser = TestBrowser::loading(1000, 80, 24);
    let Some(Effect::Load(first, page)) = browser.left.pop() else { panic!("no request") };
    browser.press_only("r");
    let page = browser.log.answer(Effect::Load(first, page));
    browser.update(page);
    assert_eq!(browser.selected(), 0, "the first request was replaced by another");
    browser.update(ScreenEvent::Done(999, Ok(EffectResult::Exported("nothing".to_owned()))));
    browser.answer();
    assert_eq!(browser.selected(), 1000);
}

#[test]
fn refreshing_keeps_the_selected_entry() {
    let mut browser = TestBrowser::new(1000, 80, 24);
    browser.press("jjj");
    browser.log.entries = 1005;
    browser.press("r");
    assert_eq!(browser.selected(), 997);
    assert!(browser.shown().contains("9 of 1 005"), "{}", browser.shown());
}

/// Run by hand: `cargo test --lib ten_million_entries_is_cheap -- --ignored --nocapture`.
#[test]
#[ignore = "measures time"]
#[expect(clippy::print_stdout, reason = "it prints a measurement")]
fn a_key_at_ten_million_entries_is_cheap() {
    let mut browser = TestBrowser::new(MILLIONS, 200, 60);
    browser.press("t2026-02-01 00:00<Enter>");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    let [mut keys, mut drawings] = [Duration::ZERO; 2];
    for _ in 0..100 {
        let start = Instant::now();
        browser.press("j");
        keys += start.elapsed();
        buffer.reset();
        let start = Instant::now();
        draw(&browser.browser, &mut buffer);
        drawings += start.elapsed();
    }
    println!("{:?} for a key, {:?} for its drawing", keys / 100, drawings / 100);
}

#[test]
fn a_time_beyond_all_entries_leads_to_the_last_one_and_a_number_to_its_entry() {
    let mut browser = TestBrowser::new(1000, 100, 30);
    browser.press("t2020-01-01<Enter>");
    assert_eq!(browser.selected(), 1);
    assert!(browser.shown().contains("this is its last entry"), "{}", browser.shown());
    browser.press("17<Enter>");
    assert_eq!(browser.selected(), 17);
    browser.press("t420<Enter>");
    assert_eq!(browser.selected(), 420);
}

#[test]
fn following_goes_on_after_a_failure() {
    let mut browser = TestBrowser::new(50, 80, 24);
    browser.press("F");
    let look = |browser: &mut TestBrowser, answer: Result<(), &str>| {
        let Some(Effect::Wait(request, _)) = browser.left.pop() else { panic!("no look is planned") };
        browser.update(ScreenEvent::Elapsed(request));
        match answer {
            Ok(()) => browser.answer(),
            Err(error) => {
                browser.left.clear();
                browser.update(ScreenEvent::Done(request, Err(error.to_owned())));
            }
        }
    };
    look(&mut browser, Err("cannot reach http://x: refused"));
    assert!(
        browser.shown().contains("! cannot reach http://x: refused · trying again"),
        "{}",
        browser.shown()
    );
    browser.log.entries = 51;
    look(&mut browser, Ok(()));
    let shown = browser.shown();
    assert!(shown.contains("reconnected") && shown.contains("51 entries"), "{shown}");
}
