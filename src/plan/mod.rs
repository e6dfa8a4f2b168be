//! Stage 6, changes -> steps: `Plan`, the data that apply carries out without deciding anything.

pub mod backfill;
pub mod bind;
mod by_hand;
pub mod conditions;
pub mod confirm;
pub mod fencing;
pub mod file;
pub mod finalise;
pub mod guard;
pub mod lasting;
pub mod leg;
pub mod loss;
pub mod order;
pub mod outlook;
pub mod phases;
pub mod promotion;
pub mod reprotect;
pub mod resolve;
pub mod retiring;
pub mod step;
pub mod survey;
pub mod withheld;

use std::collections::BTreeMap;
use std::fmt;

use lifeboat_sdk::{Diagnostics, Name, Path, Scope, Value};

use crate::address::Address;
use crate::approval::PolicyChange;
use crate::desired::Follows;
use crate::diff::Action;
pub use crate::refresh::ScopeStatus;
pub use by_hand::{BY_HAND, ByHand};
pub use fencing::{Fencing, Wish};
pub use finalise::Finalise;
pub use lasting::Lasting;
pub use leg::{Leg, Legs};
pub use phases::{Placed, When};
pub use promotion::Promotion;
pub use retiring::{Kept, Retiring, retires};
pub use step::{Act, Member, Operand, Operation, Phase, Step, StepId, Task};

/// What a run was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanMode {
    /// Make live what the files say.
    Normal,
    /// Remove everything.
    Destroy,
    /// Take what is live into state and change nothing.
    RefreshOnly,
    /// Take one object into state that it does not know, and change nothing.
    Import,
}

/// A plan: complete, ordered, bound to its inputs, applied at most once.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A unique id.
    pub id: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339; refused afterwards.
    pub expires: String,
    /// What was asked for.
    pub mode: PlanMode,
    /// What it was made from.
    pub inputs: Inputs,
    /// Where it makes another region the primary.
    pub promotion: Option<Promotion>,
    /// Where it is a standing plan of a promotion: made ahead, for the day when it is needed.
    pub lasting: Option<Lasting>,
    /// Where it is about the fences or the traffic of a region alone.
    pub fencing: Option<Fencing>,
    /// Where it deletes what promotions left, and nothing else.
    pub retiring: Option<Retiring>,
    /// What is kept that promotions left, as state had it.
    pub retired: Vec<Kept>,
    /// Regions that are fenced by hand, and since when (RFC 3339), as state had it.
    pub fenced: BTreeMap<String, String>,
    /// Regions that are evacuated, and since when (RFC 3339), as state had it.
    pub evacuated: BTreeMap<String, String>,
    /// How many objects regions hold alone, as state had it.
    pub diverged: BTreeMap<String, u64>,
    /// The region of which that is given up.
    pub discards: Option<String>,
    /// What is to be copied that replication does not bring by itself: by the address of what
    /// copies and the region that has it not, and whether what differs there was given up.
    pub backfills: BTreeMap<String, BTreeMap<String, bool>>,
    /// Where who may approve promotions changes.
    pub approvers: Option<PolicyChange>,
    /// Since when (RFC 3339) the primary's data has no copy, as state had it.
    pub unprotected: Option<String>,
    /// Regions that owe a fence which this plan does not place, and that have no guard: they may take
    /// writes as soon as they return.
    pub returns_writable: Vec<Name>,
    /// Every object, also those without a change, in the order of addresses.
    pub changes: Vec<ObjectChange>,
    /// What changed outside since the previous state.
    pub drift: Vec<ObjectChange>,
    /// Outputs of the root module.
    pub outputs: BTreeMap<Name, OutputChange>,
    /// What objects are on the way that are written several times.
    pub legs: Legs,
    /// What to do, in an order in which every step comes after what it needs.
    pub steps: Vec<Step>,
    /// How each scope that was asked answered.
    pub scopes: Vec<ScopeStatus>,
    /// Warnings and guards.
    pub findings: Diagnostics,
    /// Results of `check` blocks and conditions.
    pub checks: Vec<CheckResult>,
}

/// What a plan was made from; apply refuses when one of these is no longer so.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The version of lifeboat.
    pub tool_version: String,
    /// Root folder as given, for messages.
    pub root: String,
    /// Every source and every file that a function read: name to content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The root module's variables, with their marks.
    pub variables: BTreeMap<Name, Value>,
    /// The state's lineage; `None` where there was no state yet.
    pub lineage: Option<String>,
    /// The state's serial.
    pub serial: u64,
    /// The state's epoch.
    pub epoch: u64,
    /// The primary that the files name, where there is a topology.
    pub primary: Option<Name>,
    /// The topology's name.
    pub topology: Option<Name>,
    /// What state says of the whole, for role records.
    pub standing: Option<Value>,
    /// Who we are by provider: account ids that were verified.
    pub identities: BTreeMap<String, String>,
    /// The instant that `timestamp()` and `plantimestamp()` give.
    pub now: String,
    /// `-target` and `-exclude` as given.
    pub targets: Vec<String>,
    /// `-exclude`
    pub excludes: Vec<String>,
    /// `-exclude-region`
    pub exclude_regions: Vec<String>,
}

/// One object and what happens to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// Its address.
    pub address: Address,
    /// Where it was in the previous state, if elsewhere.
    pub previous_address: Option<Address>,
    /// The provider instance: `aws`, `aws.dr`, `terraform`.
    pub provider: Name,
    /// The address that Terraform's provider of the kind has.
    pub provider_source: Name,
    /// Where it lives; `None` for what has no remote side.
    pub scope: Option<Scope>,
    /// What happens.
    pub action: Action,
    /// Why; apply never reads it.
    pub reason: Option<Reason>,
    /// The prior document.
    pub before: Option<Value>,
    /// The planned document, unknowns included.
    pub after: Option<Value>,
    /// What forces the replacement.
    pub replace_paths: Vec<Path>,
    /// Its id, where it exists.
    pub id: Option<Name>,
    /// The id it is imported by.
    pub importing: Option<Name>,
    /// The key of a deposed object that this deletes.
    pub deposed: Option<Name>,
    /// Why it is not attempted; then `action` is what would happen.
    pub deferred: Option<Deferral>,
    /// Its previous state is kept because it could not be read.
    pub unread: Option<Deferral>,
    /// Addresses that it refers to.
    pub depends_on: Vec<Address>,
    /// `lifecycle.create_before_destroy`, its own or inherited.
    pub create_before_destroy: bool,
    /// `lifecycle.prevent_destroy`
    pub prevent_destroy: bool,
    /// Whether losing it loses data.
    pub holds_data: bool,
    /// Why it can never be taken back.
    pub one_way: Option<String>,
    /// Where it is a copy that shall follow another object than so far: what becomes of it.
    pub follows: Option<Follows>,
    /// Operated: somebody else's, only let go of.
    pub operated: bool,
    /// The schema's version.
    pub schema_version: u32,
}

impl ObjectChange {
    /// A change of which nothing else is known: of no provider, without documents.
    pub fn new(address: Address, action: Action) -> Self {
        Self {
            address,
            previous_address: None,
            provider: Name::from(""),
            provider_source: Name::from(""),
            scope: None,
            action,
            reason: None,
            before: None,
            after: None,
            replace_paths: Vec::new(),
            id: None,
            importing: None,
            deposed: None,
            deferred: None,
            unread: None,
            depends_on: Vec::new(),
            create_before_destroy: false,
            prevent_destroy: false,
            holds_data: false,
            one_way: None,
            follows: None,
            operated: false,
            schema_version: 0,
        }
    }
}

/// Why an object is what it is in the plan: Terraform's `action_reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was left half made.
    Tainted,
    /// `-replace`
    Requested,
    /// `replace_triggered_by`
    TriggeredBy,
    /// An attribute that cannot be changed in place.
    CannotUpdate,
    /// No longer in the files.
    NoResourceConfig,
    /// The module is gone.
    NoModule,
    /// It moved to where nothing is declared.
    NoMoveTarget,
    /// `count` or `for_each` came or went.
    WrongRepetition,
    /// The index is out of range.
    CountIndex,
    /// The key is gone.
    EachKey,
    /// Data: the configuration is not known yet.
    ConfigUnknown,
    /// Data: something it depends on changes.
    DependencyPending,
    /// A promotion left it, and it was kept long enough.
    Retired,
}

/// Why something is not attempted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// Its own scope, or one that it needs, could not be read.
    Unreachable {
        /// The scope.
        scope: Scope,
        /// What happened there.
        message: String,
    },
    /// What it needs is itself deferred.
    Needs(String),
    /// The number of its instances is not known.
    UnknownInstances,
    /// An earlier run may have changed it, and reading could not tell yet.
    InDoubt(String),
}

impl fmt::Display for Deferral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { scope, message } => write!(f, "{scope}: {message}"),
            Self::Needs(what) => write!(f, "it needs {what}, which is deferred"),
            Self::UnknownInstances => f.write_str("the number of its instances is not known"),
            Self::InDoubt(why) => write!(f, "an earlier run left it in doubt: {why}"),
        }
    }
}

/// An output and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    /// In the previous state.
    pub before: Option<Value>,
    /// As planned; `None` where it goes.
    pub after: Option<Value>,
    /// Declared sensitive.
    pub sensitive: bool,
}

/// The result of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// `check.rpo`, `output.x`, `var.y`, an address.
    pub address: String,
    /// `check`, `output_value`, `var`, `resource`
    pub kind: String,
    /// `None`: unknown until applied.
    pub passed: Option<bool>,
    /// Messages of failed assertions.
    pub messages: Vec<String>,
}

impl Plan {
    /// Objects that are really going to change.
    pub fn pending(&self) -> impl Iterator<Item = &ObjectChange> {
        self.changes.iter().filter(|c| c.deferred.is_none() && c.action != Action::NoOp)
    }

    /// What lists what a region holds alone.
    pub fn surveys(&self) -> impl Iterator<Item = &Task> {
        self.tasks(Act::Survey)
    }

    /// What acts of one sort are done with.
    pub fn tasks(&self, act: Act) -> impl Iterator<Item = &Task> {
        let steps = self.steps.iter().filter(move |step| step.act == Some(act));
        steps.filter_map(|step| step.task.as_ref())
    }

    /// Objects whose change is deferred.
    pub fn deferred(&self) -> impl Iterator<Item = &ObjectChange> {
        self.changes.iter().filter(|c| c.deferred.is_some())
    }

    /// The steps of a promotion from which there is no way back once they have begun: those that claim the
    /// epoch, and all that come after. Who only looks whether that can be done has claimed nothing, nor has
    /// what only joins others.
    pub fn final_steps(&self) -> impl Iterator<Item = &Step> {
        let joins = |step: &Step| !step.does() && step.act.is_none();
        let binds = move |step: &&Step| step.act != Some(Act::Confirm) && !joins(step);
        let claims = |step: &&Step| step.phase == Phase::Claim;
        let first = self.steps.iter().filter(claims).find(binds).map(|step| step.id);
        let after = move |step: &&Step| first.is_some_and(|first| step.id >= first);
        self.steps.iter().filter(after).filter(binds)
    }

    /// Whether applying it would do anything at all.
    pub fn has_changes(&self) -> bool {
        self.pending().next().is_some()
            || self.promotion.is_some()
            || self.approvers.is_some()
            || self.discards.is_some()
            || self.surveys().chain(self.tasks(Act::Backfill)).next().is_some()
            || self.tasks(Act::Hook).next().is_some()
            || self.fencing.as_ref().is_some_and(|fencing| fencing.marks)
            || (self.mode == PlanMode::RefreshOnly && !self.drift.is_empty())
            || self.changes.iter().any(|c| c.previous_address.is_some() || c.importing.is_some())
            || self.outputs.values().any(|o| o.before != o.after)
    }

    /// Whether, once it is carried out, all that is declared is there: nothing was left out, and
    /// nothing could not be read.
    pub fn is_whole(&self) -> bool {
        let inputs = &self.inputs;
        let all = inputs.targets.is_empty()
            && inputs.excludes.is_empty()
            && inputs.exclude_regions.is_empty();
        let alone = self.fencing.is_some() || self.retiring.is_some();
        let ordinary = self.promotion.is_none() && !alone;
        self.mode == PlanMode::Normal && ordinary && all && !self.incomplete()
    }

    /// Whether something could not be read.
    pub fn incomplete(&self) -> bool {
        self.scopes.iter().any(|s| s.trouble.is_some() || s.unread > 0)
            || self.changes.iter().any(|c| c.unread.is_some() || c.deferred.is_some())
    }
}
