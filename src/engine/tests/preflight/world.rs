//! A topology that is well, and all that a preflight finds out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::provider::Credentials;
use lifeboat_sdk::{
    Cause, Diagnostic, Interrupt, Location, RegionName, Scope, Synced, Type, Value,
};
use lifeboat_state::durations::Durations;
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::super::{Asked, loaded_by, planned_by};
use crate::address::Address;
use crate::apply::Known;
use crate::builtin::Builtin;
use crate::desired::Part;
use crate::diff::Action;
use crate::engine::planning::Made;
use crate::engine::preflight::{
    Asked as Gates, Facts, Given, Held, Position, Preflight, facts, preflight,
};
use crate::engine::{Loaded, Looked, Seen, Settings, edit, roles};
use crate::plan::resolve::Previous;
use crate::plan::{
    Deferral, Member, ObjectChange, Operation, Phase, Promotion, ScopeStatus, Step, StepId,
};
use crate::registry::Catalogue;

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";

/// Route 53 is at home in the standby: the primary may be lost.
const WELL: &str = r#"
topology "web" {
  strategy = "warm_standby"
  regions  = ["us-west-2", "us-east-1"]
  primary  = "us-west-2"
  objective { rto = "30m" }
}
region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
bucket "exports" {
  name = { us-east-1 = "web-exports", us-west-2 = "web-exports-dr" }
}
replication "exports" { bucket = bucket.exports }
dns_failover "web" {
  zone   = "Z123"
  name   = "www.example.com"
  switch = "record"
  health_check {}
  endpoint "us-east-1" { address = "203.0.113.10" }
  endpoint "us-west-2" { address = "203.0.113.20" }
}
"#;

pub(super) const POLICY: &str = r#"bucket.exports.aws_s3_bucket_policy["us-west-2"]"#;
pub(super) const OTHER: &str = r#"bucket.exports.aws_s3_bucket_policy["us-east-1"]"#;
pub(super) const RULES: &str =
    r#"replication.exports.aws_s3_bucket_replication_configuration["us-west-2"]"#;
pub(super) const RECORD: &str = r#"dns_failover.web.aws_route53_record["us-west-2"]"#;
pub(super) const GATE: &str = r#"dns_failover.web.aws_route53_health_check["us-west-2/gate"]"#;
pub(super) const ENTRY: &str = r#"dns_failover.web.aws_route53_health_check["us-east-1/entry"]"#;
pub(super) const ROLE: &str = r#"region.us-west-2.aws_s3_object["us-west-2"]"#;

pub(super) fn at(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn text(text: &str) -> Value {
    Value::string(text)
}

pub(super) fn in_region(region: &str, service: &str) -> Scope {
    Scope {
        provider: "aws".into(),
        account: "123456789012".into(),
        location: Location::Region(RegionName::from(region)),
        service: service.into(),
    }
}

pub(super) fn dns() -> Scope {
    let location = Location::Global { home: RegionName::from(EAST) };
    Scope { location, ..in_region(EAST, "route53") }
}

/// What a command found out, of which a test changes something.
pub(super) struct World {
    pub(super) loaded: Loaded,
    pub(super) settings: Settings,
    pub(super) made: Made,
    pub(super) known: Known,
    pub(super) named: &'static str,
    pub(super) held: Held,
    pub(super) objects: BTreeMap<Address, Previous>,
    pub(super) credentials: (Credentials, Result<(), String>),
    pub(super) copy: Option<Result<Synced, String>>,
    pub(super) expected: Option<Duration>,
    pub(super) gates: Option<Gates>,
}

impl World {
    /// All is well, in files in which these texts are others.
    pub(super) async fn new(edits: &[(&str, &str)]) -> Self {
        let mut files = WELL.to_owned();
        for (before, after) in edits {
            assert!(files.contains(before), "{before}");
            files = files.replace(before, after);
        }
        let catalogue = || Catalogue::of(vec![Arc::new(Builtin)]);
        let (loaded, settings, _) = loaded_by(catalogue(), &files, &[]);
        let other = "resource \"terraform_data\" \"one\" {}";
        let made = planned_by(catalogue(), other, None, &Asked::default(), &[]).await;
        let mut state = State::new("l", "0");
        (state.epoch, state.primary) = (3, Some(WEST.to_owned()));
        let mut world = Self {
            loaded,
            settings,
            made,
            known: Known { state: Some(state), ..Known::default() },
            named: WEST,
            held: Held::Free,
            objects: BTreeMap::new(),
            credentials: (Credentials::default(), Ok(())),
            copy: Some(Ok(compared(0, None))),
            expected: Some(Duration::from_secs(10)),
            gates: None,
        };
        world.plan();
        world
    }

    /// The promotion of the standby: all that the roles decide changes, and all was read.
    fn plan(&mut self) {
        let model = self.made.plan.changes.pop().unwrap();
        let parts: BTreeMap<Address, Part> = roles::parts(&self.loaded);
        let plan = &mut self.made.plan;
        (plan.changes, plan.steps) = (Vec::new(), Vec::new());
        for (address, part) in &parts {
            let (region, before) = (
                crate::plan::promotion::region_of(address).unwrap(),
                [("content".into(), text(&record(3))), ("ttl".into(), Value::int(60))],
            );
            let (phase, scope) = match part {
                Part::Traffic => (Phase::Switch, dns()),
                Part::Record => (Phase::Claim, in_region(region, "s3")),
                Part::Writers if region == WEST => (Phase::Fence, in_region(region, "s3")),
                Part::Writers => (Phase::Promote, in_region(region, "s3")),
                Part::Database
                | Part::Writer
                | Part::Replica
                | Part::Original
                | Part::Triggers { .. }
                | Part::Reach
                | Part::Endpoint
                | Part::Copies
                | Part::Health
                | Part::Capacity { .. } => continue,
            };
            let (id, change) = (StepId(plan.steps.len().try_into().unwrap()), plan.changes.len());
            let members = vec![Member { change, operation: Operation::Update, depose: false }];
            let (act, needs, plane, weight) = (None, Vec::new(), None, 0);
            let scope = Some(scope);
            let step = Step {
                id,
                phase,
                members,
                leg: None,
                act,
                task: None,
                needs,
                scope,
                plane,
                weight,
            };
            plan.changes.push(ObjectChange {
                address: address.clone(),
                action: Action::Update,
                before: Some(Value::object(before)),
                scope: step.scope.clone(),
                ..model.clone()
            });
            plan.steps.push(step);
        }
        let promotion = Promotion::new(&WEST.into(), &EAST.into(), 3);
        plan.promotion = Some(Promotion { records: 2, ..promotion });
        plan.scopes = [in_region(EAST, "s3"), in_region(WEST, "s3"), dns()]
            .map(|scope| ScopeStatus { scope, trouble: None, objects: 4, unread: 0 })
            .into();
        self.has(POLICY, Value::null());
        self.has(r#"bucket.exports.aws_s3_bucket["us-east-1"]"#, Value::null());
        self.has(RULES, rules("Enabled"));
    }

    /// Puts an object into the state, which was read.
    pub(super) fn has(&mut self, address: &str, document: Value) {
        let address = at(address);
        let region = crate::plan::promotion::region_of(&address).unwrap().to_owned();
        let object = Previous {
            document,
            only_deposed: false,
            id: None,
            provider: "aws".into(),
            scope: Some(in_region(&region, "s3")),
            depends_on: Vec::new(),
            tainted: false,
            incomplete: false,
            create_before_destroy: false,
            prevent_destroy: false,
            operated: false,
            deposed: Vec::new(),
            retired: Default::default(),
            moved_from: None,
        };
        let (scope, id) = (object.scope.clone(), None);
        self.objects.insert(address.clone(), object);
        self.made.looked.push(Looked { address, scope, id, seen: Seen::Read });
    }

    pub(super) fn change(&mut self, address: &str) -> &mut ObjectChange {
        let address = at(address);
        self.made.plan.changes.iter_mut().find(|change| change.address == address).unwrap()
    }

    /// A gate that a promotion left so, and how it is seen.
    pub(super) fn gate(
        &mut self,
        open: bool,
        seen: Result<bool, String>,
        token: Option<Result<(), String>>,
    ) {
        let positions = vec![Position { url: "https://127.0.0.1:9/switch".into(), open, seen }];
        self.gates = Some(Gates { positions, token });
    }

    /// Whether the token of the gate can be read.
    pub(super) fn token(&mut self, token: Result<(), String>) {
        self.gates = Some(Gates { positions: Vec::new(), token: Some(token) });
    }

    /// The promotion lowers the TTL of the primary's record first, from so many seconds to so many.
    pub(super) fn lowers(&mut self, from: i64, to: u64) {
        let change = self.change(RECORD);
        change.before = Some(Value::object([("ttl".into(), Value::int(from))]));
        let lowered = [(at(RECORD), to)].into();
        self.made.plan.promotion.as_mut().unwrap().lowered = lowered;
    }

    /// The control plane of DNS is at home in this region.
    pub(super) fn dns_at_home_in(&mut self, region: &str) {
        let location = Location::Global { home: RegionName::from(region) };
        for change in self.made.plan.changes.iter_mut().filter(|c| c.scope == Some(dns())) {
            change.scope = Some(Scope { location: location.clone(), ..dns() });
        }
    }

    /// A region answers nothing.
    pub(super) fn silence(&mut self, region: &str) {
        let here = |location: &Location| *location == Location::Region(RegionName::from(region));
        let told = || "no answer within 5 s".to_owned();
        for status in self.made.plan.scopes.iter_mut().filter(|s| here(&s.scope.location)) {
            (status.trouble, status.unread) = (Some((Cause::Unreachable, told())), status.objects);
        }
        for looked in self
            .made
            .looked
            .iter_mut()
            .filter(|looked| looked.scope.as_ref().is_some_and(|scope| here(&scope.location)))
        {
            looked.seen = Seen::Unread(Cause::Unreachable, told());
        }
        let changes = self.made.plan.changes.iter_mut();
        for change in changes.filter(|c| c.scope.as_ref().is_some_and(|s| here(&s.location))) {
            let scope = in_region(region, "s3");
            change.deferred = Some(Deferral::Unreachable { scope, message: told() });
        }
    }

    pub(super) fn drifts(&mut self, address: &str, action: Action) {
        let model = self.made.plan.changes[0].clone();
        let scope = None;
        let drifted = ObjectChange { address: at(address), action, scope, ..model };
        self.made.plan.drift.push(drifted);
    }

    pub(super) fn fails(&mut self, code: &'static str) {
        let error = Diagnostic::error(code, "It cannot be done", "It is like that.");
        self.made.diagnostics.push(error.help("Do something."));
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.known.state.as_mut().unwrap()
    }

    pub(super) async fn judged(&self) -> Preflight {
        let (_run, interrupt) = watch::channel(Interrupt::default());
        let given = Given {
            loaded: &self.loaded,
            made: &self.made,
            known: &self.known,
            named: self.named.into(),
            edit: edit::primary(&self.loaded, EAST),
            held: self.held.clone(),
            durations: &Durations::default(),
            settings: &self.settings,
        };
        let facts = facts(given, EAST, interrupt).await.unwrap().unwrap();
        let (needs, proven) = self.credentials.clone();
        let copies = self.copy.iter().map(|copy| ("replication.exports".into(), copy.clone()));
        // What this build's providers and an empty history cannot tell.
        preflight(&Facts {
            objects: self.objects.clone(),
            credentials: vec![("aws".into(), needs, proven)],
            copies: copies.collect(),
            gates: self.gates.iter().map(|asked| ("web".into(), asked.clone())).collect(),
            dns_home: Some(EAST),
            expected: self.expected,
            ..facts
        })
    }
}

/// So many objects are missing of ten, the oldest written at this second; it is 0 now.
pub(super) fn compared(missing: u64, oldest: Option<i64>) -> Synced {
    let how = "10 objects compared once".to_owned();
    Synced { compared: 10, missing, oldest, behind: None, how, first: Vec::new() }
}

pub(super) fn record(epoch: u64) -> String {
    format!("{{\"version\":1,\"lineage\":\"l\",\"epoch\":{epoch},\"primary\":\"us-west-2\"}}")
}

pub(super) fn rules(status: &str) -> Value {
    let rule = Value::object([("id".into(), text(EAST)), ("status".into(), text(status))]);
    Value::object([("rule".into(), Value::list(Type::Dynamic, vec![rule]))])
}
