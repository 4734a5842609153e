//! Reads the YAML that Ruby writes into text columns as JSON values.
//!
//! Tags of Ruby's classes are ignored: a hash is a hash, and a time with a zone is its moment in UTC. Knows nothing of rows.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::model::json::{Json, MAX_DEPTH};

/// The most values one text may hold. An alias counts as the values it repeats.
const MAX_VALUES: usize = 1_000_000;

/// Reads one document.
///
/// # Errors
/// The end of a sentence that begins with the column's name. It quotes nothing of the text.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut reader = YamlReader { open: Vec::new(), anchors: Vec::new(), values: 0, root: None };
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| {
            format!(
                "is not valid YAML at line {}, column {}",
                error.marker().line(),
                error.marker().col() + 1
            )
        })?;
        reader.event(event)?;
    }
    Ok(reader.root.unwrap_or(Json::Null))
}

/// A collection that is not closed yet.
enum OpenCollection {
    List(usize, Vec<Json>),
    Map { anchor: usize, members: Vec<(String, Json)>, key: Option<String>, is_time: bool },
}

struct YamlReader {
    open: Vec<OpenCollection>,
    anchors: Vec<(usize, Json, usize)>,
    values: usize,
    root: Option<Json>,
}

impl YamlReader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_decimal = tag.as_ref().is_some_and(|tag| tag.suffix.ends_with("BigDecimal"));
                let value = match (is_decimal, style, tag) {
                    // Ruby writes the precision before the number.
                    (true, ..) => plain(text.rsplit(':').next().unwrap_or(&text)),
                    (false, ScalarStyle::Plain, None) => plain(&text),
                    _ => Json::String(text.into_owned()),
                };
                self.put(anchor, value, 1)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.iter().rev().find(|(id, ..)| *id == anchor);
                let (_, value, size) = known.cloned().ok_or("uses an undefined anchor")?;
                self.put(0, value, size)
            }
            Event::SequenceStart(anchor, _) => self.begin(OpenCollection::List(anchor, Vec::new())),
            Event::MappingStart(anchor, tag) => {
                let is_time = tag.is_some_and(|tag| tag.suffix.ends_with("ActiveSupport::TimeWithZone"));
                self.begin(OpenCollection::Map { anchor, members: Vec::new(), key: None, is_time })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(OpenCollection::List(anchor, items)) => self.put(anchor, Json::Array(items), 1),
                Some(OpenCollection::Map { anchor, members, is_time, .. }) => {
                    let moment = members.iter().find(|(name, _)| is_time && name == "utc");
                    let value = moment.map(|(_, utc)| utc.clone());
                    self.put(anchor, value.unwrap_or(Json::Object(members)), 1)
                }
                None => Err("is not valid YAML".to_owned()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: OpenCollection) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("nests deeper than {MAX_DEPTH} levels"));
        }
        self.open.push(open);
        Ok(())
    }

    fn put(&mut self, anchor: usize, value: Json, size: usize) -> Result<(), String> {
        self.values += size;
        if self.values > MAX_VALUES {
            return Err(format!("holds more than {MAX_VALUES} values"));
        }
        if anchor != 0 {
            let size = count(&value);
            self.anchors.push((anchor, value.clone(), size));
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(OpenCollection::List(_, items)) => items.push(value),
            Some(OpenCollection::Map { members, key, .. }) => match key.take() {
                Some(key) => members.push((key, value)),
                None => match value {
                    Json::String(text) | Json::Number(text) => {
                        *key = Some(text.trim_start_matches(':').to_owned());
                    }
                    Json::Null => *key = Some(String::new()),
                    Json::Bool(value) => *key = Some(value.to_string()),
                    Json::Array(_) | Json::Object(_) => {
                        return Err("has a key that is not a scalar".to_owned());
                    }
                },
            },
        }
        Ok(())
    }
}

fn count(value: &Json) -> usize {
    1 + match value {
        Json::Array(items) => items.iter().map(count).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}

/// An unquoted scalar. Ruby quotes every text that would be read as another type.
fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" => Json::Null,
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ => match Json::parse(text) {
            Ok(Json::Number(number)) => Json::Number(number),
            _ => Json::String(text.strip_prefix(':').unwrap_or(text).to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ruby_values_become_json() {
        let text = "---\nid: 5\nname: 'a: b'\ncode: '007'\nratio: 1.5\nactive: true\nnote:\nold: ~\nsym: :draft\n\
                    tags:\n- a\n- 2\nmeta: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n  k: v\n\
                    at: !ruby/object:ActiveSupport::TimeWithZone\n  utc: &1 2024-03-01 10:00:00.000000000 Z\n  \
                    zone: &2 !ruby/object:ActiveSupport::TimeZone\n    name: Etc/UTC\n  time: *1\n\
                    text: |\n  two\n  lines\namount: !ruby/object:BigDecimal 18:0.1e1\n";
        assert_eq!(
            parse(text).expect("YAML").to_string(),
            r#"{"id":5,"name":"a: b","code":"007","ratio":1.5,"active":true,"note":null,"old":null,"sym":"draft","tags":["a",2],"meta":{"k":"v"},"at":"2024-03-01 10:00:00.000000000 Z","text":"two\nlines\n","amount":0.1e1}"#
        );
    }

    #[test]
    fn malformed_deep_and_exploding_documents_are_refused_without_quoting_them() {
        let deep = format!("---\n{}{}", "[".repeat(200), "]".repeat(200));
        let mut bomb = "---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            bomb += &format!("a{level}: &a{level} [{list}]\n");
        }
        for text in ["---\na: 'c4nary\n", "---\na: *x\n", "---\n? [a]\n: b\n", &deep, &bomb] {
            let fault = parse(text).expect_err(text);
            assert!(!fault.contains("c4nary"), "{fault}");
        }
    }
}
