//! `Template`: a document that a topology block stands for, with references left open.
//!
//! Topology blocks compile to kinds. What they know (names, rules) is in the template as
//! values; what only another object tells (a role's ARN, the id of a health check) stays a
//! reference and is resolved in dependency order, like the references of `resource` blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Name, Path, Span, Type, Value};

use crate::address::{Address, Key, ModulePath};
use crate::config::ast::Expr;
use crate::evaluation::{Environment, Repetition};

/// The name among blocks of what state says of the whole; no file can refer to it.
pub const STANDING: &str = "standing";

/// A value with open references.
#[derive(Clone, Debug)]
pub enum Template {
    /// Known.
    Value(Value),
    /// An expression of the files, evaluated in the root module.
    Expr(Arc<Expr>),
    /// An attribute of another object.
    Ref(Address, Path),
    /// A part of what state says of the whole: the epoch, what is owed.
    Standing(Name),
    /// An object with these attributes.
    Object(Vec<(Name, Template)>),
    /// A list; converted to the attribute's shape.
    List(Vec<Template>),
    /// A map.
    Map(Vec<(Name, Template)>),
    /// The JSON text of a value: policies.
    Json(Box<Template>),
    /// Strings and numbers joined.
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

    /// The value, as the shape of its place wants it.
    pub fn value(&self, environment: &Environment<'_>) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Expr(expr) => {
                environment.evaluate(&ModulePath::root(), &Repetition::default(), None, expr)
            }
            Self::Ref(address, path) => {
                let object = environment.resources.object(address);
                let part = object.as_ref().and_then(|o| o.at(path)).cloned();
                part.unwrap_or_else(|| Value::unknown(Type::Dynamic))
            }
            Self::Standing(name) => {
                let standing = environment.resources.block("", STANDING);
                let part = standing.ok().and_then(|standing| standing.get(name).cloned());
                part.unwrap_or_else(|| Value::unknown(Type::Dynamic))
            }
            Self::Object(parts) => Value::object(
                parts.iter().map(|(name, part)| (name.clone(), part.value(environment))),
            ),
            Self::Map(parts) => Value::object(
                parts.iter().map(|(name, part)| (name.clone(), part.value(environment))),
            ),
            Self::List(parts) => {
                Value::tuple(parts.iter().map(|part| part.value(environment)).collect())
            }
            Self::Json(inner) => json_text(&inner.value(environment)),
            Self::Join(parts) => join(parts.iter().map(|part| part.value(environment))),
        }
    }

    /// The addresses it refers to and the expressions it holds.
    pub fn visit(&self, f: &mut dyn FnMut(&Self)) {
        f(self);
        match self {
            Self::Value(_) | Self::Expr(_) | Self::Ref(..) | Self::Standing(_) => {}
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
    /// What it does in a promotion, where the roles decide a part of it.
    pub part: Option<Part>,
    /// Attributes that it has instead while its region is the primary and the region that was left
    /// is not fenced yet: copies from there are refused.
    pub closed: Vec<(Name, Template)>,
    /// Attributes that it has instead while its region is being left, is fenced by hand, or still
    /// owes that it is fenced: nothing of it runs there, and nothing is written. Of what sends traffic,
    /// while its region is evacuated.
    pub leaving: Vec<(Name, Template)>,
    /// Attributes that it has instead where both is so.
    pub sealed: Vec<(Name, Template)>,
    /// Of a copy: the attribute that names what it follows, and what becomes of it where that is another.
    pub follows: Option<(Name, Follows)>,
}

/// What becomes of a copy that must follow another object than so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It is told whom to follow, and is there all the time.
    Repoint,
    /// It is built anew, and answers no reads meanwhile.
    Rebuild,
}

impl Follows {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Repoint, Self::Rebuild];

    /// As plans have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Repoint => "repoint",
            Self::Rebuild => "rebuild",
        }
    }
}

/// What an object does in a promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It says whether its region takes writes: the fence where the region is left, and where
    /// writes are resumed in the new primary.
    Writers,
    /// It holds data that one region writes and the others copy: the fence where the region is left,
    /// what is promoted in the new primary, and what is asked whether all is copied.
    Database,
    /// It holds data that all regions write, and copies it to the others by itself. A promotion changes
    /// nothing of it; in one that loses nothing it is asked whether what was written has arrived.
    Replica,
    /// It can be changed where the primary is, and is read in each region from a copy of its own. It fences
    /// nothing: programs only read it.
    Original,
    /// It says for all regions in one place which of them writes; its data fences, and is asked whether
    /// all is copied. What is promoted, by a call to the new primary.
    Writer,
    /// It tells the region which is the primary.
    Record,
    /// It sends traffic to the primary.
    Traffic,
    /// It tells what runs in its own region where the primary takes writes. Where that region does not
    /// answer nobody waits for it.
    Endpoint,
    /// It copies what its region takes to the others. It changes after the promotion; in one that
    /// loses nothing it is asked whether all is copied.
    Copies,
    /// It checks what answers in a region: what it asks is asked of the new primary. Never changed by
    /// a promotion.
    Health,
    /// It says whether events and times start something: in the new primary as soon as its data takes
    /// writes, and not before.
    Triggers {
        /// Whether only the primary writes, so that nothing may be started in the region that is left.
        fences: bool,
    },
    /// It says whether what runs in its region lets anybody in: nobody where the region is left, and
    /// in the new primary as soon as its data takes writes. It cuts no connection.
    Reach,
    /// It says how much of a service runs: raised in the new primary before the fence.
    Capacity {
        /// Whether only the primary writes, so that nothing may run in the region that is left.
        fences: bool,
    },
}

impl Part {
    /// Whether it is what runs, or lets in who writes: it stops before the data of its region is closed,
    /// and starts after that takes writes.
    pub fn runs(self) -> bool {
        matches!(self, Self::Capacity { .. } | Self::Triggers { .. } | Self::Reach)
    }

    /// Whether its change in the region that is left is a fence.
    pub fn fences(self) -> bool {
        match self {
            Self::Writers | Self::Database | Self::Reach => true,
            Self::Capacity { fences } | Self::Triggers { fences } => fences,
            Self::Replica
            | Self::Original
            | Self::Writer
            | Self::Record
            | Self::Traffic
            | Self::Endpoint
            | Self::Copies
            | Self::Health => false,
        }
    }
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

/// The JSON text of a value; unknown while a part of it is.
fn json_text(value: &Value) -> Value {
    if let Some(why) = value.why_unknown() {
        return Value::unknown_because(Type::String, why);
    }
    let marks = value.marks_deep();
    let text = lifeboat_sdk::value::json::to_json(&value.unmark_deep()).unwrap_or_default();
    Value::string(text).mark(marks)
}

/// Texts put together; unknown while one is.
fn join(parts: impl Iterator<Item = Value>) -> Value {
    let parts: Vec<Value> = parts.collect();
    if let Some(why) = parts.iter().filter_map(Value::why_unknown).max() {
        return Value::unknown_because(Type::String, why);
    }
    let marks = parts.iter().fold(lifeboat_sdk::Marks::NONE, |m, p| m | p.marks_deep());
    let text = |part: &Value| convert(&part.unmark_deep(), &Type::String).ok();
    let texts: Vec<Value> = parts.iter().filter_map(text).collect();
    Value::string(texts.iter().filter_map(Value::as_str).collect::<String>()).mark(marks)
}
