//! `GET /audit-logs/counts`: counts by one or two dimensions.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use chrono::TimeDelta;

use crate::api::counts::{Counts, CountsQuery};
use crate::api::parameters::CountParameters;
use crate::api::problems::FilterProblems;
use crate::model::stats::{StatsQuery, groups};
use crate::model::trail::ReadCall;
use crate::server::auth::{Caller, CanRead, ReadScope};
use crate::server::body;
use crate::server::error::ApiError;
use crate::server::reads;
use crate::server::state::Server;

/// Counts entries by one or two dimensions: by day and action, by weekday and hour, by user, by field.
#[utoipa::path(
    get, path = crate::api::routes::COUNTS, operation_id = "group_audit_logs", security(("bearer" = ["read"])), params(CountParameters),
    responses(
        (status = 200, description = "Counts", body = Counts),
        FilterProblems,
    ))]
pub(crate) async fn counts(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    group(server, &caller, raw.as_deref()).await
}

/// Answers with counts of the log that the caller's scope reads.
pub(super) async fn group<S: ReadScope>(
    server: Server,
    caller: &Caller<S>,
    raw: Option<&str>,
) -> Result<Response, ApiError> {
    let pairs = body::pairs(raw)?;
    let query = CountsQuery::read(S::LOG, &pairs)?;
    let org = caller.log();
    // The upper end of the time range. A day more allows for recorders whose clocks are ahead.
    let latest = server.settings.clock.now().plus(TimeDelta::days(1));
    reads::settle(&server, caller).await;
    let counting = StatsQuery::new(query.filter.clone(), &query.by, query.zone, latest);
    let counted = server.query(server.store.counts(org, counting, query.as_of)).await?;
    reads::note_counts(&server, caller, ReadCall::Counts, &query.filter).await?;
    let holder = caller.key();
    // There may be a group for each user and hour: sorting them would block the async thread.
    let response = tokio::task::spawn_blocking(move || {
        let groups = groups(&counted.counts, &query.by, query.zone);
        let tz = query.zone.name().to_owned();
        let counts = Counts { total: counted.total, by: query.by, tz, groups, pruned: counted.pruned };
        server.responses.json(holder, &counts)
    });
    response.await.map_err(|_| ApiError::internal())?
}
