//! Rules about single files: their size, their heads, words that do not belong there.

use super::source::{Source, words};
use super::{TREE, none, planted, try_text};

/// Lines of code in a file, without tests, comments and marked data.
const FILE: usize = 400;
/// Lines of code in a function, those of tests too.
const FUNCTION: usize = 70;

fn too_long<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let long = |s: &Source| {
        let lines = s.lines_of_code();
        let what = "cut it into files of one thing each, or mark a table `// tidy: data`";
        (lines > FILE).then(|| format!("{}: {lines} lines of code: {what}", s.path))
    };
    sources.into_iter().filter_map(long).collect()
}

fn long_functions<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let of = |s: &Source| {
        let long = s.functions().into_iter().filter(|f| f.length > FUNCTION);
        let tell = |f: super::source::Function| {
            format!("{}:{}: `{}` has {} lines: cut it", s.path, f.line, f.name, f.length)
        };
        long.map(tell).collect::<Vec<_>>()
    };
    sources.into_iter().flat_map(of).collect()
}

fn headless<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let without = |s: &&Source| !s.text.starts_with("//! ");
    let tell =
        |s: &Source| format!("{}: begin it with `//! ` and what it is, in a sentence", s.path);
    sources.into_iter().filter(without).map(tell).collect()
}

/// Words that stand for work left undone, wherever they are written.
fn unfinished(path: &str, text: &str) -> Vec<String> {
    let marks = [["FIX", "ME"].concat(), ["TO", "DO"].concat(), ["XX", "X"].concat()];
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for mark in &marks {
            if words(line, mark).next().is_some() {
                let number = number + 1;
                found.push(format!("{path}:{number}: {mark}: do it, or open an issue and say why"));
            }
        }
    }
    found
}

/// What makes tests slow, flaky or silent.
fn forbidden(source: &Source) -> Vec<String> {
    let rules = [
        ("#[ignore", "a test runs or is deleted; slow ones belong to `cargo xtask matrix`"),
        ("#[should_panic", "assert the error instead of the panic"),
        ("thread::sleep", "wait for what happens, or pause tokio's clock"),
        ("todo!(", "do it"),
        ("unimplemented!(", "do it, or return an error that says what is missing"),
    ];
    let mut found = Vec::new();
    for (word, what) in rules {
        for (at, _) in source.code.match_indices(word) {
            found.push(format!("{}:{}: {word}: {what}", source.path, source.line(at)));
        }
    }
    found
}

#[test]
fn no_file_has_more_than_400_lines_of_code() {
    none("Files are small", too_long(&TREE.sources));
}

#[test]
fn no_function_has_more_than_70_lines() {
    none("Functions are small", long_functions(TREE.all()));
}

#[test]
fn every_file_begins_with_what_it_is() {
    none("Files say what they are", headless(TREE.all()));
}

#[test]
fn nothing_is_left_unfinished_or_asleep() {
    let ends = [".rs", ".hcl", ".toml", ".md", ".py", "/run"];
    let texts = TREE.files.iter().filter(|path| ends.iter().any(|end| path.ends_with(end)));
    let mut found: Vec<String> =
        texts.flat_map(|path| unfinished(path, &try_text(path).unwrap_or_default())).collect();
    found.extend(TREE.all().flat_map(forbidden));
    none("Work is finished, and tests do not sleep", found);
}

#[test]
fn planted_violations_of_files_are_seen() {
    let lines = |count: usize| "    a();\n".repeat(count);
    let planted_file = Source::new("a.rs", &format!("//! A.\n{}", lines(401)));
    planted(&too_long([&planted_file]), &["401 lines of code"]);
    let tests = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines(500));
    planted(&too_long([&Source::new("a.rs", &tests)]), &[]);
    let long =
        Source::new("a.rs", &format!("fn a() {{\n{}}}\nfn b() {{\n{}}}\n", lines(71), lines(70)));
    planted(&long_functions([&long]), &["a.rs:1: `a` has 71 lines"]);
    planted(&headless([&long]), &["begin it with"]);
    planted(&unfinished("a.hcl", &["# TO", "DO: later\nTODOS = 1\n"].concat()), &["a.hcl:1"]);
    let sleeping =
        "//! A.\n// thread::sleep\n#[ignore = \"x\"]\nfn a() { std::thread::sleep(b) }\n";
    planted(&forbidden(&Source::new("a.rs", sleeping)), &["a.rs:3", "a.rs:4"]);
}
