//! One cell: a world that is well, a fault, a command, and the world after the fault has gone.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use super::files::{self, AFTER_BOTH, FIRST, SECOND};
use super::judge;
use super::{Row, Struck, Verb};
use crate::scenarios::ran::Ran;
use crate::scenarios::stage::{APPLY, Stage};

/// A plan that tells by its code whether something was not read.
const PLAN: &[&str] =
    &["plan", "-input=false", "-detailed-exitcode", "-unreachable-exitcode", "-json"];
const DRIFT: &[&str] = &["drift", "-json"];
const APPLY_JSON: &[&str] = &["apply", "-input=false", "-auto-approve", "-json"];

/// The calls of the topology's apply that change something. A reply that is lost is lost to these
/// alone in the cells of `apply`: with the reads lost as well nothing would be written at all.
const WRITES: &[&str] = &[
    "CreateBucket",
    "PutBucketTagging",
    "PutBucketLifecycleConfiguration",
    "CreateRole",
    "CreateSecurityGroup",
    "RevokeSecurityGroupEgress",
    "CreateHealthCheck",
    "ChangeTagsForResource",
    "ChangeResourceRecordSets",
];

/// A cell of the matrix.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) row: &'static Row,
    pub(super) struck: &'static Struck,
    pub(super) verb: Verb,
    /// Whether time is dear.
    pub(super) quick: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = format!("{:?}", self.verb).to_lowercase();
        write!(f, "{:<17} {:<21} {verb:<6}", self.row.name, self.struck.name)
    }
}

/// What a cell came to.
#[derive(Debug)]
pub(super) struct Played {
    /// The exit codes of the commands that met the fault.
    pub(super) codes: Vec<i32>,
    /// The time without the fault, and the longest with it.
    pub(super) times: [Duration; 2],
    /// How many changes were deferred.
    pub(super) deferred: usize,
    /// How many calls the fault struck.
    pub(super) struck: usize,
}

impl Cell {
    /// Plays it; what is not as it must be panics with the transcript.
    pub(super) fn play(&self) -> Played {
        let hangs = matches!(self.row.fault, Fault::BlackHole | Fault::TrickleBody);
        let stage = files::stage(self.quick && hangs);
        stage.note(self);
        stage.expect(APPLY, 0);
        files::edit(&stage, FIRST);
        let first = stage.expect(APPLY_JSON, 0);
        let well = match self.verb {
            Verb::Plan => stage.expect(PLAN, 0),
            Verb::Drift => stage.expect(DRIFT, 0),
            Verb::Apply => first,
        };
        let existing: BTreeSet<String> =
            stage.expect(&["state", "list"], 0).stdout.lines().map(str::to_owned).collect();
        self.inject(&stage);
        let ran = self.meet(&stage, &existing);
        stage.bed.proxy.clear();
        stage.note("the fault has gone");
        recovered(&stage, self.verb);
        let longest = ran.iter().map(|ran| ran.took).max().unwrap_or_default();
        for one in &ran {
            judge::in_time(&stage, self, one, well.took);
        }
        let faulty = |ran: &Ran| ran.calls.iter().filter(|call| call.fault.is_some()).count();
        Played {
            codes: ran.iter().filter_map(|ran| ran.code).collect(),
            times: [well.took, longest],
            deferred: ran.iter().map(|ran| ran.changes("deferred_change").len()).sum(),
            struck: ran.iter().map(faulty).sum(),
        }
    }

    /// Runs the command that meets the fault; a plan is made of unchanged and of changed files.
    fn meet(&self, stage: &Stage, existing: &BTreeSet<String>) -> Vec<Ran> {
        let mut ran = Vec::new();
        match self.verb {
            Verb::Plan => {
                let unchanged = stage.run(PLAN);
                judge::unread(stage, self, &unchanged);
                files::edit(stage, SECOND);
                let changed = stage.run(PLAN);
                stage.same(changed.code, Some(2), "changes, deferred or not");
                ran.extend([unchanged, changed]);
            }
            Verb::Drift => {
                let drift = stage.run(DRIFT);
                judge::unread(stage, self, &drift);
                ran.push(drift);
            }
            Verb::Apply => {
                files::edit(stage, SECOND);
                let apply = stage.run(APPLY_JSON);
                let code = apply.code;
                stage.check(matches!(code, Some(0 | 4)), format_args!("apply ended with {code:?}"));
                ran.push(apply);
            }
        }
        for one in &ran {
            judge::nothing_misread(stage, one, existing);
            judge::the_rest(stage, self, one);
            if self.verb != Verb::Apply {
                stage.same(one.mutating(), 0, "only apply writes");
            }
        }
        if self.verb == Verb::Apply {
            judge::the_rest_is_there(stage, self);
        }
        ran
    }

    /// Whether only writes lose their reply.
    pub(super) fn writes_only(&self) -> bool {
        self.row.fault == Fault::DropAnswer && self.verb == Verb::Apply
    }

    fn inject(&self, stage: &Stage) {
        let rule = Rule {
            plane: self.struck.plane(),
            nth: self.row.nth,
            ..Rule::new(self.row.fault.clone()).region(self.struck.region)
        };
        if self.writes_only() {
            for operation in WRITES {
                stage.bed.proxy.inject(rule.clone().operation(operation));
            }
        } else {
            stage.bed.proxy.inject(rule);
        }
        stage.note(format_args!("the fault: {self}"));
    }
}

/// After the fault: one apply does what is left, a plan is empty, and nothing exists twice.
#[track_caller]
fn recovered(stage: &Stage, verb: Verb) {
    if verb == Verb::Drift {
        files::edit(stage, SECOND);
    }
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let left = stage.left();
    let count = |sort: &str| left.iter().filter(|line| line.starts_with(sort)).count();
    let counted = AFTER_BOTH.map(|(sort, _)| (sort, count(sort)));
    stage.same(counted, AFTER_BOTH, &format!("each object once: {left:#?}"));
}
