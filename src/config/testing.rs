//! Helpers of this stage's tests: files in memory, a scope of given values.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lifeboat_sdk::{Diagnostic, Diagnostics, FileId, Value};

use super::eval::{FunctionContext, NOTHING, Scope, evaluate};
use super::files::Files;
use super::reference::Reference;
use super::source::SourceMap;
use super::syntax::{Interner, parse_expression};
use super::{Config, load};

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(pub(super) BTreeMap<String, String>);

impl Memory {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.0.get(&*path.to_string_lossy());
        found.map(|text| text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names: Vec<String> = self
            .0
            .keys()
            .filter(|name| Path::new(name).parent() == Some(dir))
            .filter_map(|name| Path::new(name).file_name()?.to_str().map(str::to_owned))
            .collect();
        if names.is_empty() && !dir.as_os_str().is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(names)
    }
}

/// Loads a folder that is given as names and texts.
pub(super) fn loaded(files: &[(&str, &str)]) -> (Config, Diagnostics) {
    load(&Memory::of(files), Path::new(""))
}

/// Codes and places, sorted: `config::undeclared main.dr.hcl:2:11`.
pub(super) fn places(config: &Config, diagnostics: &Diagnostics) -> Vec<String> {
    let mut diagnostics = diagnostics.clone();
    diagnostics.sort();
    diagnostics.0.iter().map(|d| place(&config.sources, d)).collect()
}

fn place(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let code = diagnostic.code;
    match diagnostic.span.and_then(|span| sources.range(span)) {
        Some((source, at, _)) => format!("{code} {}:{}:{}", source.name, at.line, at.column),
        None => code.to_owned(),
    }
}

/// What loading one file reports.
pub(super) fn problems(text: &str) -> Vec<String> {
    let (config, diagnostics) = loaded(&[("main.dr.hcl", text)]);
    let short = places(&config, &diagnostics);
    short.iter().map(|p| p.replace("config::", "").replace("main.dr.hcl:", "")).collect()
}

/// A scope of values by label: `var.x`.
#[derive(Default)]
pub(super) struct Fixed(pub(super) BTreeMap<String, Value>);

impl Fixed {
    pub(super) fn of(values: &[(&str, Value)]) -> Self {
        Self(values.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }
}

impl Scope for Fixed {
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>> {
        let missing = || Box::new(Diagnostic::error("test::missing", "Missing", ""));
        self.0.get(&reference.target.label()).cloned().ok_or_else(missing)
    }

    fn functions(&self) -> &FunctionContext<'_> {
        &NOTHING
    }
}

/// The value of an expression, or the code and column of the first problem.
pub(super) fn value(text: &str, scope: &Fixed) -> Result<Value, String> {
    let mut found = Diagnostics::new();
    let expr = parse_expression(FileId(0), text, &mut Interner::default(), &mut found);
    let value = evaluate(&expr, scope, &mut found);
    match found.0.first() {
        None => Ok(value),
        Some(first) => {
            let column = first.span.map_or(0, |s| s.start) + 1;
            Err(format!("{}:{column}", first.code.trim_start_matches("config::")))
        }
    }
}
