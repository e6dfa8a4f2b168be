//! Kinds and calls: each is in the list from which the engine, the matrices and the permissions
//! are made, and each kind is in a contract test.

use std::collections::BTreeSet;

use super::source::{Source, is_word, words};
use super::{TREE, none, planted, text};

/// The types that implement a trait: name and place.
fn implementing(source: &Source, what: &str) -> Vec<(String, usize)> {
    let of = format!("impl {what} for ");
    let places = source.bare.match_indices(&of).map(|(at, _)| at);
    let named = places.map(|at| {
        let rest = &source.bare[at + of.len()..];
        (rest.chars().take_while(|c| is_word(*c)).collect(), source.line(at))
    });
    named.collect()
}

/// What is in a list: the trait, how its call begins, and the list.
const LISTS: [(&str, &str, &str); 3] = [
    ("Kind", "erase(", "kinds()"),
    ("Setting", "setting::<", "kinds()"),
    ("DataSource", "erase_data(", "data_sources()"),
];

/// Kinds and data sources that no list names.
fn unlisted(sources: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (what, call, list) in LISTS {
            for (name, line) in implementing(source, what) {
                if !sources.iter().any(|s| erased(&s.bare, call, &name)) {
                    found.push(format!(
                        "{}:{line}: {name} is in no list: add `{call}…{name}…` to the {list} of its crate",
                        source.path
                    ));
                }
            }
        }
    }
    found
}

/// Whether a call that begins so has this type in its argument.
fn erased(code: &str, call: &str, name: &str) -> bool {
    words(code, call.trim_end_matches(['(', ':', '<'])).any(|at| {
        let argument = code[at..].strip_prefix(call).unwrap_or_default();
        let path: String = argument.chars().take_while(|c| is_word(*c) || *c == ':').collect();
        path.rsplit("::").next() == Some(name)
    })
}

/// The names of the kinds and data sources of a file (`const NAME`).
fn names(source: &Source) -> impl Iterator<Item = &String> {
    let names = source.literals.iter().filter(|l| {
        let before = source.code[..l.at].trim_end();
        !l.test && before.ends_with("const NAME: &'static str =")
    });
    names.map(|l| &l.text)
}

/// Kinds that no contract test mentions.
fn untested(sources: &[&Source], contracts: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    let kinds = |s: &Source| ["Kind", "Setting"].iter().any(|of| !implementing(s, of).is_empty());
    for source in sources.iter().filter(|s| kinds(s)) {
        for name in names(source) {
            let mentioned = |s: &&Source| s.literals.iter().any(|l| l.text == *name);
            if !contracts.iter().any(mentioned) {
                found.push(format!(
                    "{}: no contract test names \"{name}\": add cases for it (CONTRIBUTING.md)",
                    source.path
                ));
            }
        }
    }
    found
}

/// Names of kinds that a document lacks.
fn undocumented(sources: &[&Source], document: &str) -> Vec<String> {
    let names = sources.iter().flat_map(|source| names(source));
    let lacking = names.filter(|name| !document.contains(&format!("`{name}`")));
    lacking.map(|name| format!("providers/README.md does not list `{name}`: add its row")).collect()
}

/// Calls that no list of calls names.
fn unlisted_calls(sources: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = stem.rsplit('/').next().unwrap_or_default();
        for at in words(&source.bare, "const") {
            let declared =
                source.bare[at..].strip_prefix("const ").and_then(|d| d.split_once(": "));
            let Some((name, ty)) = declared.filter(|(n, _)| n.chars().all(is_word)) else {
                continue;
            };
            if !ty.starts_with("Call =") {
                continue;
            }
            let path = format!("&{module}::{name},");
            let here = format!("&{name}");
            // The last of a list that fits a line has no comma.
            let last = path.replace(',', "]");
            let list = |s: &&&Source| s.bare.contains("CALLS: &[&Call]");
            let listed = sources.iter().filter(list).any(|s| {
                s.bare.contains(&path)
                    || s.bare.contains(&last)
                    || s.bare.contains(&format!("::{}", &path[1..]))
                    || (s.path == source.path
                        && words(&s.bare, name).count() > 1
                        && s.bare.contains(&here))
            });
            if !listed {
                let line = source.line(at);
                found.push(format!("{}:{line}: {name} is in no CALLS: add `{path}`", source.path));
            }
        }
    }
    found
}

/// Requests that are awaited outside of `ctx.call`.
fn outside_of_call(source: &Source) -> Vec<String> {
    let code = &source.bare;
    let mut found = Vec::new();
    for (at, _) in code.match_indices(".send()") {
        // The innermost async block around the request is what a call is given.
        let before = &code[..at];
        let closure = before.rfind("|| async").or_else(|| before.rfind("|| {"));
        let function = before.rfind("fn ").unwrap_or_default();
        if closure.is_none_or(|closure| closure < function) {
            let line = source.line(at);
            let what = "make it inside `ctx.call(&CALL, scope, || async { … })`";
            found.push(format!("{}:{line}: a request outside of a call: {what}", source.path));
        }
    }
    found
}

fn providers() -> Vec<&'static Source> {
    TREE.sources.iter().filter(|s| s.path.starts_with("providers/")).collect()
}

/// Tests that run the contract suite: all files of a `tests` folder in which one names it.
fn contracts() -> Vec<&'static Source> {
    let folder = |s: &'static Source| s.path.rfind("tests/").map(|at| &s.path[..at]);
    let runs = TREE.tests.iter().filter(|s| words(&s.code, "lifeboat_contract").next().is_some());
    let folders: BTreeSet<Option<&str>> = runs.map(folder).collect();
    TREE.tests.iter().filter(|s| folders.contains(&folder(s))).collect()
}

#[test]
fn every_kind_and_data_source_is_listed() {
    none("Kinds are listed", unlisted(&providers()));
}

#[test]
fn every_kind_is_in_the_contract_tests() {
    none("Kinds are in the contract tests", untested(&providers(), &contracts()));
}

#[test]
fn every_kind_of_a_real_provider_is_in_the_readme() {
    let real: Vec<&Source> =
        providers().into_iter().filter(|s| !s.path.starts_with("providers/sim/")).collect();
    none("Kinds are documented", undocumented(&real, &text("providers/README.md")));
}

#[test]
fn every_call_is_listed() {
    none("Calls are listed", unlisted_calls(&providers()));
}

#[test]
fn every_request_is_made_inside_a_call() {
    none("Requests are calls", providers().into_iter().flat_map(outside_of_call).collect());
}

#[test]
fn planted_kinds_and_calls_are_seen() {
    let kind = Source::new(
        "providers/aws-s3/src/policy.rs",
        "pub const GET: Call = Call::read();\nconst PUT: Call = x;\nimpl Kind for PolicyKind {\n\
         const NAME: &'static str = \"aws_s3_bucket_policy\";\n}\nimpl DataSource for PolicyData {}\n\
         impl Setting for Versioning {}\n",
    );
    let list = Source::new(
        "providers/aws-s3/src/lib.rs",
        "pub const CALLS: &[&Call] = &[\n&policy::GET,\n];\nfn kinds() { vec![erase(policy::PolicyKind(c)), \
         setting::<versioning::Versioning>(c)] }",
    );
    planted(&unlisted(&[&kind, &list]), &["PolicyData is in no list"]);
    let all = ["PolicyKind is in no list", "Versioning is in no list", "PolicyData is in no list"];
    planted(&unlisted(&[&kind]), &all);
    planted(&unlisted_calls(&[&kind, &list]), &["policy.rs:2: PUT is in no CALLS"]);
    let test = Source::new("providers/aws/tests/contract.rs", "row(\"aws_s3_bucket_policy\")");
    planted(&untested(&[&kind], &[&test]), &[]);
    planted(&untested(&[&kind], &[]), &["\"aws_s3_bucket_policy\""]);
    planted(&undocumented(&[&kind], "| `aws_s3_bucket` |"), &["`aws_s3_bucket_policy`"]);
    let sent = Source::new(
        "a.rs",
        "fn a() { let b = || async { c.get().send().await }; }\nfn b() { c.get().send().await }\n",
    );
    planted(&outside_of_call(&sent), &["a.rs:2"]);
}
