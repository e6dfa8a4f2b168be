//! What a person fills in: values that are secret, or not known before something is made. In the
//! commands they are variables of the shell.

use std::collections::BTreeMap;

use lifeboat_sdk::command::{has_variable, variable};
use lifeboat_sdk::schema::Attribute;
use lifeboat_sdk::{KnownDoc, Marks, Path, Type, Value};

use crate::apply::document::{for_write, remark};
use crate::refresh::compare::computed_at;

/// A value that a person fills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    /// The variable of the shell.
    pub variable: String,
    /// Which attribute it is.
    pub attribute: String,
    /// Of what.
    pub about: String,
    /// Whether it is a secret; else it is known when what comes before is done.
    pub secret: bool,
}

/// The blanks of a plan, each with one name.
#[derive(Default)]
pub(super) struct Blanks {
    names: BTreeMap<(String, String), Blank>,
    new: Vec<Blank>,
}

impl Blanks {
    /// Those that were met since this was asked last.
    pub(super) fn take(&mut self) -> Vec<Blank> {
        std::mem::take(&mut self.new)
    }

    /// A document with variables in the place of what must be filled in; what the provider tells is
    /// null. Nothing where something else than a text is missing.
    pub(super) fn fill(
        &mut self,
        attributes: &[Attribute],
        document: &Value,
        about: &str,
    ) -> Option<KnownDoc> {
        let mut whole = true;
        let marked = remark(attributes, None, document);
        let filled = marked.transform(&Path::root(), &mut |path, part| {
            let (bare, marks) = part.unmark();
            let text = match bare {
                Value::String(text) => Some(&**text),
                _ => None,
            };
            let secret = marks.contains(Marks::SENSITIVE);
            if secret && bare.is_null() {
                return Some(bare.clone());
            }
            if bare.is_unknown() && computed_at(attributes, path) {
                return None;
            }
            if secret || bare.is_unknown() {
                let fits = text.is_some() || bare.ty() == Type::String;
                whole &= fits;
                return fits.then(|| Value::string(self.name(path, about, secret)));
            }
            whole &= !text.is_some_and(has_variable);
            None
        });
        whole.then(|| for_write(attributes, &filled).ok()).flatten()
    }

    /// The text that stands for a value.
    fn name(&mut self, path: &Path, about: &str, secret: bool) -> String {
        let attribute = path.to_string();
        let key = (about.to_owned(), attribute.clone());
        if let Some(known) = self.names.get(&key) {
            if !self.new.contains(known) {
                self.new.push(known.clone());
            }
            return variable(&known.variable);
        }
        let letters = attribute.chars().map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
            _ => '_',
        });
        let base = format!("FILL_{}", letters.collect::<String>().trim_matches('_'));
        let taken = |name: &str| self.names.values().any(|blank| blank.variable == name);
        let numbered = (2_u32..).map(|n| format!("{base}_{n}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name));
        let name = name.unwrap_or(base);
        let about = about.to_owned();
        let blank = Blank { variable: name.clone(), attribute, about, secret };
        self.names.insert(key, blank.clone());
        self.new.push(blank);
        variable(&name)
    }
}
