//! Reads the pages of an export as rows, which are written as they come. A server that answers JSON is older: its pages are
//! rendered here.

use std::collections::VecDeque;
use std::thread;

use reqwest::header::HeaderMap;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::problem::{Code, Problem};
use crate::api::query::Query;
use crate::api::rows::{ROW_PARAMETERS, RowForm, RowOptions, RowPageInfo};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::pages::{PageText, query_after};
use crate::client::request::Answer;
use crate::model::page::MAX_LIMIT;

/// The entries of a page of rows. Larger pages do not fit the caches of a processor.
const PAGE_ROWS: u32 = 4_000;

/// A page of rows.
pub struct RowPage {
    /// Where the page lies in the whole answer, and which entries it has.
    pub info: RowPageInfo,
    /// The rows.
    pub text: Vec<u8>,
}

/// A page of an export.
pub enum ExportPage {
    /// As it is written.
    Rows(RowPage),
    /// As JSON.
    Json(PageText),
}

/// The pages of an export.
pub struct ExportPages {
    client: Client,
    first: Query,
    /// `None` reads JSON.
    rows: Option<RowOptions>,
}

/// A page that was requested.
struct PageInTransit {
    query: Query,
    /// They come before the body.
    headers: watch::Receiver<HeaderMap>,
    answer: JoinHandle<Result<Answer, ClientError>>,
}

impl PageInTransit {
    /// Waits for the headers of the page. Returns the query for the next one.
    fn next(&self, server: &str) -> impl Future<Output = Option<Query>> + use<> {
        let (mut headers, query, server) = (self.headers.clone(), self.query.clone(), server.to_owned());
        async move {
            let headers = headers.wait_for(|headers| !headers.is_empty()).await.ok()?;
            let info = RowPageInfo::read(|name| headers.get(name)?.to_str().ok())?;
            query_after(&server, &query, Some(&info.next?.encode())).ok()?
        }
    }
}

impl Drop for PageInTransit {
    fn drop(&mut self) {
        self.answer.abort();
    }
}

impl ExportPages {
    /// Reads all pages of `query`, from its cursor on if it has one, and sets the `limit` of each page. Without `rows`,
    /// all pages are JSON.
    #[must_use]
    pub const fn new(client: Client, query: Query, rows: Option<RowOptions>) -> Self {
        Self { client, first: query, rows }
    }

    /// Requests a page.
    fn request(&self, mut query: Query) -> PageInTransit {
        query.limit = if self.rows.is_some() { PAGE_ROWS } else { MAX_LIMIT };
        let (sender, headers) = watch::channel(HeaderMap::new());
        let (client, rows, asked) = (self.client.clone(), self.rows.clone(), query.clone());
        let answer = tokio::spawn(async move { client.page_answer(&asked, rows.as_ref(), sender).await });
        PageInTransit { query, headers, answer }
    }

    /// Waits until the first of these pages has come, and requests others after the last one meanwhile.
    async fn answer(&self, pages: &mut VecDeque<PageInTransit>) -> Result<Answer, ClientError> {
        loop {
            let announced = pages.back().filter(|_| pages.len() < PAGES_IN_TRANSIT);
            let announced = announced.map(|last| last.next(self.client.server()));
            let Some(first) = pages.front_mut() else { return Err(ended(&"no page was requested")) };
            let arrived = &mut first.answer;
            let next = match announced {
                Some(announced) => tokio::select! {
                    next = announced => next,
                    answer = &mut *arrived => return answer.map_err(|error| ended(&error))?,
                },
                None => None,
            };
            match next {
                Some(next) => pages.push_back(self.request(next)),
                None => return arrived.await.map_err(|error| ended(&error))?,
            }
        }
    }

    /// Makes a page of an answer. Returns also the query for the next one.
    fn page(&mut self, query: &Query, answer: Answer) -> Result<(ExportPage, Option<Query>), ClientError> {
        let server = self.client.server();
        let form = answer.header("content-type").and_then(RowForm::of);
        let (page, next) = match &self.rows {
            Some(rows) if form == Some(rows.form) => {
                let page = row_page(server, answer, query.limit)?;
                let next = page.info.next.map(|cursor| cursor.encode());
                (ExportPage::Rows(page), next)
            }
            _ => {
                self.rows = None;
                let (status, text) = answer.text(server)?;
                let page = PageText::new(server, status, text)?;
                let next = page.info.next_cursor.clone();
                (ExportPage::Json(page), next)
            }
        };
        let next = query_after(server, query, next.as_deref())?;
        Ok((page, next))
    }

    /// Reads the next page, which was requested already.
    async fn next(&mut self, pages: &mut VecDeque<PageInTransit>) -> Result<ExportPage, ClientError> {
        let outcome = match self.answer(pages).await {
            Err(ClientError::Problem(problem)) if self.rows.is_some() && knows_no_rows(&problem) => {
                self.rows = None;
                let again = pages.drain(..).next().map(|page| page.query.clone());
                pages.extend(again.map(|query| self.request(query)));
                self.answer(pages).await
            }
            outcome => outcome,
        };
        let Some(read) = pages.pop_front() else { return Err(ended(&"no page was requested")) };
        let (page, next) = self.page(&read.query, outcome?)?;
        // A page that was read again after its first answer broke off may end elsewhere.
        if pages.front().map(|page| &page.query) != next.as_ref() {
            pages.clear();
            pages.extend(next.map(|query| self.request(query)));
        }
        Ok(page)
    }

    /// Reads all pages. While one comes, the server reads the next.
    async fn read(mut self, pages: Sender<Result<ExportPage, ClientError>>) {
        let mut requested = VecDeque::from([self.request(self.first.clone())]);
        while !requested.is_empty() {
            let page = self.next(&mut requested).await;
            let is_last = page.is_err();
            // The reader may have been dropped.
            if pages.send(page).await.is_err() || is_last {
                return;
            }
        }
    }
}

fn ended(cause: &dyn std::fmt::Display) -> ClientError {
    ClientError::Setup(cause.to_string())
}

/// Whether a server refuses a query only because it answers no rows: it is older.
fn knows_no_rows(problem: &Problem) -> bool {
    let is_of_rows = |name: &str| name == "limit" || ROW_PARAMETERS.contains(&name);
    problem.code == Code::Invalid
        && !problem.errors.is_empty()
        && problem.errors.iter().all(|error| is_of_rows(&error.field))
}

fn row_page(server: &str, answer: Answer, limit: u32) -> Result<RowPage, ClientError> {
    let fault = |cause: &str| ClientError::unexpected(server, answer.status, &cause);
    let info = RowPageInfo::read(|name| answer.header(name));
    let info = info.ok_or_else(|| fault("the headers of a page of rows are missing or invalid"))?;
    if info.count > u64::from(limit) {
        return Err(fault(&format!("a page of {} entries although the limit was {limit}", info.count)));
    }
    if answer.body.last().is_some_and(|last| *last != b'\n') || info.count > 0 && answer.body.is_empty() {
        return Err(fault("the rows of a page are cut"));
    }
    Ok(RowPage { info, text: answer.body })
}

/// Fetches pages on a separate thread while earlier ones are processed.
pub struct Prefetch(Receiver<Result<ExportPage, ClientError>>);

/// How many fetched pages wait.
const QUEUED_PAGES: usize = 1;
/// How many pages are requested at once: one that comes, one that waits for its turn, and one that the server reads.
const PAGES_IN_TRANSIT: usize = 3;

impl ExportPages {
    /// Starts to fetch pages ahead, over separate connections.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when the thread cannot be started.
    pub fn prefetch(mut self) -> Result<Prefetch, ClientError> {
        let setup = |error: &dyn std::fmt::Display| ClientError::Setup(error.to_string());
        // A connection belongs to the runtime that opened it, and this thread has its own runtime.
        self.client = self.client.with_own_connections()?;
        let (sender, receiver) = channel(QUEUED_PAGES);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| setup(&error))?;
        let read = move || runtime.block_on(self.read(sender));
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(read);
        thread.map(|_| Prefetch(receiver)).map_err(|error| setup(&error))
    }
}

impl Prefetch {
    /// Returns the next page, or `None` after the last one.
    ///
    /// # Errors
    /// [`ClientError`]. No page follows an error.
    pub async fn next(&mut self) -> Result<Option<ExportPage>, ClientError> {
        self.0.recv().await.transpose()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::model::page::{Cursor, Position};
    use crate::model::timestamp::Timestamp;
    use crate::secret::Token;

    fn cursor(id: u64) -> Cursor {
        let occurred_at = Timestamp::from_micros(1_000_000).expect("a time");
        Cursor { position: Position { occurred_at, id }, as_of: 9, binding: [0; 8] }
    }

    /// An answer with one row, whose body has so many bytes less than its headers say.
    fn page(row: &str, next: Option<Cursor>, missing: usize) -> String {
        let info = RowPageInfo {
            count: 1,
            as_of: 9,
            next,
            ids: Some((1, 1, uuid::Uuid::nil())),
            ..RowPageInfo::default()
        };
        let headers: String =
            info.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{row}\n",
            row.len() + 1 + missing
        )
    }

    async fn request(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut text).await.expect("a request") > 0, "it has an end");
        }
        String::from_utf8(text).expect("text")
    }

    #[tokio::test]
    async fn a_page_that_ends_elsewhere_when_it_is_read_again_loses_and_repeats_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
        let (after_one, after_two) = (cursor(1).encode(), cursor(2).encode());
        let server = tokio::spawn(async move {
            let mut firsts = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = request(&mut stream).await;
                let answer = if request.contains(&after_two) {
                    page("three", None, 0)
                } else if request.contains(&after_one) {
                    page("two, which the second answer has already", None, 0)
                } else {
                    firsts += 1;
                    let (next, missing) = if firsts == 1 { (cursor(1), 10) } else { (cursor(2), 0) };
                    page("one and two", Some(next), missing)
                };
                stream.write_all(answer.as_bytes()).await.unwrap_or(());
            }
        });
        let client = Client::new(base, Token::generate().expect("randomness")).expect("a client");
        let pages = ExportPages::new(client, Query::default(), Some(RowForm::Csv.into()));
        let mut pages = pages.prefetch().expect("a thread");
        let mut rows = String::new();
        while let Some(page) = pages.next().await.expect("a page") {
            let ExportPage::Rows(page) = page else { panic!("rows") };
            rows += str::from_utf8(&page.text).expect("text");
        }
        assert_eq!(rows, "one and two\nthree\n");
        server.abort();
    }
}
