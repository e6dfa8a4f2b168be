//! The pipeline's order: a stage imports earlier stages only, and providers are named in one file.

use std::collections::BTreeSet;

use super::source::{Source, is_word, words};
use super::{TREE, none, planted};

/// The modules of `src/`, each of which imports only those before it.
const ORDER: [&str; 19] = [
    // What several stages share.
    "address",
    "event",
    "function",
    "graph",
    "approval",
    "builtin",
    "registry",
    "replace", // The pipeline.
    "config",
    "evaluation",
    "topology",
    "desired",
    "refresh",
    "diff",
    "plan",
    "apply",
    // What drives it, shows it, and parses what people type.
    "engine",
    "view",
    "cli",
];

/// The module of `src/` that a file belongs to; none for `main.rs` and `lib.rs`.
fn module(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    (!["main", "lib"].contains(&name)).then_some(name)
}

/// The modules at the root of the crate that code names, and where.
fn imports(source: &Source) -> BTreeSet<(usize, String)> {
    let code = &source.bare;
    // `src/a/b.rs` is the module a::b: two times `super` lead to the root.
    let inside = source.path.trim_start_matches("src/").trim_end_matches(".rs");
    let depth = inside.trim_end_matches("/mod").split('/').count();
    let up = "super::".repeat(depth);
    let mut found = BTreeSet::new();
    for at in words(code, "crate") {
        if let Some(rest) = code[at..].strip_prefix("crate::") {
            found.extend(heads(rest).into_iter().map(|name| (source.line(at), name)));
        }
    }
    for (at, _) in code.match_indices(&up) {
        let longer =
            code[..at].ends_with("super::") || code[at + up.len()..].starts_with("super::");
        if !longer {
            let names = heads(&code[at + up.len()..]).into_iter();
            let names = names.filter(|name| ORDER.contains(&&**name));
            found.extend(names.map(|name| (source.line(at), name)));
        }
    }
    found
}

/// The first names of a path: one, or those of a `{…}`.
fn heads(rest: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| is_word(*c)).collect();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut depth = 0_i32;
    let mut names = vec![word(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn out_of_order<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|m| *m == name);
    let mut found = Vec::new();
    for source in sources {
        let Some(own) = module(&source.path) else { continue };
        let Some(mine) = place(own) else {
            found.push(format!(
                "{}: give `{own}` a place in ORDER (tests/tidy/stages.rs)",
                source.path
            ));
            continue;
        };
        for (line, name) in imports(source) {
            if place(&name).is_some_and(|theirs| theirs > mine) {
                let what = "move what both need into the earlier one, or hand it over as a value";
                found.push(format!("{}:{line}: `{own}` imports `{name}`: {what}", source.path));
            }
        }
    }
    found
}

/// Crates of providers that code outside `src/registry.rs` names.
fn providers_named<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let allowed = ["lifeboat_sdk", "lifeboat_sdk_derive", "lifeboat_state"];
    let mut found = Vec::new();
    for source in sources.into_iter().filter(|s| s.path != "src/registry.rs") {
        for (at, _) in source.bare.match_indices("lifeboat_") {
            let name: String = source.bare[at..].chars().take_while(|c| is_word(*c)).collect();
            let path = source.bare[at + name.len()..].starts_with("::");
            if path && !allowed.contains(&&*name) {
                let line = source.line(at);
                found.push(format!(
                    "{}:{line}: names {name}: only src/registry.rs may",
                    source.path
                ));
            }
        }
    }
    found
}

#[test]
fn a_stage_imports_earlier_stages_only() {
    let sources = TREE.sources.iter().filter(|s| s.path.starts_with("src/"));
    none("The pipeline flows one way", out_of_order(sources));
}

#[test]
fn providers_are_named_in_the_registry_only() {
    let sources = TREE.sources.iter().filter(|s| s.path.starts_with("src/"));
    none("Providers are named in src/registry.rs only", providers_named(sources));
}

#[test]
fn planted_imports_of_later_stages_are_seen() {
    let source = |path: &str, text: &str| Source::new(path, text);
    let bad =
        source("src/diff/mod.rs", "use crate::{address::A, plan::{B, C}};\n// crate::apply\n");
    planted(&out_of_order([&bad]), &["src/diff/mod.rs:1: `diff` imports `plan`"]);
    let bad = source("src/plan/file/read.rs", "fn a() { super::super::super::apply::b() }");
    planted(&out_of_order([&bad]), &["`plan` imports `apply`"]);
    let good = source(
        "src/plan/file/read.rs",
        "use super::super::view::A; use crate::diff::B;\n#[cfg(test)]\nmod tests { use crate::apply::C; }",
    );
    planted(&out_of_order([&good]), &[]);
    let stranger = source("src/promote/mod.rs", "use crate::plan::A;");
    planted(&out_of_order([&stranger]), &["give `promote` a place"]);
    let bad = source("src/engine/load.rs", "use lifeboat_aws::Aws;\nuse lifeboat_sdk::Name;");
    planted(&providers_named([&bad]), &["src/engine/load.rs:1: names lifeboat_aws"]);
}
