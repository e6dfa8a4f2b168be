//! A saved plan as Markdown, for a pull request: the counts, what applying it asks for, what is not
//! known, a table of the changes, and each change to open.

use lifeboat_sdk::{Marks, Value, counted};

use super::{Page, block, code, details, evacuated, fenced, unprotected};
use crate::config::SourceMap;
use crate::plan::{ObjectChange, OutputChange, Plan, PlanMode};
use crate::view::drift::{Found, said};
use crate::view::paint::Paint;
use crate::view::plan::{PlanView, deferral, headline, outputs_change, shown, symbol, word};
use crate::view::promotion;
use crate::view::value::short;
use crate::view::why::{follows, why};

/// The page; the view paints nothing.
pub fn page(plan: &Plan, view: &PlanView<'_>) -> String {
    let mut page = Page::default();
    page.add(&format!("### lifeboat plan: {}\n\n", title(plan, view)));
    if plan.mode == PlanMode::Destroy {
        page.add("**This plan removes everything that the state holds.**\n\n");
    }
    if plan.incomplete() {
        page.add(
            "**Incomplete:** not everything could be read. Nothing there is planned as created or \
             destroyed.\n\n",
        );
    }
    let plain = promotion::text(plan, Paint::default());
    let phases: Vec<String> = plain.trim().lines().map(str::to_owned).collect();
    if !phases.is_empty() {
        page.add(&format!(
            "**This plan makes another region the primary:**\n\n{}\n",
            block("text", &phases)
        ));
    }
    if let Some(approvers) = promotion::approvers(plan) {
        page.add(&format!(
            "**This plan changes who may approve promotions:** {}\n\n",
            code(&approvers)
        ));
    }
    if let Some(fencing) = promotion::fencing(plan) {
        let traffic = plan.fencing.as_ref().is_some_and(|it| it.wish.moves_traffic());
        let what = if traffic { "traffic" } else { "fences" };
        page.add(&format!("**This plan is about {what} alone:** {}\n\n", code(&fencing)));
    }
    for (region, since) in &plan.fenced {
        page.add(&fenced(region, since));
    }
    for (region, since) in &plan.evacuated {
        page.add(&evacuated(region, since));
    }
    if let Some(since) = &plan.unprotected {
        page.add(&unprotected(since));
    }
    let consent: Vec<String> = view.consent(plan).trim().lines().map(str::to_owned).collect();
    if !consent.is_empty() {
        page.add(&format!("**Applying this asks for consent:**\n\n{}\n", block("text", &consent)));
    }
    let sources = SourceMap::default();
    let found = plan.findings.0.iter().map(|d| said(&Found::of(d, &sources), ""));
    page.messages(found);
    let all = shown(plan);
    let rows: Vec<_> = all.iter().map(|change| row(change)).collect();
    page.table(&["", "object", "where", "what"], &rows, "changes");
    let rows: Vec<_> = plan.deferred().map(deferred).collect();
    page.table(&["", "deferred object", "why"], &rows, "deferred changes");
    let rows: Vec<_> = plan.scopes.iter().filter_map(unread).collect();
    page.table(&["could not be read", "objects", "why"], &rows, "places");
    let rows: Vec<_> = plan.drift.iter().map(drifted).collect();
    page.table(&["", "changed outside of lifeboat", "where"], &rows, "objects");
    let rows: Vec<_> = plan.outputs.iter().filter_map(|(n, o)| output(n, o)).collect();
    page.table(&["", "output", "value"], &rows, "outputs");
    page.parts(all.iter().map(|change| part(change, view)));
    page.add(&format!(
        "Plan {}, made {}, to be applied until {}.\n",
        code(&plan.id),
        code(&plan.created),
        code(&plan.expires)
    ));
    page.text()
}

fn title(plan: &Plan, view: &PlanView<'_>) -> String {
    if !shown(plan).is_empty() || outputs_change(&plan.outputs) || plan.approvers.is_some() {
        let summary = view.summary(plan);
        return summary.trim_start_matches("Plan: ").trim_end_matches('.').to_owned();
    }
    let text = if plan.deferred().next().is_some() {
        "nothing can be changed now, all that differs is deferred"
    } else if plan.mode == PlanMode::RefreshOnly && !plan.drift.is_empty() {
        return format!("{} to record", counted(plan.drift.len(), "change"));
    } else if !plan.inputs.targets.is_empty() || !plan.inputs.excludes.is_empty() {
        "no changes in what is targeted"
    } else if plan.incomplete() {
        "no changes where it could be read"
    } else {
        "no changes"
    };
    text.to_owned()
}

fn place(change: &ObjectChange) -> String {
    let scope = change.scope.as_ref().map(|s| s.location.to_string());
    code(&scope.unwrap_or_else(|| "local".to_owned()))
}

/// What happens to an object, without its address.
fn verb(change: &ObjectChange) -> String {
    let (address, sentence) = (change.address.to_string(), headline(change));
    let verb = sentence.strip_prefix(&crate::view::escape::line(&address)).map(str::trim);
    match verb {
        Some(verb) => verb.to_owned(),
        None => "has moved here".to_owned(),
    }
}

fn row(change: &ObjectChange) -> Vec<String> {
    let mut what = match &change.deposed {
        // The key of a deposed object is in the sentence.
        Some(key) => format!("the object {} that a replacement left will be destroyed", code(key)),
        None => verb(change),
    };
    if let Some(why) = why(change) {
        what.push_str(&format!(", {}", code(&why)));
    }
    if let Some(how) = follows(change) {
        what.push_str(&format!(", {how}"));
    }
    if let Some(from) = &change.previous_address {
        what.push_str(&format!(", from {}", code(&from.to_string())));
    }
    if let Some(id) = &change.importing {
        what.push_str(&format!(", imported from {}", code(id)));
    }
    if let Some(why) = &change.one_way {
        what.push_str(&format!(". **ONE-WAY DOOR:** {}", code(why)));
    }
    vec![format!("`{}`", symbol(change)), code(&change.address.to_string()), place(change), what]
}

fn deferred(change: &ObjectChange) -> Vec<String> {
    let why = change.deferred.as_ref().map(deferral).unwrap_or_default();
    vec![format!("`{}`", symbol(change)), code(&change.address.to_string()), code(&why)]
}

fn unread(status: &crate::plan::ScopeStatus) -> Option<Vec<String>> {
    let (cause, message) = status.trouble.as_ref()?;
    let name = format!("{} {}", status.scope.location, status.scope.service);
    let count = format!("{} of {}", status.unread, status.objects);
    Some(vec![code(&name), count, format!("{}: {}", word(cause), code(message))])
}

fn drifted(change: &ObjectChange) -> Vec<String> {
    let mark = if change.after.is_none() { "`-`" } else { "`~`" };
    vec![mark.to_owned(), code(&change.address.to_string()), place(change)]
}

fn output(name: &str, output: &OutputChange) -> Option<Vec<String>> {
    let hide = |v: &Value| output.sensitive || v.marks_deep().contains(Marks::SENSITIVE);
    let text = |v: &Value| if hide(v) { "(sensitive value)".to_owned() } else { short(v) };
    let (mark, value) = match (&output.before, &output.after) {
        (None, Some(after)) => ("`+`", text(after)),
        (Some(before), None) => ("`-`", text(before)),
        (Some(b), Some(a)) if a != b => ("`~`", format!("{} -> {}", text(b), text(a))),
        _ => return None,
    };
    Some(vec![mark.to_owned(), code(name), code(&value)])
}

fn part(change: &ObjectChange, view: &PlanView<'_>) -> String {
    details(&change.address.to_string(), &verb(change), &view.difference(change))
}
