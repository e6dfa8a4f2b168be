//! `Source`: a Rust file as text: comments and strings blanked, tests told from the rest.
//!
//! No parser: what the rules ask for (lines, paths, literals, the borders of items) can be read
//! from the characters alone, and a file that does not compile is checked too.

use std::ops::Range;

/// A Rust file.
pub(crate) struct Source {
    /// From the root of the repository, with slashes.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// Comments are blank, strings are quotation marks, all is ASCII: a byte for each character.
    pub(crate) code: String,
    /// The same without items that are compiled for tests only.
    pub(crate) bare: String,
    /// Texts in quotes, in order.
    pub(crate) literals: Vec<Literal>,
    /// Modules in other files that are compiled for tests only.
    pub(crate) test_modules: Vec<String>,
}

/// A text in quotes.
pub(crate) struct Literal {
    /// Its content as it is written, escapes included.
    pub(crate) text: String,
    /// Where its first quotation mark is in [`Source::code`].
    pub(crate) at: usize,
    /// Where it ends there.
    pub(crate) end: usize,
    /// Whether it belongs to a test.
    pub(crate) test: bool,
}

/// A function with a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// Lines between its braces that are neither blank nor comments.
    pub(crate) length: usize,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, mut literals) = blank(text);
        let mut bare = code.clone().into_bytes();
        let mut test_modules = Vec::new();
        for (item, module) in test_items(&code) {
            literals.iter_mut().for_each(|l| l.test |= item.contains(&l.at));
            erase(&mut bare, item);
            test_modules.extend(module);
        }
        let bare = String::from_utf8(bare).unwrap();
        let text = text.to_owned();
        Self { path: path.to_owned(), text, code, bare, literals, test_modules }
    }

    /// The line of a place in [`Source::code`], from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// The lines that count: no comments, no tests, no data that is marked as such.
    pub(crate) fn lines_of_code(&self) -> usize {
        let mut counted = self.bare.clone().into_bytes();
        let mut from = 0;
        for line in self.text.split_inclusive('\n') {
            let length = line.chars().count();
            if line.trim() == "// tidy: data" {
                let start = after_attributes(&self.code, from + length);
                erase(&mut counted, from..item_end(&self.code, start));
            }
            from += length;
        }
        String::from_utf8(counted).unwrap().lines().filter(|l| !l.trim().is_empty()).count()
    }

    /// Its functions, those of tests too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code, "fn").filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let name = self.code[at + 2..].strip_prefix(' ')?;
        let name: String = name.chars().take_while(|c| is_word(*c)).collect();
        let open = at + body(&self.code[at..])?;
        let close = item_end(&self.code, open);
        let inside = self.code[open..close].lines();
        let count = inside.clone().count();
        let inner = inside.skip(1).take(count.saturating_sub(2));
        let length = inner.filter(|l| !l.trim().is_empty()).count();
        (!name.is_empty()).then(|| Function { name, line: self.line(at), length })
    }
}

/// Where a whole word stands.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Blanks a part, lines stay.
fn erase(code: &mut [u8], part: Range<usize>) {
    for byte in &mut code[part] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The opening brace of a function's body; none for a declaration.
fn body(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The end of the item that begins at `from`: its `;`, or the brace that closes its body.
fn item_end(code: &str, from: usize) -> usize {
    let item = code[from..].trim_start();
    let statement = ["use ", "pub use ", "pub(crate) use ", "const ", "pub const ", "static "];
    let statement = statement.iter().any(|s| item.starts_with(s));
    let mut depth = 0_i32;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' => {
                depth -= 1;
                if depth == 0 && !statement {
                    return from + at + 1;
                }
            }
            ';' if depth == 0 => return from + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The first character after attributes and blanks.
fn after_attributes(code: &str, from: usize) -> usize {
    let at = from + code[from..].len() - code[from..].trim_start().len();
    if !code[at..].starts_with("#[") {
        return at;
    }
    let mut depth = 0_i32;
    for (i, c) in code[at..].char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if c == ']' && depth == 0 {
            return after_attributes(code, at + i + 1);
        }
    }
    code.len()
}

/// Items that are compiled for tests only; those in another file with the module's name.
fn test_items(code: &str) -> Vec<(Range<usize>, Option<String>)> {
    let mark = "#[cfg(test)]";
    let item = |(at, _): (usize, &str)| {
        let start = after_attributes(code, at + mark.len());
        let end = item_end(code, start);
        let declared =
            code[start..end].trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let module = declared.strip_prefix("mod ").and_then(|m| m.strip_suffix(';'));
        (at..end, module.map(|m| m.trim().to_owned()))
    };
    code.match_indices(mark).map(item).collect()
}

/// Blanks comments and fills strings.
fn blank(text: &str) -> (String, Vec<Literal>) {
    let chars: Vec<char> = text.chars().collect();
    let mut blank = Blank { chars: &chars, at: 0, code: String::new(), literals: Vec::new() };
    while blank.at < chars.len() {
        blank.step();
    }
    (blank.code, blank.literals)
}

struct Blank<'a> {
    chars: &'a [char],
    at: usize,
    code: String,
    literals: Vec<Literal>,
}

impl Blank<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// Takes characters, written as `as_`; newlines stay.
    fn take(&mut self, count: usize, as_: Option<char>) {
        for _ in 0..count {
            let Some(c) = self.chars.get(self.at) else { return };
            let shown = if c.is_ascii() { *c } else { '?' };
            let filled = as_.map_or(shown, |f| if c.is_whitespace() { ' ' } else { f });
            self.code.push(if *c == '\n' { '\n' } else { filled });
            self.at += 1;
        }
    }

    fn step(&mut self) {
        let word = self.code.chars().next_back().is_some_and(is_word);
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                let rest = self.chars[self.at..].iter();
                self.take(rest.take_while(|c| **c != '\n').count(), Some(' '));
            }
            ('/', '*') => self.comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if !word => self.raw(1),
            ('b' | 'c', 'r') if !word && matches!(self.peek(2), '"' | '#') => self.raw(2),
            ('\'', '\\') => {
                self.take(3, Some('\''));
                while self.at < self.chars.len() && self.peek(0) != '\'' {
                    self.take(1, Some('\''));
                }
                self.take(1, Some('\''));
            }
            ('\'', _) if self.peek(2) == '\'' => self.take(3, Some('\'')),
            _ => self.take(1, None),
        }
    }

    fn comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.take(1, Some(' '));
                    continue;
                }
            }
            self.take(2, Some(' '));
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let start = self.at;
        self.take(1, Some('"'));
        while self.at < self.chars.len() && self.peek(0) != '"' {
            self.take(if self.peek(0) == '\\' { 2 } else { 1 }, Some('"'));
        }
        self.take(1, Some('"'));
        self.literal(start, start + 1, self.at.saturating_sub(1));
    }

    /// A raw string, or an identifier such as `r#type`.
    fn raw(&mut self, prefix: usize) {
        let start = self.at;
        let hashes = self.chars[start + prefix..].iter().take_while(|c| **c == '#').count();
        if self.peek(prefix + hashes) != '"' {
            return self.take(prefix + hashes, None);
        }
        self.take(prefix + hashes + 1, Some('"'));
        let from = self.at;
        let ends = |at: usize| {
            self.chars[at] == '"' && self.chars[at + 1..].iter().take(hashes).all(|c| *c == '#')
        };
        let close = (from..self.chars.len()).find(|at| ends(*at)).unwrap_or(self.chars.len());
        self.take(close - from + 1 + hashes, Some('"'));
        self.literal(start, from, close);
    }

    fn literal(&mut self, at: usize, from: usize, to: usize) {
        let text = self.chars[from..to.max(from)].iter().collect();
        self.literals.push(Literal { text, at, end: self.at, test: false });
    }
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "let a = 'x'; // crate::plan\n/* a /* b */ c */ let b: &'a str = r#\"fn \"x\"#;\n";
    let source = Source::new("a.rs", text);
    assert_eq!(source.code.chars().count(), text.chars().count());
    assert_eq!(source.code.lines().next().unwrap().trim_end(), "let a = ''';");
    assert!(!source.code.contains("crate") && !source.code.contains('*'));
    assert_eq!(source.literals[0].text, "fn \"x");
    let source = Source::new("a.rs", r#"f("a\"b", '"', b'\'', '\u{1F}', "ü"); r#type"#);
    let texts: Vec<&str> = source.literals.iter().map(|l| &*l.text).collect();
    assert_eq!(texts, ["a\\\"b", "ü"]);
    assert!(source.code.ends_with("r#type"));
}

#[test]
fn tests_are_told_from_the_rest() {
    let text = "\
fn a() {}
#[cfg(test)]
mod tests {
    const A: &str = \"plan::b\";
}
#[cfg(test)]
#[allow(dead_code, reason = \"]\")]
pub(crate) mod fake;
#[cfg(test)]
use a::{b, c};
const B: &str = \"plan::c\";
";
    let source = Source::new("src/plan/mod.rs", text);
    assert_eq!(source.test_modules, ["fake"]);
    assert_eq!(source.lines_of_code(), 2);
    let tests: Vec<bool> = source.literals.iter().map(|l| l.test).collect();
    assert_eq!(tests, [true, true, false]);
}

#[test]
fn marked_data_is_not_counted() {
    let text = "fn a() {}\n// tidy: data\n#[rustfmt::skip]\nconst A: &[(u8, u8)] = &[\n    (1, 2),\n];\nfn b() {}\n";
    assert_eq!(Source::new("a.rs", text).lines_of_code(), 2);
}

#[test]
fn functions_are_measured_without_comments_and_blank_lines() {
    let text = "
trait T { fn declared(&self) -> [u8; 2]; }
fn long(a: fn(u8) -> u8) -> [u8; 2]
where
    T: Sized,
{
    // one

    let a = 1;
    if a { b() }
    [a, a]
}
fn short() { 1 }
";
    let functions = Source::new("a.rs", text).functions();
    let lengths: Vec<(&str, usize)> = functions.iter().map(|f| (&*f.name, f.length)).collect();
    assert_eq!(lengths, [("long", 3), ("short", 0)]);
    assert_eq!(functions[0].line, 3);
}
