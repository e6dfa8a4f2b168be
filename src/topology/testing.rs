//! Short ways to read and expand a text, for tests of this stage and of the next.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Severity, Value};

use super::{Topology, build};
use crate::address::{Address, ModulePath};
use crate::config::{self, ResourceKey, files, variable};
use crate::desired::{Desired, Planned, Synthetic, Template, blocks};
use crate::evaluation::Environment;
use crate::evaluation::Resources;
use crate::function::{
    Context, Entropy, FileError, FileKind, Files, Listed, TemplateError, Templates,
};

/// One file.
struct Text<'t>(&'t str);

impl files::Files for Text<'_> {
    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<String>> {
        Ok(vec!["main.dr.hcl".to_owned()])
    }
}

/// Nothing from outside.
struct Nothing;

impl Files for Nothing {
    fn read(&self, _path: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }

    fn kind(&self, _path: &str) -> Result<Option<FileKind>, FileError> {
        Ok(None)
    }

    fn list(&self, _folder: &str) -> Result<Vec<Listed>, FileError> {
        Err(FileError::NotFound)
    }

    fn current_folder(&self) -> String {
        String::new()
    }

    fn home(&self) -> Option<String> {
        None
    }
}

impl Templates for Nothing {
    fn render(
        &self,
        _name: &str,
        _text: &str,
        _variables: &[(Name, Value)],
    ) -> Result<Value, TemplateError> {
        Err(TemplateError::Failed("there are no templates here".into()))
    }
}

impl Entropy for Nothing {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

impl Resources for Nothing {
    fn resource(&self, _: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        Err(Box::new(super::codes::NOT_STATIC.error(format!("{key} is not planned"))))
    }

    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        Err(Box::new(super::codes::NOT_STATIC.error(format!("{kind}.{name} is not planned"))))
    }

    fn object(&self, _: &Address) -> Option<Value> {
        None
    }
}

/// What a text declares.
pub(crate) struct Read {
    pub(crate) topology: Option<Topology>,
    pub(crate) synthetics: Vec<Synthetic>,
    pub(crate) found: Diagnostics,
    text: String,
}

/// Reads and expands a text.
pub(crate) fn read(text: &str) -> Read {
    let files = Text(text);
    let (config, mut found) = config::load(&files, Path::new(""));
    let (variables, config) = variable::resolve(config, &files, &[], &BTreeMap::new(), &mut found);
    let context = Context {
        files: &Nothing,
        templates: &Nothing,
        entropy: &Nothing,
        now: jiff::Timestamp::UNIX_EPOCH,
        settled: false,
        in_template: false,
    };
    let environment = Environment::new(&config, &variables, &context, &Nothing);
    let (topology, more) = build(&config, &environment);
    found.extend(more);
    found.extend(environment.take());
    let synthetics = topology.as_ref().map(|t| blocks::expand(t).0).unwrap_or_default();
    found.extend(Desired::of(&config, synthetics.clone()).1);
    found.sort();
    Read { topology, synthetics, found, text: text.to_owned() }
}

impl Read {
    /// The problems: `error topology::x at "text": detail | help`.
    pub(crate) fn problems(&self) -> Vec<String> {
        let one = |d: &Diagnostic| {
            let severity = if d.severity == Severity::Error { "error" } else { "warning" };
            let at = d.span.map_or("", |s| {
                let (start, end) = (s.start as usize, s.end as usize);
                self.text.get(start..end).unwrap_or("?")
            });
            let help = d.help.as_deref().unwrap_or("");
            format!("{severity} {} at {at:?}: {} | {help}", d.code, d.detail)
        };
        self.found.0.iter().map(one).collect()
    }

    /// Severity and code of each problem.
    pub(crate) fn codes(&self) -> Vec<String> {
        let short = |text: String| text.split(" at ").next().unwrap_or_default().to_owned();
        self.problems().into_iter().map(short).collect()
    }

    /// The object at an address.
    pub(crate) fn object(&self, address: &str) -> Option<&Planned> {
        let address = Address::parse(address)?;
        let synthetic = self.synthetics.iter().find(|s| s.address == address.whole())?;
        synthetic.instances.get(address.key.as_ref()?)
    }

    /// An attribute of the object at an address, in words.
    pub(crate) fn attribute(&self, address: &str, name: &str) -> String {
        let planned = self.object(address);
        let found = planned.and_then(|p| p.document.iter().find(|(n, _)| &**n == name));
        found.map_or_else(|| "none".to_owned(), |(_, template)| shown(template))
    }

    /// The addresses of all objects.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let all = self.synthetics.iter().flat_map(|s| {
            s.instances.keys().map(|key| s.address.instance(Some(key.clone())).to_string())
        });
        all.collect()
    }
}

/// A template in words.
pub(crate) fn shown(template: &Template) -> String {
    let json = |v: &Value| lifeboat_sdk::value::json::to_json(v).unwrap_or_default();
    match template {
        Template::Value(value) => json(value),
        Template::Expr(_) => "an expression".to_owned(),
        Template::Ref(address, path) => format!("{address}.{path}"),
        Template::Object(parts) | Template::Map(parts) => {
            let parts: Vec<String> =
                parts.iter().map(|(name, t)| format!("{name}={}", shown(t))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Template::List(parts) | Template::Join(parts) => {
            let parts: Vec<String> = parts.iter().map(shown).collect();
            format!("[{}]", parts.join(", "))
        }
        Template::Json(inner) => format!("json {}", shown(inner)),
        Template::Standing(name) => format!("standing.{name}"),
    }
}

/// A topology of two regions, before the text of a test.
pub(crate) const TWO: &str = r#"
topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
"#;

/// Reads a text after [`TWO`].
pub(crate) fn two(text: &str) -> Read {
    read(&format!("{TWO}{text}"))
}
