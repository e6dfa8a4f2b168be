//! Writes the new primary into the files, just before the first fence: from there on the files say what is
//! meant, and until then a run that dies leaves them as they were.

use std::path::Path;

use lifeboat_sdk::{Class, Failure, Value};

use super::Deed;
use crate::replace::replace;

/// Replaces one name in a file, which is else as it was read. That it is done already is seen.
pub(super) fn write(deed: &Deed) -> Result<Value, Failure> {
    let text =
        |name: &str| deed.text(name).ok_or_else(|| failed("the plan does not say what to write"));
    let number = |name: &str| deed.task.arguments.get(name).and_then(Value::as_i64);
    let (file, from, to) = (text("file")?, text("from")?, text("to")?);
    let at = number("at").and_then(|at| usize::try_from(at).ok());
    let path = deed.root.join(Path::new(file));
    let told = |why: std::io::Error| failed(&format!("{file}: {why}"));
    let now = std::fs::read(&path).map_err(told)?;
    let digest = blake3::hash(&now).to_hex();
    if digest.as_str() != text("written")? {
        let written = at.filter(|_| text("read") == Ok(digest.as_str())).and_then(|at| {
            let (head, rest) = (now.get(..at)?, now.get(at + from.len()..)?);
            Some([head, to.as_bytes(), rest].concat())
        });
        let changed = || failed(&format!("{file}: it was changed since the plan was made"));
        replace(&path, &written.ok_or_else(changed)?).map_err(told)?;
    }
    let line = number("line").unwrap_or_default();
    let how = format!("Wrote the primary into {file}, line {line}: commit it.");
    Ok(Value::object([("how".into(), Value::string(how))]))
}

fn failed(why: &str) -> Failure {
    Failure::new(Class::Other, why)
}
