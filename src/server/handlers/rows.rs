//! Pages as rows of CSV, TSV or JSON lines, and whole logs in one answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use http_body::Frame;

use crate::api::parameters::{ExportParameters, TrailExportParameters};
use crate::api::problems::FilterProblems;
use crate::api::rows::{ExportLine, ExportQuery, RowForm, RowOptions, RowPageInfo, RowQuery};
use crate::model::draft::FieldError;
use crate::model::integrity::leaf::EntryParts;
use crate::model::json::JsonError;
use crate::model::page::Cursor;
use crate::model::words::Log;
use crate::render::columns::{Column, EXPORT_COLUMNS, TSV_COLUMNS, parse_columns};
use crate::render::delimited::{Delimiter, RowFormat};
use crate::server::auth::{Caller, CanRead, CanReadTrail, ReadScope};
use crate::server::body;
use crate::server::connection_slots::Slot;
use crate::server::error::ApiError;
use crate::server::handlers::question::Question;
use crate::server::read_ahead::PageSource;
use crate::server::reads::{self, ExportFacts};
use crate::server::row_stream::RowStream;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::store::entries::{PageForm, WriteRows};

/// The form of rows that the caller prefers to JSON.
pub(super) fn accepted(headers: &HeaderMap) -> Option<RowForm> {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    RowForm::preferred(&ranges.collect::<Vec<_>>().join(","))
}

/// Lets a store write rows.
#[derive(Debug)]
struct RowWriter(RowFormat);

impl WriteRows for RowWriter {
    fn write_rows(&self, entry: &EntryParts<'_>, out: &mut Vec<u8>) -> Result<bool, JsonError> {
        self.0.entry(entry, out)
    }
}

/// How entries are written, and what stands before the first.
fn page_form(options: &RowOptions) -> Result<(PageForm, Vec<u8>), ApiError> {
    let (delimiter, default) = match options.form {
        RowForm::Jsonl => return Ok((PageForm::Lines, Vec::new())),
        RowForm::Csv => (Delimiter::Csv { guard: options.formula_guard, bom: options.bom }, EXPORT_COLUMNS),
        RowForm::Tsv => (Delimiter::Tsv, TSV_COLUMNS),
    };
    let invalid = |detail: String| vec![FieldError::new("columns", detail)];
    let mut columns = match options.columns.as_deref() {
        None => default.to_vec(),
        Some(spec) if spec.trim().is_empty() => return Err(invalid("names no column".to_owned()).into()),
        Some(spec) => parse_columns(spec, default).map_err(|error| invalid(error.to_string()))?,
    };
    if options.explode && options.columns.is_none() {
        // The fields get columns of their own.
        columns.retain(|column| *column != Column::Changes);
    }
    let format = RowFormat { columns, delimiter, by_field: options.explode, max_cell: options.max_cell };
    let mut begin = Vec::new();
    format.begin(&mut begin);
    Ok((PageForm::Rows(Arc::new(RowWriter(format))), begin))
}

/// Answers with a page of rows of the log that the caller's scope reads.
pub(super) async fn page<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    form: RowForm,
    raw: Option<&str>,
) -> Result<Response, ApiError> {
    let purpose = reads::purpose(caller)?;
    let pairs = body::pairs(raw)?;
    let RowQuery { query, options } = RowQuery::read(S::LOG, form, &pairs)?;
    let (rows, begin) = page_form(&options)?;
    let question = Question::new(query, caller.log())?;
    reads::settle(server, caller).await;
    let read = server.query(server.store.rows(question.org, question.request(), rows)).await?;
    let total = question.total(server, read.as_of).await?;
    let (count, as_of) = (read.entries.len() as u64, read.as_of);
    let last = read.entries.last().filter(|_| read.more);
    let (query, binding) = (&question.query, question.binding);
    let answered = AnsweredPage { query, binding, as_of, rows: count, next: last };
    reads::note_page(server, caller, purpose.as_ref(), &answered).await?;
    let pruned = read.pruned.filter(|pruned| pruned.through_id > question.passed());
    let info = RowPageInfo {
        count,
        as_of,
        next: last.map(|position| question.cursor(position, as_of)),
        ids: read.entries.ids().map(|ids| (ids.lowest, ids.highest, ids.uuid)),
        long: read.entries.long() as u64,
        total,
        pruned: pruned.map(|pruned| (pruned.through_id, pruned.before)),
    };
    let rows = read.entries.into_text();
    // Only the first page has a header, so that all pages together are one text.
    let is_first = query.cursor.is_none();
    let text = if is_first && !begin.is_empty() { [begin, rows].concat() } else { rows };
    let mut response = server.responses.respond(caller.key(), form.content_type(), text)?;
    for (name, value) in info.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(link) = info.next.and_then(|next| next_page(&pairs, &next)) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The longest `Link`: many clients refuse longer headers. The cursor has a header of its own.
const MAX_LINK: usize = 4096;

/// The link to the next page, relative to this one.
fn next_page(pairs: &[(String, String)], next: &Cursor) -> Option<HeaderValue> {
    let same = pairs.iter().filter(|(name, _)| !matches!(name.as_str(), "cursor" | "total"));
    let mut query = form_urlencoded::Serializer::new("?".to_owned());
    query.extend_pairs(same).append_pair("cursor", &next.encode());
    let link = format!("<{}>; rel=\"next\"", query.finish());
    (link.len() <= MAX_LINK).then(|| HeaderValue::from_str(&link).ok()).flatten()
}

/// Returns all matching entries in one answer, as a file.
#[utoipa::path(
    get, path = crate::api::routes::EXPORT, operation_id = "export_audit_logs", security(("bearer" = ["read"])), params(ExportParameters),
    responses(
        (status = 200, description = "All entries; an answer that is cut has no trailer", content(
            (String = "text/csv"), (String = "text/tab-separated-values"), (ExportLine = "application/x-ndjson"),
        ), headers(("content-disposition" = String, description = "A name for the file"))),
        FilterProblems,
    ))]
pub(crate) async fn export(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    slot: Option<Extension<Arc<Slot>>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    stream(server, caller, slot, (&method, &headers), raw.as_deref()).await
}

/// Returns all matching entries of the trail in one answer, as a file.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_EXPORT, operation_id = "export_trail", security(("bearer" = ["trail"])), params(TrailExportParameters),
    responses(
        (status = 200, description = "All entries; an answer that is cut has no trailer", content(
            (String = "text/csv"), (String = "text/tab-separated-values"), (ExportLine = "application/x-ndjson"),
        ), headers(("content-disposition" = String, description = "A name for the file"))),
        FilterProblems,
    ))]
pub(crate) async fn export_trail(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    slot: Option<Extension<Arc<Slot>>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    stream(server, caller, slot, (&method, &headers), raw.as_deref()).await
}

async fn stream<S: ReadScope>(
    server: Server,
    caller: Caller<S>,
    slot: Option<Extension<Arc<Slot>>>,
    (method, headers): (&Method, &HeaderMap),
    raw: Option<&str>,
) -> Result<Response, ApiError> {
    let pairs = body::pairs(raw)?;
    let asked = ExportQuery::read(S::LOG, accepted(headers), &pairs)?;
    whole_log(server, caller, slot, method, asked).await
}

/// A body of unknown length that is not read, so that HEAD promises no length.
struct UnsizedBody;

impl HttpBody for UnsizedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

/// Answers with all entries of a query in one answer, as a file. HEAD has only the headers: it reads no entry, so the
/// trail records none.
pub(in crate::server) async fn whole_log<S: ReadScope>(
    server: Server,
    caller: Caller<S>,
    slot: Option<Extension<Arc<Slot>>>,
    method: &Method,
    ExportQuery { rows: RowQuery { query, options }, trailer }: ExportQuery,
) -> Result<Response, ApiError> {
    let (rows, begin) = page_form(&options)?;
    let question = Question::new(query, caller.log())?;
    let form = options.form;
    let log = match S::LOG {
        Log::Audit => "audit-log",
        Log::Trail => "trail",
    };
    let name = format!("attachment; filename=\"{}-{log}.{form}\"", caller.organization.slug);
    let mut response = if method == Method::HEAD {
        ([(CONTENT_TYPE, HeaderValue::from_static(form.content_type()))], Body::new(UnsizedBody))
            .into_response()
    } else {
        // Pages are read while earlier ones are sent.
        reads::settle(&server, &caller).await;
        let source = PageSource {
            server: Server::clone(&server),
            permit: caller.permit(),
            org: question.org,
            form: rows,
        };
        let (stream, as_of) = RowStream::begin(caller.key(), source, question.request()).await?;
        let format = Some(form.as_str().to_owned());
        let facts = ExportFacts::new(&caller, &server, &question.query.filter, format, as_of);
        // No byte leaves before the trail has it.
        facts.begin(&server, &caller).await?;
        let busy = slot.map(|Extension(slot)| slot.mark_busy());
        stream.respond(form.content_type(), begin, trailer.then_some(form), facts, busy)
    };
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
