//! The files of a plan as JSON: what is declared, with constants and references in place of
//! expressions. Constants that may be secret are left out.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Attribute, Diagnostics, Name};
use serde::Serialize;
use serde_json::value::RawValue;

use super::raw;
use super::state::mode;
use crate::address::Mode;
use crate::config::ast::{Body, Expr, Step, StepKind};
use crate::config::eval::constant;
use crate::config::module::{Module, ModuleCall, Output, ProviderRef, Resource, TopologyBlock};
use crate::config::reference::references;
use crate::config::variable::Variable;
use crate::config::{Reference, Target};
use crate::engine::Loaded;
use crate::registry::Catalogue;

#[derive(Default, Serialize)]
struct Expression {
    #[serde(skip_serializing_if = "Option::is_none")]
    constant_value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Attribute(Expression),
    Blocks(Vec<BTreeMap<String, Entry>>),
}

type Expressions = BTreeMap<String, Entry>;

#[derive(Serialize)]
struct ProviderConfig {
    name: String,
    full_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: Expressions,
}

#[derive(Serialize)]
struct OutputConfig {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    expression: Expression,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize)]
struct ResourceConfig {
    address: String,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    provider_config_key: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: Expressions,
    schema_version: u32,
    #[serde(flatten)]
    repeated: Repeated,
}

/// `count`, `for_each` and `depends_on` of anything that has them.
#[derive(Serialize)]
struct Repeated {
    #[serde(skip_serializing_if = "Option::is_none")]
    count_expression: Option<Expression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_each_expression: Option<Expression>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

#[derive(Serialize)]
struct CallConfig {
    source: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: Expressions,
    #[serde(flatten)]
    repeated: Repeated,
    module: ModuleConfig,
}

#[derive(Serialize)]
struct VariableConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
}

/// A block of the topology: an addition of ours, beside what it stands for.
#[derive(Serialize)]
struct BlockConfig {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expressions: Expressions,
    #[serde(flatten)]
    repeated: Repeated,
}

#[derive(Default, Serialize)]
struct ModuleConfig {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, OutputConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<ResourceConfig>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    module_calls: BTreeMap<String, CallConfig>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, VariableConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    topology_blocks: Vec<BlockConfig>,
}

/// `configuration` of a plan document.
#[derive(Serialize)]
pub(super) struct Configuration {
    provider_config: BTreeMap<String, ProviderConfig>,
    root_module: ModuleConfig,
}

/// What the files of a plan declare.
pub(super) fn configuration(loaded: &Loaded) -> Configuration {
    let mut walk = Walk { catalogue: &loaded.catalogue, used: BTreeSet::new() };
    let root_module = walk.module(&loaded.config.root, &mut Vec::new());
    walk.used.extend(loaded.desired.synthetics.iter().map(|s| s.provider.clone()));
    let mut provider_config = BTreeMap::new();
    for key in &walk.used {
        provider_config
            .insert(key.to_string(), provider(&loaded.catalogue, key, Expressions::new()));
    }
    for block in &loaded.config.root.providers {
        let key = full_name(&block.name, block.alias.as_ref());
        let schema = loaded.catalogue.providers.get(&*block.name).map(|p| p.schema().attributes);
        let expressions = expressions(&block.body, &Secrets::Attributes(schema.unwrap_or(&[])));
        provider_config.insert(key.to_string(), provider(&loaded.catalogue, &key, expressions));
    }
    Configuration { provider_config, root_module }
}

fn full_name(name: &Name, alias: Option<&Name>) -> Name {
    alias.map_or_else(|| name.clone(), |alias| format!("{name}.{alias}").into())
}

fn provider(catalogue: &Catalogue, key: &str, expressions: Expressions) -> ProviderConfig {
    let (name, alias) = match key.split_once('.') {
        Some((name, alias)) => (name, Some(alias.to_owned())),
        None => (key, None),
    };
    ProviderConfig { name: name.to_owned(), full_name: catalogue.source(name), alias, expressions }
}

/// What is not to be shown of a body.
enum Secrets<'a> {
    /// What the schema marks.
    Attributes(&'static [Attribute]),
    /// The values of sensitive variables of a called module.
    Variables(&'a BTreeMap<Name, Variable>),
    /// Nothing: topology blocks hold no secrets.
    None,
}

impl Secrets<'_> {
    fn hide(&self, name: &str) -> bool {
        fn marked(attribute: &Attribute) -> bool {
            let inner = attribute.shape.attributes().unwrap_or(&[]);
            attribute.sensitive || inner.iter().any(marked)
        }
        match self {
            Self::Attributes(all) => all.iter().find(|a| a.name == name).is_some_and(marked),
            Self::Variables(all) => all.get(name).is_some_and(|v| v.sensitive || v.ephemeral),
            Self::None => false,
        }
    }

    /// Of a block inside.
    fn inside(&self, name: &str) -> Self {
        match self {
            Self::Attributes(all) => {
                let block = all.iter().find(|a| a.name == name);
                Self::Attributes(block.and_then(|a| a.shape.attributes()).unwrap_or(&[]))
            }
            Self::Variables(_) | Self::None => Self::None,
        }
    }
}

fn expressions(body: &Body, secrets: &Secrets<'_>) -> Expressions {
    let mut all = Expressions::new();
    for attribute in &body.attributes {
        let expression = expression(&attribute.expr, secrets.hide(&attribute.name));
        all.insert(attribute.name.to_string(), Entry::Attribute(expression));
    }
    // What a `dynamic` block makes is no constant and refers to what is only inside: Terraform
    // leaves it out too.
    for block in body.blocks.iter().filter(|b| &*b.ident != "dynamic") {
        let inner = expressions(&block.body, &secrets.inside(&block.ident));
        let entry = all.entry(block.ident.to_string());
        if let Entry::Blocks(blocks) = entry.or_insert_with(|| Entry::Blocks(Vec::new())) {
            blocks.push(inner);
        }
    }
    all
}

fn expression(expr: &Expr, hidden: bool) -> Expression {
    let value = constant(expr, &mut Diagnostics::new()).filter(|_| !hidden);
    Expression {
        constant_value: value.and_then(|value| raw(Some(&value))),
        references: references(expr).into_iter().flat_map(spelt).collect(),
    }
}

/// A reference with all its steps, then without the last, down to what it refers to.
fn spelt(reference: &Reference) -> Vec<String> {
    let rest = reference.rest();
    let (base, least) = match &reference.target {
        Target::Module { name, .. } => {
            let keyed = matches!(rest, [Step { kind: StepKind::Key(_), .. }, _, ..]);
            (format!("module.{name}"), usize::from(keyed))
        }
        Target::Each | Target::Count | Target::Path | Target::Terraform => {
            (reference.target.label(), 1)
        }
        target => (target.label(), 0),
    };
    let mut all = vec![base.clone()];
    let mut text = base;
    for step in rest {
        match &step.kind {
            StepKind::Attr(name) => text = format!("{text}.{name}"),
            StepKind::Key(value) => {
                let key = raw(Some(value)).map(|key| key.get().to_owned());
                text = format!("{text}[{}]", key.unwrap_or_default());
            }
            StepKind::Index(_) | StepKind::Splat(_) => break,
        }
        all.push(text.clone());
    }
    let least = least.min(all.len() - 1);
    all.drain(..least);
    all.reverse();
    all
}

/// Targets of `depends_on`, as they are written.
fn needs(references: &[Reference]) -> Vec<String> {
    references.iter().filter_map(|reference| spelt(reference).into_iter().next()).collect()
}

fn repeated(count: Option<&Expr>, for_each: Option<&Expr>, depends_on: &[Reference]) -> Repeated {
    let some = |expr: &Expr| {
        let expression = expression(expr, false);
        let says = expression.constant_value.is_some() || !expression.references.is_empty();
        says.then_some(expression)
    };
    Repeated {
        count_expression: count.and_then(some),
        for_each_expression: for_each.and_then(some),
        depends_on: needs(depends_on),
    }
}

/// A walk over the modules, which gathers the providers that are used.
struct Walk<'a> {
    catalogue: &'a Catalogue,
    used: BTreeSet<Name>,
}

impl Walk<'_> {
    fn module<'m>(&mut self, module: &'m Module, way: &mut Vec<&'m ModuleCall>) -> ModuleConfig {
        let checked = module.checks.values().filter_map(|check| check.data.as_ref());
        let mut module_calls = BTreeMap::new();
        for (name, call) in &module.calls {
            let Some(child) = module.children.get(name) else { continue };
            way.push(call);
            let called = self.module(child, way);
            way.pop();
            let config = CallConfig {
                source: call.source.clone(),
                expressions: expressions(&call.body, &Secrets::Variables(&child.variables)),
                repeated: repeated(call.count.as_ref(), call.for_each.as_ref(), &call.depends_on),
                module: called,
            };
            module_calls.insert(name.to_string(), config);
        }
        let declared = module.resources.iter().map(|(key, r)| (key.mode, r));
        let resources = declared.chain(checked.map(|r| (Mode::Data, r)));
        ModuleConfig {
            outputs: module.outputs.iter().map(|(n, o)| (n.to_string(), output(o))).collect(),
            resources: resources.map(|(mode, r)| self.resource(mode, r, way)).collect(),
            module_calls,
            variables: module.variables.iter().map(|(n, v)| (n.to_string(), variable(v))).collect(),
            topology_blocks: module.blocks.iter().map(block).collect(),
        }
    }

    fn resource(&mut self, at: Mode, declared: &Resource, way: &[&ModuleCall]) -> ResourceConfig {
        let Resource { kind, name, .. } = declared;
        let (owner, schema) = match at {
            Mode::Managed => self.catalogue.kinds.get(&**kind).map(|(o, k)| (*o, *k.schema())),
            Mode::Data => self.catalogue.data.get(&**kind).map(|(o, d)| (*o, *d.schema())),
        }
        .unzip();
        let provider = self.provider(owner.unwrap_or_default(), declared.provider.as_ref(), way);
        self.used.insert(provider.clone());
        let data = if at == Mode::Data { "data." } else { "" };
        let attributes = schema.map_or(&[][..], |s| s.attributes);
        let (count, for_each) = (declared.count.as_ref(), declared.for_each.as_ref());
        ResourceConfig {
            address: format!("{data}{kind}.{name}"),
            mode: mode(at),
            kind: kind.to_string(),
            name: name.to_string(),
            provider_config_key: provider.to_string(),
            expressions: expressions(&declared.body, &Secrets::Attributes(attributes)),
            schema_version: schema.map_or(0, |s| s.version),
            repeated: repeated(count, for_each, &declared.depends_on),
        }
    }

    /// The provider configuration of the root module that is handed down to a block.
    fn provider(&self, owner: &str, chosen: Option<&ProviderRef>, way: &[&ModuleCall]) -> Name {
        let mut name = chosen.map_or_else(|| Name::from(owner), |c| c.name.clone());
        let mut alias = chosen.and_then(|c| c.alias.clone());
        for call in way.iter().rev() {
            let handed = call.providers.iter().find(|(t, _)| t.name == name && t.alias == alias);
            if let Some((_, ours)) = handed {
                name = ours.name.clone();
                alias.clone_from(&ours.alias);
            }
        }
        full_name(&name, alias.as_ref())
    }
}

fn output(declared: &Output) -> OutputConfig {
    OutputConfig {
        sensitive: declared.sensitive,
        expression: expression(&declared.value, declared.sensitive || declared.ephemeral),
        depends_on: needs(&declared.depends_on),
        description: declared.description.clone(),
    }
}

fn variable(declared: &Variable) -> VariableConfig {
    let hidden = declared.sensitive || declared.ephemeral;
    VariableConfig {
        default: raw(declared.default.as_ref()).filter(|_| !hidden),
        description: declared.description.clone(),
        sensitive: declared.sensitive,
    }
}

fn block(declared: &TopologyBlock) -> BlockConfig {
    BlockConfig {
        kind: declared.kind().to_string(),
        name: declared.name().map(ToString::to_string),
        expressions: expressions(&declared.block.body, &Secrets::None),
        repeated: repeated(
            declared.count.as_ref(),
            declared.for_each.as_ref(),
            &declared.depends_on,
        ),
    }
}
