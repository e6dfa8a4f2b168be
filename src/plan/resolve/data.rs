//! Data sources: read while planning, or during apply where their query is not known yet.

use lifeboat_sdk::value::Why;
use lifeboat_sdk::{Diagnostic, Diagnostics, Value};

use super::instance::Site;
use super::{Answer, Need, Resolver, lookup};
use crate::address::Address;
use crate::config::decode::decode;
use crate::diff::{Action, merge};
use crate::plan::{Deferral, ObjectChange, PlanMode, Reason};

impl Resolver<'_> {
    /// Plans an instance of a `data` block and answers what others see of it.
    pub(super) fn data(&mut self, site: &Site<'_, '_>) -> Value {
        let lifecycle = &site.resource.lifecycle;
        self.conditions(site, &lifecycle.preconditions, None);
        let value = self.source(site);
        self.conditions(site, &lifecycle.postconditions, Some(&value));
        value
    }

    fn source(&mut self, site: &Site<'_, '_>) -> Value {
        self.seen.insert(site.address.clone());
        let resource = site.resource;
        let Some((owner, data)) = self.input.catalogue.data.get(&*resource.kind).cloned() else {
            let known = self.input.catalogue.data.keys().copied();
            let problem =
                lookup::unknown_kind("data source", &resource.kind, known, resource.kind_span);
            self.push(problem);
            return Value::unknown(lifeboat_sdk::Type::Dynamic);
        };
        let chosen = resource.provider.as_ref();
        let Some(instance) = self.instance(site.module, owner, chosen, resource.span) else {
            return Value::unknown(data.schema().ty());
        };
        let scope = site.environment.scope(site.module, site.repetition, None);
        let mut found = Diagnostics::new();
        let config = decode(&resource.body, data.schema().attributes, &scope, &mut found);
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        if failed {
            return Value::unknown(data.schema().ty());
        }
        let (depends_on, needs) = self.dependencies(site);
        let pending = needs.iter().any(|need| self.pending(need));
        let mut change = ObjectChange {
            provider: instance.name.clone(),
            provider_source: instance.source.into(),
            scope: instance.scope(data.service(), &config),
            reason: Some(Reason::ConfigUnknown),
            after: Some(merge::merge(data.schema().attributes, None, &config)),
            depends_on,
            schema_version: data.schema().version,
            ..ObjectChange::new(site.address.clone(), Action::Read)
        };
        self.needs.planned.insert(site.address.clone(), needs);
        let explicit = pending && !resource.depends_on.is_empty();
        if !config.is_wholly_known() || explicit {
            if config.is_wholly_known() {
                change.reason = Some(Reason::DependencyPending);
            }
            return self.later(change, &config);
        }
        self.now(site, &instance.name, change, config)
    }

    /// Whether something that is needed changes in this plan.
    fn pending(&self, need: &Address) -> bool {
        let changes =
            |at: &Address| self.changes.get(at).is_some_and(|c| !matches!(c.action, Action::NoOp));
        if need.key.is_some() {
            return changes(need);
        }
        let of = self.changes.range(need.clone()..).take_while(|(at, _)| at.whole() == *need);
        of.into_iter().any(|(at, _)| changes(at))
    }

    /// It is read during apply, or deferred with what its query needs.
    fn later(&mut self, mut change: ObjectChange, config: &Value) -> Value {
        let why = config.why_unknown().unwrap_or(Why::AfterApply);
        change.deferred = match &why {
            Why::AfterApply => None,
            Why::Deferred(address) => Some(Deferral::Needs(address.to_string())),
            Why::Unreachable(scope) => Some(Deferral::Unreachable {
                scope: (**scope).clone(),
                message: "an input comes from an object that could not be read".into(),
            }),
        };
        let after = change.after.clone().unwrap_or_else(Value::null);
        let seen = if lookup::defers(&why) {
            after.transform(&lifeboat_sdk::Path::root(), &mut |_, part| {
                part.is_unknown().then(|| Value::unknown_because(part.ty(), why.clone()))
            })
        } else {
            after
        };
        if self.input.options.mode == PlanMode::Normal {
            self.changes.insert(change.address.clone(), Box::new(change));
        }
        seen
    }

    /// It is read now.
    fn now(
        &mut self,
        site: &Site<'_, '_>,
        provider: &lifeboat_sdk::Name,
        mut change: ObjectChange,
        config: Value,
    ) -> Value {
        let Some(Answer::Data(answer)) = self.answers.get(site.address) else {
            self.parked.push(Need::Data {
                address: site.address.clone(),
                provider: provider.clone(),
                document: config.unmark_deep(),
            });
            return Value::unknown(config.ty());
        };
        match answer.clone() {
            Ok(document) => {
                change.action = Action::NoOp;
                change.reason = None;
                change.before = Some(document.clone());
                change.after = Some(document.clone());
                self.changes.insert(site.address.clone(), Box::new(change));
                document
            }
            Err(failure) if failure.defers() => {
                let Some(scope) = change.scope.clone() else { return Value::unknown(config.ty()) };
                let why = Why::Unreachable(scope.clone().into());
                change.deferred =
                    Some(Deferral::Unreachable { scope, message: failure.to_string() });
                let ty = config.ty();
                if self.input.options.mode == PlanMode::Normal {
                    self.changes.insert(site.address.clone(), Box::new(change));
                }
                unknown_parts(&config, &ty, &why)
            }
            Err(failure) => {
                self.data_failed(site, &failure);
                Value::unknown(config.ty())
            }
        }
    }

    fn data_failed(&mut self, site: &Site<'_, '_>, failure: &lifeboat_sdk::Failure) {
        let address = site.address.to_string();
        if failure.class == lifeboat_sdk::Class::NotFound {
            let nothing = Diagnostic::error(
                "refresh::no_result",
                "The data source found nothing",
                format!("{address}: {failure}."),
            )
            .about(address)
            .at(site.resource.span)
            .help("Correct its arguments, or create what it looks for.");
            return self.push(nothing);
        }
        let instance = self.input.providers.0.values().next();
        let scope = failure.scope.clone().or_else(|| {
            let service = lifeboat_sdk::Service { name: "unknown", home: None };
            instance.and_then(|i| i.scope(service, &Value::null()))
        });
        match scope {
            Some(scope) => {
                let unread = lifeboat_sdk::Unreadable::from_failure(&scope, failure);
                self.unread.add(&address, &unread, Some(site.resource.span));
            }
            None => self.push(
                Diagnostic::error(
                    "refresh::failed",
                    "An object could not be read",
                    format!("{address} could not be read: {failure}."),
                )
                .at(site.resource.span)
                .help("Nothing was concluded from it. See the message, then plan again."),
            ),
        }
    }
}

/// A query with what it did not answer unknown for a reason.
fn unknown_parts(config: &Value, ty: &lifeboat_sdk::Type, why: &Why) -> Value {
    match config.entries() {
        Some(entries) => Value::object(entries.iter().map(|(name, value)| {
            let unknown = || Value::unknown_because(value.ty(), why.clone());
            (name.clone(), if value.is_null() { unknown() } else { value.clone() })
        })),
        None => Value::unknown_because(ty.clone(), why.clone()),
    }
}
