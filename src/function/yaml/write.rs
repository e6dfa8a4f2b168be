//! Values to YAML, byte for byte as Terraform writes it.

use lifeboat_sdk::Value;

/// A line of quoted text is broken at a space beyond this column.
const WIDTH: usize = 80;
/// Longer keys stand after a question mark, in bytes.
const MAX_SIMPLE_KEY: usize = 128;

/// A value in YAML; what is unknown or marked is written as `null`.
pub fn to_yaml(value: &Value) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        indent: None,
        whitespace: true,
        indention: true,
        open: false,
    };
    writer.node(value, Place::Root);
    writer.new_line();
    if writer.open {
        writer.indicator("...", true, false, false);
        writer.new_line();
    }
    writer.out
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Item,
    Key,
    SimpleKey,
    Value,
}

struct Writer {
    out: String,
    column: usize,
    /// The indentation of the block; none outside of all blocks.
    indent: Option<usize>,
    /// Whether the last character was a space or an indicator that needs none after it.
    whitespace: bool,
    /// Whether the line has only indentation and indicators so far.
    indention: bool,
    /// Whether the document needs an end mark.
    open: bool,
}

impl Writer {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column = if is_break(c) { 0 } else { self.column + 1 };
    }

    fn indicator(&mut self, text: &str, space: bool, whitespace: bool, indention: bool) {
        if space && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
        self.open = false;
    }

    /// Goes to a line of the current indentation, unless it is there already.
    fn new_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let there =
            self.indention && (self.column < indent || (self.column == indent && self.whitespace));
        if !there {
            self.put('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes something one level deeper.
    fn deeper(&mut self, first: usize, write: impl FnOnce(&mut Self)) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(first, |indent| indent + 2));
        write(self);
        self.indent = outer;
    }

    fn node(&mut self, value: &Value, place: Place) {
        if let Some(items) = value.items() {
            if items.is_empty() {
                self.indicator("[", true, true, false);
                self.indicator("]", false, false, false);
            } else if matches!(place, Place::Value | Place::Key) && !self.indention {
                // A sequence below a key is not indented.
                self.items(items);
            } else {
                self.deeper(0, |writer| writer.items(items));
            }
            return;
        }
        if let Some(entries) = value.entries() {
            if entries.is_empty() {
                self.indicator("{", true, true, false);
                self.indicator("}", false, false, false);
            } else {
                self.deeper(0, |writer| {
                    for (key, value) in entries {
                        writer.entry(key, value);
                    }
                });
            }
            return;
        }
        match value {
            Value::String(text) => self.deeper(2, |writer| writer.string(text, place)),
            Value::Bool(b) => self.plain(&b.to_string(), place),
            Value::Number(n) => self.plain(&n.to_string(), place),
            _ => self.plain("null", place),
        }
    }

    fn items(&mut self, items: &[Value]) {
        for item in items {
            self.new_line();
            self.indicator("-", true, false, true);
            self.node(item, Place::Item);
        }
    }

    fn entry(&mut self, key: &str, value: &Value) {
        let text = Value::string(key);
        self.new_line();
        if key.contains(is_break) || key.len() > MAX_SIMPLE_KEY {
            self.indicator("?", true, false, true);
            self.node(&text, Place::Key);
            self.new_line();
            self.indicator(":", true, false, true);
        } else {
            self.node(&text, Place::SimpleKey);
            self.indicator(":", false, false, false);
        }
        self.node(value, Place::Value);
    }

    fn plain(&mut self, text: &str, place: Place) {
        if !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
        self.open = place == Place::Root;
    }

    fn string(&mut self, text: &str, place: Place) {
        if text.contains('\n') && place != Place::SimpleKey && literal_allowed(text) {
            self.literal(text);
        } else {
            self.quoted(text, place != Place::SimpleKey);
        }
    }

    fn literal(&mut self, text: &str) {
        let mut header = String::from("|");
        if text.starts_with([' ', '\n', '\u{2028}', '\u{2029}']) {
            header.push('2');
        }
        let mut end = text.chars().rev();
        match (end.next().is_some_and(is_break), end.next().is_none_or(is_break)) {
            (false, _) => header.push('-'),
            (true, true) => header.push('+'),
            (true, false) => {}
        }
        self.indicator(&header, true, false, false);
        self.put('\n');
        self.indention = true;
        self.whitespace = true;
        let mut fresh = true;
        for c in text.chars() {
            if is_break(c) {
                self.put(c);
                self.indention = true;
                fresh = true;
            } else {
                if fresh {
                    self.new_line();
                }
                self.put(c);
                self.indention = false;
                fresh = false;
            }
        }
    }

    fn quoted(&mut self, text: &str, breaks: bool) {
        self.indicator("\"", true, false, false);
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            let foldable = breaks && !after_space && self.column > WIDTH && !first;
            if c == ' ' && foldable && chars.peek().is_some() {
                self.new_line();
                if chars.peek() == Some(&' ') {
                    self.put('\\');
                }
            } else if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
                self.put(c);
            } else {
                escape(c).chars().for_each(|c| self.put(c));
            }
            after_space = c == ' ';
            first = false;
        }
        self.indicator("\"", false, false, false);
    }
}

/// Whether a text of several lines can stand as it is.
fn literal_allowed(text: &str) -> bool {
    let mut previous = None;
    for c in text.chars() {
        if !is_printable(c) || (previous == Some(' ') && is_break(c)) {
            return false;
        }
        previous = Some(c);
    }
    previous != Some(' ')
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    match c {
        '\n' | ' '..='~' => true,
        '\u{feff}' => false,
        c => ('\u{a0}'..='\u{fffd}').contains(&c),
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            return match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
