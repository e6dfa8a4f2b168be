//! Where the values of root variables come from: environment, files, command line.

use std::collections::BTreeMap;
use std::path::Path;

use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{Diagnostics, FileId, Name, Span, Value};

use super::ast::Expr;
use super::eval::constant;
use super::files::Files;
use super::load::read_text;
use super::syntax::{Interner, is_name, parse_body, parse_expression};
use super::variable::{Variable, accept};
use super::{Config, codes, suggest};

/// A value or file of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// `-var 'name=value'`, as it was written.
    Assignment(String),
    /// `-var-file path`
    File(String),
}

/// A value and where it stands.
#[derive(Clone, Debug)]
struct Assigned {
    value: Value,
    /// Where problems with it are reported; at the declaration if nowhere else.
    span: Option<Span>,
}

/// The values of the root module's variables.
///
/// From lowest to highest: defaults, the environment (`TF_VAR_x`, then `LIFEBOAT_VAR_x`),
/// `*.auto.drvars.hcl` and `*.auto.drvars.json` by name, `given` in order. Values in files
/// are noted in [`Config::assigned`].
pub fn resolve(
    mut config: Config,
    files: &dyn Files,
    given: &[Given],
    environment: &BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> (BTreeMap<Name, Value>, Config) {
    let mut input = Input { config: &mut config, files, diagnostics, values: BTreeMap::new() };
    input.environment(environment);
    input.auto_files();
    for given in given {
        match given {
            Given::Assignment(text) => input.assignment(text),
            Given::File(path) => input.file(path, true),
        }
    }
    let mut values = input.values;
    let mut resolved = BTreeMap::new();
    for (name, declared) in &config.root.variables {
        let assigned = values.remove(name);
        let assigned = assigned.map(|a| (a.value, a.span.unwrap_or(declared.span)));
        let given = assigned.is_some();
        let value = accept(declared, assigned, declared.span, diagnostics);
        if let (false, Some(last)) = (given || declared.default.is_some(), diagnostics.0.last_mut())
        {
            last.help = Some(format!(
                "Give it with -var '{name}=…', with LIFEBOAT_VAR_{name} in the environment, or in a \
                 *.auto.drvars.hcl file."
            ));
        }
        resolved.insert(name.clone(), value);
    }
    (resolved, config)
}

struct Input<'a> {
    config: &'a mut Config,
    files: &'a dyn Files,
    diagnostics: &'a mut Diagnostics,
    values: BTreeMap<Name, Assigned>,
}

impl Input<'_> {
    fn environment(&mut self, environment: &BTreeMap<String, String>) {
        for prefix in ["TF_VAR_", "LIFEBOAT_VAR_"] {
            for (key, text) in environment {
                let Some(name) = key.strip_prefix(prefix) else { continue };
                if let Some(declared) = self.config.root.variables.get(name).cloned() {
                    self.text(&declared, text);
                }
            }
        }
    }

    /// A value that is given as text.
    fn text(&mut self, declared: &Variable, text: &str) {
        let name = declared.name.clone();
        let value = if declared.literal_input {
            Some(Value::nfc(text))
        } else {
            let file = self.config.sources.add(&format!("<value for var.{name}>"), text);
            let before = self.diagnostics.0.len();
            let expr = parse_expression(file, text, &mut Interner::default(), self.diagnostics);
            let parsed = self.diagnostics.0.len() == before;
            parsed.then(|| constant(&expr, self.diagnostics)).flatten()
        };
        let value = value.unwrap_or_else(|| Value::unknown(declared.ty.clone()));
        self.values.insert(name, Assigned { value, span: None });
    }

    /// `name=value`
    fn assignment(&mut self, text: &str) {
        let Some((name, value)) = text.split_once('=') else {
            let detail = format!("A value is given as `-var 'NAME=VALUE'`, not as {text:?}.");
            self.diagnostics.push(codes::INVALID_OPTION.error(detail));
            return;
        };
        let name = name.trim();
        match self.config.root.variables.get(name).cloned() {
            Some(declared) => self.text(&declared, value),
            None => {
                let diagnostic = if is_name(name) {
                    let detail = format!("`-var` sets {name:?}, but no variable has that name.");
                    codes::UNDECLARED_VARIABLE.error(detail)
                } else {
                    let detail = format!("{name:?} is no name of a variable.");
                    codes::INVALID_OPTION.error(detail)
                };
                let near = suggest::nearest(name, self.names());
                let diagnostic = suggest::with(diagnostic, near);
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.config.root.variables.keys().map(|n| &**n)
    }

    /// Those that are read without being named.
    fn auto_files(&mut self) {
        let dir = self.config.dir.clone();
        let names = self.files.list(&dir).unwrap_or_default();
        let auto =
            |n: &&String| n.ends_with(".auto.drvars.hcl") || n.ends_with(".auto.drvars.json");
        for name in names.iter().filter(auto) {
            let path = dir.join(name);
            self.file(&path.to_string_lossy(), false);
        }
    }

    fn file(&mut self, path: &str, named: bool) {
        let text = match self.files.read(Path::new(path)) {
            Ok(bytes) => bytes,
            Err(error) => {
                let detail = format!("The variables file {path} cannot be read: {error}.");
                self.diagnostics.push(codes::UNREADABLE.error(detail));
                return;
            }
        };
        self.config.digests.insert(path.to_owned(), blake3::hash(&text).to_hex().to_string());
        let (file, text) = read_text(path, &text, &mut self.config.sources, self.diagnostics);
        if path.ends_with(".json") {
            self.json(file, &text, path, named);
        } else {
            self.hcl(file, &text, path, named);
        }
    }

    fn hcl(&mut self, file: FileId, text: &str, path: &str, named: bool) {
        let body = parse_body(file, text, &mut Interner::default(), self.diagnostics);
        for block in &body.blocks {
            let detail = "A variables file holds arguments only: `name = value`.";
            self.diagnostics.push(codes::UNKNOWN_BLOCK.error(detail).at(block.ident_span));
        }
        for attribute in body.attributes {
            let place = attribute.name_span;
            if self.declared(&attribute.name, Some(place), path, named) {
                let Expr { span, .. } = attribute.expr;
                let value = constant(&attribute.expr, self.diagnostics);
                let value = value.unwrap_or_else(super::eval::unknown);
                self.assign(&attribute.name, value, span);
            }
        }
    }

    fn json(&mut self, file: FileId, text: &str, path: &str, named: bool) {
        let whole = Span { file, start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) };
        let start = Span { end: 0, ..whole };
        let detail = match from_json(text, None) {
            Ok(value) if matches!(value, Value::Object(_)) => {
                for (name, value) in value.entries().unwrap_or_default() {
                    if self.declared(name, None, path, named) {
                        self.assign(name, value.clone(), start);
                    }
                }
                return;
            }
            Ok(_) => "A variables file in JSON is an object.".to_owned(),
            Err(error) => format!("The file is not JSON: {error}."),
        };
        self.diagnostics.push(codes::INVALID_JSON.error(detail).at(start));
    }

    fn assign(&mut self, name: &Name, value: Value, span: Span) {
        self.config.assigned.entry(name.clone()).or_default().push(span);
        self.values.insert(name.clone(), Assigned { value, span: Some(span) });
    }

    /// Whether there is such a variable; a warning where there is none.
    fn declared(&mut self, name: &str, place: Option<Span>, path: &str, named: bool) -> bool {
        if self.config.root.variables.contains_key(name) {
            return true;
        }
        let how = if named { "given by `-var-file`" } else { "read without being named" };
        let detail =
            format!("The file {path} ({how}) sets {name:?}, but no variable has that name.");
        let diagnostic = codes::UNDECLARED_VARIABLE.warning(detail).at_opt(place);
        let diagnostic = suggest::with(diagnostic, suggest::nearest(name, self.names()));
        self.diagnostics.push(diagnostic);
        false
    }
}
