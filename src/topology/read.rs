//! `Reader`: what every block needs while it is read: instances, decoding, references.

use std::collections::BTreeSet;
use std::sync::Arc;

use lifeboat_sdk::kind::DecodeError;
use lifeboat_sdk::{Diagnostics, Name, Object, Severity, Span, Value};

use super::codes;
use crate::address::ModulePath;
use crate::config::ast::{Attribute, Body, Expr, ExprKind};
use crate::config::module::TopologyBlock;
use crate::config::reference::references;
use crate::config::{Config, Reference, Target, decode};
use crate::evaluation::Environment;
use crate::evaluation::Repetition;

/// A value that is known now, or an expression that objects decide.
#[derive(Clone, Debug)]
pub enum Open {
    /// Known.
    Known(Value),
    /// Evaluated in the root module when what it refers to is planned.
    Later(Arc<Expr>),
}

impl Open {
    /// The text, where it is known.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Known(value) => value.as_str(),
            Self::Later(_) => None,
        }
    }
}

/// One instance of a block.
pub(super) struct Source<'b> {
    /// Its name, with a key where it has one: `exports`, `exports["a"]`.
    pub(super) name: Name,
    /// Its content.
    pub(super) body: Body,
    /// The header.
    pub(super) span: Span,
    /// The block as written.
    pub(super) block: &'b TopologyBlock,
    repetition: Repetition,
}

impl Source<'_> {
    /// Where the value of an argument is; where it should be if there is none.
    pub(super) fn at(&self, name: &str) -> Span {
        at(&self.body, name)
    }
}

/// Where the value of an argument is; the place for it if there is none.
pub(super) fn at(body: &Body, name: &str) -> Span {
    body.attribute(name).map_or(body.missing, |a| a.expr.span)
}

/// Where the `i`-th element of a list is, where it is written out.
pub(super) fn element(body: &Body, name: &str, i: usize) -> Span {
    let whole = at(body, name);
    match body.attribute(name).map(|a| &a.expr.unwrapped().kind) {
        Some(ExprKind::Tuple(items)) => items.get(i).map_or(whole, |e| e.span),
        _ => whole,
    }
}

/// Reads the blocks of a configuration.
pub(super) struct Reader<'r, 'a> {
    /// The files.
    pub(super) config: &'r Config,
    environment: &'r Environment<'a>,
    /// All problems so far.
    pub(super) found: Diagnostics,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn new(config: &'r Config, environment: &'r Environment<'a>) -> Self {
        Self { config, environment, found: Diagnostics::new() }
    }

    /// The blocks of a kind, in order.
    pub(super) fn blocks(
        &self,
        kind: &'static str,
    ) -> impl Iterator<Item = &'r TopologyBlock> + use<'r, 'a> {
        let config = self.config;
        config.root.blocks.iter().filter(move |b| &**b.kind() == kind)
    }

    /// The instances of all blocks of a kind.
    pub(super) fn sources(&mut self, kind: &'static str) -> Vec<Source<'r>> {
        let root = ModulePath::root();
        let mut all = Vec::new();
        for block in self.blocks(kind) {
            self.modules(block);
            let (count, each) = (block.count.as_ref(), block.for_each.as_ref());
            let expansion = self.environment.expand(&root, count, each);
            self.found.extend(self.environment.take());
            for repetition in expansion.instances() {
                let label = block.name().cloned().unwrap_or_else(|| "".into());
                let name = match repetition.key() {
                    Some(key) => format!("{label}{key}").into(),
                    None => label,
                };
                let (body, span) = (block.block.body.clone(), block.block.header);
                all.push(Source { name, body, span, block, repetition });
            }
        }
        all
    }

    /// Refuses modules in `depends_on`: their objects are not known here.
    fn modules(&mut self, block: &TopologyBlock) {
        let module = |r: &&Reference| matches!(r.target, Target::Module { .. });
        for reference in block.depends_on.iter().filter(module) {
            let help = "Name a resource or another block.";
            self.unsupported("A module in depends_on of a topology block", reference.span, help);
        }
    }

    /// The one instance of a block that cannot be repeated.
    pub(super) fn single(&mut self, block: &'r TopologyBlock) -> Source<'r> {
        for expr in block.count.iter().chain(&block.for_each) {
            let detail = format!(
                "There is one of each {}, so it has no `count` and no `for_each`.",
                block.kind()
            );
            let help = "Write one block for each.";
            self.found.push(codes::REPETITION.error(detail).at(expr.span).help(help));
        }
        if let Some(first) = block.depends_on.first() {
            let what = format!("depends_on of a {} block", block.kind());
            self.unsupported(&what, first.span, "Remove it: nothing is made for the block itself.");
        }
        Source {
            name: block.name().cloned().unwrap_or_else(|| "".into()),
            body: block.block.body.clone(),
            span: block.block.header,
            block,
            repetition: Repetition::default(),
        }
    }

    /// Decodes a body; nothing after an error.
    pub(super) fn decode<T: Object>(&mut self, source: &Source<'_>, body: &Body) -> Option<T> {
        let before = self.errors();
        let root = ModulePath::root();
        let value = {
            let scope = self.environment.scope(&root, &source.repetition, None);
            decode(body, T::SCHEMA.attributes, &scope, &mut self.found)
        };
        self.found.extend(self.environment.take());
        if self.errors() > before {
            return None;
        }
        self.secrets(body, &value);
        match T::decode(&value) {
            Ok(object) => Some(object),
            Err(error) => {
                self.undecodable(body, &value, &error);
                None
            }
        }
    }

    /// How many errors there are so far.
    fn errors(&self) -> usize {
        self.found.0.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Refuses sensitive values: names and rules are shown everywhere.
    fn secrets(&mut self, body: &Body, value: &Value) {
        for (name, part) in value.entries().unwrap_or_default() {
            if !part.marks_deep().is_empty() {
                let detail = format!(
                    "{name:?} shapes what is planned and is shown with it, so it must not be sensitive."
                );
                let help =
                    "Use a value that is not sensitive, or nonsensitive() where it is no secret.";
                self.found.push(codes::SENSITIVE.error(detail).at(at(body, name)).help(help));
            }
        }
    }

    /// Reports a document that does not decode: something is unknown, or no whole number.
    fn undecodable(&mut self, body: &Body, value: &Value, error: &DecodeError) {
        let name = error.path.first_attr().unwrap_or_default();
        let span = at(body, name);
        if !value.at(&error.path).is_some_and(Value::is_unknown) {
            let detail = format!("The value of {name:?} does not fit: {}.", error.message);
            self.found.push(codes::NUMBER.error(detail).at(span).help("Write a whole number."));
            return;
        }
        if body.attribute(name).is_some_and(|a| self.excused(&a.expr)) {
            return;
        }
        let detail = format!("{name:?} shapes what is planned, so it must be known now.");
        let help = "Let it depend on variables and locals only.";
        self.found.push(codes::NOT_STATIC.error(detail).at(span).help(help));
    }

    /// Whether an expression is unknown because of something that has been reported.
    fn excused(&self, expr: &Expr) -> bool {
        let root = ModulePath::root();
        let unknown = |name| self.environment.variable(&root, name).is_unknown();
        matches!(expr.kind, ExprKind::Invalid) || self.uses(expr).variables.iter().any(unknown)
    }

    /// Whether the provider takes any name of a region; problems of its block are said elsewhere.
    pub(super) fn takes_any_region(&self) -> bool {
        let root = ModulePath::root();
        let aws = self.config.root.providers.iter().filter(|p| &*p.name == "aws");
        let skip = aws.filter_map(|p| p.body.attribute("skip_region_validation"));
        let set = |attribute: &Attribute| {
            let once = Repetition::default();
            let value = self.environment.evaluate(&root, &once, None, &attribute.expr);
            value.as_bool() == Some(true)
        };
        let any = skip.map(set).fold(false, |any, set| any | set);
        drop(self.environment.take());
        any
    }

    /// Evaluates an expression that must be known now.
    pub(super) fn known(&mut self, source: &Source<'_>, expr: &Expr) -> Option<Value> {
        let before = self.errors();
        let root = ModulePath::root();
        let value = self.environment.evaluate(&root, &source.repetition, None, expr);
        self.found.extend(self.environment.take());
        if self.errors() > before {
            return None;
        }
        if !value.is_wholly_known() {
            if self.excused(expr) {
                return None;
            }
            let detail = "The value shapes what is planned, so it must be known now.";
            let help = "Let it depend on variables and locals only.";
            self.found.push(codes::NOT_STATIC.error(detail).at(expr.span).help(help));
            return None;
        }
        Some(value)
    }

    /// The value of an argument that objects may decide; in the body a text takes its place, so
    /// that decoding knows its name and whether it must be there.
    pub(super) fn open(
        &mut self,
        source: &Source<'_>,
        body: &mut Body,
        name: &str,
    ) -> Option<Open> {
        let expr = take(body, name)?;
        if matches!(expr.kind, ExprKind::Invalid) {
            return None;
        }
        let uses = self.uses(&expr);
        if !uses.objects {
            let known = self.known(source, &expr)?;
            if known.is_null() {
                // As if it were left out; decoding says where it must not be.
                put_back(body, name, known);
                return None;
            }
            return Some(Open::Known(known));
        }
        if uses.instance {
            let detail = "`each` and `count` are used together with a value that is known only \
                          when objects are planned.";
            let help = "Write one block for each, or choose the value by a local.";
            self.found.push(codes::NOT_STATIC.error(detail).at(expr.span).help(help));
            return None;
        }
        Some(Open::Later(Arc::new(expr)))
    }

    /// What an expression needs, through locals too.
    fn uses(&self, expr: &Expr) -> Uses {
        let mut uses = Uses::default();
        self.collect(expr, &mut uses, &mut BTreeSet::new());
        uses
    }

    fn collect(&self, expr: &Expr, uses: &mut Uses, seen: &mut BTreeSet<Name>) {
        for reference in references(expr) {
            match &reference.target {
                Target::Resource(_) | Target::Module { .. } | Target::Block { .. } => {
                    uses.objects = true;
                }
                Target::Each | Target::Count => uses.instance = true,
                Target::Local(name) => {
                    let local = self.config.root.locals.get(name);
                    if let Some(local) = local.filter(|_| seen.insert(name.clone())) {
                        self.collect(&local.expr, uses, seen);
                    }
                }
                Target::Variable(name) => {
                    uses.variables.insert(name.clone());
                }
                Target::Path | Target::Terraform | Target::This => {}
            }
        }
    }
}

/// What an expression uses.
#[derive(Default)]
struct Uses {
    objects: bool,
    instance: bool,
    variables: BTreeSet<Name>,
}

/// Takes the expression of an argument out and leaves an empty text.
pub(super) fn take(body: &mut Body, name: &str) -> Option<Expr> {
    let attribute: &mut Attribute = body.attributes.iter_mut().find(|a| &*a.name == name)?;
    let kind = ExprKind::Literal(Value::string(""));
    let span = attribute.expr.span;
    Some(std::mem::replace(&mut attribute.expr, Expr { kind, span }))
}

/// Puts a literal in the place of an expression that was taken out.
fn put_back(body: &mut Body, name: &str, value: Value) {
    if let Some(attribute) = body.attributes.iter_mut().find(|a| &*a.name == name) {
        attribute.expr.kind = ExprKind::Literal(value);
    }
}
