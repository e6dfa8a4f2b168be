//! The crash sweep: the program dies at each point of an apply, a destroy, of imports and of a
//! promotion, and the next run ends where an undisturbed one does, with the same objects and the same
//! state.
//!
//! A recording pass tells which points there are. `cargo test` dies once at a point of each name;
//! with `LIFEBOAT_MATRIX=full` (`cargo xtask matrix`) at every one, and then in the recovery too.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::ends::End;
use super::outage::full;
use super::promotion;
use super::ran::{Ran, tell_table};
use super::stage::{APPLY, Stage};
use super::web::{self, EAST};
use crate::language::each;

/// Objects of all sorts: with names of their own, with names that the server gives, changed in
/// batches, settings of others, and one that is nowhere but in state.
const FILES: &str = r#"
provider "aws" {
  region = "us-east-1"
}
resource "aws_s3_bucket" "logs" {
  for_each = toset(["us-east-1", "us-west-2"])
  region   = each.key
  bucket   = "crash-logs-${each.key}"
}
resource "aws_s3_bucket_versioning" "logs" {
  for_each = aws_s3_bucket.logs
  region   = each.key
  bucket   = each.value.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_iam_role" "logs" {
  name               = "crash-logs"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_route53_zone" "web" {
  name = "crash.example.com"
}
resource "aws_route53_health_check" "web" {
  type = "HTTPS"
  fqdn = "web.crash.example.com"
  port = 443
}
resource "aws_route53_record" "web" {
  count           = 2
  zone_id         = aws_route53_zone.web.zone_id
  name            = "web.crash.example.com"
  type            = "A"
  ttl             = 60
  records         = ["192.0.2.${count.index + 1}"]
  set_identifier  = ["primary", "secondary"][count.index]
  health_check_id = aws_route53_health_check.web.id
  failover_routing_policy {
    type = ["PRIMARY", "SECONDARY"][count.index]
  }
}
resource "terraform_data" "note" {
  input      = "made after the zone"
  depends_on = [aws_route53_zone.web]
}
"#;

/// Two buckets that others made.
const IMPORTS: &str = r#"
provider "aws" {
  region = "us-east-1"
}
import {
  for_each = toset(["one", "two"])
  to       = aws_s3_bucket.old[each.key]
  id       = "crash-${each.key}"
}
resource "aws_s3_bucket" "old" {
  for_each = toset(["one", "two"])
  bucket   = "crash-${each.key}"
}
resource "aws_s3_bucket_versioning" "old" {
  for_each = aws_s3_bucket.old
  bucket   = each.value.id
  versioning_configuration {
    status = "Enabled"
  }
}
"#;

/// One of them, to be taken in by the command.
const ONE: &str = r#"
provider "aws" {
  region = "us-east-1"
}
resource "aws_s3_bucket" "old" {
  bucket = "crash-one"
}
"#;

/// The command that takes it in.
const TAKE: &[&str] = &["import", "-input=false", "aws_s3_bucket.old", "crash-one"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Apply,
    Destroy,
    /// By `import` blocks.
    Import,
    /// By the command `import`.
    Take,
    /// Another region becomes the primary.
    Promote,
}

/// Where the program dies: at the count-th point of this name.
type Point = (String, usize);

/// One death, and perhaps a second one in the recovery.
#[derive(Clone, Debug)]
struct Cell {
    verb: Verb,
    deaths: Vec<Point>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deaths: Vec<_> = self.deaths.iter().map(|(name, n)| format!("{name}:{n}")).collect();
        write!(f, "{:?} at {}", self.verb, deaths.join(", then at "))
    }
}

/// What a cell came to.
#[derive(Clone, Copy, Debug)]
struct Played {
    /// How often the program died.
    deaths: usize,
    /// Objects on the servers that no undisturbed run leaves: made twice, or forgotten.
    extra: usize,
    /// Objects that an undisturbed run leaves and this one did not.
    missing: usize,
    /// Whether objects and state are those of an undisturbed run.
    same: bool,
}

/// A cell that could not be played to its end says why.
type Outcome = Result<Played, String>;

impl Verb {
    /// The stage, with what must be there before.
    #[track_caller]
    fn stage(self) -> Stage {
        let stage = match self {
            Self::Apply | Self::Destroy => Stage::of(FILES),
            Self::Import => Stage::of(IMPORTS),
            Self::Take => Stage::of(ONE),
            Self::Promote => promotion::ready(),
        };
        match self {
            Self::Apply | Self::Promote => {}
            Self::Destroy => drop(stage.expect(APPLY, 0)),
            Self::Import | Self::Take => {
                for name in ["crash-one", "crash-two"] {
                    stage.bed.aws().create_bucket(EAST, name).unwrap();
                }
            }
        }
        stage
    }

    /// The command line, with the consent that it needs now.
    #[track_caller]
    fn arguments(self, stage: &Stage) -> Vec<String> {
        let command = match self {
            Self::Take => TAKE,
            Self::Promote => promotion::APPROVED,
            Self::Apply | Self::Destroy | Self::Import => APPLY,
        };
        let mut arguments: Vec<String> = command.iter().map(|text| (*text).to_owned()).collect();
        if self == Self::Destroy {
            "destroy".clone_into(&mut arguments[0]);
            let plan = stage.run(&["plan", "-destroy", "-input=false"]);
            if plan.code != Some(0) {
                stage.check(plan.code == Some(5), "planned, or refused by the guard");
                arguments.push(web::allowance(&plan.said()));
            }
        }
        arguments
    }

    /// Runs it to its end.
    #[track_caller]
    fn finish(self, stage: &Stage) {
        if self == Self::Destroy {
            web::destroyed(stage);
        } else {
            if self == Self::Take {
                stage.check(self.is_done(&stage.run(TAKE)), "it is taken in, or was before");
            }
            if self == Self::Promote {
                // Which goes on with it, or re-protects where it was over.
                stage.expect(promotion::APPROVED, 0);
            }
            stage.expect(APPLY, 0);
            stage.expect_nothing();
        }
    }

    /// Whether a run went through; a second import finds what the first has taken in.
    fn is_done(self, ran: &Ran) -> bool {
        let again = self == Self::Take && ran.stderr.contains("engine::import_managed");
        ran.code == Some(0) || (again && ran.code == Some(1))
    }

    /// The points that a run comes by, by name.
    fn points(self) -> BTreeMap<String, usize> {
        let stage = self.stage();
        let trace = stage.folder.path().join("trace.log");
        let arguments = self.arguments(&stage);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let told = [("LIFEBOAT_CRASH_TRACE", trace.to_str().unwrap())];
        let ran = stage.start_as(&arguments, &told).finish();
        stage.same(ran.code, Some(0), "an undisturbed run");
        let mut points = BTreeMap::new();
        for name in fs::read_to_string(trace).unwrap().lines() {
            *points.entry(name.to_owned()).or_default() += 1;
        }
        points
    }
}

impl Cell {
    /// Dies as told, then runs undisturbed; what is there must be what should be.
    fn play(&self, should: &End) -> Played {
        let stage = self.verb.stage();
        let mut deaths = 0;
        for (name, count) in &self.deaths {
            let arguments = self.verb.arguments(&stage);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let at = format!("{name}:{count}");
            let ran = stage.start_as(&arguments, &[("LIFEBOAT_CRASH_POINT", &at)]).finish();
            // Which steps share a wave is a matter of time, so that a run may come by fewer
            // points than the recorded one.
            let ended = ran.code.is_none() || self.verb.is_done(&ran);
            stage.check(ended, "it dies there, or goes through");
            deaths += usize::from(ran.code.is_none());
        }
        self.verb.finish(&stage);
        let end = End::of(&stage);
        let same = end == *should;
        Played { deaths, extra: end.extra(should), missing: should.extra(&end), same }
    }
}

/// The deaths to die: every point, and each name in the recovery; or one point of each name, early
/// enough that a run with fewer waves comes by, too.
fn cells(verb: Verb, points: &BTreeMap<String, usize>) -> Vec<Cell> {
    let few = points.iter().map(|(name, count)| (name.clone(), count.div_ceil(3)));
    if !full() {
        let few = few.map(|point| Cell { verb, deaths: vec![point] });
        // Every name with one command, and a few with the others.
        return few.step_by(if verb == Verb::Apply { 1 } else { 3 }).collect();
    }
    let all = points.iter().flat_map(|(name, count)| (1..=*count).map(|n| (name.clone(), n)));
    let mut cells: Vec<Cell> = all.map(|point| Cell { verb, deaths: vec![point] }).collect();
    for first in few {
        let again = points.keys().map(|name| vec![first.clone(), (name.clone(), 1)]);
        cells.extend(again.map(|deaths| Cell { verb, deaths }));
    }
    cells
}

#[test]
fn a_run_that_dies_at_any_point_is_finished_by_the_next() {
    let mut sweeps = Vec::new();
    let mut waiting = Vec::new();
    for verb in [Verb::Apply, Verb::Destroy, Verb::Import, Verb::Take, Verb::Promote] {
        let points = verb.points();
        let undisturbed = verb.stage();
        verb.finish(&undisturbed);
        let should = End::of(&undisturbed);
        let cells = cells(verb, &points);
        sweeps.push((verb, points.values().sum::<usize>()));
        waiting.extend(cells.into_iter().map(|cell| (cell, should.clone())));
    }
    let played: Vec<(Cell, Outcome)> = each(&waiting, |(cell, should)| {
        let outcome = catch_unwind(AssertUnwindSafe(|| cell.play(should)));
        let outcome = outcome.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.unwrap_or_else(|| "it failed without words".to_owned())
        });
        (cell.clone(), outcome)
    });
    show(&sweeps, &played);
    let failed = |(cell, outcome): &(Cell, Outcome)| match outcome {
        Ok(played) if played.same => None,
        Ok(played) => Some(format!("{cell}: {played:?}")),
        Err(why) => Some(format!("{cell}: {why}")),
    };
    let failed: Vec<String> = played.iter().filter_map(failed).collect();
    assert!(failed.is_empty(), "{} runs failed:\n{}", failed.len(), failed.join("\n\n"));
    let deaths: usize = played.iter().flat_map(|(_, outcome)| outcome).map(|p| p.deaths).sum();
    assert!(deaths * 10 >= played.len() * 9, "only {deaths} deaths in {} runs", played.len());
}

/// Writes the table to standard error, past the test harness.
fn show(sweeps: &[(Verb, usize)], played: &[(Cell, Outcome)]) {
    let heads = ["run", "points", "runs", "deaths", "resumed", "failed", "extra", "missing"];
    let mut rows = vec![heads.map(str::to_owned)];
    for (verb, points) in sweeps {
        let mine = || played.iter().filter(|(cell, _)| cell.verb == *verb);
        let runs = mine().count();
        let resumed = mine().filter(|(_, o)| o.as_ref().is_ok_and(|played| played.same)).count();
        let sum = |of: fn(&Played) -> usize| mine().flat_map(|(_, o)| o).map(of).sum::<usize>();
        let deaths = sum(|played| played.deaths);
        let (extra, missing) = (sum(|played| played.extra), sum(|played| played.missing));
        let numbers = [*points, runs, deaths, resumed, runs - resumed, extra, missing];
        let mut row = vec![format!("{verb:?}")];
        row.extend(numbers.map(|number| number.to_string()));
        rows.extend(<[String; 8]>::try_from(row));
    }
    tell_table(&rows);
}
