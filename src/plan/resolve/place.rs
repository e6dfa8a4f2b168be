//! Where a part of a document is written.

use lifeboat_sdk::value::Step as Into;
use lifeboat_sdk::{Path, Span, Value};

use crate::config::ast::{Body, Step, StepKind};

/// The place of the attribute at `path`, or of the block around it.
pub fn place(body: &Body, path: &Path) -> Option<Span> {
    let (first, rest) = path.0.split_first()?;
    let Into::Attr(name) = first else { return None };
    if let Some(attribute) = body.attribute(name) {
        return Some(attribute.expr.span());
    }
    let (index, rest) = match rest.split_first() {
        Some((Into::Index(n), rest)) => (*n, rest),
        _ => (0, rest),
    };
    let block = body.blocks_of(name).nth(index).or_else(|| body.blocks_of(name).next())?;
    place(&block.body, &Path(rest.to_vec())).or(Some(block.header))
}

/// The path that literal steps name.
pub fn value_path(steps: &[Step]) -> Path {
    Path(
        steps
            .iter()
            .map_while(|step| match &step.kind {
                StepKind::Attr(name) => Some(Into::Attr(name.clone())),
                StepKind::Key(Value::String(key)) => Some(Into::Key(key.clone())),
                StepKind::Key(key) => Some(Into::Index(usize::try_from(key.as_i64()?).ok()?)),
                StepKind::Index(_) | StepKind::Splat(_) => None,
            })
            .collect(),
    )
}
