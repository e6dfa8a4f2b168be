//! Names that are derived: `TOPOLOGY-BLOCK-ACCOUNT-REGION` (design.md, section 12), and that they differ.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Name, Span};

use super::read::Reader;

/// The parts in lower case, joined by hyphens; what is neither letter nor digit is a hyphen.
pub fn derived(parts: &[&str]) -> String {
    let mut name = String::new();
    for part in parts {
        for c in part.chars() {
            let plain = c.is_ascii_alphanumeric() || c == '.';
            let c = if plain { c.to_ascii_lowercase() } else { '-' };
            if c != '-' || !name.ends_with('-') {
                name.push(c);
            }
        }
        if !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_matches('-').to_owned()
}

/// The derived name, cut to `longest` bytes with a part of its hash where it is longer.
pub fn within(parts: &[&str], longest: usize) -> String {
    const HASH: usize = 8;
    let name = derived(parts);
    if name.len() <= longest {
        return name;
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let kept: String = name.chars().take(longest.saturating_sub(HASH + 1)).collect();
    let hash: String = hash.chars().take(HASH).collect();
    format!("{}-{hash}", kept.trim_end_matches('-'))
}

/// Says of each name that another block has already, with the place of that, what `twice` says.
pub(super) fn unique<'n>(
    reader: &mut Reader<'_, '_>,
    names: impl Iterator<Item = (&'n Name, Span)>,
    twice: impl Fn(&Name) -> Diagnostic,
) {
    let mut seen: BTreeMap<&Name, Span> = BTreeMap::new();
    for (name, span) in names {
        if let Some(first) = seen.get(name) {
            reader.found.push(twice(name).at(span).label(*first, "it is used here"));
        } else {
            seen.insert(name, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_short_enough() {
        let parts = ["Web_App", "exports[\"a\"]", "123456789012", "us-east-1"];
        assert_eq!(derived(&parts), "web-app-exports-a-123456789012-us-east-1");
        assert_eq!(within(&["a", "b"], 64), "a-b");
        let long = within(&["x".repeat(80).as_str(), "r"], 64);
        assert_eq!(long.len(), 64);
        assert_ne!(long, within(&["x".repeat(80).as_str(), "s"], 64));
    }
}
