//! One entry: who did what, when and why, the differences in full, its change set and its proof.

use maud::{Markup, html};

use crate::model::entry::Entry;
use crate::model::filter::escaped;
use crate::model::time::TimeContext;
use crate::model::words::Log;
use crate::page::changes::{self, Extent};
use crate::page::filters::user_text;
use crate::page::text::{entry_path, full_time, href, list_path, resource_name, resource_path, shown, time};
use crate::render::detail::{identity, who};
use crate::render::style::mark;
use crate::render::summary::summary_of;

/// The view. `others` are further entries of the same request, and `proof` is where its proof is.
pub(crate) fn view(log: Log, entry: &Entry, others: &[Entry], proof: &str, context: TimeContext) -> Markup {
    let user = [("user", user_text(entry.user.label()))];
    html! {
        h1 {
            span class={ "action " (entry.action) } { (mark(entry.action)) " " (entry.action) }
            " " (entry.model_type.label()) " " (shown(&resource_name(entry)))
        }
        dl class="facts" {
            dt { "When" } dd { (full_time(entry.occurred_at, &context)) }
            dt { "Who" } dd { a href=(href(list_path(log), user)) { (shown(&who(entry))) } }
            @if let Some(principal) = &entry.on_behalf_of { dt { "For" } dd { (shown(&identity(principal))) } }
            @if let Some(reason) = &entry.reason { dt { "Reason" } dd { (shown(reason)) } }
            dt { "Resource" }
            dd {
                a href=(resource_path(log, entry.model_type, &entry.model_id)) {
                    (entry.model_type) "/" (shown(&entry.model_id))
                }
            }
            dt { "Entry" } dd { (entry.id) ", recorded " (full_time(entry.recorded_at, &context)) }
            @if let Some(agent) = &entry.context.user_agent { dt { "Agent" } dd { (shown(agent)) } }
            @if let Some(request) = &entry.context.request_id { dt { "Request" } dd { (shown(request)) } }
            dt { "Proof" }
            dd { a href=(proof) { "Proof that this entry is in the log" } " (JSON)" }
        }
        h2 { "Changes" }
        (changes::of_entry(entry, Extent::Full, context))
        @if let (Some(request), false) = (&entry.context.request_id, others.is_empty()) {
            h2 { "Change set" }
            p { a href=(href(list_path(log), [("request_id", escaped::<String>(request))])) { "All entries of this request" } }
            ul {
                @for other in others {
                    li {
                        a href=(entry_path(log, other.id)) { (time(other.occurred_at, &context)) " " (other.action) " " (shown(&resource_name(other))) }
                        " " (shown(&summary_of(other)))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::samples;

    #[test]
    fn a_link_to_a_change_set_includes_its_request_id() {
        let mut entry = samples::entry("updated", &json!([]));
        entry.context.request_id = Some("^a,b".to_owned());
        let page = view(Log::Audit, &entry, &[entry.clone()], "", samples::style(80).time).into_string();
        assert!(page.contains(r#"href="/audit-logs?request_id=%5C%5Ea%5C%2Cb""#), "{page}");
    }
}
