//! Tests of ages: parsing, formatting and cutoffs.

use proptest::prelude::{any, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::{Age, AgeErrorKind};
use crate::model::fixtures::at;
use crate::model::timestamp::Timestamp;

fn age(text: &str) -> Age {
    text.parse().expect(text)
}

#[test]
fn every_spelling_has_one_written_form() {
    for (text, written) in [
        ("90d", "90d"),
        (" 90 Days ", "90d"),
        ("6mo", "6mo"),
        ("1y", "1y"),
        ("12mo", "1y"),
        ("18 months", "1y6mo"),
        ("2w", "14d"),
        ("120d12h", "120d12h"),
        ("1y 6mo 2w 1d 3h 20min 5s", "1y6mo15d3h20min5s"),
        ("30min", "30min"),
        ("90min", "1h30min"),
        ("24h", "1d"),
        ("0y1d", "1d"),
    ] {
        assert_eq!(age(text).to_string(), written, "{text}");
        assert_eq!(age(written), age(text), "{text}");
    }
    assert_eq!((age("90d"), age("3y")), (Age::days(90), Age::years(3)));
    assert_eq!((Age::days(0), Age::years(0)), (Age::days(1), Age::years(1)));
    assert_eq!(format!("{:>5}", age("1y")), "   1y");
}

#[test]
fn ambiguous_and_malformed_ages_are_refused() {
    for (text, kind) in [
        ("30m", AgeErrorKind::AmbiguousM),
        ("1h30m", AgeErrorKind::AmbiguousM),
        ("6M", AgeErrorKind::AmbiguousM),
        ("0d", AgeErrorKind::Zero),
        ("0y0s", AgeErrorKind::Zero),
        ("1h1d", AgeErrorKind::Order),
        ("1d1d", AgeErrorKind::Order),
        ("90", AgeErrorKind::NotAnAge),
        ("", AgeErrorKind::NotAnAge),
        ("d", AgeErrorKind::NotAnAge),
        ("-1d", AgeErrorKind::NotAnAge),
        ("1.5d", AgeErrorKind::Fraction("1d12h".to_owned())),
        ("1,5 h", AgeErrorKind::Fraction("1h30min".to_owned())),
        ("0.5y", AgeErrorKind::Fraction("6mo".to_owned())),
        ("0.0s", AgeErrorKind::NotAnAge),
        ("1.5", AgeErrorKind::NotAnAge),
        ("90d ago", AgeErrorKind::NotAnAge),
        ("1fortnight", AgeErrorKind::UnknownUnit),
        ("99999999999999999999d", AgeErrorKind::TooLong),
        ("9223372036854775807w", AgeErrorKind::TooLong),
        ("9223372036854775807s", AgeErrorKind::TooLong),
        ("357913942y", AgeErrorKind::TooLong),
    ] {
        assert_eq!(text.parse::<Age>().expect_err(text).kind, kind, "{text}");
    }
    assert_eq!(
        "30m".parse::<Age>().expect_err("ambiguous").to_string(),
        r#"m could mean minutes or months, write min or mo: "30m" (such as 90d, 6mo, 1y, 120d12h)"#
    );
}

#[test]
fn years_and_months_follow_the_calendar_and_days_last_24_hours() {
    for (now, text, cutoff) in [
        ("2028-02-29T10:00:00Z", "1y", "2027-02-28T10:00:00Z"),
        ("2029-02-28T10:00:00Z", "1y", "2028-02-28T10:00:00Z"),
        ("2028-02-29T10:00:00Z", "4y", "2024-02-29T10:00:00Z"),
        ("2026-03-31T10:00:00Z", "1mo", "2026-02-28T10:00:00Z"),
        ("2028-03-31T10:00:00Z", "1mo", "2028-02-29T10:00:00Z"),
        ("2026-01-15T10:00:00Z", "13mo", "2024-12-15T10:00:00Z"),
        ("2026-03-31T10:00:00Z", "1mo1d", "2026-02-27T10:00:00Z"),
        ("2026-11-22T08:14:07.412033Z", "90d", "2026-08-24T08:14:07.412033Z"),
        ("2026-11-22T08:14:07Z", "100y", "1970-01-01T00:00:00Z"),
        ("2026-11-22T08:14:07Z", "357913941y", "1970-01-01T00:00:00Z"),
        ("2026-11-22T08:14:07Z", "9000000000000000s", "1970-01-01T00:00:00Z"),
    ] {
        assert_eq!(age(text).before(at(now)), at(cutoff), "{now} - {text}");
    }
}

#[test]
fn an_age_is_a_string_in_json() {
    let json = serde_json::to_string(&age("1y6mo")).expect("serialises");
    assert_eq!(json, r#""1y6mo""#);
    assert_eq!(serde_json::from_str::<Age>(&json).expect("an age"), age("1y6mo"));
    assert!(serde_json::from_str::<Age>(r#""6m""#).is_err());
}

proptest! {
    #[test]
    fn a_written_age_parses_to_the_same_age(months in any::<u32>(), seconds in 1..=i64::MAX / 1000) {
        let age = Age { months, seconds };
        prop_assert_eq!(age.to_string().parse(), Ok(age));
        prop_assert!(age.before(Timestamp::MAX) < Timestamp::MAX);
    }

    #[test]
    fn no_text_panics(text in "\\PC*", near in "[0-9ymowdhins \\u{e9}]{0,24}") {
        for text in [text, near] {
            if let Ok(age) = text.parse::<Age>() {
                prop_assert_eq!(age.to_string().parse(), Ok(age));
            }
        }
    }
}
