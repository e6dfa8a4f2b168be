//! Go's syntax of regular expressions (RE2) in the syntax of the `regex` crate.
//!
//! They differ in what is refused (`a**`, `\K`, `a{1001}`), in what is literal (`{`, `[` in a
//! class), in classes that know only ASCII (`\d`, `\w`, `\s`, `\b`), in octal and quoted text
//! (`\012`, `\Q…\E`), and in names of groups, which Go lets occur twice.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::CharIndices;

use super::counts::{Counts, High, read_counts};

/// The highest count of a repetition.
const MAX_REPEAT: u32 = 1000;
/// Longer patterns are refused, in bytes.
const MAX_SOURCE: usize = 1 << 20;

/// A pattern in the other syntax.
pub(super) struct Translated {
    /// The pattern; all its groups have no name.
    pub(super) source: String,
    /// The names of the groups, empty for those without.
    pub(super) groups: Vec<String>,
}

/// Translates a pattern.
pub(super) fn translate(source: &str) -> Result<Translated, String> {
    if source.len() > MAX_SOURCE {
        return Err("the pattern is too long".into());
    }
    let mut translator = Translator {
        source,
        chars: source.char_indices().peekable(),
        out: String::new(),
        groups: Vec::new(),
        atom: None,
        open: vec![1],
    };
    translator.run()?;
    Ok(Translated { source: translator.out, groups: translator.groups })
}

struct Translator<'a> {
    source: &'a str,
    chars: Peekable<CharIndices<'a>>,
    out: String,
    groups: Vec<String>,
    /// How often what stands last repeats something inside of it at most, if a repetition can
    /// follow it at all.
    atom: Option<u32>,
    /// The highest such number in the whole pattern, and in each open group.
    open: Vec<u32>,
}

const PERL: [(char, &str); 3] = [('d', "0-9"), ('s', "\\t\\n\\x0C\\r "), ('w', "0-9A-Za-z_")];

impl<'a> Translator<'a> {
    fn rest(&mut self) -> &'a str {
        let at = self.chars.peek().map_or(self.source.len(), |(i, _)| *i);
        &self.source[at..]
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.chars.next();
        }
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some((_, c)) = self.chars.next() {
            match c {
                '(' => self.open()?,
                ')' if self.open.len() == 1 => return Err("there is a ) too many".into()),
                ')' => {
                    self.out.push(')');
                    let inside = self.open.pop().unwrap_or(1);
                    self.atom(inside);
                }
                '|' => {
                    self.out.push('|');
                    self.atom = None;
                }
                '*' | '+' | '?' => self.repeat(&c.to_string(), 1)?,
                '{' => match self.counts()? {
                    Some((counts, most)) => self.repeat(&counts, most)?,
                    None => self.literal('{'),
                },
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' | '^' | '$' => {
                    self.out.push(c);
                    self.atom(1);
                }
                c => self.literal(c),
            }
        }
        if self.open.len() > 1 { Err("a closing ) is missing".into()) } else { Ok(()) }
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.atom(1);
    }

    /// Something that can be repeated, and that repeats its own inside so often.
    fn atom(&mut self, inside: u32) {
        self.atom = Some(inside);
        if let Some(most) = self.open.last_mut() {
            *most = inside.max(*most);
        }
    }

    /// A repetition, perhaps lazy; Go refuses a second one after it.
    fn repeat(&mut self, operator: &str, most: u32) -> Result<(), String> {
        let inside =
            self.atom.ok_or_else(|| format!("there is nothing for {operator} to repeat"))?;
        let all = inside.saturating_mul(most.max(1));
        if most > 1 && all > MAX_REPEAT {
            return Err(format!("repetitions inside of each other exceed {MAX_REPEAT}"));
        }
        self.atom(all);
        self.out.push_str(operator);
        if self.chars.next_if(|(_, c)| *c == '?').is_some() {
            self.out.push('?');
        }
        let next = self.chars.peek().map(|(_, c)| *c);
        let again = match next {
            Some('*' | '+' | '?') => true,
            Some('{') => {
                let mut ahead = self.chars.clone();
                ahead.next();
                read_counts(&mut ahead).is_some()
            }
            _ => false,
        };
        if again { Err("a repetition cannot be repeated".into()) } else { Ok(()) }
    }

    /// `n}`, `n,}` or `n,m}` after a brace; a brace before anything else is literal.
    fn counts(&mut self) -> Result<Option<(String, u32)>, String> {
        let mut ahead = self.chars.clone();
        let Some(Counts { low, high }) = read_counts(&mut ahead) else { return Ok(None) };
        self.chars = ahead;
        let top = if let High::UpTo(top) = high { top } else { low };
        if low > top || top > MAX_REPEAT {
            let message = "the counts of a repetition must be in order and at most";
            return Err(format!("{message} {MAX_REPEAT}"));
        }
        let counts = match high {
            High::Same => format!("{{{low}}}"),
            High::Open => format!("{{{low},}}"),
            High::UpTo(top) => format!("{{{low},{top}}}"),
        };
        Ok(Some((counts, top)))
    }

    fn open(&mut self) -> Result<(), String> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("?P<").or_else(|| rest.strip_prefix("?<")) {
            let end = after.find('>').ok_or("the name of a group has no end")?;
            let name = &after[..end];
            let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !plain {
                return Err(format!("{name:?} cannot be the name of a group"));
            }
            self.groups.push(name.into());
            self.skip(rest[..rest.len() - after.len() + end + 1].chars().count());
            self.out.push('(');
        } else if let Some(after) = rest.strip_prefix('?') {
            return self.flags(after);
        } else {
            self.groups.push(String::new());
            self.out.push('(');
        }
        self.open.push(1);
        self.atom = None;
        Ok(())
    }

    /// `(?i)`, `(?i-s:` and `(?:`; `after` begins after the question mark.
    fn flags(&mut self, after: &str) -> Result<(), String> {
        let end = after.find([')', ':']).ok_or("a group has no end")?;
        let flags = &after[..end];
        let (on, off) = flags.split_once('-').unwrap_or((flags, "none"));
        let known = |flags: &str| flags.chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'U'));
        let off_known = off == "none" || (!off.is_empty() && known(off));
        let closes = after[end..].starts_with(')');
        if !known(on) || !off_known {
            return Err(format!("there is no group (?{flags}"));
        }
        if !(closes && flags.is_empty()) {
            let _infallible = write!(self.out, "(?{}", &after[..=end]);
        }
        self.skip(1 + end + 1);
        // Setting flags is nothing that could be repeated.
        self.atom = None;
        if !closes {
            self.open.push(1);
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self.chars.peek().map(|(_, c)| *c).ok_or("a backslash ends the pattern")?;
        self.atom(1);
        let simple = match c {
            'A' => Some("\\A"),
            'z' => Some("\\z"),
            'b' => Some("(?-u:\\b)"),
            'B' => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(simple) = simple {
            self.out.push_str(simple);
            self.chars.next();
            return Ok(());
        }
        if c == 'Q' {
            self.chars.next();
            let rest = self.rest();
            let end = rest.find("\\E");
            let quoted = &rest[..end.unwrap_or(rest.len())];
            quoted.chars().for_each(|c| self.literal(c));
            self.skip(quoted.chars().count() + if end.is_some() { 2 } else { 0 });
            return Ok(());
        }
        if let Some(class) = self.shared_class()? {
            let _infallible = write!(self.out, "[{class}]");
            return Ok(());
        }
        let c = self.escaped_char()?;
        self.literal(c);
        Ok(())
    }

    /// `\d`, `\pL`, `\P{Greek}` and the like, without brackets; nothing else is consumed.
    fn shared_class(&mut self) -> Result<Option<String>, String> {
        let Some((_, c)) = self.chars.peek().copied() else { return Ok(None) };
        if let Some((_, class)) = PERL.iter().find(|(letter, _)| *letter == c.to_ascii_lowercase())
        {
            self.chars.next();
            let negated = c.is_ascii_uppercase();
            return Ok(Some(if negated { format!("[^{class}]") } else { (*class).into() }));
        }
        if !matches!(c, 'p' | 'P') {
            return Ok(None);
        }
        self.chars.next();
        let mut negated = c == 'P';
        let (_, first) = self.chars.next().ok_or("a Unicode class has no name")?;
        let mut name = first.to_string();
        if first == '{' {
            let rest = self.rest();
            let end = rest.find('}').ok_or("the name of a Unicode class has no end")?;
            self.skip(rest[..=end].chars().count());
            name = match rest[..end].strip_prefix('^') {
                Some(name) => {
                    negated = !negated;
                    name.into()
                }
                None => rest[..end].into(),
            };
        }
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("there is no Unicode class {name:?}"));
        }
        Ok(Some(format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' })))
    }

    /// The character of an escape, after the backslash.
    fn escaped_char(&mut self) -> Result<char, String> {
        let (_, c) = self.chars.next().ok_or("a backslash ends the pattern")?;
        let digit = |c: Option<&(usize, char)>, base| c.and_then(|(_, c)| c.to_digit(base));
        match c {
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or(0);
                if c != '0' && digit(self.chars.peek(), 8).is_none() {
                    return Err(format!("references such as \\{c} are not supported"));
                }
                for _ in 0..2 {
                    let Some(digit) = digit(self.chars.peek(), 8) else { break };
                    code = code * 8 + digit;
                    self.chars.next();
                }
                char::from_u32(code).ok_or_else(|| "an escape is no character".into())
            }
            'x' => {
                let rest = self.rest();
                let (digits, length) = match rest.strip_prefix('{') {
                    Some(inner) => {
                        let end = inner.find('}').ok_or("an escape \\x{ has no end")?;
                        (&inner[..end], end + 2)
                    }
                    None => (rest.get(..2).unwrap_or_default(), 2),
                };
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = if plain { u32::from_str_radix(digits, 16).ok() } else { None };
                let c = code.and_then(char::from_u32).ok_or("an escape \\x is no character")?;
                self.skip(length);
                Ok(c)
            }
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            't' => Ok('\t'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            'v' => Ok('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            c => Err(format!("there is no escape \\{c}")),
        }
    }

    /// A class in brackets, after the opening one.
    fn class(&mut self) -> Result<(), String> {
        let mut class = String::from("[");
        if self.chars.next_if(|(_, c)| *c == '^').is_some() {
            class.push('^');
        }
        let mut first = true;
        loop {
            let rest = self.rest();
            let c = rest.chars().next().ok_or("a closing ] is missing")?;
            if c == ']' && !first {
                self.chars.next();
                break;
            }
            first = false;
            if let Some(inner) = rest.strip_prefix("[:")
                && let Some(end) = inner.find(":]")
            {
                class.push_str(&named_class(&inner[..end])?);
                self.skip(inner[..end].chars().count() + 4);
                continue;
            }
            if c == '\\' {
                let back = self.chars.clone();
                self.chars.next();
                if let Some(shared) = self.shared_class()? {
                    class.push_str(&shared);
                    continue;
                }
                self.chars = back;
            }
            let low = self.class_char()?;
            let mut ahead = self.chars.clone();
            let dash = ahead.next().is_some_and(|(_, c)| c == '-');
            let range = dash && ahead.peek().is_some_and(|(_, c)| *c != ']');
            push_literal(&mut class, low);
            if range {
                self.chars.next();
                let high = self.class_char()?;
                if high < low {
                    return Err("a range of characters is in the wrong order".into());
                }
                class.push('-');
                push_literal(&mut class, high);
            }
        }
        class.push(']');
        self.out.push_str(&class);
        self.atom(1);
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, String> {
        match self.chars.next() {
            Some((_, '\\')) => self.escaped_char(),
            Some((_, c)) => Ok(c),
            None => Err("a closing ] is missing".into()),
        }
    }
}

/// `alpha` or `^alpha`, between colons.
fn named_class(name: &str) -> Result<String, String> {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    ];
    let plain = name.strip_prefix('^').unwrap_or(name);
    if NAMES.contains(&plain) {
        Ok(format!("[:{name}:]"))
    } else {
        Err(format!("there is no class [:{name}:]"))
    }
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        let _infallible = write!(out, "\\x{:02X}", u32::from(c));
    }
}
