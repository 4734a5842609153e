//! Documents: entries, history, blame, states, differences, revert plans and change sets; and that no key is dead.

use super::TestBrowser;
use crate::browse::event::Effect;
use crate::browse::view::help::HELP;
use crate::model::filter::Filter;
use crate::model::hold::ActiveHold;

#[test]
fn an_entry_leads_to_everything_about_its_resource() {
    for (keys, title, command, text) in [
        ("<Enter>", "Entry 100", "show 100 --full", "limit"),
        ("b", "Blame of connector/1", "blame connector/1", "ENTRY"),
        ("=", "State of connector/1 after entry 100", "history connector/1 --at id:100", "\"limit\": 100"),
        ("R", "Revert plan of entry 100", "show 100 --revert", "nothing was changed"),
        ("h", "History", "history connector/1", "+ created"),
        ("c", "1 entry, oldest first", "list --request-id req_50 --reverse", "req_50"),
        (
            "mjjd",
            "Difference of connector/1 between entries 97 and 100",
            "history connector/1 --diff id:97 id:100",
            "97 → 100",
        ),
        (
            "dG<Up><Enter>",
            "Difference of connector/1 between entries 97 and 100",
            "history connector/1 --diff id:97 id:100",
            "97 → 100",
        ),
    ] {
        let mut browser = TestBrowser::new(100, 110, 40);
        browser.press(keys);
        let shown = browser.shown();
        assert!(shown.contains(title) && shown.contains(text), "{keys}: {shown}");
        let expected = format!("krosyn-audit {command} --server sqlite:a.db");
        assert_eq!(browser.browser.command(), expected, "{keys}");
        browser.press("q");
        assert!(browser.shown().contains("100 entries, newest first"), "{keys}: {}", browser.shown());
    }
}

#[test]
fn an_opened_entry_scrolls_and_steps_to_its_neighbours() {
    let mut browser = TestBrowser::new(100, 40, 8);
    browser.press("<Enter>");
    let top = browser.shown();
    browser.press("G");
    assert_ne!(browser.shown(), top);
    browser.press("g");
    assert_eq!(browser.shown(), top);
    browser.press("J");
    assert!(browser.shown().contains("Entry 99"), "{}", browser.shown());
    browser.press("KK");
    assert!(browser.shown().contains("this is the first entry"), "{}", browser.shown());
    browser.press("J<Esc>");
    assert_eq!(browser.selected(), 99, "the list follows");
}

/// Each key changes the screen, has an effect or says why not: those of the help, and all other letters.
#[test]
fn no_key_is_dead() {
    let letters: String = ('!'..='~').filter(|key| *key != '<').collect();
    let others = "jk<Down><Up><C-d><C-u><C-e><C-y><C-f><C-b><C-n><C-p><PgDn><PgUp> gG<Home><End><Enter><Right><Tab><Left><BS>\
        <C-a><C-g><C-l><C-r><C-t><C-w><C-x><C-z><C-c>q<Esc>";
    let all = format!("{letters}{others}");
    let (list, document) = (all.as_str(), all.as_str());
    for (start, keys) in [("", list), ("<Enter>", document)] {
        for key in super::parsed(keys) {
            // In the middle, marked, searched and filtered, so that each key has something to do.
            let mut browser = TestBrowser::new(100, 44, if start.is_empty() { 16 } else { 8 });
            browser.press("flimit<Enter>/limit<Enter><PgDn><PgDn>");
            browser.press(if start.is_empty() { "hjjmm" } else { "<Enter>j" });
            let before = (browser.shown(), browser.browser.screens.len(), browser.selected());
            browser.left.clear();
            browser.update(crate::browse::event::ScreenEvent::Key(key));
            let has_effect = !browser.left.is_empty();
            browser.answer();
            let after = (browser.shown(), browser.browser.screens.len(), browser.selected());
            assert!(has_effect || before != after, "{key:?} does nothing after {start:?}:\n{}", before.0);
        }
    }
    for line in HELP.lines() {
        assert!(line.chars().count() <= 40, "{line}");
    }
}

#[test]
fn the_mouse_selects_opens_scrolls_and_filters() {
    use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut browser = TestBrowser::new(100, 170, 40);
    let mouse = |browser: &mut TestBrowser, kind, column, row| {
        let modifiers = KeyModifiers::NONE;
        browser.update(crate::browse::event::ScreenEvent::Mouse(MouseEvent { kind, column, row, modifiers }));
        browser.answer();
    };
    let click = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut browser, click, 60, 5);
    assert_eq!(browser.selected(), 97, "the fourth row");
    mouse(&mut browser, MouseEventKind::ScrollDown, 60, 5);
    assert_eq!(browser.selected(), 94);
    mouse(&mut browser, click, 10, 2);
    assert!(browser.shown().contains("97 entries, newest first · action updated"), "{}", browser.shown());
    mouse(&mut browser, click, 60, 2);
    assert!(browser.shown().contains("Entry 100"), "a click on the selected row opens it");
}

#[test]
fn q_leaves_at_the_first_screen_and_ctrl_c_everywhere() {
    let mut browser = TestBrowser::new(10, 80, 24);
    browser.press("<Enter>b");
    browser.press("qq");
    assert!(browser.left.is_empty());
    browser.press("q");
    assert!(matches!(browser.left.pop(), Some(Effect::Quit)));
    for keys in ["<C-c>", "f<C-c>", "/x<C-c>", "<Enter><C-c>", "y<C-c>"] {
        let mut browser = TestBrowser::new(10, 80, 24);
        browser.press(keys);
        assert!(browser.left.iter().any(|effect| matches!(effect, Effect::Interrupt)), "{keys}");
    }
}

fn hold_of(resource: &str) -> ActiveHold {
    let mut filter = Filter::default();
    filter.resource.include.push(resource.parse().expect("a resource"));
    ActiveHold { name: "case-14".to_owned(), reason: "court order".to_owned(), filter }
}

#[test]
fn held_entries_are_marked_and_name_their_hold() {
    let mut browser = TestBrowser::loading(100, 100, 30);
    browser.log.holds.push(hold_of("connector/1"));
    browser.answer();
    // Every third entry is of this connector.
    let shown = browser.shown();
    let rows: Vec<_> = shown.lines().skip(2).take(6).collect();
    let held: Vec<_> = rows.iter().map(|row| row.chars().nth(3) == Some('H')).collect();
    assert_eq!(held, [true, false, false, true, false, false], "{shown}");
    assert!(shown.contains("  hold   case-14: court order"), "{shown}");
    browser.press("j");
    assert!(!browser.shown().contains("hold   case-14"), "{}", browser.shown());
    browser.press("k<Enter>");
    assert!(browser.shown().contains("  hold   case-14: court order"), "{}", browser.shown());
    browser.press("q");
    // A hold that was released meanwhile is gone after a refresh.
    browser.log.holds.clear();
    browser.press("r");
    let shown = browser.shown();
    assert!(!shown.contains("case-14") && !shown.lines().skip(2).any(|row| row.contains(" H ")), "{shown}");
}

#[test]
fn the_entries_are_shown_also_if_the_holds_cannot_be_read() {
    let mut browser = TestBrowser::loading(100, 100, 30);
    let Some(at) = browser.left.iter().position(|effect| matches!(effect, Effect::ReadHolds(_))) else {
        panic!("holds are not asked for")
    };
    let Effect::ReadHolds(request) = browser.left.remove(at) else { panic!() };
    browser.answer();
    browser.update(crate::browse::event::ScreenEvent::Done(request, Err("a newer version".to_owned())));
    let shown = browser.shown();
    assert!(
        shown.contains("100 entries") && shown.contains("! cannot tell which entries are held"),
        "{shown}"
    );
}

/// A list without a filter, a mark, a search or an entry: a key says why it does nothing.
#[test]
fn no_key_is_dead_where_there_is_nothing() {
    for entries in [0, 1] {
        let keys = "xMnNmh<Enter>b=dRcy1toJK/?fFer<BS><Esc><Tab><Left>:ZDuaipvw";
        for key in super::parsed(keys) {
            let mut browser = TestBrowser::new(entries, 80, 24);
            let before = (browser.shown(), browser.left.len());
            browser.update(crate::browse::event::ScreenEvent::Key(key));
            browser.answer();
            assert_ne!(
                (browser.shown(), browser.left.len()),
                before,
                "{key:?} does nothing: {}",
                browser.shown()
            );
        }
    }
    let browser = TestBrowser::new(0, 80, 24);
    assert!(browser.shown().contains("the log is empty · F follows"), "{}", browser.shown());
}

#[test]
fn the_detail_scrolls_beside_its_list() {
    let mut browser = TestBrowser::new(100, 30, 17);
    let shown = browser.shown();
    assert!(shown.contains("more lines: J scrolls"), "{shown}");
    browser.press("JJJJJJJJJJ");
    let shown = browser.shown();
    assert!(shown.contains("limit") && !shown.contains("more line"), "{shown}");
    browser.press("j");
    assert!(browser.shown().contains("(connector/0)"), "the next entry is shown from its top");
    assert_eq!(browser.selected(), 99);
    let mut browser = TestBrowser::new(100, 40, 12);
    browser.press("J");
    assert!(browser.shown().contains("Enter opens it"), "{}", browser.shown());
}

#[test]
fn the_order_is_reversed_and_the_command_says_so() {
    let mut browser = TestBrowser::new(100, 100, 30);
    browser.press("o");
    assert_eq!(browser.selected(), 1);
    assert!(browser.shown().contains("100 entries, oldest first"), "{}", browser.shown());
    assert!(browser.browser.command().contains("--reverse"), "{}", browser.browser.command());
    browser.press("Fo");
    assert_eq!(browser.selected(), 100, "newest first again");
    browser.press("o");
    assert_eq!(browser.selected(), 100, "a followed list goes to the newest");
}
