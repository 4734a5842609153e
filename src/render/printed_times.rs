//! Tests that every printed time can be typed back, for each output format and time zone.

use proptest::{prop_assert_eq, proptest};
use serde_json::json;

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::time::properties::moments_in_zones;
use crate::model::time::{Edge, TimeContext, When, parse};
use crate::model::timestamp::Timestamp;
use crate::render::columns::Column;
use crate::render::delimited::{Delimited, Delimiter};
use crate::render::detail::{DetailOptions, detail};
use crate::render::filter_summary::describe;
use crate::render::json;
use crate::render::samples::{self, printed};
use crate::render::style::Style;
use crate::render::table::EntryTable;

const DAY: i64 = 24 * 3_600_000_000;

fn read(text: &str, edge: Edge, context: &TimeContext) -> Option<Timestamp> {
    match parse(text, edge, context) {
        Ok(When::At { at, .. }) => Some(at),
        _ => None,
    }
}

fn in_table(entry: &Entry, style: &Style) -> String {
    let text =
        printed(|out| EntryTable::new(&[Column::Time], style).entries(out, std::slice::from_ref(entry)));
    text.lines().nth(1).unwrap_or_default().trim().to_owned()
}

fn in_detail(entry: &Entry, style: &Style) -> String {
    let text = printed(|out| detail(out, entry, DetailOptions::default(), style));
    let when = text.lines().find_map(|line| line.trim().strip_prefix("when"));
    when.unwrap_or_default().trim().to_owned()
}

fn delimited(entry: &Entry, delimiter: Delimiter) -> String {
    let columns = [Column::Time];
    let text = printed(|out| {
        let mut delimited = Delimited::new(out, &columns, delimiter)?;
        delimited.entry(&entry.view())?;
        delimited.finish().map(drop)
    });
    text.lines().last().unwrap_or_default().to_owned()
}

fn as_json(entry: &Entry) -> String {
    let text = printed(|out| json::line(out, &entry.view()));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["occurred_at"].as_str().unwrap_or_default().to_owned()
}

proptest! {
    #[test]
    fn printed_times_are_accepted((zone, at) in moments_in_zones(), ahead in -400 * DAY..400 * DAY) {
        let now = Timestamp::from_micros(at.micros() + ahead).unwrap_or(at);
        let context = TimeContext { now, zone };
        let style = Style { time: context, ..samples::style(120) };
        let entry = Entry { occurred_at: at, recorded_at: at, ..samples::entry("updated", &json!([])) };

        let csv = Delimiter::Csv { guard: true, bom: false };
        let (detail, relative) = (in_detail(&entry, &style), in_table(&entry, &Style { relative: true, ..style }));
        let (absolute, ago) = detail.rsplit_once(", ").unwrap_or_default();
        let exact = [delimited(&entry, Delimiter::Tsv), delimited(&entry, csv), as_json(&entry), absolute.to_owned()];
        for text in exact {
            for edge in [Edge::Since, Edge::Until] {
                prop_assert_eq!(read(&text, edge, &context), Some(at), "{} in {}", text, zone);
            }
        }
        let to_the_second = in_table(&entry, &style);
        let second = read(&to_the_second, Edge::Since, &context).map(|read| read.micros() / 1_000_000);
        prop_assert_eq!(second, Some(at.micros() / 1_000_000), "{} in {}", to_the_second, zone);
        // An age is rounded; by how much is tested beside it. Ages before 1970 do not exist.
        for text in [relative.as_str(), ago] {
            let accepted = read(text, Edge::Since, &context).is_some() || at.micros() < 32 * DAY;
            prop_assert_eq!(accepted, true, "{} in {}", text, zone);
        }
        for whole in [at, Timestamp::from_micros(at.micros() / 60_000_000 * 60_000_000).unwrap_or(at)] {
            let since = describe(&Filter { since: Some(whole), ..Filter::default() }, &context);
            let since = since.trim_start_matches("since ");
            prop_assert_eq!(read(since, Edge::Since, &context), Some(whole), "{} in {}", since, zone);
            let until = describe(&Filter { until: Some(whole), ..Filter::default() }, &context);
            let until = until.trim_start_matches("until ");
            prop_assert_eq!(read(until, Edge::Until, &context), Some(whole), "{} in {}", until, zone);
        }
    }
}
