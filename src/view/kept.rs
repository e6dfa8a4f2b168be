//! What comes after a promotion: the hooks around what protects the data again, and what is kept of what it
//! left.

use lifeboat_sdk::Value;

use super::escape::line;
use super::promotion::waits;
use crate::plan::{Act, Kept, Plan, Retiring, Task, retires};

/// The hooks of the operators around what protects the data again.
pub fn reprotects(plan: &Plan) -> Vec<String> {
    if plan.promotion.is_some() {
        return Vec::new();
    }
    let line_of = |task: &Task| {
        let when = task.arguments.get("facts").and_then(|facts| facts.get("when"));
        let when = when.and_then(Value::as_str).unwrap_or_default();
        format!("Run {} {} the data is protected again", line(&task.about), line(when))
    };
    plan.tasks(Act::Hook).map(line_of).collect()
}

/// That something is kept that a promotion left, since when, and until when.
pub fn kept(kept: &Kept) -> String {
    let Kept { address, name, region, since, until, .. } = kept;
    let (name, since) = (line(name), line(since));
    let place = if region.is_empty() { String::new() } else { format!(" in {}", line(region)) };
    let at = line(&address.to_string());
    let until = match until {
        Some(until) => format!("at least until {}", line(until)),
        None => "nobody knows until when".to_owned(),
    };
    format!(
        "{name}{place}, which a promotion left, is kept since {since}, {until}: then `lifeboat retire \
         '{at}'` deletes it."
    )
}

/// What a plan is about that deletes what promotions left.
pub fn retiring(plan: &Plan) -> Option<String> {
    let Retiring { early, reason, waiting } = plan.retiring.as_ref()?;
    let going = plan.pending().filter(|change| retires(change));
    let names: Vec<String> =
        going.filter_map(|change| Some(line(change.deposed.as_ref()?))).collect();
    let what = match names.as_slice() {
        [] => "nothing was kept for as long as it must be".to_owned(),
        names => format!("what promotions left goes: {}", names.join(", ")),
    };
    let because = match (early.is_empty(), reason) {
        (false, Some(reason)) => {
            let early: Vec<String> = early.iter().map(|name| line(name)).collect();
            format!(" Before its time: {} ({}).", early.join(", "), line(reason))
        }
        _ => String::new(),
    };
    Some(format!("Retire: {what}.{because}{}", waits(*waiting)))
}
