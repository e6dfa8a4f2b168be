//! `Reference`: what an expression needs from outside itself.

use std::sync::Arc;

use lifeboat_sdk::{Name, Span};

use super::ast::{Body, Expr, Step};
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

/// All references of an expression but those to names of its own `for`s, in order.
pub fn references(expr: &Expr) -> Vec<&Reference> {
    let _ = expr;
    Vec::new()
}

/// All references of a body and its blocks but those to iterators of its `dynamic` blocks.
pub fn body_references(body: &Body) -> Vec<&Reference> {
    let _ = body;
    Vec::new()
}
