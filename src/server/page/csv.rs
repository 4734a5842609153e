//! The CSV file of a filter, streamed page by page.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use http_body::Frame;
use tokio::sync::mpsc;

use crate::api::purpose::ExportPurpose;
use crate::api::query::Query;
use crate::model::page::{Cursor, MAX_LIMIT, Order};
use crate::render::columns::EXPORT_COLUMNS;
use crate::render::delimited::{Delimited, Delimiter};
use crate::server::auth::ReadScope;
use crate::server::error::ApiError;
use crate::server::page::answer::{PageError, with_headers};
use crate::server::page::query::read;
use crate::server::page::session::Viewer;
use crate::server::reads;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::store::PageRequest;

/// The dialect of `krosyn-audit export`.
const CSV: Delimiter = Delimiter::Csv { guard: true, bom: false };

pub(super) async fn export<S: ReadScope + Sync + 'static>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let query = read(S::LOG, raw.as_deref(), &viewer.time)?;
    if !query.errors.is_empty() {
        return Err(ApiError::from(query.errors).into());
    }
    reads::settle(&server, &viewer.caller).await;
    let query = Query { filter: query.filter, limit: MAX_LIMIT, ..Query::default() };
    let mut pages = Pages { server, viewer, query, is_first: true };
    // The first page decides about the status.
    let first = pages.next().await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut part = first;
        while let Some(text) = part {
            // The browser went away.
            if sender.send(Ok(text)).await.is_err() {
                return;
            }
            part = match pages.next().await {
                Ok(part) => part,
                Err(error) => {
                    tracing::error!(?error, "an export was cut short");
                    // The connection breaks, so that no browser takes the file for complete.
                    drop(sender.send(Err(std::io::Error::other("the export failed"))).await);
                    return;
                }
            };
        }
    });
    let name = if S::LOG == crate::model::words::Log::Trail { "trail" } else { "audit-logs" };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ];
    Ok(with_headers((headers, Body::new(Parts(receiver))).into_response()))
}

/// The pages of an export.
struct Pages<S> {
    server: Server,
    viewer: Viewer<S>,
    query: Query,
    is_first: bool,
}

impl<S: ReadScope + Sync> Pages<S> {
    /// The next page as CSV; `None` after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        if !self.is_first && self.query.cursor.is_none() {
            return Ok(None);
        }
        let (server, caller) = (&self.server, &self.viewer.caller);
        let log = caller.log();
        let binding = self.query.binding(log.number());
        let (after, as_of) = self.query.cursor.map_or((None, None), |it| (Some(it.position), Some(it.as_of)));
        let request = PageRequest {
            filter: self.query.filter.clone(),
            order: Order::Descending,
            limit: self.query.limit,
            after,
            as_of,
        };
        let page = server.query(server.store.page(log, request)).await?;
        let next = page.entries.last().filter(|_| page.more);
        let rows = page.entries.len() as u64;
        let answered = AnsweredPage { query: &self.query, binding, as_of: page.as_of, rows, next };
        let purpose = ExportPurpose { format: Some("csv".to_owned()) };
        reads::note_page(server, caller, Some(&purpose), &answered).await;
        let is_first = std::mem::replace(&mut self.is_first, false);
        self.query.cursor = next.map(|position| Cursor { position, as_of: page.as_of, binding });
        let entries = page.entries.list()?;
        // A page may hold megabytes: writing it would block the async thread.
        let text = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            let mut csv = match is_first {
                true => Delimited::new(&mut text, EXPORT_COLUMNS, CSV)?,
                false => Delimited::resume(&mut text, EXPORT_COLUMNS, CSV, false),
            };
            entries.iter().try_for_each(|entry| csv.entry(&entry.view()))?;
            csv.finish()?;
            Ok::<_, std::io::Error>(text)
        });
        let text = text.await.map_err(|_| ApiError::internal())?.map_err(|_| ApiError::internal())?;
        Ok(Some(text.into()))
    }
}

/// A body of parts that another task makes, one ahead.
struct Parts(mpsc::Receiver<Result<Bytes, std::io::Error>>);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.poll_recv(cx).map(|part| part.map(|part| part.map(Frame::data)))
    }
}
