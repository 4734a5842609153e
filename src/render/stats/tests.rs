//! Charts, tables, and the rows of days without entries.

use super::*;
use crate::render::samples::{printed, style};

fn group(key: &[Option<&str>], count: u64) -> Group {
    Group { key: key.iter().map(|value| value.map(str::to_owned)).collect(), count }
}

fn window(since: &str, until: &str) -> StatsWindow {
    let at = |text: &str| (!text.is_empty()).then(|| text.parse().expect(text));
    StatsWindow { since: at(since), until: at(until) }
}

fn shown(rows: &[ValueCount]) -> Vec<String> {
    rows.iter().map(|(value, count)| format!("{} {count}", value.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn days_without_entries_are_included() {
    let groups = [group(&[Some("2026-02-27")], 2), group(&[Some("2026-03-02")], 1)];
    let of =
        |since, until| shown(&rows(&groups, 0, Dimension::Day, window(since, until), Tz::Europe__Madrid));
    assert_eq!(of("", ""), ["2026-02-27 2", "2026-02-28 0", "2026-03-01 0", "2026-03-02 1"]);
    // The end of a window does not belong to it: midnight in Madrid is the end of the 3rd.
    let all = of("2026-02-25T23:00:00Z", "2026-03-03T23:00:00Z");
    assert_eq!((all.len(), all[0].as_str(), all[5].as_str()), (6, "2026-02-26 0", "2026-03-03 0"));
    assert!(rows(&[], 0, Dimension::Day, window("", ""), Tz::UTC).is_empty());
}

#[test]
fn weeks_months_hours_and_weekdays_are_complete() {
    let of = |by, names: [&str; 2]| {
        let groups = names.map(|name| group(&[Some(name)], 1));
        shown(&rows(&groups, 0, by, window("", ""), Tz::UTC)).join(" ")
    };
    assert_eq!(of(Dimension::Week, ["2026-W52", "2027-W01"]), "2026-W52 1 2026-W53 0 2027-W01 1");
    assert_eq!(of(Dimension::Month, ["2026-01", "2026-03"]), "2026-01 1 2026-02 0 2026-03 1");
    assert_eq!(of(Dimension::Hour, ["00", "23"]).split(' ').count(), 48);
    assert!(of(Dimension::Weekday, ["monday", "sunday"]).starts_with("monday 1 tuesday 0"));
}

#[test]
fn charts_have_a_bar_for_every_count_above_zero() {
    let rows = [(Some("2026-11-20".to_owned()), 1000), (Some("2026-11-21".to_owned()), 0), (None, 1)];
    let text = printed(|out| chart(out, Dimension::Day, &rows, Some((3, 250)), &style(50)));
    insta::assert_snapshot!(text, @r"
    DAY             ENTRIES
    2026-11-20 Fri    1 000  ███████████████████████
    2026-11-21 Sat        0
    (none)                1  ▏
    3 others            250  █████▊
    ");
    assert_eq!(bar(1, 1000, 10, true), "#");
}

#[test]
fn tables_combine_columns_that_do_not_fit() {
    let groups = [
        group(&[Some("ana"), Some("updated")], 5),
        group(&[Some("ana"), Some("created")], 1),
        group(&[Some("b\u{1b}en"), Some("deleted")], 2),
    ];
    let by = [Dimension::User, Dimension::Action];
    let (down, across) =
        (rows(&groups, 0, by[0], window("", ""), Tz::UTC), rows(&groups, 1, by[1], window("", ""), Tz::UTC));
    let text = |width| printed(|out| table(out, by, &down, &across, &groups, &style(width)));
    insta::assert_snapshot!(text(80), @r"
    USER  updated  deleted  created  ALL
    ana         5        ·        1    6
    b␛en        ·        2        ·    2
    ");
    insta::assert_snapshot!(text(32), @r"
    USER  updated  2 others  ALL
    ana         5         1    6
    b␛en        ·         2    2
    ");
}

#[test]
fn hour_columns_are_close_and_the_largest_are_kept() {
    let hours: Vec<Group> = (0..24)
        .map(|hour| Group { key: vec![Some("monday".into()), Some(format!("{hour:02}"))], count: hour + 1 })
        .collect();
    let by = [Dimension::Weekday, Dimension::Hour];
    let (down, across) =
        (rows(&hours, 0, by[0], window("", ""), Tz::UTC), rows(&hours, 1, by[1], window("", ""), Tz::UTC));
    let head = |width| {
        printed(|out| table(out, by, &down, &across, &hours, &style(width)))
            .lines()
            .next()
            .expect("a head")
            .to_owned()
    };
    assert!(
        head(100).starts_with("WEEKDAY   00 01 02") && head(100).ends_with("21 22 23 ALL"),
        "{}",
        head(100)
    );
    assert_eq!(head(60), "WEEKDAY   12 13 14 15 16 17 18 19 20 21 22 23 12 others ALL");
}

#[test]
fn top_combines_the_other_rows() {
    let rows = [("a", 1), ("b", 5), ("c", 3)].map(|(value, count)| (Some(value.to_owned()), count)).to_vec();
    let (top, others) = top(rows, 1);
    assert_eq!((shown(&top), others), (vec!["b 5".to_owned()], Some((2, 4))));
}

#[test]
fn long_gaps_are_collapsed() {
    let days = |names: &[&str], window| {
        let groups: Vec<_> = names.iter().map(|name| group(&[Some(name)], 1)).collect();
        rows(&groups, 0, Dimension::Day, window, Tz::UTC)
    };
    let rows = days(&["1970-01-01", "2026-11-20", "2026-11-22", "2050-01-01"], window("", ""));
    assert!(rows.len() > 20_000, "machines get every day");
    let text = printed(|out| chart(out, Dimension::Day, &rows, None, &style(60)));
    insta::assert_snapshot!(text, @r"
    DAY                            ENTRIES
    1970-01-01 Thu                       1  ██████████████████
    (20 776 days without entries)        0
    2026-11-20 Fri                       1  ██████████████████
    2026-11-21 Sat                       0
    2026-11-22 Sun                       1  ██████████████████
    (8 440 days without entries)         0
    2050-01-01 Sat                       1  ██████████████████
    ");
    // What is short enough is drawn day by day.
    let quiet = days(&["2026-11-20"], window("2026-08-25T00:00:00Z", "2026-11-22T00:00:00Z"));
    assert_eq!(collapse_gaps(Dimension::Day, &quiet).len(), 89);

    let groups =
        [group(&[Some("1970-01-01"), Some("created")], 1), group(&[Some("2026-11-22"), Some("deleted")], 2)];
    let of = |place, by| super::rows(&groups, place, by, window("", ""), Tz::UTC);
    let (down, across) = (of(0, Dimension::Day), of(1, Dimension::Action));
    let drawn = |by, down: &[ValueCount], across: &[ValueCount], groups: &[Group]| {
        printed(|out| table(out, by, down, across, groups, &style(70)))
    };
    let text = drawn([Dimension::Day, Dimension::Action], &down, &across, &groups);
    assert_eq!(text.lines().count(), 4, "{text}");
    let silent = text.lines().nth(2).expect("a line");
    assert!(silent.starts_with(&gap_label(Dimension::Day, 20_778)), "{text}");
    assert_eq!(silent.matches('·').count(), 3, "a place in each column: {text}");
    let turned = groups
        .each_ref()
        .map(|group| Group { key: group.key.iter().rev().cloned().collect(), count: group.count });
    let text = drawn([Dimension::Action, Dimension::Day], &across, &down, &turned);
    assert!(text.lines().next().is_some_and(|head| head.contains("1970-01-01  2026-11-22  ALL")), "{text}");
}
