//! Counts of entries by value, for choosing a filter. No I/O.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Counts for a filter, each list by falling count and then by value, days in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facets {
    /// How many entries match in all.
    pub total: u64,
    /// By action.
    pub action: Vec<Facet>,
    /// By model type.
    pub model_type: Vec<Facet>,
    /// By user, as a reader knows them: the e-mail address, else the name, else the id.
    pub user: Vec<Facet>,
    /// By day, in UTC, without days that have no entry.
    pub day: Vec<Facet>,
}

/// One value and how many entries have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facet {
    /// The value.
    #[schema(example = "updated")]
    pub value: String,
    /// The number of entries.
    #[schema(example = 812)]
    pub count: u64,
}
