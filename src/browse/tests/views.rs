//! Documents: entries, history, blame, states, differences, revert plans and change sets; and that no key is dead.

use super::Session;
use crate::browse::event::Effect;
use crate::browse::view::help::HELP;

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

/// Each key of the help changes the screen, or has an effect.
#[test]
fn no_key_is_dead() {
    let list = "jk<Down><Up><C-d><C-u><PgDn><PgUp> gG<Home><End><Enter>l<Right>/nNfxt<Tab>hb=dRcmMeyFr?<C-z><C-c>q<Esc><Left>";
    let document =
        "jk<Down><Up><C-d><C-u><PgDn><PgUp> gG<Home><End>/nNhb=dRcJKyr?fxtmMeF<Tab><C-z><C-c>q<Esc><Left>";
    for (start, keys) in [("", list), ("<Enter>", document)] {
        for key in super::parsed(keys) {
            // In the middle, marked, searched and filtered, so that each key has something to do.
            let mut session = Session::new(100, 44, if start.is_empty() { 16 } else { 8 });
            session.press("flimit<Enter>/limit<Enter><PgDn><PgDn>");
            session.press(if start.is_empty() { "hjjmm" } else { "<Enter>j" });
            let before = (session.shown(), session.browser.screens.len(), session.selected());
            session.left.clear();
            session.update(crate::browse::event::Event::Key(key));
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
        session.update(crate::browse::event::Event::Mouse(MouseEvent { kind, column, row, modifiers }));
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
