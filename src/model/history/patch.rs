//! The operations of a JSON Patch (RFC 6902).

use serde::Serialize;

use crate::model::json::Json;

/// A JSON Patch operation. Paths are JSON Pointers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Operation {
    /// Aborts the patch unless the value at `path` equals this one.
    Test {
        path: String,
        value: Json,
    },
    Add {
        path: String,
        value: Json,
    },
    Remove {
        path: String,
    },
    Replace {
        path: String,
        value: Json,
    },
}

/// A path as a JSON Pointer (RFC 6901).
pub(crate) fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_serialise_per_rfc_6902() {
        let path = pointer(&["a/b".to_owned(), "~".to_owned(), String::new()]);
        let operation = Operation::Replace { path, value: Json::Number("1.10".to_owned()) };
        assert_eq!(
            serde_json::to_string(&operation).expect("serialises"),
            r#"{"op":"replace","path":"/a~1b/~0/","value":1.10}"#
        );
        assert_eq!(
            serde_json::to_string(&Operation::Remove { path: String::new() }).expect("serialises"),
            r#"{"op":"remove","path":""}"#
        );
    }
}
