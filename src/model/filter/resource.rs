//! A resource by its type and id, written `connector/42`.

use std::fmt;
use std::str::FromStr;

use crate::model::words::{ModelType, UnknownWord, shortened};

/// A resource: its type and its id, written `connector/42`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The type.
    pub model_type: ModelType,
    /// The id, which may hold any character.
    pub model_id: String,
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResource {
    /// No slash, or nothing on one side of it.
    #[error("expected TYPE/ID, such as connector/42, not {:?}", shortened(.0))]
    Form(String),
    /// The type is unknown.
    #[error("{0}")]
    Type(UnknownWord),
}

impl FromStr for Resource {
    type Err = InvalidResource;
    fn from_str(text: &str) -> Result<Self, InvalidResource> {
        match text.split_once('/') {
            Some((model_type, id)) if !id.is_empty() => {
                let model_type = model_type.parse().map_err(InvalidResource::Type)?;
                Ok(Self { model_type, model_id: id.to_owned() })
            }
            _ => Err(InvalidResource::Form(text.to_owned())),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model_type, self.model_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_a_type_and_an_id() {
        let it: Resource = "Connector Endpoint/a/b".parse().expect("a resource");
        assert_eq!(it.to_string(), "connector_endpoint/a/b");
        for bad in ["connector", "connector/", "/42", "robot/1"] {
            assert!(bad.parse::<Resource>().is_err(), "{bad}");
        }
    }
}
