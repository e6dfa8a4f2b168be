//! Objects of the previous state that the files no longer declare.

use lifeboat_sdk::{Diagnostic, Observation, Ownership};

use super::live::is_part_of;
use super::{Previous, Resolver};
use crate::address::{Address, Key};
use crate::config::ResourceKey;
use crate::diff::Action;
use crate::evaluation::module_at;
use crate::plan::{Deferral, ObjectChange, PlanMode, Reason};

impl Resolver<'_> {
    /// Plans the end of what is no longer declared, or of everything.
    pub(super) fn orphans(&mut self) {
        let all = self.input.previous;
        for (address, previous) in all {
            self.deposed(address, previous);
            let takes_part =
                self.input.options.only_state.as_ref().is_none_or(|only| only.contains(address));
            if self.changes.contains_key(address) || !takes_part {
                continue;
            }
            if address.mode == crate::address::Mode::Data {
                continue;
            }
            if previous.only_deposed {
                continue;
            }
            let broken = self.seen.contains(address);
            let doubt = self.input.options.in_doubt.get(address).cloned().map(Deferral::InDoubt);
            let waiting = self.uncounted_reason(address);
            let mut change = self.orphan(address, previous);
            change.deferred = doubt.or(change.deferred);
            let looks = matches!(self.input.options.mode, PlanMode::RefreshOnly | PlanMode::Import);
            if broken || waiting.is_some() || looks {
                change.action = Action::NoOp;
                change.after = change.before.clone();
                change.unread = waiting.or(change.deferred.take()).or(change.unread);
                change.reason = None;
            }
            if matches!(self.input.observed.get(address), Some(Observation::Absent(_))) {
                // Gone already: nothing to delete, drift says so.
                if !broken {
                    continue;
                }
            }
            let protected = || previous.prevent_destroy || self.declared_protected(address);
            if change.action == Action::Delete && protected() {
                let problem = prevented(address);
                self.push(problem);
            }
            self.changes.insert(address.clone(), Box::new(change));
        }
    }

    /// Whether the files protect what goes: `destroy` takes what is declared, too.
    fn declared_protected(&self, address: &Address) -> bool {
        let module = module_at(self.input.config, &address.module.names());
        let (mode, kind, name) = (address.mode, address.kind.clone(), address.name.clone());
        let resource = module.and_then(|m| m.resources.get(&ResourceKey { mode, kind, name }));
        resource.is_some_and(|r| r.lifecycle.prevent_destroy)
    }

    fn orphan(&mut self, address: &Address, previous: &Previous) -> ObjectChange {
        let kind = self.input.catalogue.kinds.get(&*address.kind).map(|(_, k)| k.clone());
        let observed = self.input.observed.get(address).cloned();
        let (before, empty) = match &observed {
            Some(Observation::Present(p)) => {
                (super::live::restore_marks(&p.object, &previous.document), p.empty)
            }
            _ => (previous.document.clone(), None),
        };
        let part = kind.as_ref().is_some_and(|k| k.ownership() == Ownership::Parent);
        let forget = previous.operated
            || self.removed(address) == Some(false)
            || (part && self.let_go(previous));
        let action = if forget { Action::Forget } else { Action::Delete };
        let mut change = ObjectChange {
            previous_address: previous.moved_from.clone(),
            provider: previous.provider.clone(),
            provider_source: self.input.catalogue.source(&previous.provider).into(),
            scope: previous.scope.clone(),
            reason: self.why_gone(address),
            before: Some(before.clone()),
            id: previous.id.clone(),
            depends_on: previous.depends_on.clone(),
            create_before_destroy: previous.create_before_destroy,
            prevent_destroy: previous.prevent_destroy,
            operated: previous.operated,
            schema_version: kind.as_ref().map_or(0, |k| k.schema().version),
            ..ObjectChange::new(address.clone(), action)
        };
        if action == Action::Delete
            && let Some(kind) = &kind
        {
            let theirs = !address.is_of_lifeboat();
            change.holds_data = theirs && kind.holds_data(&before) && empty != Some(true);
            change.one_way = kind.one_way_door(Some(&before), None);
        }
        // It stays as it is, and perhaps only state knows how it was.
        if previous.operated
            && self.removed(address) != Some(false)
            && let Some(kind) = kind.as_ref().filter(|k| k.ownership() == Ownership::Operated)
        {
            change.one_way = kind.one_way_door(Some(&before), None);
        }
        if let Some(Observation::Unreadable(unread)) = observed {
            if unread.cause.defers() {
                let (scope, message) = (unread.scope, unread.message);
                change.deferred = Some(Deferral::Unreachable { scope, message });
            } else if !self.seen.contains(address) {
                self.unread.add(&address.to_string(), &unread, None);
                change.action = Action::NoOp;
                change.after = change.before.clone();
            }
        }
        change
    }

    /// Whether an object is a part of somebody else's that the files no longer speak of: it stays
    /// as it is, with the whole.
    fn let_go(&self, previous: &Previous) -> bool {
        let Some(id) = &previous.id else { return false };
        let needs = previous.depends_on.iter().flat_map(|need| {
            let of = self.input.previous.range(need.clone()..);
            of.take_while(move |(at, _)| *at == need || at.whole() == *need)
        });
        let mut adopted = needs.filter(|(at, p)| p.operated && !self.seen.contains(*at));
        adopted.any(|(_, p)| p.id.as_ref().is_some_and(|parent| is_part_of(id, parent)))
    }

    /// What replacements left behind is removed; what promotions left is kept until it is retired.
    fn deposed(&mut self, address: &Address, previous: &Previous) {
        for (key, id, document) in &previous.deposed {
            let kept = previous.retired.contains(key);
            if kept && !self.input.options.retired.contains(&(address.clone(), key.clone())) {
                continue;
            }
            let mut change = self.orphan(address, previous);
            change.action = Action::Delete;
            change.reason = kept.then_some(Reason::Retired);
            change.deposed = Some(key.clone());
            change.id = Some(id.clone());
            change.before = Some(document.clone());
            self.leftovers.push(change);
        }
    }

    /// What a `removed` block says: whether the object is destroyed too.
    fn removed(&self, address: &Address) -> Option<bool> {
        let root = &self.input.config.root;
        let blocks = root.removed.iter();
        let matching = blocks.filter(|removed| {
            let from = &removed.from;
            let modules = from.modules.iter().zip(&address.module.0);
            let inside = from.modules.len() <= address.module.0.len()
                && modules.into_iter().all(|((name, key), step)| {
                    *name == step.name && (key.is_none() || *key == step.key)
                });
            inside
                && from.resource.as_ref().is_none_or(|(key, _)| {
                    from.modules.len() == address.module.0.len()
                        && key.kind == address.kind
                        && key.name == address.name
                })
        });
        matching.map(|removed| removed.destroy).next()
    }

    /// Terraform's reason for a removal.
    fn why_gone(&self, address: &Address) -> Option<Reason> {
        if self.input.options.mode == PlanMode::Destroy {
            return None;
        }
        let moved = self.input.previous.get(address).is_some_and(|p| p.moved_from.is_some());
        let Some(module) = module_at(self.input.config, &address.module.names()) else {
            return Some(if moved { Reason::NoMoveTarget } else { Reason::NoModule });
        };
        let key = ResourceKey {
            mode: address.mode,
            kind: address.kind.clone(),
            name: address.name.clone(),
        };
        let Some(resource) = module.resources.get(&key) else {
            return Some(if moved { Reason::NoMoveTarget } else { Reason::NoResourceConfig });
        };
        Some(match (&address.key, &resource.count, &resource.for_each) {
            (Some(Key::Index(_)), Some(_), _) => Reason::CountIndex,
            (Some(Key::Text(_)), _, Some(_)) => Reason::EachKey,
            (None, None, None) => Reason::NoModule,
            _ => Reason::WrongRepetition,
        })
    }
}

/// `prevent_destroy` holds.
pub(super) fn prevented(address: &Address) -> Diagnostic {
    Diagnostic::error(
        "plan::prevent_destroy",
        "The object must not be destroyed",
        format!("The plan would destroy {address}, but its lifecycle says prevent_destroy."),
    )
    .about(address)
    .help("Remove prevent_destroy, or leave the object as it is.")
}
