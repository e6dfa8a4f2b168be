//! Plans as text, in Terraform's words and symbols.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lifeboat_sdk::{Cause, Name, Scope, counted};

use super::escape::{line, lines};
use super::paint::{Label, Paint};
use super::promotion;
use super::value::{Line, Lines, short};
use super::why::{follows, why};
use crate::address::Mode;
use crate::desired::Follows;
use crate::diff::Action;
use crate::plan::guard::{Consent, guards, removed};
use crate::plan::{Deferral, ObjectChange, OutputChange, Plan, PlanMode, Reason, retires};
use crate::registry::Catalogue;

/// How a plan is shown.
pub struct PlanView<'a> {
    /// Schemas.
    pub catalogue: &'a Catalogue,
    /// Colour.
    pub paint: Paint,
    /// Only the names of what changes.
    pub compact: bool,
}

/// Objects by what happens to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Imported.
    pub import: usize,
    /// Made, replacements included.
    pub add: usize,
    /// Changed in place.
    pub change: usize,
    /// Removed, replacements included.
    pub destroy: usize,
    /// Dropped from state.
    pub forget: usize,
}

/// Counts what a plan does.
pub fn counts(plan: &Plan) -> Counts {
    let mut counts = Counts::default();
    for change in plan.changes.iter().filter(|c| c.deferred.is_none()) {
        counts.import += usize::from(change.importing.is_some());
        match change.action {
            Action::Create => counts.add += 1,
            Action::Update => counts.change += 1,
            Action::Delete => counts.destroy += 1,
            Action::Forget => counts.forget += 1,
            Action::Replace => {
                counts.add += 1;
                counts.destroy += 1;
            }
            Action::NoOp | Action::Read => {}
        }
    }
    counts
}

/// The symbol of a change.
pub fn symbol(change: &ObjectChange) -> &'static str {
    match change.action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Delete => "-",
        Action::Read => "<=",
        Action::Forget => ".",
        Action::Replace if change.create_before_destroy => "+/-",
        Action::Replace => "-/+",
        Action::NoOp => " ",
    }
}

impl PlanView<'_> {
    /// The whole text of a plan.
    pub fn text(&self, plan: &Plan) -> String {
        let mut out = String::new();
        self.drift(plan, &mut out);
        let shown = shown(plan);
        let idle = shown.is_empty() && !outputs_change(&plan.outputs);
        let about = promotion::about(plan);
        if idle && plan.promotion.is_none() && about.is_empty() {
            self.nothing(plan, &mut out);
        } else {
            if !shown.is_empty() {
                self.legend(&shown, &mut out);
                out.push_str("\nlifeboat will perform the following actions:\n");
            }
            for change in shown {
                self.change(change, &mut out);
            }
            out.push_str(&promotion::text(plan, self.paint));
            for about in about {
                let _ok = writeln!(out, "\n{about}");
            }
            let _ok = writeln!(out, "\n{}", self.summary(plan));
            self.outputs(&plan.outputs, &mut out);
        }
        self.deferred(plan, &mut out);
        self.scopes(plan, &mut out);
        out.push_str(&promotion::exposed(plan, self.paint));
        out
    }

    /// What changed outside.
    pub fn drifted(&self, plan: &Plan) -> String {
        let mut out = String::new();
        self.drift(plan, &mut out);
        out
    }

    /// What `apply` will ask for.
    pub fn consent(&self, plan: &Plan) -> String {
        let mut out = String::new();
        for needed in guards(plan, &Consent::default()).0 {
            let option = match &needed.address {
                Some(address) => format!("-confirm-one-way='{address}'"),
                None => format!("-allow-destroy={}", removed(plan)),
            };
            let text = format!("Applying this needs {}", line(&option));
            let text = self.paint.label(Label::Warning, &text);
            let _ok = writeln!(out, "\n{text}: {}", lines(&needed.detail));
        }
        out
    }

    /// `Plan: 1 to add, …`
    pub fn summary(&self, plan: &Plan) -> String {
        let c = counts(plan);
        let import = if c.import > 0 { format!("{} to import, ", c.import) } else { String::new() };
        let forget = if c.forget > 0 { format!(" {} to forget.", c.forget) } else { String::new() };
        let deferred = plan.deferred().count();
        let wait = if deferred > 0 { format!(" {deferred} deferred.") } else { String::new() };
        format!(
            "{} {import}{} to add, {} to change, {} to destroy.{forget}{wait}",
            self.paint.label(Label::Strong, "Plan:"),
            c.add,
            c.change,
            c.destroy
        )
    }

    fn nothing(&self, plan: &Plan, out: &mut String) {
        if plan.deferred().next().is_some() {
            out.push_str("\nNo changes can be made now: all that differs is deferred.\n");
            return;
        }
        if plan.mode == PlanMode::RefreshOnly && !plan.drift.is_empty() {
            out.push_str(
                "\nThis is a refresh-only plan: nothing is done about these changes. Apply it to\nrecord them in state without changing any object.\n",
            );
            return;
        }
        let part = !plan.inputs.targets.is_empty() || !plan.inputs.excludes.is_empty();
        let text = if plan.mode == PlanMode::Destroy {
            "No changes. No objects need to be destroyed."
        } else if part {
            "No changes in what is targeted."
        } else if plan.incomplete() {
            "No changes where it could be read. The plan is incomplete."
        } else {
            "No changes. Your infrastructure matches the configuration."
        };
        let _ok = writeln!(out, "\n{}", self.paint.label(Label::Strong, text));
        if plan.mode == PlanMode::Normal && !plan.incomplete() && !part {
            out.push_str("\nlifeboat has compared your real infrastructure against your configuration\nand found no differences, so no changes are needed.\n");
        }
    }

    fn legend(&self, shown: &[&ObjectChange], out: &mut String) {
        let all = [
            ("+", "create"),
            ("~", "update in-place"),
            ("-", "destroy"),
            ("-/+", "destroy and then create replacement"),
            ("+/-", "create replacement and then destroy"),
            ("<=", "read (data resources)"),
            (".", "forget"),
        ];
        let used = |mark: &str| shown.iter().any(|c| symbol(c) == mark);
        if all.iter().any(|(mark, _)| used(mark)) {
            out.push_str("\nResource actions are indicated with the following symbols:\n");
        }
        for (mark, text) in all {
            if used(mark) {
                let _ok = writeln!(out, "{} {text}", self.paint.symbol(&format!("{mark:>3}")));
            }
        }
    }

    fn change(&self, change: &ObjectChange, out: &mut String) {
        let title = self.paint.label(Label::Strong, &format!("# {}", headline(change)));
        let _ok = writeln!(out, "\n  {title}");
        if let Some(why) = why(change) {
            let _ok = writeln!(out, "  # ({why})");
        }
        if let Some(how) = follows(change) {
            let _ok = writeln!(out, "  # ({how})");
        }
        if let Some(id) = &change.importing {
            let _ok = writeln!(out, "  # (imported from {:?})", line(id));
        }
        if let Some(why) = &change.one_way {
            let text = format!("# ONE-WAY DOOR: {}", line(why));
            let _ok = writeln!(out, "  {}", self.paint.label(Label::Warning, &text));
        }
        if self.compact {
            return;
        }
        let mark = format!("{:>3}", symbol(change));
        let kind = if change.address.mode == Mode::Data { "data" } else { "resource" };
        let _ok = writeln!(
            out,
            "{} {kind} \"{}\" \"{}\" {{",
            self.paint.symbol(&mark),
            line(&change.address.kind),
            line(&change.address.name)
        );
        let entries = self.lines(change);
        for entry in &entries {
            self.line(entry, 3, out);
        }
        if change.action == Action::Update && entries.iter().all(|e| e.symbol.trim().is_empty()) {
            out.push_str("        # (tags that lifeboat owns)\n");
        }
        out.push_str("    }\n");
    }

    /// The attributes of a change.
    pub(super) fn lines(&self, change: &ObjectChange) -> Vec<Line> {
        let attributes = self
            .catalogue
            .kinds
            .get(&*change.address.kind)
            .map(|(_, k)| k.schema())
            .or_else(|| self.catalogue.data.get(&*change.address.kind).map(|(_, d)| d.schema()))
            .map_or(&[][..], |schema| schema.attributes);
        let all = matches!(change.action, Action::Create | Action::Delete | Action::Read);
        let before = match change.action {
            Action::Read | Action::Create => None,
            _ => change.before.as_ref(),
        };
        let paths = &change.replace_paths;
        let forces = |name: &str| {
            change.action == Action::Replace && paths.iter().any(|p| p.first_attr() == Some(name))
        };
        let after = change.after.as_ref();
        Lines::of(attributes, before, after, all, &forces)
    }

    /// The lines of a change without colour, each with its symbol in front; none where only names
    /// are shown.
    pub fn difference(&self, change: &ObjectChange) -> Vec<String> {
        if self.compact {
            return Vec::new();
        }
        let line = |entry: &Line| {
            let mark = if entry.symbol.trim().is_empty() { " " } else { entry.symbol.trim() };
            format!("{mark} {}{}", " ".repeat(entry.depth * 4), entry.text.trim_end())
        };
        self.lines(change).iter().map(line).collect()
    }

    /// One of them, indented.
    pub(super) fn line(&self, entry: &Line, base: usize, out: &mut String) {
        let pad = " ".repeat(base * 2 + entry.depth * 4);
        let mark = self.paint.symbol(entry.symbol);
        let _ok = writeln!(out, "{pad}{mark} {}", entry.text.trim_end());
    }

    /// Outputs that differ.
    pub(super) fn outputs(&self, outputs: &BTreeMap<Name, OutputChange>, out: &mut String) {
        if !outputs_change(outputs) {
            return;
        }
        out.push_str("\nChanges to Outputs:\n");
        let width = outputs.keys().map(|n| n.len()).max().unwrap_or(0);
        for (name, output) in outputs {
            let (before, after) = (output.before.as_ref(), output.after.as_ref());
            let text = |v: &lifeboat_sdk::Value| {
                if output.sensitive { "(sensitive value)".to_owned() } else { short(v) }
            };
            let (mark, text) = match (before, after) {
                (None, Some(a)) => ("+", text(a)),
                (Some(b), None) => ("-", format!("{} -> null", text(b))),
                (Some(b), Some(a)) if a != b => ("~", format!("{} -> {}", text(b), text(a))),
                _ => continue,
            };
            let _ok = writeln!(out, "  {} {name:width$} = {text}", self.paint.symbol(mark));
        }
    }

    fn drift(&self, plan: &Plan, out: &mut String) {
        if plan.drift.is_empty() || plan.mode == PlanMode::Destroy {
            return;
        }
        out.push_str("\nNote: Objects have changed outside of lifeboat\n");
        for change in &plan.drift {
            let verb = if change.after.is_none() { "has been deleted" } else { "has changed" };
            let _ok = writeln!(out, "\n  # {} {verb}", line(&change.address.to_string()));
            if self.compact || change.after.is_none() {
                continue;
            }
            for entry in self.lines(change) {
                self.line(&entry, 2, out);
            }
        }
    }

    fn deferred(&self, plan: &Plan, out: &mut String) {
        let all: Vec<&ObjectChange> = plan.deferred().collect();
        if all.is_empty() {
            return;
        }
        let title = "Deferred: not attempted now, planned again when what they need answers";
        let _ok = writeln!(out, "\n{}:", self.paint.label(Label::Warning, title));
        // Why a place does not answer is told once.
        let mut told: BTreeSet<&Scope> =
            plan.scopes.iter().filter(|s| s.trouble.is_some()).map(|s| &s.scope).collect();
        for change in all {
            let reason = match &change.deferred {
                Some(Deferral::Unreachable { scope, .. }) if !told.insert(scope) => {
                    format!("{} {} is unreachable", scope.location, line(&scope.service))
                }
                other => other.as_ref().map(deferral).unwrap_or_default(),
            };
            let _ok = writeln!(
                out,
                "  {} {}: {reason}",
                self.paint.symbol(symbol(change)),
                line(&change.address.to_string())
            );
        }
    }

    /// What could not be read, by scope.
    fn scopes(&self, plan: &Plan, out: &mut String) {
        let troubled: Vec<_> = plan.scopes.iter().filter(|s| s.trouble.is_some()).collect();
        if troubled.is_empty() {
            return;
        }
        let _ok = writeln!(out, "\n{}:", self.paint.label(Label::Warning, "Could not be read"));
        for status in troubled {
            let Some((cause, message)) = &status.trouble else { continue };
            let _ok = writeln!(
                out,
                "  {} {}: {} of {} ({})",
                status.scope.location,
                line(&status.scope.service),
                status.unread,
                counted(status.objects, "object"),
                word(cause),
            );
            let _ok = writeln!(out, "    {}", line(message));
        }
        out.push_str(
            "  Nothing there is planned as created or destroyed; the plan is incomplete.\n",
        );
    }
}

/// The changes that are told: those that are made, and what only moves or is taken over.
pub fn shown(plan: &Plan) -> Vec<&ObjectChange> {
    let told = |c: &&ObjectChange| {
        c.action != Action::NoOp || c.previous_address.is_some() || c.importing.is_some()
    };
    plan.changes.iter().filter(|c| c.deferred.is_none()).filter(told).collect()
}

/// Whether an output of the root module changes.
pub fn outputs_change(outputs: &BTreeMap<Name, OutputChange>) -> bool {
    outputs.values().any(|o| o.before != o.after)
}

/// What happens to an object, as a sentence that begins with its address.
pub fn headline(change: &ObjectChange) -> String {
    let address = line(&change.address.to_string());
    if let Some(key) = change.deposed.as_ref().filter(|_| retires(change)) {
        let was = "which a promotion left, will be destroyed";
        return format!("{address} (retired as {}), {was}", line(key));
    }
    if let Some(key) = &change.deposed {
        return format!("{address} (deposed object {}) will be destroyed", line(key));
    }
    let will = match (change.action, &change.reason) {
        (Action::Create, _) if change.operated => "will be operated from now on",
        (Action::Create, _) => "will be created",
        (Action::Update, _) if change.follows == Some(Follows::Rebuild) => {
            "will be built anew, to follow another one"
        }
        (Action::Update, _) => "will be updated in-place",
        (Action::Delete, _) => "will be destroyed",
        (Action::Read, _) => "will be read during apply",
        (Action::Forget, _) => {
            return format!(
                "{address} will no longer be managed by lifeboat, but will not be destroyed"
            );
        }
        (Action::Replace, Some(Reason::Tainted)) => "is tainted, so must be replaced",
        (Action::Replace, Some(Reason::Requested)) => "will be replaced, as requested",
        (Action::Replace, Some(Reason::TriggeredBy)) => {
            "will be replaced due to changes in replace_triggered_by"
        }
        (Action::Replace, _) => "must be replaced",
        (Action::NoOp, _) if change.importing.is_some() => "will be imported",
        (Action::NoOp, _) => {
            let from = change.previous_address.as_ref().map(ToString::to_string);
            return format!("{} has moved to {address}", line(&from.unwrap_or_default()));
        }
    };
    format!("{address} {will}")
}

/// A deferral in words.
pub fn deferral(deferral: &Deferral) -> String {
    match deferral {
        Deferral::Unreachable { scope, message } => {
            format!("{} {} is unreachable ({})", scope.location, scope.service, lines(message))
        }
        Deferral::Needs(address) => format!("needs {}, which is deferred", line(address)),
        Deferral::UnknownInstances => "the number of its instances is not known".to_owned(),
        Deferral::InDoubt(why) => format!("an earlier run left it in doubt: {}", line(why)),
    }
}

/// A cause in a word.
pub fn word(cause: &Cause) -> &'static str {
    match cause {
        Cause::Unreachable => "unreachable",
        Cause::TooSlow => "too slow",
        Cause::Throttled => "throttled",
        Cause::Denied { .. } => "denied",
        Cause::Garbled => "garbled",
        Cause::Credentials => "credentials refused",
        Cause::Other => "failed",
    }
}
