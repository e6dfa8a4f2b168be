//! Stored form -> plan.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lifeboat_sdk::value::Step as PathStep;
use lifeboat_sdk::value::wire::Wire;
use lifeboat_sdk::{
    Cause, Diagnostic, Diagnostics, Location, Name, Path, Plane, RegionName, Scope, Value,
};
use lifeboat_state::secret::{Sealer, open_document};

use super::{PlanFileError, damaged, retiring, timing, v1, v2, write};
use crate::address::Address;
use crate::approval::{Policy, PolicyChange};
use crate::desired::{Follows, STANDING};
use crate::diff::Action;
use crate::plan::loss::{Exposure, Losses, Proven};
use crate::plan::{
    Act, ByHand, CheckResult, Deferral, Fencing, Inputs, Lasting, Leg, Member, ObjectChange,
    Operand, Operation, OutputChange, Phase, Plan, PlanMode, Promotion, Reason, ScopeStatus, Step,
    StepId, Task, Wish,
};

struct Reader<'a> {
    sealer: &'a Sealer,
    plan: String,
}

/// What the plan was made from.
fn contents(files: BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<u8>>, PlanFileError> {
    let content = |(name, text)| Ok((name, STANDARD.decode::<String>(text).map_err(damaged)?));
    files.into_iter().map(content).collect()
}

pub(super) fn plan(stored: v2::Plan, sealer: &Sealer) -> Result<Plan, PlanFileError> {
    has_legs(&stored)?;
    let reader = Reader { sealer, plan: stored.id.clone() };
    let mut variables = BTreeMap::new();
    for (name, doc) in stored.inputs.variables {
        variables.insert(Name::from(&*name), reader.value(&format!("var.{name}"), &doc)?);
    }
    let files = contents(stored.inputs.files)?;
    let mut outputs = BTreeMap::new();
    for (name, output) in stored.outputs {
        outputs.insert(Name::from(&*name), reader.output(&name, output)?);
    }
    let inputs = Inputs {
        tool_version: stored.inputs.tool_version,
        root: stored.inputs.root,
        files,
        variables,
        lineage: stored.inputs.lineage,
        serial: stored.inputs.serial,
        epoch: stored.inputs.epoch,
        primary: stored.inputs.primary.map(Name::from),
        topology: stored.inputs.topology.map(Name::from),
        standing: reader.maybe(STANDING, stored.standing)?,
        identities: stored.inputs.identities,
        now: stored.inputs.now,
        targets: stored.inputs.targets,
        excludes: stored.inputs.excludes,
        exclude_regions: stored.exclude_regions,
    };
    let mut changes: Vec<ObjectChange> =
        stored.changes.into_iter().map(|c| reader.change(c)).collect::<Result<_, _>>()?;
    follow(&mut changes, &stored.follows)?;
    let known = changes.len();
    Ok(Plan {
        id: stored.id,
        created: stored.created,
        expires: stored.expires,
        mode: one_of(MODES, write::mode, &stored.mode)?,
        inputs,
        promotion: stored.promotion.map(promotion).transpose()?,
        lasting: stored.lasting.map(|lasting| Lasting { assume_down: lasting.assume_down }),
        fencing: stored.fencing.map(fencing).transpose()?,
        retiring: stored.retiring.map(Into::into),
        retired: stored.retired.into_iter().map(retiring::kept).collect::<Result<_, _>>()?,
        fenced: stored.fenced,
        evacuated: stored.evacuated,
        diverged: stored.diverged,
        discards: stored.discards,
        backfills: stored.backfills,
        approvers: stored.approvers.map(approvers).transpose()?,
        unprotected: stored.unprotected,
        returns_writable: stored.returns_writable.into_iter().map(Name::from).collect(),
        changes,
        drift: stored.drift.into_iter().map(|c| reader.change(c)).collect::<Result<_, _>>()?,
        outputs,
        legs: stored.legs.into_iter().map(|of| reader.legs(of)).collect::<Result<_, _>>()?,
        steps: stored.steps.into_iter().map(|s| reader.step(s, known)).collect::<Result<_, _>>()?,
        scopes: stored.scopes.into_iter().map(status).collect(),
        findings: Diagnostics(stored.findings.into_iter().map(finding).collect()),
        checks: stored
            .checks
            .into_iter()
            .map(|c| CheckResult {
                address: c.address,
                kind: c.kind,
                passed: c.passed,
                messages: c.messages,
            })
            .collect(),
    })
}

/// Copies that follow another object than so far.
fn follow(
    changes: &mut [ObjectChange],
    words: &BTreeMap<String, String>,
) -> Result<(), PlanFileError> {
    for change in changes.iter_mut().filter(|change| change.deposed.is_none()) {
        let word = words.get(&change.address.to_string());
        change.follows = word.map(|word| one_of(&Follows::ALL, Follows::word, word)).transpose()?;
    }
    Ok(())
}

/// A TTL that is lowered is a leg: without it the record would be written as it shall be in the end.
fn has_legs(stored: &v2::Plan) -> Result<(), PlanFileError> {
    let mut lowered = stored.promotion.iter().flat_map(|promotion| promotion.lowered.keys());
    match lowered.find(|at| !stored.legs.contains_key(*at)) {
        Some(at) => Err(damaged(format!("it lowers the TTL of {at} and does not say how"))),
        None => Ok(()),
    }
}

const MODES: &[PlanMode] =
    &[PlanMode::Normal, PlanMode::Destroy, PlanMode::RefreshOnly, PlanMode::Import];
const ACTIONS: &[Action] = &[
    Action::NoOp,
    Action::Create,
    Action::Read,
    Action::Update,
    Action::Replace,
    Action::Delete,
    Action::Forget,
];
const OPERATIONS: &[Operation] = &[
    Operation::Create,
    Operation::Update,
    Operation::Delete,
    Operation::DeleteDeposed,
    Operation::Read,
    Operation::Import,
    Operation::Forget,
];
const PLANES: &[Plane] = &[Plane::Data, Plane::Regional, Plane::Global];
const REASONS: &[Reason] = &[
    Reason::Tainted,
    Reason::Requested,
    Reason::TriggeredBy,
    Reason::CannotUpdate,
    Reason::NoResourceConfig,
    Reason::NoModule,
    Reason::NoMoveTarget,
    Reason::WrongRepetition,
    Reason::CountIndex,
    Reason::EachKey,
    Reason::ConfigUnknown,
    Reason::DependencyPending,
    Reason::Retired,
];

/// The one whose word it is.
pub(super) fn one_of<T: Clone>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, PlanFileError> {
    let found = all.iter().find(|t| word((*t).clone()) == text).cloned();
    found.ok_or_else(|| damaged(format!("{text:?} is not known here")))
}

impl Reader<'_> {
    fn value(&self, address: &str, doc: &v1::Doc) -> Result<Value, PlanFileError> {
        let opened = open_document(self.sealer, &self.plan, address, doc)?;
        let text = opened.as_ref().unwrap_or(doc).get();
        let wire: Wire = serde_json::from_str(text).map_err(damaged)?;
        wire.to_value().map_err(damaged)
    }

    fn output(&self, name: &str, stored: v1::Output) -> Result<OutputChange, PlanFileError> {
        let address = format!("output.{name}");
        Ok(OutputChange {
            before: self.maybe(&address, stored.before)?,
            after: self.maybe(&address, stored.after)?,
            sensitive: stored.sensitive,
        })
    }

    fn maybe(&self, address: &str, doc: Option<v1::Doc>) -> Result<Option<Value>, PlanFileError> {
        doc.map(|doc| self.value(address, &doc)).transpose()
    }

    fn step(&self, stored: v2::Step, changes: usize) -> Result<Step, PlanFileError> {
        let mut members = Vec::with_capacity(stored.members.len());
        for member in stored.members {
            if member.change >= changes {
                return Err(damaged("a step of no change"));
            }
            members.push(Member {
                change: member.change,
                operation: one_of(OPERATIONS, |operation| operation.word(), &member.operation)?,
                depose: member.depose,
            });
        }
        Ok(Step {
            id: StepId(stored.id),
            phase: one_of(&Phase::ALL, Phase::word, &stored.phase)?,
            members,
            leg: stored.leg,
            act: stored.act.map(|act| one_of(&Act::ALL, Act::word, &act)).transpose()?,
            task: stored.task.map(|task| self.task(task)).transpose()?,
            needs: stored.needs.into_iter().map(StepId).collect(),
            scope: stored.scope.map(scope),
            plane: stored.plane.map(|p| one_of(PLANES, write::plane, &p)).transpose()?,
            weight: stored.weight,
        })
    }

    fn legs(
        &self,
        (at, stored): (String, Vec<v2::Leg>),
    ) -> Result<(Address, Vec<Leg>), PlanFileError> {
        let address = Address::parse(&at).ok_or_else(|| damaged("a bad address"))?;
        let leg = |leg: v2::Leg| {
            let document = self.value(&at, &leg.document)?;
            Ok(Leg { ahead: leg.ahead, document, note: leg.note.into() })
        };
        Ok((address, stored.into_iter().map(leg).collect::<Result<_, PlanFileError>>()?))
    }

    fn task(&self, stored: v2::Task) -> Result<Task, PlanFileError> {
        let on = stored.on.map(|on| {
            Ok::<_, PlanFileError>(Operand {
                document: self.value(&stored.about, &on.document)?,
                provider: on.provider.into(),
                kind: on.kind.into(),
                id: on.id.map(Name::from),
                scope: scope(on.scope),
            })
        });
        Ok(Task {
            arguments: self.value(&stored.about, &stored.arguments)?,
            limit: Duration::from_millis(stored.limit_ms),
            optional: stored.optional,
            on: on.transpose()?,
            about: stored.about.into(),
        })
    }

    fn change(&self, c: v1::Change) -> Result<ObjectChange, PlanFileError> {
        let at = |text: &str| Address::parse(text).ok_or_else(|| damaged("a bad address"));
        let reason = c.reason.map(|r| one_of(REASONS, |x| write::reason(&x), &r)).transpose()?;
        Ok(ObjectChange {
            address: at(&c.address)?,
            previous_address: c.previous_address.as_deref().map(at).transpose()?,
            provider: c.provider.into(),
            provider_source: c.provider_source.into(),
            scope: c.scope.map(scope),
            action: one_of(ACTIONS, write::action, &c.action)?,
            reason,
            before: self.maybe(&c.address, c.before)?,
            after: self.maybe(&c.address, c.after)?,
            replace_paths: c.replace_paths.into_iter().map(path).collect(),
            id: c.id.map(Name::from),
            importing: c.importing.map(Name::from),
            deposed: c.deposed.map(Name::from),
            deferred: c.deferred.map(deferral),
            unread: c.unread.map(deferral),
            depends_on: c.depends_on.iter().map(|a| at(a)).collect::<Result<_, _>>()?,
            create_before_destroy: c.create_before_destroy,
            prevent_destroy: c.prevent_destroy,
            holds_data: c.holds_data,
            one_way: c.one_way,
            follows: None,
            operated: c.operated,
            schema_version: c.schema_version,
        })
    }
}

fn promotion(stored: v2::Promotion) -> Result<Promotion, PlanFileError> {
    let at = |text: &String| Address::parse(text).ok_or_else(|| damaged("a bad address"));
    Ok(Promotion {
        from: stored.from.into(),
        to: stored.to.into(),
        epoch: stored.epoch,
        owed: stored.owed.iter().map(at).collect::<Result<_, _>>()?,
        unseen: stored.unseen.iter().map(at).collect::<Result<_, _>>()?,
        silent: stored.silent.into_iter().map(Name::from).collect(),
        records: stored.records,
        attest: stored.attest.into_iter().map(Name::from).collect(),
        waiting: stored.waiting,
        left_out: stored.left_out.into_iter().map(Name::from).collect(),
        approvals: stored.approvals,
        all_write: stored.all_write,
        lowered: stored
            .lowered
            .iter()
            .map(|(address, ttl)| Ok((at(address)?, *ttl)))
            .collect::<Result<_, PlanFileError>>()?,
        losses: Losses {
            since: stored.since.as_deref().map(instant).transpose()?,
            of: stored.losses.into_iter().map(exposure).collect::<Result<_, _>>()?,
        },
        by_hand: stored.by_hand.map(by_hand).transpose()?,
        unproven: stored.unproven.into_iter().map(Name::from).collect(),
        rolls_back: stored.rolls_back,
        reprotects: stored.reprotects,
        timings: timing::read(&stored.timings)?,
        limits: timing::read_limits(&stored.limits)?,
    })
}

fn by_hand(word: String) -> Result<ByHand, PlanFileError> {
    ByHand::of(&word).ok_or_else(|| damaged(format!("{word:?} is not known here")))
}

fn instant(text: &str) -> Result<Timestamp, PlanFileError> {
    text.parse().map_err(|_| damaged("a bad time"))
}

fn exposure(stored: v2::Exposure) -> Result<Exposure, PlanFileError> {
    let v2::Exposure { about, copied, proven: seen } = stored;
    let proven = seen.map(proven).transpose()?;
    Ok(Exposure { about: about.into(), copied, proven })
}

fn proven(stored: v2::Proven) -> Result<Proven, PlanFileError> {
    let v2::Proven { until, at, how } = stored;
    Ok(Proven { until: instant(&until)?, at: instant(&at)?, how })
}

fn fencing(stored: v2::Fencing) -> Result<Fencing, PlanFileError> {
    let v2::Fencing { wish, region, marks, places, waiting } = stored;
    let unknown = || damaged(format!("{wish:?} is not known here"));
    let wish = Wish::of(&wish, region.map(Name::from)).ok_or_else(unknown)?;
    let address = |text: &String| {
        Address::parse(text).ok_or_else(|| damaged(format!("{text:?} is no address")))
    };
    let places = places.iter().map(address).collect::<Result<_, _>>()?;
    Ok(Fencing { wish, marks, places, waiting })
}

fn approvers(stored: v2::PolicyChange) -> Result<PolicyChange, PlanFileError> {
    let policy = |v2::Policy { needed, approvers }| Policy::of_lines(needed, &approvers);
    let before = policy(stored.before).map_err(damaged)?;
    Ok(PolicyChange { before, after: policy(stored.after).map_err(damaged)? })
}

fn scope(stored: v1::Scope) -> Scope {
    let region = RegionName::from(&*stored.region);
    Scope {
        provider: stored.provider.into(),
        account: stored.account.into(),
        location: if stored.global {
            Location::Global { home: region }
        } else {
            Location::Region(region)
        },
        service: stored.service.into(),
    }
}

fn deferral(stored: v1::Deferral) -> Deferral {
    match stored {
        v1::Deferral::Unreachable { scope: at, message } => {
            Deferral::Unreachable { scope: scope(at), message }
        }
        v1::Deferral::Needs(address) => Deferral::Needs(address),
        v1::Deferral::UnknownInstances => Deferral::UnknownInstances,
        v1::Deferral::InDoubt(why) => Deferral::InDoubt(why),
    }
}

fn path(steps: Vec<v1::Step1>) -> Path {
    Path(
        steps
            .into_iter()
            .map(|step| match step {
                v1::Step1::Attr(name) => PathStep::Attr(name.into()),
                v1::Step1::Key(key) => PathStep::Key(key.into()),
                v1::Step1::Index(n) => PathStep::Index(n),
            })
            .collect(),
    )
}

fn status(stored: v1::Status) -> ScopeStatus {
    let cause = stored.cause.map(|word| match &*word {
        "unreachable" => Cause::Unreachable,
        "too_slow" => Cause::TooSlow,
        "throttled" => Cause::Throttled,
        "denied" => Cause::Denied { action: stored.action.clone().unwrap_or_default() },
        "garbled" => Cause::Garbled,
        "credentials" => Cause::Credentials,
        _ => Cause::Other,
    });
    ScopeStatus {
        scope: scope(stored.scope),
        trouble: cause.map(|cause| (cause, stored.message.unwrap_or_default())),
        objects: stored.objects,
        unread: stored.unread,
    }
}

/// Codes and summaries are constants of the program; those of a file are only shown.
fn finding(stored: v1::Finding) -> Diagnostic {
    let detail = format!("{}: {}", stored.summary, stored.detail);
    let mut diagnostic =
        Diagnostic::warning("plan::stored", "Found when the plan was made", detail);
    diagnostic.help = stored.help;
    diagnostic.address = stored.address;
    diagnostic
}
