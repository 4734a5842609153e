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
use crate::server::budget::{CallerKey, Reservation};
use crate::server::connection_slots::BusyGuard;
use crate::server::error::ApiError;
use crate::server::read_ahead::{PAGES_AHEAD, PageSource, ReadAhead};
use crate::server::reads::ExportFacts;
use crate::server::response::Chunks;
use crate::server::state::Server;
use crate::store::{PageRead, PageRequest};

/// The memory of a stream: pages that are read, one that waits and one that is sent, each of the largest size.
const STREAM_BYTES: usize = (PAGES_AHEAD + 2) * 4 * 1024 * 1024;

/// A stream whose first page is read.
pub(super) struct RowStream {
    server: Server,
    pages: ReadAhead,
    first: PageRead,
    reservation: Reservation,
}

impl RowStream {
    /// Reserves memory and reads the first page, so that most failures have a status. Returns also the upper bound.
    pub(super) async fn begin(
        caller: CallerKey,
        source: PageSource,
        request: PageRequest,
    ) -> Result<(Self, u64), ApiError> {
        let server = Server::clone(&source.server);
        let reservation = server.responses.reserve(caller, STREAM_BYTES)?;
        let (pages, first) = ReadAhead::begin(source, request).await?;
        let as_of = first.as_of;
        Ok((Self { server, pages, first, reservation }, as_of))
    }

    /// Responds with `begin` and all pages, and with a trailer in this form if there is one.
    pub(super) fn respond(
        self,
        content_type: &'static str,
        begin: Vec<u8>,
        trailer: Option<RowForm>,
        facts: ExportFacts,
        busy: Option<BusyGuard>,
    ) -> Response {
        let Self { server, pages, first, reservation } = self;
        let (sender, receiver) = channel(1);
        let sending =
            Sending { server, trailer: trailer.map(|form| (form, Trail::default())), facts, sender };
        let task = tokio::spawn(sending.run(pages, first, begin));
        let body = StreamBody {
            pages: receiver,
            page: Chunks::default(),
            task: task.abort_handle(),
            _reservation: reservation,
            _busy: busy,
        };
        ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], Body::new(body)).into_response()
    }
}

/// Sends the pages of a stream to its body.
struct Sending {
    server: Server,
    trailer: Option<(RowForm, Trail)>,
    facts: ExportFacts,
    sender: Sender<io::Result<Bytes>>,
}

impl Sending {
    /// Sends pages until the last, an error, or the end of the receiver.
    async fn run(mut self, mut pages: ReadAhead, first: PageRead, begin: Vec<u8>) {
        let (mut page, mut begin, mut entries) = (first, begin, 0);
        loop {
            let (is_last, as_of) = (!page.more, page.as_of);
            entries += page.entries.len() as u64;
            let rows = page.entries.into_text();
            let mut rows = if begin.is_empty() { rows } else { [std::mem::take(&mut begin), rows].concat() };
            if let Some((form, trail)) = &mut self.trailer {
                trail.add(&rows);
                if is_last {
                    let trailer = trail.trailer(entries, as_of);
                    let line = if *form == RowForm::Jsonl {
                        trailer.json().unwrap_or_default()
                    } else {
                        trailer.cell()
                    };
                    rows.extend_from_slice(line.as_bytes());
                }
            }
            if self.sender.send(Ok(rows.into())).await.is_err() {
                return;
            }
            if is_last {
                // There is room again when the last page is on its way. The body ends after this.
                if self.sender.reserve().await.is_ok() {
                    self.facts.end(&self.server, Some(entries)).await;
                }
                return;
            }
            page = match pages.next().await {
                Ok(Some(page)) => page,
                outcome => {
                    let cause =
                        outcome.err().map_or_else(String::new, |error| error.problem().detail.clone());
                    tracing::error!(reason = %cause, "an export is cut");
                    drop(self.sender.send(Err(io::Error::other(cause))).await);
                    return;
                }
            };
        }
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
