//! Plan -> stored form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeboat_sdk::value::Step as PathStep;
use lifeboat_sdk::value::wire::Wire;
use lifeboat_sdk::{Cause, Diagnostic, Location, Marks, Path, Plane, Scope, Value};
use lifeboat_state::secret::{Sealer, seal_document};
use serde_json::value::RawValue;

use super::{PlanFileError, VERSION, timing, unstorable, v1, v2};
use crate::address::Address;
use crate::approval::{Policy, PolicyChange};
use crate::desired::STANDING;
use crate::diff::Action;
use crate::plan::loss::{Exposure, Proven};
use crate::plan::{
    CheckResult, Deferral, Fencing, Lasting, Leg, Member, ObjectChange, OutputChange, Plan,
    PlanMode, Promotion, Reason, ScopeStatus, Step, Task,
};

/// Seals the documents of one plan.
struct Writer<'a> {
    sealer: &'a Sealer,
    plan: &'a str,
}

pub(super) fn plan(plan: &Plan, sealer: &Sealer) -> Result<v2::Plan, PlanFileError> {
    let writer = Writer { sealer, plan: &plan.id };
    let inputs = &plan.inputs;
    let mut variables = std::collections::BTreeMap::new();
    let lasting = |value: &Value| !value.marks_deep().contains(Marks::EPHEMERAL);
    for (name, value) in inputs.variables.iter().filter(|(_, v)| lasting(v)) {
        variables.insert(name.to_string(), writer.doc(&format!("var.{name}"), value)?);
    }
    let mut outputs = std::collections::BTreeMap::new();
    for (name, output) in &plan.outputs {
        outputs.insert(name.to_string(), writer.output(name, output)?);
    }
    let files = inputs.files.iter().map(|(name, content)| (name.clone(), STANDARD.encode(content)));
    Ok(v2::Plan {
        format: VERSION,
        id: plan.id.clone(),
        created: plan.created.clone(),
        expires: plan.expires.clone(),
        mode: mode(plan.mode).to_owned(),
        inputs: v1::Inputs {
            tool_version: inputs.tool_version.clone(),
            root: inputs.root.clone(),
            files: files.collect(),
            variables,
            lineage: inputs.lineage.clone(),
            serial: inputs.serial,
            epoch: inputs.epoch,
            primary: inputs.primary.as_ref().map(ToString::to_string),
            topology: inputs.topology.as_ref().map(ToString::to_string),
            identities: inputs.identities.clone(),
            now: inputs.now.clone(),
            targets: inputs.targets.clone(),
            excludes: inputs.excludes.clone(),
        },
        exclude_regions: inputs.exclude_regions.clone(),
        standing: writer.maybe(STANDING, inputs.standing.as_ref())?,
        promotion: plan.promotion.as_ref().map(promotion),
        lasting: plan.lasting.as_ref().map(standing),
        fencing: plan.fencing.as_ref().map(fencing),
        retiring: plan.retiring.as_ref().map(Into::into),
        retired: plan.retired.iter().map(Into::into).collect(),
        fenced: plan.fenced.clone(),
        evacuated: plan.evacuated.clone(),
        diverged: plan.diverged.clone(),
        discards: plan.discards.clone(),
        backfills: plan.backfills.clone(),
        approvers: plan.approvers.as_ref().map(approvers),
        unprotected: plan.unprotected.clone(),
        returns_writable: plan.returns_writable.iter().map(ToString::to_string).collect(),
        changes: plan.changes.iter().map(|c| writer.change(c)).collect::<Result<_, _>>()?,
        follows: plan.changes.iter().filter_map(follows).collect(),
        drift: plan.drift.iter().map(|c| writer.change(c)).collect::<Result<_, _>>()?,
        outputs,
        legs: plan.legs.iter().map(|(at, legs)| writer.legs(at, legs)).collect::<Result<_, _>>()?,
        steps: plan.steps.iter().map(|s| writer.step(s)).collect::<Result<_, _>>()?,
        scopes: plan.scopes.iter().map(status).collect(),
        findings: plan.findings.0.iter().map(finding).collect(),
        checks: plan.checks.iter().map(check).collect(),
    })
}

fn follows(change: &ObjectChange) -> Option<(String, String)> {
    Some((change.address.to_string(), change.follows?.word().to_owned()))
}

fn check(of: &CheckResult) -> v1::Check {
    v1::Check {
        address: of.address.clone(),
        kind: of.kind.clone(),
        passed: of.passed,
        messages: of.messages.clone(),
    }
}

impl Writer<'_> {
    fn doc(&self, address: &str, value: &Value) -> Result<v1::Doc, PlanFileError> {
        let readable = value.transform(&Path::root(), &mut |_, part| {
            // That there is nothing is no secret, and can be read without the key: another machine may
            // have to go on with this plan.
            let nothing = !part.unmark().1.is_empty() && part.is_null();
            nothing.then(|| Value::Null(part.ty()))
        });
        let wire = Wire::from_value(&readable).map_err(unstorable)?;
        let text = serde_json::to_string(&wire).map_err(unstorable)?;
        let raw = RawValue::from_string(text).map_err(unstorable)?;
        Ok(seal_document(self.sealer, self.plan, address, &raw)?.unwrap_or(raw))
    }

    fn maybe(
        &self,
        address: &str,
        value: Option<&Value>,
    ) -> Result<Option<v1::Doc>, PlanFileError> {
        value.map(|value| self.doc(address, value)).transpose()
    }

    fn output(&self, name: &str, output: &OutputChange) -> Result<v1::Output, PlanFileError> {
        let address = format!("output.{name}");
        Ok(v1::Output {
            before: self.maybe(&address, output.before.as_ref())?,
            after: self.maybe(&address, output.after.as_ref())?,
            sensitive: output.sensitive,
        })
    }

    fn step(&self, step: &Step) -> Result<v2::Step, PlanFileError> {
        let member = |m: &Member| v1::Member {
            change: m.change,
            operation: m.operation.word().to_owned(),
            depose: m.depose,
        };
        Ok(v2::Step {
            id: step.id.0,
            phase: step.phase.word().to_owned(),
            act: step.act.map(|act| act.word().to_owned()),
            task: step.task.as_ref().map(|task| self.task(task)).transpose()?,
            members: step.members.iter().map(member).collect(),
            leg: step.leg,
            needs: step.needs.iter().map(|n| n.0).collect(),
            scope: step.scope.as_ref().map(scope),
            plane: step.plane.map(|p| plane(p).to_owned()),
            weight: step.weight,
        })
    }

    fn legs(&self, at: &Address, legs: &[Leg]) -> Result<(String, Vec<v2::Leg>), PlanFileError> {
        let at = at.to_string();
        let leg = |leg: &Leg| {
            let document = self.doc(&at, &leg.document)?;
            Ok(v2::Leg { ahead: leg.ahead, document, note: leg.note.to_string() })
        };
        let legs = legs.iter().map(leg).collect::<Result<_, PlanFileError>>()?;
        Ok((at, legs))
    }

    fn task(&self, task: &Task) -> Result<v2::Task, PlanFileError> {
        let on = task.on.as_ref().map(|on| {
            Ok::<_, PlanFileError>(v2::Operand {
                provider: on.provider.to_string(),
                kind: on.kind.to_string(),
                id: on.id.as_ref().map(ToString::to_string),
                scope: scope(&on.scope),
                document: self.doc(&task.about, &on.document)?,
            })
        });
        Ok(v2::Task {
            about: task.about.to_string(),
            arguments: self.doc(&task.about, &task.arguments)?,
            limit_ms: u64::try_from(task.limit.as_millis()).unwrap_or(u64::MAX),
            optional: task.optional,
            on: on.transpose()?,
        })
    }

    fn change(&self, c: &ObjectChange) -> Result<v1::Change, PlanFileError> {
        let address = c.address.to_string();
        Ok(v1::Change {
            previous_address: c.previous_address.as_ref().map(ToString::to_string),
            provider: c.provider.to_string(),
            provider_source: c.provider_source.to_string(),
            scope: c.scope.as_ref().map(scope),
            action: action(c.action).to_owned(),
            reason: c.reason.as_ref().map(|r| reason(r).to_owned()),
            before: self.maybe(&address, c.before.as_ref())?,
            after: self.maybe(&address, c.after.as_ref())?,
            replace_paths: c.replace_paths.iter().map(path).collect(),
            id: c.id.as_ref().map(ToString::to_string),
            importing: c.importing.as_ref().map(ToString::to_string),
            deposed: c.deposed.as_ref().map(ToString::to_string),
            deferred: c.deferred.as_ref().map(deferral),
            unread: c.unread.as_ref().map(deferral),
            depends_on: c.depends_on.iter().map(ToString::to_string).collect(),
            create_before_destroy: c.create_before_destroy,
            prevent_destroy: c.prevent_destroy,
            holds_data: c.holds_data,
            one_way: c.one_way.clone(),
            operated: c.operated,
            schema_version: c.schema_version,
            address,
        })
    }
}

fn promotion(promotion: &Promotion) -> v2::Promotion {
    v2::Promotion {
        from: promotion.from.to_string(),
        to: promotion.to.to_string(),
        epoch: promotion.epoch,
        owed: promotion.owed.iter().map(ToString::to_string).collect(),
        unseen: promotion.unseen.iter().map(ToString::to_string).collect(),
        silent: promotion.silent.iter().map(ToString::to_string).collect(),
        records: promotion.records,
        attest: promotion.attest.iter().map(ToString::to_string).collect(),
        waiting: promotion.waiting,
        left_out: promotion.left_out.iter().map(ToString::to_string).collect(),
        approvals: promotion.approvals,
        all_write: promotion.all_write,
        lowered: promotion.lowered.iter().map(|(at, ttl)| (at.to_string(), *ttl)).collect(),
        since: promotion.losses.since.map(|since| since.to_string()),
        losses: promotion.losses.of.iter().map(exposure).collect(),
        by_hand: promotion.by_hand.map(|how| how.word().to_owned()),
        unproven: promotion.unproven.iter().map(ToString::to_string).collect(),
        rolls_back: promotion.rolls_back,
        reprotects: promotion.reprotects,
        timings: promotion.timings.iter().map(|(step, it)| (step.0, timing::write(it))).collect(),
        limits: timing::limits(&promotion.limits),
    }
}

fn exposure(exposure: &Exposure) -> v2::Exposure {
    let proven = exposure.proven.as_ref().map(|Proven { until, at, how }| v2::Proven {
        until: until.to_string(),
        at: at.to_string(),
        how: how.clone(),
    });
    v2::Exposure { about: exposure.about.to_string(), copied: exposure.copied, proven }
}

fn standing(lasting: &Lasting) -> v2::Lasting {
    v2::Lasting { assume_down: lasting.assume_down.clone() }
}

fn finding(found: &Diagnostic) -> v1::Finding {
    v1::Finding {
        code: found.code.to_owned(),
        summary: found.summary.to_owned(),
        detail: found.detail.clone(),
        help: found.help.clone(),
        address: found.address.clone(),
    }
}

fn fencing(fencing: &Fencing) -> v2::Fencing {
    v2::Fencing {
        wish: fencing.wish.word().to_owned(),
        region: fencing.wish.region().map(ToString::to_string),
        marks: fencing.marks,
        places: fencing.places.iter().map(ToString::to_string).collect(),
        waiting: fencing.waiting,
    }
}

fn approvers(PolicyChange { before, after }: &PolicyChange) -> v2::PolicyChange {
    let policy = |policy: &Policy| v2::Policy { needed: policy.needed, approvers: policy.lines() };
    v2::PolicyChange { before: policy(before), after: policy(after) }
}

fn status(status: &ScopeStatus) -> v1::Status {
    let (cause, action) = match status.trouble.as_ref().map(|(cause, _)| cause) {
        Some(Cause::Denied { action }) => (Some("denied"), Some(action.clone())),
        Some(other) => (Some(cause(other)), None),
        None => (None, None),
    };
    v1::Status {
        scope: scope(&status.scope),
        cause: cause.map(str::to_owned),
        action,
        message: status.trouble.as_ref().map(|(_, message)| message.clone()),
        objects: status.objects,
        unread: status.unread,
    }
}

/// The word of a cause, here and in JSON.
pub(crate) fn cause(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unreachable => "unreachable",
        Cause::TooSlow => "too_slow",
        Cause::Throttled => "throttled",
        Cause::Denied { .. } => "denied",
        Cause::Garbled => "garbled",
        Cause::Credentials => "credentials",
        Cause::Other => "failed",
    }
}

fn scope(scope: &Scope) -> v1::Scope {
    v1::Scope {
        provider: scope.provider.to_string(),
        account: scope.account.to_string(),
        region: scope.location.region().to_string(),
        global: matches!(scope.location, Location::Global { .. }),
        service: scope.service.to_string(),
    }
}

fn deferral(deferral: &Deferral) -> v1::Deferral {
    match deferral {
        Deferral::Unreachable { scope: at, message } => {
            v1::Deferral::Unreachable { scope: scope(at), message: message.clone() }
        }
        Deferral::Needs(address) => v1::Deferral::Needs(address.clone()),
        Deferral::UnknownInstances => v1::Deferral::UnknownInstances,
        Deferral::InDoubt(why) => v1::Deferral::InDoubt(why.clone()),
    }
}

fn path(path: &Path) -> Vec<v1::Step1> {
    path.0
        .iter()
        .map(|step| match step {
            PathStep::Attr(name) => v1::Step1::Attr(name.to_string()),
            PathStep::Key(key) => v1::Step1::Key(key.to_string()),
            PathStep::Index(n) => v1::Step1::Index(*n),
        })
        .collect()
}

pub(super) fn mode(mode: PlanMode) -> &'static str {
    match mode {
        PlanMode::Normal => "normal",
        PlanMode::Destroy => "destroy",
        PlanMode::RefreshOnly => "refresh-only",
        PlanMode::Import => "import",
    }
}

pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::NoOp => "no-op",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
    }
}

/// Terraform's `action_reason`.
pub(crate) fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::Tainted => "replace_because_tainted",
        Reason::Requested => "replace_by_request",
        Reason::TriggeredBy => "replace_by_triggers",
        Reason::CannotUpdate => "replace_because_cannot_update",
        Reason::NoResourceConfig => "delete_because_no_resource_config",
        Reason::NoModule => "delete_because_no_module",
        Reason::NoMoveTarget => "delete_because_no_move_target",
        Reason::WrongRepetition => "delete_because_wrong_repetition",
        Reason::CountIndex => "delete_because_count_index",
        Reason::EachKey => "delete_because_each_key",
        Reason::ConfigUnknown => "read_because_config_unknown",
        Reason::DependencyPending => "read_because_dependency_pending",
        Reason::Retired => "delete_because_retired",
    }
}

pub(crate) fn plane(plane: Plane) -> &'static str {
    match plane {
        Plane::Data => "data",
        Plane::Regional => "regional",
        Plane::Global => "global",
    }
}
