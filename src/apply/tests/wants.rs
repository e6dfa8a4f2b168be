//! What tests want to exist, and a small planner for it.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostics, Name, Type, Value};
use lifeboat_state::model::{ObjectStatus, State};

use crate::address::Address;
use crate::apply::document::load;
use crate::diff::Action;
use crate::plan::{Inputs, Member, ObjectChange, Operation, Phase, Plan, PlanMode, Step, StepId};
use crate::refresh::fake::{ROW, scope};

/// What a test wants to exist.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// The attribute `name`, whose change replaces.
    pub(super) label: &'static str,
    pub(super) size: i64,
    pub(super) region: &'static str,
    pub(super) needs: Vec<&'static str>,
    pub(super) create_before_destroy: bool,
}

pub(super) fn want(kind: &'static str, name: &'static str, size: i64) -> Want {
    Want {
        kind,
        name,
        label: name,
        size,
        region: "east",
        needs: Vec::new(),
        create_before_destroy: false,
    }
}

impl Want {
    pub(super) fn needs(self, needs: &[&'static str]) -> Self {
        Self { needs: needs.to_vec(), ..self }
    }
    pub(super) fn region(self, region: &'static str) -> Self {
        Self { region, ..self }
    }
    pub(super) fn label(self, label: &'static str) -> Self {
        Self { label, ..self }
    }
    pub(super) fn first_create(self) -> Self {
        Self { create_before_destroy: true, ..self }
    }
    pub(super) fn address(&self) -> Address {
        Address::parse(&format!("{}.{}", self.kind, self.name)).unwrap()
    }
}

pub(super) fn blank(address: Address, region: &str) -> ObjectChange {
    ObjectChange {
        provider: "fake".into(),
        provider_source: "test/fake".into(),
        scope: Some(scope(region)),
        schema_version: 3,
        ..ObjectChange::new(address, Action::NoOp)
    }
}

pub(super) fn plan_of(id: &str, changes: Vec<ObjectChange>, steps: Vec<Step>) -> Plan {
    Plan {
        promotion: None,
        lasting: None,
        fencing: None,
        retiring: None,
        retired: Vec::new(),
        fenced: Default::default(),
        evacuated: Default::default(),
        diverged: Default::default(),
        discards: None,
        backfills: BTreeMap::new(),
        approvers: None,
        unprotected: None,
        returns_writable: Vec::new(),
        legs: Default::default(),
        id: id.to_owned(),
        created: String::new(),
        expires: String::new(),
        mode: PlanMode::Normal,
        inputs: Inputs {
            topology: Some("top".into()),
            primary: Some("east".into()),
            ..Inputs::default()
        },
        changes,
        drift: Vec::new(),
        outputs: BTreeMap::new(),
        steps,
        scopes: Vec::new(),
        findings: Diagnostics::new(),
        checks: Vec::new(),
    }
}

pub(super) fn document(want: &Want) -> Value {
    let zone = if want.kind == ROW { Value::string("z") } else { Value::Null(Type::String) };
    let input = match want.needs.is_empty() {
        true => Value::Null(Type::String),
        false => Value::unknown(Type::String),
    };
    Value::object([
        ("id".into(), Value::unknown(Type::String)),
        ("name".into(), Value::string(want.label)),
        ("region".into(), Value::string(want.region)),
        ("size".into(), Value::int(want.size)),
        ("zone".into(), zone),
        ("input".into(), input),
        ("policy".into(), Value::Null(Type::String)),
        ("etag".into(), Value::unknown(Type::String)),
        ("writable".into(), Value::Null(Type::Bool)),
    ])
}

/// Steps while they are added, each after what it needs.
#[derive(Default)]
pub(super) struct Steps(pub(super) Vec<Step>);

impl Steps {
    pub(super) fn add(
        &mut self,
        members: Vec<Member>,
        needs: BTreeSet<StepId>,
        region: Option<&str>,
    ) -> StepId {
        let id = StepId(u32::try_from(self.0.len()).unwrap());
        self.0.push(Step {
            task: None,
            act: None,
            leg: None,
            id,
            phase: Phase::Change,
            members,
            needs: needs.into_iter().collect(),
            scope: region.map(scope),
            plane: None,
            weight: 0,
        });
        id
    }
}

pub(super) fn member(change: usize, operation: Operation) -> Member {
    Member { change, operation, depose: false }
}

/// A planner for the tests: creates, updates, replacements, removals; rows go in one step.
pub(super) fn planned(id: &str, state: Option<&State>, wants: &[Want]) -> Plan {
    let mut changes = Vec::new();
    let mut steps = Steps::default();
    let mut made: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut rows: Vec<Member> = Vec::new();
    for want in wants {
        let address = want.address();
        let record = state.and_then(|s| s.objects.get(&address.to_string()));
        let index = changes.len();
        let mut change = blank(address, want.region);
        change.depends_on =
            wants.iter().filter(|w| want.needs.contains(&w.name)).map(Want::address).collect();
        change.create_before_destroy = want.create_before_destroy;
        let after = document(want);
        let needs: BTreeSet<StepId> =
            want.needs.iter().filter_map(|n| made.get(n).copied()).collect();
        let before = record.and_then(|r| load(&r.document).ok()).filter(|v| !v.is_null());
        let Some(before) = before else {
            change.action = Action::Create;
            change.after = Some(after);
            changes.push(change);
            if want.kind == ROW {
                rows.push(member(index, Operation::Create));
                continue;
            }
            let step = steps.add(vec![member(index, Operation::Create)], needs, Some(want.region));
            made.insert(want.name, step);
            continue;
        };
        change.id = record.and_then(|r| r.identity.as_deref().map(Name::from));
        change.before = Some(before.clone());
        let same = |name: &str| before.get(name) == after.get(name);
        if !same("name") || !same("region") {
            change.action = Action::Replace;
            change.after = Some(after);
            changes.push(change);
            let last = replacement(&mut steps, index, want, needs);
            made.insert(want.name, last);
            continue;
        }
        let whole = record.is_some_and(|r| r.status == ObjectStatus::Ok);
        if same("size") && whole {
            change.after = Some(before);
            changes.push(change);
            continue;
        }
        change.action = Action::Update;
        let after = after.with("id", before.get("id").cloned().unwrap());
        let input = before.get("input").cloned().unwrap();
        change.after = Some(after.with("input", input));
        changes.push(change);
        if want.kind == ROW {
            rows.push(member(index, Operation::Update));
            continue;
        }
        let step = steps.add(vec![member(index, Operation::Update)], needs, Some(want.region));
        made.insert(want.name, step);
    }
    if !rows.is_empty() {
        steps.add(rows, BTreeSet::new(), Some("east"));
    }
    removals(state, wants, &mut changes, &mut steps);
    plan_of(id, changes, steps.0)
}

fn replacement(steps: &mut Steps, index: usize, want: &Want, needs: BTreeSet<StepId>) -> StepId {
    if want.create_before_destroy {
        let create = Member { depose: true, ..member(index, Operation::Create) };
        let create = steps.add(vec![create], needs, Some(want.region));
        let delete = member(index, Operation::DeleteDeposed);
        steps.add(vec![delete], [create].into(), Some(want.region));
        return create;
    }
    let delete = steps.add(vec![member(index, Operation::Delete)], needs, Some(want.region));
    steps.add(vec![member(index, Operation::Create)], [delete].into(), Some(want.region))
}

/// What is in state and not wanted goes, dependants first; and what replacements left behind.
fn removals(
    state: Option<&State>,
    wants: &[Want],
    changes: &mut Vec<ObjectChange>,
    steps: &mut Steps,
) {
    let Some(state) = state else { return };
    let wanted: BTreeSet<String> = wants.iter().map(|w| w.address().to_string()).collect();
    let mut gone: BTreeMap<&str, StepId> = BTreeMap::new();
    let mut left: Vec<_> =
        state.objects.values().filter(|r| !wanted.contains(&r.address)).collect();
    left.sort_by_key(|r| std::cmp::Reverse(r.depends_on.len()));
    for record in left {
        let before = load(&record.document).unwrap();
        if before.is_null() {
            continue;
        }
        let index = changes.len();
        let address = Address::parse(&record.address).unwrap();
        let mut change = blank(address, &record.scope.location);
        change.action = Action::Delete;
        change.id = record.identity.as_deref().map(Name::from);
        change.before = Some(before);
        changes.push(change);
        let needs = state.objects.values().filter(|r| r.depends_on.contains(&record.address));
        let needs = needs.filter_map(|r| gone.get(r.address.as_str()).copied()).collect();
        let members = vec![member(index, Operation::Delete)];
        let step = steps.add(members, needs, Some(&record.scope.location));
        gone.insert(&record.address, step);
    }
    for record in state.objects.values() {
        for deposed in &record.deposed {
            let index = changes.len();
            let address = Address::parse(&record.address).unwrap();
            let mut change = blank(address, &deposed.scope.location);
            change.action = Action::Delete;
            change.id = deposed.identity.as_deref().map(Name::from);
            change.before = Some(load(&deposed.document).unwrap());
            change.deposed = Some(deposed.key.as_str().into());
            changes.push(change);
            let members = vec![member(index, Operation::DeleteDeposed)];
            steps.add(members, BTreeSet::new(), Some(&deposed.scope.location));
        }
    }
}
