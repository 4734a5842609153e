//! Descriptions of the query parameters for the OpenAPI document.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};

use crate::api::counts::{COUNT_PARAMETERS, MAX_DIMENSIONS};
use crate::api::query::{PAGE_PARAMETERS, filter_parameters};
use crate::api::rows::{EXPORT_PARAMETERS, MIN_CELL, ROW_PARAMETERS, RowForm};
use crate::model::filter::{MAX_TEXT_LENGTH, MAX_TEXTS, MAX_VALUES};
use crate::model::page::{DEFAULT_LIMIT, MAX_LIMIT, MAX_ROWS};
use crate::model::words::{Action, Dimension, Log, ModelType};

/// The parameters of `GET /audit-logs`.
pub struct ListParameters;
/// The parameters of `GET /audit-logs/export`.
pub struct ExportParameters;
/// The parameters of `GET /audit-logs/facets`.
pub struct FilterParameters;
/// The parameters of `GET /audit-logs/counts`.
pub struct CountParameters;
/// The parameters of `GET /trail`.
pub struct TrailListParameters;
/// The parameters of `GET /trail/export`.
pub struct TrailExportParameters;
/// The parameters of `GET /trail/facets`.
pub struct TrailFilterParameters;
/// The parameters of `GET /trail/counts`.
pub struct TrailCountParameters;

fn list_parameters(log: Log) -> Vec<Parameter> {
    let names = filter_parameters().chain(PAGE_PARAMETERS.iter().copied());
    let rows = ROW_PARAMETERS.iter().map(|name| row_parameter(name, true));
    names.map(|name| parameter(log, name)).chain(rows).chain([purpose()]).collect()
}

fn export_parameters(log: Log) -> Vec<Parameter> {
    let names = EXPORT_PARAMETERS.iter().copied();
    let (paging, own): (Vec<_>, Vec<_>) = names.partition(|name| PAGE_PARAMETERS.contains(name));
    let names = filter_parameters().chain(paging).map(|name| parameter(log, name));
    names
        .chain(own.into_iter().chain(ROW_PARAMETERS.iter().copied()).map(|name| row_parameter(name, false)))
        .collect()
}

/// A parameter of CSV, TSV or JSON lines output. With `is_page`, the description says that JSON pages do not have it.
fn row_parameter(name: &str, is_page: bool) -> Parameter {
    let boolean = || ObjectBuilder::new().schema_type(Type::Boolean).into();
    let (description, schema) = match name {
        "columns" => (
            "Columns, separated by commas: `id,time,user`, or changes to the default, `+via,-changes`.",
            string(),
        ),
        "explode" => (
            "One row for each changed field: the columns field, old, new and redacted replace changes.",
            boolean(),
        ),
        "formula_guard" => (
            "Whether cells of CSV that a spreadsheet would evaluate get a leading `'`. Default: true.",
            boolean(),
        ),
        "bom" => ("Whether CSV begins with a byte order mark, by which Excel recognises UTF-8.", boolean()),
        "max_cell" => (
            "The most characters of a cell. Longer ones are cut and marked as cut.",
            whole(i64::try_from(MIN_CELL).unwrap_or(i64::MAX), None),
        ),
        "format" => {
            ("The format; overrides `Accept`. Default: csv.", one_of(&RowForm::ALL.map(RowForm::as_str)))
        }
        "trailer" => (
            "Whether the last line is a trailer, with which `krosyn-audit verify` checks that nothing is missing.",
            boolean(),
        ),
        _ => ("", string()),
    };
    let only = if is_page { "Only if `Accept` prefers CSV or TSV to JSON. " } else { "" };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(format!("{only}{description}")))
        .schema(Some(schema))
        .build()
}

fn purpose() -> Parameter {
    ParameterBuilder::new()
        .name("Krosyn-Purpose")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "`export`, or `export; format=csv`, on each page that is read for an export. The trail then records where the export begins (the page without a cursor) and ends (the last page), in place of a read.",
        ))
        .schema(Some(string()))
        .build()
}

fn only_filter_parameters(log: Log) -> Vec<Parameter> {
    filter_parameters().map(|name| parameter(log, name)).collect()
}

fn count_parameters(log: Log) -> Vec<Parameter> {
    let names = COUNT_PARAMETERS.iter().copied().chain(filter_parameters());
    names.map(|name| if name == "by" { by() } else { parameter(log, name) }).collect()
}

macro_rules! into_params {
    ($($name:ident => $parameters:ident($log:ident);)+) => {$(
        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                $parameters(Log::$log)
            }
        }
    )+};
}

into_params! {
    ListParameters => list_parameters(Audit);
    ExportParameters => export_parameters(Audit);
    FilterParameters => only_filter_parameters(Audit);
    CountParameters => count_parameters(Audit);
    TrailListParameters => list_parameters(Trail);
    TrailExportParameters => export_parameters(Trail);
    TrailFilterParameters => only_filter_parameters(Trail);
    TrailCountParameters => count_parameters(Trail);
}

/// The only required parameter.
fn by() -> Parameter {
    let words: Vec<_> = Dimension::ALL.iter().map(|by| by.as_str()).collect();
    let list = ArrayBuilder::new().items(one_of(&words)).min_items(Some(1)).max_items(Some(MAX_DIMENSIONS));
    ParameterBuilder::new()
        .name("by")
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(
            "What to count by: one dimension, or two for a table. Repeated or comma-separated. Days, hours, weekdays, ISO weeks and months are those of `tz`; by `field`, an entry counts once for each of its fields.",
        ))
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .schema(Some(RefOr::T(Schema::Array(list.build()))))
        .build()
}

const LIST: &str = "Repeated or comma-separated values are alternatives, at most 100; a leading `!` or `^` excludes a value; `\\` escapes `,`, `!`, `^` and `\\`.";

/// The description of a parameter, the schema of one value, and whether it takes several.
fn described(log: Log, name: &str) -> (String, RefOr<Schema>, bool) {
    let (description, schema, is_list) = match name {
        "action" => {
            let words = quoted(Action::of(log).iter().map(|word| word.as_str()));
            return (format!("The action: {words}."), string(), true);
        }
        "model_type" => {
            let words = quoted(ModelType::of(log).iter().map(|word| word.as_str()));
            return (format!("{words}."), string(), true);
        }
        "limit" => {
            let text = format!(
                "The size of a page. JSON: at most {MAX_LIMIT}, default {DEFAULT_LIMIT}. CSV, TSV and JSON lines: at most {MAX_ROWS}, which is their default."
            );
            return (text, whole(1, Some(MAX_ROWS.into())), false);
        }
        "user" => (
            "An id, e-mail or name, or whole words of an e-mail or name, case-insensitive. Exact, case-sensitive: `id:7`, `email:ana@acme.example`, `name:Ana`, or `is:Ana` for the user shown as `Ana` (by e-mail, else name, else id). With a kind: `token/id:7`.",
            string(),
            true,
        ),
        "on_behalf_of" => (
            "The user for whom another acted, matched as `user`. An entry without one matches no user, and every exclusion.",
            string(),
            true,
        ),
        "resource" if log == Log::Trail => ("A type and an id, `token/cron`.", string(), true),
        "resource" => ("A type and an id, `connector/42`.", string(), true),
        "model_id" => ("A resource's id.", string(), true),
        "field" => (
            "A field or a path into it: `perform` includes everything below it, `perform.retry.max` is one leaf, `list[3]` or `list.3` an item, `labels.\"app.io/name\"` a key with dots (without quotes, a dot may separate keys or belong to one). `status=disabled` also requires the value after the change, and `role:viewer→admin` (or `->`) both values; `*` is any value, an empty side means absent. Text in quotes and brackets is literal; elsewhere `\\` escapes `\"` and `[`. Every path below a redacted value matches if the value changed.",
            string(),
            true,
        ),
        "via" => ("The channel: `web`, `api`, `cli`, `terraform`, `system`, `mcp`.", string(), true),
        "request_id" => ("The id of the request that made the change.", string(), true),
        "ip" => (
            "The client's IP address, or a network: `198.51.100.23`, `198.51.100.0/24`. An entry without an address is in no network.",
            string(),
            true,
        ),
        "reason" => (
            "Text in the reason that the recorder gave. Case and Unicode composition are ignored. Repeats are alternatives, at most 20, of at most 1000 characters each; commas are literal, a leading `!` excludes.",
            ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_TEXT_LENGTH)).into(),
            true,
        ),
        "q" => (
            "Text in the name of the resource, the users, field names, visible values, the reason, the address, the user agent or the request id. Case and Unicode composition are ignored. Repeats are alternatives, at most 20, of at most 1000 characters each; commas are literal, a leading `!` excludes.",
            ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_TEXT_LENGTH)).into(),
            true,
        ),
        "since" => ("The start of the time range, inclusive, RFC 3339.", date_time(), false),
        "until" => ("The end of the time range, exclusive, RFC 3339.", date_time(), false),
        "order" => (
            "`desc` (newest first, the default) or `asc`, by `(occurred_at, id)`.",
            one_of(&["desc", "asc"]),
            false,
        ),
        "cursor" => (
            "`page.next_cursor` of the previous page. It is bound to the filter and order: any other filter or order gives 422 `cursor_mismatch`.",
            string(),
            false,
        ),
        "after_id" => (
            "Read in id order, which is commit order, starting after this id, to follow the log. Cannot be combined with `order`.",
            whole(0, Some(i64::MAX)),
            false,
        ),
        "tz" => (
            "The time zone of days and hours: an IANA name, such as `Europe/Madrid`. Default: UTC.",
            string(),
            false,
        ),
        "as_of" => ("Leave out entries with a higher id.", whole(0, Some(i64::MAX)), false),
        "total" => (
            "Also count all entries that match.",
            ObjectBuilder::new().schema_type(Type::Boolean).into(),
            false,
        ),
        _ => ("", string(), false),
    };
    (description.to_owned(), schema, is_list)
}

fn parameter(log: Log, name: &str) -> Parameter {
    let (description, schema, is_list) = described(log, name);
    let builder =
        ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    if is_list {
        let is_prose = matches!(name, "q" | "reason");
        let most = if is_prose { MAX_TEXTS } else { MAX_VALUES };
        let list = ArrayBuilder::new().items(schema).max_items(Some(most)).build();
        let schema = RefOr::T(Schema::Array(list));
        let text = if is_prose { description } else { format!("{description} {LIST}") };
        builder
            .description(Some(text))
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
            .schema(Some(schema))
            .build()
    } else {
        builder.description(Some(description)).schema(Some(schema)).build()
    }
}

fn quoted(words: impl Iterator<Item = &'static str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn date_time() -> RefOr<Schema> {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
}

fn one_of(words: &[&'static str]) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).into()
}

fn whole(minimum: i64, maximum: Option<i64>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(minimum)).maximum(maximum).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_a_description() {
        for parameters in [list_parameters, export_parameters, only_filter_parameters, count_parameters] {
            for parameter in [Log::Audit, Log::Trail].into_iter().flat_map(parameters) {
                let text = parameter.description.unwrap_or_default();
                assert!(
                    text.trim_end().ends_with('.') && text != "Only if `Accept` prefers CSV or TSV to JSON. ",
                    "{}: {text}",
                    parameter.name
                );
            }
        }
    }

    #[test]
    fn limits_are_documented_as_they_are() {
        for name in filter_parameters() {
            let text = parameter(Log::Audit, name).description.unwrap_or_default();
            match name {
                "since" | "until" => {}
                "q" | "reason" => {
                    let limits = format!("at most {MAX_TEXTS}, of at most {MAX_TEXT_LENGTH} characters");
                    assert!(text.contains(&limits), "{text}");
                }
                _ => assert!(text.contains(&format!("at most {MAX_VALUES};")), "{name}: {text}"),
            }
        }
    }
}
