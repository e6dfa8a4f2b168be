//! Errors of state and of plan files as diagnostics: a title, what happened, and the command that
//! helps.

use std::error::Error;
use std::path::Path;

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::generation::{Damage, GenerationError};
use lifeboat_state::lock::{LockError, LockGuard};

use crate::address::Address;
use crate::apply::{Outcome, RunEnding, chain};
use crate::plan::file::PlanFileError;

/// What is told of an error of state; nothing where it is another one.
pub fn of_state(error: &(dyn Error + 'static)) -> Option<Diagnostic> {
    let error = error.downcast_ref::<BackendError>()?;
    if is_lost(error) {
        return Some(lost());
    }
    let generation = match error {
        BackendError::Generation(error) | BackendError::Lock(LockError::Generation(error)) => error,
        BackendError::Lock(_) => return None,
        _ => return Some(unusable(error)),
    };
    Some(match generation {
        GenerationError::Newer { .. }
        | GenerationError::Damaged { why: Damage::Newer { .. }, .. } => Diagnostic::error(
            "state::newer",
            "A newer lifeboat wrote the state",
            format!("{}.", chain(error)),
        )
        .help("Use the version of lifeboat that wrote it, or a newer one."),
        GenerationError::Damaged { serial, why, offer } => {
            let detail = format!("Generation {serial} of the state: {}.", chain(why));
            let damaged = Diagnostic::error("state::damaged", "The state is damaged", detail);
            match offer {
                Some(serial) => damaged.help(format!(
                    "Generation {serial} is whole. `lifeboat state restore {serial}` takes it \
                     back; `lifeboat plan` then shows what has changed since."
                )),
                None => {
                    damaged.help("No other generation is whole: put .lifeboat back from a backup.")
                }
            }
        }
        _ => unusable(error),
    })
}

fn unusable(error: &BackendError) -> Diagnostic {
    Diagnostic::error("state::unusable", "The state cannot be used", format!("{}.", chain(error)))
}

/// Whether the lock was taken away from this run.
pub fn is_lost(error: &BackendError) -> bool {
    matches!(
        error,
        BackendError::Lock(LockError::Lost { .. })
            | BackendError::Generation(GenerationError::LockLost { .. })
    )
}

fn lost() -> Diagnostic {
    Diagnostic::error(
        "state::lock_lost",
        "The lock was taken away from this run",
        "Somebody ran `lifeboat force-unlock`. Nothing more is started or written.",
    )
    .help(AFTER_LOSS)
}

/// What to do where the lock was taken away.
const AFTER_LOSS: &str = "See that no other run is under way, then run `lifeboat apply` again: \
                              it reads what this run left in doubt and goes on.";

/// A file that was given as a plan and is none.
pub fn of_plan(path: &Path, error: &PlanFileError) -> Option<Diagnostic> {
    let PlanFileError::Damaged { why } = error else { return None };
    let path = path.display();
    let detail = format!(
        "{path} was not written by `lifeboat plan -out`, or it was cut or altered since: {why}."
    );
    let error = Diagnostic::error("plan::no_plan_file", "This is not a plan file", detail);
    Some(error.help("Make one with `lifeboat plan -out=FILE`. Without a file `lifeboat apply` plans itself, with the *.dr.hcl files of the folder."))
}

/// What is in doubt is settled by the run that began it, not by another that says what it is.
pub fn in_doubt(at: &Address, why: &str) -> Diagnostic {
    let detail = format!("An interrupted run may have made {at}: {why}.");
    Diagnostic::error("state::open_run", "An open run is not settled yet", detail)
        .help("Run `lifeboat apply`, which settles it; then run this again.")
}

/// A run that lost its lock is not helped by mending a disk.
pub async fn tell_of_lock(backend: &StoreBackend, guard: &LockGuard, outcome: &mut Outcome) {
    let stopped = matches!(outcome.ending, RunEnding::Refused | RunEnding::Unrecorded);
    if stopped && backend.verify(guard).await.is_err_and(|error| is_lost(&error)) {
        for told in outcome.diagnostics.0.iter_mut().filter(|d| d.code.starts_with("apply::")) {
            told.help = Some(AFTER_LOSS.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_taken_away_is_no_fault_of_the_state() {
        for error in [
            BackendError::from(LockError::Lost { term: 1, now: 2 }),
            BackendError::from(GenerationError::LockLost { term: 1, now: 2 }),
        ] {
            let told = of_state(&error).unwrap();
            assert_eq!(told.code, "state::lock_lost");
            assert!(told.help.is_some_and(|help| help.contains("lifeboat apply")));
        }
        assert!(of_state(&LockError::Contended).is_none());
    }
}
