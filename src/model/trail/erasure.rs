//! The events of an erasure. They name the person by the label only.

use serde_json::Value;

use crate::model::erasure::ErasureOptions;
use crate::model::integrity::verify::erasures::ErasureRule;
use crate::model::trail::fields::Field;
use crate::model::words::{Action, Log, ModelType};

/// What happens in an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErasureEvent {
    /// It is about to begin.
    Begun {
        /// The erasure's number.
        erasure: u64,
        /// What replaces the person.
        label: String,
        /// Why.
        reason: String,
        /// How far it goes.
        options: ErasureOptions,
        /// The numbers of entries by the person or for them, about them, and others that name them.
        planned: [u64; 3],
        /// The holds that keep some of these entries.
        despite_holds: Vec<String>,
    },
    /// It is about to change these entries of a log.
    Step {
        /// The log.
        log: Log,
        /// The entries.
        rule: ErasureRule,
    },
    /// It ended.
    Ended {
        /// The erasure's number.
        erasure: u64,
        /// What replaces the person.
        label: String,
        /// In how many entries the actor was erased.
        actors: u64,
        /// In how many entries the content was erased.
        contents: u64,
        /// Whether nothing that the options include names the person any more.
        complete: bool,
    },
}

fn new(name: &'static str, value: impl Into<Value>) -> Field {
    (name, None, Some(value.into()))
}

impl ErasureEvent {
    /// Action, resource and changed fields.
    pub(super) fn parts(&self) -> (Action, ModelType, String, Vec<Field>) {
        let (label, fields) = match self {
            Self::Begun {
                erasure,
                label,
                reason,
                options,
                planned: [acted, about, other],
                despite_holds,
            } => {
                let mut fields = vec![
                    new("stage", "begun"),
                    new("erasure", *erasure),
                    new("reason", reason.as_str()),
                    new("with_id", options.with_id),
                    new("also_values", options.also_values),
                    new("acted", *acted),
                    new("about", *about),
                    new("other", *other),
                ];
                if !despite_holds.is_empty() {
                    fields.push(new("despite_holds", despite_holds.clone()));
                }
                (label, fields)
            }
            Self::Step { log, rule } => {
                let mut fields = vec![new("stage", "entries"), new("log", log.as_str())];
                fields.extend(rule.members().map(|(name, value)| new(name, value)));
                (&rule.label, fields)
            }
            Self::Ended { erasure, label, actors, contents, complete } => {
                let fields = vec![
                    new("stage", "ended"),
                    new("erasure", *erasure),
                    new("actors", *actors),
                    new("contents", *contents),
                    new("complete", *complete),
                ];
                (label, fields)
            }
        };
        (Action::Erased, ModelType::User, label.clone(), fields)
    }
}
