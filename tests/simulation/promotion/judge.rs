//! Checkers of promotions: they see calls as they take effect, live objects, and the journals on
//! the disks, and ask nothing of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeboat_sdk::{Access, Class, Location, Value};
use lifeboat_sim::{Entry, Outcome, SimCloud};
use lifeboat_state::store::MemoryDisk;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::clients::{is_open, lets_in, runs, takes_copies};
use super::writers::{Attested, Claims, Role, Writers, plan};
use crate::simulation::disk::{Journals, Run};

/// How many changes one command may try in a region that is lost, before it leaves it alone: as
/// many as may be in flight when the first one fails, each with its attempts.
const LOST: usize = 12;

/// What keeps the service of others from writing.
const FENCES: [&str; 2] = ["aws_ec2_instance_state", "aws_security_group_ingress"];

/// What was seen of writers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exposed {
    /// How often clients tried, one in each region whenever something changed.
    pub(super) tries: usize,
    pub(super) refused: usize,
    /// How long two regions took writes, all by attestation.
    pub(super) time: Duration,
    /// How often that began.
    pub(super) times: usize,
}

#[derive(Default)]
struct Inner {
    /// Whether the first apply is over.
    armed: bool,
    disks: Vec<MemoryDisk>,
    journals: Journals,
    /// Regions that nobody reaches, neither we nor clients.
    down: BTreeSet<&'static str>,
    /// Regions that we do not reach.
    dark: BTreeSet<String>,
    /// Those that we did not reach at some time since the commands at work began.
    dim: BTreeSet<String>,
    /// Changes that were tried there by the commands at work.
    tried: usize,
    /// Where clients can write.
    data: Writers,
    /// Where the service lets them in.
    reach: Writers,
    claims: Claims,
    primaries: BTreeMap<u64, String>,
    /// Plans whose claim was refused.
    refused: BTreeSet<String>,
    /// Addresses whose newest change was answered as done and had no effect.
    vain: BTreeSet<String>,
    since: Option<Instant>,
    exposed: Exposed,
    found: Vec<String>,
}

/// The checkers of one world. Clones are the same.
#[derive(Clone)]
pub(super) struct Judge {
    cloud: SimCloud,
    regions: Vec<&'static str>,
    inner: Arc<Mutex<Inner>>,
}

impl Judge {
    pub(super) fn new(cloud: &SimCloud, regions: &[&'static str]) -> Self {
        let inner = Arc::default();
        let this = Self { cloud: cloud.clone(), regions: regions.to_vec(), inner };
        let (before, after) = (this.clone(), this.clone());
        cloud.watch(move |call| before.called(call));
        cloud.watch_answers(move |call| after.answered(call));
        this
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, checker: &str, text: &str) {
        self.lock().found.push(format!("{checker}: {text}"));
    }

    /// The first apply is over: from now on one region takes writes.
    pub(super) fn arm(&self) {
        self.lock().armed = true;
        self.look();
    }

    /// Commands begin on these disks.
    pub(super) fn begin(&self, disks: &[MemoryDisk]) {
        let mut inner = self.lock();
        (inner.disks, inner.tried) = (disks.to_vec(), 0);
        inner.dim = inner.dark.clone();
    }

    /// A region is lost to us; to clients too where it is `down`.
    pub(super) fn lose(&self, region: &'static str, down: bool) {
        let mut inner = self.lock();
        inner.dark.insert(region.to_owned());
        inner.dim.insert(region.to_owned());
        if down {
            inner.down.insert(region);
        }
        drop(inner);
        self.look();
    }

    /// A region returns as it was.
    pub(super) fn returns(&self, region: &'static str) {
        let mut inner = self.lock();
        inner.dark.remove(region);
        inner.down.remove(region);
        drop(inner);
        self.look();
    }

    /// What was found since this was asked last.
    pub(super) fn found(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().found)
    }

    pub(super) fn exposed(&self) -> Exposed {
        self.lock().exposed
    }

    /// How many promotions had their claim refused.
    pub(super) fn refused(&self) -> usize {
        self.lock().refused.len()
    }

    /// The primary that the newest of all records names.
    pub(super) fn primary(&self) -> Option<String> {
        self.lock().claims.primary()
    }

    /// Where clients can write now, and what the records say.
    pub(super) fn standing(&self) -> (BTreeSet<&'static str>, BTreeSet<(u64, String)>) {
        let inner = self.lock();
        let records = inner.claims.records.values();
        let told = records.map(|role| (role.epoch, role.primary.clone()));
        (inner.data.open.clone(), told.collect())
    }

    fn runs(&self) -> Vec<Arc<Run>> {
        let mut inner = self.lock();
        let Inner { disks, journals, .. } = &mut *inner;
        disks.iter().flat_map(|disk| journals.runs(disk)).collect()
    }

    /// A call is made.
    fn called(&self, call: &Entry) {
        let Location::Region(region) = &call.location else { return };
        let (mut inner, region) = (self.lock(), region.to_string());
        if call.access != Access::Write || !inner.dark.contains(&region) {
            return;
        }
        inner.tried += 1;
        let much = inner.tried == LOST + 1;
        drop(inner);
        let what = format!("{} {} in {region}", call.operation, call.kind);
        if much {
            self.report("lost region", &format!("{what}: the {LOST} before were tried in vain"));
        }
        let owes = |run: &Run| {
            let owed = run.plan["promotion"]["owed"].as_array().into_iter().flatten();
            let here = format!("[\"{region}\"]");
            owed.filter_map(Json::as_str).any(|fence| fence.ends_with(&here))
        };
        // What answered when it was planned may stop the service there all the same.
        if !FENCES.contains(&&*call.kind) && self.run_of(call).is_some_and(|run| owes(&run)) {
            self.report("lost region", &format!("{what}: the plan counts it as lost"));
        }
    }

    fn run_of(&self, call: &Entry) -> Option<Arc<Run>> {
        let tokens = || call.sent.iter().map(|sent| &*sent.token);
        self.runs().into_iter().find(|run| tokens().any(|token| run.step(token).is_some()))
    }

    /// What comes of a call is decided.
    fn answered(&self, call: &Entry) {
        if call.access != Access::Write {
            return;
        }
        let refused = call.outcome == Outcome::Failed(Class::Other);
        if refused && &*call.kind == "aws_s3_object" {
            let run = self.run_of(call).filter(|run| !self.is_same_claim(call, run));
            self.lock().refused.extend(run.iter().filter_map(|run| plan(run)));
        }
        for sent in &call.sent {
            let (mut inner, address) = (self.lock(), sent.address.to_string());
            match call.outcome {
                Outcome::Vain => drop(inner.vain.insert(address)),
                _ if call.had_effect() => drop(inner.vain.remove(&address)),
                _ => {}
            }
        }
        if !call.had_effect() {
            return;
        }
        let sent: Vec<&str> = call.sent.iter().map(|sent| &*sent.address).collect();
        let what = format!("{} {} in {}", call.operation, sent.join(", "), call.location);
        let (armed, any) = {
            let inner = self.lock();
            (inner.armed, !inner.refused.is_empty())
        };
        if any {
            let plan = self.run_of(call).and_then(|run| plan(&run));
            if plan.is_some_and(|plan| self.lock().refused.contains(&plan)) {
                self.report("one claim wins", &format!("{what}, by a run whose claim was refused"));
            }
        }
        if armed {
            self.fence_first(call, &what);
        }
        if &*call.kind == "aws_s3_object" {
            self.fences_are_seen(call, &what);
            self.roles(&what);
        }
        self.look();
        if armed && &*call.kind == "aws_s3_bucket_policy" {
            self.no_copies(&what);
        }
    }

    /// Whether a record says already what a run would have it say: another operator promotes the same region
    /// from the same epoch, and who goes on does no other thing.
    fn is_same_claim(&self, call: &Entry, run: &Run) -> bool {
        let Location::Region(region) = &call.location else { return false };
        let promotion = &run.plan["promotion"];
        let epoch = promotion["epoch"].as_u64().map(|epoch| epoch + 1);
        let inner = self.lock();
        let said = inner.claims.of(&region.0);
        said.is_some_and(|role| promotion["to"] == *role.primary && epoch == Some(role.epoch))
    }

    /// While another region takes writes too, none of them reaches the primary.
    fn no_copies(&self, what: &str) {
        let open = self.lock().data.open.len();
        let primary = self.primary().unwrap_or_default();
        // Of whom somebody attested that it is down, nobody can close.
        let attested = self.lock().data.attests(&primary);
        if open > 1
            && !attested
            && is_open(&self.cloud, &primary)
            && takes_copies(&self.cloud, &primary)
        {
            self.report("no copies", &format!("{what}: {primary} takes them"));
        }
    }

    /// Whether a region takes writes by attestation, and nobody who works now could read the claim that
    /// left it: who holds an older copy of the state takes it for the primary, and has no way to know.
    fn cannot_be_known(&self, region: &str) -> bool {
        let inner = self.lock();
        let records = &inner.claims.records;
        let newest = records.values().map(|role| role.epoch).max();
        let mut told = records.iter().filter(|(_, role)| Some(role.epoch) == newest);
        inner.data.attests(region)
            && told.all(|(at, _)| match &at.location {
                Location::Region(at) => inner.dim.contains(&at.to_string()),
                _ => false,
            })
    }

    /// In a region that takes writes and is not the primary nothing comes before the fence.
    fn fence_first(&self, call: &Entry, what: &str) {
        let Location::Region(region) = &call.location else { return };
        let region = region.to_string();
        let primary = self.primary();
        let is = |writers: &Writers| writers.open.contains(&*region);
        let open = {
            let inner = self.lock();
            is(&inner.data) || is(&inner.reach)
        };
        // Who has claimed for it opens one thing after the other; whether it may is judged by who lets writers in.
        let claims =
            |run: &Run| run.plan["promotion"]["to"] == *region && self.is_same_claim(call, run);
        let own = self.run_of(call).is_some_and(|run| claims(&run));
        let owes = open && !own && primary.as_ref() != Some(&region);
        let fences = match &*call.kind {
            "aws_s3_bucket_policy" => !is_open(&self.cloud, &region),
            "aws_security_group_ingress" => !lets_in(&self.cloud, &region),
            "aws_ec2_instance_state" => !runs(&self.cloud, &region),
            _ => false,
        };
        // Who placed it places it again after the claim, if another took it away in the midst of that: until
        // it looks, it goes on with its claim.
        let policy = format!("bucket.data.aws_s3_bucket_policy[\"{region}\"]");
        let (record, vain) = (&*call.kind == "aws_s3_object", self.lock().vain.contains(&policy));
        let placed = || record && !vain && self.run_of(call).is_some_and(|run| run.did(&policy));
        if owes && !fences && !placed() && !self.cannot_be_known(&region) {
            self.report("fence first", &format!("{what}: it takes writes and is not the primary"));
        }
    }

    /// No promotion moves a record by a fence that was answered as placed and is not there.
    fn fences_are_seen(&self, call: &Entry, what: &str) {
        let Some(run) = self.run_of(call).filter(|run| !run.plan["promotion"].is_null()) else {
            return;
        };
        for region in &self.regions {
            let policy = format!("bucket.data.aws_s3_bucket_policy[\"{region}\"]");
            let vain = self.lock().vain.contains(&policy);
            if vain && is_open(&self.cloud, region) && run.did(&policy) {
                self.report("read back", &format!("{what}: the fence of {region} is not there"));
            }
        }
    }

    /// Epochs rise, and in each of them more than half of all records name one primary at most: of two
    /// claims at once the one that is refused may have moved a record that the other cannot reach.
    fn roles(&self, what: &str) {
        let objects = self.cloud.objects();
        let records = objects.iter().filter(|object| &*object.key.kind == "aws_s3_object");
        for object in records {
            let content = object.document.get("content").and_then(Value::as_str);
            let content: Json =
                serde_json::from_str(content.unwrap_or_default()).unwrap_or_default();
            let primary = content["primary"].as_str().unwrap_or_default().to_owned();
            let role = Role { epoch: content["epoch"].as_u64().unwrap_or_default(), primary };
            let mut inner = self.lock();
            let old = inner.claims.say(&object.key, &role);
            let holds = inner.claims.named(role.epoch);
            let other = holds.and_then(|holds| {
                let first = inner.primaries.entry(role.epoch).or_insert_with(|| holds.clone());
                (*first != holds).then(|| first.clone())
            });
            drop(inner);
            if old.as_ref() == Some(&role) {
                continue;
            }
            let at = &object.key.location;
            if let Some(old) = old.filter(|old| old.epoch > role.epoch) {
                self.report("epochs rise", &format!("{what}: {role:?} after {old:?} at {at}"));
            }
            if let Some(other) = other {
                let text = format!("{what}: {role:?} at {at}, and {other} was it");
                self.report("one primary", &text);
            }
        }
    }

    /// Clients try to write everywhere, and to reach what the service runs.
    fn look(&self) {
        let where_any = |takes: fn(&SimCloud, &str) -> bool| {
            let open = self.regions.iter().copied().filter(|region| takes(&self.cloud, region));
            open.collect::<BTreeSet<&'static str>>()
        };
        let mut inner = self.lock();
        inner.data.open = where_any(is_open);
        inner.reach.open = where_any(lets_in);
        if !inner.armed {
            return;
        }
        let down = inner.down.clone();
        let up = |open: &BTreeSet<&'static str>| -> Vec<&'static str> {
            open.iter().copied().filter(|region| !down.contains(region)).collect()
        };
        let (writes, reached) = (up(&inner.data.open), up(&inner.reach.open));
        inner.exposed.tries += self.regions.len();
        inner.exposed.refused += self.regions.len() - writes.len();
        let two = writes.len() > 1;
        if !two && let Some(since) = inner.since.take() {
            inner.exposed.time += since.elapsed();
        }
        drop(inner);
        let runs = self.runs();
        let told: Vec<Attested> = runs.iter().flat_map(|run| Attested::of(run)).collect();
        let mut inner = self.lock();
        let Inner { data, reach, claims, .. } = &mut *inner;
        claims.note(runs.iter().map(|run| &**run));
        data.note(&told, claims);
        reach.note(&told, claims);
        let both = data.unexplained(&writes, claims);
        let both_let_in = reach.unexplained(&reached, claims);
        if two && inner.since.is_none() {
            inner.since = Some(Instant::now());
            inner.exposed.times += 1;
        }
        drop(inner);
        for (what, pairs) in [("write to", both), ("reach the service in", both_let_in)] {
            if !pairs.is_empty() {
                let text = format!("clients can {what} {}", pairs.join(", and "));
                self.report("one writer", &text);
            }
        }
    }
}
