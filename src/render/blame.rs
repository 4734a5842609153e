//! Blame output: who last set each leaf of a resource, a line each, like `git blame`.

use std::io::{self, Write};

use crate::model::entry::User;
use crate::model::history::blame::{Blame, BlameLine};
use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::history::patch::pointer;
use crate::model::history::{EntryHead, History};
use crate::model::json::Json;
use crate::model::time::TimeContext;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::history::{dotted_path, leaf_text, origin_note};
use crate::render::json::{number, text};
use crate::render::style::{Role, Style};

/// The columns of delimited output. Scripts depend on their order.
pub(crate) const BLAME_COLUMNS: [&str; 8] =
    ["field", "value", "time", "user", "entry", "times", "known", "on_behalf_of"];

/// Columns narrowed on a narrow screen, with their least widths: the user, then the path.
const NARROW: [(usize, usize); 2] = [(2, 10), (4, 14)];

/// Writes the blame as a table. The notes of the heading explain leaves without an entry.
pub(crate) fn table(out: &mut dyn Write, blame: &Blame, history: &History, style: &Style) -> io::Result<()> {
    let title = |text: &str| GridCell::new(text, Role::Title);
    let mut rows = vec![vec![
        GridCell::number("ENTRY", Role::Title),
        title("SET"),
        title("BY"),
        GridCell::number("TIMES", Role::Title),
        title("FIELD"),
        title("VALUE"),
    ]];
    for line in &blame.lines {
        let (entry, set, by) = match line.origin {
            ValueOrigin::Entry(index) => {
                let entry = &history.entries()[index];
                (entry.id.to_string(), style.moment(entry.occurred_at), entry.actor())
            }
            ValueOrigin::Before(_) if history.horizon().is_some() => {
                ("-".to_owned(), "before pruning".to_owned(), String::new())
            }
            ValueOrigin::Before(_) | ValueOrigin::Unrecorded(_) => {
                ("-".to_owned(), "not recorded".to_owned(), String::new())
            }
        };
        let role = if matches!(line.content, LeafContent::Value(_)) { Role::Plain } else { Role::Dim };
        rows.push(vec![
            GridCell::number(entry, Role::Dim),
            GridCell::new(set, Role::Dim),
            GridCell::new(by, Role::Plain),
            GridCell::number(line.times.to_string(), Role::Plain),
            GridCell::path(dotted_path(&line.path), Role::Title),
            GridCell::new(leaf_text(&line.content), role),
        ]);
    }
    grid(out, rows, GridLayout { narrow: &NARROW, ..GridLayout::default() }, style)
}

/// The blame as rows of [`BLAME_COLUMNS`]: values as JSON, times in UTC.
pub(crate) fn records<'a>(blame: &'a Blame, history: &'a History) -> impl Iterator<Item = Vec<String>> + 'a {
    blame.lines.iter().map(move |line| {
        let entry = setter(line, history);
        let value = match &line.content {
            LeafContent::Value(value) => value.to_string(),
            LeafContent::Redacted | LeafContent::Unknown(_) => String::new(),
        };
        vec![
            dotted_path(&line.path),
            value,
            entry.map(|entry| entry.occurred_at.to_string()).unwrap_or_default(),
            entry.map(|entry| entry.user.label().to_owned()).unwrap_or_default(),
            entry.map(|entry| entry.id.to_string()).unwrap_or_default(),
            line.times.to_string(),
            known(line).to_owned(),
            entry.and_then(|entry| entry.on_behalf_of.as_ref()).map_or("", |user| user.label()).to_owned(),
        ]
    })
}

fn setter<'a>(line: &BlameLine, history: &'a History) -> Option<&'a EntryHead> {
    match line.origin {
        ValueOrigin::Entry(index) => history.entries().get(index),
        ValueOrigin::Before(_) | ValueOrigin::Unrecorded(_) => None,
    }
}

const fn known(line: &BlameLine) -> &'static str {
    match line.content {
        LeafContent::Value(_) => "exact",
        LeafContent::Redacted => "redacted",
        LeafContent::Unknown(_) => "unknown",
    }
}

/// The blame as a JSON list.
pub(crate) fn json(blame: &Blame, history: &History, time: &TimeContext) -> Json {
    let lines = blame.lines.iter().map(|line| {
        let mut members = vec![
            ("field".to_owned(), text(&dotted_path(&line.path))),
            ("pointer".to_owned(), text(&pointer(&line.path))),
            ("known".to_owned(), text(known(line))),
        ];
        if let LeafContent::Value(value) = &line.content {
            members.push(("value".to_owned(), value.clone()));
        }
        match setter(line, history) {
            Some(entry) => {
                let json = |user: &User| Json::parse(&serde_json::to_string(user).ok()?).ok();
                let users = [("user", Some(&entry.user)), ("on_behalf_of", entry.on_behalf_of.as_ref())];
                members.push(("entry".to_owned(), number(entry.id)));
                members.push(("time".to_owned(), text(&entry.occurred_at.to_string())));
                let users =
                    users.into_iter().filter_map(|(name, user)| Some((name.to_owned(), json(user?)?)));
                members.extend(users);
            }
            None => members
                .extend(origin_note(line.origin, history, time).map(|why| ("set".to_owned(), text(&why)))),
        }
        members.push(("times".to_owned(), number(line.times)));
        Json::Object(members)
    });
    Json::Array(lines.collect())
}
