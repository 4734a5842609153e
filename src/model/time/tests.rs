//! Tests of the time grammar, form by form, and of days on which clocks change.

use chrono_tz::Tz;

use super::{Age, AgeErrorKind, Edge, TimeContext, TimeErrorKind, When, format, parse};
use crate::model::fixtures::at;
use crate::model::timestamp::Timestamp;

const MADRID: Tz = Tz::Europe__Madrid;

/// A Sunday in Madrid, 09:40 by its clocks.
fn sunday() -> TimeContext {
    in_zone(MADRID)
}

fn in_zone(zone: Tz) -> TimeContext {
    TimeContext { now: at("2026-11-22T08:40:07.412033Z"), zone }
}

#[track_caller]
fn read(text: &str, edge: Edge, context: &TimeContext) -> (Timestamp, Option<String>) {
    match parse(text, edge, context) {
        Ok(When::At { at, note }) => (at, note),
        other => panic!("{text}: {other:?}"),
    }
}

/// Asserts that a text means `expected` both as the start and as the end of a range, without a note.
#[track_caller]
fn assert_moment(text: &str, expected: &str, context: &TimeContext) {
    for edge in [Edge::Since, Edge::Until] {
        assert_eq!(read(text, edge, context), (at(expected), None), "{text} {edge:?}");
    }
}

#[track_caller]
fn assert_day(text: &str, since: &str, until: &str, context: &TimeContext) {
    assert_eq!(read(text, Edge::Since, context), (at(since), None), "{text}");
    assert_eq!(read(text, Edge::Until, context), (at(until), None), "{text}");
}

/// `since` and `until` are moments with their notes, of which the text up to ` in ZONE; ` is left out.
#[track_caller]
fn assert_resolved(zone: Tz, text: &str, since: (&str, &str), until: (&str, &str)) {
    for (edge, (moment, note)) in [(Edge::Since, since), (Edge::Until, until)] {
        let (found, said) = read(text, edge, &in_zone(zone));
        assert_eq!(found, at(moment), "{text} {edge:?}");
        let said = said.expect("a note");
        assert!(said.starts_with(text) && said.ends_with(&format!(" in {zone}; {note}")), "{said}");
    }
}

#[test]
fn ages_count_back_from_now() {
    for (text, expected) in [
        ("15m", "2026-11-22T08:25:07.412033Z"),
        ("15min", "2026-11-22T08:25:07.412033Z"),
        ("90s", "2026-11-22T08:38:37.412033Z"),
        ("2h", "2026-11-22T06:40:07.412033Z"),
        ("2 Hours", "2026-11-22T06:40:07.412033Z"),
        ("2 hours ago", "2026-11-22T06:40:07.412033Z"),
        ("3d", "2026-11-19T08:40:07.412033Z"),
        ("3 days ago", "2026-11-19T08:40:07.412033Z"),
        ("2w", "2026-11-08T08:40:07.412033Z"),
        ("6mo", "2026-05-22T08:40:07.412033Z"),
        ("1y", "2025-11-22T08:40:07.412033Z"),
        ("1d12h", "2026-11-20T20:40:07.412033Z"),
        ("1y 2mo 1d ago", "2025-09-21T08:40:07.412033Z"),
        ("26 minutes ago", "2026-11-22T08:14:07.412033Z"),
        ("in 2 minutes", "2026-11-22T08:42:07.412033Z"),
        ("0d", "2026-11-22T08:40:07.412033Z"),
        ("  NOW\t", "2026-11-22T08:40:07.412033Z"),
        ("just now", "2026-11-22T08:40:07.412033Z"),
    ] {
        assert_moment(text, expected, &sunday());
    }
    let leap_day = TimeContext { now: at("2028-02-29T10:00:00Z"), zone: Tz::UTC };
    assert_moment("1y", "2027-02-28T10:00:00Z", &leap_day);
    let march = TimeContext { now: at("2026-03-31T10:00:00Z"), zone: Tz::UTC };
    assert_moment("1mo", "2026-02-28T10:00:00Z", &march);
}

#[test]
fn a_day_alone_means_its_first_instant_or_the_first_after_it() {
    let friday = ("2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z");
    let sunday_before = ("2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z");
    for (text, (since, until)) in [
        ("2026-11-20", friday),
        ("nov 20", friday),
        ("November 20", friday),
        ("friday", friday),
        ("Fri", friday),
        ("2026-11-20 CET", friday),
        ("2026-11-20+01:00", friday),
        ("today", sunday_before),
        ("Sunday", sunday_before),
        ("yesterday", ("2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z")),
        ("mon", ("2026-11-15T23:00:00Z", "2026-11-16T23:00:00Z")),
        ("2026-11-20 utc", ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")),
        ("2026-11-20Z", ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")),
    ] {
        assert_day(text, since, until, &sunday());
    }
    // It is still Saturday in New York when the sun has risen on Sunday in Tokyo.
    let night = at("2026-11-22T03:00:00Z");
    let new_york = TimeContext { now: night, zone: Tz::America__New_York };
    assert_day("today", "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z", &new_york);
    let tokyo = TimeContext { now: night, zone: Tz::Asia__Tokyo };
    assert_day("today", "2026-11-21T15:00:00Z", "2026-11-22T15:00:00Z", &tokyo);
}

#[test]
fn times_without_a_zone_are_in_the_zone_of_the_context() {
    for (text, expected) in [
        ("2026-11-20 14:03", "2026-11-20T13:03:00Z"),
        ("2026-11-20  9:03", "2026-11-20T08:03:00Z"),
        ("2026-11-20T14:03", "2026-11-20T13:03:00Z"),
        ("2026-11-20 14:03:11", "2026-11-20T13:03:11Z"),
        ("2026-11-20 14:03:11.4", "2026-11-20T13:03:11.4Z"),
        ("2026-11-20 14:03:11.412033999", "2026-11-20T13:03:11.412033Z"),
        ("2026-07-20 14:03", "2026-07-20T12:03:00Z"),
        ("2026-11-20 14:03 UTC", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03z", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03 +05:30", "2026-11-20T08:33:00Z"),
        ("2026-11-20 14:03-0330", "2026-11-20T17:33:00Z"),
        ("2026-11-20 14:03 -03", "2026-11-20T17:03:00Z"),
        ("2026-11-20 14:03 CET", "2026-11-20T13:03:00Z"),
        ("2026-07-20 14:03 cest", "2026-07-20T12:03:00Z"),
        ("2026-11-20t14:03:11.412033+01:00", "2026-11-20T13:03:11.412033Z"),
        ("2026-11-20T14:03:11Z", "2026-11-20T14:03:11Z"),
        ("@1763730247", "2025-11-21T13:04:07Z"),
        ("@1763730247.412", "2025-11-21T13:04:07.412Z"),
        ("@0", "1970-01-01T00:00:00Z"),
        ("1970-01-01 01:00", "1970-01-01T00:00:00Z"),
    ] {
        assert_moment(text, expected, &sunday());
    }
    assert_eq!(parse("ID:1287", Edge::Since, &sunday()), Ok(When::Entry(1287)));
}

#[test]
fn a_date_without_a_year_is_the_most_recent_up_to_tomorrow() {
    for (text, expected) in [
        ("Nov 22 09:14:07", "2026-11-22T08:14:07Z"),
        ("nov 22 9:14", "2026-11-22T08:14:00Z"),
        ("Nov 22 09:14:07 UTC", "2026-11-22T09:14:07Z"),
        ("Nov 23 09:40:07", "2026-11-23T08:40:07Z"),
        ("Nov 23 09:40:08", "2025-11-23T08:40:08Z"),
        ("Dec 31 23:59:59", "2025-12-31T22:59:59Z"),
        ("Feb 29 12:00", "2024-02-29T11:00:00Z"),
    ] {
        assert_moment(text, expected, &sunday());
    }
    let silvester = TimeContext { now: at("2026-12-31T22:30:00Z"), zone: MADRID };
    assert_moment("Jan 1 00:10", "2026-12-31T23:10:00Z", &silvester);
    // 2100 is no leap year, so the last 29 February lies eight years back.
    let eight_years = TimeContext { now: at("2104-02-27T12:00:00Z"), zone: Tz::UTC };
    assert_moment("Feb 29 00:00", "2096-02-29T00:00:00Z", &eight_years);
}

#[test]
fn a_skipped_time_means_the_end_of_the_gap() {
    let madrid = ("2026-03-29T01:00:00Z", "taken as the end of the gap, 2026-03-29 03:00 CEST");
    assert_resolved(MADRID, "2026-03-29 02:30", madrid, madrid);
    assert_resolved(MADRID, "2026-03-29 02:00", madrid, madrid);
    let new_york = ("2026-03-08T07:00:00Z", "taken as the end of the gap, 2026-03-08 03:00 EDT");
    assert_resolved(Tz::America__New_York, "2026-03-08 02:30:11.5", new_york, new_york);
    let lord_howe = ("2026-10-03T15:30:00Z", "taken as the end of the gap, 2026-10-04 02:30 +11:00");
    assert_resolved(Tz::Australia__Lord_Howe, "2026-10-04 02:15", lord_howe, lord_howe);
    let apia = ("2011-12-30T10:00:00Z", "taken as the end of the gap, 2011-12-31 00:00 +14:00");
    assert_resolved(Tz::Pacific__Apia, "2011-12-30", apia, apia);
    assert_moment("2026-03-29 03:00", "2026-03-29T01:00:00Z", &sunday());
    let said = parse("2026-03-29 02:30 CET", Edge::Since, &sunday()).expect_err("no such time").kind;
    assert_eq!(said, TimeErrorKind::Abbreviation { name: "CET".to_owned(), zone: MADRID });
}

#[test]
fn a_repeated_time_means_the_earlier_or_the_later_by_edge() {
    assert_resolved(
        MADRID,
        "2026-10-25 02:30",
        ("2026-10-25T00:30:00Z", "taken as the earlier, 02:30 CEST"),
        ("2026-10-25T01:30:00Z", "taken as the later, 02:30 CET"),
    );
    assert_resolved(
        Tz::America__New_York,
        "2026-11-01 01:59:59.5",
        ("2026-11-01T05:59:59.5Z", "taken as the earlier, 01:59:59.500 EDT"),
        ("2026-11-01T06:59:59.5Z", "taken as the later, 01:59:59.500 EST"),
    );
    assert_resolved(
        Tz::Australia__Lord_Howe,
        "2026-04-05 01:45",
        ("2026-04-04T14:45:00Z", "taken as the earlier, 01:45 +11:00"),
        ("2026-04-04T15:15:00Z", "taken as the later, 01:45 +10:30"),
    );
    let (_, note) = read("2026-10-25 02:30", Edge::Since, &sunday());
    let sentence = "2026-10-25 02:30 happens twice in Europe/Madrid; taken as the earlier, 02:30 CEST";
    assert_eq!(note.as_deref(), Some(sentence));
    assert_moment("2026-10-25 02:30 CEST", "2026-10-25T00:30:00Z", &sunday());
    assert_moment("2026-10-25 02:30 CET", "2026-10-25T01:30:00Z", &sunday());
    assert_moment("2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z", &sunday());
    assert_moment("2026-10-25 03:00", "2026-10-25T02:00:00Z", &sunday());
}

#[test]
fn days_last_from_23_to_25_hours() {
    let days = [
        (MADRID, "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        (MADRID, "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        (MADRID, "2026-10-25 CET", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        (Tz::America__New_York, "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        (Tz::America__New_York, "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        (Tz::Australia__Lord_Howe, "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"),
        (Tz::Asia__Tokyo, "2026-10-25", "2026-10-24T15:00:00Z", "2026-10-25T15:00:00Z"),
        // Midnight itself is skipped in Beirut, and comes twice in Havana.
        (Tz::Asia__Beirut, "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),
        (Tz::America__Havana, "2026-10-31", "2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z"),
        // In St. John's the clocks went from 00:01 back to 23:01: the old day's last hour follows the new day's first minute.
        (Tz::America__St_Johns, "2010-11-06", "2010-11-06T02:30:00Z", "2010-11-07T03:30:00Z"),
        (Tz::America__St_Johns, "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"),
    ];
    for (zone, text, since, until) in days {
        assert_day(text, since, until, &in_zone(zone));
    }
}

#[test]
fn errors_have_a_kind() {
    let elsewhere = |name: &str| TimeErrorKind::Abbreviation { name: name.to_owned(), zone: MADRID };
    for (text, kind) in [
        ("", TimeErrorKind::Empty),
        (" \t", TimeErrorKind::Empty),
        ("1763730247", TimeErrorKind::BareNumber),
        ("2026", TimeErrorKind::BareYear),
        ("1287", TimeErrorKind::BareNumber),
        ("2026-w48", TimeErrorKind::NotATime),
        ("11/28", TimeErrorKind::OtherDate),
        ("1763730247.412", TimeErrorKind::BareNumber),
        ("@", TimeErrorKind::Epoch),
        ("@-1", TimeErrorKind::Epoch),
        ("@1.", TimeErrorKind::Epoch),
        ("@1e9", TimeErrorKind::Epoch),
        ("@253402300800", TimeErrorKind::OutOfRange),
        ("@99999999999999999999", TimeErrorKind::OutOfRange),
        ("id:", TimeErrorKind::Entry),
        ("id:0", TimeErrorKind::Entry),
        ("id:+1", TimeErrorKind::Entry),
        ("id:18446744073709551616", TimeErrorKind::Entry),
        ("2026-02-29", TimeErrorKind::NoSuchDay),
        ("2026-13-01", TimeErrorKind::NoSuchDay),
        ("Feb 30", TimeErrorKind::NoSuchDay),
        ("2026-11-20 24:00", TimeErrorKind::NoSuchTimeOfDay),
        ("2026-11-20 14:60", TimeErrorKind::NoSuchTimeOfDay),
        ("2026-11-20 14:03:60", TimeErrorKind::NoSuchTimeOfDay),
        ("2026-11-20 14:3", TimeErrorKind::NoSuchTimeOfDay),
        ("2026-11-20 14", TimeErrorKind::NoSuchTimeOfDay),
        ("2026-11-20 14:03:11.", TimeErrorKind::NoSuchTimeOfDay),
        ("24.11.2026", TimeErrorKind::OtherDate),
        ("11/24/2026 14:03", TimeErrorKind::OtherDate),
        ("2026-13", TimeErrorKind::NoSuchDay),
        ("28 Nov 2026 25:00", TimeErrorKind::NoSuchTimeOfDay),
        (
            "Mon, 28 Nov 2026 14:03:11 +0100",
            TimeErrorKind::OtherWeekday(chrono::NaiveDate::from_ymd_opt(2026, 11, 28).expect("a date")),
        ),
        ("monday teatime", TimeErrorKind::NotATime),
        ("13pm", TimeErrorKind::Age(AgeErrorKind::UnknownUnit)),
        ("1,5h", TimeErrorKind::Age(AgeErrorKind::Fraction("1h30min".to_owned()))),
        ("-1M", TimeErrorKind::Age(AgeErrorKind::AmbiguousM)),
        ("last fortnight", TimeErrorKind::NotATime),
        ("2026-11-20 14:03 +24:00", TimeErrorKind::Offset),
        ("2026-11-20 14:03 +1", TimeErrorKind::Offset),
        ("2026-11-20 14:03 CEST", elsewhere("CEST")),
        ("2026-11-20 14:03 PST", elsewhere("PST")),
        ("2026-11-20 CEST", elsewhere("CEST")),
        ("2026-11-20T", elsewhere("T")),
        ("2026-11-20 14:03 Europe/Madrid", TimeErrorKind::NotATime),
        ("2026-11-2014:03", TimeErrorKind::NotATime),
        ("1969-12-31", TimeErrorKind::OutOfRange),
        ("0000-01-01 00:00", TimeErrorKind::OutOfRange),
        ("9999-12-31 23:59:59 -01:00", TimeErrorKind::OutOfRange),
        ("1000y", TimeErrorKind::OutOfRange),
        ("in 9000y", TimeErrorKind::OutOfRange),
        ("357913941y", TimeErrorKind::OutOfRange),
        ("99999999999999999999d", TimeErrorKind::Age(AgeErrorKind::TooLong)),
        ("1h1d", TimeErrorKind::Age(AgeErrorKind::Order)),
        ("3 fortnights", TimeErrorKind::Age(AgeErrorKind::UnknownUnit)),
        ("in 2h ago", TimeErrorKind::Age(AgeErrorKind::NotAnAge)),
        ("soon", TimeErrorKind::NotATime),
        ("--2h", TimeErrorKind::NotATime),
        ("ago", TimeErrorKind::NotATime),
        ("ñov 22", TimeErrorKind::NotATime),
    ] {
        assert_eq!(parse(text, Edge::Since, &sunday()).expect_err(text).kind, kind, "{text}");
    }
}

#[test]
fn an_error_quotes_the_text_and_gives_four_examples() {
    let said = |text: &str| parse(text, Edge::Since, &sunday()).expect_err(text).to_string();
    let examples = "(such as 2h, yesterday, 2026-11-20 14:03, @1763730247)";
    assert_eq!(said("soon"), format!("not a time: \"soon\" {examples}"));
    assert!(
        said("5").starts_with("a bare number is not a time, write id:1287 for an entry, @1763730247"),
        "{}",
        said("5")
    );
    assert!(said("2026-11-20 14:03 PST").contains("PST is not used in Europe/Madrid at that time"));
    let hostile = said(&format!("\u{1b}[31m\u{202e}{}", "x".repeat(1000)));
    assert!(hostile.len() < 200 && hostile.replace('…', "").is_ascii(), "{hostile}");
    for example in ["2h", "yesterday", "2026-11-20 14:03", "@1763730247", "15m", "@1763730247.412"] {
        assert!(parse(example, Edge::Since, &sunday()).is_ok(), "{example}");
    }
}

#[test]
fn moments_are_formatted_for_lists_and_in_full() {
    let (context, brazil) = (sunday(), in_zone(Tz::America__Sao_Paulo));
    let moment = at("2026-11-22T08:14:07.412Z");
    assert_eq!(format::short(moment, &context), "Nov 22 09:14:07");
    assert_eq!(format::short(at("2026-01-02T08:14:07Z"), &context), "Jan 02 09:14:07");
    assert_eq!(format::short(at("2025-11-22T08:14:07Z"), &context), "2025-11-22 09:14:07");
    assert_eq!(format::short(at("2026-12-22T08:14:07Z"), &context), "2026-12-22 09:14:07");
    assert_eq!(format::short(at("2026-10-25T00:30:00Z"), &context), "Oct 25 02:30:00");
    assert_eq!(format::short(at("2026-10-25T01:30:00Z"), &context), "2026-10-25 02:30:00+01:00");
    assert_eq!(format::full(moment, &context), "2026-11-22 09:14:07.412 CET");
    assert_eq!(format::full(at("2026-07-22T08:14:07.412033Z"), &context), "2026-07-22 10:14:07.412033 CEST");
    assert_eq!(format::full(moment, &brazil), "2026-11-22 05:14:07.412 -03:00");
    assert_eq!(format::zone_label(moment, MADRID), "CET");
    assert_eq!(format::zone_label(moment, brazil.zone), "-03:00");
    assert_eq!(format::zone_label(moment, Tz::UTC), "UTC");
    // The year 10000 has begun in Auckland, and no form of the grammar can say so.
    let auckland = in_zone(Tz::Pacific__Auckland);
    assert_eq!(format::full(Timestamp::MAX, &auckland), "9999-12-31 23:59:59.999999 UTC");
    assert_eq!(format::short(Timestamp::MAX, &auckland), "9999-12-31 23:59:59Z");
    // Both hours before and after the change of 2015 were called KST.
    let korea = in_zone(Tz::Asia__Pyongyang);
    assert_eq!(format::full(at("2015-08-14T14:45:00Z"), &korea), "2015-08-14 23:45:00.000 +09:00");
}

#[test]
fn distances_use_their_largest_unit() {
    let now = sunday().now;
    for (moment, expected) in [
        ("2026-11-22T08:40:07.412033Z", "just now"),
        ("2026-11-22T08:39:58Z", "just now"),
        ("2026-11-22T08:39:57.412033Z", "10 seconds ago"),
        ("2026-11-22T08:39:07.412033Z", "1 minute ago"),
        ("2026-11-22T08:14:07Z", "26 minutes ago"),
        ("2026-11-22T07:40:08Z", "59 minutes ago"),
        ("2026-11-21T08:40:08Z", "23 hours ago"),
        ("2026-11-19T08:40:07Z", "3 days ago"),
        ("2026-09-22T08:40:08Z", "60 days ago"),
        ("2026-09-22T08:40:07Z", "2 months ago"),
        ("2024-11-22T08:40:08Z", "23 months ago"),
        ("2024-11-22T08:40:07Z", "2 years ago"),
        ("2026-11-22T08:42:08Z", "in 2 minutes"),
        ("2027-02-22T08:40:08Z", "in 3 months"),
    ] {
        assert_eq!(format::relative(at(moment), now), expected, "{moment}");
    }
    assert_eq!(format::span(chrono::TimeDelta::days(-90)), "90 days");
    assert_eq!(format::span(chrono::TimeDelta::MIN), "106751991167 days");
}

#[test]
fn a_capital_m_is_ambiguous() {
    let context = in_zone(Tz::UTC);
    for text in ["1M", " 1M", "1 M ago", "in 2M", "1y6M", "12M"] {
        let error = parse(text, Edge::Since, &context).expect_err(text);
        assert_eq!(error.kind, TimeErrorKind::Age(AgeErrorKind::AmbiguousM), "{text}");
        assert!(error.to_string().contains("write min or mo"), "{error}");
    }
    for text in ["1m", "1Mo", "1MIN", "1D", "2026-11-20T14:03Z", "Mar 12", "MONDAY"] {
        assert!(parse(text, Edge::Since, &context).is_ok(), "{text}");
    }
    assert!("1M".parse::<Age>().is_err());
}
