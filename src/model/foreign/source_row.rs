//! What every reader of another library's table makes of a row, and how cells are read.

use crate::model::foreign::{Format, Reading, Refusal, Row, wrong, yaml};
use crate::model::json::Json;
use crate::model::words::{Action, ModelType, Via};

/// The fields of a resource.
pub(crate) type Members = Vec<(String, Json)>;

/// A row of any library, before what is common to all of them is done.
pub(super) struct SourceRow {
    pub(super) id: String,
    pub(super) time: String,
    pub(super) action: Action,
    pub(super) model_type: ModelType,
    /// The class as it stands in the row.
    pub(super) class: String,
    pub(super) resource_id: String,
    /// The resource's name, where the row says it apart from the fields.
    pub(super) name: Option<String>,
    pub(super) user: Actor,
    pub(super) via: Option<Via>,
    pub(super) ip: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) request_id: Option<String>,
    /// What has no place of its own.
    pub(super) reasons: Vec<String>,
    pub(super) before: Option<Members>,
    pub(super) after: Option<Members>,
    /// What was left out.
    pub(super) adjusted: Vec<&'static str>,
}

/// Who did it. All absent when nobody is named.
#[derive(Default)]
pub(super) struct Actor {
    pub(super) class: Option<String>,
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
}

impl Actor {
    /// The user by the columns of the format, or by those that were named.
    pub(super) fn of(reading: &Reading, format: Format, row: &Row) -> Self {
        let layout = format.layout();
        let (class, id) = match &reading.user_columns {
            Some(columns) => {
                (columns.class.as_deref().and_then(|name| text(row, name)), text(row, &columns.id))
            }
            None => (text(row, layout.user_type), layout.user_id.iter().find_map(|name| text(row, name))),
        };
        // A class without an id is nobody.
        Self { class: class.filter(|_| id.is_some()), id, email: None, name: None }
    }
}

/// Both sides of an update by field, for tables that keep `{"field": [old, new]}`.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) before: Members,
    pub(super) after: Members,
}

impl Pairs {
    pub(super) fn read(column: &str, members: Members) -> Result<Self, Refusal> {
        let mut pairs = Self::default();
        for (field, value) in members {
            let Json::Array(items) = value else {
                return Err(wrong(format!("{column} holds a field that is no list of old and new")));
            };
            let [old, new] = <[Json; 2]>::try_from(items)
                .map_err(|_| wrong(format!("{column} holds a list that is not old and new")))?;
            pairs.before.push((field.clone(), old));
            pairs.after.push((field, new));
        }
        Ok(pairs)
    }

    /// The sides that an entry of this action has.
    pub(super) fn sides(self, action: Action) -> (Option<Members>, Option<Members>) {
        match action {
            Action::Created => (None, Some(self.after)),
            Action::Updated => (Some(self.before), Some(self.after)),
            Action::Deleted => (Some(self.before), None),
        }
    }
}

/// A column that a row must have.
pub(super) fn needed(row: &Row, name: &str) -> Result<String, Refusal> {
    text(row, name).ok_or_else(|| wrong(format!("there is no {name}")))
}

/// A column as text; none when it is absent, null or blank.
pub(super) fn text(row: &Row, name: &str) -> Option<String> {
    let (_, value) = row.iter().find(|(column, _)| column == name)?;
    match value {
        Json::String(text) | Json::Number(text) => {
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The fields of one side. PHP writes an object without members as a list.
pub(super) fn values(row: &Row, name: &str) -> Result<Option<Members>, Refusal> {
    let value = row.iter().find(|(column, _)| column == name).map(|(_, value)| value);
    let parsed = match value {
        Some(Json::String(text)) if !text.trim().is_empty() => {
            let text = text.trim();
            let is_yaml = text.starts_with("---");
            if is_yaml {
                yaml::parse(text).map_err(|fault| wrong(format!("{name} {fault}")))?
            } else {
                Json::parse(text).map_err(|error| wrong(format!("{name} is {error}")))?
            }
        }
        Some(Json::String(_)) | None => return Ok(None),
        Some(value) => value.clone(),
    };
    match parsed {
        Json::Null => Ok(None),
        Json::Array(items) if items.is_empty() => Ok(Some(Vec::new())),
        Json::Object(members) => Ok(Some(members)),
        _ => Err(wrong(format!("{name} is no JSON object"))),
    }
}

/// A row of Django's `dumpdata` as a row of its table: the fields, the key as `id`, and the model as `dumpdata_model`.
pub(crate) fn flattened(members: Members) -> Members {
    let is_dump = members.iter().any(|(name, value)| name == "model" && matches!(value, Json::String(_)))
        && members.iter().any(|(name, value)| name == "fields" && matches!(value, Json::Object(_)));
    if !is_dump {
        return members;
    }
    let mut row = Vec::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("fields", Json::Object(fields)) => row.extend(fields),
            ("pk", value) => row.push(("dumpdata_pk".to_owned(), value)),
            ("model", value) => row.push(("dumpdata_model".to_owned(), value)),
            (_, _) => {}
        }
    }
    row
}

/// What names a row's resource, for formats that need the row before it.
pub(crate) fn object_key(row: &Row) -> Option<String> {
    let model = text(row, "dumpdata_model").unwrap_or_default();
    text(row, "id").map(|id| format!("{model}\0{id}"))
}
