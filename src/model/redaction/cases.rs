//! The list of cases in `cases.tsv`: what must vanish, and what resembles it and must stay readable.

use super::*;

struct Case<'a> {
    line: usize,
    hidden: bool,
    model_type: &'a str,
    field: &'a str,
    value: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    let lines = include_str!("cases.tsv").lines().zip(1..).filter(|(line, _)| !line.starts_with('#'));
    let case = |(text, line): (&'static str, usize)| match text.split('\t').collect::<Vec<_>>()[..] {
        [verdict @ ("hidden" | "kept"), model_type, field, value] => {
            Case { line, hidden: verdict == "hidden", model_type, field, value }
        }
        _ => panic!("line {line} is no case"),
    };
    lines.map(case).collect()
}

/// What is kept of a case, and what would be if nothing was secret.
fn kept(case: &Case<'_>) -> (String, String) {
    let value = Json::parse(case.value).unwrap();
    let redaction = Redaction::default();
    let Ok(model_type) = case.model_type.parse() else {
        assert_eq!(case.model_type, "text", "line {}", case.line);
        let Json::String(text) = value else { panic!("line {} is no text", case.line) };
        return (redaction.text(&text).into_owned(), text);
    };
    let change = redaction.change(model_type, case.field, None, Some(&value));
    let whole =
        Change { field: case.field.to_owned(), old: None, new: Some(RawJson::from(&value)), redacted: false };
    (serde_json::to_string(&change).unwrap(), serde_json::to_string(&whole).unwrap())
}

#[test]
fn what_is_secret_vanishes_and_what_resembles_it_stays() {
    let mut faults = Vec::new();
    for case in &cases() {
        let (kept, whole) = kept(case);
        let planted = whole.to_lowercase().contains("c4n4ry");
        let gone = !kept.to_lowercase().contains("c4n4ry") && kept.contains("redacted");
        let right = if case.hidden { planted && gone } else { kept == whole };
        if !right {
            faults.push(format!("line {}: {} became {kept}", case.line, case.value));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn there_are_many_cases_of_both_kinds_and_none_twice() {
    let cases = cases();
    let hidden = cases.iter().filter(|case| case.hidden).count();
    assert!(hidden >= 100 && cases.len() - hidden >= 80, "{hidden} of {}", cases.len());
    let distinct: std::collections::HashSet<_> =
        cases.iter().map(|case| (case.model_type, case.field, case.value)).collect();
    assert_eq!(distinct.len(), cases.len());
}
