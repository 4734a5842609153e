//! A field of an event of the trail.

use serde_json::Value;

/// A field with its old and new value.
pub(super) type Field = (&'static str, Option<Value>, Option<Value>);
