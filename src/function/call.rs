//! What a function is given besides its arguments.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use lifeboat_sdk::value::{Name, Unknown, Why};
use lifeboat_sdk::{Type, Value};

use super::{FunctionError, Outcome};

/// No text that a function makes is longer, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 20;

/// The files that functions see. The implementor resolves relative paths, and records what was
/// read, so that a plan can carry it.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// What there is at a path, following links; `None` if nothing.
    ///
    /// # Errors
    /// When that cannot be told.
    fn kind(&self, path: &str) -> Result<Option<FileKind>, FileError>;

    /// What is in a folder; [`FileError::NotFound`] if there is none.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&self, folder: &str) -> Result<Vec<Listed>, FileError>;

    /// The folder from which `abspath` starts.
    fn current_folder(&self) -> String;

    /// The user's home for `~`, if there is one.
    fn home(&self) -> Option<String>;
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is nothing at that path.
    #[error("there is no such file")]
    NotFound,
    /// Anything else, in the words of the system.
    #[error("{0}")]
    Other(String),
}

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A device, pipe or socket.
    Other,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name without the path.
    pub name: String,
    /// What it is, following links.
    pub kind: FileKind,
    /// Whether it is a symbolic link; `**` does not follow it.
    pub link: bool,
}

/// Chance: a seeded source, so that a run can be repeated.
pub trait Entropy {
    /// Fills a buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The evaluator of templates.
pub trait Templates {
    /// Evaluates a template whose only variables are `variables`, in a context with
    /// [`Context::in_template`]. `name` is for messages.
    ///
    /// # Errors
    /// When a variable is missing or the template cannot be evaluated.
    fn render(
        &self,
        name: &str,
        text: &str,
        variables: &[(Name, Value)],
    ) -> Result<Value, TemplateError>;
}

/// Why a template has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It uses a variable that is not among those given; the name.
    #[error("the variable {0:?} is missing")]
    Variable(String),
    /// Anything else, in words, with the place in the template.
    #[error("{0}")]
    Failed(String),
}

/// What functions need from outside.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Files.
    pub files: &'a dyn Files,
    /// Templates.
    pub templates: &'a dyn Templates,
    /// Chance, for `uuid` and `bcrypt`.
    pub entropy: &'a dyn Entropy,
    /// The time of `timestamp` and `plantimestamp`.
    pub now: Timestamp,
    /// Whether `timestamp`, `uuid` and `bcrypt` yield results: not while planning, where their
    /// results are unknown because they would differ when the plan is applied.
    pub settled: bool,
    /// Whether a template is being evaluated, in which there are no further templates.
    pub in_template: bool,
}

/// One call of a function.
pub struct Call<'a> {
    /// What functions need from outside.
    pub context: &'a Context<'a>,
    /// Whether some argument was marked; then no argument is quoted in messages.
    pub(super) secret: bool,
}

impl Call<'_> {
    /// A text for a message, unless it may be secret.
    pub(super) fn quote<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.secret { "(sensitive value)".into() } else { format!("{text:?}").into() }
    }
}

/// An unknown result, with the worst reason among the arguments.
pub(super) fn unknown(args: &[Value], ty: Type) -> Value {
    let why = args.iter().filter_map(Value::why_unknown).max().unwrap_or(Why::AfterApply);
    Value::Unknown(Arc::new(Unknown { ty, not_null: false, prefix: None, why }))
}

/// A string result in NFC.
pub(super) fn text(text: &str) -> Value {
    Value::nfc(text)
}

/// A list of strings.
pub(super) fn texts<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Value {
    let items = items.into_iter().map(|item| text(item.as_ref())).collect();
    Value::list(Type::String, items)
}

/// The text of a string argument, which is known by now.
pub(super) fn string_at(args: &[Value], i: usize) -> Result<&str, FunctionError> {
    let text = args.get(i).and_then(Value::as_str);
    text.ok_or_else(|| FunctionError::at(i, "a string is required"))
}

/// An integer argument.
pub(super) fn integer_at(args: &[Value], i: usize) -> Result<i64, FunctionError> {
    let n = args.get(i).and_then(Value::as_i64);
    n.ok_or_else(|| FunctionError::new("a whole number between -2^63 and 2^63-1 is required"))
}

/// The elements of a list, set or tuple.
pub(super) fn items(value: &Value) -> &[Value] {
    value.items().unwrap_or_default()
}

/// Refuses texts that are too long, before they are made.
pub(super) fn check_length(bytes: usize) -> Result<(), FunctionError> {
    if bytes > MAX_TEXT {
        return Err(FunctionError::new("the result would be longer than 64 MiB"));
    }
    Ok(())
}

/// A result that is one of the two, for functions that tell.
pub(super) fn truth(b: bool) -> Outcome {
    Ok(Value::Bool(b))
}
