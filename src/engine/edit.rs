//! The edit that makes another region the primary in the files: one name, every other byte stays.

use std::path::PathBuf;
use std::time::Duration;

use lifeboat_sdk::{Diagnostic, Span, Value};

use super::load::Loaded;
use crate::config::suggest;
use crate::plan::{Act, Phase, Placed, Task, When};

/// A file with another primary in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file, from the root module.
    pub file: PathBuf,
    /// The line.
    pub line: u32,
    /// Where the name begins, in bytes.
    pub at: usize,
    /// The name that is there.
    pub from: String,
    /// The name that takes its place.
    pub to: String,
    /// Its content as it was read.
    pub before: Vec<u8>,
    /// The content with the new primary.
    pub after: Vec<u8>,
}

/// How a step is called that writes the primary into the files.
pub const PRIMARY: &str = "primary";

/// How long that may take.
const LIMIT: Duration = Duration::from_secs(10);

impl Edit {
    /// The step of a promotion that makes it, just before the fence. The plan keeps no text of the file, but
    /// how it is told whether it is still, or already, what is meant.
    pub(super) fn placed(&self) -> Placed {
        let number = |number: i64| Value::int(number);
        let digest = |bytes: &[u8]| Value::string(blake3::hash(bytes).to_hex().as_str());
        let arguments = Value::object([
            ("file".into(), Value::string(self.file.display().to_string())),
            ("line".into(), number(self.line.into())),
            ("at".into(), number(i64::try_from(self.at).unwrap_or(i64::MAX))),
            ("from".into(), Value::string(self.from.as_str())),
            ("to".into(), Value::string(self.to.as_str())),
            ("read".into(), digest(&self.before)),
            ("written".into(), digest(&self.after)),
        ]);
        let task =
            Task { about: PRIMARY.into(), arguments, limit: LIMIT, optional: false, on: None };
        Placed { phase: Phase::Fence, when: When::Last, act: Act::Edit, task }
    }
}

/// Names `region` as the primary; nothing where the files do so already.
///
/// # Errors
/// There is no such region, or nothing that can be edited.
pub fn primary(loaded: &Loaded, region: &str) -> Result<Option<Edit>, Box<Diagnostic>> {
    let Some(topology) = &loaded.topology else {
        let detail = "The files declare no topology, so there is no region to promote.";
        return Err(refused(detail).help("Run it where the topology block is.").into());
    };
    if topology.region(region).is_none() {
        let known: Vec<&str> = topology.regions.iter().map(|r| &*r.name).collect();
        let detail = format!("{region:?} is no region of the topology {}.", topology.name);
        let near = suggest::nearest(region, known.iter().copied());
        let help = format!("Its regions are {}.", known.join(", "));
        let refused = refused(&detail);
        return Err(Box::new(match near {
            Some(_) => suggest::with(refused, near),
            None => refused.help(help),
        }));
    }
    if &*topology.primary == region {
        return Ok(None);
    }
    let written = topology.declaration.written.ok_or_else(|| {
        let detail = "The primary comes from a variable that no variables file sets, so there is no \
                      line to change.";
        let help = format!("Give it the value {region:?} where it is set, and run `lifeboat apply`.");
        Box::new(refused(detail).help(help))
    })?;
    edited(loaded, written, &topology.primary, region).map(Some).ok_or_else(|| {
        let detail = "The name of the primary was not found where it is written.";
        Box::new(refused(detail).at(written).help("Edit it by hand, and run `lifeboat apply`."))
    })
}

fn edited(loaded: &Loaded, written: Span, from: &str, to: &str) -> Option<Edit> {
    let (source, start, _) = loaded.config.sources.range(written)?;
    let text = loaded.config.sources.text(written);
    // The same name is in quotes in HCL and in JSON.
    let at = written.start as usize + text.find(&format!("\"{from}\""))? + 1;
    let (head, rest) = (source.text.get(..at)?, source.text.get(at + from.len()..)?);
    Some(Edit {
        file: PathBuf::from(&*source.name),
        line: start.line,
        at,
        from: from.to_owned(),
        to: to.to_owned(),
        before: source.text.as_bytes().to_vec(),
        after: format!("{head}{to}{rest}").into_bytes(),
    })
}

fn refused(detail: &str) -> Diagnostic {
    Diagnostic::error("promotion::region", "This region cannot be promoted", detail)
}
