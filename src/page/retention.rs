//! The plan, its cutoff, and past prunes of each log.

use maud::{Markup, html};

use crate::api::prune::RetentionAnswer;
use crate::model::prune::Prune;
use crate::model::time::TimeContext;
use crate::model::words::Log;
use crate::page::text::{full_time, number, shown, time};
use crate::render::filter_summary::counted;

/// The retention of one log.
pub(crate) struct LogRetention {
    pub(crate) log: Log,
    pub(crate) answer: RetentionAnswer,
    pub(crate) prunes: Vec<Prune>,
}

/// The view.
pub(crate) fn view(logs: &[LogRetention], context: TimeContext) -> Markup {
    html! {
        h1 { "Retention" }
        @for it in logs { (of_log(it, context)) }
    }
}

fn of_log(LogRetention { log, answer, prunes }: &LogRetention, context: TimeContext) -> Markup {
    let title = match log {
        Log::Audit => "Audit log",
        Log::Trail => "Trail",
    };
    html! {
        h2 { (title) }
        dl class="facts" {
            dt { "Plan" } dd { (answer.plan) ": entries are kept for " (answer.retention) }
            @if let Some(floor) = answer.floor { dt { "Floor" } dd { "a prune by hand may ask for " (floor) } }
            dt { "Cutoff" } dd { (full_time(answer.cutoff, &context)) ": older entries have expired" }
            dt { "Kept" } dd { (counted(answer.counts.kept, "entry", "entries")) }
            dt { "Expired" } dd { (counted(answer.counts.expired, "entry", "entries")) ", deleted by the next prune" }
            @if answer.counts.held > 0 {
                dt { "Held" } dd {
                    (counted(answer.counts.held, "expired entry", "expired entries")) ", kept by holds: "
                    @for (index, by) in answer.held_by.iter().enumerate() {
                        @if index > 0 { ", " }
                        (shown(&by.hold)) " (" (number(by.entries)) ")"
                    }
                }
            }
            @if let Some(oldest) = answer.oldest { dt { "Oldest" } dd { (full_time(oldest, &context)) } }
            @if let Some(newest) = answer.newest { dt { "Newest" } dd { (full_time(newest, &context)) } }
        }
        @if prunes.is_empty() { p { "No entry was ever pruned." } }
        @else { (table(*log, prunes, context)) }
    }
}

fn table(log: Log, prunes: &[Prune], context: TimeContext) -> Markup {
    html! {
        table {
            caption { "Prunes" }
            thead { tr {
                th scope="col" { "Prune" } th scope="col" { "Started" } th scope="col" { "By" } th scope="col" { "Cutoff" }
                th scope="col" class="num" { "Deleted" } th scope="col" { "Entries" } th scope="col" { "Complete" }
            } }
            tbody {
                @for prune in prunes {
                    tr id={ (log) "-prune-" (prune.id) } {
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
