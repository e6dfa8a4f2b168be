//! `lifeboat state history`

use lifeboat_state::generation::{Kept, Standing};
use lifeboat_state::model::State;

use super::{options, origin};
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::engine::compare;
use crate::view::history::{self, Entry};

/// Runs `state history`. Reads what is stored; needs no key.
pub(super) async fn run(workspace: &Workspace, args: &options::History) -> Result<Exit, Exit> {
    let backend = workspace.backend().await?;
    let survey = backend.survey().await.map_err(|error| workspace.failed(&error))?;
    let runs = backend.headlines().await.map_err(|error| workspace.failed(&error))?;
    let mut entries = Vec::new();
    let mut before: Option<State> = None;
    for kept in &survey.kept {
        let Kept { serial, size, standing, .. } = kept;
        let entry = Entry { serial: *serial, size: *size, ..Entry::default() };
        let generation = match standing {
            Standing::Whole(generation) => generation,
            other => {
                entries.push(Entry { trouble: Some(trouble(other)), ..entry });
                continue;
            }
        };
        let state = match generation.sealed() {
            Ok(state) => state,
            Err(why) => {
                entries.push(Entry { trouble: Some(why.to_string()), ..entry });
                continue;
            }
        };
        let first = generation.header.previous.is_none();
        let counted = first || before.is_some();
        entries.push(Entry {
            origin: origin::of(&generation.header, &runs),
            restored: generation.header.restored,
            objects: Some(state.objects.len()),
            counts: counted.then(|| compare::counts(before.as_ref(), &state)),
            ..entry
        });
        before = Some(state);
    }
    entries.reverse();
    let text = if args.json { history::json(&entries) } else { history::text(&entries) };
    workspace.output.result(&text);
    Ok(Exit::Done)
}

/// Why a generation tells nothing.
pub(super) fn trouble(standing: &Standing) -> String {
    match standing {
        Standing::Whole(_) => String::new(),
        Standing::Late => {
            "it came from a run that had lost its lock, and does not count".to_owned()
        }
        Standing::Void => "its place was taken by a run that had lost its lock".to_owned(),
        Standing::Damaged(why) => crate::apply::chain(why),
    }
}
