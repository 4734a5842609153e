//! Decides which reads are recorded in the trail: the first page of a question, once an hour for each token, and the first
//! and last page of an export.

use crate::api::purpose::{ExportPurpose, PURPOSE, UnknownPurpose};
use crate::api::query::filter_pairs;
use crate::model::draft::FieldError;
use crate::model::filter::Filter;
use crate::model::trail::{Actor, EventKey, FilterPairs, ReadCall, TrailEvent, leaves_out};
use crate::model::words::Log;
use crate::server::auth::{Caller, ReadScope};
use crate::server::error::ApiError;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::store::OrgId;

/// Makes the caller's earlier reads visible in the trail that it is about to read.
pub(super) async fn settle<S: ReadScope>(server: &Server, caller: &Caller<S>) {
    if caller.log() == caller.organization.id.trail() {
        // A failure is logged. Reading goes on without the latest reads.
        drop(server.trail.flush(server.store.as_ref(), Some(caller.organization.id)).await);
    }
}

/// Records that one entry was read. Fails, as all of these do, when the trail already has too many reads of this token.
pub(super) async fn note_entry<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    id: u64,
) -> Result<(), ApiError> {
    note(server, caller, ReadCall::Show, vec![("id", id.to_string())], (Some(1), false)).await
}

/// Records that entries were counted.
pub(super) async fn note_counts<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    call: ReadCall,
    filter: &Filter,
) -> Result<(), ApiError> {
    note(server, caller, call, filter_pairs(filter), (None, false)).await
}

/// Records that a page was read, if it is the first of a question, or of an export, or the last of an export.
pub(super) async fn note_page<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    purpose: Option<&ExportPurpose>,
    page: &AnsweredPage<'_>,
) -> Result<(), ApiError> {
    let AnsweredPage { query, binding, as_of, rows, next } = *page;
    let Some(purpose) = purpose else {
        let call = if query.after_id.is_some() { ReadCall::Follow } else { ReadCall::List };
        if query.cursor.is_none() {
            note(server, caller, call, filter_pairs(&query.filter), (Some(rows), next.is_some())).await?;
        }
        return Ok(());
    };
    let key = (caller.key().token, binding, as_of);
    let entries = server.reads.count(key, query.cursor.as_ref(), page, server.settings.clock.now());
    let facts = ExportFacts::new(caller, server, &query.filter, purpose.format.clone(), as_of);
    if query.cursor.is_none() {
        facts.begin(server, caller).await?;
    }
    if next.is_none() {
        facts.end(server, entries).await;
    }
    Ok(())
}

/// What the trail says of an export.
pub(super) struct ExportFacts {
    org: OrgId,
    by: Actor,
    log: Log,
    filter: FilterPairs,
    format: Option<String>,
    as_of: u64,
}

impl ExportFacts {
    pub(super) fn new<S: ReadScope>(
        caller: &Caller<S>,
        server: &Server,
        filter: &Filter,
        format: Option<String>,
        as_of: u64,
    ) -> Self {
        Self {
            org: caller.organization.id,
            by: caller.actor(server),
            log: S::LOG,
            filter: filter_pairs(filter),
            format,
            as_of,
        }
    }

    /// Records that the export of a caller begins. It is durable when this returns.
    pub(super) async fn begin<S: ReadScope>(
        &self,
        server: &Server,
        caller: &Caller<S>,
    ) -> Result<(), ApiError> {
        caller.count_recorded_read(server)?;
        let Self { org, by, log, filter, format, as_of } = self;
        let (filter, format) = (filter.clone(), format.clone());
        let begun = TrailEvent::ExportBegun { log: *log, filter, format, as_of: *as_of };
        server.record(*org, &begun, by).await
    }

    /// Records that all entries were answered, and their number if it is known.
    pub(super) async fn end(self, server: &Server, entries: Option<u64>) {
        let Self { org, by, log, filter, format, as_of } = self;
        let ended = TrailEvent::ExportEnded { log, filter, format, as_of, entries };
        server.trail.note(server.store.as_ref(), org, ended, by, EventKey::unique()).await;
    }
}

async fn note<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    call: ReadCall,
    filter: FilterPairs,
    (rows, more): (Option<u64>, bool),
) -> Result<(), ApiError> {
    let (log, now) = (caller.log().number(), server.settings.clock.now());
    if server.reads.is_new(caller.key().token, call, log, &filter, now) {
        if let Err(error) = caller.count_recorded_read(server) {
            server.reads.forget(caller.key().token, call, log, &filter);
            return Err(error);
        }
        let leaves_out = leaves_out(&filter);
        let event = TrailEvent::Read { log: S::LOG, call, filter, rows, more };
        // What the trail leaves out is not in the key that other servers would make.
        let key = if leaves_out { EventKey::unique() } else { EventKey::Question { log } };
        let org = caller.organization.id;
        server.trail.note(server.store.as_ref(), org, event, caller.actor(server), key).await;
    }
    Ok(())
}

/// The purpose that the caller states.
pub(super) fn purpose<S>(caller: &Caller<S>) -> Result<Option<ExportPurpose>, ApiError> {
    let Some(text) = &caller.source.purpose else { return Ok(None) };
    let unknown = |error: UnknownPurpose| vec![FieldError::new(PURPOSE, error.to_string())];
    Ok(Some(text.parse().map_err(unknown)?))
}
