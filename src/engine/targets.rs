//! `-target` and `-exclude`: which resources take part.

use std::collections::BTreeSet;

use lifeboat_sdk::{Diagnostic, Diagnostics};

use crate::address::Address;
use crate::config::suggest::nearest;
use crate::desired::{Desired, Item};

/// What takes part.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Resources by position; `None` for all.
    pub items: Option<BTreeSet<usize>>,
    /// Their names.
    labels: BTreeSet<String>,
    /// Instances that `-target` names among those resources; empty for all.
    instances: Vec<String>,
    excluded: Vec<String>,
    targets: Vec<String>,
}

/// Terraform's warning.
fn in_effect() -> Diagnostic {
    Diagnostic::warning(
        "engine::targeting",
        "Resource targeting is in effect",
        "The plan is made with -target or -exclude, which means that its result may not represent \
         all of the changes requested by the current configuration.",
    )
    .help("These options are not for routine use: plan without them afterwards.")
}

/// `bucket.exports` covers `bucket.exports.aws_s3_bucket["us-east-1"]`, `module.a` all in it.
fn covers(pattern: &str, address: &str) -> bool {
    address
        .strip_prefix(pattern)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
}

/// What was typed is the name of nothing.
fn unknown(option: &str, typed: &str, known: &[String]) -> Diagnostic {
    let text = format!("{option}={typed} matches no resource of the files and nothing in state.");
    let near = nearest(typed, known.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("Did you mean {near:?}?"),
        None => "`lifeboat state list` shows the addresses of what exists.".to_owned(),
    };
    Diagnostic::error("engine::target_unknown", "An address matches nothing", text).help(help)
}

/// The pattern without instance keys at its end.
fn resource_of(pattern: &str) -> &str {
    pattern.find('[').map_or(pattern, |at| &pattern[..at])
}

impl Selection {
    /// Of what was typed.
    /// `in_state` are the addresses of the state; to `destroy` something takes along what needs it.
    pub fn new(
        desired: &Desired,
        targets: &[String],
        excludes: &[String],
        in_state: &[String],
        destroy: bool,
    ) -> (Self, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        if targets.is_empty() && excludes.is_empty() {
            return (Self::default(), diagnostics);
        }
        let resources: Vec<usize> = (0..desired.items.len())
            .filter(|i| matches!(desired.items[*i], Item::Resource(..) | Item::Synthetic(_)))
            .collect();
        diagnostics.push(in_effect());
        let label = |i: &usize| desired.label(*i);
        let mut items = BTreeSet::new();
        if targets.is_empty() {
            items.extend(&resources);
        }
        for target in targets {
            let named =
                |label: &String| covers(resource_of(target), label) || covers(label, target);
            let found: Vec<usize> =
                resources.iter().filter(|i| named(&label(i))).copied().collect();
            if found.is_empty() && !in_state.iter().any(|address| covers(target, address)) {
                diagnostics.push(unknown("-target", target, in_state));
            }
            for position in found {
                items.insert(position);
                if destroy {
                    let needs = |i: &&usize| desired.reach[**i].contains(&position);
                    items.extend(resources.iter().filter(needs));
                } else {
                    items.extend(desired.reach[position].iter());
                }
            }
        }
        let mut left: BTreeSet<usize> = BTreeSet::new();
        for exclude in excludes {
            let whole: Vec<usize> =
                resources.iter().filter(|i| covers(exclude, &label(i))).copied().collect();
            let inside = |i: &usize| covers(&label(i), exclude);
            let known = in_state.iter().any(|address| covers(exclude, address))
                || (exclude.contains('[') && resources.iter().any(inside));
            if whole.is_empty() && !known {
                diagnostics.push(unknown("-exclude", exclude, in_state));
            }
            left.extend(whole);
        }
        // What needs something that is left out cannot be planned without it.
        items.retain(|i| !left.contains(i) && desired.reach[*i].is_disjoint(&left));
        let instances = targets.iter().filter(|t| t.contains('[')).cloned().collect();
        let selection = Self {
            labels: items.iter().map(label).collect(),
            items: Some(items),
            instances,
            excluded: excludes.to_vec(),
            targets: targets.to_vec(),
        };
        (selection, diagnostics)
    }

    /// Instances that `-exclude` names.
    pub fn left(&self) -> &[String] {
        &self.excluded
    }

    /// Whether an address takes part.
    pub fn takes(&self, address: &Address) -> bool {
        if self.items.is_none() {
            return true;
        }
        let text = address.to_string();
        if self.excluded.iter().any(|e| covers(e, &text)) {
            return false;
        }
        let whole = address.whole().to_string();
        let of_resource = |t: &&String| covers(resource_of(t), &whole);
        let named = self.instances.iter().filter(of_resource).count();
        if named > 0 && !self.instances.iter().any(|t| covers(t, &text)) {
            return false;
        }
        let declared = self.labels.contains(&whole) || self.labels.contains(&strip_keys(&whole));
        declared || self.targets.iter().any(|t| covers(t, &text)) || self.targets.is_empty()
    }
}

/// `module.a["k"].x.y` as the label of its item: `module.a.x.y`.
fn strip_keys(address: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    let mut quoted = false;
    for c in address.chars() {
        match c {
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_whole_names_only() {
        assert!(covers("bucket.exports", "bucket.exports.aws_s3_bucket[\"us-east-1\"]"));
        assert!(covers("a.b", "a.b[0]"));
        assert!(!covers("a.b", "a.bc"));
        assert_eq!(strip_keys("module.a[\"x.]\"].b.c[0]"), "module.a.b.c");
    }
}
