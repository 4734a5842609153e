//! The operations of a JSON patch (RFC 6902). What they are to bring about is not known here.

use serde::Serialize;

use crate::model::json::Json;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Stops the whole patch unless this value stands there.
    Test {
        /// Where, as a JSON pointer.
        path: String,
        /// The value.
        value: Json,
    },
    /// Puts a value where none is.
    Add {
        /// Where, as a JSON pointer.
        path: String,
        /// The value.
        value: Json,
    },
    /// Takes a value away.
    Remove {
        /// Where, as a JSON pointer.
        path: String,
    },
    /// Puts a value in the place of another.
    Replace {
        /// Where, as a JSON pointer.
        path: String,
        /// The value.
        value: Json,
    },
}

/// A place as a JSON pointer (RFC 6901).
#[must_use]
pub fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_written_as_the_standard_has_them() {
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
