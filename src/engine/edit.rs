//! The edit that makes another region the primary in the files: one name, every other byte stays.

use std::path::PathBuf;

use lifeboat_sdk::{Diagnostic, Span};

use super::load::Loaded;
use crate::config::suggest;

/// A file with another primary in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file, from the root module.
    pub file: PathBuf,
    /// The line.
    pub line: u32,
    /// Its content as it was read.
    pub before: Vec<u8>,
    /// The content with the new primary.
    pub after: Vec<u8>,
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
        before: source.text.as_bytes().to_vec(),
        after: format!("{head}{to}{rest}").into_bytes(),
    })
}

fn refused(detail: &str) -> Diagnostic {
    Diagnostic::error("promotion::region", "This region cannot be promoted", detail)
}
