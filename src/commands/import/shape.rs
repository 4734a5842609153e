//! What a source is: its form (JSON, rows, SQL), and whose rows it holds.

use std::io;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::commands::import::documents::{Items, Lines, Nesting, nesting};
use crate::commands::import::own::{self, Header};
use crate::commands::import::record::{Cell, Content, Kind, Records};
use crate::commands::import::rows::dialect::{Table, table};
use crate::commands::import::rows::{Dialect, Rows};
use crate::commands::import::sql::{self, SqlRows, SqlTable};
use crate::commands::import::text::Text;
use crate::model::foreign::{Format, flattened};
use crate::model::json::Json;

/// What the caller said of the sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// Whose rows they hold.
    pub(super) from: Option<Format>,
    /// The columns of rows without a header.
    pub(super) columns: Option<Vec<String>>,
}

/// Whose rows a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Entries of ours as JSON.
    Own,
    /// Our CSV, with or without guards against formulas.
    OwnCsv { has_guards: bool },
    /// Another library's.
    Foreign(Format),
}

/// How the records of a source are written.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Lines,
    Document(Nesting),
    Rows(Table),
    Sql(SqlTable),
}

/// A source that is understood, but for the rule of JSON, which its first object shows.
pub(super) struct Shape {
    pub(super) form: Form,
    pub(super) rule: Option<Rule>,
    /// Columns of ours that the source lacks.
    pub(super) lacking: Vec<&'static str>,
}

/// Why a source gives nothing.
pub(super) enum Refused {
    /// The system's reason.
    Broken(io::Error),
    /// A sentence, and what to do.
    Whole(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

const UNKNOWN: &str = "unrecognized format: expected JSON lines, a JSON list, a krosyn-audit CSV export, or a table of an audit library with its column names in the first row (--columns NAME,… names those of a file without a header)";

/// Recognizes a source; none when it is blank.
pub(super) fn recognize(text: &Text, said: &Said) -> Result<Option<Shape>, Refused> {
    let mut window = text.reader()?;
    let first = loop {
        match window.byte()? {
            None => return Ok(None),
            Some(byte) if byte.is_ascii_whitespace() => {}
            Some(byte) => break byte,
        }
    };
    let json = |form| Ok(Some(Shape { form, rule: said.from.map(Rule::Foreign), lacking: Vec::new() }));
    match first {
        b'{' if said.columns.is_none() && is_line_of_records(text, said)? => json(Form::Lines),
        b'{' | b'[' => {
            json(nesting(text, &|object| is_record(object, said))?.map_or(Form::Lines, Form::Document))
        }
        _ if said.columns.is_none() && sql::is_sql(text)? => Ok(Some(dump(text, said)?)),
        _ => rows(text, said).map(Some),
    }
}

/// Whether the first line is a record by itself, and not the beginning of a document.
fn is_line_of_records(text: &Text, said: &Said) -> io::Result<bool> {
    let Some(first) = Lines::new(text.reader()?).next()? else { return Ok(false) };
    Ok(matches!(first.content, Content::Json(line) if is_record(&line, said)))
}

/// Whether an object is a record, by its names.
fn is_record(text: &str, said: &Said) -> bool {
    let Ok(members) = serde_json::from_str::<Members<'_>>(text.trim()) else { return false };
    let names = members.names();
    let is_ours =
        ["occurred_at", "model_type", "trailer"].iter().any(|name| names.iter().any(|it| it == name));
    is_ours
        || said.from.is_some() && names.len() > 2
        || Format::of(names.iter().map(String::as_str)).is_some()
}

fn format_of(columns: &[String], said: &Said) -> Option<Format> {
    let known = Format::of(columns.iter().map(String::as_str));
    // A format that was named must at least have rows of its own.
    said.from.filter(|format| columns.iter().any(|name| name == format.layout().id)).or(known)
}

fn dump(text: &Text, said: &Said) -> Result<Shape, Refused> {
    let known = sql::tables(text, &|columns| format_of(columns, said).is_some()).map_err(|error| {
        let is_content = error.kind() == io::ErrorKind::InvalidData;
        if is_content { Refused::Whole(format!("it is an SQL dump: {error}")) } else { error.into() }
    })?;
    let mut chosen: Vec<_> =
        known.into_iter().filter_map(|table| Some((format_of(&table.columns, said)?, table))).collect();
    chosen.retain(|(format, _)| said.from.is_none_or(|from| from == *format));
    match <[_; 1]>::try_from(chosen) {
        Ok([(format, table)]) => {
            Ok(Shape { form: Form::Sql(table), rule: Some(Rule::Foreign(format)), lacking: Vec::new() })
        }
        Err(tables) if tables.is_empty() => Err(Refused::Whole(
            "it is an SQL dump without rows of an audit library's table (INSERT with literal values, or COPY); dump that table alone, or query it into CSV with a header".to_owned(),
        )),
        Err(tables) => {
            let names: Vec<_> = tables.iter().map(|(format, table)| format!("{} ({format})", table.name)).collect();
            Err(Refused::Whole(format!(
                "it is an SQL dump with several such tables: {}; choose one by --from, or dump one table alone",
                names.join(", ")
            )))
        }
    }
}

fn rows(text: &Text, said: &Said) -> Result<Shape, Refused> {
    let is_known =
        |columns: &[String]| format_of(columns, said).is_some() || own::judge(columns) != Header::Foreign;
    let unknown = || Refused::Whole(UNKNOWN.to_owned());
    let is_ours = |columns: &[String]| format_of(columns, said).is_none() && is_known(columns);
    let table = table(text, said.columns.as_deref(), &is_known, &is_ours)?.ok_or_else(unknown)?;
    let mut shape = Shape { form: Form::Lines, rule: None, lacking: Vec::new() };
    if let Some(format) = format_of(&table.columns, said) {
        shape.rule = Some(Rule::Foreign(format));
    } else {
        match own::judge(&table.columns) {
            Header::Foreign => return Err(unknown()),
            Header::Short(missing) => {
                let missing = missing.join(", ");
                return Err(Refused::Whole(format!(
                    "it has no column {missing}: an entry cannot be made of it (export without --columns has them all)"
                )));
            }
            Header::Ours(lacking) => shape.lacking = lacking,
        }
        shape.rule = Some(Rule::OwnCsv { has_guards: own::has_guards(text, table.dialect)? });
    }
    shape.form = Form::Rows(table);
    Ok(shape)
}

impl Form {
    /// A reader of the records, at the first.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn records(&self, text: &Text) -> io::Result<Box<dyn Records>> {
        Ok(match self {
            Self::Lines => Box::new(Lines::new(text.reader()?)),
            Self::Document(nesting) => Box::new(Items::new(text.reader()?, *nesting)),
            Self::Sql(table) => Box::new(SqlRows::new(text, table.clone())?),
            Self::Rows(table) => {
                let dialect: Dialect = table.dialect;
                let mut rows = Rows::new(text.reader()?, dialect);
                rows.width = Some(table.columns.len());
                Records::go_to(&mut rows, table.first)?;
                Box::new(rows)
            }
        })
    }

    fn columns(&self) -> &[String] {
        match self {
            Self::Rows(table) => &table.columns,
            Self::Sql(table) => &table.columns,
            Self::Lines | Self::Document(_) => &[],
        }
    }

    /// A record as named values.
    ///
    /// # Errors
    /// What is wrong with it, without a value of it.
    pub(super) fn row(&self, content: Content, rule: Rule) -> Result<Vec<(String, Json)>, String> {
        match content {
            Content::Json(text) => match Json::parse(text.trim()).map_err(|error| error.to_string())? {
                Json::Object(members) => Ok(flattened(members)),
                _ => Err("the line is no JSON object".to_owned()),
            },
            Content::Cells(cells) => {
                let named = self.columns().iter().zip(cells);
                named.map(|(name, cell)| Ok((name.clone(), self.value(name, cell, rule)?))).collect()
            }
            Content::Bad(detail) => Err(detail),
            Content::Trailer => Ok(Vec::new()),
        }
    }

    fn value(&self, name: &str, cell: Cell, rule: Rule) -> Result<Json, String> {
        let is_ours = matches!(rule, Rule::OwnCsv { .. });
        let text = String::from_utf8(cell.text).map_err(|_| {
            format!(
                "{name} is not UTF-8 (iconv -f WINDOWS-1252 -t UTF-8 converts what Windows programs write)"
            )
        })?;
        let null_word = matches!(self, Self::Rows(table) if !table.has_backslash_null);
        Ok(match cell.kind {
            Kind::Null if is_ours => Json::String("\\N".to_owned()),
            Kind::Null => Json::Null,
            Kind::Bare if !is_ours && null_word && text == "NULL" => Json::Null,
            Kind::Bare | Kind::Quoted => Json::String(text),
        })
    }

    /// The columns of a record and, of some of them, the texts, without a look at the rest.
    ///
    /// # Errors
    /// When the record is no row.
    pub(super) fn probe(&self, content: &Content, wanted: &[&str]) -> Result<Probe, ()> {
        match content {
            Content::Json(text) => {
                let members: Members<'_> = serde_json::from_str(text.trim()).map_err(drop)?;
                Ok(members.probe(wanted))
            }
            Content::Cells(cells) => {
                let named =
                    self.columns().iter().zip(cells).filter(|(name, _)| wanted.contains(&name.as_str()));
                let texts = named.map(|(name, cell)| {
                    (name.clone(), String::from_utf8_lossy(&cell.text).trim().to_owned())
                });
                Ok(Probe { columns: Vec::new(), texts: texts.collect() })
            }
            Content::Bad(_) | Content::Trailer => Err(()),
        }
    }

    /// The columns that all rows have; none for JSON, whose objects name theirs.
    pub(super) fn header(&self) -> Option<&[String]> {
        Some(self.columns()).filter(|columns| !columns.is_empty())
    }
}

/// What is known of a record without parsing it whole.
pub(super) struct Probe {
    /// Its columns, when it names them itself.
    pub(super) columns: Vec<String>,
    pub(super) texts: Vec<(String, String)>,
}

impl Probe {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(column, _)| column == name).map(|(_, text)| text.as_str())
    }
}

/// The members of an object, whose values are not parsed.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// What Django's dumpdata keeps in `fields` stands beside the rest.
    fn flat(&self) -> Vec<(String, &'a RawValue)> {
        let own = |name: &str| self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let fields = own("model").and(own("fields"));
        let fields = fields.and_then(|fields| serde_json::from_str::<Members<'_>>(fields.get()).ok());
        match fields {
            None => self.0.iter().map(|(name, value)| (name.clone(), *value)).collect(),
            Some(fields) => {
                let pk = own("pk").map(|value| ("dumpdata_pk".to_owned(), value));
                let model = own("model").map(|value| ("dumpdata_model".to_owned(), value));
                fields.0.into_iter().chain(pk).chain(model).collect()
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.flat().into_iter().map(|(name, _)| name).collect()
    }

    fn probe(&self, wanted: &[&str]) -> Probe {
        let flat = self.flat();
        let text = |value: &RawValue| {
            serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
        };
        let chosen = flat.iter().filter(|(name, _)| wanted.contains(&name.as_str()));
        let texts = chosen.map(|(name, value)| (name.clone(), text(value))).collect();
        Probe { columns: flat.into_iter().map(|(name, _)| name).collect(), texts }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    members.push((name, map.next_value::<&RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
