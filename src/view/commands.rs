//! What a person does by hand in the place of a plan: a script for a POSIX shell, to be read before
//! it is run, and the same as JSON.

use std::fmt::Write as _;

use lifeboat_sdk::{Command, Line};
use serde_json::{Value as Json, json};

use super::escape::line;
use super::shell;
use crate::engine::commands::{Blank, Commands, Manual};
use crate::plan::{Plan, Promotion};

/// The script.
pub fn script(plan: &Plan, commands: &Commands) -> String {
    let mut out = String::from("#!/bin/sh\n");
    out.push_str(&shell::note(&heading(plan)));
    out.push_str("set -eu\nexport AWS_PAGER=''\n");
    let mut phase = None;
    for manual in &commands.steps {
        if phase.replace(manual.phase) != Some(manual.phase) && plan.promotion.is_some() {
            let _ok = writeln!(out, "\n# ---- {} ----", manual.phase.word());
        }
        out.push_str(&step(manual));
    }
    if !commands.later.is_empty() {
        out.push_str("\n# ---- not now ----\n");
    }
    for manual in &commands.later {
        // Whoever runs the script does not do it: it is there to be taken when its time has come.
        for text in step(manual).lines() {
            let commented = if text.starts_with('#') || text.is_empty() { "" } else { "# " };
            let _ok = writeln!(out, "{commented}{text}");
        }
    }
    out.push('\n');
    out.push_str(&shell::note(&ending(plan)));
    out
}

fn heading(plan: &Plan) -> String {
    let inputs = &plan.inputs;
    let mut text = format!(
        "By hand, step by step: what plan {} would do, as lifeboat {} made it at {}.\n\
         Read each line before you run it. Each comes after what it needs.\n",
        plan.id, inputs.tool_version, plan.created
    );
    if let Some(Promotion { from, to, epoch, .. }) = &plan.promotion {
        let mode = plan.promotion.as_ref().map(|promotion| promotion.mode().word());
        let _ok = writeln!(
            text,
            "It makes {to} the primary in place of {from} ({}), and opens epoch {}.",
            mode.unwrap_or_default(),
            epoch + 1
        );
    }
    for (provider, account) in &inputs.identities {
        let _ok = writeln!(
            text,
            "Provider {provider}: account {account}. `aws sts get-caller-identity` must name it."
        );
    }
    text
}

fn ending(plan: &Plan) -> String {
    let Some(Promotion { to, .. }) = &plan.promotion else {
        return "The state does not know of this: `lifeboat plan` tells what it makes of it."
            .to_owned();
    };
    format!(
        "Over. The state does not know of this, and lifeboat refuses to change anything while the records \
         are ahead of it: {to} is the primary for all who ask `lifeboat guard`. docs/standing.md says what \
         that means."
    )
}

/// One step: comments, what is filled in, what is typed.
fn step(manual: &Manual) -> String {
    let Manual { step, what, scope, needs, why, blanks, lines, .. } = manual;
    let mut head = match step {
        Some(id) => format!("{id}: {what}"),
        None => what.clone(),
    };
    if let Some(scope) = scope {
        let _ok = write!(head, ", {scope}");
    }
    if !needs.is_empty() {
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        let _ok = write!(head, ", after {}", needs.join(" "));
    }
    let mut out = format!("\n{}", shell::note(&line(&head)));
    if let Some(why) = why {
        out.push_str(&shell::note(&format!("Not now: {}", line(why))));
    }
    out.push_str(&blanks.iter().map(blank).collect::<String>());
    out + &lines.iter().map(shell::line).collect::<String>()
}

/// What is filled in, and a line that stops where it is not.
fn blank(blank: &Blank) -> String {
    let told = shell::note(&told(blank));
    format!("{told}: \"${{{}:?fill it in first}}\"\n", blank.variable)
}

fn told(blank: &Blank) -> String {
    let Blank { variable, attribute, about, secret } = blank;
    let why = if *secret { "a secret" } else { "known when what comes before is done" };
    format!("{variable}: {} of {}, {why}.", line(attribute), line(about))
}

/// The same as JSON.
pub fn json(plan: &Plan, commands: &Commands) -> String {
    let all = |all: &[Manual]| all.iter().map(manual_json).collect::<Vec<_>>();
    let promotion = plan.promotion.as_ref().map(|promotion| {
        json!({
            "from": &*promotion.from,
            "to": &*promotion.to,
            "epoch": promotion.epoch + 1,
            "mode": promotion.mode().word(),
        })
    });
    let document = json!({
        "format_version": "1.0",
        "lifeboat_version": plan.inputs.tool_version,
        "plan": plan.id,
        "created": plan.created,
        "promotion": promotion,
        "identities": plan.inputs.identities,
        "steps": all(&commands.steps),
        "later": all(&commands.later),
    });
    format!("{document:#}\n")
}

fn manual_json(manual: &Manual) -> Json {
    let Manual { step, phase, what, scope, needs, why, blanks, lines } = manual;
    let blanks = blanks.iter().map(|blank| {
        json!({
            "variable": blank.variable,
            "attribute": blank.attribute,
            "about": blank.about,
            "secret": blank.secret,
        })
    });
    json!({
        "step": step.map(|step| step.to_string()),
        "phase": phase.word(),
        "what": what,
        "scope": scope.as_ref().map(ToString::to_string),
        "after": needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "not_now": why,
        "variables": blanks.collect::<Vec<_>>(),
        "lines": lines.iter().map(line_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &Line) -> Json {
    match line {
        Line::Note(text) => json!({ "note": text }),
        Line::Run(command) => {
            json!({ "command": shell::command(command).trim_end(), "program": program(command) })
        }
    }
}

fn program(command: &Command) -> &str {
    command.words.first().map(String::as_str).unwrap_or_default()
}
