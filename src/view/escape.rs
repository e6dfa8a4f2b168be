//! Text from outside, made safe for a terminal: no control characters, no bidirectional tricks, and
//! nothing that XML cannot hold.

use std::fmt::Write as _;

/// Whether a character may change what a terminal shows besides printing itself.
pub(super) fn unsafe_char(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// One line: control characters, line ends included, as escapes.
pub fn line(text: &str) -> String {
    escape(text, false)
}

/// Several lines: line feeds and tabs stay.
pub fn lines(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, several: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (several && matches!(c, '\n' | '\t')) || !unsafe_char(c) {
            out.push(c);
        } else {
            let _written = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    out
}

/// Lines of which GitHub's runner takes none as a command: it reads what people are told, too.
pub fn no_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("::") {
            out.push_str("| ");
        }
        out.push_str(&line.replace("##[", "# #["));
    }
    out
}

/// Lines that are at most so wide, broken between words; what follows a break is indented as its
/// line was. A word that is wider stays whole.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        out.push_str(indent);
        let mut at = indent.chars().count();
        for (i, word) in line.trim_start().split(' ').enumerate() {
            let wide = word.chars().count();
            if i > 0 && at + 1 + wide > width {
                out.push('\n');
                out.push_str(indent);
                at = indent.chars().count();
            } else if i > 0 {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            at += wide;
        }
    }
    out
}

/// A string as HCL writes it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (i, c) in text.char_indices() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if text[i + c.len_utf8()..].starts_with('{') => {
                out.push(c);
                out.push(c);
            }
            c if unsafe_char(c) => out.push_str(&line(&c.to_string())),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words_only() {
        assert_eq!(wrapped("one two three\n  four five", 8), "one two\nthree\n  four\n  five");
        assert_eq!(wrapped("incomprehensible it is", 8), "incomprehensible\nit is");
        for text in ["", "a  b", "short\n\nlines"] {
            assert_eq!(wrapped(text, 80), text);
        }
    }

    #[test]
    fn what_people_are_told_is_no_command_of_a_workflow() {
        let told = no_commands("one\n ::add-mask::x\na ##[error]b\na::b");
        assert_eq!(told, "one\n|  ::add-mask::x\na # #[error]b\na::b");
    }

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(line("a\u{1b}[31mb\u{202e}c\n"), "a\\u{1b}[31mb\\u{202e}c\\u{a}");
        assert_eq!(lines("a\n\tb\r"), "a\n\tb\\u{d}");
        assert_eq!(quoted("a\"b\n${x}"), "\"a\\\"b\\n$${x}\"");
    }
}
