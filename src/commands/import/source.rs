//! What is imported, as it comes out of files and pipes: recognized, put in order, and turned into lines that the API
//! takes, on a thread of its own.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::commands::import::order::{InOrder, Key, Keys, Scanned, scan};
use crate::commands::import::own;
use crate::commands::import::record::{Content, Place, Record, Records};
use crate::commands::import::shape::{Form, Refused, Rule, Said, recognize};
use crate::commands::import::text::{Source, Text};
use crate::model::foreign::{Converted, Format, Members, Reading, Refusal, is_column_name, object_key};
use crate::model::json::Json;

/// What is said of the last line of an export with a trailer.
const TRAILER: &str = "the trailer of an export and no entry; `krosyn-audit verify` checks it";
/// How many items may wait to be sent.
const WAITING: usize = 1000;

/// What came of a piece of a source. Pieces are counted from 1: lines, or the items of a list.
pub(super) enum Item {
    /// How many records there are in all sources.
    Total(u64),
    /// A line as it is sent, or what is wrong with it.
    Line(u64, Result<String, String>),
    /// What a reader should know about the piece.
    Note(u64, String),
    /// A row that was to be left out.
    LeftOut,
    /// A row with an event or a class that stands for nothing here.
    Unmapped { number: u64, what: &'static str, column: &'static str, word: String },
    /// A row that does not hold what an entry needs.
    Unmappable(u64, &'static str),
    /// Something beside the changes of a row that was shortened or left out.
    Adjusted(&'static str),
    /// A class that stands before the ids of its rows.
    Prefixed(String),
    /// Columns that the file lacks.
    Lacking(Vec<&'static str>),
    /// How many columns have no place in an entry, and those that may be shown.
    Unread(usize, Vec<String>),
    /// The source cannot be read on.
    Broken(io::Error),
    /// Nothing of the source can be imported, or not yet.
    Refused(String),
}

/// What the caller said of the sources, and how another library's rows are read, or what has to be said first.
pub(super) struct Request {
    pub(super) said: Said,
    pub(super) reading: Result<Reading, String>,
}

/// Reads the sources on a thread of its own: while stdin is silent, Ctrl-C is still heard. Records of all sources come in
/// the order in which they happened.
pub(super) fn read(sources: Vec<Source>, request: Request) -> Receiver<(Arc<str>, Item)> {
    let (sender, receiver) = channel(WAITING);
    std::thread::spawn(move || {
        let reader = Reader { sender: &sender, request: &request };
        // Nobody listens any more.
        drop(reader.all(sources));
    });
    receiver
}

/// Nobody listens any more, or there is no more to read and it was said why.
struct Stop;

struct Reader<'a> {
    sender: &'a Sender<(Arc<str>, Item)>,
    request: &'a Request,
}

/// A source that is read on.
struct Opened {
    name: Arc<str>,
    table: String,
    text: Text,
    form: Form,
    rule: Rule,
    records: InOrder,
    /// Its next record.
    head: Option<(Option<Key>, Record)>,
    /// Where the last row of each resource stands, and a reader to fetch it, for formats that need it.
    last_rows: HashMap<String, Place>,
    /// The classes of which it was said that they stand before ids.
    prefixed: HashSet<String>,
    fetch: Option<Box<dyn Records>>,
}

impl Reader<'_> {
    fn say(&self, name: &Arc<str>, item: Item) -> Result<(), Stop> {
        self.sender.blocking_send((Arc::clone(name), item)).map_err(|_| Stop)
    }

    fn broken(&self, name: &Arc<str>, error: io::Error) -> Stop {
        drop(self.say(name, Item::Broken(error)));
        Stop
    }

    fn reading(&self, format: Format) -> Result<&Reading, String> {
        let needed = |needed: &String| format!("it is a {format} table: {needed}");
        self.request.reading.as_ref().map_err(needed)
    }

    fn all(&self, sources: Vec<Source>) -> Result<(), Stop> {
        let mut opened = Vec::new();
        let mut total = 0;
        for source in sources {
            let name = Arc::clone(&source.name);
            match self.open(source) {
                Ok(None) => {}
                Ok(Some((source, count))) => {
                    opened.push(source);
                    total += count;
                }
                Err(Refused::Broken(error)) => return Err(self.broken(&name, error)),
                Err(Refused::Whole(sentence)) => return self.say(&name, Item::Refused(sentence)),
            }
        }
        let Some(first) = opened.first() else { return Ok(()) };
        self.say(&Arc::clone(&first.name), Item::Total(total))?;
        let are_merged = opened.len() > 1;
        for source in &mut opened {
            self.advance(source, are_merged)?;
        }
        while let Some(next) = earliest(&opened) {
            let source = &mut opened[next];
            if let Some((_, record)) = source.head.take() {
                self.record(source, record)?;
            }
            self.advance(source, are_merged)?;
        }
        Ok(())
    }

    fn open(&self, source: Source) -> Result<Option<(Opened, u64)>, Refused> {
        let (name, table) = (Arc::clone(&source.name), source.table());
        let text = source.text()?;
        let Some(shape) = recognize(&text, &self.request.said)? else { return Ok(None) };
        if !shape.lacking.is_empty() && self.say(&name, Item::Lacking(shape.lacking.clone())).is_err() {
            return Ok(None);
        }
        let Scanned { rule, columns, count, places } = scan(&text, &shape, |format| self.reading(format))?;
        if let Rule::Foreign(format) = rule {
            let reading = self.reading(format).map_err(Refused::Whole)?;
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let are_header = shape.form.header().is_some();
            reading.judge(format, &columns, are_header).map_err(Refused::Whole)?;
            let unread = reading.unread(format, &columns);
            let count = unread.len();
            // The keys of objects may be anything: they are counted.
            let shown = unread.into_iter().filter(|name| are_header && is_column_name(name));
            let item = Item::Unread(count, shown.map(str::to_owned).collect());
            if count > 0 && self.say(&name, item).is_err() {
                return Ok(None);
            }
        }
        let records = InOrder::new(shape.form.records(&text)?, places);
        let opened = Opened {
            name,
            table,
            text,
            form: shape.form,
            rule,
            records,
            head: None,
            last_rows: HashMap::new(),
            prefixed: HashSet::new(),
            fetch: None,
        };
        Ok(Some((opened, count)))
    }

    fn advance(&self, source: &mut Opened, with_key: bool) -> Result<(), Stop> {
        let next = source.records.next().map_err(|error| self.broken(&source.name, error))?;
        source.head = next.map(|record| {
            let keys = Keys::of(source.rule, self.request.reading.as_ref().ok());
            let key = if with_key { keys.of_record(&source.form, &record) } else { None };
            (key, record)
        });
        Ok(())
    }

    fn record(&self, source: &mut Opened, record: Record) -> Result<(), Stop> {
        let (name, number) = (Arc::clone(&source.name), record.place.number);
        if matches!(record.content, Content::Trailer) {
            return self.say(&name, Item::Note(number, TRAILER.to_owned()));
        }
        let row = match source.form.row(record.content, source.rule) {
            Ok(row) => row,
            Err(detail) => return self.say(&name, Item::Line(number, Err(detail))),
        };
        match source.rule {
            Rule::Own if row.first().is_some_and(|(name, _)| name == "trailer") => {
                self.say(&name, Item::Note(number, TRAILER.to_owned()))
            }
            Rule::Own => self.own(&name, number, prepared(row)),
            Rule::OwnCsv { has_guards } => self.own(&name, number, own::members(&row, has_guards)),
            Rule::Foreign(format) => self.foreign(source, record.place, format, &row),
        }
    }

    fn own(&self, name: &Arc<str>, number: u64, entry: Result<Members, String>) -> Result<(), Stop> {
        let line = match entry {
            Ok(mut entry) => {
                for what in own::shorten(&mut entry) {
                    self.say(name, Item::Adjusted(what))?;
                }
                Ok(Json::Object(entry).to_string())
            }
            Err(detail) => Err(detail),
        };
        self.say(name, Item::Line(number, line))
    }

    fn foreign(&self, source: &mut Opened, place: Place, format: Format, row: &Members) -> Result<(), Stop> {
        let (name, number) = (Arc::clone(&source.name), place.number);
        let reading = match self.reading(format) {
            Ok(reading) => reading,
            Err(needed) => return self.say(&name, Item::Refused(needed)),
        };
        let previous = source.previous(row, place).map_err(|error| self.broken(&name, error))?;
        match reading.proposal(format, row, previous.as_deref(), &source.table) {
            Ok(Converted { proposal, note, adjusted, prefixed }) => {
                for item in adjusted.into_iter().map(Item::Adjusted) {
                    self.say(&name, item)?;
                }
                for class in prefixed {
                    if source.prefixed.insert(class.clone()) {
                        self.say(&name, Item::Prefixed(class))?;
                    }
                }
                if let Some(note) = note {
                    self.say(&name, Item::Note(number, note))?;
                }
                let line = serde_json::to_string(&proposal).map_err(|error| error.to_string());
                self.say(&name, Item::Line(number, line))
            }
            Err(Refusal::LeftOut) => self.say(&name, Item::LeftOut),
            Err(Refusal::Unmapped { what, column, word }) => {
                self.say(&name, Item::Unmapped { number, what, column, word })
            }
            Err(Refusal::Unmappable(why)) => self.say(&name, Item::Unmappable(number, why)),
            Err(Refusal::Wrong(detail)) => self.say(&name, Item::Line(number, Err(detail))),
        }
    }
}

impl Opened {
    /// The row before this one of the same resource, where the format needs it.
    fn previous(&mut self, row: &Members, place: Place) -> io::Result<Option<Members>> {
        let needs = matches!(self.rule, Rule::Foreign(format) if format.needs_previous());
        let Some(key) = object_key(row).filter(|_| needs) else { return Ok(None) };
        let Some(before) = self.last_rows.insert(key, place) else { return Ok(None) };
        let fetch = match &mut self.fetch {
            Some(fetch) => fetch,
            fetch => fetch.insert(self.form.records(&self.text)?),
        };
        fetch.go_to(before)?;
        let record = fetch.next()?;
        Ok(record.and_then(|record| self.form.row(record.content, self.rule).ok()))
    }
}

/// The source whose next record happened first. A record without a time does not wait.
fn earliest(opened: &[Opened]) -> Option<usize> {
    let heads = opened.iter().enumerate().filter_map(|(at, source)| Some((at, source.head.as_ref()?.0)));
    let mut first: Option<(usize, Option<Key>)> = None;
    for (at, key) in heads {
        let is_earlier = match (&first, &key) {
            (None, _) => true,
            (Some((_, None)), _) => false,
            (Some(_), None) => true,
            (Some((_, Some(first))), Some(key)) => key.order(first) == std::cmp::Ordering::Less,
        };
        if is_earlier {
            first = Some((at, key));
        }
    }
    first.map(|(at, _)| at)
}

/// An entry as it is sent: without what the server gives.
fn prepared(mut members: Members) -> Result<Members, String> {
    members.retain(|(key, _)| key != "id" && key != "recorded_at");
    if !members.iter().any(|(key, _)| key == "occurred_at") {
        return Err("there is no occurred_at: an imported entry must say when it happened".to_owned());
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
