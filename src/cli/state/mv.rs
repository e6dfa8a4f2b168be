//! `lifeboat state mv`

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::StoreBackend;
use lifeboat_state::model::{Ownership, State};
use serde_json::{Value as Json, json};

use super::change::{Changed, change};
use super::{no_object, options};
use crate::address::Address;
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::engine::surgery::{Move, Place, Refused, addresses, names};
use crate::view::escape;

/// What ownership tags say after a move.
const TAGS: &str = "The tags of what is live name the old address until the next apply.";

/// What moved.
struct Moved {
    objects: Vec<(Address, Address)>,
    tagged: bool,
}

/// Runs `state mv`.
pub(super) async fn run(
    workspace: &Workspace,
    backend: &StoreBackend,
    args: &options::Mv,
) -> Result<Exit, Exit> {
    let edit = |state: Option<&mut State>| moved(state, &args.source, &args.destination);
    let changed = change(workspace, backend, "state mv", &args.change, edit).await?;
    let Changed { what, serial } = changed;
    let text = if args.change.json { json(&what, serial) } else { text(&what, serial.is_some()) };
    workspace.output.result(&text);
    Ok(Exit::Done)
}

fn moved(state: Option<&mut State>, source: &str, to: &str) -> Result<Moved, Diagnostic> {
    let mut empty = State::new("", "");
    let state = state.unwrap_or(&mut empty);
    let objects = addresses(state);
    let place = Place::parse(source, objects.keys());
    let place = place.filter(|place| objects.keys().any(|at| place.covers(at)));
    let place = place.ok_or_else(|| no_object(source, &names(objects.keys())))?;
    let plan = Move::plan(objects.keys(), &place, to).map_err(|why| why_not(source, to, why))?;
    let tags = |at: &Address| objects.get(at).is_some_and(|it| it.ownership == Ownership::Tags);
    let tagged = plan.objects.iter().any(|(from, _)| tags(from));
    plan.carry_out(state);
    Ok(Moved { objects: plan.objects, tagged })
}

fn why_not(source: &str, to: &str, why: Refused) -> Diagnostic {
    match why {
        Refused::NoAddress => Diagnostic::error(
            "state::no_address",
            "The destination is not an address",
            format!("{to} is not an address such as aws_s3_bucket.logs[0] or module.web."),
        ),
        Refused::Same => Diagnostic::error(
            "state::move_same",
            "Nothing would move",
            format!("{source} is there already."),
        ),
        Refused::Sort { from, to: other } => Diagnostic::error(
            "state::move_sort",
            "A move keeps what a thing is",
            format!("{source} is {from} and {to} is {other}."),
        )
        .help(format!("Give the address of {from} as the destination.")),
        Refused::Type { from, to: other } => Diagnostic::error(
            "state::move_type",
            "A move keeps the type",
            format!("{source} is of the type {from}, and {to} of the type {other}."),
        ),
        Refused::Taken(at) => Diagnostic::error(
            "state::move_taken",
            "There is something at the destination",
            format!("{source} cannot move to {to}: the state has {at} there."),
        )
        .help(format!("Move {at} away first, or forget it: lifeboat state rm '{at}'.")),
        Refused::Several(count) => Diagnostic::error(
            "state::move_several",
            "Several instances cannot become one",
            format!("{source} stands for {count} objects, and {to} for one instance."),
        )
        .help("Leave the key of the destination away, or move one instance at a time."),
    }
}

fn text(moved: &Moved, done: bool) -> String {
    let verb = if done { "Move" } else { "Would move" };
    let mut out = String::new();
    for (from, to) in &moved.objects {
        let (from, to) = (escape::quoted(&from.to_string()), escape::quoted(&to.to_string()));
        out.push_str(&format!("{verb} {from} to {to}\n"));
    }
    if done {
        out.push_str(&format!("Successfully moved {} object(s).\n", moved.objects.len()));
        if moved.tagged {
            out.push_str(&format!("{TAGS}\n"));
        }
    }
    out
}

fn json(moved: &Moved, serial: Option<u64>) -> String {
    let one =
        |(from, to): &(Address, Address)| json!({ "from": from.to_string(), "to": to.to_string() });
    let document = json!({
        "format_version": "1.0",
        "dry_run": serial.is_none(),
        "serial": serial,
        "moved": moved.objects.iter().map(one).collect::<Vec<Json>>(),
    });
    format!("{document:#}\n")
}
