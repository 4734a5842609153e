//! The plan, its cutoff, and past prunes of a log.

use maud::{Markup, html};

use crate::api::prune::RetentionAnswer;
use crate::model::prune::Prune;
use crate::model::time::TimeContext;
use crate::page::text::{full_time, number, shown, time};

/// The view.
pub(crate) fn view(answer: &RetentionAnswer, prunes: &[Prune], context: TimeContext) -> Markup {
    html! {
        h1 { "Retention" }
        dl class="facts" {
            dt { "Plan" } dd { (answer.plan) ": entries are kept for " (answer.retention) }
            @if let Some(floor) = answer.floor { dt { "Floor" } dd { "a prune by hand may ask for " (floor) } }
            dt { "Cutoff" } dd { (full_time(answer.cutoff, &context)) ": older entries have expired" }
            dt { "Kept" } dd { (number(answer.counts.kept)) " entries" }
            dt { "Expired" } dd { (number(answer.counts.expired)) " entries, deleted by the next prune" }
            @if let Some(oldest) = answer.oldest { dt { "Oldest" } dd { (full_time(oldest, &context)) } }
            @if let Some(newest) = answer.newest { dt { "Newest" } dd { (full_time(newest, &context)) } }
        }
        h2 { "Prunes" }
        @if prunes.is_empty() { p { "No entry was ever pruned." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "Prune" } th scope="col" { "Started" } th scope="col" { "By" } th scope="col" { "Cutoff" }
                    th scope="col" class="num" { "Deleted" } th scope="col" { "Entries" } th scope="col" { "Complete" }
                } }
                tbody {
                    @for prune in prunes {
                        tr id={ "prune-" (prune.id) } {
                            td { (prune.id) }
                            td { (time(prune.started_at, &context)) }
                            td { (shown(&prune.by)) }
                            td { (time(prune.cutoff, &context)) }
                            td class="num" { (number(prune.deleted)) }
                            td { (prune.first_id) "–" (prune.last_id) }
                            td { @if prune.complete { "yes" } @else if prune.finished_at.is_some() { "no" } @else { "not finished" } }
                        }
                    }
                }
            }
        }
    }
}
