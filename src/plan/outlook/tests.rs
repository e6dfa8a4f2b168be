//! One promotion, second by second.

use std::collections::BTreeMap;

use lifeboat_sdk::{Location, RegionName, Scope, Value};

use super::*;
use crate::diff::Action;
use crate::plan::{Inputs, Member, ObjectChange, Operand, Operation, PlanMode, Task};

const FENCE: &str = r#"bucket.a.aws_s3_bucket_policy["us-east-1"]"#;

fn empty_plan() -> Plan {
    Plan {
        id: String::new(),
        created: String::new(),
        expires: String::new(),
        mode: PlanMode::Normal,
        inputs: Inputs::default(),
        promotion: None,
        lasting: None,
        fencing: None,
        retiring: None,
        retired: Vec::new(),
        fenced: BTreeMap::new(),
        evacuated: BTreeMap::new(),
        diverged: BTreeMap::new(),
        discards: None,
        backfills: BTreeMap::new(),
        approvers: None,
        unprotected: None,
        returns_writable: Vec::new(),
        changes: Vec::new(),
        drift: Vec::new(),
        outputs: BTreeMap::new(),
        legs: Default::default(),
        steps: Vec::new(),
        scopes: Vec::new(),
        findings: Default::default(),
        checks: Vec::new(),
    }
}

/// Steps one after the other.
struct Story(Plan);

impl Story {
    fn new() -> Self {
        let mut plan = empty_plan();
        plan.promotion = Some(Promotion {
            records: 2,
            ..Promotion::new(&"us-east-1".into(), &"us-west-2".into(), 1)
        });
        Self(plan)
    }

    fn add(&mut self, phase: Phase, timing: Option<(u64, Source)>, step: Step) -> StepId {
        let id = StepId(u32::try_from(self.0.steps.len()).unwrap());
        let needs = if step.needs.is_empty() {
            id.0.checked_sub(1).map(StepId).into_iter().collect()
        } else {
            step.needs.clone()
        };
        self.0.steps.push(Step { id, phase, needs, ..step });
        if let Some((seconds, source)) = timing {
            let expected = Expected { takes: Duration::from_secs(seconds), source };
            let deadline = Some(Duration::from_secs(seconds * 2));
            let timings = &mut self.0.promotion.as_mut().unwrap().timings;
            timings.insert(id, Timing { expected, deadline });
        }
        id
    }

    fn change(&mut self, phase: Phase, at: &str, timing: (u64, Source)) -> StepId {
        let address = Address::parse(at).unwrap();
        self.0.changes.push(ObjectChange::new(address, Action::Update));
        let change = self.0.changes.len() - 1;
        let members = vec![Member { change, operation: Operation::Update, depose: false }];
        let step = Step::without_objects(StepId(0), phase, None, None, Vec::new());
        self.add(phase, Some(timing), Step { members, ..step })
    }

    fn act(
        &mut self,
        phase: Phase,
        act: Act,
        about: &str,
        timing: Option<(u64, Source)>,
    ) -> StepId {
        let task = timing.map(|_| task(about));
        let step = Step::without_objects(StepId(0), phase, Some(act), task, Vec::new());
        self.add(phase, timing, step)
    }
}

fn task(about: &str) -> Task {
    let hook = about.starts_with("hook.");
    let arguments = if hook {
        let words = [("command".into(), Value::tuple(Vec::new()))];
        Value::object(words).with("needs_region", Value::string("us-east-1"))
    } else {
        Value::object([])
    };
    let scope = Scope {
        provider: "aws".into(),
        account: "1".into(),
        location: Location::Region(RegionName("us-east-1".into())),
        service: "s3".into(),
    };
    let document = Value::object([]);
    let on = Operand { provider: "aws".into(), kind: "a".into(), id: None, scope, document };
    let (limit, on) = (Duration::from_secs(9), (!hook).then_some(on));
    Task { about: about.into(), arguments, limit, optional: false, on }
}

/// Hook, fence, proof, two records, the fence once more, the policy opened, a record of DNS.
fn story() -> (Plan, BTreeMap<&'static str, StepId>) {
    let mut story = Story::new();
    let mut ids = BTreeMap::new();
    let of = |region: &str, kind: &str| format!("bucket.a.{kind}[\"{region}\"]");
    story.act(Phase::Approve, Act::Approve, "", None);
    ids.insert("hook", story.act(Phase::Prepare, Act::Hook, "hook.vpn", Some((30, Source::Limit))));
    let fence = story.change(Phase::Fence, FENCE, (2, Source::Measured));
    ids.insert("fence", fence);
    let copies = of("us-east-1", "aws_s3_bucket_replication_configuration");
    ids.insert("sync", story.act(Phase::Sync, Act::Sync, &copies, Some((600, Source::Limit))));
    let record = of("us-east-1", "aws_s3_object");
    ids.insert("record", story.change(Phase::Claim, &record, (1, Source::Assumed)));
    ids.insert("claim", story.act(Phase::Claim, Act::Claim, "", None));
    ids.insert("hold", story.act(Phase::Claim, Act::Hold, FENCE, Some((1, Source::Assumed))));
    let opened = of("us-west-2", "aws_s3_bucket_policy");
    ids.insert("open", story.change(Phase::Promote, &opened, (3, Source::Measured)));
    let dns = of("us-west-2", "aws_route53_record");
    ids.insert("dns", story.change(Phase::Switch, &dns, (40, Source::Measured)));
    (story.0, ids)
}

#[test]
fn it_is_told_when_writes_stop_and_resume_and_what_decides_it() {
    let (plan, ids) = story();
    let outlook = Outlook::of(&plan).unwrap();
    let ms = |of: Option<Duration>| of.map(|of| of.as_millis());
    // A tenth before each step for the bundles.
    assert_eq!(ms(outlook.stops()), Some(30_100));
    assert_eq!(ms(outlook.resumes()), Some(30_100 + 2_100 + 600_100 + 1_100 + 1_100 + 3_100));
    assert_eq!(ms(outlook.switched()), ms(outlook.resumes()).map(|at| at + 40_100));
    assert!(outlook.at_most(Phase::Switch), "the proof may be over long before");
    let sync = outlook.span(Phase::Sync).unwrap();
    assert_eq!((sync.source, &*sync.path), (Some(Source::Limit), &[ids["sync"]][..]));
    assert_eq!(outlook.slowest(sync).map(|step| step.id), Some(ids["sync"]));
    assert_eq!(outlook.slowest(outlook.span(Phase::Fence).unwrap()), None, "2 s are no news");
    assert_eq!(outlook.path().len(), 7);
}

#[test]
fn of_two_steps_side_by_side_the_longer_decides() {
    let (mut plan, ids) = story();
    // A second proof after the fence that takes less, and the records need both.
    let mut other = plan.steps[ids["sync"].0 as usize].clone();
    other.id = StepId(u32::try_from(plan.steps.len()).unwrap());
    let expected = Expected { takes: Duration::from_secs(5), source: Source::Measured };
    let promotion = plan.promotion.as_mut().unwrap();
    promotion.timings.insert(other.id, Timing { expected, deadline: None });
    let before = Outlook::of(&plan).unwrap().resumes();
    plan.steps.push(other.clone());
    let outlook = Outlook::of(&plan).unwrap();
    assert_eq!(outlook.resumes(), before);
    assert!(!outlook.path().contains(&other.id));
}

#[test]
fn each_step_says_whether_it_can_be_taken_back_and_what_becomes_of_it_without_the_region() {
    let (plan, ids) = story();
    let outlook = Outlook::of(&plan).unwrap();
    let step = |name: &str| &plan.steps[ids[name].0 as usize];
    let told = |name| (outlook.back(step(name)).word(), outlook.without(step(name)).word());
    assert_eq!(told("hook"), ("by_hand", "skip"), "it needs the region that is left");
    assert_eq!(told("fence"), ("yes", "owe"));
    assert_eq!(told("sync"), ("yes", "skip"));
    assert_eq!(told("record"), ("no", "owe"));
    assert_eq!(told("hold"), ("no", "skip"));
    assert_eq!(told("open"), ("no", "same"));
    assert_eq!(told("dns"), ("no", "same"));
    assert_eq!(outlook.no_return(), Some(ids["record"]));
    assert_eq!(outlook.looks(step("fence")), [ids["hold"]]);
    assert_eq!(outlook.verified(step("fence")), "it is read once more");
    assert_eq!(outlook.verified(step("hook")), "exit code 0");
}

#[test]
fn without_the_region_that_is_left_writes_have_stopped_already_and_where_all_write_never_do() {
    let (mut plan, _) = story();
    let promotion = plan.promotion.as_mut().unwrap();
    promotion.silent.push("us-east-1".into());
    let outlook = Outlook::of(&plan).unwrap();
    assert_eq!(outlook.stops(), None);
    assert!(outlook.resumes().is_some());
    plan.promotion.as_mut().unwrap().all_write = true;
    assert_eq!(Outlook::of(&plan).unwrap().resumes(), None);
    plan.promotion.as_mut().unwrap().timings.clear();
    assert!(Outlook::of(&plan).is_none(), "of an old plan nothing is said");
}
