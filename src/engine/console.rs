//! `Console`: expressions answered from the files, the variables and the state, without a plan.

use std::collections::BTreeMap;

use lifeboat_sdk::schema::object_type;
use lifeboat_sdk::{Diagnostic, Diagnostics, Span, Type, Value};
use lifeboat_state::model::State;

use super::context::Contexts;
use super::load::Loaded;
use super::objects::Objects;
use super::stored;
use super::validate::schema;
use crate::address::{Address, ModulePath};
use crate::config::ast::{Expr, ExprKind};
use crate::config::codes;
use crate::config::decode::check_reference;
use crate::config::reference::references;
use crate::config::syntax::{Interner, parse_expression};
use crate::config::{SourceMap, Target, check_expression};
use crate::evaluation::{Environment, Repetition};
use crate::topology::Topology;

/// What an expression comes to.
#[derive(Debug)]
pub enum Answer {
    /// A value.
    Value(Value),
    /// What `type(…)` asks for.
    Type(Type),
}

/// The function of the console alone, which gives no value.
const TYPE: &str = "type";

/// How lines are named in diagnostics.
const NAME: &str = "<console>";

/// What expressions are answered from.
pub struct Console {
    loaded: Loaded,
    objects: BTreeMap<Address, Value>,
    blocks: BTreeMap<String, Value>,
    names: Interner,
}

impl Console {
    /// Of files without errors and the newest state. Variables without a value are unknown.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn new(mut loaded: Loaded, state: Option<&State>) -> Result<Self, Box<Diagnostic>> {
        for (name, declared) in &loaded.config.root.variables {
            let unknown = || declared.mark(Value::unknown(declared.ty.clone()));
            loaded.variables.entry(name.clone()).or_insert_with(unknown);
        }
        let stored = state.map(stored::previous).transpose()?.unwrap_or_default();
        let mut objects: BTreeMap<Address, Value> = stored
            .into_iter()
            .filter(|(_, object)| !object.only_deposed)
            .map(|(at, object)| (at, object.document))
            .collect();
        for synthetic in &loaded.desired.synthetics {
            let kind = loaded.catalogue.kinds.get(&*synthetic.address.kind);
            let ty = kind.map_or(Type::Dynamic, |(_, kind)| object_type(kind.schema().attributes));
            for key in synthetic.instances.keys() {
                let at = synthetic.address.instance(Some(key.clone()));
                objects.entry(at).or_insert_with(|| Value::unknown(ty.clone()));
            }
        }
        let blocks = loaded.topology.as_ref().map(Topology::values).unwrap_or_default();
        Ok(Self { loaded, objects, blocks, names: Interner::default() })
    }

    /// The texts, for diagnostics.
    pub fn sources(&self) -> &SourceMap {
        &self.loaded.config.sources
    }

    /// What an expression comes to; nothing, with the reasons, where it has no value.
    pub fn answer(&mut self, text: &str, contexts: &Contexts) -> (Option<Answer>, Diagnostics) {
        let file = self.loaded.config.sources.add(NAME, text);
        let mut found = Diagnostics::new();
        let expr = parse_expression(file, text, &mut self.names, &mut found);
        let asked = match asked_type(&expr) {
            Some(Ok(argument)) => Some(argument),
            Some(Err(close)) => {
                let detail = "`type` takes one expression and tells the type of its value.";
                found.push(codes::ARGUMENT_COUNT.error(detail).at(close));
                None
            }
            None => None,
        };
        let of = asked.unwrap_or(&expr);
        self.check(of, &mut found);
        if found.has_errors() {
            return (None, found);
        }
        let value = self.evaluate(of, contexts, &mut found);
        if found.has_errors() {
            explain(&mut found, &self.loaded.config.sources);
            return (None, found);
        }
        let answer = if asked.is_some() { Answer::Type(value.ty()) } else { Answer::Value(value) };
        (Some(answer), found)
    }

    /// What is wrong with an expression whatever its value.
    fn check(&self, expr: &Expr, found: &mut Diagnostics) {
        check_expression(&self.loaded.config.root, expr, found);
        for reference in references(expr) {
            let Target::Resource(key) = &reference.target else { continue };
            if let Some(attributes) = schema(&self.loaded, key) {
                found.0.extend(check_reference(reference, attributes));
            }
        }
    }

    fn evaluate(&self, expr: &Expr, contexts: &Contexts, found: &mut Diagnostics) -> Value {
        let objects = Objects { objects: &self.objects, blocks: &self.blocks, declared: None };
        let Loaded { config, variables, .. } = &self.loaded;
        contexts.with(|context| {
            // Anew for each expression, or problems of values that several use were told once.
            let environment = Environment::new(config, variables, context, &objects);
            let root = ModulePath::root();
            let value = environment.evaluate(&root, &Repetition::default(), None, expr);
            found.extend(environment.take());
            value
        })
    }
}

/// The expression in `type(…)`; where there is not exactly one, the place of the trouble.
fn asked_type(expr: &Expr) -> Option<Result<&Expr, Span>> {
    let ExprKind::Call(call) = &expr.kind else { return None };
    if &*call.name != TYPE {
        return None;
    }
    Some(match (call.args.as_slice(), call.expand) {
        ([argument], false) => Ok(argument),
        ([_, second, ..], _) => Err(second.span),
        _ => Err(call.close),
    })
}

/// `type` inside of an expression is no function.
fn explain(found: &mut Diagnostics, sources: &SourceMap) {
    for one in &mut found.0 {
        let named = one.span.is_some_and(|span| sources.text(span) == TYPE);
        if named && one.code == codes::UNKNOWN_FUNCTION.code {
            one.help = Some("`type(…)` stands alone: it is an answer and no value.".to_owned());
        }
    }
}
