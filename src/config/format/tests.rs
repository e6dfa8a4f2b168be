//! What the corpus of Terraform's answers does not ask.

use crate::config::SourceMap;

fn formatted(text: &str) -> String {
    let formatted = super::format("a.dr.hcl", text.as_bytes(), &mut SourceMap::default());
    formatted.unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let once = formatted(text);
    assert_eq!(once, expected, "{text}");
    assert_eq!(formatted(&once), once, "again: {text}");
}

#[test]
fn a_value_is_unwrapped_where_that_is_all_there_is() {
    becomes("a = \"${\"${b}\"}\"\n", "a = b\n");
    becomes("a = \"${f(\"x-${b}\")}\"\n", "a = f(\"x-${b}\")\n");
    becomes("a = \"${b}${c}\"\n", "a = \"${b}${c}\"\n");
    becomes("a = \"${b}\" == \"${c}\"\n", "a = \"${b}\" == \"${c}\"\n");
    becomes("a = [\"${b}\"]\n", "a = [\"${b}\"]\n");
    becomes("a = \"$${b}\"\n", "a = \"$${b}\"\n");
}

#[test]
fn an_expression_on_several_lines_is_held_by_parentheses() {
    becomes("a = \"${\n  b ?\n  c : d\n}\"\n", "a = (b ?\nc : d)\n");
    becomes("a = \"${(\n  b\n)}\"\n", "a = (\n  b\n)\n");
    becomes("a = \"${(b)\n+ (c)}\"\n", "a = ((b)\n+ (c))\n");
    becomes("a = \"${b # why\n}\"\n", "a = (b # why\n)\n");
    becomes("a = \"${\n# why\nb}\"\n", "a = ( # why\nb)\n");
    let heredoc = "a = \"${<<EOT\nx\nEOT\n}\"\n";
    becomes(heredoc, heredoc);
    becomes("a = \"${f(<<EOT\nx\nEOT\n)}\"\n", "a = (f(<<EOT\nx\nEOT\n))\n");
}

#[test]
fn types_are_spelt_anew_in_variables_only() {
    becomes("variable \"a\" {\n  type = \"string\"\n}\n", "variable \"a\" {\n  type = string\n}\n");
    becomes("variable a {\ntype = \"map\"\n}\n", "variable \"a\" {\n  type = map(string)\n}\n");
    becomes("variable a {\ntype = set\n}\n", "variable \"a\" {\n  type = set(any)\n}\n");
    for text in ["type = \"string\"\n", "b {\n  variable {\n    type = list\n  }\n}\n"] {
        becomes(text, text);
    }
}

#[test]
fn labels_get_quotes_and_keep_their_comments() {
    becomes("a   b   \"c\" d{}\n", "a \"b\" \"c\" \"d\" {}\n");
    becomes("a/*1*/b/*2*/c{}\n", "a /*1*/ \"b\" /*2*/ \"c\" {}\n");
    becomes("a \"\\u0041\" {}\n", "a \"\\u0041\" {}\n");
}

#[test]
fn blanks_that_part_tokens_stay() {
    becomes("a = b[ true ]\n", "a = b[true]\n");
    let text = "a  =  1 .e3\n";
    becomes(text, text);
    becomes("a  =  1 . e\n", "a = 1.e\n");
    becomes("a = - 1 - - 1\n", "a = -1 - -1\n");
    becomes("a = b.0 .c\n", "a = b.0.c\n");
}

#[test]
fn templates_keep_every_character() {
    becomes(
        "a = \"  ${ b }  %{ if c } ${ d }${ e } %{ endif }\"\n",
        "a = \"  ${b}  %{if c} ${d}${e} %{endif}\"\n",
    );
    becomes("a = \"${ {b=1} }\"\n", "a = { b = 1 }\n");
    becomes("a = \"x${ {b=1}.b }\"\n", "a = \"x${ { b = 1 }.b}\"\n");
    let heredoc = "a = <<-EOT\n\t${\nb\n} x  \n\t  y\n\tEOT\n";
    becomes(heredoc, heredoc);
}

#[test]
fn a_file_ends_as_it_did_but_without_blanks() {
    becomes("", "");
    becomes("a  = 1", "a = 1");
    becomes("a = 1\n  \t", "a = 1\n");
    becomes("\u{feff}a = 1\r\n", "a = 1\r\n");
    becomes("a = 111 # x\nb = 1 /* y */", "a = 111 # x\nb = 1 /* y */");
}

#[test]
fn what_cannot_be_read_has_no_form() {
    for text in [&b"a = \n"[..], b"a = \"\xff\"\n", b"a = 1\na = 2\n"] {
        assert!(super::format("a.dr.hcl", text, &mut SourceMap::default()).is_err());
    }
}
