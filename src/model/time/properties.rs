//! Properties of every zone, moment and text: printed times parse to the same moment, and nothing panics.

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

use super::{Edge, TimeContext, When, format, parse};
use crate::model::timestamp::Timestamp;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

fn moments() -> impl Strategy<Value = Timestamp> {
    let recent = 0..2_524_608_000_000_000_i64;
    let ever = 0..=Timestamp::MAX.micros();
    prop_oneof![recent, ever].prop_map(|micros| Timestamp::from_micros(micros).expect("in range"))
}

/// A zone and a moment in it, mostly within three hours of a change of its clocks.
pub(crate) fn moments_in_zones() -> impl Strategy<Value = (Tz, Timestamp)> {
    (select(TZ_VARIANTS.as_slice()), moments(), -3 * HOUR..3 * HOUR).prop_map(|(zone, moment, distance)| {
        let near = next_change(zone, moment).and_then(|change| Timestamp::from_micros(change + distance));
        (zone, near.unwrap_or(moment))
    })
}

/// The first change of the zone's offset within a year, to the second.
fn next_change(zone: Tz, from: Timestamp) -> Option<i64> {
    let offset = |micros: i64| {
        let moment = chrono::DateTime::from_timestamp_micros(micros).expect("in range");
        zone.offset_from_utc_datetime(&moment.naive_utc()).fix()
    };
    let days = (0..370).map(|day| from.micros() + day * DAY);
    let mut before = days.clone().zip(days.skip(1)).find(|(day, next)| offset(*day) != offset(*next))?.0;
    let (old, mut after) = (offset(before), before + DAY);
    while after - before > 1_000_000 {
        let middle = before.midpoint(after);
        if offset(middle) == old { before = middle } else { after = middle }
    }
    Some(after)
}

fn read(text: &str, edge: Edge, context: &TimeContext) -> Option<Timestamp> {
    match parse(text, edge, context) {
        Ok(When::At { at, .. }) => Some(at),
        _ => None,
    }
}

proptest! {
    #[test]
    fn printed_times_parse_to_the_same_moment((zone, at) in moments_in_zones(), ahead in -400 * DAY..400 * DAY) {
        let now = Timestamp::from_micros(at.micros() + ahead).unwrap_or(at);
        let context = TimeContext { now, zone };
        let micros = at.micros();
        let epoch = format!("@{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        for text in [format::full(at, &context), at.to_string(), epoch] {
            for edge in [Edge::Since, Edge::Until] {
                prop_assert_eq!(read(&text, edge, &context), Some(at), "{} in {}", text, zone);
            }
        }
        let short = format::short(at, &context);
        let second = read(&short, Edge::Since, &context).map(|read| read.micros() / 1_000_000);
        prop_assert_eq!(second, Some(micros / 1_000_000), "{} in {}", short, zone);
    }

    #[test]
    fn a_moment_lies_within_its_day((zone, at) in moments_in_zones()) {
        let context = TimeContext { now: at, zone };
        let date = format::day(at, zone).to_string();
        for text in [date.as_str(), "today"] {
            if let Some(since) = read(text, Edge::Since, &context) {
                prop_assert!(since <= at, "{} in {}", text, zone);
            }
            if let Some(until) = read(text, Edge::Until, &context) {
                prop_assert!(at < until, "{} in {}", text, zone);
            }
        }
    }

    #[test]
    fn a_printed_distance_is_exact_to_its_unit(now in moments(), distance in 0..100 * 366 * DAY, scale in 0..40_u32) {
        let distance = distance >> scale;
        for at in [now.micros() - distance, now.micros() + distance] {
            let Some(at) = Timestamp::from_micros(at) else { continue };
            let text = format::relative(at, now);
            let unit = match text.trim_end_matches(" ago").trim_end_matches('s').rsplit(' ').next() {
                Some("year") => 366 * DAY,
                Some("month") => 34 * DAY,
                Some("day") => DAY,
                Some("hour") => HOUR,
                Some("minute") => 60_000_000,
                Some("second") => 1_000_000,
                _ => 10_000_000,
            };
            let read = read(&text, Edge::Since, &TimeContext { now, zone: Tz::UTC });
            let off = read.map(|read| (read.micros() - at.micros()).abs());
            prop_assert!(off.is_some_and(|off| off < unit), "{} is {:?} off", text, off);
        }
    }

    #[test]
    fn no_text_panics(
        any_text in any::<String>(),
        near in "(@|id:|in |nov |2026-|9999-12-31|0000-01-01)?[-0-9:.+tz a-y@é]{0,24}( ago| utc| cet)?",
        now in moments(),
        zone in select(TZ_VARIANTS.as_slice()),
    ) {
        let context = TimeContext { now, zone };
        for (text, edge) in [(&any_text, Edge::Since), (&near, Edge::Since), (&near, Edge::Until)] {
            if let Err(error) = parse(text, edge, &context) {
                prop_assert!(error.to_string().ends_with("2026-11-20 14:03, @1763730247)"));
            }
        }
    }
}
