//! `Renderer`: templates that functions evaluate (`templatefile`, `templatestring`).

use lifeboat_sdk::{Diagnostic, Diagnostics, FileId, Name, Value};

use super::{FunctionContext, Scope, evaluate_with};
use crate::config::reference::Reference;
use crate::config::source::SourceMap;
use crate::config::syntax::{Interner, parse_template};
use crate::config::walk;
use crate::function::{TemplateError, Templates};

/// Evaluates templates with the functions of a context.
#[derive(Clone, Copy)]
pub struct Renderer<'a> {
    files: &'a dyn crate::function::Files,
    entropy: &'a dyn crate::function::Entropy,
    now: jiff::Timestamp,
    settled: bool,
}

impl<'a> Renderer<'a> {
    /// With the files, chance and time that functions in templates see.
    pub fn new(
        files: &'a dyn crate::function::Files,
        entropy: &'a dyn crate::function::Entropy,
        now: jiff::Timestamp,
        settled: bool,
    ) -> Self {
        Self { files, entropy, now, settled }
    }
}

impl Templates for Renderer<'_> {
    fn render(
        &self,
        name: &str,
        text: &str,
        variables: &[(Name, Value)],
    ) -> Result<Value, TemplateError> {
        let mut sources = SourceMap::default();
        let file = sources.add(name, text);
        let mut found = Diagnostics::new();
        let expr = parse_template(file, text, &mut Interner::default(), &mut found);
        fail(&found, &sources)?;
        let mut missing: Option<String> = None;
        walk::traversals(&expr, &mut |t| {
            if missing.is_none() && variables.iter().all(|(name, _)| *name != t.root) {
                missing = Some(t.root.to_string());
            }
        });
        if let Some(missing) = missing {
            return Err(TemplateError::Variable(missing));
        }
        let functions = FunctionContext {
            files: self.files,
            templates: self,
            entropy: self.entropy,
            now: self.now,
            settled: self.settled,
            in_template: true,
        };
        let value = evaluate_with(&expr, &Closed { functions }, variables, &mut found);
        fail(&found, &sources)?;
        Ok(value)
    }
}

/// The first error in words, with its place in the template.
fn fail(found: &Diagnostics, sources: &SourceMap) -> Result<(), TemplateError> {
    let Some(first) = found.0.first() else { return Ok(()) };
    let place = first.span.filter(|span| span.file == FileId(0));
    let place = place
        .and_then(|span| sources.range(span))
        .map_or_else(String::new, |(s, p, _)| format!("{}:{}:{}: ", s.name, p.line, p.column));
    let Diagnostic { summary, detail, .. } = first;
    Err(TemplateError::Failed(format!("{place}{summary}: {}", detail.trim_end_matches('.'))))
}

/// The scope of a template: nothing but its variables.
struct Closed<'a> {
    functions: FunctionContext<'a>,
}

impl Scope for Closed<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>> {
        let detail = "A template sees only the variables that it is given.";
        Err(Box::new(crate::config::codes::INVALID_REFERENCE.error(detail).at(reference.span)))
    }

    fn functions(&self) -> &FunctionContext<'_> {
        &self.functions
    }
}
