//! Lists by kind, each written before the rules were tuned to it: values that must vanish, and harmless ones that must stay.
//! Both are in `testdata/redaction`; the test prints how many of each are right.

#![expect(clippy::print_stdout, reason = "how many cases are right is what this test tells")]

use std::collections::BTreeMap;

use super::*;

#[derive(serde::Deserialize)]
struct Case {
    kind: String,
    model_type: ModelType,
    /// `after`: an object of fields. `field`: the name of one. `reason`: a text.
    slot: String,
    value: String,
    must_vanish: Option<String>,
}

impl Case {
    fn all(lines: &str) -> Vec<Self> {
        lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// What is kept of it, and what would be if nothing was secret.
    fn kept(&self) -> (String, String) {
        let redaction = Redaction::default();
        match self.slot.as_str() {
            "after" => {
                let Ok(Json::Object(fields)) = Json::parse(&self.value) else { panic!("{}", self.value) };
                let whole = |(field, value): &(String, Json)| Change {
                    field: field.clone(),
                    old: None,
                    new: Some(RawJson::from(value)),
                    redacted: false,
                };
                let kept = |(field, value): &(String, Json)| {
                    redaction.change(self.model_type, field, None, Some(value))
                };
                let json = |changes: Vec<Change>| serde_json::to_string(&changes).unwrap();
                (json(fields.iter().map(kept).collect()), json(fields.iter().map(whole).collect()))
            }
            "field" => (redaction.field(self.model_type, &self.value), self.value.clone()),
            "reason" => (redaction.text(&self.value).into_owned(), self.value.clone()),
            other => panic!("{other} is no slot"),
        }
    }
}

/// Prints how many of a list are right, by kind, and returns the share and what is wrong.
fn measure(what: &str, cases: &[Case], is_right: impl Fn(&Case) -> bool) -> f64 {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        let (right, all) = kinds.entry(&case.kind).or_default();
        *all += 1;
        if is_right(case) {
            *right += 1;
        } else {
            wrong.push(format!(
                "  {} {}: {} became {}",
                case.kind,
                case.model_type,
                case.value,
                case.kept().0
            ));
        }
    }
    let right: usize = kinds.values().map(|(right, _)| right).sum();
    println!("{what}: {right} of {} right", cases.len());
    for (kind, (right, all)) in &kinds {
        println!("  {kind:<18}{right:>4} of {all}");
    }
    println!("{}", wrong.join("\n"));
    right as f64 / cases.len() as f64
}

fn vanishes(case: &Case) -> bool {
    let secret = case.must_vanish.as_deref().expect("a value that must vanish");
    let (kept, whole) = case.kept();
    assert!(whole.contains(secret), "{secret} is not in {whole}");
    !kept.contains(secret)
}

#[test]
fn the_promise_is_kept_and_harmless_values_stay() {
    let lists = [
        (
            "first",
            include_str!("../../../testdata/redaction/secrets.jsonl"),
            include_str!("../../../testdata/redaction/harmless.jsonl"),
        ),
        (
            "second",
            include_str!("../../../testdata/redaction/secrets-second.jsonl"),
            include_str!("../../../testdata/redaction/harmless-second.jsonl"),
        ),
        (
            "third",
            include_str!("../../../testdata/redaction/secrets-third.jsonl"),
            include_str!("../../../testdata/redaction/harmless-third.jsonl"),
        ),
        (
            "fourth",
            include_str!("../../../testdata/redaction/secrets-fourth.jsonl"),
            include_str!("../../../testdata/redaction/harmless-fourth.jsonl"),
        ),
        (
            "fifth",
            include_str!("../../../testdata/redaction/secrets-fifth.jsonl"),
            include_str!("../../../testdata/redaction/harmless-fifth.jsonl"),
        ),
        (
            "sixth",
            include_str!("../../../testdata/redaction/secrets-sixth.jsonl"),
            include_str!("../../../testdata/redaction/harmless-sixth.jsonl"),
        ),
    ];
    let mut low = Vec::new();
    for (list, secrets, harmless) in lists {
        let (secrets, harmless) = (Case::all(secrets), Case::all(harmless));
        assert!(secrets.len() >= 250 && harmless.len() >= 150);
        let recall = measure(&format!("{list} list, secrets"), &secrets, vanishes);
        let stays = measure(&format!("{list} list, harmless"), &harmless, |case| {
            let (kept, whole) = case.kept();
            kept == whole
        });
        let hidden = secrets.len() as f64 * recall;
        let precision = hidden / (hidden + harmless.len() as f64 * (1.0 - stays));
        println!(
            "{list} list: recall {recall:.3}, precision {precision:.3}, false alarms {:.3}",
            1.0 - stays
        );
        if recall < 0.97 || stays < 0.95 {
            low.push(format!("{list} list: recall {recall:.3}, false alarms {:.3}", 1.0 - stays));
        }
    }
    assert!(low.is_empty(), "{}", low.join("; "));
}

#[test]
fn what_was_once_kept_vanishes() {
    let cases = Case::all(include_str!("../../../testdata/redaction/issue.jsonl"));
    assert!(measure("issue", &cases, vanishes) == 1.0);
}
