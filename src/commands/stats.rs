//! `stats`: counts entries by day, hour, user, field and other dimensions.

use clap::Args;
use serde_json::json;

use crate::api::counts::{Counts, CountsQuery, MAX_DIMENSIONS};
use crate::args::at_least_one;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{CsvArgs, Format};
use crate::commands::Context;
use crate::commands::connect::connect_to_read;
use crate::commands::output::{delimiter, query as query_parameters};
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::stats::Group;
use crate::model::time::TimeContext;
use crate::model::words::{Dimension, Log, UnknownWord};
use crate::render::delimited::records::records;
use crate::render::filter_summary::{counted, describe_in, joined, missing};
use crate::render::stats::{StatsWindow, ValueCount, chart, rows, table, top};

/// Count entries by day, hour, weekday, week, month, action, type, user, field, channel (via) or resource
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit stats --by weekday,hour --since 90d\n  krosyn-audit stats --by resource --top 5 -u ana.ruiz"
)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Count by: day, hour, weekday, week, month, action, type, user, field, via,
    /// resource; two make a table (default: day)
    #[arg(long, value_name = "DIMENSION", value_delimiter = ',')]
    by: Vec<String>,

    /// Show only the N values with the most entries, and the sum of the others
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    top: Option<u32>,

    /// Output format: table, json, csv or tsv (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl StatsArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let on_screen = context.terminal.out_is_terminal;
        let format = self.format.unwrap_or(if on_screen { Format::Table } else { Format::Tsv });
        if !matches!(format, Format::Table | Format::Json | Format::Csv | Format::Tsv) {
            return Err(Failure::usage("stats writes table, json, csv or tsv"));
        }
        let by = self.dimensions()?;
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let zone = context.time.zone;
        let query = CountsQuery { filter: filter.clone(), by: by.clone(), zone, as_of: None };
        let counts = client.counts(&query).await?;
        let chosen = ChosenCounts::new(&counts, &by, &filter, &context.time, self.top);

        let style = context.appearance.style(&context.terminal, context.time, on_screen);
        if format == Format::Table {
            context.page();
        }
        let out = context.terminal.data();
        match (format, by.as_slice()) {
            (Format::Table, [by]) => chart(out, *by, &chosen.down, chosen.others, &style)?,
            (Format::Table, [first, second]) => {
                table(out, [*first, *second], &chosen.down, &chosen.across, &counts.groups, &style)?;
            }
            (Format::Json, _) => {
                let document = json!({"query": query_parameters(client.log(), &filter), "by": by, "tz": counts.tz, "total": counts.total,
                    "groups": chosen.groups(&counts, &by), "pruned": counts.pruned});
                writeln!(out, "{document}")?;
            }
            (format, _) => {
                let header: Vec<&str> = by.iter().map(|by| by.as_str()).chain(["entries"]).collect();
                let rows = chosen.groups(&counts, &by).into_iter().map(|group| {
                    let values = group.key.into_iter().map(Option::unwrap_or_default);
                    values.chain([group.count.to_string()]).collect()
                });
                records(out, delimiter(format, CsvArgs::default()), &header, rows)?;
            }
        }
        context.terminal.flush()?;
        let mut footer = footer(&counts, &by, (client.log(), &filter), &context.time);
        if let Some((number, count)) = chosen.others.filter(|_| by.len() > 1) {
            footer.push_str(&format!(" · without {number} others, {}", counted(count, "entry", "entries")));
        }
        context.terminal.status(&footer);
        Ok(exit::DONE)
    }

    fn dimensions(&self) -> Result<Vec<Dimension>, Failure> {
        if self.by.is_empty() {
            return Ok(vec![Dimension::Day]);
        }
        let unknown = |error: UnknownWord| Failure::usage(format!("--by: {error}")).nearest(error.nearest());
        let by = self.by.iter().map(|word| word.parse().map_err(unknown)).collect::<Result<Vec<_>, _>>()?;
        if by.len() > MAX_DIMENSIONS || by.len() == 2 && by[0] == by[1] {
            return Err(Failure::usage("--by takes one dimension or two different dimensions"));
        }
        Ok(by)
    }
}

/// The counts to print, after `--top`.
struct ChosenCounts {
    /// The values of the first dimension.
    down: Vec<ValueCount>,
    /// The values of the second dimension.
    across: Vec<ValueCount>,
    /// The number of values that `--top` omits, and the sum of their counts.
    others: Option<(usize, u64)>,
    is_top: bool,
}

impl ChosenCounts {
    fn new(
        counts: &Counts,
        by: &[Dimension],
        filter: &Filter,
        time: &TimeContext,
        most: Option<u32>,
    ) -> Self {
        // A pruned day must not look like a day without changes.
        let since = match (filter.since, counts.pruned) {
            (Some(since), Some(pruned)) => Some(since.max(pruned.before)),
            (since, _) => since,
        };
        let until = filter.until.or(since.map(|_| time.now)).map(|until| until.min(time.now));
        let rows = |place: usize| match by.get(place) {
            Some(dimension) => {
                rows(&counts.groups, place, *dimension, StatsWindow { since, until }, time.zone)
            }
            None => Vec::new(),
        };
        let (mut down, across, mut others) = (rows(0), rows(1), None);
        if let Some(most) = most {
            (down, others) = top(down, most as usize);
        }
        Self { down, across, others, is_top: most.is_some() }
    }

    /// The groups for other formats: with one dimension also the empty ones, with two only the others.
    fn groups(&self, counts: &Counts, by: &[Dimension]) -> Vec<Group> {
        if by.len() == 1 {
            let group = |(value, count): &ValueCount| Group { key: vec![value.clone()], count: *count };
            return self.down.iter().map(group).collect();
        }
        let is_shown = |group: &&Group| {
            !self.is_top || self.down.iter().any(|(value, _)| group.key.first() == Some(value))
        };
        counts.groups.iter().filter(is_shown).cloned().collect()
    }
}

/// `1 301 entries by day in Europe/Madrid · action updated`
fn footer(counts: &Counts, by: &[Dimension], (log, filter): (Log, &Filter), time: &TimeContext) -> String {
    let words: Vec<_> = by.iter().map(|by| by.as_str().replace('_', " ")).collect();
    let mut text = format!("{} by {}", counted(counts.total, "entry", "entries"), words.join(" and "));
    if by.iter().any(|by| by.is_time()) {
        text.push_str(&format!(" in {}", counts.tz));
    }
    if by.contains(&Dimension::Field) {
        text.push_str(", an entry counts once for each of its fields");
    }
    let pruned = counts.pruned.filter(|pruned| filter.since.is_none_or(|since| since < pruned.before));
    let mut parts = vec![text, describe_in(log, filter, time)];
    parts.extend(pruned.map(|pruned| missing(pruned.before, time)));
    joined(parts)
}
