//! State as planning sees it: records to previous objects.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Name, Value};
use lifeboat_state::model::{Mode as RecordMode, ObjectRecord, ObjectStatus, State};

use crate::address::Address;
use crate::apply::{document, record};
use crate::builtin;
use crate::plan::resolve::Previous;

/// The objects of a state by address.
///
/// # Errors
/// A record that cannot be read: damaged, or of an address that is none.
pub fn previous(state: &State) -> Result<BTreeMap<Address, Previous>, Box<Diagnostic>> {
    let mut out = BTreeMap::new();
    for (text, stored) in &state.objects {
        let Some(address) = Address::parse(text) else {
            return Err(unreadable(text, "it is not an address"));
        };
        let object = object(stored).map_err(|why| unreadable(text, &why))?;
        out.insert(address, object);
    }
    Ok(out)
}

/// The outputs of a state.
///
/// # Errors
/// An output that cannot be read.
pub fn outputs(state: &State) -> Result<BTreeMap<Name, Value>, Box<Diagnostic>> {
    let mut out = BTreeMap::new();
    for (name, output) in &state.outputs {
        let value = document::load(&output.document).map_err(|why| unreadable(name, &why))?;
        let value = if output.sensitive { value.sensitive() } else { value };
        out.insert(Name::from(&**name), value);
    }
    Ok(out)
}

fn object(stored: &ObjectRecord) -> Result<Previous, String> {
    let remote = stored.provider != builtin::NAME;
    let mut deposed = Vec::new();
    for old in &stored.deposed {
        let id = old.identity.clone().unwrap_or_default();
        deposed.push((old.key.as_str().into(), id.into(), document::load(&old.document)?));
    }
    let document = document::load(&stored.document)?;
    let kept = stored.deposed.iter().filter(|old| old.retired.is_some());
    Ok(Previous {
        only_deposed: document.is_null(),
        document,
        id: stored.identity.as_deref().map(Name::from),
        provider: stored.provider.as_str().into(),
        scope: remote.then(|| record::scope(&stored.scope)),
        depends_on: stored.depends_on.iter().filter_map(|a| Address::parse(a)).collect(),
        tainted: stored.status == ObjectStatus::Tainted,
        incomplete: stored.status == ObjectStatus::Incomplete,

        create_before_destroy: stored.create_before_destroy,
        prevent_destroy: stored.prevent_destroy,
        operated: stored.mode == RecordMode::Operated,
        retired: kept.map(|old| old.key.as_str().into()).collect(),
        deposed,
        moved_from: None,
    })
}

fn unreadable(what: &str, why: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "state::unreadable",
            "The state cannot be read",
            format!("The record of {what} cannot be read: {why}."),
        )
        .help("Take the generation before it back: lifeboat state restore SERIAL."),
    )
}
