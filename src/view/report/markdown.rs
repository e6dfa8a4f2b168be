//! The report as Markdown: what came of it, what was measured, who wanted it, the timeline, what
//! stands behind it, and what is left to do.

use lifeboat_state::model::{Passage, Resolver};

use super::{Report, loss, resolvers, rto, spent};
use crate::engine::measured::{Measured, Reached, Standing, Told};
use crate::topology::objective::Objective;
use crate::view::markdown::{Page, block, code, unprotected};

/// The page.
pub(super) fn page(report: &Report<'_>) -> String {
    let mut page = Page::default();
    match &report.promotion {
        Some(measured) => promotion(measured, &report.objective, &mut page),
        None => page.add("### lifeboat report: nothing has been promoted yet\n\n"),
    }
    if !report.is_earlier() {
        left(report, &mut page);
    }
    let other = |it: &&Passage| {
        let what = format!("{} in place of {}", code(&it.to), code(&it.from));
        vec![it.epoch.to_string(), what, code(&format!("lifeboat report -epoch={}", it.epoch))]
    };
    let rows: Vec<Vec<String>> = report.others.iter().map(other).collect();
    page.table(&["epoch", "other promotions that are kept", ""], &rows, "promotions");
    if let Some(measured) = &report.promotion {
        let wrote: Vec<String> = measured.told.iter().filter_map(output).collect();
        page.parts(wrote.into_iter());
    }
    page.text()
}

fn promotion(measured: &Measured<'_>, objective: &Objective, page: &mut Page) {
    let passage = measured.passage;
    let (from, to, epoch) = (code(&passage.from), code(&passage.to), passage.epoch);
    let missed = measured.in_time(objective) == Some(false);
    let (sign, what) = match measured.standing {
        Standing::Open => ("⚠️", "is open"),
        Standing::GivenUp => ("⚠️", "was given up"),
        Standing::Over if missed => ("❌", "is done"),
        Standing::Over => ("✅", "is done"),
    };
    page.add(&format!(
        "### {sign} lifeboat report: the promotion of {to} in place of {from}, epoch {epoch}, {what}\n\n"
    ));
    if measured.standing == Standing::Open {
        let stage = measured.stage(None, None).word();
        page.add(&format!("It is {stage}; `lifeboat apply` goes on with it.\n\n"));
    }
    page.table(&["", "measured"], &figures(measured, objective), "figures");
    let word = |(name, value): (&String, &String)| vec![approved(name), code(value)];
    let rows: Vec<Vec<String>> = passage.approval.iter().map(word).collect();
    page.table(&["approval", ""], &rows, "words");
    page.table(&["when", "phase", "what", "took"], &timeline(measured), "moments");
    let rows: Vec<_> = measured.seen.iter().flat_map(|seen| seen.resolvers).map(asked).collect();
    page.table(&["resolver", "answered with", "since", "may until"], &rows, "resolvers");
    let rows: Vec<_> = passage.owed.iter().map(|fence| vec![code(fence)]).collect();
    page.table(&["fences that could not be placed"], &rows, "fences");
    let rows: Vec<_> = passage.left_out.iter().map(|hook| vec![code(hook)]).collect();
    page.table(&["left out, because it needs the region that was left"], &rows, "hooks");
}

/// What was measured, against what is declared.
fn figures(measured: &Measured<'_>, objective: &Objective) -> Vec<Vec<String>> {
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let passage = measured.passage;
    let mut rows = vec![row("mode", code(&passage.mode))];
    if let Some(begun) = measured.begun() {
        let ended = measured.ended().map(|ended| format!(" to {}", code(ended)));
        let otherwise = match measured.standing {
            Standing::GivenUp => ", given up",
            Standing::Open | Standing::Over => ", not ended",
        };
        let ended = ended.unwrap_or_else(|| otherwise.to_owned());
        rows.push(row("from", format!("{}{ended}", code(begun))));
    }
    let time = rto(measured, objective).unwrap_or_else(|| {
        let why = match measured.by_hand() {
            Some(_) => "not measured: people made it by hand, in whole or in part",
            None => "traffic was not switched",
        };
        why.to_owned()
    });
    rows.push(row("RTO", time));
    let against = match (&objective.rpo, measured.loss) {
        (Some(rpo), _) if measured.within(objective) == Some(true) => {
            format!(", within the objective of {}", rpo.text)
        }
        (Some(rpo), _) => format!(" (the objective is {})", rpo.text),
        (None, _) => String::new(),
    };
    rows.push(row("RPO", format!("{}{against}", loss(measured))));
    if let Some(still) = measured.still {
        rows.push(row("without writes", format!("at most {}", spent(still))));
    }
    for seen in &measured.seen {
        rows.push(row(&code(seen.about), code(&resolvers(seen, passage))));
    }
    rows
}

/// What a part of an approval is, for people.
fn approved(name: &str) -> String {
    match name {
        "by" => "typed by".to_owned(),
        "signers" => "signed by".to_owned(),
        "attested" => "attested to be down".to_owned(),
        "reason" => "reason".to_owned(),
        "accepted_loss" => "loss that was accepted".to_owned(),
        "loss_bound" => "what could be lost at most".to_owned(),
        "loss" => "of which".to_owned(),
        "since" => "no writes since".to_owned(),
        "by_hand" => "made by hand before, and".to_owned(),
        "unproven" => "copies of which nobody proved that they hold all".to_owned(),
        "break_glass" => "without enough approvers".to_owned(),
        other => code(other),
    }
}

/// What ended when: steps without objects in the phases in which they ran, and the phases.
fn timeline(measured: &Measured<'_>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut told = measured.told.iter().peekable();
    for reached in &measured.reached {
        while let Some(told) = told.next_if(|told| told.is_before(reached)) {
            rows.push(step(told));
        }
        rows.push(phase(reached));
    }
    rows.extend(told.map(step));
    rows
}

fn phase(Reached { phase, at, took }: &Reached) -> Vec<String> {
    let took = took.map(spent).unwrap_or_default();
    vec![code(at), format!("**{}**", phase.word()), "over".to_owned(), took]
}

fn step(Told { about, line, evidence }: &Told<'_>) -> Vec<String> {
    let compared = evidence.compared.map(|count| format!(", {count} compared"));
    let failed = if evidence.failed { "**failed** " } else { "" };
    let what = format!(
        "{} {}: {failed}{}{}",
        code(&evidence.act),
        code(about),
        code(line),
        compared.unwrap_or_default()
    );
    vec![code(&evidence.at), code(&evidence.phase), what, String::new()]
}

/// What a resolver was seen to answer after the switch.
fn asked(Resolver { at, region, moved, until, unknown }: &Resolver) -> Vec<String> {
    let or_none = |text: &Option<String>| text.as_deref().map(code).unwrap_or_default();
    let told = region.as_deref().map(code);
    let told = told.unwrap_or_else(|| format!("not known: {}", or_none(unknown)));
    vec![code(at), told, or_none(moved), or_none(until)]
}

/// What is owed, open or unprotected now.
fn left(report: &Report<'_>, page: &mut Page) {
    if let Some(since) = report.unprotected {
        page.add(&unprotected(since));
    }
    let owed = |(address, owed): &(&str, &lifeboat_state::model::Owed)| {
        vec![code(address), code(&owed.region), code(&owed.since)]
    };
    let rows: Vec<Vec<String>> = report.owed.iter().map(owed).collect();
    page.table(&["fence that is owed", "by", "since"], &rows, "fences");
    let gate = |(block, gate): &(&str, &lifeboat_state::model::Gate)| {
        vec![code(block), code(&gate.region), code(&gate.since)]
    };
    let rows: Vec<Vec<String>> = report.gates.iter().map(gate).collect();
    page.table(&["gate that is open", "leaves", "since"], &rows, "gates");
}

/// What a command wrote.
fn output(told: &Told<'_>) -> Option<String> {
    let lines = told.evidence.output.as_ref()?.lines();
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    Some(format!("{} wrote:\n\n{}\n", code(told.about), block("text", &lines)))
}
