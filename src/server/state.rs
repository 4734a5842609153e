//! The state that all handlers share: store, settings, counters and limits.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use utoipa::openapi::OpenApi;

use crate::api::problem::Code;
use crate::model::trail::{Actor, TrailEvent};
use crate::server::body::BodyBudget;
use crate::server::clock_guard::ClockGuard;
use crate::server::error::ApiError;
use crate::server::limits::Limits;
use crate::server::metrics::Metrics;
use crate::server::readiness::Readiness;
use crate::server::response::ResponseBudget;
use crate::server::settings::Settings;
use crate::server::token_usage::TokenUsage;
use crate::server::trail::recent::RecentReads;
use crate::server::trail::{TrailQueue, record};
use crate::server::tree_job::TreeJob;
use crate::server::unauthenticated_log::UnauthenticatedLog;
use crate::store::error::StoreError;
use crate::store::{OrgId, Store};

pub(super) type Server = Arc<ServerState>;

pub(super) struct ServerState {
    pub(super) store: Arc<Store>,
    pub(super) settings: Arc<Settings>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Readiness,
    pub(super) unauthenticated_log: UnauthenticatedLog,
    pub(super) limits: Limits,
    pub(super) token_usage: Arc<TokenUsage>,
    pub(super) trees: Arc<TreeJob>,
    pub(super) trail: Arc<TrailQueue>,
    pub(super) reads: RecentReads,
    pub(super) bodies: BodyBudget,
    pub(super) responses: ResponseBudget,
    pub(super) clock: Arc<ClockGuard>,
    /// Generated from the router. Handlers read it here, because they must not import the router.
    pub(super) openapi: LazyLock<OpenApi>,
}

impl ServerState {
    /// Records an event in the trail of an organization. It is durable when this returns.
    pub(super) async fn record(&self, org: OrgId, event: &TrailEvent, by: &Actor) -> Result<(), ApiError> {
        let now = self.settings.clock.now();
        Ok(record(self.store.as_ref(), org, event, by, &self.settings.redaction, now).await?)
    }

    /// Runs a read on the store within the query timeout. A read that times out is interrupted in the store.
    pub(super) async fn query<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, ApiError> {
        within(self.settings.query_timeout, answer).await
    }
}

async fn within<T>(
    timeout: Option<Duration>,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ApiError> {
    let Some(timeout) = timeout else { return Ok(answer.await?) };
    tokio::time::timeout(timeout, answer).await.map_or_else(
        |_| {
            let detail = format!(
                "the query took longer than {} seconds (--query-timeout) and was stopped: narrow it down by time or \
                 resource",
                timeout.as_secs()
            );
            Err(ApiError::new(Code::Unavailable, detail))
        },
        |answer| Ok(answer?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_query_that_takes_too_long_is_stopped() {
        let longest = Some(Duration::from_millis(1));
        let answer = within(longest, std::future::pending::<Result<(), StoreError>>()).await;
        assert_eq!(answer.expect_err("stopped").code(), Code::Unavailable);
        assert_eq!(within(longest, async { Ok(7) }).await.expect("in time"), 7);
        assert_eq!(within(None, async { Ok(7) }).await.expect("in time"), 7);
    }
}
