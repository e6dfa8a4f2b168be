//! `lifeboat state check`: verifies all that is kept. Writes nothing and takes no lock.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, counted};
use lifeboat_state::backend::{
    Applied, BackendError, Inspected, LocalState, StateBackend as _, StoreBackend,
};
use lifeboat_state::generation::{Generation, GenerationError, Kept, Standing, Survey};
use lifeboat_state::journal::{JournalError, Run, RunId, RunStatus, replay};
use lifeboat_state::secret::SecretError;

use super::{history, options};
use crate::apply::chain;
use crate::cli::exit::Exit;
use crate::cli::failure;
use crate::cli::workspace::{FOLDER, Workspace};
use crate::engine::stored;
use crate::registry::Providers;
use crate::view::check::{Part, Report, json, text};

/// Runs `state check`: 0 all well, 1 damage.
pub(super) async fn run(workspace: &Workspace, args: &options::Check) -> Result<Exit, Exit> {
    let opened = LocalState::inspect(&workspace.root.join(FOLDER)).await;
    let Inspected { backend, key, exposed } = opened.map_err(|error| workspace.failed(&error))?;
    let check = Check { workspace, backend: &backend };
    let report = check.all(key, exposed).await?;
    workspace.tell(&report.found);
    let text = if args.json { json(&report) } else { text(&report) };
    workspace.output.result(&text);
    Ok(if report.found.has_errors() { Exit::Error } else { Exit::Done })
}

struct Check<'a> {
    workspace: &'a Workspace,
    backend: &'a StoreBackend,
}

impl Check<'_> {
    async fn all(&self, key: Result<(), SecretError>, exposed: bool) -> Result<Report, Exit> {
        let failed = |error: BackendError| self.workspace.failed(&error);
        let survey = self.backend.survey().await.map_err(failed)?;
        let mut report = Report {
            lineage: survey.whole().next_back().map(|newest| newest.header.lineage.clone()),
            good: survey.whole().next_back().map(|newest| newest.header.serial),
            ..Report::default()
        };
        let told = self.head(&mut report).await;
        let mut needed = Needed::default();
        self.generations(&survey, told, &mut report, &mut needed);
        let runs = self.journals(&mut report, &mut needed).await?;
        self.lock(&survey, &mut report).await;
        self.key(key, exposed, &needed, &mut report);
        let applied = self.backend.applied_plans().await.map_err(failed)?;
        plans(&applied, &runs, &mut report);
        Ok(report)
    }

    /// What commands that read the state find; the generation that stops them.
    async fn head(&self, report: &mut Report) -> Option<u64> {
        let loaded = match self.backend.load().await {
            Ok(loaded) => loaded?,
            Err(error) => {
                let (stops, offer) = match &error {
                    BackendError::Generation(error) => match error {
                        GenerationError::Damaged { serial, offer, .. } => (*serial, *offer),
                        GenerationError::Newer { serial, .. } => (*serial, None),
                        // Told with the lock and with the key.
                        _ => return None,
                    },
                    _ => return None,
                };
                report.offer = offer;
                report.found.0.extend(failure::of_state(&error));
                return Some(stops);
            }
        };
        report.newest = Some(loaded.head.serial);
        let readable = stored::previous(&loaded.state).map(drop);
        let readable = readable.and_then(|()| stored::outputs(&loaded.state).map(drop));
        if let Err(why) = readable {
            report.found.push(*why);
            return None;
        }
        // What folding the open runs in finds; their journals are looked at by themselves.
        let opener = self.workspace.opener(self.backend, &Providers::default());
        let open = |bytes: &[u8]| opener.open(bytes);
        if let Ok(known) = crate::apply::known(self.backend, &Providers::default(), &open).await {
            let others = known.diagnostics.0.into_iter().filter(|it| it.code != "apply::journal");
            report.found.0.extend(others);
        }
        None
    }

    /// Every generation; `told` is the one of which head and cure are told already.
    fn generations(
        &self,
        survey: &Survey,
        told: Option<u64>,
        report: &mut Report,
        needed: &mut Needed,
    ) {
        for kept in &survey.kept {
            let Kept { serial, standing, overruled_by, .. } = kept;
            let word = match (standing, overruled_by) {
                (Standing::Whole(generation), _) => match self.secrets(generation, needed) {
                    Ok(()) => ("whole", None),
                    Err(why) => {
                        report.found.push(damaged(*serial, &why));
                        ("damaged", Some(why))
                    }
                },
                (Standing::Late | Standing::Void, _) => ("void", Some(history::trouble(standing))),
                (Standing::Damaged(_), Some(by)) => {
                    let why = history::trouble(standing);
                    ("overruled", Some(format!("by generation {by}; {why}")))
                }
                (Standing::Damaged(_), None) => {
                    let why = history::trouble(standing);
                    if told != Some(*serial) {
                        report.found.push(damaged(*serial, &why));
                    }
                    ("damaged", Some(why))
                }
            };
            let (standing, detail) = word;
            report.generations.push(Part { name: serial.to_string(), standing, detail });
        }
    }

    /// Whether the sealed values of a generation open. A key that is not there is another matter.
    fn secrets(&self, generation: &Generation, needed: &mut Needed) -> Result<(), String> {
        if !generation.is_sealed() {
            return Ok(());
        }
        needed.generations += 1;
        match generation.state(&self.backend.sealer()) {
            Err(GenerationError::Secret(error)) => needed.take(error),
            Err(error) => Err(chain(&error)),
            Ok(_) => Ok(()),
        }
    }

    /// Every journal, read to its end; the runs that can be told.
    async fn journals(
        &self,
        report: &mut Report,
        needed: &mut Needed,
    ) -> Result<BTreeMap<RunId, Run>, Exit> {
        let failed = |error: BackendError| self.workspace.failed(&error);
        let mut runs = BTreeMap::new();
        for id in self.backend.runs().await.map_err(failed)? {
            let (standing, detail) = match self.backend.journal_read(&id).await {
                Err(BackendError::Journal(error)) => match error {
                    // Pruned since it was listed.
                    JournalError::NotFound { .. } => continue,
                    JournalError::Secret(error) => match needed.take(error) {
                        Ok(()) => ("sealed", Some("its key is missing".to_owned())),
                        Err(why) => ("damaged", Some(why)),
                    },
                    error => ("damaged", Some(chain(&error))),
                },
                Err(error) => return Err(failed(error)),
                Ok(recorded) if recorded.frames.is_empty() => {
                    ("void", Some("it never began".into()))
                }
                Ok(recorded) => match replay(&recorded.frames) {
                    Ok(run) => {
                        let standing = standing(&run);
                        runs.insert(id.clone(), run);
                        standing
                    }
                    Err(error) => ("damaged", Some(chain(&error))),
                },
            };
            if let ("damaged", Some(why)) = (standing, &detail) {
                report.found.push(journal(&id, why));
            }
            report.journals.push(Part { name: id.to_string(), standing, detail });
        }
        Ok(runs)
    }

    async fn lock(&self, survey: &Survey, report: &mut Report) {
        let (standing, detail) = match (&survey.record, self.backend.holder().await) {
            (Err(error), _) => {
                let why = chain(error);
                report.found.push(
                    Diagnostic::error(
                        "state::lock_damaged",
                        "The lock cannot be read",
                        format!("{why}."),
                    )
                    .help("If no lifeboat works on this state: lifeboat force-unlock"),
                );
                ("damaged", None)
            }
            (Ok(false), _) if survey.kept.is_empty() => ("free", None),
            (Ok(false), _) => {
                report.found.push(
                    Diagnostic::error(
                        "state::lock_gone",
                        "The lock record is gone",
                        "Nothing deletes it, and without it nobody can tell whether the newest \
                         generation is the last that was written.",
                    )
                    .help("See that .lifeboat/state is whole; the next apply writes a new one."),
                );
                ("gone", None)
            }
            (Ok(true), Ok(Some(holder))) => {
                let who = Some(format!("{} since {}", holder.info.who, holder.info.created));
                let host = self.workspace.lock_info("").host;
                let ended = self.backend.has_ended(&holder, &host).await.unwrap_or(false);
                (if ended { "left by a run that has ended" } else { "held" }, who)
            }
            (Ok(true), Ok(None) | Err(_)) => ("free", None),
        };
        report.lock = Part { name: String::new(), standing, detail };
    }

    fn key(
        &self,
        key: Result<(), SecretError>,
        exposed: bool,
        needed: &Needed,
        report: &mut Report,
    ) {
        let there = self.backend.sealer().has_key();
        let why = match (key, &needed.why) {
            (Err(error), _) => Some(chain(&error)),
            (Ok(()), why) => why.clone(),
        };
        let standing = match &why {
            Some(_) if there => "another one",
            Some(_) => "missing",
            None if there => "there",
            None => "not needed yet",
        };
        let sealed = counted(needed.generations, "generation");
        let opens = format!("opens the sealed values of {sealed}");
        let detail = (needed.generations > 0 && why.is_none()).then_some(opens);
        report.key = Part { name: String::new(), standing, detail };
        if let Some(why) = why {
            report.found.push(
                Diagnostic::error(
                    "state::key",
                    "The key does not open the state",
                    format!("{why}. Values of {sealed} are sealed."),
                )
                .help("Put .lifeboat/key back from a backup: nothing else opens them."),
            );
        }
        if exposed {
            report.found.push(
                Diagnostic::warning(
                    "state::key_exposed",
                    "Others can read the key",
                    "The mode of .lifeboat/key lets others read it, and with it every sensitive \
                     value of the state.",
                )
                .help("chmod 600 .lifeboat/key"),
            );
        }
    }
}

/// How far the key is needed, and why it does not do.
#[derive(Default)]
struct Needed {
    generations: usize,
    why: Option<String>,
}

impl Needed {
    /// Sorts an error out: of the key, or of the value.
    fn take(&mut self, error: SecretError) -> Result<(), String> {
        let why = chain(&error);
        match error {
            SecretError::MissingKey { .. }
            | SecretError::WrongKey { .. }
            | SecretError::BadKey { .. }
            | SecretError::NoRandom { .. }
            | SecretError::Store(_) => {
                self.why.get_or_insert(why);
                Ok(())
            }
            SecretError::Altered { .. }
            | SecretError::NotSealed { .. }
            | SecretError::BadDocument { .. } => Err(why),
        }
    }
}

fn standing(run: &Run) -> (&'static str, Option<String>) {
    match &run.ended {
        Some(_) => ("ended", None),
        None => {
            let doubt = counted(run.in_doubt().count(), "step");
            let at = &run.begin.at;
            ("open", Some(format!("since {at}, {doubt} in doubt: the next apply settles it")))
        }
    }
}

fn damaged(serial: u64, why: &str) -> Diagnostic {
    Diagnostic::error(
        "state::generation_damaged",
        "A generation of the state is damaged",
        format!("Generation {serial}: {why}."),
    )
    .help("Only `state restore`, `state diff` and `state pull -serial` would read it.")
}

fn journal(run: &RunId, why: &str) -> Diagnostic {
    Diagnostic::error("state::journal_damaged", "A journal is damaged", format!("{run}: {why}."))
        .help("Put it back from a backup; that of a run that has ended is read by `state history` only.")
}

/// The records that plans were applied: each names a run, and each run that began has one.
fn plans(applied: &[Applied], runs: &BTreeMap<RunId, Run>, report: &mut Report) {
    report.plans = applied.len();
    let mut say = |detail: String| {
        report.found.push(
            Diagnostic::error(
                "state::plan_record",
                "The record of an applied plan is damaged",
                detail,
            )
            .help("Do not apply a plan file that was applied before; make a new one."),
        );
    };
    for record in applied.iter().filter(|record| record.run.is_none()) {
        say(format!("The record of plan {} does not name its run.", record.digest));
    }
    for (id, run) in runs {
        let over = run.ended.as_ref().is_some_and(|end| end.status != RunStatus::Refused);
        let digest = &run.begin.plan_digest;
        let by = applied.iter().find(|record| record.digest == *digest);
        match by.map(|record| &record.run) {
            None if over => say(format!("That run {id} applied plan {digest} is not recorded.")),
            Some(Some(other)) if over && other != id => {
                say(format!("Plan {digest} is recorded for run {other}, but {id} applied it."));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_value_is_no_fault_of_the_key() {
        let mut needed = Needed::default();
        let place = ".lifeboat/key".to_owned();
        assert_eq!(needed.take(SecretError::MissingKey { place }), Ok(()));
        assert!(needed.why.as_ref().is_some_and(|why| why.contains(".lifeboat/key")));
        let altered = SecretError::Altered { address: "a.b".into(), path: "[]".into() };
        assert!(needed.take(altered).is_err_and(|why| why.contains("a.b")));
    }
}
