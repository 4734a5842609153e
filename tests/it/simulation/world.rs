//! Servers over one store, and the model beside them: each event happens in both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use krosyn_audit::api::erase::ErasureAnswer;
use krosyn_audit::api::hold::{HoldAnswer, Holds, filter_text};
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::{PruneAnswer, PruneCounts};
use krosyn_audit::api::query::read_only_filter;
use krosyn_audit::clock::Clock;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::hold::HoldFilter;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::{Log, ModelType, Plan, Scope};
use krosyn_audit::server::clock_guard::ClockGuard;
use krosyn_audit::server::{Settings, sweeper};
use krosyn_audit::store::{OrgId, Store};
use serde_json::{Value, json};

use crate::simulation::event::{Cover, Event, Recording};
use crate::simulation::model::{Identity, KnownEntry, KnownErasure, KnownHold, Model};
use crate::simulation::people::{Fact, PEOPLE, What};
use crate::simulation::recorded::known_entry;
use crate::support::sandbox::Sandbox;
use crate::support::stores::organization;
use crate::support::test_server::{Caller, LOGS, TestServer};

/// 2021-06-01T08:00:00Z: `verify`, a process of its own, takes no time for true that lies in its future.
const START: Timestamp = Timestamp::from_micros(1_622_534_400_000_000).expect("a moment");
const RETENTION: Retention = Retention { plan: Plan::Free, floor: None };
const HOLDS: &str = "/api/v1/holds";
pub(super) const ERASURES: &str = "/api/v1/erasures";

pub(super) struct World {
    pub(super) servers: Vec<TestServer>,
    /// A caller of each server, with one token.
    pub(super) callers: Vec<Caller>,
    pub(super) org: OrgId,
    clock: Arc<AtomicI64>,
    renames: u32,
    pub(super) model: Model,
    /// Where `verify` keeps what it has seen.
    pub(super) sandbox: Sandbox,
}

impl World {
    /// A server over each of these handles of one empty store.
    pub(super) async fn new(stores: Vec<Arc<Store>>) -> Self {
        let clock = Arc::new(AtomicI64::new(START.micros()));
        let org = organization(&stores[0], "acme").await;
        let mut servers = Vec::new();
        for store in stores {
            // Small batches, so that a prune has several.
            let change = |settings: &mut Settings| settings.prune_batch = 3;
            servers.push(TestServer::at(store, org, Arc::clone(&clock), change).await);
        }
        let sandbox = Sandbox::new();
        let admin = servers[0].caller(org, "admin", Scope::ALL).await;
        let token = admin.token().to_owned();
        sandbox.write_with_mode("admin.token", &token, 0o600);
        let callers = servers.iter().map(|server| server.stranger().with_token(&token)).collect();
        let world = Self { servers, callers, org, clock, renames: 0, model: Model::default(), sandbox };
        world.confirm_clock().await;
        world
    }

    /// Stops the servers, which close their stores.
    pub(super) async fn stop(self) {
        drop(self.callers);
        for server in self.servers {
            server.stop().await;
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst)).expect("a moment")
    }

    /// The time before which entries of the audit log have expired.
    pub(super) fn cutoff(&self) -> Timestamp {
        RETENTION.plan.retention().before(self.now())
    }

    async fn confirm_clock(&self) {
        let guard = ClockGuard::new(Clock::Manual(Arc::clone(&self.clock)));
        guard.confirm(&self.servers[0].store).await.expect("confirmed");
    }

    /// Lets one event happen.
    pub(super) async fn apply(&mut self, server: usize, event: &Event) {
        match event {
            Event::Record(recording) => self.record(server, recording).await,
            Event::CreateHold(cover) => self.create_hold(server, cover).await,
            Event::ReleaseHold(which) => self.release_hold(server, *which).await,
            Event::Prune { older_than } => self.prune(server, *older_than).await,
            Event::Sweep => self.sweep(server).await,
            Event::Erase { person, with_id, also_values, despite_holds, is_interrupted } => {
                let erasure = KnownErasure {
                    person: *person,
                    with_id: *with_id,
                    also_values: *also_values,
                    identity: Identity::default(),
                    label: String::new(),
                };
                self.erase(server, erasure, *despite_holds, *is_interrupted).await;
            }
            Event::RenameOrganization => {
                self.renames += 1;
                let slug = format!("acme-{}", self.renames);
                self.servers[server].store.rename_organization(self.org, slug).await.expect("renamed");
            }
            Event::PassDays(days) => {
                let later = self.now().plus(TimeDelta::days(*days));
                self.clock.store(later.micros(), Ordering::SeqCst);
                self.confirm_clock().await;
            }
            Event::Check => self.check(server).await,
        }
        self.check_holds();
    }

    async fn record(&mut self, server: usize, recording: &Recording) {
        let mut known = known_entry(recording);
        let now = self.now();
        known.occurred_at = now.plus(TimeDelta::days(-recording.days_ago));
        let proposed = serde_json::to_value(known.entry()).expect("JSON");
        let mut proposed = proposed;
        for member in ["id", "uuid", "recorded_at"] {
            proposed.as_object_mut().expect("an object").remove(member);
        }
        let recorded: Entry = self.callers[server].record(&proposed).await.expect(201).read();
        known.id = self.model.head() + 1;
        (known.uuid, known.recorded_at) = (recorded.uuid, now);
        assert_eq!(recorded, known.entry());
        self.model.record(known);
    }

    async fn create_hold(&mut self, server: usize, cover: &Cover) {
        let filter = self.filter(cover);
        let name = format!("hold-{:02}", self.model.holds.len() + 1);
        let query = filter_text(&HoldFilter::new(filter.clone()).expect("cheap"));
        let hold = json!({"name": name, "reason": "court order", "filter": query});
        let created: HoldAnswer = self.callers[server].post(HOLDS, &hold).await.expect(201).read();
        self.model.holds.push(KnownHold { name, filter, is_active: true, covered: Default::default() });
        self.model.note_covered();
        self.compare_hold(self.model.holds.last().expect("there"), &created);
    }

    /// The filter as it is read back from the query string.
    fn filter(&self, cover: &Cover) -> Filter {
        let mut filter = Filter::default();
        let fact = |person: usize, what| Fact { person, what }.text();
        let user = match cover {
            Cover::Connector(id) => return resource(filter, &format!("connector/{id}")),
            Cover::Member(person) => return resource(filter, &format!("member/{}", PEOPLE[*person].id)),
            Cover::MembersOnly => {
                filter.model_type.include.push(ModelType::Member);
                return filter;
            }
            Cover::OnBehalfOf(person) => {
                let term = format!("email:{}", fact(*person, What::Email));
                filter.on_behalf_of.add(&term).expect("a user");
                return filter;
            }
            Cover::UserById(person) => format!("id:{}", PEOPLE[*person].id),
            Cover::UserByEmail(person) => format!("email:{}", fact(*person, What::Email)),
            Cover::UserByName(person) => fact(*person, What::Name).to_owned(),
            Cover::NotUser(person) => format!("!email:{}", fact(*person, What::OldEmail)),
            Cover::UserSince(person, days) => {
                filter.since = Some(self.now().plus(TimeDelta::days(-days)));
                fact(*person, What::Email).to_owned()
            }
        };
        filter.user.add(&user).expect("a user");
        filter
    }

    async fn release_hold(&mut self, server: usize, which: usize) {
        let active: Vec<_> =
            (0..self.model.holds.len()).filter(|it| self.model.holds[*it].is_active).collect();
        let Some(place) = active.get(which % active.len().max(1)) else { return };
        let hold = &mut self.model.holds[*place];
        let path = format!("{HOLDS}/{}/release", hold.name);
        self.callers[server].post(&path, &json!({"reason": "closed"})).await.expect(200);
        (hold.is_active, hold.covered) = (false, Default::default());
    }

    pub(super) fn compare_hold(&self, hold: &KnownHold, answer: &HoldAnswer) {
        let filter = filter_text(&HoldFilter::new(hold.filter.clone()).expect("cheap"));
        assert_eq!(answer.filter, filter, "the filter of {}", hold.name);
        assert_eq!(answer.released_at.is_none(), hold.is_active);
        if let Some(counted) = answer.entries {
            let covered = self.model.list(&hold.filter);
            let expired = covered.iter().filter(|entry| entry.occurred_at < self.cutoff()).count() as u64;
            let oldest = covered.first().map(|entry| entry.occurred_at);
            assert_eq!(
                (counted.count, counted.expired, counted.oldest),
                (covered.len() as u64, expired, oldest),
                "what {} covers",
                hold.name
            );
        }
    }

    async fn prune(&mut self, server: usize, older_than: Option<&str>) {
        let request = json!({"older_than": older_than});
        let answer: PruneAnswer =
            self.callers[server].post(&format!("{LOGS}/prune"), &request).await.expect(200).read();
        let age = older_than.map(|age| age.parse().expect("an age"));
        let cutoff = RETENTION.cutoff(age, self.now()).expect("allowed");
        assert_eq!((answer.cutoff, answer.as_of, answer.complete), (cutoff, self.model.head(), true));
        assert_eq!(answer.counts, self.counts(cutoff), "the plan of the prune");
        let deleted = answer.prune.map_or(0, |prune| prune.deleted);
        assert_eq!(self.model.prune(cutoff), deleted, "deleted entries");
    }

    pub(super) fn counts(&self, cutoff: Timestamp) -> PruneCounts {
        let (gone, held) = self.model.expired(cutoff);
        let all = self.model.entries.len() as u64;
        let (expired, held) = (gone.len() as u64, held.len() as u64);
        PruneCounts { expired, kept: all - expired, held }
    }

    async fn sweep(&mut self, server: usize) {
        let clock = Clock::Manual(Arc::clone(&self.clock));
        let settings = Settings { prune_batch: 2, ..Settings::new(clock.clone()) };
        let store = &self.servers[server].store;
        let swept = sweeper::once(store, &settings, &ClockGuard::new(clock)).await.expect("swept");
        assert!(swept.failed.is_empty() && !swept.is_running_elsewhere, "{swept:?}");
        let deleted = self.model.prune(self.cutoff());
        // The sweep also deletes entries of the trail.
        assert!(swept.deleted >= deleted, "{swept:?} instead of {deleted}");
    }

    async fn erase(
        &mut self,
        server: usize,
        mut erasure: KnownErasure,
        despite_holds: bool,
        is_interrupted: bool,
    ) {
        let person = erasure.person;
        let caller = &self.callers[server];
        let mut request: Value = json!({
            "user": format!("user/id:{}", PEOPLE[person].id), "reason": "request 117", "with_id": erasure.with_id,
            "also_values": erasure.also_values, "despite_holds": despite_holds, "dry_run": true,
        });
        let Some(identity) = self.model.identity(person) else {
            let refused = caller.post(ERASURES, &request).await.expect(404);
            refused.refused(Code::NotFound, "no user in the log matches");
            return;
        };
        let unfinished = self.model.unfinished.get(&person).cloned();
        if let Some(begun) = &unfinished {
            // It has the options of both requests.
            erasure.with_id |= begun.with_id;
            erasure.also_values |= begun.also_values;
            erasure.label.clone_from(&begun.label);
        }
        erasure.identity = identity;
        let changed = self.model.changed_by(&erasure);
        let plan: ErasureAnswer = caller.post(ERASURES, &request).await.expect(200).read();
        assert_eq!(plan.acted, self.model.acted(person, &erasure.identity), "entries by the person");
        let changed_ids = changed.iter().map(|(entry, ..)| &self.model.entries[&entry.id]);
        let mut held: Vec<&str> = changed_ids.flat_map(|entry| self.model.holds_of(&entry.entry())).collect();
        held.sort_unstable();
        held.dedup();
        let told: Vec<_> = plan.held.iter().map(|hold| hold.name.as_str()).collect();
        assert_eq!(told, held, "the holds in the plan");
        request["dry_run"] = false.into();
        if is_interrupted {
            request["max_seconds"] = 0.into();
        }
        if !held.is_empty() && !despite_holds {
            let refused = caller.post(ERASURES, &request).await.expect(409);
            refused.refused(Code::Held, "holds keep some of these entries");
            return;
        }
        let answer: ErasureAnswer = caller.post(ERASURES, &request).await.expect(200).read();
        assert_eq!(answer.complete, !is_interrupted);
        let record = answer.erasure.expect("a record");
        assert!(unfinished.is_none_or(|it| it.label == record.label), "an erasure keeps its label");
        erasure.label.clone_from(&record.label);
        self.model.erasures = self.model.erasures.max(record.id);
        if is_interrupted {
            self.model.unfinished.insert(person, erasure);
            return;
        }
        self.model.unfinished.remove(&person);
        let changed: BTreeSet<u64> = changed.into_iter().map(|(entry, ..)| entry.id).collect();
        let before = self.model.clone();
        let (actors, contents) = self.model.erase(&erasure);
        self.read_holds(server, &before, (&changed, &erasure)).await;
        if !erasure.also_values {
            assert_eq!((record.actors, record.contents), (actors, contents), "erased parts");
        } else {
            self.check_forgotten(server, &erasure).await;
        }
    }

    /// Reads the filters of holds after an erasure. A hold may cover more than before only if the entry was erased, or has the
    /// id that was kept.
    async fn read_holds(
        &mut self,
        server: usize,
        before: &Model,
        (changed, erasure): (&BTreeSet<u64>, &KnownErasure),
    ) {
        let told: Holds = self.callers[server].get(HOLDS).await.expect(200).read();
        for (hold, told) in self.model.holds.iter_mut().zip(&told.data) {
            assert_eq!(hold.name, told.name);
            let pairs: Vec<_> = form_urlencoded::parse(told.filter.as_bytes()).into_owned().collect();
            let filter = read_only_filter(Log::Audit, &pairs).expect("a filter");
            // What a released hold covers does not matter any more.
            for (id, known) in self.model.entries.iter().filter(|_| hold.is_active) {
                let was_covered = hold.filter.matches(&before.entries[id].entry());
                let has_id = known.has_id_of(erasure.person) && !erasure.with_id;
                let may_be_new = changed.contains(id) || has_id;
                let is_covered = filter.matches(&known.entry());
                assert!(
                    is_covered == was_covered || is_covered && may_be_new,
                    "{} with {filter:?} instead of {:?} covers {known:?}: {is_covered}",
                    hold.name,
                    hold.filter
                );
            }
            hold.filter = filter;
        }
        self.model.note_covered();
    }

    /// No entry that was covered by an active hold is missing, and the hold still covers it.
    fn check_holds(&self) {
        for hold in self.model.holds.iter().filter(|hold| hold.is_active) {
            for id in &hold.covered {
                let entry = self.model.entries.get(id).map(KnownEntry::entry);
                assert!(
                    entry.is_some_and(|entry| hold.filter.matches(&entry)),
                    "{} lost entry {id}",
                    hold.name
                );
            }
        }
    }
}

fn resource(mut filter: Filter, text: &str) -> Filter {
    filter.resource.add(text).expect("a resource");
    filter
}
