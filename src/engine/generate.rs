//! Live objects -> configuration: the blocks that `import` blocks lack (`-generate-config-out`).

use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{
    Attribute, Ctx, Diagnostic, Diagnostics, Marks, Name, Observation, Presence, Purpose, Session,
    Shape, Span, Syntax, Target, Value,
};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::asked::Asked;
use super::ground::{Ground, ground};
use super::imports;
use super::load::{Loaded, Settings};
use crate::address::Address;
use crate::apply::record::nowhere;
use crate::builtin;
use crate::config::format::format;
use crate::config::generate;
use crate::config::module::Import;
use crate::config::source::SourceMap;
use crate::diff::{Action, Ignore, propose};
use crate::event::Events;
use crate::function::Context;
use crate::plan::resolve::{id_and_region, with_region};
use crate::refresh::{self, Part, Request, RequestKey};
use crate::registry::Instance;

/// What stands above the blocks.
const HEAD: &str = "\
# Written by `lifeboat plan -generate-config-out` from what is live. Read it, edit it and keep it:
# from now on it is as every other file.
";

/// An object to be imported that no block declares.
struct Wanted {
    at: Address,
    /// The id as it was given.
    given: Name,
    /// Where it was given.
    span: Span,
    /// `provider`, where it is not the default one.
    meta: String,
    instance: Instance,
    kind: Arc<dyn DynKind>,
    request: Request,
}

/// The blocks for all `import` blocks of the root module that have none, as a file; nothing where
/// none is missing or one cannot be written, and then why.
///
/// Only what is to be imported by one block to an address without a key is written, as Terraform
/// has it: of the others nobody knows what `for_each` or which module they would need.
pub async fn configuration(
    loaded: &Loaded,
    settings: &Settings,
    context: &Context<'_>,
    state: Option<&State>,
    events: &dyn Events,
    interrupt: watch::Receiver<lifeboat_sdk::Interrupt>,
) -> (Option<String>, Diagnostics) {
    let mut found = Diagnostics::new();
    let session = Session::interruptible(Purpose::Refresh, interrupt);
    let session = session.assume_down(settings.assume_down.clone());
    let ctx = Ctx::read_only(Arc::new(session));
    let asked = Asked::default();
    let Some(ground) = ground(loaded, settings, context, state, &asked, &ctx, &mut found).await
    else {
        return (None, found);
    };
    // Warnings of what planning stands on are told when it is planned.
    let mut found = Diagnostics::new();
    let all = wanted(loaded, context, &ground, &mut found);
    if all.is_empty() || found.has_errors() {
        return (None, found);
    }
    let requests = all.iter().map(|one| one.request.clone()).collect();
    let mut seen = refresh::read(&ground.providers, &ctx, requests, events).await;
    let mut text = HEAD.to_owned();
    for one in &all {
        let observation = seen.remove(&one.request.key);
        match live(one, observation) {
            Ok(live) => text.push_str(&block(one, &live)),
            Err(problem) => found.push(*problem),
        }
    }
    if found.has_errors() {
        return (None, found);
    }
    let name = "the generated configuration";
    match format(name, text.as_bytes(), &mut SourceMap::default()) {
        Ok(text) => (Some(text), found),
        Err(why) => (None, why),
    }
}

/// What is to be imported and not declared.
fn wanted(
    loaded: &Loaded,
    context: &Context<'_>,
    ground: &Ground,
    found: &mut Diagnostics,
) -> Vec<Wanted> {
    // What is wrong with the blocks themselves is told when it is planned.
    let asked = imports::blocks(loaded, context, &ground.previous, &mut Diagnostics::new());
    let mut all = Vec::new();
    for (at, given) in asked {
        let block = imports::block_of(loaded, &at).filter(|block| block.for_each.is_none());
        let Some(block) = block.filter(|_| imports::can_be_written(&at)) else {
            continue;
        };
        if loaded.desired.declared(&loaded.config, &at).is_some() {
            continue;
        }
        match one(loaded, ground, at, given, block) {
            Ok(wanted) => all.push(wanted),
            Err(problem) => found.push(*problem),
        }
    }
    all
}

fn one(
    loaded: &Loaded,
    ground: &Ground,
    at: Address,
    given: Name,
    block: &Import,
) -> Result<Wanted, Box<Diagnostic>> {
    let refused = |code, summary, detail: String, help: &str| {
        Box::new(Diagnostic::error(code, summary, detail).at(block.to_span).help(help))
    };
    let Some((owner, _)) = loaded.catalogue.kinds.get(&*at.kind) else {
        let detail = format!("There is no resource of the type {:?} in this version.", at.kind);
        let help = "Correct the type, or use a build that has it.";
        return Err(refused("plan::kind_unknown", "Unknown resource type", detail, help));
    };
    let name = block.provider.as_ref().map_or_else(|| Name::from(*owner), |p| p.name.clone());
    let alias = block.provider.as_ref().and_then(|p| p.alias.as_ref());
    let full = alias.map_or_else(|| name.clone(), |alias| format!("{name}.{alias}").into());
    let instance = ground.providers.0.get(&full);
    let Some((instance, kind)) = instance.and_then(|i| Some((i, i.kinds.get(&*at.kind)?))) else {
        let detail = format!("There is no configuration of the provider {full} with {}.", at.kind);
        let help = "Add a `provider` block for it, or name another one.";
        let code = "plan::provider_missing";
        return Err(refused(code, "Provider configuration is missing", detail, help));
    };
    let (id, region) = id_and_region(&**kind, &given);
    let region = region.map_or_else(Value::null, Value::string);
    let empty = Value::object(kind.schema().attributes.iter().map(|a| {
        let value = if a.name == "region" { region.clone() } else { unset(&a.shape, a.syntax) };
        (a.name.into(), value)
    }));
    let hint = with_region(kind, instance, empty);
    let local = kind.service().name == builtin::NAME;
    let scope = instance.scope(kind.service(), &hint);
    let Some(scope) = scope.or_else(|| local.then(|| nowhere(&instance.name))) else {
        let detail = format!("Neither the id of {at} nor its provider names a region.");
        let help = "Write the region after the id, as in \"my-bucket@us-east-1\", or in the \
                    provider block.";
        return Err(refused("plan::no_region", "The object has no region", detail, help));
    };
    let request = Request {
        key: RequestKey { address: at.clone(), part: Part::Import },
        provider: instance.name.clone(),
        kind: at.kind.clone(),
        scope,
        target: Target { address: at.to_string().into(), id: Some(id.into()), hint },
    };
    let meta = alias.map(|_| format!("provider = {full}\n")).unwrap_or_default();
    let (instance, kind, span) = (instance.clone(), Arc::clone(kind), block.id.span());
    Ok(Wanted { at, given, span, meta, instance, kind, request })
}

/// The object as it was seen.
fn live(one: &Wanted, seen: Option<Observation<Value>>) -> Result<Value, Box<Diagnostic>> {
    let (at, given) = (&one.at, &one.given);
    let problem = match seen {
        Some(Observation::Present(present)) => return Ok(present.object),
        Some(Observation::Absent(_)) => Diagnostic::error(
            "plan::import_missing",
            "There is nothing to import",
            format!("{at} is to be imported with the id {given:?}, but there is no such object."),
        )
        .help("Correct the id, or remove the import block."),
        Some(Observation::Unreadable(why)) => Diagnostic::error(
            "engine::generate_unread",
            "No configuration can be written of what cannot be read",
            format!("{at} ({given:?}): {}.", why.message),
        )
        .help("Nothing was written. Look at the message, then plan again."),
        None => Diagnostic::error(
            "engine::generate_unread",
            "No configuration can be written of what cannot be read",
            format!("{at} ({given:?}) was not read before the interrupt."),
        )
        .help("Plan again."),
    };
    Err(Box::new(problem.about(at).at(one.span)))
}

/// The block of an object, with its origin above.
fn block(one: &Wanted, live: &Value) -> String {
    let schema = one.kind.schema().attributes;
    let config = configured(one, live);
    let text = generate::resource(&one.at.kind, &one.at.name, &one.meta, schema, &config);
    format!("\n# Imported by the id {}.\n{text}", generate::text(&one.given))
}

/// What of a live object a file would say. Where the kind refuses it, what the provider would have
/// computed is left to the provider.
fn configured(one: &Wanted, live: &Value) -> Value {
    let schema = one.kind.schema().attributes;
    let mut config = said(schema, live);
    for attribute in schema.iter().filter(|a| a.presence != Presence::Required) {
        let wrong = |config: &Value| {
            let found = one.kind.validate(config);
            found.iter().filter(|finding| !finding.warning).count()
        };
        let before = wrong(&config);
        if before == 0 {
            break;
        }
        let without = config.with(attribute.name, unset(&attribute.shape, attribute.syntax));
        let whole = with_region(&one.kind, &one.instance, without.clone());
        let same = propose::update(&*one.kind, live, &whole, &Ignore::Nothing);
        if wrong(&without) < before && same.action == Action::NoOp {
            config = without;
        }
    }
    config
}

/// A document without what only the provider sets, what is as it is by itself, and secrets.
fn said(schema: &[Attribute], live: &Value) -> Value {
    Value::object(schema.iter().map(|attribute| {
        let value = live.get(attribute.name).filter(|_| attribute.presence.configurable());
        let unset = || unset(&attribute.shape, attribute.syntax);
        let said = match value {
            None => unset(),
            Some(value) if is_default(attribute, value) => unset(),
            // A mark keeps the place of the secret: its value is asked for.
            Some(value) if attribute.sensitive || !value.marks_deep().is_empty() => {
                Value::Null(attribute.shape.ty()).mark(Marks::SENSITIVE)
            }
            Some(value) => inside(&attribute.shape, value),
        };
        (attribute.name.into(), said)
    }))
}

/// The same in what an attribute holds.
fn inside(shape: &Shape, value: &Value) -> Value {
    match shape {
        Shape::Object(attributes) if value.entries().is_some() => said(attributes, value),
        Shape::List(inner) | Shape::Set(inner) | Shape::Map(inner)
            if inner.attributes().is_some() =>
        {
            value.map_children(&mut |_, part| inside(inner, part))
        }
        _ => value.clone(),
    }
}

/// Whether an attribute would be so if nothing were said of it.
fn is_default(attribute: &Attribute, value: &Value) -> bool {
    let empty = value.items().is_some_and(<[Value]>::is_empty)
        || value.entries().is_some_and(<[_]>::is_empty);
    let default = attribute.default.is_some_and(|default| {
        let json = lifeboat_sdk::value::json::from_json(default, Some(&attribute.shape.ty()));
        json.is_ok_and(|default| default == *value)
    });
    let free = attribute.presence != Presence::Required && attribute.syntax == Syntax::Attribute;
    free && (value.is_null() || empty || default)
}

fn unset(shape: &Shape, syntax: Syntax) -> Value {
    match (syntax, shape) {
        (Syntax::Block { .. }, Shape::List(inner)) => Value::list(inner.ty(), Vec::new()),
        (Syntax::Block { .. }, Shape::Set(inner)) => Value::set(inner.ty(), Vec::new()),
        _ => Value::Null(shape.ty()),
    }
}
