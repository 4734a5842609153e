//! Every pair of filters selects exactly the entries that a brute-force check over the export selects.
//!
//! The check follows the documentation, reads plain JSON, and shares no code with the product.

use chrono_tz::Tz;
use krosyn_audit::api::query::Query;
use krosyn_audit::args::filter::FilterArgs;
use krosyn_audit::client::{Client, pages::Pages};
use krosyn_audit::clock::Clock;
use krosyn_audit::model::page::MAX_LIMIT;
use krosyn_audit::model::time::TimeContext;
use krosyn_audit::secret::Token;
use serde_json::Value;

use super::{acme, demo_log};
use crate::support::sandbox::Sandbox;

/// A filter as it is typed, and for each entry whether it is meant.
struct Single {
    flag: &'static str,
    value: String,
    means: Vec<bool>,
}

fn text<'a>(entry: &'a Value, pointer: &str) -> &'a str {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// Whole words, side by side.
fn has_words(text: &str, wanted: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        let text = text.to_lowercase();
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (words, wanted) = (split(text), split(wanted));
    words.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether the user in this member of an entry (`/user` or `/on_behalf_of`) matches.
fn is_user(entry: &Value, role: &str, wanted: &str) -> bool {
    text(entry, &format!("{role}/id")) == wanted
        || has_words(text(entry, &format!("{role}/email")), wanted)
        || has_words(text(entry, &format!("{role}/name")), wanted)
}

/// Whether the field, something beneath it or the leaf at this path differs.
fn touches(entry: &Value, path: &str) -> bool {
    entry["changes"].as_array().unwrap().iter().any(|change| {
        let field = change["field"].as_str().unwrap();
        if field == path || field.starts_with(&format!("{path}.")) {
            return true;
        }
        let Some(inner) = path.strip_prefix(&format!("{field}.")) else { return false };
        let leaf = |side: &str| {
            change.get(side).and_then(|side| side.pointer(&format!("/{}", inner.replace('.', "/"))))
        };
        change["redacted"] == true || leaf("old") != leaf("new")
    })
}

/// Whether the entry changed this field to this text.
fn became(entry: &Value, field: &str, value: &str) -> bool {
    let is = |change: &&Value| change["field"] == field && change["redacted"] != true;
    entry["changes"].as_array().unwrap().iter().find(is).is_some_and(|change| change["new"] == value)
}

/// Whether a reader of the entry sees this, whatever the case.
fn shows(entry: &Value, wanted: &str) -> bool {
    fn any(value: &Value, wanted: &str) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| any(item, wanted)),
            Value::Object(members) => {
                members.iter().any(|(key, value)| key.to_lowercase().contains(wanted) || any(value, wanted))
            }
            Value::String(text) => text.to_lowercase().contains(wanted),
            other => other.to_string().contains(wanted),
        }
    }
    let named = ["/model_name", "/user/id", "/user/email", "/user/name"];
    let principal = ["/on_behalf_of/id", "/on_behalf_of/email", "/on_behalf_of/name"];
    let origin = ["/reason", "/context/ip", "/context/user_agent", "/context/request_id"];
    named
        .iter()
        .chain(&principal)
        .chain(&origin)
        .any(|pointer| text(entry, pointer).to_lowercase().contains(wanted))
        || entry["changes"].as_array().unwrap().iter().any(|change| {
            text(change, "/field").to_lowercase().contains(wanted)
                || ["old", "new"].iter().any(|side| change.get(*side).is_some_and(|value| any(value, wanted)))
        })
}

fn singles(entries: &[Value]) -> Vec<Single> {
    // Times of entries, so that the bounds themselves are tested.
    let moment = |place: usize| entries[place]["occurred_at"].as_str().unwrap().to_owned();
    let (since, until) = (moment(entries.len() * 2 / 3), moment(entries.len() / 4));
    let request = entries.iter().map(|entry| text(entry, "/context/request_id")).find(|id| !id.is_empty());
    let request = request.unwrap();
    let first =
        |pointer: &str| entries.iter().map(|entry| text(entry, pointer)).find(|text| !text.is_empty());
    let address =
        entries.iter().map(|entry| text(entry, "/context/ip")).find(|ip| ip.matches('.').count() == 3);
    let start = address.unwrap().rsplit_once('.').unwrap().0.to_owned() + ".";
    let network = format!("{start}0/24");
    let reason = first("/reason").unwrap().split(' ').next().unwrap().to_lowercase();
    let single = |flag: &'static str, value: &str, means: &dyn Fn(&Value) -> bool| Single {
        flag,
        value: value.to_owned(),
        means: entries.iter().map(means).collect(),
    };
    vec![
        single("--action", "updated,deleted", &|it| it["action"] != "created"),
        single("--action", "!update", &|it| it["action"] != "updated"),
        single("--model-type", "secret,connector-endpoint", &|it| {
            it["model_type"] == "secret" || it["model_type"] == "connector_endpoint"
        }),
        single("--model-type", "!Connector", &|it| it["model_type"] != "connector"),
        single("--user", "ana,terraform", &|it| {
            is_user(it, "/user", "ana") || is_user(it, "/user", "terraform")
        }),
        single("--user", "!ANA.RUIZ@tramontana.example", &|it| {
            text(it, "/user/email") != "ana.ruiz@tramontana.example"
        }),
        single("--on-behalf-of", "ANA,misaki", &|it| {
            is_user(it, "/on_behalf_of", "ana") || is_user(it, "/on_behalf_of", "misaki")
        }),
        single("--on-behalf-of", "!ana", &|it| !is_user(it, "/on_behalf_of", "ana")),
        single("--via", "web,terraform", &|it| ["web", "terraform"].contains(&text(it, "/context/via"))),
        single("--via", "!web", &|it| text(it, "/context/via") != "web"),
        single("--field", "perform", &|it| touches(it, "perform")),
        single("--field", "perform.retry.max,status", &|it| {
            touches(it, "perform.retry.max") || touches(it, "status")
        }),
        single("--field", "status=disabled,status=Active", &|it| {
            became(it, "status", "disabled") || became(it, "status", "active")
        }),
        single("--field", "^status:*→disabled", &|it| !became(it, "status", "disabled")),
        single("--ip", &network, &|it| text(it, "/context/ip").starts_with(&start)),
        single("--reason", &reason.to_uppercase(), &|it| {
            text(it, "/reason").to_lowercase().contains(&reason)
        }),
        single("--grep", "WareHouse", &|it| shows(it, "warehouse")),
        single("--grep", "!salesforce", &|it| !shows(it, "salesforce")),
        single("--resource", "connector/42,endpoint/16", &|it| {
            (it["model_type"] == "connector" && it["model_id"] == "42")
                || (it["model_type"] == "connector_endpoint" && it["model_id"] == "16")
        }),
        single("--request-id", &format!("!{request}"), &|it| text(it, "/context/request_id") != request),
        single("--since", &since, &|it| *text(it, "/occurred_at") >= *since),
        single("--until", &until, &|it| *text(it, "/occurred_at") < *until),
    ]
}

/// The demo's log, its export, and the filters.
struct Log {
    sandbox: Sandbox,
    entries: Vec<Value>,
    singles: Vec<Single>,
}

impl Log {
    fn new() -> Self {
        let sandbox = demo_log::sandbox();
        let export = acme::run(&sandbox, &["export", "--format", "jsonl"]).ended(0);
        // The demo has a number out of the range of floats. Its digits are enough for the check.
        let entry = |line: &str| serde_json::from_str(&line.replace("1e400", "\"1e400\"")).unwrap();
        let entries: Vec<Value> = export.out().lines().map(entry).collect();
        let singles = singles(&entries);
        Self { sandbox, entries, singles }
    }

    /// Every filter with itself and with every one of another kind: repeats of one flag are alternatives.
    fn pairs(&self) -> impl Iterator<Item = [&Single; 2]> {
        let from = |place: usize| self.singles[place..].iter();
        let pairs = (0..self.singles.len()).flat_map(move |place| {
            let one = &self.singles[place];
            from(place).map(move |other| [one, other])
        });
        pairs.filter(|[one, other]| std::ptr::eq(*one, *other) || one.flag != other.flag)
    }

    fn expected(&self, pair: [&Single; 2]) -> Vec<u64> {
        let both = pair[0].means.iter().zip(&pair[1].means).map(|(one, other)| *one && *other);
        let chosen = self.entries.iter().zip(both).filter(|(_, chosen)| *chosen);
        chosen.map(|(entry, _)| entry["id"].as_u64().unwrap()).collect()
    }
}

/// The arguments. A filter paired with itself appears once.
fn typed([one, other]: [&Single; 2]) -> Vec<&str> {
    let mut args = vec![one.flag, one.value.as_str()];
    if !std::ptr::eq(one, other) {
        args.extend([other.flag, other.value.as_str()]);
    }
    args
}

#[test]
fn list_agrees_on_a_sample_of_filter_pairs() {
    let log = Log::new();
    for pair in log.pairs().step_by(9) {
        let args = [&["list", "--all", "--format", "jsonl"], &typed(pair)[..]].concat();
        let listed = acme::run(&log.sandbox, &args).ended(0);
        let id = |line: &str| line.strip_prefix("{\"id\":")?.split(',').next()?.parse::<u64>().ok();
        let ids: Vec<_> = listed.out().lines().map(|line| id(line).unwrap()).collect();
        assert!(ids == log.expected(pair), "{args:?}: {} listed", ids.len());
    }
}

/// The flags as the binary reads them.
fn question(pair: [&Single; 2]) -> Query {
    let mut args = FilterArgs::default();
    for [flag, value] in typed(pair).chunks_exact(2).map(|chunk| [chunk[0], chunk[1]]) {
        match flag {
            "--action" => args.base.action.push(value.to_owned()),
            "--model-type" => args.base.model_type.push(value.to_owned()),
            "--user" => args.base.user.push(value.to_owned()),
            "--on-behalf-of" => args.base.on_behalf_of.push(value.to_owned()),
            "--via" => args.base.via.push(value.to_owned()),
            "--field" => args.base.field.push(value.to_owned()),
            "--grep" => args.base.grep.push(value.to_owned()),
            "--resource" => args.base.resource.push(value.to_owned()),
            "--ip" => args.base.ip.push(value.to_owned()),
            "--reason" => args.reason.push(value.to_owned()),
            "--request-id" => args.base.request_id.push(value.to_owned()),
            "--since" => args.base.since = Some(value.to_owned()),
            "--until" => args.base.until = Some(value.to_owned()),
            other => panic!("{other}"),
        }
    }
    let context = TimeContext { now: Clock::System.now(), zone: Tz::UTC };
    Query { filter: args.parse(&context).unwrap().filter, limit: MAX_LIMIT, total: true, ..Query::default() }
}

#[test]
fn the_api_agrees_on_every_filter_pair_and_its_total() {
    let log = Log::new();
    for single in &log.singles {
        let chosen = log.expected([single, single]).len();
        assert!(
            (1..log.entries.len()).contains(&chosen),
            "{} {} tells nothing apart",
            single.flag,
            single.value
        );
    }
    let create = ["token", "create", "--org", "default", "--name", "pairs", "--scope", "read"];
    let token = log.sandbox.run(&[&create[..], &["--store", "sqlite:audit.db"]].concat()).ended(0);
    let serving = log.sandbox.serve(&[]);
    let client = Client::new(serving.url().parse().unwrap(), Token::read(token.out()).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for pair in log.pairs() {
        let mut pages = Pages::new(client.clone(), question(pair));
        let (mut ids, mut counted) = (Vec::new(), None);
        while let Some(page) = runtime.block_on(pages.next()).unwrap() {
            counted = counted.or(page.total.map(|total| total.count));
            ids.extend(page.data.iter().map(|entry| entry.id));
        }
        assert!(ids == log.expected(pair), "{:?}: {} found", typed(pair), ids.len());
        assert_eq!(counted, Some(ids.len() as u64), "{:?}", typed(pair));
    }
}
