//! Diagnostic codes: `stage::what`, one meaning each, and an example of each that a test keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, is_word};
use super::{TREE, none, planted, try_text};

/// What a code may begin with: the modules of `src/` that report problems, the state crate, and what
/// several stages tell of promotions.
const STAGES: [&str; 17] = [
    "config",
    "topology",
    "desired",
    "refresh",
    "diff",
    "plan",
    "apply",
    "state",
    "engine",
    "registry",
    "view",
    "cli",
    "evacuate",
    "promotion",
    "preflight",
    "fence",
    "retire",
];

/// Where each problem is shown: fixtures are planned, transcripts run the program. What only a
/// defect of a provider or another build leads to is asserted by a unit test.
const FIXTURES: &str = "tests/diagnostics/";
const TRANSCRIPTS: [&str; 3] = ["tests/cli/", "tests/scenarios/", "tests/simulation/"];

/// The two parts of what looks like a code.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (stage, what) = text.split_once("::")?;
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| is_word(c) || c == '-');
    let known = STAGES.contains(&stage.to_ascii_lowercase().as_str());
    (known && word(stage) && word(what)).then_some((stage, what))
}

/// All codes of the sources.
fn codes<'a>(sources: impl IntoIterator<Item = &'a Source>) -> BTreeSet<String> {
    let literals = sources.into_iter().flat_map(|s| &s.literals).filter(|l| !l.test);
    literals.filter(|l| parts(&l.text).is_some()).map(|l| l.text.clone()).collect()
}

/// Codes with which a unit test compares the code of a problem: the line says `code`, too, or is a case
/// of a table.
fn asserted<'a>(sources: impl IntoIterator<Item = &'a Source>, tests: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources {
        for literal in source.literals.iter().filter(|l| tests || l.test) {
            let before = source.code[..literal.at].rsplit('\n').next().unwrap_or_default();
            let compares = before.contains("code") || before.contains("case(");
            if parts(&literal.text).is_some() && compares {
                found.insert(literal.text.clone());
            }
        }
    }
    found
}

fn badly_written(codes: &BTreeSet<String>) -> Vec<String> {
    let good = |text: &str| {
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        parts(text).is_some_and(|(stage, what)| {
            stage.chars().all(lower)
                && what.chars().all(lower)
                && what.starts_with(|c: char| c.is_ascii_lowercase())
        })
    };
    let tell =
        |code: &String| format!("{code}: write codes as `stage::what`, in lower case with `_`");
    codes.iter().filter(|code| !good(code)).map(tell).collect()
}

/// Codes with two summaries: the text after a code in the same list is its summary.
fn ambiguous<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let mut meanings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        for pair in source.literals.windows(2) {
            let [code, summary] = pair else { continue };
            let between = source.code[code.end..summary.at].trim();
            if !code.test && between == "," && parts(&code.text).is_some() {
                meanings.entry(&code.text).or_default().insert(&summary.text);
            }
        }
    }
    let several = meanings.into_iter().filter(|(_, summaries)| summaries.len() > 1);
    let tell = |(code, summaries): (&str, BTreeSet<&str>)| {
        format!("{code} means {summaries:?}: give each meaning its own code")
    };
    several.map(tell).collect()
}

/// The code that a fixture stands for: `tests/diagnostics/STAGE_WHAT.hcl`, a folder of several
/// files `STAGE_WHAT/`, or several cases `STAGE_WHAT-CASE.hcl`.
fn code_of(path: &str) -> Option<String> {
    let name = path.strip_prefix(FIXTURES)?.split(['.', '/', '-']).next()?;
    let (stage, what) = name.split_once('_')?;
    Some(format!("{stage}::{what}"))
}

/// Codes without an example, and fixtures without a code.
fn unshown(
    codes: &BTreeSet<String>,
    files: &[&str],
    transcripts: &[String],
    asserted: &BTreeSet<String>,
) -> Vec<String> {
    let fixtures: BTreeSet<String> = files.iter().filter_map(|path| code_of(path)).collect();
    let mut found = Vec::new();
    for code in codes {
        let told = transcripts.iter().any(|text| says(text, code));
        if !fixtures.contains(code) && !told && !asserted.contains(code) {
            let name = code.replace("::", "_");
            found.push(format!("{code}: write {FIXTURES}{name}.hcl, or show it in tests/cli"));
        }
    }
    for path in files.iter().filter(|path| code_of(path).is_none_or(|c| !codes.contains(&c))) {
        if path.starts_with(FIXTURES) && path.ends_with(".hcl") {
            found.push(format!("{path}: there is no such code: delete it, or name it after one"));
        }
    }
    found
}

/// Whether a text has this code, and not only a longer one.
fn says(text: &str, code: &str) -> bool {
    text.match_indices(code).any(|(at, _)| {
        !text[at + code.len()..].starts_with(is_word) && !text[..at].ends_with(is_word)
    })
}

/// Fixtures without the text that they lead to.
fn unanswered(files: &[&str]) -> Vec<String> {
    let fixtures = files.iter().filter(|f| f.starts_with(FIXTURES) && f.ends_with(".hcl"));
    let alone = fixtures.filter(|path| {
        let name = path.strip_prefix(FIXTURES).unwrap_or_default();
        let name = name.split('/').next().unwrap_or_default().trim_end_matches(".hcl");
        !files.contains(&format!("{FIXTURES}{name}.txt").as_str())
    });
    alone.map(|path| format!("{path}: its .txt is missing: what lifeboat says of it")).collect()
}

/// Where the sources lie that report problems, and their unit tests.
const SHOWING: [&str; 2] = ["src/", "state/"];

fn sources() -> impl Iterator<Item = &'static Source> {
    TREE.sources.iter().filter(|s| SHOWING.iter().any(|folder| s.path.starts_with(folder)))
}

#[test]
fn codes_are_written_alike_and_mean_one_thing_each() {
    let mut found = badly_written(&codes(sources()));
    found.extend(ambiguous(sources()));
    none("Codes are stable names", found);
}

#[test]
fn every_code_has_a_fixture_or_a_transcript() {
    let files: Vec<&str> = TREE.under(FIXTURES).collect();
    let transcripts = TRANSCRIPTS.iter().flat_map(|folder| TREE.under(folder));
    let transcripts: Vec<String> = transcripts.filter_map(try_text).collect();
    let ours = |s: &&Source| SHOWING.iter().any(|folder| s.path.starts_with(folder));
    let mut asserts = asserted(sources(), false);
    asserts.extend(asserted(TREE.tests.iter().filter(ours), true));
    let mut found = unshown(&codes(sources()), &files, &transcripts, &asserts);
    found.extend(unanswered(&files));
    none("Every problem is shown once", found);
}

#[test]
fn planted_codes_are_seen() {
    let source = Source::new(
        "src/plan/guard.rs",
        "fn a() { Diagnostic::error(\"plan::stale\", \"Old plan\", b) }\n\
         fn b() { Diagnostic::error(\"plan::stale\", \"Other state\", b) }\n\
         fn c() { f(\"Plan::Gone\", \"core::upper\"); g(\"plan::gone\") }\n\
         #[cfg(test)]\nmod tests { const A: &str = \"plan::only_in_tests\"; }\n",
    );
    let all = codes([&source]);
    assert_eq!(all.iter().collect::<Vec<_>>(), ["Plan::Gone", "plan::gone", "plan::stale"]);
    planted(&badly_written(&all), &["Plan::Gone"]);
    planted(&ambiguous([&source]), &["plan::stale means"]);
    let all = BTreeSet::from([
        "plan::gone".to_owned(),
        "plan::stale".into(),
        "apply::a".into(),
        "apply::b".into(),
    ]);
    let files = [
        "tests/diagnostics/plan_gone-two.hcl",
        "tests/diagnostics/plan_old.hcl",
        "tests/diagnostics/plan_old.txt",
    ];
    let transcripts = ["error[apply::a]: x\nerror[plan::stale_files]".to_owned()];
    let unit = Source::new(
        "src/apply/tests/a.rs",
        "fn a() { assert_eq!(error.code, \"apply::b\");\n say(\"plan::stale\") }",
    );
    let asserts = asserted([&unit], true);
    assert_eq!(asserts.iter().collect::<Vec<_>>(), ["apply::b"]);
    let found = unshown(&all, &files, &transcripts, &asserts);
    planted(&found, &["plan_stale.hcl", "plan_old.hcl: there is no"]);
    planted(&unanswered(&files), &["plan_gone-two.hcl"]);
}
