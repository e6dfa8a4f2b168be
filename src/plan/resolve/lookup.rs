//! What a block says of its object besides its attributes: kind, provider, scope, needs.

use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::value::Why;
use lifeboat_sdk::{Diagnostic, Name, Scope, Span, Value};

use super::Resolver;
use super::instance::Site;
use crate::address::{Address, Key, ModulePath};
use crate::builtin;
use crate::config::ast::{Expr, ExprKind, StepKind};
use crate::config::module::ProviderRef;
use crate::config::reference::{body_references, references};
use crate::config::{Reference, ResourceKey, Target};
use crate::desired::Item;
use crate::diff::Action;
use crate::evaluation::address;
use crate::plan::Deferral;
use crate::registry::Instance;

impl Resolver<'_> {
    /// The provider instance and the kind of a `resource` block.
    pub(super) fn kind_of(&mut self, site: &Site<'_, '_>) -> Option<(Instance, Arc<dyn DynKind>)> {
        let resource = site.resource;
        let Some((owner, _)) = self.input.catalogue.kinds.get(&*resource.kind) else {
            self.push(unknown_kind(
                "resource",
                &resource.kind,
                self.input.catalogue.kinds.keys().copied(),
                resource.kind_span,
            ));
            return None;
        };
        let instance =
            self.instance(site.module, owner, resource.provider.as_ref(), resource.span)?;
        let kind = instance.kinds.get(&*resource.kind)?.clone();
        Some((instance, kind))
    }

    /// The provider instance that a block uses: its own choice, handed down through modules.
    pub(super) fn instance(
        &mut self,
        module: &ModulePath,
        provider: &str,
        chosen: Option<&ProviderRef>,
        span: Span,
    ) -> Option<Instance> {
        let mut name = Name::from(provider);
        let mut alias = chosen.and_then(|c| c.alias.clone());
        if let Some(chosen) = chosen {
            name = chosen.name.clone();
        }
        let names = module.names();
        for depth in (0..names.len()).rev() {
            let caller = crate::evaluation::module_at(self.input.config, &names[..depth]);
            let call = caller.and_then(|m| m.calls.get(&names[depth]));
            let handed = call.into_iter().flat_map(|c| &c.providers);
            for (theirs, ours) in handed {
                if theirs.name == name && theirs.alias == alias {
                    name = ours.name.clone();
                    alias = ours.alias.clone();
                    break;
                }
            }
        }
        let full = alias.map_or(name.clone(), |a| format!("{name}.{a}").into());
        let found = self.input.providers.0.get(&full).cloned();
        if found.is_none() {
            self.push(
                Diagnostic::error(
                    "plan::provider_missing",
                    "Provider configuration is missing",
                    format!("There is no configuration of the provider {full}."),
                )
                .at(span)
                .help(format!("Add a `provider` block for {full}, or name another one.")),
            );
        }
        found
    }

    /// Where an object lives; `None` for what has no remote side.
    pub(super) fn scope_of(
        &mut self,
        instance: &Instance,
        kind: &Arc<dyn DynKind>,
        config: &Value,
        span: Span,
    ) -> Option<Scope> {
        if kind.service().name == builtin::NAME {
            return None;
        }
        let scope = instance.scope(kind.service(), config);
        if scope.is_none() {
            let unknown = config.get("region").is_some_and(Value::is_unknown);
            let detail = if unknown {
                "The region is known only after apply, so where the object lives cannot be planned."
            } else {
                "Neither the object nor its provider names a region."
            };
            self.push(
                Diagnostic::error("plan::no_region", "The object has no region", detail)
                    .at(span)
                    .help("Write `region = \"us-east-1\"` there, in the provider block, or set AWS_REGION."),
            );
        }
        scope
    }

    /// What an instance needs: resources for state, instances for the order.
    pub(super) fn dependencies(&self, site: &Site<'_, '_>) -> (Vec<Address>, Vec<Address>) {
        let desired = self.input.desired;
        let mut wholes = Vec::new();
        let mut needs = Vec::new();
        for position in desired.reach[site.position].iter() {
            match &desired.items[*position] {
                Item::Resource(path, key) => {
                    for module in compatible(site, path) {
                        wholes.push(address(&module, key, None));
                    }
                }
                Item::Synthetic(i) => wholes.push(desired.synthetics[*i].address.clone()),
                _ => {}
            }
        }
        let resource = site.resource;
        let direct = body_references(&resource.body);
        for whole in &wholes {
            needs.extend(
                named_instances(site, whole, &direct).unwrap_or_else(|| vec![whole.clone()]),
            );
        }
        (wholes, needs)
    }

    /// The id of an `import` block or of the command line.
    pub(super) fn import_id(&self, site: &Site<'_, '_>) -> Option<Name> {
        self.input.options.imports.get(site.address).cloned()
    }

    /// Whether something in `replace_triggered_by` changes.
    pub(super) fn triggered(&self, site: &Site<'_, '_>) -> bool {
        let exprs = &site.resource.lifecycle.replace_triggered_by;
        exprs.iter().flat_map(references).any(|reference| {
            let Target::Resource(key) = &reference.target else { return false };
            let whole = address(site.module, key, None);
            let keys = instance_key(site, reference);
            let of = self.changes.range(whole.clone()..).take_while(|(at, _)| at.whole() == whole);
            of.filter(|(at, _)| keys.as_ref().is_none_or(|k| at.key.as_ref() == Some(k))).any(
                |(_, change)| {
                    let path = super::place::value_path(attribute_steps(reference));
                    let differs = path.0.is_empty() || {
                        let part =
                            |v: &Option<Value>| v.as_ref().and_then(|v| v.at(&path)).cloned();
                        part(&change.before) != part(&change.after)
                    };
                    matches!(change.action, Action::Update | Action::Replace) && differs
                },
            )
        })
    }

    /// The number of instances is not known: what state has of them is left as it is.
    pub(super) fn defer_all(&mut self, module: &ModulePath, key: &ResourceKey) {
        let whole = address(module, key, None);
        self.uncounted.insert(whole.clone());
        self.deferred_new.insert(whole);
    }

    /// Why a whole resource is deferred.
    pub(super) fn uncounted_reason(&self, at: &Address) -> Option<Deferral> {
        self.uncounted.contains(&at.whole()).then_some(Deferral::UnknownInstances)
    }
}

/// The instances of the static module `path` that share their way with the site's module.
fn compatible(site: &Site<'_, '_>, path: &[Name]) -> Vec<ModulePath> {
    let here = &site.module.0;
    site.environment
        .instances(path)
        .into_iter()
        .filter(|module| {
            let shared = module.0.iter().zip(here).take_while(|(a, b)| a.name == b.name);
            shared.into_iter().all(|(a, b)| a.key == b.key)
        })
        .collect()
}

/// The instances of `whole` that all direct references name; `None` where one means them all
/// or the reference is not direct.
fn named_instances(
    site: &Site<'_, '_>,
    whole: &Address,
    direct: &[&Reference],
) -> Option<Vec<Address>> {
    let mut out = Vec::new();
    for reference in direct {
        let Target::Resource(key) = &reference.target else { continue };
        if address(site.module, key, None) != *whole {
            continue;
        }
        let instance = whole.instance(Some(instance_key(site, reference)?));
        if !out.contains(&instance) {
            out.push(instance);
        }
    }
    let explicit = site.resource.depends_on.iter().any(|r| match &r.target {
        Target::Resource(key) => address(site.module, key, None) == *whole,
        _ => false,
    });
    (!out.is_empty() && !explicit).then_some(out)
}

/// The instance key of a reference: literal, `each.key` or `count.index`.
fn instance_key(site: &Site<'_, '_>, reference: &Reference) -> Option<Key> {
    match &reference.rest().first()?.kind {
        StepKind::Key(Value::String(text)) => Some(Key::Text(text.clone())),
        StepKind::Key(value) => Some(Key::Index(u64::try_from(value.as_i64()?).ok()?)),
        StepKind::Index(expr) => own_key(site, expr),
        StepKind::Attr(_) | StepKind::Splat(_) => None,
    }
}

fn own_key(site: &Site<'_, '_>, expr: &Expr) -> Option<Key> {
    let ExprKind::Traversal(traversal) = &expr.unwrapped().kind else { return None };
    let reference = traversal.reference.as_ref()?;
    let StepKind::Attr(name) = &traversal.steps.first()?.kind else { return None };
    match (&reference.target, &**name) {
        (Target::Each, "key") | (Target::Count, "index") => site.repetition.key(),
        (Target::Each, "value") => {
            site.repetition.each.as_ref()?.1.as_str().map(|text| Key::Text(text.into()))
        }
        _ => None,
    }
}

/// The steps of a reference after the instance key.
fn attribute_steps(reference: &Reference) -> &[crate::config::ast::Step] {
    let skip = match reference.rest().first().map(|s| &s.kind) {
        Some(StepKind::Key(_) | StepKind::Index(_)) => 1,
        _ => 0,
    };
    &reference.rest()[skip..]
}

/// A type that no provider of this build has.
pub(super) fn unknown_kind<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
    span: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "plan::kind_unknown",
        "Unknown resource type",
        format!("There is no {what} of the type {name:?} in this version."),
    )
    .at(span);
    match crate::config::suggest::nearest(name, known) {
        Some(near) => diagnostic.help(format!("Did you mean {near:?}?")),
        None => diagnostic.help("`lifeboat providers` lists the types of this version."),
    }
}

/// Whether a value is unknown for a reason that defers.
pub(super) fn defers(why: &Why) -> bool {
    *why != Why::AfterApply
}
