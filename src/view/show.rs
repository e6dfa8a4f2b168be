//! The state as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lifeboat_sdk::{Name, Value};

use super::escape::line;
use super::value::Lines;
use crate::address::{Address, Mode};
use crate::plan::resolve::Previous;
use crate::registry::Catalogue;

/// All objects and outputs.
pub fn state(
    objects: &BTreeMap<Address, Previous>,
    outputs: &BTreeMap<Name, Value>,
    catalogue: &Catalogue,
) -> String {
    if objects.is_empty() && outputs.is_empty() {
        return "The state is empty. No resources are represented.\n".to_owned();
    }
    let mut out = String::new();
    for (at, object) in objects {
        out.push_str(&self::object(at, object, catalogue));
        out.push('\n');
    }
    if !outputs.is_empty() {
        out.push_str("\nOutputs:\n\n");
        out.push_str(&super::outcome::outputs(outputs.iter().map(|(n, v)| (&**n, v))));
    }
    out
}

/// One object.
pub fn object(at: &Address, object: &Previous, catalogue: &Catalogue) -> String {
    let schema = match at.mode {
        Mode::Managed => catalogue.kinds.get(&*at.kind).map(|(_, k)| k.schema().attributes),
        Mode::Data => catalogue.data.get(&*at.kind).map(|(_, d)| d.schema().attributes),
    };
    let tainted = if object.incomplete {
        " (incomplete)"
    } else if object.tainted {
        " (tainted)"
    } else {
        ""
    };
    let mut out = format!("# {}:{tainted}\n", line(&at.to_string()));
    let word = if at.mode == Mode::Data { "data" } else { "resource" };
    let _ok = writeln!(out, "{word} \"{}\" \"{}\" {{", line(&at.kind), line(&at.name));
    let document = Some(&object.document);
    for entry in Lines::of(schema.unwrap_or(&[]), document, document, true, &|_| false) {
        let _ok = writeln!(out, "{}{}", " ".repeat(4 + entry.depth * 4), entry.text.trim_end());
    }
    out.push_str("}\n");
    out
}
