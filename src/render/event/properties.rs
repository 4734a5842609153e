//! Properties of events of any entry, however hostile its texts: one line, valid by the schema, nothing lost.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::model::change::{Change, Changes};
use crate::model::entry::{Entry, RequestContext, User};
use crate::model::json::{Json, RawJson};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Log, ModelType, UserKind, Via};
use crate::render::event::readers::{facts_of, read};
use crate::render::event::schemas::{check_ecs, check_ocsf};
use crate::render::event::{EventFormat, EventSource, write_event};

/// Parts of texts that end a line, forge a field or hide something, if a form does not escape them.
const PARTS: &[&str] = &[
    "a",
    " ",
    "\n",
    "\r\n",
    "\t",
    "|",
    "=",
    "\\",
    "\\n",
    "\\=",
    "\"",
    "{",
    "}",
    "^",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{301}\u{301}\u{301}",
    "👩\u{200d}💻",
    "\u{e0041}",
    " suser=root",
    " cs2Label=x",
    "\tusrName=root",
    "x09",
    "CEF:0|a|b|c|d|e|9|",
    "LEEF:2.0|a|b|c|d|x09|",
    "krosynExact={}",
    "[redacted]",
    "é",
    "日本",
    "%0a",
    "&#10;",
    "_type",
];

fn text() -> impl Strategy<Value = String> {
    let part =
        prop_oneof![3 => select(PARTS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    vec(part, 1..6).prop_map(|parts| parts.concat())
}

fn json() -> impl Strategy<Value = Json> {
    let numbers = select(&["0", "-0", "1.10", "2e0", "1e400", "9007199254740993"][..]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        numbers.prop_map(|text| Json::Number(text.to_owned())),
        text().prop_map(Json::String),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::Array),
            vec((text(), inner), 0..3).prop_map(Json::Object),
        ]
    })
}

fn change() -> impl Strategy<Value = Change> {
    let field = prop_oneof![select(&["status", "name", "data", "old"][..]).prop_map(str::to_owned), text()];
    let side = || option::of(json().prop_map(|json| RawJson::from(&json)));
    (field, side(), side(), any::<bool>()).prop_map(|(field, old, new, redacted)| {
        // Without a value, only a redaction is a change.
        let redacted = redacted || old.is_none() && new.is_none();
        Change { field, old, new, redacted }
    })
}

fn user() -> impl Strategy<Value = User> {
    let texts = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    let email = prop_oneof![3 => Just(None), 1 => Just(Some("ana.ruiz@acme.example".to_owned()))];
    (texts, email, select(UserKind::ALL)).prop_map(|((id, other, name, role), email, kind)| {
        let id = id.or_else(|| Some("7".to_owned()).filter(|_| name.is_none()));
        User { id, email: email.or(other), name, role, kind }
    })
}

/// Addresses; the last is longer than OCSF allows.
const IPS: &[&str] =
    &["198.51.100.23", "2001:db8::1", "::ffff:198.51.100.23", "0000:0000:0000:0000:0000:ffff:198.51.100.230"];

fn context() -> impl Strategy<Value = RequestContext> {
    (
        option::of(select(Via::ALL)),
        option::of(select(IPS).prop_map(str::to_owned)),
        option::of(text()),
        option::of(text()),
    )
        .prop_map(|(via, ip, user_agent, request_id)| RequestContext { via, ip, user_agent, request_id })
}

prop_compose! {
    fn entry()(
        id in 1..=u64::from(u32::MAX),
        uuid in any::<u128>().prop_map(Uuid::from_u128),
        times in [0..=Timestamp::MAX.micros(), 0..=Timestamp::MAX.micros()],
        (action, model_type) in (select(Action::ALL), select(ModelType::ALL)),
        (model_id, model_name, reason) in (text(), option::of(text()), option::of(text())),
        (user, on_behalf_of) in (user(), option::of(user())),
        context in context(),
        changes in vec(change(), 0..4),
    ) -> Entry {
        let [occurred_at, recorded_at] = times.map(|micros| Timestamp::from_micros(micros).expect("a time"));
        let changes = Changes::from(changes.as_slice());
        Entry { id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user, on_behalf_of, context,
                reason, changes }
    }
}

/// Whether some reader of lines or terminals acts on a character.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}' | '\u{e0041}')
}

/// Writes an event, and checks it.
fn check(format: EventFormat, log: Log, entry: &Entry) -> Result<(), TestCaseError> {
    let mut line = b"before".to_vec();
    let source = EventSource { log, organization: "acme" };
    write_event(format, source, &entry.view(), &mut line).expect("an event");
    let line = String::from_utf8(line).expect("UTF-8");
    let line = line.strip_prefix("before").expect("appended");
    let is_separator = |c| c == '\t' && format == EventFormat::Leef;
    prop_assert!(!line.chars().any(|c| is_dangerous(c) && !is_separator(c)), "{:?}", line);
    prop_assert_eq!(read(format, line), facts_of(entry, log.as_str(), "acme"), "{}", line);
    match format {
        // The parser of the tests has no number for 1e400.
        EventFormat::Ocsf => check_ocsf(&serde_json::from_str(&line.replace("1e400", "1")).expect("JSON")),
        EventFormat::Ecs => check_ecs(&serde_json::from_str(line).expect("JSON")),
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_ocsf_event_is_one_line_that_loses_and_forges_nothing(entry in entry(), log in select(Log::ALL)) {
        check(EventFormat::Ocsf, log, &entry)?;
    }

    #[test]
    fn a_cef_event_is_one_line_that_loses_and_forges_nothing(entry in entry(), log in select(Log::ALL)) {
        check(EventFormat::Cef, log, &entry)?;
    }

    #[test]
    fn an_ecs_event_is_one_line_that_loses_and_forges_nothing(entry in entry(), log in select(Log::ALL)) {
        check(EventFormat::Ecs, log, &entry)?;
    }

    #[test]
    fn a_leef_event_is_one_line_that_loses_and_forges_nothing(entry in entry(), log in select(Log::ALL)) {
        check(EventFormat::Leef, log, &entry)?;
    }
}
