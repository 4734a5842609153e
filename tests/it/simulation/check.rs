//! Compares every kind of answer with the model, and lets `verify` judge both logs.

use std::collections::{BTreeMap, BTreeSet};

use krosyn_audit::api::counts::Counts;
use krosyn_audit::api::erase::Erasures;
use krosyn_audit::api::hold::{HoldAnswer, Holds};
use krosyn_audit::api::page::Page;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::RetentionAnswer;
use krosyn_audit::api::rows::{RowForm, RowOptions};
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::log_filter::add_text;
use krosyn_audit::model::words::Log;
use serde_json::Value;

use crate::api::rows::rendered;
use crate::simulation::model::KnownErasure;
use crate::simulation::people::Fact;
use crate::simulation::world::{ERASURES, World};
use crate::support::sandbox::Outcome;
use crate::support::test_server::LOGS;

/// Filters of several kinds, as query parameters.
const QUERIES: &[&[(&str, &str)]] = &[
    &[],
    &[("user", "user/id:7")],
    &[("user", "email:ana@acme.example")],
    &[("user", "!bo")],
    &[("on_behalf_of", "juana ruiz")],
    &[("resource", "member/7")],
    &[("model_type", "member")],
    &[("q", "ana@acme.example")],
    &[("q", "erased-")],
    &[("field", "owner")],
    &[("reason", "asked by")],
    &[("ip", "203.0.113.0/24")],
];

fn filter(pairs: &[(&str, &str)]) -> Filter {
    let mut filter = Filter::default();
    for (parameter, text) in pairs {
        add_text(&mut filter, Log::Audit, parameter, text).expect("a parameter").expect("a value");
    }
    filter
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl World {
    /// Compares the answers of a server with the model.
    pub(super) async fn check(&self, server: usize) {
        for pairs in QUERIES {
            let expected = self.model.list(&filter(pairs));
            let listed = self.list(server, &query(pairs)).await;
            assert_eq!(listed, expected, "the list of {pairs:?}");
            self.check_counts(server, pairs, &expected).await;
        }
        self.check_entries(server).await;
        self.check_rows(server).await;
        self.check_records(server).await;
        self.check_trail(server).await;
        self.verify(server);
    }

    /// Every page of a list, the oldest entries first.
    async fn list(&self, server: usize, query: &str) -> Vec<Entry> {
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Page = self.callers[server]
                .list(&format!("order=asc&limit=7&{query}{cursor}"))
                .await
                .expect(200)
                .read();
            assert_eq!(page.pruned, self.model.pruned);
            assert_eq!(page.page.as_of, self.model.head());
            entries.extend(page.data);
            match page.page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return entries,
            }
        }
    }

    async fn check_counts(&self, server: usize, pairs: &[(&str, &str)], expected: &[Entry]) {
        let path = format!("{LOGS}/counts?by=user&{}", query(pairs));
        let counted: Counts = self.callers[server].get(&path).await.expect(200).read();
        let mut users = BTreeMap::<String, u64>::new();
        for entry in expected {
            *users.entry(entry.user.label().to_owned()).or_default() += 1;
        }
        let groups = counted.groups.into_iter();
        let groups: BTreeMap<_, _> =
            groups.map(|group| (group.key[0].clone().unwrap_or_default(), group.count)).collect();
        assert_eq!((counted.total, groups), (expected.len() as u64, users), "the counts of {pairs:?}");
    }

    /// Each id has its entry, was pruned, or was never given.
    async fn check_entries(&self, server: usize) {
        for id in 1..=self.model.head() + 1 {
            let answer = self.callers[server].get(&format!("{LOGS}/{id}")).await;
            match self.model.entries.get(&id) {
                Some(known) => assert_eq!(answer.expect(200).read::<Entry>(), known.entry()),
                None if id > self.model.head() => drop(answer.expect(404)),
                None => drop(answer.expect(410).refused(Code::Pruned, "")),
            }
        }
    }

    async fn check_rows(&self, server: usize) {
        let entries = self.model.list(&Filter::default());
        for form in [RowForm::Jsonl, RowForm::Csv] {
            let mut options: RowOptions = form.into();
            if form == RowForm::Csv {
                options.columns =
                    Some("id,time,user,on_behalf_of,model_type,model_id,changes,reason,ip".to_owned());
            }
            let query =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(options.pairs()).finish();
            let path = format!("{LOGS}/export?format={form}&order=asc&{query}");
            let exported = self.callers[server].get(&path).await.expect(200);
            assert_eq!(exported.text(), rendered(&entries, &options));
        }
    }

    /// Retention, holds and erasures.
    async fn check_records(&self, server: usize) {
        let caller = &self.callers[server];
        let retention: RetentionAnswer = caller.get(&format!("{LOGS}/retention")).await.expect(200).read();
        assert_eq!(retention.counts, self.counts(self.cutoff()));
        let holds: Holds = caller.get("/api/v1/holds").await.expect(200).read();
        assert_eq!(holds.data.len(), self.model.holds.len());
        for hold in &self.model.holds {
            let path = format!("/api/v1/holds/{}", hold.name);
            let answer: HoldAnswer = caller.get(&path).await.expect(200).read();
            self.compare_hold(hold, &answer);
        }
        let erasures: Erasures = caller.get(ERASURES).await.expect(200).read();
        assert_eq!(erasures.data.len() as u64, self.model.erasures);
        let unfinished = erasures.data.iter().filter(|erasure| erasure.finished_at.is_none()).count();
        assert_eq!(unfinished, self.model.unfinished.len());
    }

    /// The trail names every entry of which a part was erased.
    async fn check_trail(&self, server: usize) {
        let path = "/api/v1/trail?action=erased,pruned&order=asc&limit=1000";
        let page: Page = self.callers[server].get(path).await.expect(200).read();
        let (mut actors, mut contents) = (BTreeSet::new(), BTreeSet::new());
        let mut add = |rule: &dyn Fn(&str) -> Value| {
            if rule("log") != "audit" {
                return;
            }
            for (name, ids) in [("actor", &mut actors), ("content", &mut contents)] {
                let ranges: Vec<(u64, u64)> = serde_json::from_value(rule(name)).unwrap_or_default();
                ids.extend(ranges.into_iter().flat_map(|(first, last)| first..=last));
            }
        };
        for entry in &page.data {
            let changes: Vec<Value> = serde_json::from_str(entry.changes.get()).expect("changes");
            let field = |name: &str| {
                changes
                    .iter()
                    .find(|change| change["field"] == name)
                    .map_or(Value::Null, |it| it["new"].clone())
            };
            add(&field);
            for earlier in field("earlier_erasures").as_array().into_iter().flatten() {
                add(&|name: &str| earlier[name].clone());
            }
        }
        let there = |ids: &BTreeSet<u64>| -> BTreeSet<u64> {
            ids.iter().copied().filter(|id| self.model.entries.contains_key(id)).collect()
        };
        let (erased_actors, erased_contents) =
            (there(&self.model.erased_actors), there(&self.model.erased_contents));
        assert!(actors.is_superset(&erased_actors), "{erased_actors:?} of which the trail has {actors:?}");
        assert!(
            contents.is_superset(&erased_contents),
            "{erased_contents:?} of which the trail has {contents:?}"
        );
    }

    /// Lets `verify` judge both logs; it accuses nothing.
    pub(super) fn accuses_nothing(&self, server: usize) -> Outcome {
        let url = format!("http://{}", self.servers[server].address());
        let verify = ["verify", "--server", &url, "--token-file", "admin.token", "--format", "json"];
        self.sandbox.run(&verify).ended(0)
    }

    /// `verify` counts as the model does.
    fn verify(&self, server: usize) {
        let found = self.accuses_nothing(server);
        let log = &found.json()["logs"]["audit"];
        let expired = log["expired"].as_array().into_iter().flatten();
        let expired: u64 = expired.filter_map(|prune| prune["entries"].as_u64()).sum();
        let erased: BTreeSet<_> =
            self.model.erased_actors.union(&self.model.erased_contents).copied().collect();
        let (there, erased) = (
            self.model.entries.len() as u64,
            erased.iter().filter(|id| self.model.entries.contains_key(id)).count() as u64,
        );
        let counted = (log["unchanged"].as_u64(), expired, log["erased"].as_u64());
        assert_eq!(counted, (Some(there - erased), self.model.head() - there, Some(erased)), "{found}");
    }

    /// No answer names an erased person any more.
    pub(super) async fn check_forgotten(&self, server: usize, erasure: &KnownErasure) {
        let (mine, others): (Vec<Fact>, Vec<Fact>) =
            Fact::all().into_iter().partition(|fact| erasure.identity.facts.contains(fact));
        for path in [
            "/api/v1/audit-logs?limit=1000",
            "/api/v1/trail?limit=1000",
            "/api/v1/holds",
            ERASURES,
            "/api/v1/audit-logs/prunes",
        ] {
            let answer = self.callers[server].get(path).await.expect(200);
            let decoded = percent_encoding::percent_decode_str(answer.text()).decode_utf8_lossy();
            let mut text = decoded.replace('+', " ").to_lowercase();
            // Addresses and names of others contain some of theirs.
            let plain = |fact: &Fact| fact.text().replace('+', " ").to_lowercase();
            others.iter().for_each(|fact| text = text.replace(&plain(fact), "-"));
            for fact in mine.iter().filter(|fact| !fact.is_ambiguous()) {
                assert!(!text.contains(&plain(fact)), "{} is in {path}: {text}", fact.text());
            }
        }
    }
}
