//! `lifeboat state rm`

use std::collections::BTreeMap;

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::StoreBackend;
use lifeboat_state::model::{Mode, Ownership, State};
use serde_json::json;

use super::change::{Changed, change};
use super::{no_object, options};
use crate::address::Address;
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::engine::surgery::{Place, addresses, names};
use crate::view::escape;

/// What becomes of objects that are known to be ours without state.
const STAY: &str = "What is live stays, with its ownership tags: an apply of files that still \
                    declare it takes it over again.";

/// What was forgotten.
struct Forgotten {
    /// Each object with the keys of its deposed predecessors.
    objects: BTreeMap<Address, Vec<String>>,
    /// Whether something of it can be told to be ours without state.
    owned: bool,
}

/// Runs `state rm`.
pub(super) async fn run(
    workspace: &Workspace,
    backend: &StoreBackend,
    args: &options::Rm,
) -> Result<Exit, Exit> {
    let edit = |state: Option<&mut State>| forgotten(state, &args.addresses);
    let changed = change(workspace, backend, "state rm", &args.change, edit).await?;
    let Changed { what, serial } = changed;
    let text = if args.change.json { json(&what, serial) } else { text(&what, serial.is_some()) };
    workspace.output.result(&text);
    Ok(Exit::Done)
}

/// Forgets what all the addresses stand for, or nothing.
fn forgotten(state: Option<&mut State>, typed: &[String]) -> Result<Forgotten, Diagnostic> {
    let mut empty = State::new("", "");
    let state = state.unwrap_or(&mut empty);
    let objects = addresses(state);
    let (mut gone, mut owned) = (BTreeMap::new(), false);
    for text in typed {
        let place = Place::parse(text, objects.keys());
        let covered = |at: &&Address| place.as_ref().is_some_and(|place| place.covers(at));
        let mut found = objects.iter().filter(|(at, _)| covered(at)).peekable();
        if found.peek().is_none() {
            return Err(no_object(text, &names(objects.keys())));
        }
        for (at, object) in found {
            let deposed = object.deposed.iter().map(|old| old.key.clone()).collect();
            gone.insert(at.clone(), deposed);
            let known = matches!(object.ownership, Ownership::Tags | Ownership::Parent);
            owned |= known && object.mode == Mode::Managed;
        }
    }
    state.objects.retain(|text, _| Address::parse(text).is_none_or(|at| !gone.contains_key(&at)));
    Ok(Forgotten { objects: gone, owned })
}

fn text(gone: &Forgotten, done: bool) -> String {
    let verb = if done { "Removed" } else { "Would remove" };
    let mut out = String::new();
    for (at, deposed) in &gone.objects {
        let at = escape::line(&at.to_string());
        out.push_str(&format!("{verb} {at}\n"));
        for key in deposed {
            out.push_str(&format!("{verb} {at} (deposed object {})\n", escape::line(key)));
        }
    }
    if done {
        let count = gone.objects.len();
        out.push_str(&format!("Successfully removed {count} resource instance(s).\n"));
        if gone.owned {
            out.push_str(&format!("{STAY}\n"));
        }
    }
    out
}

fn json(gone: &Forgotten, serial: Option<u64>) -> String {
    let removed: Vec<String> = gone.objects.keys().map(ToString::to_string).collect();
    let document = json!({
        "format_version": "1.0",
        "dry_run": serial.is_none(),
        "serial": serial,
        "removed": removed,
    });
    format!("{document:#}\n")
}
