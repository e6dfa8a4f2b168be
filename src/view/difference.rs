//! How two texts differ, as `diff -u` shows it.

use similar::TextDiff;

use super::escape;
use super::paint::{Label, Paint};

/// The difference of a file, empty where there is none.
pub fn unified(name: &str, before: &str, after: &str, paint: Paint) -> String {
    let diff = TextDiff::from_lines(before, after);
    let name = escape::line(name);
    let mut unified = diff.unified_diff();
    unified.header(&format!("old/{name}"), &format!("new/{name}"));
    let text = unified.to_string();
    text.split_inclusive('\n').enumerate().map(|(n, line)| shown(n, line, paint)).collect()
}

/// A line with its end, which stays as it is so that the whole can be applied as a patch.
fn shown(number: usize, line: &str, paint: Paint) -> String {
    let (text, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
    let text = escape::lines(text);
    let label = match text.chars().next() {
        _ if number < 2 => Label::Strong,
        Some('+') => Label::Add,
        Some('-') => Label::Remove,
        Some('@') => Label::Faint,
        _ => return text + end,
    };
    paint.label(label, &text) + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends_and_nothing_else_that_moves_the_cursor() {
        let plain = Paint::default();
        let text = unified("a\u{1b}", "x\r\n\ty\u{1b}\r\n", "x\r\n\tz\r\n", plain);
        let head = "--- old/a\\u{1b}\n+++ new/a\\u{1b}\n@@ -1,2 +1,2 @@\n";
        assert_eq!(text, format!("{head} x\r\n-\ty\\u{{1b}}\r\n+\tz\r\n"));
        assert_eq!(unified("a", "x", "x", plain), "");
        let coloured = unified("a", "--\n", "++\n", Paint { colour: true });
        assert!(coloured.contains("\u{1b}[31m---\u{1b}[0m\n\u{1b}[32m+++"), "{coloured:?}");
    }
}
