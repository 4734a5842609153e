//! Answers keys that have no meaning here: each names the key that does what other programs do with it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What to say about a key without a meaning.
pub(super) fn answer(key: KeyEvent) -> String {
    let is_plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let meant = match key.code {
        KeyCode::Char(':') if is_plain => "no command line: t goes to a time or id, f filters, q quits",
        KeyCode::Char('u' | 'U') if is_plain => "Ctrl-U goes half a page up",
        KeyCode::Char('s' | 'S') if is_plain => "o changes the order, e saves to a file",
        KeyCode::Char('i' | 'o') if is_plain => "Enter opens an entry",
        KeyCode::Char('a' | 'v' | 'V') if is_plain => "m marks an entry, e exports all or marked ones",
        KeyCode::Char('p' | '|' | 'w') if is_plain => "e exports to a file, y copies",
        KeyCode::Char('D') | KeyCode::Delete => {
            "entries are never deleted here: see krosyn-audit prune --help"
        }
        KeyCode::Char('Z') if is_plain => "q quits",
        _ => "",
    };
    let name = name(key);
    if meant.is_empty() {
        format!("{name} has no meaning here · ? shows the keys")
    } else {
        format!("{name}: {meant}")
    }
}

fn name(key: KeyEvent) -> String {
    let modifier = match key.modifiers {
        it if it.contains(KeyModifiers::CONTROL) => "Ctrl-",
        it if it.contains(KeyModifiers::ALT) => "Alt-",
        _ => "",
    };
    let key = match key.code {
        KeyCode::Char(c) if modifier.is_empty() => c.to_string(),
        KeyCode::Char(c) => c.to_uppercase().to_string(),
        KeyCode::F(number) => format!("F{number}"),
        other => format!("{other}"),
    };
    format!("{modifier}{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_programs_lead_to_ours() {
        assert_eq!(answer(KeyCode::Char('u').into()), "u: Ctrl-U goes half a page up");
        assert_eq!(answer(KeyCode::F(7).into()), "F7 has no meaning here · ? shows the keys");
        let key = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL);
        assert_eq!(answer(key), "Ctrl-X has no meaning here · ? shows the keys");
        let key = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::ALT);
        assert_eq!(answer(key), "Alt-U has no meaning here · ? shows the keys");
    }
}
