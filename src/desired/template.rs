//! `Template`: a document that a topology block stands for, with references left open.
//!
//! Topology blocks compile to kinds. What they know (names, rules) is in the template as
//! values; what only another object tells (a role's ARN, the id of a health check) stays a
//! reference and is resolved in dependency order, like the references of `resource` blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{Name, Path, Span, Value};

use crate::address::{Address, Key};
use crate::config::ast::Expr;

/// A value with open references.
#[derive(Clone, Debug)]
pub enum Template {
    /// Known.
    Value(Value),
    /// An expression of the files, evaluated in the root module.
    Expr(Arc<Expr>),
    /// An attribute of another object.
    Ref(Address, Path),
    /// An object with these attributes.
    Object(Vec<(Name, Template)>),
    /// A list; converted to the attribute's shape.
    List(Vec<Template>),
    /// A map.
    Map(Vec<(Name, Template)>),
    /// The JSON text of a value: policies.
    Json(Box<Template>),
    /// Strings joined.
    Join(Vec<Template>),
}

impl Template {
    /// A known string.
    pub fn text(text: impl Into<Name>) -> Self {
        Self::Value(Value::String(text.into()))
    }

    /// An object.
    pub fn object<const N: usize>(attributes: [(&str, Self); N]) -> Self {
        Self::Object(attributes.into_iter().map(|(name, t)| (name.into(), t)).collect())
    }

    /// The addresses it refers to and the expressions it holds.
    pub fn visit(&self, f: &mut dyn FnMut(&Self)) {
        f(self);
        match self {
            Self::Value(_) | Self::Expr(_) | Self::Ref(..) => {}
            Self::Object(parts) | Self::Map(parts) => parts.iter().for_each(|(_, t)| t.visit(f)),
            Self::List(parts) | Self::Join(parts) => parts.iter().for_each(|t| t.visit(f)),
            Self::Json(inner) => inner.visit(f),
        }
    }
}

/// One object that a topology block stands for.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its document: the attributes that are set.
    pub document: Vec<(Name, Template)>,
    /// Where the block, or the attribute that causes it, is written.
    pub span: Span,
    /// Exists only while its region is the primary.
    pub only_primary: bool,
    /// Somebody else's: read, and let go of by `destroy`, never created or deleted.
    pub operated: bool,
    /// An object to take over if it is there already (`adopt = true`).
    pub adopt: bool,
    /// Addresses that it must come after, besides those it refers to.
    pub after: Vec<Address>,
    /// `lifecycle.prevent_destroy` of the block.
    pub prevent_destroy: bool,
}

/// All objects of one kind that one topology block stands for.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// The address without a key: `bucket.exports.aws_s3_bucket`.
    pub address: Address,
    /// The provider instance: `aws`.
    pub provider: Name,
    /// By region, `"us-east-1/gate"`, or `"global"`.
    pub instances: BTreeMap<Key, Planned>,
}
