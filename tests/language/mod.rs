//! The language against the corpus of tests/conformance: what Terraform 1.11.4 makes of it.
//!
//! `known_failures.txt` lists the cases that fail, each with its reason; it must be true.

mod console;
mod corpus;
mod expressions;
mod fmt;
mod json;
mod modules;
mod report;

pub(crate) use corpus::{copy, each};
use corpus::{hold, id, lines};

#[test]
fn expressions_have_the_values_and_errors_of_terraform() {
    let cases = lines("expressions.jsonl");
    let batches = expressions::batches(&cases);
    let verdicts = each(&batches, |batch| expressions::judge(batch)).concat();
    println!("{}", hold("expressions", &verdicts, 70));
}

#[test]
fn files_have_the_diagnostics_of_terraform() {
    let verdicts = each(&lines("diagnostics.jsonl"), expressions::diagnostics);
    println!("{}", hold("diagnostics", &verdicts, 60));
}

#[test]
fn the_console_answers_as_terraforms_does() {
    let verdicts = each(&lines("console.jsonl"), console::judge);
    println!("{}", hold("console", &verdicts, 95));
}

#[test]
fn files_are_formatted_as_terraform_does() {
    let verdicts: Vec<_> = lines("fmt.jsonl").iter().map(fmt::judge).collect();
    println!("{}", hold("fmt", &verdicts, 100));
}

#[test]
fn modules_behave_as_terraforms_do() {
    let cases = corpus::modules();
    let verdicts = each(&cases, |(case, source)| (id(case), modules::judge(case, source)));
    println!("{}", hold("modules", &verdicts, 60));
}
