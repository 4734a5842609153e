//! Reads the pages of an export as rows, which are written as they come. A server that answers JSON is older: its pages are
//! rendered here.

use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use crate::api::problem::{Code, Problem};
use crate::api::query::Query;
use crate::api::rows::{ROW_PARAMETERS, RowForm, RowOptions, RowPageInfo};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::pages::{PageText, query_after};
use crate::client::request::Answer;
use crate::model::page::{MAX_LIMIT, MAX_ROWS};

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
    /// `None` after the last page.
    next: Option<Query>,
    /// `None` reads JSON.
    rows: Option<RowOptions>,
}

impl ExportPages {
    /// Reads all pages of `query`, from its cursor on if it has one, and sets the `limit` of each page. Without `rows`,
    /// all pages are JSON.
    #[must_use]
    pub const fn new(client: Client, query: Query, rows: Option<RowOptions>) -> Self {
        Self { client, next: Some(query), rows }
    }

    async fn next(&mut self) -> Result<Option<ExportPage>, ClientError> {
        let Some(query) = &mut self.next else { return Ok(None) };
        query.limit = if self.rows.is_some() { MAX_ROWS } else { MAX_LIMIT };
        let answer = match self.client.page_answer(query, self.rows.as_ref()).await {
            Err(ClientError::Problem(problem)) if self.rows.is_some() && knows_no_rows(&problem) => {
                self.rows = None;
                query.limit = MAX_LIMIT;
                self.client.page_answer(query, None).await?
            }
            outcome => outcome?,
        };
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
        self.next = query_after(server, query, next.as_deref())?;
        Ok(Some(page))
    }
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

/// How many fetched pages wait: one, so that at most three are in memory.
const QUEUED_PAGES: usize = 1;

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
        let read = async move {
            while let Some(page) = self.next().await.transpose() {
                let is_last = page.is_err();
                // The reader may have been dropped.
                if sender.send(page).await.is_err() || is_last {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(move || runtime.block_on(read));
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
