//! Tests slots and groups against real clocks, in common and unusual time zones.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::fixtures::at;

const TIME: &[Dimension] =
    &[Dimension::Day, Dimension::Hour, Dimension::Weekday, Dimension::Week, Dimension::Month];

fn width(zone: Tz, by: Dimension, since: &str, until: &str) -> Option<u32> {
    slot_seconds(&[by], zone, at(since), at(until))
}

#[test]
fn slots_are_as_wide_as_the_zone_allows() {
    let year = |zone, by| width(zone, by, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(year(Tz::UTC, Dimension::Day), Some(86_400));
    assert_eq!(year(Tz::UTC, Dimension::Hour), Some(3_600));
    assert_eq!(year(Tz::Europe__Madrid, Dimension::Month), Some(3_600));
    assert_eq!(year(Tz::Asia__Kathmandu, Dimension::Day), Some(900));
    assert_eq!(year(Tz::Europe__Madrid, Dimension::User), None);
    // Newfoundland changed its clocks a minute after midnight until 2011.
    let st_johns =
        width(Tz::America__St_Johns, Dimension::Day, "2009-01-01T00:00:00Z", "2010-01-01T00:00:00Z");
    assert_eq!(st_johns, Some(60));
}

#[test]
fn days_have_23_to_25_hours_at_clock_changes() {
    let hours = |from: &str, count: i64| -> Vec<Count> {
        let slot = |hour| Some(at(from).plus(TimeDelta::hours(hour)));
        (0..count).map(|hour| Count { slot: slot(hour), values: vec![], count: 1 }).collect()
    };
    let day = |counts: &[Count]| {
        let groups = groups(counts, &[Dimension::Day], Tz::Europe__Madrid);
        groups.into_iter().map(|group| (group.key[0].clone().unwrap(), group.count)).collect::<Vec<_>>()
    };
    // The clocks go forward on 29 March and back on 25 October.
    let spring = day(&hours("2026-03-27T23:00:00Z", 71));
    assert_eq!(spring, [("2026-03-28".into(), 24), ("2026-03-29".into(), 23), ("2026-03-30".into(), 24)]);
    let autumn = day(&hours("2026-10-23T22:00:00Z", 73));
    assert_eq!(autumn, [("2026-10-24".into(), 24), ("2026-10-25".into(), 25), ("2026-10-26".into(), 24)]);
    let by_hour = groups(&hours("2026-10-24T22:00:00Z", 25), &[Dimension::Hour], Tz::Europe__Madrid);
    let twice = by_hour.iter().find(|group| group.count == 2).expect("the hour that came twice");
    assert_eq!((twice.key[0].as_deref(), by_hour.len()), (Some("02"), 24));
}

#[test]
fn groups_are_sorted_by_time_or_count() {
    let count = |value: &str, count| Count {
        slot: Some(at("2026-11-22T08:00:00Z")),
        values: vec![Some(value.to_owned())],
        count,
    };
    let none = Count { values: vec![None], ..count("", 2) };
    let monday = Count { slot: Some(at("2026-11-23T08:00:00Z")), ..count("web", 1) };
    let found = groups(
        &[count("api", 1), count("web", 3), none, monday],
        &[Dimension::Via, Dimension::Weekday],
        Tz::UTC,
    );
    let found: Vec<_> = found
        .iter()
        .map(|group| (group.key[0].as_deref(), group.key[1].as_deref().unwrap(), group.count))
        .collect();
    assert_eq!(
        found,
        [
            (Some("web"), "monday", 1),
            (Some("web"), "sunday", 3),
            (None, "sunday", 2),
            (Some("api"), "sunday", 1)
        ]
    );
    assert_eq!(Dimension::Week.of_moment(at("2027-01-01T00:00:00Z"), Tz::UTC).as_deref(), Some("2026-W53"));
}

proptest! {
    /// Any time has the day, hour and week of its slot.
    #[test]
    fn slots_never_span_two_days_or_hours(
        zone in select(&[Tz::Europe__Madrid, Tz::America__St_Johns, Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe,
            Tz::Africa__Monrovia, Tz::Pacific__Kiritimati, Tz::Pacific__Apia, Tz::Africa__Casablanca, Tz::UTC][..]),
        by in select(TIME),
        seconds in 0i64..1_900_000_000,
        span in 0i64..40_000_000,
    ) {
        let since = Timestamp::from_micros(seconds * 1_000_000).expect("a moment");
        let until = since.plus(TimeDelta::seconds(span));
        let width = i64::from(slot_seconds(&[by], zone, since, until).expect("a width"));
        for part in 0..200 {
            let moment = seconds + span * part / 200;
            let slot = moment / width * width;
            let name = |second: i64| by.of_moment(Timestamp::from_micros(second * 1_000_000).expect("a moment"), zone);
            prop_assert_eq!(name(slot), name(moment), "slots of {} s", width);
            prop_assert_eq!(name(slot), name(slot + width - 1), "slots of {} s", width);
        }
    }
}
