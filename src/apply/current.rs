//! State as it is now, in memory: what the beginning of a run and each ended member do to it.
//!
//! [`Current::take`] is the one transition of recording and of replay: a run that is folded from
//! its journal comes to the same state as the process that wrote it.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Name, Value};
use lifeboat_state::digest::Digest;
use lifeboat_state::model::{Deposed, ObjectRecord, ObjectStatus, Retired, State};

use super::document::{is_nothing, load, store};
use super::record::{depose, record};
use crate::address::{Address, Mode};
use crate::desired::blocks;
use crate::diff::Action;
use crate::plan::{Deferral, Member, ObjectChange, Operation, Plan, PlanMode};
use crate::registry::Providers;

/// How a member ended, as far as state is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// As planned: the object as it is now, or nothing.
    Done(Option<Value>),
    /// It failed and left this behind; `whole` if it is finished, though not as planned.
    Left {
        /// What is there.
        object: Value,
        /// Whether it is finished.
        whole: bool,
    },
    /// It failed and left nothing, or nothing that is known.
    Nothing,
}

/// State and all objects as they are now.
pub struct Current<'p> {
    pub(super) plan: &'p Plan,
    providers: &'p Providers,
    /// What the next generation will hold.
    pub state: State,
    /// All objects, for what refers to them.
    pub objects: BTreeMap<Address, Value>,
    /// Documents that could not be read or written; a defect or damage, told at the end.
    pub problems: Vec<String>,
    /// The changes of the plan that were made: a fence that is not among them at the claim is owed.
    pub(super) made: BTreeSet<usize>,
}

/// The key under which a replacement deposes its predecessor.
pub fn deposed_key(plan: &Plan, change: &ObjectChange) -> Name {
    if let Some(key) = &change.deposed {
        return key.clone();
    }
    let address = change.address.to_string();
    let digest = Digest::of_parts(&[b"deposed\n", plan.id.as_bytes(), b"\n", address.as_bytes()]);
    digest.to_string()[..8].into()
}

/// The name of a member in the journal: unique in its step.
pub fn member_name(plan: &Plan, member: &Member) -> String {
    let Some(change) = plan.changes.get(member.change) else { return String::new() };
    if member.operation == Operation::DeleteDeposed {
        format!("{} (deposed {})", change.address, deposed_key(plan, change))
    } else {
        change.address.to_string()
    }
}

impl<'p> Current<'p> {
    /// The state that a run starts from; see [`Self::begin`].
    pub fn new(plan: &'p Plan, providers: &'p Providers, state: State) -> Self {
        Self {
            plan,
            providers,
            state,
            objects: BTreeMap::new(),
            problems: Vec::new(),
            made: BTreeSet::new(),
        }
    }

    /// What a run does to state before its first call: moves, what refresh learnt, identities.
    pub fn begin(&mut self) {
        let plan = self.plan;
        self.moves();
        for change in plan.changes.iter().filter(|c| c.deposed.is_none()) {
            self.refreshed(change);
        }
        for gone in plan.drift.iter().filter(|d| d.after.is_none()) {
            let there = |c: &ObjectChange| c.address == gone.address && c.before.is_some();
            match &gone.deposed {
                Some(key) => self.drop_deposed(&gone.address.to_string(), key),
                // What the plan saw is not gone.
                None if plan.changes.iter().any(|c| c.deposed.is_none() && there(c)) => {}
                None => {
                    // State has it where it was before it moved.
                    let at = gone.previous_address.as_ref().unwrap_or(&gone.address);
                    self.drop_current(&at.to_string());
                    self.drop_current(&gone.address.to_string());
                }
            }
        }
        self.forget_data();
        if let Some(region) = &plan.discards {
            self.state.promotions.alone.remove(region);
        }
        if let Some(fencing) = &plan.fencing {
            self.fencing(fencing);
        }
        self.backfills();
        let inputs = &plan.inputs;
        if let Some(topology) = &inputs.topology {
            self.state.topology = Some(topology.to_string());
            self.state.epoch = self.state.epoch.max(1);
        }
        if self.state.primary.is_none() {
            self.state.primary = inputs.primary.as_ref().map(ToString::to_string);
        }
        self.state.identities.extend(inputs.identities.clone());
        self.gather();
    }

    /// Objects for references: as planned where nothing happens to them, else as they are.
    /// What is made or read by this run has no value before that.
    pub fn gather(&mut self) {
        for change in self.plan.changes.iter().filter(|c| c.deposed.is_none()) {
            let settled = change.action == Action::NoOp || change.unread.is_some();
            let value = match (&change.before, &change.after) {
                // It is not made by this run, and what it will be is not known.
                (None, Some(after)) if change.deferred.is_some() => {
                    Some(Value::unknown(after.ty()))
                }
                (before, after) if settled => after.clone().or_else(|| before.clone()),
                (before, _) => before.clone(),
            };
            if let Some(value) = value {
                self.objects.insert(change.address.clone(), value);
            }
        }
        let known: BTreeSet<String> =
            self.plan.changes.iter().map(|c| c.address.to_string()).collect();
        for (text, record) in &self.state.objects {
            if known.contains(text) {
                continue;
            }
            match (Address::parse(text), load(&record.document)) {
                (Some(address), Ok(value)) if !is_nothing(&value) => {
                    self.objects.insert(address, value);
                }
                (_, Ok(_)) => {}
                (_, Err(why)) => self.problems.push(format!("{text}: {why}")),
            }
        }
    }

    fn moves(&mut self) {
        let moved: Vec<(&ObjectChange, ObjectRecord)> = self
            .plan
            .changes
            .iter()
            .filter_map(|change| {
                let from = change.previous_address.as_ref()?;
                Some((change, self.state.objects.remove(&from.to_string())?))
            })
            .collect();
        for (change, old) in moved {
            let (document, identity) = (old.document.clone(), old.identity.clone());
            let ObjectRecord { address, module, kind, name, index, .. } =
                record(change, self.providers, document, identity, old.status);
            // All else stays as it was until what is planned is done.
            let kept = ObjectRecord { address, module, kind, name, index, ..old };
            self.state.objects.insert(kept.address.clone(), kept);
        }
        self.rename_needs();
    }

    /// What moved is needed under its new name.
    fn rename_needs(&mut self) {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let moved = |c: &&ObjectChange| c.previous_address.is_some();
        if !self.plan.changes.iter().any(|change| moved(&change)) {
            return;
        }
        let left: BTreeSet<Address> =
            self.plan.changes.iter().map(|change| change.address.whole()).collect();
        for change in self.plan.changes.iter().filter(moved) {
            let Some(from) = &change.previous_address else { continue };
            names.insert(from.to_string(), change.address.to_string());
            if !left.contains(&from.whole()) {
                names.insert(from.whole().to_string(), change.address.whole().to_string());
            }
        }
        for need in self.state.objects.values_mut().flat_map(|record| &mut record.depends_on) {
            if let Some(now) = names.get(need) {
                need.clone_from(now);
            }
        }
    }

    /// What refresh and planning learnt of one object.
    fn refreshed(&mut self, change: &ObjectChange) {
        let address = change.address.to_string();
        if let Some(why) = &change.unread {
            if let Some(record) = self.state.objects.get_mut(&address) {
                record.stale = Some(words(why));
            }
            return;
        }
        let idle = change.action == Action::NoOp && change.deferred.is_none();
        if idle && self.plan.mode == PlanMode::Normal {
            // A fence that was owed is there: somebody else placed it. A plan that only refreshes compares
            // nothing with what is wanted.
            self.strike(&address);
        }
        let document = match (&change.before, &change.after) {
            (_, Some(after)) if idle && after.is_wholly_known() => after,
            (Some(before), _) => before,
            (None, _) if change.deferred.is_some() => return,
            // A fence that was owed is owed as before, until it is made again.
            (None, _) => return self.drop_current(&address),
        };
        let Some(document) = self.stored(&change.address, document) else { return };
        if idle && change.address.mode == Mode::Data {
            let fresh = record(change, self.providers, document, None, ObjectStatus::Ok);
            self.state.objects.insert(address, fresh);
            return;
        }
        let Some(record) = self.state.objects.get_mut(&address) else { return };
        record.document = document;
        record.stale = None;
        if let Some(id) = &change.id {
            record.identity = Some(id.to_string());
        }
        record.schema_version = change.schema_version.into();
        if idle {
            record.depends_on = change.depends_on.iter().map(ToString::to_string).collect();
            record.create_before_destroy = change.create_before_destroy;
            record.prevent_destroy = change.prevent_destroy;
        }
    }

    /// Data sources that are in no file any more are forgotten, unless only a part was planned.
    fn forget_data(&mut self) {
        let inputs = &self.plan.inputs;
        if !inputs.targets.is_empty() || !inputs.excludes.is_empty() {
            return;
        }
        let known: BTreeSet<String> =
            self.plan.changes.iter().map(|c| c.address.to_string()).collect();
        self.state.objects.retain(|address, record| {
            record.mode != lifeboat_state::model::Mode::Data || known.contains(address)
        });
    }

    /// Takes over how a member ended; `id` is what the API told of the object.
    pub fn take(&mut self, member: &Member, id: Option<&str>, ended: &Ended) {
        let plan = self.plan;
        let Some(change) = plan.changes.get(member.change) else { return };
        let address = change.address.to_string();
        self.note_made(member, ended);
        match (member.operation, ended) {
            (_, Ended::Nothing) => {}
            (Operation::Create, Ended::Done(Some(object))) => {
                self.strike(&address);
                self.put(change, member.depose, id, object, ObjectStatus::Ok);
            }
            (Operation::Create, Ended::Left { object, whole }) => {
                let status = if *whole { ObjectStatus::Ok } else { ObjectStatus::Incomplete };
                self.put(change, member.depose, id, object, status);
            }
            (Operation::Import | Operation::Read, Ended::Done(Some(object))) => {
                self.put(change, false, id, object, ObjectStatus::Ok);
            }
            (Operation::Update, Ended::Done(Some(object))) => {
                self.strike(&address);
                let fenced = |r: &ObjectRecord| r.status == ObjectStatus::Fenced;
                let fenced = self.state.objects.get(&address).is_some_and(fenced);
                let status = if fenced { ObjectStatus::Fenced } else { ObjectStatus::Ok };
                self.retire(change, object);
                self.put(change, false, id, object, status);
            }
            (Operation::Update, Ended::Left { object, .. }) => {
                let before = self.state.objects.get(&address);
                let status = before.map_or(ObjectStatus::Ok, |record| record.status);
                let needs = before.map(|record| record.depends_on.clone()).unwrap_or_default();
                self.retire(change, object);
                self.put(change, false, id, object, status);
                // It may still use what it used before.
                if let Some(record) = self.state.objects.get_mut(&address) {
                    let more = needs.into_iter().filter(|need| !record.depends_on.contains(need));
                    let more: Vec<String> = more.collect();
                    record.depends_on.extend(more);
                }
            }
            (Operation::DeleteDeposed, Ended::Done(_)) => {
                self.drop_deposed(&address, &deposed_key(plan, change));
            }
            (Operation::Forget, Ended::Done(_)) if change.deposed.is_some() => {
                self.drop_deposed(&address, &deposed_key(plan, change));
            }
            (Operation::Delete | Operation::Forget, Ended::Done(_)) => {
                // What nobody wants any more is no fence.
                self.state.promotions.owed.remove(&address);
                self.drop_current(&address);
                self.objects.remove(&change.address);
            }
            // A removal leaves nothing, and everything else leaves an object.
            (_, Ended::Done(None) | Ended::Left { .. }) => {}
        }
    }

    /// Takes note of a change that was made.
    fn note_made(&mut self, member: &Member, ended: &Ended) {
        if matches!(ended, Ended::Done(_)) {
            self.made.insert(member.change);
        }
    }

    /// Strikes a fence off that the plan has placed, or found in place. A change of a plan from before the
    /// promotion that owes it is none, although it may be settled later: it let the region take writes.
    fn strike(&mut self, address: &str) {
        let promotion = self.plan.promotion.as_ref();
        let epoch = promotion.map_or(self.plan.inputs.epoch, |promotion| promotion.epoch + 1);
        let owed = &mut self.state.promotions.owed;
        if owed.get(address).is_some_and(|owed| owed.epoch <= epoch) {
            owed.remove(address);
        }
    }

    /// Strikes fences off that are owed and that the plan found in place, or that are neither there nor
    /// wanted.
    pub fn placed(&mut self) {
        let still = |change: &&ObjectChange| {
            let seen = change.deferred.is_none() && change.unread.is_none();
            change.action == Action::NoOp && seen
        };
        for change in self.plan.changes.iter().filter(still) {
            self.strike(&change.address.to_string());
        }
        if self.plan.is_whole() {
            let state = &mut self.state;
            let wanted: BTreeSet<String> =
                self.plan.changes.iter().map(|change| change.address.to_string()).collect();
            state
                .promotions
                .owed
                .retain(|fence, _| wanted.contains(fence) || state.objects.contains_key(fence));
        }
    }

    /// Takes over for references only how a member ended that state holds already.
    pub fn note(&mut self, member: &Member, ended: &Ended) {
        let Some(change) = self.plan.changes.get(member.change) else { return };
        self.note_made(member, ended);
        match (member.operation, ended) {
            (Operation::DeleteDeposed, _) | (_, Ended::Nothing) => {}
            (_, Ended::Done(Some(object)) | Ended::Left { object, .. }) => {
                self.objects.insert(change.address.clone(), object.clone());
            }
            (_, Ended::Done(None)) => drop(self.objects.remove(&change.address)),
        }
    }

    fn put(
        &mut self,
        change: &ObjectChange,
        deposes: bool,
        id: Option<&str>,
        object: &Value,
        status: ObjectStatus,
    ) {
        self.objects.insert(change.address.clone(), object.clone());
        let Some(document) = self.stored(&change.address, object) else { return };
        let address = change.address.to_string();
        let old = self.state.objects.remove(&address);
        let identity = id.map(str::to_owned);
        let identity = identity.or_else(|| old.as_ref().and_then(|old| old.identity.clone()));
        let mut fresh = record(change, self.providers, document, identity, status);
        if let Some(mut old) = old {
            let key = deposed_key(self.plan, change);
            // Folded twice, the predecessor is already deposed, or gone. An id names an object in
            // its own place only: a successor elsewhere may have the same.
            let other = old.identity.as_deref() != id || old.scope != fresh.scope;
            let new = old.deposed.iter().all(|d| d.key != *key);
            if deposes && other && new && !self.holds_nothing(&old) {
                old.deposed.push(depose(&old, &key));
                fresh.identity = id.map(str::to_owned);
            }
            fresh.deposed = old.deposed;
            fresh.secret_hashes = old.secret_hashes;
        }
        self.state.objects.insert(address, fresh);
    }

    /// What could not follow again was built anew, and is kept under another name.
    fn retire(&mut self, change: &ObjectChange, object: &Value) {
        let address = change.address.to_string();
        let Some(old) = self.state.objects.get(&address) else { return };
        let Ok(before) = load(&old.document) else { return };
        let kept = blocks::retired(&change.address.kind, &before, object);
        let Some((name, document)) = kept else { return };
        if old.deposed.iter().any(|deposed| *deposed.key == *name) {
            return;
        }
        let kept = depose(old, &name);
        let Some(document) = self.stored(&change.address, &document) else { return };
        let since = self.plan.created.clone();
        let retired = Some(Retired { epoch: self.state.epoch, since });
        let kept = Deposed { document, identity: Some(name.to_string()), retired, ..kept };
        if let Some(record) = self.state.objects.get_mut(&address) {
            record.deposed.push(kept);
        }
    }

    /// The current object is gone; the record stays while it has deposed predecessors.
    fn drop_current(&mut self, address: &str) {
        let Some(record) = self.state.objects.get_mut(address) else { return };
        match store(&Value::null()) {
            Ok(nothing) if !record.deposed.is_empty() => {
                record.document = nothing;
                record.identity = None;
                record.status = ObjectStatus::Ok;
            }
            _ => drop(self.state.objects.remove(address)),
        }
    }

    fn drop_deposed(&mut self, address: &str, key: &str) {
        let Some(record) = self.state.objects.get_mut(address) else { return };
        record.deposed.retain(|deposed| deposed.key != key);
        let empty = record.deposed.is_empty();
        if empty && self.state.objects.get(address).is_some_and(|r| self.holds_nothing(r)) {
            self.state.objects.remove(address);
        }
    }

    fn holds_nothing(&self, record: &ObjectRecord) -> bool {
        load(&record.document).is_ok_and(|value| is_nothing(&value))
    }

    fn stored(
        &mut self,
        address: &Address,
        value: &Value,
    ) -> Option<lifeboat_state::model::Document> {
        match store(value) {
            Ok(document) => Some(document),
            Err(why) => {
                self.problems.push(format!("{address}: {why}"));
                None
            }
        }
    }
}

fn words(why: &Deferral) -> String {
    match why {
        Deferral::Unreachable { scope, message } => format!("{scope}: {message}"),
        Deferral::Needs(what) => format!("it needs {what}"),
        Deferral::UnknownInstances => "the number of its instances is not known".to_owned(),
        Deferral::InDoubt(why) => format!("an earlier run left it in doubt: {why}"),
    }
}
