//! Planning one managed object.

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::value::Why;
use lifeboat_sdk::{
    Diagnostic, Diagnostics, Finding, Name, Owner, Ownership, Path, Present, Span, Value,
};

use super::instance::{Site, Wanted};
use super::live::Live;
use super::{Resolver, place};
use crate::address::Address;
use crate::config::decode::decode;
use crate::config::module::Ignore as Ignored;
use crate::diff::{Action, Ignore, Proposal, propose};
use crate::plan::{Deferral, ObjectChange, PlanMode, Reason};

impl Resolver<'_> {
    /// Plans an instance of a `resource` block and answers what others see of it.
    pub(super) fn managed(&mut self, site: &Site<'_, '_>) -> Value {
        self.seen.insert(site.address.clone());
        let Some((instance, kind)) = self.kind_of(site) else {
            return Value::unknown(lifeboat_sdk::Type::Dynamic);
        };
        let scope = site.environment.scope(site.module, site.repetition, None);
        let mut found = Diagnostics::new();
        let config = decode(&site.resource.body, kind.schema().attributes, &scope, &mut found);
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        if failed {
            return Value::unknown(kind.schema().ty());
        }
        let config = with_region(&kind, &instance, config);
        let body = &site.resource.body;
        let at = |path: &Path| place::place(body, path).unwrap_or(site.resource.span);
        let (depends_on, needs) = self.dependencies(site);
        let lifecycle = &site.resource.lifecycle;
        let wanted = Wanted {
            address: site.address.clone(),
            provider: instance.name.clone(),
            source: instance.source,
            scope: self.scope_of(&instance, &kind, &config, site.resource.span),
            config,
            ignore: ignored(&lifecycle.ignore_changes),
            create_before_destroy: lifecycle.create_before_destroy.unwrap_or(false),
            prevent_destroy: lifecycle.prevent_destroy,
            operated: kind.ownership() == Ownership::Operated,
            adopt: false,
            depends_on,
            needs,
            importing: self.import_id(site),
            follows: None,
            triggered: self.triggered(site),
            span: site.resource.span,
            place: &at,
            kind,
        };
        self.conditions(site, &lifecycle.preconditions, None);
        let value = self.object(&wanted);
        self.conditions(site, &lifecycle.postconditions, Some(&value));
        value
    }

    /// Plans an object and answers what others see of it.
    pub(super) fn object(&mut self, wanted: &Wanted<'_>) -> Value {
        self.seen.insert(wanted.address.clone());
        self.needs.planned.insert(wanted.address.clone(), wanted.needs.clone());
        if self.judge(wanted) {
            return Value::unknown(wanted.kind.schema().ty());
        }
        if self.is_left(wanted) {
            return self.leave(wanted);
        }
        match self.live(wanted) {
            Live::Parked => Value::unknown(wanted.kind.schema().ty()),
            Live::Broken => self.keep(wanted, None),
            Live::Away(None, why) => self.new_object(wanted, Some(why)),
            Live::Away(Some(stored), why) => self.unread(wanted, &stored, why),
            Live::Missing => self.new_object(wanted, None),
            Live::There { present, taken_over } => self.existing(wanted, &present, taken_over),
        }
    }

    /// Whether the operator said to leave it as it is.
    fn is_left(&self, wanted: &Wanted<'_>) -> bool {
        let options = &self.input.options;
        let region = wanted.scope.as_ref().map(|scope| scope.location.region());
        region.is_some_and(|region| options.left_regions.iter().any(|left| *left == *region.0))
            || options.left.contains(&wanted.address.to_string())
    }

    /// It stays as it is; what needs one that is not there waits.
    fn leave(&mut self, wanted: &Wanted<'_>) -> Value {
        if let Some(previous) = self.input.previous.get(&wanted.address) {
            return previous.document.clone();
        }
        self.deferred_new.insert(wanted.address.clone());
        self.deferred_new.insert(wanted.address.whole());
        let why = Why::Deferred(wanted.address.to_string().into());
        Value::unknown_because(wanted.kind.schema().ty(), why)
    }

    /// What the kind itself finds wrong; whether that stops planning.
    fn judge(&mut self, wanted: &Wanted<'_>) -> bool {
        let found = findings(&*wanted.kind, &wanted.config, &wanted.address, wanted.place);
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        failed
    }

    fn change(&self, wanted: &Wanted<'_>, action: Action) -> ObjectChange {
        let previous = self.input.previous.get(&wanted.address);
        ObjectChange {
            previous_address: previous.and_then(|p| p.moved_from.clone()),
            provider: wanted.provider.clone(),
            provider_source: wanted.source.into(),
            scope: wanted.scope.clone(),
            id: previous.and_then(|p| p.id.clone()),
            depends_on: wanted.depends_on.clone(),
            create_before_destroy: wanted.create_before_destroy,
            prevent_destroy: wanted.prevent_destroy,
            operated: wanted.operated,
            schema_version: wanted.kind.schema().version,
            ..ObjectChange::new(wanted.address.clone(), action)
        }
    }

    /// It will be made, unless something keeps that from being tried.
    fn new_object(&mut self, wanted: &Wanted<'_>, away: Option<Deferral>) -> Value {
        let mut change = self.change(wanted, Action::Create);
        let away = away.or_else(|| self.must_wait(wanted));
        // Somebody else's is taken over where its id comes with apply or its region answers again;
        // it is never made.
        let missing =
            wanted.operated && away.is_none() && wanted.kind.id_of(&wanted.config).is_some();
        if self.input.options.mode != PlanMode::Normal || missing {
            if missing && self.input.options.mode == PlanMode::Normal {
                return self.operated_missing(wanted);
            }
            return Value::unknown(wanted.kind.schema().ty());
        }
        // Kinds whose objects are not known by their name have no claim before they are made.
        let named = wanted.kind.id_of(&wanted.config);
        if named.is_some_and(|id| self.claim(wanted, &id)) {
            return Value::unknown(wanted.kind.schema().ty());
        }
        let proposal = propose::create(&*wanted.kind, &wanted.config);
        change.id = None;
        change.one_way = wanted.kind.one_way_door(None, Some(&proposal.after));
        change.deferred = away;
        let address = &wanted.address;
        for at in [address.clone(), address.whole()] {
            if change.deferred.is_some() {
                self.deferred_new.insert(at.clone());
            }
            self.creating.insert(at);
        }
        let seen = match &change.deferred {
            Some(_) => deferred_value(&proposal.after, address),
            None => proposal.after.clone(),
        };
        change.after = Some(proposal.after);
        self.changes.insert(address.clone(), Box::new(change));
        seen
    }

    /// Why an object cannot be changed now although its own scope answers.
    fn must_wait(&self, wanted: &Wanted<'_>) -> Option<Deferral> {
        match wanted.config.why_unknown() {
            Some(Why::Unreachable(scope)) => {
                let message = "an input comes from an object that could not be read".into();
                return Some(Deferral::Unreachable { scope: (*scope).clone(), message });
            }
            Some(Why::Deferred(address)) => return Some(Deferral::Needs(address.to_string())),
            Some(Why::AfterApply) | None => {}
        }
        let missing = wanted.needs.iter().find(|need| self.deferred_new.contains(need));
        missing.map(|need| Deferral::Needs(need.to_string()))
    }

    /// It could not be read: nothing is done to it, and what is declared is compared with what
    /// state remembers to say whether something would be.
    fn unread(&mut self, wanted: &Wanted<'_>, stored: &Value, why: Deferral) -> Value {
        let proposal = self.propose(wanted, stored);
        let mut change = self.change(wanted, proposal.action);
        change.before = Some(stored.clone());
        if self.input.options.mode != PlanMode::Normal || proposal.action == Action::NoOp {
            change.action = Action::NoOp;
            change.after = Some(stored.clone());
            change.unread = Some(why.clone());
        } else {
            change.after = Some(proposal.after);
            change.replace_paths = proposal.replace_paths;
            change.deferred = Some(why.clone());
        }
        self.changes.insert(wanted.address.clone(), Box::new(change));
        Self::stale(wanted, stored, &why)
    }

    /// It could not be read and that is an error: its state stays as it is.
    pub(super) fn keep(&mut self, wanted: &Wanted<'_>, why: Option<Deferral>) -> Value {
        if let Some(previous) = self.input.previous.get(&wanted.address).cloned() {
            let mut change = self.change(wanted, Action::NoOp);
            change.before = Some(previous.document.clone());
            change.after = Some(previous.document.clone());
            change.unread = why;
            self.changes.insert(wanted.address.clone(), Box::new(change));
            return previous.document;
        }
        Value::unknown(wanted.kind.schema().ty())
    }

    fn propose(&self, wanted: &Wanted<'_>, prior: &Value) -> Proposal {
        propose::update(&*wanted.kind, prior, &wanted.config, &wanted.ignore)
    }

    /// It is there.
    fn existing(
        &mut self,
        wanted: &Wanted<'_>,
        present: &Present<Value>,
        taken_over: bool,
    ) -> Value {
        if self.claim(wanted, &present.id) {
            return self.keep(wanted, None);
        }
        let prior = &present.object;
        let mut proposal = self.propose(wanted, prior);
        let mut reason = (proposal.action == Action::Replace).then_some(Reason::CannotUpdate);
        if let Some(why) = self.forced(wanted).filter(|_| !wanted.operated) {
            let paths = std::mem::take(&mut proposal.replace_paths);
            proposal = propose::replace(&*wanted.kind, &wanted.config);
            proposal.replace_paths = paths;
            reason = Some(why);
        }
        if self.input.options.mode != PlanMode::Normal || wanted.only_looked_at() {
            proposal = Proposal {
                action: Action::NoOp,
                after: prior.clone(),
                changed: Vec::new(),
                replace_paths: Vec::new(),
            };
            reason = None;
        }
        let half = self.input.previous.get(&wanted.address).is_some_and(|p| p.incomplete);
        let finish =
            half && self.input.options.mode == PlanMode::Normal && !wanted.only_looked_at();
        if proposal.action == Action::NoOp && (finish || self.retagged(wanted, present, taken_over))
        {
            proposal.action = Action::Update;
        }
        let mut change = self.change(wanted, proposal.action);
        change.id = Some(present.id.clone());
        change.importing = taken_over.then(|| present.id.clone());
        change.reason = reason;
        change.before = Some(prior.clone());
        change.replace_paths = proposal.replace_paths;
        if proposal.action != Action::NoOp {
            change.one_way = wanted.kind.one_way_door(Some(prior), Some(&proposal.after));
            change.follows = wanted.follows(prior, &proposal.after);
            change.deferred = self.must_wait(wanted);
        }
        if self.input.options.mode == PlanMode::Normal && !wanted.only_looked_at() {
            let doubts = wanted.kind.doubts(prior, &proposal.after);
            self.diagnostics.extend(told(doubts, &wanted.address, wanted.place));
        }
        if proposal.action == Action::Replace {
            change.holds_data = wanted.kind.holds_data(prior) && present.empty != Some(true);
            self.refuse_destroy(wanted);
            if change.deferred.is_none() {
                self.creating.insert(wanted.address.clone());
                self.creating.insert(wanted.address.whole());
            }
        }
        let seen = match &change.deferred {
            Some(_) => deferred_value(&proposal.after, &wanted.address),
            None => proposal.after.clone(),
        };
        change.after = Some(proposal.after);
        self.changes.insert(wanted.address.clone(), Box::new(change));
        seen
    }

    /// Whether only the owner tags differ: the object moved, or was taken over.
    fn retagged(&self, wanted: &Wanted<'_>, present: &Present<Value>, taken_over: bool) -> bool {
        let tags = wanted.kind.ownership() == Ownership::Tags && !wanted.operated;
        let normal = self.input.options.mode == PlanMode::Normal;
        let moved =
            self.input.previous.get(&wanted.address).is_some_and(|p| p.moved_from.is_some());
        let owner = self.owner(&wanted.address);
        // What was not read has no tags to judge.
        let read = taken_over || self.input.observed.contains_key(&wanted.address);
        let found = present.owner.as_ref();
        tags && normal && (moved || read) && outdated(found, &owner, moved || taken_over)
    }

    /// Why the object is made anew whatever its attributes say.
    fn forced(&self, wanted: &Wanted<'_>) -> Option<Reason> {
        let address = &wanted.address;
        if self.input.previous.get(address).is_some_and(|p| p.tainted) {
            return Some(Reason::Tainted);
        }
        if self.input.options.replace.contains(address) {
            return Some(Reason::Requested);
        }
        wanted.triggered.then_some(Reason::TriggeredBy)
    }

    fn refuse_destroy(&mut self, wanted: &Wanted<'_>) {
        if wanted.prevent_destroy {
            self.push(super::orphan::prevented(&wanted.address).at(wanted.span));
        }
    }

    /// Whether another address stands for the same live object; reported once.
    fn claim(&mut self, wanted: &Wanted<'_>, id: &Name) -> bool {
        let Some(scope) = &wanted.scope else { return false };
        let key = (Name::from(wanted.kind.within()), scope.to_string(), id.clone());
        let mut claimed = self.claimed.borrow_mut();
        let first = claimed.entry(key).or_insert_with(|| wanted.address.clone()).clone();
        drop(claimed);
        if first == wanted.address {
            return false;
        }
        self.push(
            Diagnostic::error(
                "plan::declared_twice",
                "Two addresses stand for one object",
                format!("{first} and {} are both {id:?} in {scope}.", wanted.address),
            )
            .about(&wanted.address)
            .at(wanted.span)
            .help("Keep one of them."),
        );
        true
    }
}

/// What a kind finds wrong with a document, at the places of its parts.
pub fn findings(
    kind: &dyn DynKind,
    config: &Value,
    address: &Address,
    place: &dyn Fn(&Path) -> Span,
) -> Diagnostics {
    told(kind.validate(config), address, place)
}

fn told(found: Vec<Finding>, address: &Address, place: &dyn Fn(&Path) -> Span) -> Diagnostics {
    let told = found.into_iter().map(|finding| {
        let make = if finding.warning { Diagnostic::warning } else { Diagnostic::error };
        let code = if finding.warning { "plan::kind_warns" } else { "plan::kind_refuses" };
        let problem = make(code, finding.summary, finding.detail);
        problem.about(address).at(place(&finding.path)).help(finding.help)
    });
    Diagnostics(told.collect())
}

/// The planned document of a change that is not tried: what it would tell stays unknown.
fn deferred_value(after: &Value, address: &Address) -> Value {
    let name = Name::from(address.to_string());
    after.transform(&Path::root(), &mut |_, part| match part.bare() {
        Value::Unknown(u) if u.why == Why::AfterApply => {
            Some(Value::unknown_because(u.ty.clone(), Why::Deferred(name.clone())))
        }
        _ => None,
    })
}

/// The configuration with the provider's region where the object names none, and its tags.
pub fn with_region(
    kind: &std::sync::Arc<dyn lifeboat_sdk::kind::DynKind>,
    instance: &crate::registry::Instance,
    config: Value,
) -> Value {
    let takes = kind.schema().attribute("region").is_some() && kind.service().home.is_none();
    let unset = config.get("region").is_none_or(Value::is_null);
    let config = match instance.configured.default_region().filter(|_| takes && unset) {
        Some(region) => config.with("region", Value::String(region)),
        None => config,
    };
    with_default_tags(kind, instance, config)
}

/// `default_tags` of the provider under the object's own tags.
fn with_default_tags(
    kind: &std::sync::Arc<dyn lifeboat_sdk::kind::DynKind>,
    instance: &crate::registry::Instance,
    config: Value,
) -> Value {
    let defaults = instance.configured.default_tags();
    let has_tags = kind.schema().attribute("tags").is_some_and(|a| a.presence.configurable());
    let tags = config.get("tags").cloned().unwrap_or_else(Value::null);
    if defaults.is_empty() || !has_tags || tags.is_unknown() {
        return config;
    }
    let own = tags.entries().unwrap_or_default().iter().cloned();
    let all = defaults.into_iter().map(|(key, value)| (key, Value::String(value))).chain(own);
    config.with("tags", Value::map(lifeboat_sdk::Type::String, all).mark(tags.unmark().1))
}

/// `ignore_changes` as paths of values.
pub fn ignored(ignore: &Ignored) -> Ignore {
    match ignore {
        Ignored::All => Ignore::All,
        Ignored::Paths(paths) if paths.is_empty() => Ignore::Nothing,
        Ignored::Paths(paths) => {
            Ignore::Paths(paths.iter().map(|path| place::value_path(&path.steps)).collect())
        }
    }
}

/// Whether tags must be written again: those of an object that moves or is taken over, those that
/// name us by another address, which `state mv` leaves, and those that are missing, as `import`
/// leaves them. Of another topology they are its word against ours.
fn outdated(found: Option<&Owner>, ours: &Owner, moves: bool) -> bool {
    let may = found.is_none_or(|it| it.topology == ours.topology);
    (moves || may) && found != Some(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_are_missing_or_name_another_address_are_written_again() {
        let owner = |topology: &str, address: &str| Owner {
            topology: topology.into(),
            address: address.into(),
        };
        let ours = owner("web", "a.new");
        assert!(outdated(Some(&owner("web", "a.old")), &ours, false));
        assert!(!outdated(Some(&ours), &ours, true));
        assert!(outdated(None, &ours, false));
        // Somebody else's: not without a reason.
        assert!(!outdated(Some(&owner("shop", "a.old")), &ours, false));
        assert!(outdated(Some(&owner("shop", "a.old")), &ours, true));
    }
}
