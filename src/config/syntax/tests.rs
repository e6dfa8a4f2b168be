//! Tests of the lexer, the chunks and the parser.

use lifeboat_sdk::{Diagnostics, FileId, Span};

use super::chunk::Chunks;
use super::{Interner, lex, parse_body, parse_expression, parse_template};
use crate::config::ast::{Body, Expr};
use crate::config::eval::constant;
use crate::config::syntax::body::Items;
use crate::config::syntax::cursor::Parser;
use crate::config::syntax::lexer::CODE;

const FILE: FileId = FileId(0);

fn parsed(text: &str) -> (Body, Diagnostics) {
    let mut found = Diagnostics::new();
    (parse_body(FILE, text, &mut Interner::default(), &mut found), found)
}

/// The codes of problems with the text they point at.
fn problems(text: &str) -> Vec<(String, String)> {
    let (_, mut found) = parsed(text);
    found.sort();
    let at = |span: Span| text[span.start as usize..span.end as usize].to_owned();
    found
        .0
        .iter()
        .map(|d| (d.code.replace("config::", ""), d.span.map_or_else(String::new, at)))
        .collect()
}

#[test]
fn each_block_reports_its_own_syntax_error() {
    let text = "a = [1 2]\nb \"x\" {\n  c = )\n}\nd = 5\ne = 6 7\n";
    let want =
        [("expected_separator", "2"), ("expected_expression", ")"), ("expected_newline", "7")];
    let got = problems(text);
    let got: Vec<_> = got.iter().map(|(c, t)| (c.as_str(), t.as_str())).collect();
    assert_eq!(got, want);
    let (body, _) = parsed(text);
    assert!(body.attribute("d").is_some());
}

#[test]
fn an_unclosed_block_ends_before_the_next_one() {
    for broken in ["  value = {\n", "  value = <<EOT\nx\n", "  value = foo(\n", "  nested {\n"] {
        let text = format!("output \"a\" {{\n{broken}\noutput \"b\" {{ value = 2 }}\n");
        let (body, found) = parsed(&text);
        assert_eq!(body.blocks.len(), 2, "{text}: {found:?}");
        assert_eq!(found.0.len(), 1, "{text}: {found:?}");
    }
}

#[test]
fn text_in_quotes_ends_with_its_line() {
    assert_eq!(problems("a = \"x\nb = 1\n"), [("unclosed_text".into(), "\n".into())]);
    let (body, _) = parsed("a = \"${1\"\nb = 1\n");
    assert!(body.attribute("b").is_some());
}

#[test]
fn characters_are_shown_escaped() {
    let (_, found) = parsed("a = 1 \u{1b}\n");
    let detail = &found.0[0].detail;
    assert!(!detail.contains('\u{1b}') && detail.contains("\\u{1b}"), "{detail}");
}

fn text_of(source: &str) -> String {
    let mut found = Diagnostics::new();
    let expr = parse_expression(FILE, source, &mut Interner::default(), &mut found);
    let value = constant(&expr, &mut found);
    assert!(found.is_empty(), "{source:?}: {found:?}");
    value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn templates_are_stripped_and_unindented() {
    for (source, want) in [
        ("\"a $${b} %%{c} $d\"", "a ${b} %{c} $d"),
        ("\"$$${1}\"", "$${1}"),
        ("\"a ${~ 1 ~} b\"", "a1b"),
        ("<<-EOT\n    a\n      b\n\n    c\n    EOT\n", "a\n  b\n\nc\n"),
        ("<<EOT\n  a\n  EOT\n", "  a\n"),
        ("<<EOT\n%{ for x in [1, 2] ~}\n${x},\n%{ endfor ~}\nEOT\n", "1,\n2,\n"),
        ("\"%{ if false }x%{ else }y%{ endif }\"", "y"),
        ("\"\\u00e9\\U0001f600\\t\\\\\"", "é😀\t\\"),
        ("\"e\\u0301\"", "é"),
    ] {
        assert_eq!(text_of(source), want, "{source}");
    }
}

#[test]
fn nesting_is_limited() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{a=", "}"), ("\"${", "}\""), ("-", ""), ("!", "")]
    {
        let deep = |n: usize| format!("a = {}1{}\n", open.repeat(n), close.repeat(n));
        let codes = |text: &str| problems(text).into_iter().map(|(c, _)| c).collect::<Vec<_>>();
        assert_eq!(codes(&deep(60)), Vec::<String>::new(), "{open}");
        let evaluated = crate::config::on_big_stack(|| parsed(&deep(190)).0.attributes.len());
        assert_eq!(evaluated.ok(), Some(1), "{open}");
        assert_eq!(codes(&deep(100_000)).first().map(String::as_str), Some("too_deep"), "{open}");
    }
}

#[test]
fn the_deepest_nesting_can_be_evaluated() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("-", ""),
        ("true ? 1 : ", ""),
        ("\"a${", "}\""),
        ("[for x in [1] : ", "]"),
        ("abs(", ")"),
        ("try(", ")"),
    ] {
        let text = format!("a = {}1{}\n", open.repeat(90), close.repeat(90));
        let errors = crate::config::on_big_stack(|| {
            let (body, mut found) = parsed(&text);
            let value = crate::config::eval::evaluate(
                &body.attributes[0].expr,
                &crate::config::testing::Fixed::default(),
                &mut found,
            );
            drop(value);
            found.0
        });
        assert_eq!(errors.ok(), Some(Vec::new()), "{open}");
    }
}

/// Pseudo-random numbers, always the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

const VALID: &[&str] = &[
    "a = 1\n",
    "b = [1,\n 2] # c\n",
    "c = <<EOT\nresource \"x\" \"y\" {\n ${1 + 1} %{ if true }a%{ endif }\nEOT\n",
    "d = <<-X\n  }\n  X\n",
    "output \"o\" {\n  value = { a = \"}\", \"b\" : 2 }\n}\n",
    "resource \"a\" \"b\" {\n  x = f(\n1, [for x in y : x if x != \"${\"}\"}\"]\n)\n  n { m = 1 }\n}\n",
    "/* { */ e = a ? b : c // }\n",
    "# output \"x\" {\n",
    "\n",
    "locals { f = a.b[0].c[*].d }\n",
];

/// The whole text as one chunk.
fn whole(text: &str) -> Body {
    let tokens = lex(text, CODE);
    let mut found = Diagnostics::new();
    let mut names = Interner::default();
    let mut items = Items::default();
    Parser::new(FILE, text, &tokens, &mut names, &mut found).top_level(&mut items);
    assert!(found.0.iter().all(|d| d.code == "config::duplicate_argument"), "{text}: {found:?}");
    let span = Span { file: FILE, start: 0, end: text.len() as u32 };
    let missing = Span { end: 0, ..span };
    Body { attributes: items.attributes, blocks: items.blocks, missing, span }
}

#[test]
fn chunks_read_as_the_whole_file_does() {
    let mut chance = Chance(7);
    for _ in 0..400 {
        let text: String =
            (0..1 + chance.below(8)).map(|_| VALID[chance.below(VALID.len())]).collect();
        let (body, _) = parsed(&text);
        assert_eq!(format!("{body:?}"), format!("{:?}", whole(&text)), "{text}");
        let end = Chunks::new(&text).last().map_or(0, |c| c.end);
        assert_eq!(end, text.len(), "{text}");
    }
}

const PIECES: &[&str] = &[
    "a",
    "=",
    "1",
    "\"",
    "${",
    "%{",
    "}",
    "{",
    "[",
    "]",
    "(",
    ")",
    "\n",
    "<<EOT\n",
    "EOT\n",
    ".",
    "*",
    "for",
    "in",
    "if",
    "else",
    "endif",
    ":",
    "?",
    ",",
    "~",
    "=>",
    "...",
    "\\",
    "$",
    "é",
    "\r\n",
    "#",
    "/*",
    "*/",
    "//",
    " ",
    "::",
    "-",
    "!",
    "==",
    "&&",
    "007",
    "1e999999",
    "resource \"a\" \"b\" {\n",
    "\u{feff}",
    "\u{1b}",
    "null",
    "true",
    "dynamic \"x\" {",
    "locals {",
    "\\u12",
    "<<-X\n",
];

#[test]
fn nothing_panics_and_all_places_lie_in_the_text() {
    let mut chance = Chance(11);
    for _ in 0..4000 {
        let text: String =
            (0..chance.below(40)).map(|_| PIECES[chance.below(PIECES.len())]).collect();
        let mut found = Diagnostics::new();
        let mut names = Interner::default();
        parse_body(FILE, &text, &mut names, &mut found);
        let exprs: [Expr; 2] = [
            parse_expression(FILE, &text, &mut names, &mut found),
            parse_template(FILE, &text, &mut names, &mut found),
        ];
        for expr in exprs {
            constant(&expr, &mut found);
        }
        for span in found.0.iter().filter_map(|d| d.span) {
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(text.get(start..end.max(start)).is_some(), "{text:?} {span:?}");
        }
    }
}
