//! A query for a page, bound to the organization that asks it.

use crate::api::problem::Code;
use crate::api::query::Query;
use crate::model::page::{Cursor, Order, Position};
use crate::model::timestamp::Timestamp;
use crate::server::error::ApiError;
use crate::server::state::Server;
use crate::store::{OrgId, PageRequest};

pub(in crate::server) struct Question {
    pub(in crate::server) query: Query,
    pub(in crate::server) org: OrgId,
    pub(in crate::server) binding: [u8; 8],
    /// Where the page begins.
    pub(in crate::server) after: Option<Position>,
    as_of: Option<u64>,
}

impl Question {
    /// Refuses the cursor of another query.
    pub(in crate::server) fn new(query: Query, org: OrgId) -> Result<Self, ApiError> {
        let binding = query.binding(org.number());
        let after_id = query.after_id.map(|id| Position { occurred_at: Timestamp::MIN, id });
        let (after, as_of) = match query.cursor {
            None => (after_id, query.as_of),
            Some(cursor) => {
                if cursor.binding != binding || query.as_of.is_some_and(|as_of| as_of != cursor.as_of) {
                    let detail = "the cursor belongs to another filter, order or as_of: repeat its query unchanged, or leave the cursor out";
                    return Err(ApiError::new(Code::CursorMismatch, detail));
                }
                (Some(cursor.position), Some(cursor.as_of))
            }
        };
        Ok(Self { query, org, binding, after, as_of })
    }

    pub(in crate::server) fn request(&self) -> PageRequest {
        let Query { filter, order, limit, .. } = &self.query;
        PageRequest {
            filter: filter.clone(),
            order: *order,
            limit: *limit,
            after: self.after,
            as_of: self.as_of,
        }
    }

    /// The cursor of the page after this position.
    pub(in crate::server) const fn cursor(&self, position: Position, as_of: u64) -> Cursor {
        Cursor { position, as_of, binding: self.binding }
    }

    /// The number of entries that match up to `as_of`, if it is asked for.
    pub(in crate::server) async fn total(
        &self,
        server: &Server,
        as_of: u64,
    ) -> Result<Option<u64>, ApiError> {
        if !self.query.total {
            return Ok(None);
        }
        let count = server.store.count(self.org, self.query.filter.clone(), as_of);
        server.query(count).await.map(Some)
    }

    /// The highest id that a follower has passed: it is past the entries before its `after_id`.
    pub(in crate::server) fn passed(&self) -> u64 {
        self.after.filter(|_| self.query.order == Order::ById).map_or(0, |position| position.id)
    }
}
