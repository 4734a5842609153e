//! The events of the trail, and the entries that record them. Only the server and operator commands record them.

mod actor;
mod erasure;
mod fields;
mod hold;
mod key;
mod left_out;
mod organization;
mod read_call;
mod restated;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::draft::{Draft, Refusal};
use crate::model::json::RawJson;
use crate::model::plan::Retention;
use crate::model::proposal::Proposal;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Log, ModelType, Scope};

pub use crate::model::trail::actor::Actor;
pub use crate::model::trail::erasure::ErasureEvent;
pub use crate::model::trail::fields::FilterPairs;
use crate::model::trail::fields::{Field, entry, new, question_string, text, words};
pub use crate::model::trail::hold::HoldEvent;
pub use crate::model::trail::key::EventKey;
use crate::model::trail::key::hashed;
pub use crate::model::trail::left_out::leaves_out;
pub use crate::model::trail::organization::OrganizationEvent;
pub use crate::model::trail::read_call::ReadCall;
pub use crate::model::trail::restated::Restated;

/// The same question of the same caller is recorded once in this time, in seconds.
pub const QUESTION_SECONDS: i64 = 3600;

/// An event of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailEvent {
    /// A question was answered. Later pages of a list belong to its first.
    Read {
        /// The log.
        log: Log,
        /// The call.
        call: ReadCall,
        /// The filter, or the id of the one entry.
        filter: FilterPairs,
        /// The number of entries in the answer: of a list, those of its first page. Counts have none.
        rows: Option<u64>,
        /// Whether more pages follow.
        more: bool,
    },
    /// An export began.
    ExportBegun {
        /// The log.
        log: Log,
        /// The filter.
        filter: FilterPairs,
        /// The format of the file, if the client told it.
        format: Option<String>,
        /// The highest id that the export includes.
        as_of: u64,
    },
    /// The last page of an export was answered.
    ExportEnded {
        /// The log.
        log: Log,
        /// The filter.
        filter: FilterPairs,
        /// The format of the file, if the client told it.
        format: Option<String>,
        /// The highest id that the export includes.
        as_of: u64,
        /// The number of entries, if this server answered every page.
        entries: Option<u64>,
    },
    /// A log was copied to another store, or backed up.
    Copied {
        /// The log.
        log: Log,
        /// `store` or `backup`.
        format: &'static str,
        /// The highest id that the copy includes, at least.
        as_of: u64,
        /// The store or file that was written, without a password.
        target: String,
    },
    /// A prune is about to delete its first entry.
    PruneBegun {
        /// The log.
        log: Log,
        /// The prune's number.
        prune: u64,
        /// Entries that happened before this are deleted.
        cutoff: Timestamp,
        /// Entries with a higher id are kept.
        as_of: u64,
        /// The organization's plan and floor.
        retention: Retention,
        /// What the deleted entries state and no other entry does. Only a prune of the trail deletes such entries.
        restated: Restated,
    },
    /// A prune ended.
    PruneEnded {
        /// The log.
        log: Log,
        /// The prune's number.
        prune: u64,
        /// The number of deleted entries.
        deleted: u64,
        /// Whether no expired entry is left.
        complete: bool,
    },
    /// An erasure of a person begins, goes on or ends.
    Erasure(ErasureEvent),
    /// A token is created.
    TokenCreated {
        /// Its name.
        name: String,
        /// Its permissions.
        scopes: Vec<Scope>,
        /// When it expires.
        expires_at: Option<Timestamp>,
        /// Who creates it, as stated.
        created_by: Option<String>,
    },
    /// A token is revoked.
    TokenRevoked {
        /// Its name.
        name: String,
        /// Its permissions.
        scopes: Vec<Scope>,
        /// When it would have expired.
        expires_at: Option<Timestamp>,
    },
    /// The organization was created.
    OrganizationCreated {
        /// Its slug.
        slug: String,
        /// Its plan and floor.
        retention: Retention,
    },
    /// The organization's plan or floor changes.
    RetentionChanged {
        /// Its slug.
        slug: String,
        /// Plan and floor before.
        old: Retention,
        /// Plan and floor from now on.
        new: Retention,
    },
    /// A legal hold is created or released.
    Hold(HoldEvent),
    /// The organization is renamed or deleted.
    Organization(OrganizationEvent),
    /// A token signed in to the page.
    SignedIn {
        /// The session.
        session: String,
        /// Whether a one-time link was used, in place of the token itself.
        by_link: bool,
    },
    /// A session of the page was ended by its user.
    SignedOut {
        /// The session.
        session: String,
    },
    /// A server started on this host.
    Started {
        /// The host.
        host: String,
    },
    /// A server on this host stopped.
    Stopped {
        /// The host.
        host: String,
    },
    /// Nothing is pruned any more, because the clock may be ahead.
    SweepPaused {
        /// What is wrong with the clock.
        cause: String,
    },
    /// The clock is plausible again.
    SweepResumed,
    /// The schema of the store was upgraded.
    Migrated {
        /// The number of the schema.
        schema: u32,
        /// Entries of the audit log up to this id were recorded before the log had a tree.
        unprotected_through: u64,
        /// The organization's plan and floor at that time.
        retention: Retention,
    },
}

impl TrailEvent {
    /// Action, resource and changed fields.
    fn parts(&self, redaction: &Redaction) -> (Action, ModelType, String, Vec<Field>) {
        let query = |filter: &FilterPairs| question_string(filter, redaction);
        let export = |stage: &'static str, filter: &FilterPairs, format: Option<&str>, as_of: u64| {
            vec![
                new("stage", stage),
                new("filter", query(filter)),
                format.and_then(|format| new("format", format)),
                new("as_of", as_of),
            ]
        };
        let of_log = |action, log: Log, fields| entry(action, ModelType::AuditLog, log.as_str(), fields);
        let of_server = |action, id: &str, fields| entry(action, ModelType::Server, id, fields);
        match self {
            Self::Read { log, call, filter, rows, more } => of_log(
                Action::Read,
                *log,
                vec![
                    new("call", call.as_str()),
                    new("filter", query(filter)),
                    rows.and_then(|rows| new("rows", rows)),
                    if *more { new("more", true) } else { None },
                ],
            ),
            Self::ExportBegun { log, filter, format, as_of } => {
                of_log(Action::Exported, *log, export("begun", filter, format.as_deref(), *as_of))
            }
            Self::ExportEnded { log, filter, format, as_of, entries } => {
                let mut fields = export("ended", filter, format.as_deref(), *as_of);
                fields.push(entries.and_then(|entries| new("entries", entries)));
                of_log(Action::Exported, *log, fields)
            }
            Self::Copied { log, format, as_of, target } => {
                let mut fields = export("begun", &FilterPairs::new(), Some(format), *as_of);
                fields.push(new("target", target.as_str()));
                of_log(Action::Exported, *log, fields)
            }
            Self::PruneBegun { log, prune, cutoff, as_of, retention, restated } => {
                // The trail is not pruned by a floor.
                let floor = retention.floor.filter(|_| *log == Log::Audit);
                let (earlier_plan, earlier_floor) = restated.retention().unzip();
                let fields = vec![
                    new("prune", *prune),
                    new("cutoff", cutoff.to_string()),
                    new("as_of", *as_of),
                    new("plan", retention.plan.as_str()),
                    text(floor).and_then(|floor| new("floor", floor)),
                    restated.prunes().and_then(|prunes| new("earlier_prunes", prunes)),
                    restated.erasures().and_then(|erasures| new("earlier_erasures", erasures)),
                    restated.unprotected_through().and_then(|id| new("unprotected_through", id)),
                    earlier_plan.and_then(|plan| new("earlier_plan", plan)),
                    earlier_floor.and_then(|floor| new("earlier_floor", floor)),
                ];
                of_log(Action::Pruned, *log, fields)
            }
            Self::PruneEnded { log, prune, deleted, complete } => {
                let fields = vec![new("prune", *prune), new("deleted", *deleted), new("complete", *complete)];
                of_log(Action::Pruned, *log, fields)
            }
            Self::Erasure(event) => event.parts(),
            Self::TokenCreated { name, scopes, expires_at, created_by } => {
                let fields = [
                    new("scopes", words(scopes)),
                    text(*expires_at).and_then(|at| new("expires_at", at)),
                    text(created_by.as_ref()).and_then(|by| new("created_by", by)),
                ];
                entry(Action::Created, ModelType::Token, name, fields)
            }
            Self::TokenRevoked { name, scopes, expires_at } => {
                let old = |name, value: Value| (name, Some(value), None);
                let expiry = text(*expires_at).map(|at| old("expires_at", at));
                entry(Action::Deleted, ModelType::Token, name, [Some(old("scopes", words(scopes))), expiry])
            }
            Self::OrganizationCreated { slug, retention } => {
                let floor = text(retention.floor).and_then(|floor| new("floor", floor));
                let fields = [new("plan", retention.plan.as_str()), floor];
                entry(Action::Created, ModelType::Organization, slug, fields)
            }
            Self::RetentionChanged { slug, old, new } => {
                let plan =
                    (old.plan != new.plan).then(|| ("plan", Some(json!(old.plan)), Some(json!(new.plan))));
                let floor = (old.floor != new.floor).then(|| ("floor", text(old.floor), text(new.floor)));
                entry(Action::Updated, ModelType::Organization, slug, [plan, floor])
            }
            Self::Hold(event) => event.parts(redaction),
            Self::Organization(event) => event.parts(),
            Self::SignedIn { session, by_link } => {
                let by = new("by", if *by_link { "link" } else { "token" });
                entry(Action::Created, ModelType::Session, session, [by])
            }
            Self::SignedOut { session } => {
                let signed_in = ("signed_in", Some(Value::from(true)), Some(Value::from(false)));
                entry(Action::Updated, ModelType::Session, session, [Some(signed_in)])
            }
            Self::Started { host } => of_server(Action::Started, host, vec![new("version", VERSION)]),
            Self::Stopped { host } => of_server(Action::Stopped, host, vec![new("version", VERSION)]),
            Self::SweepPaused { cause } => {
                of_server(Action::Stopped, SWEEP, vec![new("cause", cause.as_str())])
            }
            Self::SweepResumed => of_server(Action::Started, SWEEP, vec![new("version", VERSION)]),
            Self::Migrated { schema, unprotected_through, retention } => {
                let fields = vec![
                    new("unprotected_through", *unprotected_through),
                    new("plan", retention.plan.as_str()),
                    text(retention.floor).and_then(|floor| new("floor", floor)),
                ];
                of_server(Action::Migrated, &schema.to_string(), fields)
            }
        }
    }

    /// The reason that somebody gave.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Hold(event) => Some(&event.reason),
            _ => None,
        }
    }

    /// The entry of the event, redacted as every entry.
    ///
    /// # Errors
    /// [`Refusal`], as for a recording: [`Refusal::NoChange`] when nothing changed.
    pub fn draft(
        &self,
        by: &Actor,
        key: &EventKey,
        redaction: &Redaction,
        (occurred_at, now): (Timestamp, Timestamp),
    ) -> Result<Draft, Refusal> {
        let (action, model_type, model_id, fields) = self.parts(redaction);
        let raw = |value: Option<Value>| value.and_then(|value| RawJson::from_text(value.to_string()).ok());
        let changes: Vec<_> = fields
            .into_iter()
            .map(|(field, old, new)| Change {
                field: field.to_owned(),
                old: raw(old),
                new: raw(new),
                redacted: false,
            })
            .collect();
        let uuid = match (key, self) {
            (EventKey::Unique(uuid), _) => *uuid,
            (EventKey::Question { log }, Self::Read { call, filter, .. }) => {
                // Made of the redacted filter: a uuid is shown, and a hash of a secret is a way to guess it.
                let hour = occurred_at.micros() / (QUESTION_SECONDS * 1_000_000);
                let name = by.user.name.as_deref().unwrap_or_default();
                let question =
                    (log, model_id.as_str(), call.as_str(), name, question_string(filter, redaction));
                hashed(&format!("{question:?} {hour}"))
            }
            (EventKey::Question { .. }, _) => Uuid::now_v7(),
        };
        let proposal = Proposal {
            uuid: Some(uuid),
            occurred_at: Some(occurred_at.min(now)),
            action,
            model_type,
            model_id,
            model_name: None,
            user: by.user.clone(),
            on_behalf_of: None,
            context: by.context.clone(),
            reason: self.reason().map(str::to_owned),
            before: None,
            after: None,
            changes: Some(changes),
        };
        Draft::prepare(&proposal, redaction, now)
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The id under which pauses of the sweep are recorded.
const SWEEP: &str = "sweep";

#[cfg(test)]
mod tests;
