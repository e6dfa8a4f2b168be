//! `Reference`: what an expression needs from outside itself.

use std::fmt;
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Name, Span};

use super::ast::{Body, Expr, Step, StepKind};
use super::{codes, suggest, top_level, walk};
use crate::address::Mode;

/// A resource of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Managed or data.
    pub mode: Mode,
    /// The type: `aws_s3_bucket`.
    pub kind: Name,
    /// The name.
    pub name: Name,
}

/// A reference and where it stands.
#[derive(Clone, Debug)]
pub struct Reference {
    /// To what.
    pub target: Target,
    /// The part of the expression that names it.
    pub span: Span,
    /// All steps of the traversal it heads, shared with it.
    pub(super) steps: Arc<[Step]>,
    /// How many of them name the target.
    pub(super) head: u8,
}

impl Reference {
    /// What follows, from the value of [`Target`] on: `[0].id` in `aws_s3_bucket.a[0].id`,
    /// `.key` in `each.key`.
    pub fn rest(&self) -> &[Step] {
        self.steps.get(usize::from(self.head)..).unwrap_or_default()
    }
}

/// What is referred to. The value of each is the whole thing, as the comments say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// `var.x`
    Variable(Name),
    /// `local.x`
    Local(Name),
    /// `aws_s3_bucket.a`, `data.aws_region.here`: an object, a tuple or an object of instances.
    Resource(ResourceKey),
    /// `module.m`: an object of outputs, a tuple or an object of instances. `output` is set where
    /// the reference goes on to one of them, after an instance key if there is one; the value
    /// is that of the whole module all the same.
    Module {
        /// The call.
        name: Name,
        /// The one output that is used.
        output: Option<Name>,
    },
    /// `bucket.exports`, `region.us-west-2`, `topology.main`
    Block {
        /// The kind of block.
        kind: Name,
        /// Its label.
        name: Name,
    },
    /// `each`: an object with `key` and `value`.
    Each,
    /// `count`: an object with `index`.
    Count,
    /// `path`: an object with `module`, `root` and `cwd`.
    Path,
    /// `terraform`: an object with `workspace`.
    Terraform,
    /// `self`
    This,
}

/// Reads what a traversal refers to.
///
/// # Errors
/// Where it cannot refer to anything, declared or not.
pub(super) fn parse(
    root: &Name,
    root_span: Span,
    steps: &Arc<[Step]>,
) -> Result<Reference, Box<Diagnostic>> {
    let names = Names { root, root_span, steps };
    let (target, head) = match &**root {
        "var" => (Target::Variable(names.name(0)?), 1),
        "local" => (Target::Local(names.name(0)?), 1),
        "module" => (names.module()?, 1),
        "each" => (names.known(&["key", "value"], Target::Each)?, 0),
        "count" => (names.known(&["index"], Target::Count)?, 0),
        "path" => (names.known(&["module", "root", "cwd"], Target::Path)?, 0),
        "terraform" => (names.known(&["workspace"], Target::Terraform)?, 0),
        "self" => (Target::This, 0),
        "data" => (names.resource(Mode::Data)?, 2),
        "resource" => (names.resource(Mode::Managed)?, 2),
        "template" | "lazy" | "arg" | "ephemeral" => return Err(names.reserved()),
        kind if top_level::is_topology(kind) => (names.block()?, 1),
        _ => {
            let name = names.name(0)?;
            let key = ResourceKey { mode: Mode::Managed, kind: root.clone(), name };
            (Target::Resource(key), 1)
        }
    };
    let last = match target {
        Target::Each | Target::Count | Target::Path | Target::Terraform => 1,
        _ => head,
    };
    let end = steps.get(..last).and_then(<[Step]>::last).map_or(root_span.end, |s| s.span.end);
    let span = Span { end, ..root_span };
    Ok(Reference { target, span, steps: steps.clone(), head: u8::try_from(head).unwrap_or(0) })
}

/// A traversal while it is read as a reference.
struct Names<'a> {
    root: &'a Name,
    root_span: Span,
    steps: &'a [Step],
}

impl Names<'_> {
    fn error(&self, span: Span, detail: String) -> Box<Diagnostic> {
        Box::new(codes::INVALID_REFERENCE.error(detail).at(span))
    }

    /// The name of an attribute step.
    fn name(&self, index: usize) -> Result<Name, Box<Diagnostic>> {
        let root = self.root;
        match self.steps.get(index).map(|s| (&s.kind, s.span)) {
            Some((StepKind::Attr(name), _)) => Ok(name.clone()),
            Some((_, span)) => {
                Err(self.error(span, format!("After `{root}` a dot and a name must follow.")))
            }
            None => Err(match &**root {
                "var" | "local" | "module" | "each" | "count" | "path" | "terraform" => {
                    let detail = format!("`{root}` is no value itself, only `{root}.NAME` is.");
                    self.error(self.root_span, detail)
                }
                _ => {
                    let detail = format!(
                        "There is nothing that is called `{root}` alone. Variables are \
                         `var.NAME`, resources `TYPE.NAME`; texts stand in double quotes."
                    );
                    self.error(self.root_span, detail)
                }
            }),
        }
    }

    fn known(&self, names: &[&str], target: Target) -> Result<Target, Box<Diagnostic>> {
        let name = self.name(0)?;
        if names.contains(&&*name) {
            return Ok(target);
        }
        let root = self.root;
        let all: Vec<String> = names.iter().map(|n| format!("`{root}.{n}`")).collect();
        let end = self.steps.first().map_or(self.root_span.end, |s| s.span.end);
        let span = Span { end, ..self.root_span };
        let detail = format!("`{root}` has no attribute {name:?}. There is {}.", all.join(", "));
        let help = suggest::nearest(&name, names.iter().copied());
        Err(Box::new(suggest::with(codes::UNKNOWN_ATTRIBUTE.error(detail).at(span), help)))
    }

    fn module(&self) -> Result<Target, Box<Diagnostic>> {
        let name = self.name(0)?;
        let mut rest = self.steps.get(1..).unwrap_or_default();
        if let Some((Step { kind: StepKind::Key(_) | StepKind::Index(_), .. }, after)) =
            rest.split_first()
        {
            rest = after;
        }
        let output = match rest.first().map(|s| &s.kind) {
            Some(StepKind::Attr(output)) => Some(output.clone()),
            Some(StepKind::Splat(each)) => match each.first().map(|s| &s.kind) {
                Some(StepKind::Attr(output)) => Some(output.clone()),
                _ => None,
            },
            _ => None,
        };
        Ok(Target::Module { name, output })
    }

    fn resource(&self, mode: Mode) -> Result<Target, Box<Diagnostic>> {
        let root = self.root;
        match self.steps {
            [
                Step { kind: StepKind::Attr(kind), .. },
                Step { kind: StepKind::Attr(name), .. },
                ..,
            ] => Ok(Target::Resource(ResourceKey { mode, kind: kind.clone(), name: name.clone() })),
            _ => {
                let end = self.steps.last().map_or(self.root_span.end, |s| s.span.end);
                let detail = format!("After `{root}` a type and a name must follow.");
                Err(self.error(Span { end, ..self.root_span }, detail))
            }
        }
    }

    /// `bucket.exports`, `region["us-west-2"]`
    fn block(&self) -> Result<Target, Box<Diagnostic>> {
        let key = self.steps.first().and_then(|s| match &s.kind {
            StepKind::Key(value) => value.as_str().map(Name::from),
            _ => None,
        });
        let name = match key {
            Some(name) => name,
            None => self.name(0)?,
        };
        Ok(Target::Block { kind: self.root.clone(), name })
    }

    fn reserved(&self) -> Box<Diagnostic> {
        let detail = format!("The name `{}` is reserved and refers to nothing yet.", self.root);
        self.error(self.root_span, detail)
    }
}

/// All references of an expression but those to names of its own `for`s, in order.
pub fn references(expr: &Expr) -> Vec<&Reference> {
    let mut found = Vec::new();
    walk::traversals(expr, &mut |t| found.extend(t.reference.as_ref()));
    found
}

/// All references of a body and its blocks but those to iterators of its `dynamic` blocks.
pub fn body_references(body: &Body) -> Vec<&Reference> {
    let mut found = Vec::new();
    walk::body(body, &mut Vec::new(), &mut |node| {
        if let walk::Node::Traversal(t) = node {
            found.extend(t.reference.as_ref());
        }
    });
    found
}

impl Target {
    /// As it is written.
    pub fn label(&self) -> String {
        match self {
            Self::Variable(name) => format!("var.{name}"),
            Self::Local(name) => format!("local.{name}"),
            Self::Resource(key) => key.to_string(),
            Self::Module { name, output: None } => format!("module.{name}"),
            Self::Module { name, output: Some(output) } => format!("module.{name}.{output}"),
            Self::Block { kind, name } => format!("{kind}.{name}"),
            Self::Each => "each".into(),
            Self::Count => "count".into(),
            Self::Path => "path".into(),
            Self::Terraform => "terraform".into(),
            Self::This => "self".into(),
        }
    }
}

/// `aws_s3_bucket.a`, `data.aws_region.here`
impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.mode == Mode::Data { "data." } else { "" };
        write!(f, "{data}{}.{}", self.kind, self.name)
    }
}
