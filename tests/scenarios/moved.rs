//! Machines that are lost in a promotion: the program dies at each point of it, and another machine goes
//! on in an empty folder from the bundle in the new primary. It ends where an undisturbed promotion does.
//!
//! `cargo test` dies at a few points; with `LIFEBOAT_MATRIX=full` (`cargo xtask matrix moved`) at every
//! one, with the old primary well and with it gone.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lifeboat_testbed::{Fault, Rule};

use super::bundles::{files, guard, restored};
use super::ends::End;
use super::folder::Folder;
use super::outage::full;
use super::promotion::{APPROVED, ATTESTED, EAST_FIRST, WEST_FIRST, answered};
use super::ran::tell_table;
use super::stage::{APPLY, Stage};
use super::web::{EAST, EXAMPLE, FILE, LOWERED, WEST};
use crate::language::each;

/// Whether the old primary answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Graceful,
    Ungraceful,
}

impl Mode {
    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Graceful => APPROVED.to_vec(),
            Self::Ungraceful => [APPROVED, ATTESTED].concat(),
        }
    }

    /// The points that a promotion comes by, by name.
    fn points(self) -> BTreeMap<String, usize> {
        let mut points = BTreeMap::new();
        self.play(|stage, arguments| {
            let trace = stage.folder.path().join("trace.log");
            let told = [("LIFEBOAT_CRASH_TRACE", trace.to_str().unwrap())];
            let ran = stage.start_as(arguments, &told).finish();
            stage.same(ran.code, Some(0), "an undisturbed promotion");
            for name in fs::read_to_string(&trace).unwrap().lines() {
                *points.entry(name.to_owned()).or_default() += 1;
            }
            fs::remove_file(trace).unwrap();
            stage
        });
        points
    }

    /// A promotion by whatever `promotes` types, to its end; the old primary returns, and follows.
    #[track_caller]
    fn play(self, promotes: impl FnOnce(Stage, &[&str]) -> Stage) -> End {
        let stage = Stage::new(Folder::example(EXAMPLE));
        // With a TTL that is lowered before the fence, which the plan changes twice.
        stage.folder.edit(FILE, "ttl    = \"60s\"", LOWERED);
        stage.expect(APPLY, 0);
        stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
        let gone = (self == Self::Ungraceful)
            .then(|| stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional()));
        let stage = promotes(stage, &self.arguments());
        stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
        if let Some(gone) = gone {
            stage.bed.proxy.remove(gone);
        }
        stage.expect(APPLY, 0);
        stage.expect_nothing();
        guard(&stage, WEST, 0);
        guard(&stage, EAST, 5);
        End::of(&stage)
    }

    /// Dies at a point; another machine goes on. Whether it died.
    #[track_caller]
    fn dies(self, at: &str) -> (End, bool) {
        let mut died = false;
        let end = self.play(|stage, arguments| {
            let ran = stage.start_as(arguments, &[("LIFEBOAT_CRASH_POINT", at)]).finish();
            died = ran.code.is_none();
            stage.check(died || ran.code == Some(0), "it dies there, or goes through");
            let stage = stage.elsewhere();
            let ran = restored(&stage, WEST);
            if ran.stdout.contains("A promotion is open") {
                stage.check(files(&stage).contains(WEST_FIRST), "the files name the new primary");
                let plan = stage.run(&["destroy", "-input=false", "-auto-approve"]);
                stage.same(plan.code, Some(5), "nothing else is done before");
                stage.expect(APPLY, 0);
            } else if files(&stage).contains(EAST_FIRST) {
                // Nothing had been called by then.
                stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
                stage.expect(arguments, 0);
            }
            stage
        });
        (end, died)
    }
}

/// The points to die at: every one, or one of each second name.
fn chosen(points: &BTreeMap<String, usize>) -> Vec<String> {
    let all = |(name, count): (&String, &usize)| {
        (1..=*count).map(|n| format!("{name}:{n}")).collect::<Vec<_>>()
    };
    if full() {
        return points.iter().flat_map(all).collect();
    }
    let few = points.iter().map(|(name, count)| format!("{name}:{}", count.div_ceil(2)));
    few.step_by(3).collect()
}

#[test]
fn a_promotion_whose_machine_is_lost_is_gone_on_with_by_another() {
    let mut waiting = Vec::new();
    let mut rows =
        vec![["old primary", "points", "runs", "deaths", "ended promoted"].map(str::to_owned)];
    for mode in [Mode::Graceful, Mode::Ungraceful] {
        let points = mode.points();
        let should = mode.play(|stage, arguments| {
            stage.expect(arguments, 0);
            stage
        });
        let all = chosen(&points);
        waiting.extend(all.into_iter().map(|at| (mode, at, should.clone())));
        let all = points.values().sum::<usize>().to_string();
        rows.push([format!("{mode:?}"), all, String::new(), String::new(), String::new()]);
    }
    let played = each(&waiting, |(mode, at, should)| {
        let ended = catch_unwind(AssertUnwindSafe(|| mode.dies(at)));
        let told = match &ended {
            Ok((end, _)) if end == should => None,
            Ok(_) => Some(format!("{mode:?} {at}: another end")),
            Err(panic) => Some(format!("{mode:?} {at}: {:?}", panic.downcast_ref::<String>())),
        };
        (*mode, ended.is_ok_and(|(_, died)| died), told)
    });
    for (row, mode) in rows[1..].iter_mut().zip([Mode::Graceful, Mode::Ungraceful]) {
        let mine = || played.iter().filter(|(of, ..)| *of == mode);
        let numbers = [
            mine().count(),
            mine().filter(|(_, died, _)| *died).count(),
            mine().filter(|(.., told)| told.is_none()).count(),
        ];
        for (cell, number) in row[2..].iter_mut().zip(numbers) {
            *cell = number.to_string();
        }
    }
    tell_table(&rows);
    let failed: Vec<&str> = played.iter().filter_map(|(.., told)| told.as_deref()).collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n\n"));
    let deaths = played.iter().filter(|(_, died, _)| *died).count();
    assert!(deaths * 10 >= played.len() * 9, "only {deaths} deaths in {} runs", played.len());
}
