//! The row type shared by all audit libraries, and functions that read its cells.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules, invalid};
use crate::model::foreign::yaml;
use crate::model::json::Json;
use crate::model::words::{Action, ModelType, Via};

/// The members of a JSON object, or the columns of a row. A cell of a text file is a string or null.
pub(crate) type JsonMembers = Vec<(String, Json)>;

/// The before and after sides of a change.
pub(super) type Sides = (Option<JsonMembers>, Option<JsonMembers>);

/// A row of any library, before ids, times and limits are checked.
pub(super) struct SourceRow {
    pub(super) id: String,
    pub(super) time: String,
    pub(super) action: Action,
    pub(super) model_type: ModelType,
    /// The class name as written in the row.
    pub(super) class: String,
    pub(super) resource_id: String,
    /// The resource's name, if the row stores it outside the fields.
    pub(super) name: Option<String>,
    pub(super) user: SourceUser,
    pub(super) via: Option<Via>,
    pub(super) ip: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) request_id: Option<String>,
    /// Texts that have no field of their own in an entry. They are joined into its reason.
    pub(super) reasons: Vec<String>,
    pub(super) before: Option<JsonMembers>,
    pub(super) after: Option<JsonMembers>,
    /// Notes on values that were left out.
    pub(super) adjusted: Vec<&'static str>,
}

/// A row's user. All members are `None` when the row names no user.
pub(super) struct SourceUser {
    pub(super) class: Option<String>,
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
}

impl SourceRow {
    /// Reads the columns of `layout`. The caller adds the sides and the library's other columns.
    pub(super) fn read(
        rules: &TableRules,
        layout: &ColumnLayout,
        row: &[(String, Json)],
        action: Action,
        class: String,
    ) -> Result<Self, RowRejection> {
        let optional = |name: Option<&str>| name.and_then(|name| text(row, name));
        let (user_class, user_id) = match &rules.user_columns {
            Some(columns) => (optional(columns.class.as_deref()), text(row, &columns.id)),
            None => (text(row, layout.user_class), layout.user_id.iter().find_map(|name| text(row, name))),
        };
        // A class without an id names no user.
        let user_class = user_class.filter(|_| user_id.is_some());
        let id = text(row, layout.id).or_else(|| text(row, "dumpdata_pk"));
        Ok(Self {
            id: id.ok_or_else(|| missing(layout.id))?,
            model_type: rules.model_type(layout.class, &class)?,
            time: required(row, layout.time)?,
            action,
            class,
            resource_id: required(row, layout.resource_id)?,
            name: None,
            user: SourceUser { class: user_class, id: user_id, email: None, name: None },
            via: None,
            ip: optional(layout.ip),
            user_agent: optional(layout.user_agent),
            request_id: optional(layout.request_id),
            reasons: Vec::new(),
            before: None,
            after: None,
            adjusted: Vec::new(),
        })
    }
}

/// The sides of an entry, from a column of the form `{"field": [old, new]}`.
pub(super) fn paired_sides(
    column: &str,
    members: JsonMembers,
    action: Action,
) -> Result<Sides, RowRejection> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (field, value) in members {
        let pair = if let Json::Array(items) = value { <[Json; 2]>::try_from(items).ok() } else { None };
        let [old, new] =
            pair.ok_or_else(|| invalid(format!("{column} has a field that is not a list of old and new")))?;
        before.push((field.clone(), old));
        after.push((field, new));
    }
    Ok(match action {
        Action::Created => (None, Some(after)),
        Action::Deleted => (Some(before), None),
        _ => (Some(before), Some(after)),
    })
}

pub(super) fn missing(column: &str) -> RowRejection {
    invalid(format!("{column} is missing or blank"))
}

/// Reads a column that a row must have.
pub(super) fn required(row: &[(String, Json)], name: &str) -> Result<String, RowRejection> {
    text(row, name).ok_or_else(|| missing(name))
}

/// A column as text; `None` when it is absent, null or blank.
pub(super) fn text(row: &[(String, Json)], name: &str) -> Option<String> {
    match cell(row, name)? {
        Json::String(text) | Json::Number(text) => {
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

pub(super) fn cell<'a>(row: &'a [(String, Json)], name: &str) -> Option<&'a Json> {
    row.iter().find(|(column, _)| column == name).map(|(_, value)| value)
}

/// Reads a column with the fields of a resource, as JSON or YAML. PHP writes an empty object as an empty list.
pub(super) fn values(row: &[(String, Json)], name: &str) -> Result<Option<JsonMembers>, RowRejection> {
    let parsed = match cell(row, name) {
        Some(Json::String(text)) if !text.trim().is_empty() => {
            let text = text.trim();
            if text.starts_with("---") {
                yaml::parse(text).map_err(|fault| invalid(format!("{name} {fault}")))?
            } else {
                Json::parse(text).map_err(|error| invalid(format!("{name} is {error}")))?
            }
        }
        Some(Json::String(_)) | None => return Ok(None),
        Some(value) => value.clone(),
    };
    match parsed {
        Json::Null => Ok(None),
        Json::Array(items) if items.is_empty() => Ok(Some(Vec::new())),
        Json::Object(members) => Ok(Some(members)),
        _ => Err(invalid(format!("{name} is not a JSON object"))),
    }
}

/// Flattens an object of Django's `dumpdata` into a row: its fields, with the key as `dumpdata_pk` and the model as
/// `dumpdata_model`. Other objects stay as they are.
pub(crate) fn flatten_dumpdata(members: JsonMembers) -> JsonMembers {
    let is_dump = matches!(cell(&members, "model"), Some(Json::String(_)))
        && matches!(cell(&members, "fields"), Some(Json::Object(_)));
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

/// The key of a row's resource, for libraries that need the resource's previous row.
pub(crate) fn object_key(row: &[(String, Json)]) -> Option<String> {
    let model = text(row, "dumpdata_model").unwrap_or_default();
    text(row, "id").map(|id| format!("{model}\0{id}"))
}
