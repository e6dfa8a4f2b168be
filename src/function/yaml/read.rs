//! YAML to values.

use std::collections::BTreeMap;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::value::{Name, nfc};
use lifeboat_sdk::{Number, Type, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use super::super::datetime::Stamp;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 256;
/// More nodes than this are refused, each reference counted as what it stands for.
const MAX_NODES: usize = 1_000_000;

const CORE: &str = "tag:yaml.org,2002:";

/// Reads one document.
///
/// # Errors
/// In words, with the line.
pub fn from_yaml(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let directives =
        text.lines().take_while(|line| line.is_empty() || line.starts_with(['%', '#']));
    for directive in directives {
        let version = directive.strip_prefix("%YAML").map(str::trim);
        if version.is_some_and(|version| version != "1.1") {
            return Err("only version 1.1 of YAML is supported".into());
        }
    }
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        // A block of lines that the text ends without a line break has none either.
        unfinished: (!text.trim_end_matches(' ').ends_with('\n')).then(|| text.chars().count()),
        at_end: false,
        line: 1,
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    if !matches!(reader.next()?, Event::StreamStart) {
        return Err(reader.error("the stream does not begin"));
    }
    if !matches!(reader.next()?, Event::DocumentStart(_)) {
        return Err(reader.error("there is no document"));
    }
    let event = reader.next()?;
    let value = reader.value(event, 0)?;
    match (reader.next()?, reader.next()?) {
        (Event::DocumentEnd, Event::StreamEnd) => Ok(value),
        _ => Err(reader.error("only one document is allowed")),
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The number of characters, if the last is not a line break.
    unfinished: Option<usize>,
    /// Whether the last event ends where such a text ends.
    at_end: bool,
    line: usize,
    /// What anchors stand for, with the number of nodes.
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, message: impl AsRef<str>) -> String {
        format!("line {}: {}", self.line, message.as_ref())
    }

    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                self.at_end = self.unfinished.is_some_and(|end| span.end.index() >= end);
                Ok(event)
            }
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Ok(Event::StreamEnd),
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES { Err(self.error("there are too many nodes")) } else { Ok(()) }
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.error("the value is nested too deeply"));
        }
        let before = self.nodes;
        self.count(1)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let text = if block && self.at_end {
                    text.strip_suffix('\n').unwrap_or(&text)
                } else {
                    &text
                };
                let value = scalar(text, style, full_tag(tag.as_deref()).as_deref());
                (value.map_err(|message| self.error(message))?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq")?;
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map")?;
                (self.mapping(depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some((value, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error("a reference to an anchor inside of its own value"));
                };
                self.count(nodes)?;
                (value, 0)
            }
            _ => return Err(self.error("a value is missing")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.nodes - before));
        }
        Ok(value)
    }

    fn check_tag(&self, tag: Option<&Tag>, kind: &str) -> Result<(), String> {
        match full_tag(tag).as_deref() {
            None => Ok(()),
            Some(tag) if tag.strip_prefix(CORE) == Some(kind) => Ok(()),
            Some(tag) => Err(self.error(format!("the tag {tag:?} is not supported here"))),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::tuple(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut entries: Vec<(Name, Value)> = Vec::new();
        loop {
            let (key, style, tag) = match self.next()? {
                Event::MappingEnd => return Ok(Value::object(entries)),
                Event::Scalar(text, style, _, tag) => (text, style, full_tag(tag.as_deref())),
                _ => return Err(self.error("only texts can be keys")),
            };
            let event = self.next()?;
            if key == "<<" && tag.is_none() {
                let merged = self.value(event, depth + 1)?;
                self.merge(&merged, &mut entries)?;
                continue;
            }
            let key = scalar(&key, style, tag.as_deref()).map_err(|message| self.error(message))?;
            let key = match key {
                Value::String(text) => text,
                Value::Number(n) => n.to_string().into(),
                Value::Bool(b) => b.to_string().into(),
                _ => return Err(self.error("a key must not be null")),
            };
            entries.push((key, self.value(event, depth + 1)?));
        }
    }

    /// Adds the entries of the value of `<<`: a mapping or a sequence of such.
    fn merge(&self, value: &Value, entries: &mut Vec<(Name, Value)>) -> Result<(), String> {
        let parts = match value {
            Value::Tuple(parts) => &parts[..],
            one => std::slice::from_ref(one),
        };
        for part in parts {
            let Value::Object(object) = part else {
                return Err(self.error("only mappings can be merged"));
            };
            entries.extend(object.iter().cloned());
        }
        Ok(())
    }
}

/// The tag in full.
fn full_tag(tag: Option<&Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

/// What a scalar stands for. A block of lines is a text, but the text of what it would stand for
/// on one line, as in Terraform: an empty one is null.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Value, String> {
    let value = resolve(text, style, tag)?;
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    if block && tag.is_none() {
        return convert(&value, &Type::String).map_err(|e| e.message);
    }
    Ok(value)
}

fn resolve(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Value, String> {
    let kind = tag.map(|tag| tag.strip_prefix(CORE).ok_or(tag)).transpose();
    let kind = kind.map_err(|tag| format!("the tag {tag:?} is not supported"))?;
    let invalid = || format!("{text:?} is not of the kind !!{}", kind.unwrap_or_default());
    let known = ["str", "binary", "bool", "int", "float", "null", "timestamp"];
    if kind.is_some_and(|kind| !known.contains(&kind)) {
        return Err(format!("the tag !!{} is not supported", kind.unwrap_or_default()));
    }
    if kind == Some("binary") && super::super::encoding::from_base64(text).is_none() {
        return Err(invalid());
    }
    if matches!(kind, Some("str" | "binary")) {
        return Ok(Value::nfc(text));
    }
    if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
        return Ok(Value::nfc(text));
    }
    if let Some(word) = word(text) {
        return Ok(word);
    }
    if kind.is_none() && text.starts_with(['.', '+', '-']) {
        if matches!(text, ".nan" | ".NaN" | ".NAN") {
            return Err("a number that is none is not supported".into());
        }
        let unsigned = text.trim_start_matches(['+', '-']);
        if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
            return Err("infinite numbers are not supported".into());
        }
    }
    if matches!(kind, None | Some("timestamp"))
        && let Some(stamp) = timestamp(text)
    {
        return Ok(Value::string(stamp));
    }
    let number = match kind {
        None => number(text),
        Some("int" | "float") => number(&text.replace('_', "")),
        _ => None,
    };
    match (number, kind) {
        (Some(number), _) => Ok(Value::Number(number)),
        (None, None) => Ok(Value::String(nfc(text))),
        (None, Some("null")) => Ok(Value::null()),
        (None, Some(_)) => Err(invalid()),
    }
}

fn word(text: &str) -> Option<Value> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::null()),
        _ => None,
    }
}

/// Decimal digits, or whole numbers after `0x` and `0o`.
fn number(text: &str) -> Option<Number> {
    let based = |prefix: &str, base: u32| {
        let digits = text.strip_prefix(prefix)?;
        let plain = digits.chars().all(|c| c.is_digit(base));
        if plain { Number::from_radix(digits, base) } else { None }
    };
    Number::parse(text).or_else(|| based("0x", 16)).or_else(|| based("0o", 8))
}

/// A date, or a date and time, in RFC 3339.
fn timestamp(text: &str) -> Option<String> {
    let (year, rest) = digits(text, 4..=4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 1..=2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 1..=2)?;
    let mut stamp = Stamp { year, month, day, ..Stamp::default() };
    if rest.is_empty() {
        return stamp.rfc3339();
    }
    let spaced = rest.strip_prefix(' ');
    let (hour, rest) = digits(spaced.or_else(|| rest.strip_prefix(['T', 't']))?, 1..=2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 1..=2)?;
    let (second, mut rest) = digits(rest.strip_prefix(':')?, 1..=2)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == fraction.len() {
            return None;
        }
    }
    stamp = Stamp { hour, minute, second, ..stamp };
    match (spaced.is_some(), rest) {
        (true, "") => stamp.rfc3339(),
        (false, zone) => {
            Stamp { zone: super::super::datetime::parse_offset(zone)?, ..stamp }.rfc3339()
        }
        _ => None,
    }
}

/// A number of so many digits, and what follows.
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<(i16, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    if count.contains(&digits.len()) { Some((digits.parse().ok()?, rest)) } else { None }
}
