//! The functions of the language: those of Terraform 1.11, in one constant table per family.
//!
//! Functions are pure: files, clock, chance and templates come through the [`Context`]. None
//! panics, and none takes unbounded time or memory on any input.

mod call;
mod collection;
mod conversion;
mod datetime;
mod encoding;
pub mod equal;
mod filesystem;
mod format;
mod hash;
mod invoke;
mod legacy;
mod mapping;
mod network;
mod numeric;
mod regex;
mod sensitive;
mod sequence;
mod set;
mod string;
pub mod text;
mod yaml;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lifeboat_sdk::Type;

pub use call::{
    Call, Context, Entropy, FileError, FileKind, Files, Listed, TemplateError, Templates,
};
pub use invoke::{InvokeError, invoke};
pub use yaml::{from_yaml, to_yaml};

use lifeboat_sdk::Value;

/// What a function answers.
pub type Outcome = Result<Value, FunctionError>;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// The argument that is to blame, from zero; `None` if it is the call as a whole.
    pub argument: Option<usize>,
    /// What is wrong; a sentence without capital and full stop. It shows no secret.
    pub message: String,
}

impl FunctionError {
    /// The call as a whole is to blame.
    pub fn new(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into() }
    }

    /// An argument is to blame.
    pub fn at(argument: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), message: message.into() }
    }
}

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any type.
    Any,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(any)`
    ListOfAny,
    /// `list(bool)`
    ListOfBool,
    /// `list(number)`
    ListOfNumber,
    /// `list(string)`
    ListOfString,
    /// `set(any)`
    SetOfAny,
    /// `set(string)`
    SetOfString,
    /// `map(list(string))`
    MapOfLists,
}

impl Form {
    /// As a type.
    pub fn ty(self) -> Type {
        match self {
            Self::Any => Type::Dynamic,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::ListOfAny => Type::list(Type::Dynamic),
            Self::ListOfBool => Type::list(Type::Bool),
            Self::ListOfNumber => Type::list(Type::Number),
            Self::ListOfString => Type::list(Type::String),
            Self::SetOfAny => Type::set(Type::Dynamic),
            Self::SetOfString => Type::set(Type::String),
            Self::MapOfLists => Type::map(Type::list(Type::String)),
        }
    }
}

/// A parameter, and which values the function handles itself.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, for messages and documentation.
    pub name: &'static str,
    /// The type to which arguments are converted.
    pub form: Form,
    /// Whether `null` is allowed.
    pub null: bool,
    /// Whether the function handles unknown values; otherwise its result is unknown.
    pub unknown: bool,
    /// Whether the function handles marks; otherwise the result takes them over.
    pub marked: bool,
}

impl Parameter {
    const fn new(name: &'static str, form: Form) -> Self {
        Self { name, form, null: false, unknown: false, marked: false }
    }

    const fn null(self) -> Self {
        Self { null: true, ..self }
    }

    const fn unknown(self) -> Self {
        Self { unknown: true, ..self }
    }

    const fn marked(self) -> Self {
        Self { marked: true, ..self }
    }
}

const fn any(name: &'static str) -> Parameter {
    Parameter::new(name, Form::Any)
}

const fn number(name: &'static str) -> Parameter {
    Parameter::new(name, Form::Number)
}

const fn string(name: &'static str) -> Parameter {
    Parameter::new(name, Form::String)
}

/// A function with its documentation.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// The parameters that must be given.
    pub parameters: &'static [Parameter],
    /// The parameter for all further arguments.
    pub rest: Option<Parameter>,
    /// The type of the result; `Any` where it depends on the arguments.
    pub returns: Form,
    run: fn(&mut Call<'_>, &[Value]) -> Outcome,
}

impl Function {
    const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        returns: Form,
        run: fn(&mut Call<'_>, &[Value]) -> Outcome,
        description: &'static str,
    ) -> Self {
        Self { name, description, parameters, rest: None, returns, run }
    }

    const fn rest(self, parameter: Parameter) -> Self {
        Self { rest: Some(parameter), ..self }
    }

    /// The parameter that takes the argument with this number.
    pub fn parameter(&self, argument: usize) -> Option<&Parameter> {
        self.parameters.get(argument).or(self.rest.as_ref())
    }

    /// How it is called: `join(separator, lists...)`.
    pub fn signature(&self) -> String {
        let mut names: Vec<String> = self.parameters.iter().map(|p| p.name.into()).collect();
        names.extend(self.rest.map(|p| format!("{}...", p.name)));
        format!("{}({})", self.name, names.join(", "))
    }
}

/// Names that the evaluator handles itself, because their arguments may fail.
pub const SPECIAL: &[&str] = &["can", "try"];

const FAMILIES: &[&[Function]] = &[
    collection::FUNCTIONS,
    conversion::FUNCTIONS,
    datetime::FUNCTIONS,
    encoding::FUNCTIONS,
    filesystem::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    legacy::FUNCTIONS,
    mapping::FUNCTIONS,
    network::FUNCTIONS,
    numeric::FUNCTIONS,
    regex::FUNCTIONS,
    sensitive::FUNCTIONS,
    sequence::FUNCTIONS,
    set::FUNCTIONS,
    string::FUNCTIONS,
    yaml::FUNCTIONS,
];

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static Function>> = LazyLock::new(|| {
    FAMILIES.iter().flat_map(|family| family.iter()).map(|f| (f.name, f)).collect()
});

/// The function with this name, which may stand behind `core::`; not those in [`SPECIAL`].
pub fn lookup(name: &str) -> Option<&'static Function> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    BY_NAME.get(name).copied()
}

/// All names in order, [`SPECIAL`] ones too, without those kept only to say what replaced them.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&'static str> =
        BY_NAME.keys().copied().chain(SPECIAL.iter().copied()).collect();
    names.retain(|name| !legacy::FUNCTIONS.iter().any(|f| f.name == *name));
    names.sort_unstable();
    names.into_iter()
}

#[cfg(test)]
mod tests;
