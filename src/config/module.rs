//! `Module`: what the files of one folder declare, not yet evaluated.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lifeboat_sdk::{Name, Span};

use super::ast::{Block, Body, Expr, Step};
use super::reference::{Reference, ResourceKey};
use super::variable::Variable;
use crate::address::Key;

/// A module of the static tree: once per call, whatever `count` and `for_each` say.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The names of the calls from the root.
    pub path: Vec<Name>,
    /// Its folder, relative to the root module's.
    pub dir: PathBuf,
    /// `variable`
    pub variables: BTreeMap<Name, Variable>,
    /// `locals`
    pub locals: BTreeMap<Name, Local>,
    /// `output`
    pub outputs: BTreeMap<Name, Output>,
    /// `resource` and `data`
    pub resources: BTreeMap<ResourceKey, Resource>,
    /// `module`
    pub calls: BTreeMap<Name, ModuleCall>,
    /// The called modules, by the name of the call.
    pub children: BTreeMap<Name, Module>,
    /// `provider`
    pub providers: Vec<ProviderBlock>,
    /// `moved`
    pub moved: Vec<Moved>,
    /// `removed`
    pub removed: Vec<Removed>,
    /// `import`
    pub imports: Vec<Import>,
    /// `check`
    pub checks: BTreeMap<Name, Check>,
    /// `lifeboat`
    pub settings: Settings,
    /// `topology`, `region`, `bucket`, … in order, undecoded.
    pub blocks: Vec<TopologyBlock>,
}

/// One value of a `locals` block.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its value.
    pub expr: Expr,
    /// Where its name is.
    pub span: Span,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its value.
    pub value: Expr,
    /// Text for people.
    pub description: Option<String>,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
    /// Needed although not referred to.
    pub depends_on: Vec<Reference>,
    /// Checked before the value is used.
    pub preconditions: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// `condition` and `error_message`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Must be true.
    pub condition: Expr,
    /// What is said where it is not.
    pub message: Expr,
    /// The block's header.
    pub span: Span,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The type.
    pub kind: Name,
    /// The name.
    pub name: Name,
    /// The content without meta arguments.
    pub body: Body,
    /// `count`
    pub count: Option<Expr>,
    /// `for_each`
    pub for_each: Option<Expr>,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
    /// `provider`
    pub provider: Option<ProviderRef>,
    /// `lifecycle`
    pub lifecycle: Lifecycle,
    /// Where the type's label is.
    pub kind_span: Span,
    /// The block's header.
    pub span: Span,
}

/// `aws`, `aws.west`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRef {
    /// The provider's local name.
    pub name: Name,
    /// Which of its configurations.
    pub alias: Option<Name>,
    /// Where.
    pub span: Span,
}

/// A `lifecycle` block.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Refuse to destroy.
    pub prevent_destroy: bool,
    /// The new object before the old one goes; `None` where nothing is said.
    pub create_before_destroy: Option<bool>,
    /// What is not compared.
    pub ignore_changes: Ignore,
    /// A change there replaces the object.
    pub replace_triggered_by: Vec<Expr>,
    /// Checked before.
    pub preconditions: Vec<Condition>,
    /// Checked after.
    pub postconditions: Vec<Condition>,
}

/// `ignore_changes`
#[derive(Clone, Debug)]
pub enum Ignore {
    /// Everything.
    All,
    /// These attributes, each as its steps.
    Paths(Vec<IgnorePath>),
}

impl Default for Ignore {
    fn default() -> Self {
        Self::Paths(Vec::new())
    }
}

/// One attribute of `ignore_changes`: `tags["a"]`.
#[derive(Clone, Debug)]
pub struct IgnorePath {
    /// The attribute and what follows: `Attr` and `Key` only.
    pub steps: Vec<Step>,
    /// Where.
    pub span: Span,
}

/// A `module` block.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Where the module is.
    pub source: String,
    /// Where that is said.
    pub source_span: Span,
    /// The values of its variables.
    pub body: Body,
    /// `count`
    pub count: Option<Expr>,
    /// `for_each`
    pub for_each: Option<Expr>,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
    /// `providers`: the child's, ours.
    pub providers: Vec<(ProviderRef, ProviderRef)>,
    /// The block's header.
    pub span: Span,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// The provider's local name.
    pub name: Name,
    /// `alias`
    pub alias: Option<Name>,
    /// The rest.
    pub body: Body,
    /// The block's header.
    pub span: Span,
}

/// A static address in `moved` and `removed`: `module.a["k"].terraform_data.x[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The modules on the way, relative to the module it stands in.
    pub modules: Vec<(Name, Option<Key>)>,
    /// The resource; without one a module is meant.
    pub resource: Option<(ResourceKey, Option<Key>)>,
    /// Where.
    pub span: Span,
}

/// A `moved` block.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The old address.
    pub from: Endpoint,
    /// The new one.
    pub to: Endpoint,
    /// The block's header.
    pub span: Span,
}

/// A `removed` block.
#[derive(Clone, Debug)]
pub struct Removed {
    /// What is no longer declared.
    pub from: Endpoint,
    /// Whether it is deleted too.
    pub destroy: bool,
    /// The block's header.
    pub span: Span,
}

/// An `import` block; `to` may hold `each.key` in its keys.
#[derive(Clone, Debug)]
pub struct Import {
    /// The modules on the way.
    pub modules: Vec<(Name, Option<Expr>)>,
    /// The resource.
    pub resource: ResourceKey,
    /// Its instance.
    pub key: Option<Expr>,
    /// Where the address is.
    pub to_span: Span,
    /// What the provider calls the object.
    pub id: Expr,
    /// `for_each`
    pub for_each: Option<Expr>,
    /// `provider`
    pub provider: Option<ProviderRef>,
    /// The block's header.
    pub span: Span,
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct Check {
    /// A data source of its own.
    pub data: Option<Resource>,
    /// What must hold.
    pub asserts: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// The `lifeboat` block.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `required_version`: the constraint and where it is.
    pub required_version: Option<(String, Span)>,
    /// `state "s3" {}`
    pub state: Option<Block>,
    /// `encryption {}`
    pub encryption: Option<Block>,
    /// The block's header.
    pub span: Option<Span>,
}

/// A block of the topology, undecoded.
#[derive(Clone, Debug)]
pub struct TopologyBlock {
    /// The block with all its content, without `count`, `for_each` and `depends_on`.
    pub block: Block,
    /// `count`
    pub count: Option<Expr>,
    /// `for_each`
    pub for_each: Option<Expr>,
    /// `depends_on`
    pub depends_on: Vec<Reference>,
}

impl TopologyBlock {
    /// `bucket`
    pub fn kind(&self) -> &Name {
        &self.block.ident
    }

    /// `exports`, where the block has a label.
    pub fn name(&self) -> Option<&Name> {
        self.block.labels.first().map(|l| &l.text)
    }
}
