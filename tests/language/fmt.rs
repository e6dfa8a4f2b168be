//! The formatter: Terraform's answers, and what holds for whatever it is given.

use std::path::{Path, PathBuf};

use lifeboat::config::SourceMap;
use lifeboat::config::format::format;
use lifeboat::config::syntax::{Kind, Token, tokens};
use lifeboat_sdk::Value;

use super::corpus::{Verdict, id, lines};
use super::json::{at, text, whole};

/// The canonical form; nothing where there is none.
fn formatted(text: &str) -> Option<String> {
    format("main.dr.hcl", text.as_bytes(), &mut SourceMap::default()).ok()
}

/// Whether `lifeboat fmt -` would do what Terraform did. What it refuses exits 1, as every error
/// does; Terraform's exits 2.
pub(super) fn judge(case: &Value) -> (String, Verdict) {
    // What is printed ends with a newline, whatever is in files.
    let printed = formatted(text(case, &["input"])).map(|text| match text.ends_with('\n') {
        true => text,
        false => text + "\n",
    });
    let wanted = (whole(case, &["expected", "exit"]) == Some(0))
        .then(|| text(case, &["expected", "output"]).to_owned());
    let stable = at(case, &["unstable"]).as_bool() == Some(true) || {
        let again = printed.as_deref().map(formatted);
        again.is_none_or(|again| again == printed)
    };
    let verdict = match (printed == wanted, stable) {
        (false, _) => Some(format!("{printed:?} is not {wanted:?}")),
        (true, false) => Some("formatting it again changes it".to_owned()),
        (true, true) => None,
    };
    (id(case), verdict)
}

/// The files of the repository, from `folder` on, whose names end so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            found.extend(files(&path, end));
        } else if name.ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Texts of all kinds: of the corpus, and of the repository.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    let of = |name: &str, key: &str| -> Vec<String> {
        lines(name).iter().map(|case| text(case, &[key]).to_owned()).collect()
    };
    texts.extend(of("fmt.jsonl", "input"));
    texts.extend(of("diagnostics.jsonl", "source"));
    let expressions = of("expressions.jsonl", "expression").into_iter();
    texts.extend(expressions.map(|expression| format!("a {{\n  b = {expression}\n}}\n")));
    for folder in ["examples", "modules", "tests/conformance/modules", "tests/diagnostics"] {
        let files = files(&root().join(folder), ".hcl").into_iter();
        texts.extend(files.filter_map(|path| std::fs::read_to_string(path).ok()));
    }
    texts
}

fn spelt(text: &str, token: Token) -> &str {
    &text[token.start as usize..token.end as usize]
}

/// The tokens without what the formatter may add or take away.
fn content(text: &str) -> Vec<&str> {
    let mut tokens = tokens(text);
    tokens.retain(|token| {
        !matches!(
            token.kind,
            Kind::Newline
                | Kind::OpenQuote
                | Kind::CloseQuote
                | Kind::Interpolation
                | Kind::CloseSequence
                | Kind::OpenParen
                | Kind::CloseParen
                | Kind::End
        )
    });
    let texts = tokens.into_iter().map(|token| spelt(text, token));
    // `list` becomes `list(any)`.
    texts.filter(|text| !["any", "string"].contains(text)).collect()
}

/// The same text with other blanks where there are some.
fn wider(text: &str) -> String {
    let (mut out, mut end) = (String::new(), 0);
    for token in tokens(text) {
        let blank = &text[end..token.start as usize];
        out.push_str(if blank.is_empty() { "" } else { " \t  " });
        out.push_str(spelt(text, token));
        end = token.end as usize;
    }
    out
}

#[test]
fn formatting_changes_no_meaning_and_happens_once() {
    let mut seen = 0;
    for text in texts() {
        let Some(once) = formatted(&text) else { continue };
        seen += 1;
        assert_eq!(formatted(&once).as_ref(), Some(&once), "again: {text}");
        assert_eq!(content(text.trim_start_matches('\u{feff}')), content(&once), "{text}");
        assert_eq!(formatted(&wider(&once)), Some(once), "with other blanks: {text}");
    }
    assert!(seen > 1500, "{seen} texts");
}

/// The blocks of HCL in a document.
fn blocks(document: &str) -> Vec<&str> {
    let blocks = document.split("```hcl\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn what_people_copy_from_here_is_in_its_canonical_form() {
    let mut seen = 0;
    for folder in ["examples", "modules"] {
        for path in files(&root().join(folder), ".hcl") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.display();
            assert_eq!(formatted(&text), Some(text), "lifeboat fmt {path}");
            seen += 1;
        }
    }
    for path in files(root(), ".md") {
        let text = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&text) {
            assert_eq!(formatted(block).as_deref(), Some(block), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} files");
}
