//! A whole log in one answer: pages are read one after the other while earlier ones are sent, in constant memory. A
//! failure, or the end of the token or session, cuts the answer, which every HTTP client reports.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;

use crate::api::rows::RowForm;
use crate::model::evidence::trailer::Trail;
use crate::server::auth::Permit;
use crate::server::budget::{CallerKey, Reservation};
use crate::server::connection_slots::BusyGuard;
use crate::server::error::ApiError;
use crate::server::reads::ExportFacts;
use crate::server::response::Chunks;
use crate::server::state::Server;
use crate::store::entries::PageForm;
use crate::store::{OrgId, PageRead, PageRequest};

/// The size of a page, in entries.
const PAGE_ROWS: u32 = 4_000;
/// The memory of a stream: a page that is read, one that waits and one that is sent, each of two halves of the largest size.
const STREAM_BYTES: usize = 3 * 2 * 4 * 1024 * 1024;

/// The pages of a query.
pub(super) struct RowStream {
    server: Server,
    org: OrgId,
    request: PageRequest,
    rows: PageForm,
    caller: CallerKey,
    permit: Permit,
}

impl RowStream {
    pub(super) fn new(
        server: &Server,
        (caller, permit): (CallerKey, Permit),
        org: OrgId,
        request: PageRequest,
        rows: PageForm,
    ) -> Self {
        let request = PageRequest { limit: PAGE_ROWS, ..request };
        Self { server: Server::clone(server), org, request, rows, caller, permit }
    }

    async fn read(&self) -> Result<PageRead, ApiError> {
        let page = self.server.store.rows(self.org, self.request.clone(), self.rows.clone());
        self.server.query(page).await
    }

    /// Reads the next page, if the caller may still read.
    async fn read_on(&self) -> Result<PageRead, &'static str> {
        if let Err(error) = self.permit.check(&self.server).await {
            tracing::warn!(reason = %error.problem().detail, "an export is cut");
            return Err("the caller may not read on");
        }
        self.read().await.map_err(|_| {
            tracing::error!("an export is cut: its next page cannot be read");
            "the next page cannot be read"
        })
    }

    /// Reserves memory and reads the first page, so that most failures have a status. Returns also the upper bound.
    pub(super) async fn first_page(mut self) -> Result<(FirstPage, u64), ApiError> {
        let reservation = self.server.responses.reserve(self.caller, STREAM_BYTES)?;
        let page = self.read().await?;
        let as_of = page.as_of;
        self.request.as_of = Some(as_of);
        Ok((FirstPage { stream: self, page, reservation }, as_of))
    }

    /// Sends pages until the last, an error, or the end of the receiver.
    async fn send(
        mut self,
        mut page: PageRead,
        mut text: Vec<u8>,
        trailer: Option<RowForm>,
        facts: ExportFacts,
        pages: Sender<io::Result<Bytes>>,
    ) {
        let mut trail = trailer.map(|form| (form, Trail::default()));
        let mut entries = 0;
        loop {
            entries += page.entries.len() as u64;
            self.request.after = page.entries.last().filter(|_| page.more);
            let rows = page.entries.into_text();
            let mut rows = if text.is_empty() { rows } else { [std::mem::take(&mut text), rows].concat() };
            if let Some((_, trail)) = &mut trail {
                trail.add(&rows);
            }
            if self.request.after.is_none() {
                let line = trail.as_ref().map(|(form, trail)| {
                    let trailer = trail.trailer(entries, page.as_of);
                    if *form == RowForm::Jsonl { trailer.json().unwrap_or_default() } else { trailer.cell() }
                });
                rows.extend_from_slice(line.unwrap_or_default().as_bytes());
            }
            if pages.send(Ok(rows.into())).await.is_err() {
                return;
            }
            if self.request.after.is_none() {
                // There is room again when the last page is on its way. The body ends after this.
                if pages.reserve().await.is_ok() {
                    facts.end(&self.server, Some(entries)).await;
                }
                return;
            }
            page = match self.read_on().await {
                Ok(page) => page,
                Err(cause) => {
                    drop(pages.send(Err(io::Error::other(cause))).await);
                    return;
                }
            };
        }
    }
}

/// A stream whose first page is read.
pub(super) struct FirstPage {
    stream: RowStream,
    page: PageRead,
    reservation: Reservation,
}

impl FirstPage {
    /// Responds with `begin` and all pages, and with a trailer in this form if there is one.
    pub(super) fn respond(
        self,
        content_type: &'static str,
        begin: Vec<u8>,
        trailer: Option<RowForm>,
        facts: ExportFacts,
        busy: Option<BusyGuard>,
    ) -> Response {
        let (sender, pages) = channel(1);
        let task = tokio::spawn(self.stream.send(self.page, begin, trailer, facts, sender));
        let body = StreamBody {
            pages,
            page: Chunks::default(),
            task: task.abort_handle(),
            _reservation: self.reservation,
            _busy: busy,
        };
        ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], Body::new(body)).into_response()
    }
}

/// A body of pages. Dropping it ends the task that reads them, and its query.
struct StreamBody {
    pages: Receiver<io::Result<Bytes>>,
    /// What is left of the current page.
    page: Chunks,
    task: AbortHandle,
    _reservation: Reservation,
    /// The connection counts as busy while it waits for a page.
    _busy: Option<BusyGuard>,
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        while self.page.rest.is_empty() {
            match ready!(self.pages.poll_recv(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => self.page.rest = page,
            }
        }
        self.page.poll(cx).map(|chunk| chunk.map(Ok))
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.task.abort();
    }
}
