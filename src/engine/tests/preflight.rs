//! Each check of a preflight: in a topology that is well it passes, and it says so where it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::provider::Credentials;
use lifeboat_sdk::{
    Cause, Diagnostic, Interrupt, Location, Name, RegionName, Scope, Synced, Type, Value,
};
use lifeboat_state::durations::Durations;
use lifeboat_state::model::{Owed, State};
use tokio::sync::watch;

use super::{Asked, loaded_by, planned_by};
use crate::address::Address;
use crate::apply::Known;
use crate::builtin::Builtin;
use crate::desired::Part;
use crate::diff::Action;
use crate::engine::planning::Made;
use crate::engine::preflight::{CHECKS, Facts, Given, Held, Preflight, Verdict, facts, preflight};
use crate::engine::{Loaded, Looked, Seen, Settings, edit};
use crate::plan::resolve::Previous;
use crate::plan::{
    Deferral, Member, ObjectChange, Operation, Phase, Promotion, ScopeStatus, Step, StepId,
};
use crate::registry::Catalogue;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

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

/// With a gate in place of a control plane.
const GATED: [(&str, &str); 2] = [
    ("switch = \"record\"", "switch = \"operator\""),
    ("health_check {}", "health_check {}\n  gate { https = \"gate.example.com/switch\" }"),
];

/// With a limit to what may be lost.
const RPO: [(&str, &str); 1] =
    [("{ rto = \"30m\" }", "{\n    rto = \"30m\"\n    rpo = \"5m\"\n  }")];

/// With a limit to how far a standby may be behind, which goes first.
const LAG: [(&str, &str); 2] =
    [RPO[0], ("primary  =", "failover {\n    max_lag = \"1m\"\n  }\n  primary  =")];

const POLICY: &str = r#"bucket.exports.aws_s3_bucket_policy["us-west-2"]"#;
const OTHER: &str = r#"bucket.exports.aws_s3_bucket_policy["us-east-1"]"#;
const RULES: &str = r#"replication.exports.aws_s3_bucket_replication_configuration["us-west-2"]"#;
const RECORD: &str = r#"dns_failover.web.aws_route53_record["us-west-2"]"#;
const GATE: &str = r#"dns_failover.web.aws_route53_health_check["us-west-2/gate"]"#;
const ROLE: &str = r#"region.us-west-2.aws_s3_object["us-west-2"]"#;

fn at(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn in_region(region: &str, service: &str) -> Scope {
    Scope {
        provider: "aws".into(),
        account: "123456789012".into(),
        location: Location::Region(RegionName::from(region)),
        service: service.into(),
    }
}

fn dns() -> Scope {
    let location = Location::Global { home: RegionName::from(EAST) };
    Scope { location, ..in_region(EAST, "route53") }
}

/// What a command found out, of which a test changes something.
struct World {
    loaded: Loaded,
    settings: Settings,
    made: Made,
    known: Known,
    named: &'static str,
    held: Held,
    objects: BTreeMap<Address, Previous>,
    credentials: (Credentials, Result<(), String>),
    copy: Option<Result<Synced, String>>,
    expected: Option<Duration>,
}

impl World {
    /// All is well, in files in which these texts are others.
    async fn new(edits: &[(&str, &str)]) -> Self {
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
        };
        world.plan();
        world
    }

    /// The promotion of the standby: all that the roles decide changes, and all was read.
    fn plan(&mut self) {
        let model = self.made.plan.changes.pop().unwrap();
        let parts: BTreeMap<Address, Part> = super::super::roles::parts(&self.loaded);
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
    fn has(&mut self, address: &str, document: Value) {
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

    fn change(&mut self, address: &str) -> &mut ObjectChange {
        let address = at(address);
        self.made.plan.changes.iter_mut().find(|change| change.address == address).unwrap()
    }

    /// A region answers nothing.
    fn silence(&mut self, region: &str) {
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

    fn drifts(&mut self, address: &str, action: Action) {
        let model = self.made.plan.changes[0].clone();
        let scope = None;
        let drifted = ObjectChange { address: at(address), action, scope, ..model };
        self.made.plan.drift.push(drifted);
    }

    fn fails(&mut self, code: &'static str) {
        let error = Diagnostic::error(code, "It cannot be done", "It is like that.");
        self.made.diagnostics.push(error.help("Do something."));
    }

    fn state(&mut self) -> &mut State {
        self.known.state.as_mut().unwrap()
    }

    async fn judged(&self) -> Preflight {
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
            dns_home: Some(EAST),
            expected: self.expected,
            ..facts
        })
    }
}

/// So many objects are missing of ten, the oldest written at this second; it is 0 now.
fn compared(missing: u64, oldest: Option<i64>) -> Synced {
    let how = "10 objects compared once".to_owned();
    Synced { compared: 10, missing, oldest, behind: None, how, first: Vec::new() }
}

fn record(epoch: u64) -> String {
    format!("{{\"version\":1,\"lineage\":\"l\",\"epoch\":{epoch},\"primary\":\"us-west-2\"}}")
}

fn rules(status: &str) -> Value {
    let rule = Value::object([("id".into(), text(EAST)), ("status".into(), text(status))]);
    Value::object([("rule".into(), Value::list(Type::Dynamic, vec![rule]))])
}

/// Files that differ, what differs besides, and what the check must then say, of what.
struct Case {
    edits: Vec<(&'static str, &'static str)>,
    change: fn(&mut World),
    code: &'static str,
    about: Option<&'static str>,
    verdict: Verdict,
}

fn case(
    change: fn(&mut World),
    code: &'static str,
    about: Option<&'static str>,
    verdict: Verdict,
) -> Case {
    Case { edits: Vec::new(), change, code, about, verdict }
}

impl Case {
    fn with(self, edits: &[(&'static str, &'static str)]) -> Self {
        Self { edits: edits.to_vec(), ..self }
    }
}

const GRACEFUL: [(&str, &str); 1] =
    [("objective {", "failover { mode = \"graceful\" }\n  objective {")];

/// What may be wrong with beginning one, and with the regions.
fn runs_and_regions() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let ours = Some("aws");
    vec![
        case(|w| w.fails("plan::cycle"), "preflight::plan", Some("plan::cycle"), Fail),
        case(|w| w.made.plan.promotion = None, "preflight::plan", None, Unknown),
        case(
            |w| {
                w.named = EAST;
                w.state().promotions.left = Some(EAST.to_owned());
            },
            "preflight::files_current",
            None,
            Fail,
        ),
        case(|_| (), "preflight::primary_editable", None, Fail).with(&[
            ("primary  = \"us-west-2\"", "primary  = var.primary"),
            (
                "topology \"web\"",
                "variable \"primary\" { default = \"us-west-2\" }\ntopology \"web\"",
            ),
        ]),
        case(|w| w.held = Held::By("a@b".into()), "preflight::lock_free", None, Fail),
        case(|w| w.held = Held::Left("a@b".into()), "preflight::lock_free", None, Pass),
        case(
            |w| w.known.promotion = w.made.plan.promotion.clone(),
            "preflight::no_open_run",
            None,
            Fail,
        ),
        case(
            |w| drop(w.known.in_doubt.insert(at(POLICY), "no reply".into())),
            "preflight::no_open_run",
            None,
            Unknown,
        ),
        case(|w| w.silence(EAST), "preflight::target_reachable", None, Fail),
        case(|w| w.made.plan.scopes.clear(), "preflight::target_reachable", None, Unknown),
        case(|w| w.silence(WEST), "preflight::primary_reachable", None, Pass),
        case(|w| w.silence(WEST), "preflight::primary_reachable", None, Fail).with(&GRACEFUL),
        case(
            |w| {
                w.silence(WEST);
                w.made.plan.scopes[1].unread = 1;
            },
            "preflight::primary_reachable",
            None,
            Unknown,
        ),
        case(
            |w| w.change(OTHER).scope = Some(in_region(WEST, "s3")),
            "preflight::steps",
            Some(OTHER),
            Fail,
        ),
        case(
            |w| w.credentials.0.places.push(("the login".into(), WEST.into())),
            "preflight::credentials",
            ours,
            Fail,
        ),
        case(|w| w.credentials.1 = Err("expired".into()), "preflight::credentials", ours, Fail),
        case(|w| w.credentials.0.ends = Some("They end."), "preflight::session", ours, Unknown),
        case(|w| w.expected = Some(Duration::from_secs(1801)), "preflight::time", None, Fail),
        case(|w| w.expected = None, "preflight::time", None, Unknown),
    ]
}

/// How far the target is behind.
fn copies() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let rule = Some("replication.exports");
    let lag =
        |change: fn(&mut World), verdict| case(change, "preflight::replication_lag", rule, verdict);
    vec![
        lag(|w| w.copy = None, Unknown),
        lag(|w| w.copy = Some(Err("no".into())), Unknown),
        lag(|w| w.copy = Some(Ok(compared(2, None))), Unknown),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-9000)))), Pass),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-300)))), Pass).with(&RPO),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-301)))), Fail).with(&RPO),
        lag(|w| w.copy = Some(Ok(compared(2, Some(-61)))), Fail).with(&LAG),
    ]
}

/// What may be wrong with records, fences, data and traffic.
fn records_data_and_traffic() -> Vec<Case> {
    use Verdict::{Fail, Pass, Unknown};
    let (bucket, rule, dns) =
        (Some("bucket.exports"), Some("replication.exports"), Some("dns_failover.web"));
    vec![
        case(|w| w.fails("promotion::behind"), "preflight::state_current", None, Fail),
        case(
            |w| {
                w.silence(EAST);
                w.silence(WEST);
            },
            "preflight::state_current",
            None,
            Unknown,
        ),
        case(|w| w.silence(WEST), "preflight::role_records", None, Unknown),
        case(|w| w.silence(WEST), "preflight::role_records", None, Fail).with(&GRACEFUL),
        case(
            |w| {
                let older = Value::object([("content".into(), text(&record(2)))]);
                w.change(ROLE).before = Some(older);
            },
            "preflight::role_records",
            Some(ROLE),
            Fail,
        ),
        case(|w| w.change(ROLE).before = None, "preflight::role_records", Some(ROLE), Fail),
        case(|w| w.silence(WEST), "preflight::fence", bucket, Unknown),
        case(|w| w.silence(WEST), "preflight::fence", bucket, Fail).with(&GRACEFUL),
        case(|w| drop(w.objects.remove(&at(POLICY))), "preflight::fence", bucket, Fail),
        case(|_| (), "preflight::replication_rule", bucket, Fail)
            .with(&[("replication \"exports\" { bucket = bucket.exports }", "")]),
        case(
            |w| {
                let owed = Owed { region: EAST.into(), epoch: 3, since: "then".into() };
                w.state().promotions.owed.insert("a_thing.fence".into(), owed);
            },
            "preflight::target_owes_nothing",
            Some("a_thing.fence"),
            Fail,
        ),
        case(|w| drop(w.objects.remove(&at(RULES))), "preflight::replication_rule", rule, Fail),
        case(|w| w.drifts(RULES, Action::Update), "preflight::replication_rule", rule, Fail),
        case(|w| w.has(RULES, rules("Disabled")), "preflight::replication_rule", rule, Fail),
        case(|w| w.silence(WEST), "preflight::replication_rule", rule, Unknown),
        case(
            |w| w.drifts(r#"bucket.exports.aws_s3_bucket["us-east-1"]"#, Action::Delete),
            "preflight::target_drift",
            Some(r#"bucket.exports.aws_s3_bucket["us-east-1"]"#),
            Fail,
        ),
        case(|w| w.silence(EAST), "preflight::target_drift", None, Unknown),
        case(
            |w| w.change(RECORD).before = Some(Value::object([("ttl".into(), Value::int(61))])),
            "preflight::dns_ttl",
            dns,
            Fail,
        ),
        case(|_| (), "preflight::dns_ttl", dns, Fail).with(&[("\"30m\"", "\"2m\"")]),
        case(|_| (), "preflight::dns_ttl", dns, Pass).with(&[("\"30m\"", "\"150s\"")]),
        case(|w| w.has(GATE, Value::null()), "preflight::dns_switch", dns, Pass).with(&GATED),
        case(|_| (), "preflight::dns_switch", dns, Fail).with(&GATED),
    ]
}

#[tokio::test]
async fn where_all_is_well_every_check_passes() {
    let judged = World::new(&[]).await.judged().await;
    let codes: BTreeSet<&str> = judged.checks.iter().map(|check| check.code).collect();
    assert_eq!(codes, CHECKS.iter().map(|(code, _)| *code).collect());
    for check in &judged.checks {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    let Preflight { from, to, epoch, .. } = &judged;
    assert_eq!((&**from, &**to, *epoch, judged.worst()), (WEST, EAST, 3, Verdict::Pass));
}

#[tokio::test]
async fn a_graceful_promotion_is_stopped_by_what_fails_or_is_unknown_unless_that_is_ignored() {
    let mut world = World::new(&[]).await;
    world.copy = None;
    // This one is told, and stops nothing.
    world.expected = None;
    let judged = world.judged().await;
    let stops = |ignored: &[&str]| {
        let ignored: Vec<String> = ignored.iter().map(|name| (*name).to_owned()).collect();
        judged.stops(&ignored).iter().map(|check| check.code).collect::<Vec<_>>()
    };
    assert_eq!(stops(&[]), ["preflight::replication_lag"]);
    assert_eq!(stops(&["fence"]), ["preflight::replication_lag"]);
    for ignored in ["replication_lag", "preflight::replication_lag", "all"] {
        assert!(stops(&[ignored]).is_empty(), "{ignored}");
    }
}

#[tokio::test]
async fn each_check_says_what_is_wrong_of_what_it_is_about_and_what_to_do() {
    let mut all = runs_and_regions();
    all.extend(records_data_and_traffic());
    all.extend(copies());
    let bad = |case: &&Case| case.verdict != Verdict::Pass;
    let shown: BTreeSet<&str> = all.iter().filter(bad).map(|case| case.code).collect();
    assert_eq!(shown, CHECKS.iter().map(|(code, _)| *code).collect());
    for (i, Case { edits, change, code, about, verdict }) in all.into_iter().enumerate() {
        let mut world = World::new(&edits).await;
        change(&mut world);
        let judged = world.judged().await;
        let same = |check: &&crate::engine::preflight::Check| {
            check.code == code && check.about.as_deref() == about
        };
        let check = judged.checks.iter().find(same);
        let check = check.unwrap_or_else(|| panic!("{i}: {code} {about:?}: {judged:#?}"));
        assert_eq!(check.verdict, verdict, "{i}: {check:?}");
        assert!(verdict == Verdict::Pass || check.fix.is_some(), "{i}: {check:?}");
    }
}

#[tokio::test]
async fn records_rewritten_through_a_control_plane_of_the_lost_region_fail_even_if_deferred() {
    let mut world = World::new(&[]).await;
    let location = Location::Global { home: RegionName::from(WEST) };
    let scope = Scope { location, ..dns() };
    for change in world.made.plan.changes.iter_mut().filter(|c| c.scope == Some(dns())) {
        change.scope = Some(scope.clone());
    }
    world.made.plan.steps.retain(|step| !step.members.iter().any(|member| member.change == 0));
    let message = "no answer".to_owned();
    world.made.plan.changes[0].deferred = Some(Deferral::Unreachable { scope, message });
    let judged = world.judged().await;
    let found: Vec<_> = judged.checks.iter().filter(|c| c.code == "preflight::steps").collect();
    assert_eq!(found.len(), 2, "one for each record: {found:?}");
    assert!(found[1].message.contains("deferred"), "{found:?}");
    assert!(found.iter().all(|c| c.message.contains("control plane of route53")), "{found:?}");
    assert!(found.iter().all(|c| c.fix.as_ref().unwrap().contains("operator")), "{found:?}");
}

#[test]
fn the_page_lists_the_codes_that_there_are() {
    let page = std::fs::read_to_string("docs/preflight.md").unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `preflight::"));
    let named: Vec<Name> =
        rows.map(|row| format!("preflight::{}", row.split('`').next().unwrap()).into()).collect();
    let codes: Vec<Name> = CHECKS.iter().map(|(code, _)| (*code).into()).collect();
    assert_eq!(named, codes);
}
