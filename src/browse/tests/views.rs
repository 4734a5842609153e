//! Documents: entries, history, blame, states, differences, revert plans and change sets; and that no key is dead.

use super::Session;
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
        let mut session = Session::new(100, 110, 40);
        session.press(keys);
        let shown = session.shown();
        assert!(shown.contains(title) && shown.contains(text), "{keys}: {shown}");
        let expected = format!("krosyn-audit {command} --server sqlite:a.db");
        assert_eq!(session.browser.command(), expected, "{keys}");
        session.press("q");
        assert!(session.shown().contains("100 entries, newest first"), "{keys}: {}", session.shown());
    }
}

#[test]
fn an_opened_entry_scrolls_and_steps_to_its_neighbours() {
    let mut session = Session::new(100, 40, 8);
    session.press("<Enter>");
    let top = session.shown();
    session.press("G");
    assert_ne!(session.shown(), top);
    session.press("g");
    assert_eq!(session.shown(), top);
    session.press("J");
    assert!(session.shown().contains("Entry 99"), "{}", session.shown());
    session.press("KK");
    assert!(session.shown().contains("this is the first entry"), "{}", session.shown());
    session.press("J<Esc>");
    assert_eq!(session.selected(), 99, "the list follows");
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
            let mut session = Session::new(100, 44, if start.is_empty() { 16 } else { 8 });
            session.press("flimit<Enter>/limit<Enter><PgDn><PgDn>");
            session.press(if start.is_empty() { "hjjmm" } else { "<Enter>j" });
            let before = (session.shown(), session.browser.screens.len(), session.selected());
            session.left.clear();
            session.update(crate::browse::event::ScreenEvent::Key(key));
            let has_effect = !session.left.is_empty();
            session.answer();
            let after = (session.shown(), session.browser.screens.len(), session.selected());
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
    let mut session = Session::new(100, 170, 40);
    let mouse = |session: &mut Session, kind, column, row| {
        let modifiers = KeyModifiers::NONE;
        session.update(crate::browse::event::ScreenEvent::Mouse(MouseEvent { kind, column, row, modifiers }));
        session.answer();
    };
    let click = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut session, click, 60, 5);
    assert_eq!(session.selected(), 97, "the fourth row");
    mouse(&mut session, MouseEventKind::ScrollDown, 60, 5);
    assert_eq!(session.selected(), 94);
    mouse(&mut session, click, 10, 2);
    assert!(session.shown().contains("97 entries, newest first · action updated"), "{}", session.shown());
    mouse(&mut session, click, 60, 2);
    assert!(session.shown().contains("Entry 100"), "a click on the selected row opens it");
}

#[test]
fn q_leaves_at_the_first_screen_and_ctrl_c_everywhere() {
    let mut session = Session::new(10, 80, 24);
    session.press("<Enter>b");
    session.press("qq");
    assert!(session.left.is_empty());
    session.press("q");
    assert!(matches!(session.left.pop(), Some(Effect::Quit)));
    for keys in ["<C-c>", "f<C-c>", "/x<C-c>", "<Enter><C-c>", "y<C-c>"] {
        let mut session = Session::new(10, 80, 24);
        session.press(keys);
        assert!(session.left.iter().any(|effect| matches!(effect, Effect::Interrupt)), "{keys}");
    }
}

fn hold_of(resource: &str) -> ActiveHold {
    let mut filter = Filter::default();
    filter.resource.include.push(resource.parse().expect("a resource"));
    ActiveHold { name: "case-14".to_owned(), reason: "court order".to_owned(), filter }
}

#[test]
fn held_entries_are_marked_and_name_their_hold() {
    let mut session = Session::loading(100, 100, 30);
    session.log.holds.push(hold_of("connector/1"));
    session.answer();
    // Every third entry is of this connector.
    let shown = session.shown();
    let rows: Vec<_> = shown.lines().skip(2).take(6).collect();
    let held: Vec<_> = rows.iter().map(|row| row.chars().nth(3) == Some('H')).collect();
    assert_eq!(held, [true, false, false, true, false, false], "{shown}");
    assert!(shown.contains("  hold   case-14: court order"), "{shown}");
    session.press("j");
    assert!(!session.shown().contains("hold   case-14"), "{}", session.shown());
    session.press("k<Enter>");
    assert!(session.shown().contains("  hold   case-14: court order"), "{}", session.shown());
    session.press("q");
    // A hold that was released meanwhile is gone after a refresh.
    session.log.holds.clear();
    session.press("r");
    let shown = session.shown();
    assert!(!shown.contains("case-14") && !shown.lines().skip(2).any(|row| row.contains(" H ")), "{shown}");
}

#[test]
fn the_entries_are_shown_also_if_the_holds_cannot_be_read() {
    let mut session = Session::loading(100, 100, 30);
    let Some(at) = session.left.iter().position(|effect| matches!(effect, Effect::ReadHolds(_))) else {
        panic!("holds are not asked for")
    };
    let Effect::ReadHolds(request) = session.left.remove(at) else { panic!() };
    session.answer();
    session.update(crate::browse::event::ScreenEvent::Done(request, Err("a newer version".to_owned())));
    let shown = session.shown();
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
            let mut session = Session::new(entries, 80, 24);
            let before = (session.shown(), session.left.len());
            session.update(crate::browse::event::ScreenEvent::Key(key));
            session.answer();
            assert_ne!(
                (session.shown(), session.left.len()),
                before,
                "{key:?} does nothing: {}",
                session.shown()
            );
        }
    }
    let session = Session::new(0, 80, 24);
    assert!(session.shown().contains("the log is empty · F follows"), "{}", session.shown());
}

#[test]
fn the_detail_scrolls_beside_its_list() {
    let mut session = Session::new(100, 30, 17);
    let shown = session.shown();
    assert!(shown.contains("more lines: J scrolls"), "{shown}");
    session.press("JJJJJJJJJJ");
    let shown = session.shown();
    assert!(shown.contains("limit") && !shown.contains("more line"), "{shown}");
    session.press("j");
    assert!(session.shown().contains("(connector/0)"), "the next entry is shown from its top");
    assert_eq!(session.selected(), 99);
    let mut session = Session::new(100, 40, 12);
    session.press("J");
    assert!(session.shown().contains("Enter opens it"), "{}", session.shown());
}

#[test]
fn the_order_is_reversed_and_the_command_says_so() {
    let mut session = Session::new(100, 100, 30);
    session.press("o");
    assert_eq!(session.selected(), 1);
    assert!(session.shown().contains("100 entries, oldest first"), "{}", session.shown());
    assert!(session.browser.command().contains("--reverse"), "{}", session.browser.command());
    session.press("Fo");
    assert_eq!(session.selected(), 100, "newest first again");
    session.press("o");
    assert_eq!(session.selected(), 100, "a followed list goes to the newest");
}
